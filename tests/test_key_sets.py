"""Where an issuer's keys come from: what may verify, how a set is kept fresh, and what happens while it is away."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from gateway import jwks, key_sets
from gateway.authentication import Authenticator
from gateway.issuers import Issuers
from resolvers.errors import RequestError
from resolvers.identity import ALGORITHMS, Identity, url_mistake
from tests.identity_provider import Clock, KeyServer, SigningKey, bearer, claims, key_server, key_set
from tests.worlds import law

POSTE = "https://login.poste.example"
POSTE_EC, POSTE_RSA, STRANGER, WEAK = (
    SigningKey("1"),
    SigningKey("rsa", "RSA"),
    SigningKey("1"),
    SigningKey("weak", "RSA", 1024),
)


async def is_let_in(door: Authenticator, token: str) -> bool:
    try:
        await door.authenticate(bearer(token))
    except RequestError:
        return False
    return True


def private(key: SigningKey) -> dict[str, Any]:
    """The key's JWK with what nobody else may know."""
    return {**key.jwk, **json.loads(ECAlgorithm.to_jwk(key.private))}


def on_curve(kid: str, curve: ec.EllipticCurve) -> tuple[dict[str, Any], ec.EllipticCurvePrivateKey]:
    made = ec.generate_private_key(curve)
    return {**json.loads(ECAlgorithm.to_jwk(made.public_key())), "kid": kid}, made


async def test_keys_that_may_not_verify(tmp_path: Path) -> None:
    """Keys that are weak, private, symmetric, for encryption, of another curve or broken are passed over; the others
    of the set work."""
    secret = base64.urlsafe_b64encode(b"s" * 64).decode()
    encrypting, exact, leaked, broken = (SigningKey(name) for name in ("enc", "exact", "leaked", "broken"))
    larger, larger_key = on_curve("larger", ec.SECP384R1())
    bitcoin, bitcoin_key = on_curve("bitcoin", ec.SECP256K1())
    members: list[Any] = [
        "junk",
        WEAK.jwk,
        {"kty": "oct", "kid": "oct", "k": secret},
        {**POSTE_RSA.jwk, "kid": "oct", "k": secret},
        private(leaked),
        {**encrypting.jwk, "use": "enc"},
        {**encrypting.jwk, "key_ops": ["encrypt"]},
        {**encrypting.jwk, "key_ops": 7},
        {**encrypting.jwk, "alg": ["ES256"]},
        {**encrypting.jwk, "alg": "ES384"},
        {**encrypting.jwk, "crv": ["P-256"]},
        {**broken.jwk, "x": "AAAA"},
        {**broken.jwk, "x": broken.jwk["y"]},
        {**larger, "crv": "P-256"},
        larger,
        bitcoin,
        {**SigningKey("nameless").jwk, "kid": None},
        {**exact.jwk, "alg": "ES256", "key_ops": ["verify"], "x5c": ["MIIB"], "more": {"of": "it"}},
        STRANGER.jwk,  # of the same name as the next
        POSTE_EC.jwk,
        {**POSTE_RSA.jwk, "kid": "1"},  # RFC 7517 section 4.5: one name, two kinds
    ]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": members}))
    allowed = ("RS256", "ES256", "ES384", "HS256")
    door = Authenticator(Issuers())
    await door.adopt({"poste": Identity(POSTE, "commons", jwks_file=tmp_path / "keys.json", algorithms=allowed)})
    for key in (POSTE_EC, exact):
        assert await is_let_in(door, key.sign(claims(POSTE)))
    assert await is_let_in(door, POSTE_RSA.sign(claims(POSTE), kid="1"))
    assert await is_let_in(door, jwt.encode(claims(POSTE), larger_key, "ES384", {"kid": "larger"}))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        weak = WEAK.sign(claims(POSTE))
    symmetric = jwt.encode(claims(POSTE), b"s" * 64, "HS256", {"kid": "oct"})
    curve = jwt.encode(claims(POSTE), bitcoin_key, "ES256K", {"kid": "bitcoin"})
    strong = jwt.encode(claims(POSTE), POSTE_RSA.private, "RS256", {"kid": "oct"})
    said = claims(POSTE)
    for token in (weak, symmetric, curve, strong, *(key.sign(said) for key in (encrypting, leaked, broken))):
        assert not await is_let_in(door, token)


def test_a_set_is_read_strictly() -> None:
    good = key_set(POSTE_EC)
    assert [key.kid for key in jwks.keys(good, ["ES256"])] == ["1"]
    many = key_set(*(SigningKey("same") for _ in range(10)), POSTE_EC)  # each might be tried on every token
    assert [key.kid for key in jwks.keys(many, ["ES256"])] == ["same"] * 4 + ["1"]
    for wrong in (
        good.replace(b'"keys"', b'"keys": [], "keys"'),
        good.replace(b'"kid"', b'"kid": "x", "kid"'),
        good.decode().encode("utf-16"),
        good + b"{}",
        key_set(*[POSTE_EC] * 101),
        good + b" " * 300_000,
        b"[" * 100_000,
    ):
        with pytest.raises(ValueError):
            jwks.keys(wrong, ["ES256"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
SAMPLES = [POSTE_EC.jwk, POSTE_RSA.jwk, SigningKey("ed", "OKP").jwk, {**POSTE_EC.jwk, "alg": "ES256", "key_ops": []}]


@law(300)
@given(
    st.sampled_from(SAMPLES),
    st.dictionaries(
        st.sampled_from(["kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "d"]),
        JSON | st.sampled_from([member for jwk in SAMPLES for member in jwk.values()]),
        max_size=3,
    ),
)
def test_whatever_a_set_holds_it_is_read_or_refused(sample: dict[str, Any], changes: dict[str, Any]) -> None:
    """No member of any form ends in anything but keys: what an identity provider publishes is not ours to choose."""
    text = json.dumps({"keys": [{**sample, **changes}, POSTE_EC.jwk]}).encode()
    assert jwks.keys(text, ALGORITHMS)[-1].thumbprint == jwks.keys(key_set(POSTE_EC), ALGORITHMS)[0].thumbprint


async def test_a_key_file_that_changes(tmp_path: Path) -> None:
    clock, path, old, new = Clock(), tmp_path / "keys.json", SigningKey("old"), SigningKey("new")
    path.write_bytes(key_set(old))
    door = Authenticator(Issuers(clock=clock))
    await door.adopt({"poste": Identity(POSTE, "commons", jwks_file=path)})
    first, second = old.sign(claims(POSTE)), new.sign(claims(POSTE))
    assert (await is_let_in(door, first), await is_let_in(door, second)) == (True, False)
    for text in (b'{"keys": [', b"", b"[]", b" " * 300_000):  # half written, or nonsense: what is known stays
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
