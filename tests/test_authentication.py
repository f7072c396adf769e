"""Who is let in, as whom, and that everybody else hears the same."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway import key_sets
from gateway.authentication import Authenticator
from gateway.issuers import Issuers
from gateway.tokens import OwnIssuer
from resolvers.errors import RequestError
from resolvers.identity import Identity, url_mistake
from resolvers.viewer import Viewer
from tests.identity_provider import Clock, KeyServer, SigningKey, bearer, claims, key_server, key_set

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


def unsigned(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def raw_signed(header: str, payload: str, key: SigningKey = POSTE_EC) -> str:
    """Signed text that no library would write."""
    parts = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in (header, payload)]
    signature = jwt.get_algorithm_by_name(key.algorithm).sign(b".".join(parts), key.private)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def signed_with_public_key(form: Encoding) -> str:
    """The classic: HS256, keyed with the RSA key that everybody can read. PyJWT would not make it."""
    style = PublicFormat.SubjectPublicKeyInfo
    public = POSTE_RSA.private.public_key().public_bytes(form, style)
    text = unsigned({"alg": "HS256", "kid": "rsa", "typ": "JWT"}, claims(POSTE)).rstrip(".")
    mac = hmac.digest(public, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def tampered() -> str:
    head, _, signature = POSTE_EC.sign(claims(POSTE)).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(POSTE, scope="audit")).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


STRANGER, WEAK = SigningKey("1"), SigningKey("weak", "RSA", 1024)

FORGERIES: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned({"alg": "none", "kid": "1"}, claims(POSTE)),
    "alg None": lambda: unsigned({"alg": "None", "kid": "1"}, claims(POSTE), b"x"),
    "alg not text": lambda: unsigned({"alg": ["ES256"], "kid": "1"}, claims(POSTE), b"x"),
    "HS256 with the public key as PEM": lambda: signed_with_public_key(Encoding.PEM),
    "HS256 with the public key as DER": lambda: signed_with_public_key(Encoding.DER),
    "algorithm that is not allowed": lambda: POSTE_RSA.sign(claims(POSTE), "PS256"),
    "algorithm of another kind of key": lambda: unsigned({"alg": "RS256", "kid": "1"}, claims(POSTE), b"x" * 64),
    "expired": lambda: POSTE_EC.sign(claims(POSTE, exp=int(time.time()) - 61)),
    "no exp": lambda: POSTE_EC.sign(claims(POSTE, exp=None)),
    "exp as text": lambda: POSTE_EC.sign(claims(POSTE, exp=str(int(time.time()) + 300))),
    "exp true": lambda: raw_signed('{"alg":"ES256","kid":"1"}', json.dumps(claims(POSTE, exp=True))),
    "exp infinite": lambda: raw_signed(
        '{"alg":"ES256","kid":"1"}', json.dumps(claims(POSTE, exp=0)).replace('"exp": 0', '"exp": 1e999')
    ),
    "exp NaN": lambda: raw_signed('{"alg":"ES256","kid":"1"}', json.dumps(claims(POSTE, exp=float("nan")))),
    "exp beyond numbers": lambda: POSTE_EC.sign(claims(POSTE, exp=10**400)),
    "not yet valid": lambda: POSTE_EC.sign(claims(POSTE, nbf=int(time.time()) + 90)),
    "nbf as text": lambda: POSTE_EC.sign(claims(POSTE, nbf="0")),
    "issued in the future": lambda: POSTE_EC.sign(claims(POSTE, iat=int(time.time()) + 90)),
    "wrong audience": lambda: POSTE_EC.sign(claims(POSTE, aud="elsewhere")),
    "audience in another case": lambda: POSTE_EC.sign(claims(POSTE, aud="Commons")),
    "no audience": lambda: POSTE_EC.sign(claims(POSTE, aud=None)),
    "no issuer": lambda: POSTE_EC.sign(claims(POSTE, iss=None)),
    "unknown issuer": lambda: POSTE_EC.sign(claims("https://login.poste.example/")),
    "issuer as list": lambda: raw_signed('{"alg":"ES256","kid":"1"}', json.dumps(claims(POSTE, iss=[POSTE]))),
    "another issuer's name, equal kid": lambda: POSTE_EC.sign(claims(COOP)),
    "another issuer's name, own kid": lambda: POSTE_RSA.sign(claims(COOP)),
    "stranger's key of a known name": lambda: STRANGER.sign(claims(POSTE)),
    "key in the header": lambda: STRANGER.sign(claims(POSTE), jwk=STRANGER.jwk),
    "key by URL in the header": lambda: STRANGER.sign(claims(POSTE), jku="http://127.0.0.1:1/"),
    "kid absent": lambda: raw_signed('{"alg":"ES256"}', json.dumps(claims(POSTE))),
    "kid like a path": lambda: POSTE_EC.sign(claims(POSTE), kid="../../../dev/null"),
    "kid like SQL": lambda: POSTE_EC.sign(claims(POSTE), kid="1' or '1'='1"),
    "kid a number": lambda: raw_signed('{"alg":"ES256","kid":1}', json.dumps(claims(POSTE))),
    "kid twice": lambda: raw_signed('{"alg":"ES256","kid":"rsa","kid":"1"}', json.dumps(claims(POSTE))),
    "iss twice": lambda: raw_signed('{"alg":"ES256","kid":"1"}', f'{{"iss":"{COOP}",{json.dumps(claims(POSTE))[1:]}'),
    "crit": lambda: POSTE_EC.sign(claims(POSTE), crit=["exp"], exp=int(time.time()) + 300),
    "crit b64": lambda: raw_signed('{"alg":"ES256","kid":"1","crit":["b64"],"b64":true}', json.dumps(claims(POSTE))),
    "another type of token": lambda: POSTE_EC.sign(claims(POSTE), typ="logout+jwt"),
    "tampered": tampered,
    "signature cut off": lambda: POSTE_EC.sign(claims(POSTE)).rpartition(".")[0] + ".",
    "two parts": lambda: POSTE_EC.sign(claims(POSTE)).rpartition(".")[0],
    "four parts": lambda: POSTE_EC.sign(claims(POSTE)) + ".e30",
    "header a list": lambda: raw_signed('["ES256"]', json.dumps(claims(POSTE))),
    "payload a list": lambda: raw_signed('{"alg":"ES256","kid":"1"}', json.dumps([claims(POSTE)])),
    "deep header": lambda: f"{'W1tb' * 3000}.e30.AA",
    "no subject": lambda: POSTE_EC.sign(claims(POSTE, sub=None)),
    "empty subject": lambda: POSTE_EC.sign(claims(POSTE, sub="")),
    "scopes a number": lambda: POSTE_EC.sign(claims(POSTE, scope=7)),
    "100 kB": lambda: POSTE_EC.sign(claims(POSTE, more="x" * 100_000)),
    "own issuer where it is off": lambda: OWN.issue(partner="poste", subject="awa"),
    "API key without a database": lambda: f"pgw_abcdefgh_{'a' * 52}",
    "nothing": lambda: "",
    "not a token": lambda: "let-me-in",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_forged_tokens_all_hear_the_same(
    door: Authenticator, forge: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told, token = await refusal(door, []), forge()
    got = await refusal(door, bearer(token))
    assert (got.status, got.message, got.extensions, got.headers) == (
        *(401, told.message, told.extensions),
        {"WWW-Authenticate": 'Bearer realm="partner-gateway"'},
    )
    assert got.code == "UNAUTHENTICATED"
    assert "credential refused" in caplog.text
    assert len(token) < 30 or token[-30:] not in caplog.text
    assert await is_let_in(door, POSTE_EC.sign(claims(POSTE)))


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


async def test_keys_that_may_not_verify(tmp_path: Path) -> None:
    """Keys that are too weak, symmetric, for encryption or broken are passed over; the others of the set work."""
    secret = base64.urlsafe_b64encode(b"s" * 64).decode()
    encrypting, other_curve = SigningKey("enc"), SigningKey("curve")
    members = [
        "junk",
        {**WEAK.jwk},
        {"kty": "oct", "kid": "oct", "k": secret},
        {**encrypting.jwk, "use": "enc"},
        {**other_curve.jwk, "x": "AAAA"},
        {**SigningKey("nameless").jwk, "kid": None},
        STRANGER.jwk,  # of the same name as the next
        POSTE_EC.jwk,
        {**POSTE_RSA.jwk, "kid": "1"},  # RFC 7517 section 4.5: one name, two kinds
    ]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": members}))
    identity = Identity(POSTE, "commons", jwks_file=tmp_path / "keys.json", algorithms=("RS256", "ES256", "HS256"))
    door = Authenticator(Issuers())
    await door.adopt({"poste": identity})
    assert await is_let_in(door, POSTE_EC.sign(claims(POSTE)))
    assert await is_let_in(door, POSTE_RSA.sign(claims(POSTE), kid="1"))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        weak = WEAK.sign(claims(POSTE))
    symmetric = jwt.encode(claims(POSTE), b"s" * 64, "HS256", {"kid": "oct"})
    for token in (weak, symmetric, encrypting.sign(claims(POSTE)), other_curve.sign(claims(POSTE))):
        assert not await is_let_in(door, token)


async def test_purposes(door: Authenticator) -> None:
    several = bearer(POSTE_EC.sign(claims(POSTE, purposes="lending maintenance")))
    assert (await door.authenticate(several)).purpose is None
    assert (await door.authenticate([*several, (b"x-purpose", b"maintenance")])).purpose == "maintenance"
    none = bearer(POSTE_EC.sign(claims(POSTE)))
    for headers in (
        [*several, (b"x-purpose", b"marketing")],
        [*several, (b"x-purpose", b"")],
        [*several, (b"x-purpose", b"lending"), (b"x-purpose", b"lending")],
        [*none, (b"x-purpose", b"lending")],
    ):
        refused = await refusal(door, headers)
        assert (refused.code, refused.status) == ("PURPOSE_REFUSED", 403)
    assert (await refusal(door, [(b"x-purpose", b"lending")])).status == 401  # who has no credential learns no more


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


async def test_a_key_file_that_changes(tmp_path: Path) -> None:
    clock, path, old, new = Clock(), tmp_path / "keys.json", SigningKey("old"), SigningKey("new")
    path.write_bytes(key_set(old))
    door = Authenticator(Issuers(clock=clock))
    await door.adopt({"poste": Identity(POSTE, "commons", jwks_file=path)})
    first, second = old.sign(claims(POSTE)), new.sign(claims(POSTE))
    assert (await is_let_in(door, first), await is_let_in(door, second)) == (True, False)
    for text in (b'{"keys": [', b"", b"[]"):  # half written, or nonsense: what is known stays
        path.write_bytes(text)
        clock.now += 1
        assert (await is_let_in(door, first), await is_let_in(door, second)) == (True, False)
    path.write_bytes(key_set(new))
    clock.now += 1
    assert (await is_let_in(door, first), await is_let_in(door, second)) == (False, True)
    path.unlink()
    clock.now += 1
    assert await is_let_in(door, second)


class Remote:
    """A partner whose keys are at a URL, with the clock of the gateway."""

    def __init__(self, server: KeyServer, clock: Clock, door: Authenticator) -> None:
        self.server, self.clock, self.door = server, clock, door

    async def lets_in(self, key: SigningKey) -> bool:
        return await is_let_in(self.door, key.sign(claims(POSTE)))


STRANGER_KID = SigningKey("nobody-knows")


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    clock = Clock()
    async with key_server(POSTE_EC) as server:
        door = Authenticator(Issuers(clock=clock))
        await door.adopt({"poste": Identity(POSTE, "commons", jwks_url=server.url)})
        yield Remote(server, clock, door)
        await door.close()


async def test_a_key_url_that_rotates(remote: Remote) -> None:
    server, clock, new = remote.server, remote.clock, SigningKey("new")
    assert server.asked == 0  # an identity provider that is down does not keep the gateway from starting
    assert await remote.lets_in(POSTE_EC)
    server.text = key_set(POSTE_EC, new)
    for _ in range(5):
        assert not await remote.lets_in(new)  # looked less than 30 s ago
    assert server.asked == 1
    clock.now += 30
    assert await remote.lets_in(new)
    assert server.asked == 2
    clock.now += 30
    for _ in range(5):
        assert not await remote.lets_in(STRANGER_KID)
        assert await remote.lets_in(POSTE_EC)
    assert server.asked == 3


async def test_a_key_url_that_is_down(remote: Remote) -> None:
    server, clock, new = remote.server, remote.clock, SigningKey("new")
    await server.stop()
    assert not await remote.lets_in(POSTE_EC)
    await server.start()
    clock.now += 5  # nothing is known yet, so it is tried more often
    assert await remote.lets_in(POSTE_EC)
    await server.stop()
    for _ in range(3):
        clock.now += 3600
        assert await remote.lets_in(POSTE_EC)
        assert not await remote.lets_in(new)
    server.text = key_set(new)
    await server.start()
    clock.now += 30
    assert await remote.lets_in(new)


async def test_a_key_that_was_withdrawn_goes_without_being_asked(remote: Remote) -> None:
    token, other = POSTE_EC.sign(claims(POSTE)), SigningKey("other")
    assert await is_let_in(remote.door, token)
    remote.server.text = key_set(other)
    remote.clock.now += 599
    assert await is_let_in(remote.door, token)
    remote.clock.now += 1
    for _ in range(100):  # fetched on the side, nobody waits
        if not await is_let_in(remote.door, token):
            break
        await asyncio.sleep(0.02)
    assert not await is_let_in(remote.door, token)
    assert remote.server.asked == 2


async def test_many_callers_one_fetch(remote: Remote) -> None:
    """One of them goes away while it waits: the others are not disturbed."""
    arrived, leave = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        arrived.set()
        await leave.wait()
        return web.Response(body=remote.server.text)

    remote.server.answer = slow
    calls = [asyncio.create_task(remote.lets_in(POSTE_EC)) for _ in range(20)]
    await arrived.wait()
    calls[0].cancel()
    leave.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[1:] == [True] * 19
    assert remote.server.asked == 1


async def redirect(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere") if request.path == "/jwks.json" else web.HTTPOk(body=key_set(POSTE_EC))


async def dripping(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for byte in key_set(POSTE_EC):
        await answer.write(bytes([byte]))
        await asyncio.sleep(0.05)
    return answer


async def page(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="<h1>Down for maintenance</h1>", content_type="text/html")


@pytest.mark.parametrize("answer", [redirect, dripping, page], ids=lambda answer: answer.__name__)
async def test_answers_that_are_no_key_set(remote: Remote, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "DEADLINE", 0.3)
    remote.server.answer = answer
    started = time.monotonic()
    assert not await remote.lets_in(POSTE_EC)
    assert time.monotonic() - started < 1
    assert remote.server.asked == 1


async def test_an_endless_answer_is_not_taken_in(remote: Remote) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(key_set(POSTE_EC))
        while sent < 64_000_000:
            await answer.write(b" " * 64_000)
            sent += 64_000
        return answer

    remote.server.answer = endless
    assert not await remote.lets_in(POSTE_EC)
    assert sent < 16_000_000  # what fits into the sockets' buffers


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://login.poste.example/keys", True),
        ("http://127.0.0.1:8080/keys", True),
        ("http://[::1]/keys", True),
        ("http://login.poste.example/keys", False),
        ("http://127.0.0.1.login.example/keys", False),
        ("http://127.0.0.1:80@login.example/keys", False),
        ("https://user:word@login.poste.example/keys", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[/", False),
    ],
)
def test_where_keys_may_be(url: str, fine: bool) -> None:
    assert (url_mistake(url) == "") is fine
