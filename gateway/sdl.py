"""The schema as text, whole: introspection leaves out what many tools want, such as applied directives."""

from __future__ import annotations

import hashlib

from starlette.types import Receive, Scope, Send

from gateway import http
from gateway.endpoint import Authentication


class Sdl:
    """The ASGI application behind `GET /schema.graphql`: to any valid credential, with an ETag for polling tools."""

    def __init__(self, text: str, authentication: Authentication) -> None:
        self._body = text.encode()
        self._etag = b'"' + hashlib.sha256(self._body).hexdigest()[:32].encode() + b'"'
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._authentication.authenticate(scope["headers"])
        found = http.headers(scope)
        known = [tag.strip().removeprefix(b"W/") for tag in found.get(b"if-none-match", b"").split(b",")]
        fields = [
            (b"etag", self._etag),
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Accept-Encoding, Origin, Authorization"),
        ]
        if self._etag in known:
            await send({"type": "http.response.start", "status": 304, "headers": fields})
            await send({"type": "http.response.body", "body": b""})
            return
        fields += [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
        await http.write(send, found, 200, self._body, fields, http.identify(found))
