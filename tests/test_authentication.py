"""Who is let in, as whom, and that everybody else hears the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway import authentication, verification
from gateway.authentication import Authenticator
from gateway.issuers import Issuers
from gateway.remembered import Remembered
from gateway.tokens import OwnIssuer
from resolvers.errors import RequestError
from resolvers.identity import Identity
from resolvers.viewer import Viewer
from tests.identity_provider import SigningKey, bearer, claims, key_set

POSTE, COOP = "https://login.poste.example", "https://id.coop.example/realms/main"
# The two issuers use one key name for different keys.
POSTE_EC, POSTE_RSA, POSTE_ED = SigningKey("1"), SigningKey("rsa", "RSA"), SigningKey("ed", "OKP")
COOP_EC = SigningKey("1")
OWN = OwnIssuer.from_seed(bytes(range(32)))


@pytest.fixture
def identities(tmp_path: Path) -> dict[str, Identity | None]:
    (tmp_path / "poste.json").write_bytes(key_set(POSTE_EC, POSTE_RSA, POSTE_ED))
    (tmp_path / "coop.json").write_bytes(key_set(COOP_EC))
    return {
        "poste": Identity(POSTE, "commons", jwks_file=tmp_path / "poste.json"),
        "coop": Identity(COOP, "commons", jwks_file=tmp_path / "coop.json"),
        "city": None,
    }


@pytest.fixture
async def door(identities: dict[str, Identity | None]) -> AsyncIterator[Authenticator]:
    authenticator = Authenticator(Issuers())
    await authenticator.adopt(identities)
    yield authenticator
    await authenticator.close()


async def refusal(door: Authenticator, headers: list[tuple[bytes, bytes]]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await door.authenticate(headers)
    return caught.value


async def is_let_in(door: Authenticator, token: str) -> bool:
    try:
        await door.authenticate(bearer(token))
    except RequestError:
        return False
    return True


@pytest.mark.parametrize("key", [POSTE_EC, POSTE_RSA, POSTE_ED], ids=lambda key: key.algorithm)
async def test_the_issuer_decides_the_partner(door: Authenticator, key: SigningKey) -> None:
    said = claims(POSTE, partner="coop", purposes=["lending", "maintenance"])  # only the own issuer may name a partner
    viewer = await door.authenticate(bearer(key.sign(said)))
    expected = Viewer("poste", "awa", frozenset({"read", "read:contact"}), ("lending", "maintenance"), None)
    assert viewer == expected
    assert (await door.authenticate(bearer(COOP_EC.sign(claims(COOP))))).partner == "coop"


@pytest.mark.parametrize(
    "changes",
    [
        lambda _: {"aud": ["account", "commons"]},  # RFC 7519 section 4.1.3
        lambda now: {"exp": now - 30.5, "iat": now - 300.5},  # clocks differ, and a number may have a fraction
        lambda now: {"nbf": now + 30},
        lambda _: {"scope": ["read", "read:contact"]},
    ],
    ids=["aud", "exp", "nbf", "scope"],
)
async def test_forms_that_are_good(door: Authenticator, changes: Callable[[int], dict[str, Any]]) -> None:
    said = claims(POSTE, **changes(int(time.time())))
    viewer = await door.authenticate(bearer(POSTE_EC.sign(said, typ="at+jwt")))
    assert viewer.scopes == {"read", "read:contact"}


async def test_claims_of_other_names(door: Authenticator, identities: dict[str, Identity | None]) -> None:
    poste = identities["poste"]
    assert poste is not None
    named = replace(poste, subject_claim="employee", scopes_claim="https://poste.example/may", purposes_claim="why")
    await door.adopt({"poste": named})
    said = claims(POSTE, employee="E-17", why="lending", **{"https://poste.example/may": ["read:self"]})
    viewer = await door.authenticate(bearer(POSTE_EC.sign(said)))
    assert viewer == Viewer("poste", "E-17", frozenset({"read:self"}), ("lending",), "lending")


async def test_exactly_one_header(door: Authenticator) -> None:
    good = POSTE_EC.sign(claims(POSTE)).encode()
    (name, value), other = (b"authorization", b"bearer   " + good), (b"authorization", b"Bearer " + good)
    assert (await door.authenticate([(name, value)])).partner == "poste"
    for headers in (
        [(name, value), other],
        [other, other],
        [(b"authorization", b"Basic " + good)],
        [(b"authorization", b"Bearer " + good + b", Bearer " + good)],
        [(b"authorization", good)],
        [(b"cookie", b"authorization=Bearer " + good)],
        [(b"authorization", b"Bearer \xff")],
    ):
        assert (await refusal(door, headers)).status == 401


async def test_purposes(door: Authenticator) -> None:
    several = bearer(POSTE_EC.sign(claims(POSTE, purposes="lending maintenance")))
    assert (await door.authenticate(several)).purpose is None
    assert (await door.authenticate([*several, (b"x-purpose", b"maintenance")])).purpose == "maintenance"
    none = bearer(POSTE_EC.sign(claims(POSTE)))
    for headers in (
        [*several, (b"x-purpose", b"marketing")],
        [*several, (b"x-purpose", b"")],
        [*several, (b"x-purpose", b"lending "), (b"x-purpose", b"lending")],
        [*several, (b"x-purpose", b"lending"), (b"x-purpose", b"lending")],
        [*several, (b"x-purpose", b"lending, maintenance")],
        [*several, (b"x-purpose", b"LENDING")],
        [*none, (b"x-purpose", b"lending")],
    ):
        refused = await refusal(door, headers)
        assert (refused.code, refused.status) == ("PURPOSE_REFUSED", 403)
    assert (await refusal(door, [(b"x-purpose", b"lending")])).status == 401  # who has no credential learns no more


async def test_words_that_mean_nothing_here_are_not_taken_in(
    door: Authenticator, identities: dict[str, Identity | None]
) -> None:
    """An issuer could else make every token another viewer, with plans and memory of its own."""
    words = ["read", "read:everything", "READ", "admin", "openid", "claims", *(f"s{n}" for n in range(900))]
    token = bearer(POSTE_EC.sign(claims(POSTE, scope=" ".join(words))))
    assert (await door.authenticate(token)).scopes == {"read"}
    await door.adopt(identities, ["claims"])  # an agreement asks for it
    assert (await door.authenticate(token)).scopes == {"read", "claims"}

    said = ["lending", "lending", "two words", "", "x" * 65, "pr\u00eat", "zero\0", *(f"p{n}" for n in range(100))]
    viewer = await door.authenticate(bearer(POSTE_EC.sign(claims(POSTE, purposes=said))))
    assert viewer.purposes == ("lending", *(f"p{n}" for n in range(31)))
    refused = await refusal(door, [*bearer(POSTE_EC.sign(claims(POSTE, purposes=said))), (b"x-purpose", b"p40")])
    assert refused.code == "PURPOSE_REFUSED"


async def test_nobody_is_pushed_out_of_memory_by_others(
    door: Authenticator, identities: dict[str, Identity | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is verified once, however it is written; who brings very many is verified anew, others are not."""
    monkeypatch.setattr(door, "_remembered", Remembered(50))
    made = 0

    async def counted(token: bytes, issuers: Issuers) -> verification.Verified:
        nonlocal made
        made += 1
        return await verification.verify(token, issuers)

    monkeypatch.setattr(authentication, "verify", counted)
    few = [COOP_EC.sign(claims(COOP, sub=f"c{n}")) for n in range(10)]
    many = [POSTE_EC.sign(claims(POSTE, sub=f"p{n}")) for n in range(100)]
    for token in [*few, *many, *few]:
        assert await is_let_in(door, token)
    assert made == 110
    assert len(door._remembered) == 50
    assert await is_let_in(door, many[-1])
    for blanks in range(1, 100):
        for scheme in (b"Bearer", b"BEARER", b"bearer"):
            header = scheme + b" " * blanks + few[0].encode()
            assert (await door.authenticate([(b"authorization", header)])).subject == "c0"
    assert made == 110
    assert await is_let_in(door, many[0])
    assert made == 111
    await door.adopt(identities)
    assert await is_let_in(door, few[0])
    assert made == 112
    assert len(door._remembered) == 1


async def test_a_token_remembered_still_expires(door: Authenticator) -> None:
    token = POSTE_EC.sign(claims(POSTE, exp=int(time.time()) - 58))  # 60 s of leeway: between one and two are left
    assert await is_let_in(door, token)
    await asyncio.sleep(2.1)
    assert not await is_let_in(door, token)


async def test_a_reload_is_the_law_at_once(door: Authenticator, identities: dict[str, Identity | None]) -> None:
    token, other = POSTE_EC.sign(claims(POSTE)), COOP_EC.sign(claims(COOP))
    assert await is_let_in(door, token) and await is_let_in(door, other)
    await door.adopt({"coop": identities["coop"]})
    assert not await is_let_in(door, token) and await is_let_in(door, other)
    await door.adopt({**identities, "thief": identities["coop"]})  # two partners of one issuer: neither
    assert await is_let_in(door, token) and not await is_let_in(door, other)


async def test_own_issuer(identities: dict[str, Identity | None]) -> None:
    door = Authenticator(Issuers(OWN))
    poste = identities["poste"]
    assert poste is not None
    await door.adopt({**identities, "thief": replace(poste, issuer="urn:partner-gateway:own", audience="commons")})
    made = OWN.issue(partner="city", subject="awa", scopes=["read", "audit"], purposes=["lending"])
    viewer = await door.authenticate(bearer(made))
    assert viewer == Viewer("city", "awa", frozenset({"read", "audit"}), ("lending",), "lending")
    assert not await is_let_in(door, OWN.issue(partner="nobody", subject="awa"))
    assert not await is_let_in(door, OwnIssuer.from_seed(b"x" * 32).issue(partner="city", subject="awa"))
    assert not await is_let_in(door, POSTE_EC.sign(claims("urn:partner-gateway:own")))
    with pytest.raises(ValueError, match="30 days"):
        OWN.issue(partner="city", subject="awa", lifetime=31 * 86400.0)
