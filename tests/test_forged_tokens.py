"""No forged token is let in, and whoever brings one hears the same as who brings none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.authentication import Authenticator
from gateway.issuers import Issuers
from gateway.tokens import OwnIssuer
from resolvers.errors import RequestError
from resolvers.identity import Identity
from tests.forgeries import ALPHABET, FORGERIES, STRANGER, Issued
from tests.identity_provider import SigningKey, bearer, key_server, key_set
from tests.worlds import law

POSTE, COOP = "https://login.poste.example", "https://id.coop.example/realms/main"
# The two issuers use one key name for different keys.
KEYS = {"EC": SigningKey("1"), "RSA": SigningKey("rsa", "RSA"), "OKP": SigningKey("ed", "OKP")}
ISSUED = Issued(POSTE, KEYS["EC"], KEYS["RSA"], COOP)
OWN = OwnIssuer.from_seed(bytes(range(32)))


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity | None]:
    folder = tmp_path_factory.mktemp("identities")
    (folder / "poste.json").write_bytes(key_set(*KEYS.values()))
    (folder / "coop.json").write_bytes(key_set(SigningKey("1")))
    return {
        "poste": Identity(POSTE, "commons", jwks_file=folder / "poste.json"),
        "coop": Identity(COOP, "commons", jwks_file=folder / "coop.json"),
        "city": None,
    }


async def opened(identities: dict[str, Identity | None], own: OwnIssuer | None = OWN) -> Authenticator:
    door = Authenticator(Issuers(own))
    await door.adopt(identities)
    return door


async def answer(door: Authenticator, token: str | None) -> object:
    """What the bearer of a token hears: the partner that it speaks for, or all of a refusal."""
    try:
        viewer = await door.authenticate([] if token is None else bearer(token))
    except RequestError as error:
        return error.status, error.code, error.message, error.extensions, error.headers
    return viewer.partner


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_forged_tokens_all_hear_the_same(
    identities: dict[str, Identity | None], forge: Callable[[Issued], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door, token = await opened(identities), forge(ISSUED)
    told = await answer(door, None)
    assert await answer(door, token) == told
    assert isinstance(told, tuple)
    assert told[:2] == (401, "UNAUTHENTICATED")
    assert told[-1] == {"WWW-Authenticate": 'Bearer realm="partner-gateway"'}
    assert "credential refused" in caplog.text
    assert len(token) < 30 or token[-30:] not in caplog.text
    assert await answer(door, ISSUED.good()) == "poste"


async def test_own_tokens_are_forged_where_they_are_off(identities: dict[str, Identity | None]) -> None:
    own = OWN.issue(partner="poste", subject="awa")
    assert await answer(await opened(identities), own) == "poste"
    door = await opened(identities, None)
    assert await answer(door, own) == await answer(door, None)


GOOD = {kind: key.sign(ISSUED.claims(exp=2**40)) for kind, key in KEYS.items()}


@law(150)
@given(kind=st.sampled_from(sorted(KEYS)), place=st.integers(0, 10_000), letter=st.sampled_from(ALPHABET + "~.+/="))
def test_a_token_has_one_text(identities: dict[str, Identity | None], kind: str, place: int, letter: str) -> None:
    """No letter of it can be another, be left out or be added."""

    async def check() -> None:
        good = GOOD[kind]
        at = place % len(good)
        door = await opened(identities)
        assert await answer(door, good) == "poste"
        for other in (
            good[:at] + letter + good[at + 1 :],
            good[:at] + good[at + 1 :],
            good[:at] + letter + good[at:],
            good + letter,
        ):
            assert await answer(door, other) == ("poste" if other == good else await answer(door, None))

    asyncio.run(check())


async def test_nothing_in_a_header_says_where_keys_are(tmp_path: Path) -> None:
    """Identity providers may write these headers: they change nothing, and nobody is asked."""
    async with key_server(STRANGER) as server:
        (tmp_path / "poste.json").write_bytes(key_set(ISSUED.key))
        door = await opened({"poste": Identity(POSTE, "commons", tmp_path / "poste.json")})
        for header in (
            {"jku": server.url},
            {"x5u": server.url},
            {"jwk": STRANGER.jwk},
            {"x5c": ["MIIB"], "x5t": "AAAA"},
            {"cty": "JWT"},
        ):
            assert await answer(door, ISSUED.key.sign(ISSUED.claims(), **header)) == "poste"
            assert await answer(door, ISSUED.strange(**header)) == await answer(door, None)
        assert server.asked == 0
