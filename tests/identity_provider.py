"""A partner's identity provider for tests: real keys, real signatures, and a real web server for its key set."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


class SigningKey:
    """A private key with a name. kind: RSA, EC or OKP."""

    def __init__(self, kid: str, kind: str = "EC", bits: int = 2048) -> None:
        self.kid = kid
        self.algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[kind]
        self.private: Any
        if kind == "RSA":
            self.private, to_jwk = rsa.generate_private_key(65537, bits), RSAAlgorithm.to_jwk
        elif kind == "EC":
            self.private, to_jwk = ec.generate_private_key(ec.SECP256R1()), ECAlgorithm.to_jwk
        else:
            self.private, to_jwk = ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm.to_jwk
        self.jwk = {**json.loads(to_jwk(self.private.public_key())), "kid": kid, "use": "sig"}

    def sign(self, claims: dict[str, Any], algorithm: str | None = None, **header: Any) -> str:
        return jwt.encode(
            claims, self.private, algorithm=algorithm or self.algorithm, headers={"kid": self.kid, **header}
        )


def key_set(*keys: SigningKey) -> bytes:
    """The keys as an RFC 7517 set."""
    return json.dumps({"keys": [key.jwk for key in keys]}).encode()


def claims(issuer: str, **changes: Any) -> dict[str, Any]:
    """What a good token for the audience "commons" says; a change to None leaves a claim out."""
    now = int(time.time())
    good = {"iss": issuer, "aud": "commons", "sub": "awa", "iat": now, "exp": now + 300, "scope": "read read:contact"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


class Clock:
    """Monotonic seconds that move when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class KeyServer:
    """Serves a key set on loopback, counts the requests, and can be told to answer otherwise or to go away."""

    def __init__(self) -> None:
        self.asked = 0
        self.text = b""
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._respond)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(body=self.text, content_type="application/jwk-set+json")


@asynccontextmanager
async def key_server(*keys: SigningKey) -> AsyncIterator[KeyServer]:
    server = KeyServer()
    server.text = key_set(*keys)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def bearer(credential: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), (b"authorization", b"Bearer " + credential.encode())]
