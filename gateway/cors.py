"""Which web pages may call the gateway from a browser (the Fetch standard's CORS protocol)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import http
from resolvers.errors import RequestError

REQUEST_HEADERS = (
    b"authorization, content-type, traceparent, x-purpose, apollo-require-preflight, graphql-require-preflight, "
    b"apollographql-client-name, apollographql-client-version"
)
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", REQUEST_HEADERS),
    (b"access-control-max-age", b"7200"),
    (b"vary", b"Origin"),
    (b"content-length", b"0"),
]
EXPOSED = (b"access-control-expose-headers", b"etag, retry-after, www-authenticate, x-request-id")


class Cors:
    """Answers preflights, which carry no credential, and marks the answers to pages of the configured origins.

    Credentials mode is never allowed: the token is a header that the page sets itself, there are no cookies.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = None
        preflight = False
        for name, value in scope.get("headers", ()):
            if name == b"origin":
                origin = value
            elif name == b"access-control-request-method":
                preflight = scope["method"] == "OPTIONS"
        if origin is None:
            await self._app(scope, receive, send)
            return
        allowed = [(b"access-control-allow-origin", origin), EXPOSED] if origin in self._origins else []

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *allowed]
            await send(message)

        if not preflight:
            await self._app(scope, receive, marked)
        elif allowed:
            await marked({"type": "http.response.start", "status": 204, "headers": PREFLIGHT})
            await marked({"type": "http.response.body", "body": b""})
        else:
            await _refuse(scope, send)


async def _refuse(scope: Scope, send: Send) -> None:
    found = http.headers(scope)
    request_id = http.identify(found)
    error = RequestError("Pages of this origin may not call the gateway.", code="ORIGIN_REFUSED", status=403)
    await http.refuse(send, found, error, request_id)
