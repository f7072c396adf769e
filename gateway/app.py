"""The composition root: every path that the gateway answers, and what stands behind it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence

from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from gateway import health, http, ide, server
from gateway.cors import Cors
from gateway.documents import Documents
from gateway.endpoint import Authentication, Endpoint, Execute
from gateway.federation import Federation
from gateway.limits import Limits
from gateway.sdl import Sdl
from gateway.settings import Settings
from gateway.texts import Texts
from resolvers.errors import RequestError
from schema import graph

PATH = "/graphql"

log = logging.getLogger("gateway")


def create(
    *,
    schema: GraphQLSchema,
    sdl: str,
    authentication: Authentication,
    execute: Execute,
    ready: health.Ready,
    limits: Limits | None = None,
    origins: tuple[str, ...] = (),
    pages: Sequence[BaseRoute] = (),
    texts: Texts | None = None,
    stale: Callable[[], bool] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> ASGIApp:
    """The ASGI application.

    schema, sdl: what operations are validated against, and its text for `GET /schema.graphql`. origins: whose pages
    may call from a browser, each `https://host[:port]`. pages: what answers without a credential, the IDE. texts: the
    documents that partners trust. stale: whether changed files wait, because of a mistake in them.
    """
    limits = limits or Limits()
    endpoint = Endpoint(authentication, Documents(schema, limits), execute, limits, texts)
    app = Starlette(
        routes=[
            Exact(PATH, endpoint),
            *health.routes(ready, stale),
            Route("/schema.graphql", Sdl(sdl, authentication), methods=["GET"]),
            *pages,
        ],
        middleware=[Middleware(Cors, origins=origins)],
        exception_handlers={RequestError: _refuse, HTTPException: _refuse_path, Exception: _mask},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Front(endpoint, app)


class Front:
    """The application: operations go straight to their endpoint, everything else through `general`.

    The general way costs more than half an answer from memory does. A request that tells an origin needs it, for CORS.
    """

    def __init__(self, endpoint: Endpoint, general: Starlette) -> None:
        self._endpoint = endpoint
        self._general = general

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            headers = http.headers(scope)
            if b"origin" not in headers:
                extensions = scope.get("extensions")
                whole = extensions.get(http.WHOLE) if extensions else None
                await self._endpoint.answer(scope, headers, receive, send, whole)
                return
        await self._general(scope, receive, send)


class Exact(Route):
    """Answers one path and no other; the pattern of a Route also fits the path with a line feed behind it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["path"] != self.path:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


class Refusal(Response):
    """A RequestError as an answer, for the paths that are no GraphQL endpoint."""

    def __init__(self, error: RequestError, request_id: str = "") -> None:
        super().__init__(status_code=error.status)
        self._error = error
        self._id = request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = http.headers(scope)
        await http.refuse(send, found, self._error, self._id or http.identify(found))


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return Refusal(error)


async def _refuse_path(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = sorted(dict(error.headers or {}).get("Allow", "").split(", "))
        return Refusal(http.not_allowed("This path does not take that method.", ", ".join(allowed)))
    return Refusal(RequestError("Nothing answers at this path.", code="NOT_FOUND", status=404))


async def _mask(request: Request, _: Exception) -> Response:
    # Starlette raises the exception again once this is sent, and the server logs its traceback.
    request_id = http.identify(http.headers(request.scope))
    log.error("request %s failed at %s", request_id, request.url.path)
    return Refusal(RequestError("The gateway failed.", code="INTERNAL", status=500), request_id)


def compose(federation: Federation, settings: Settings) -> ASGIApp:
    """The application of a federation: what `gateway serve` and `gateway demo` run."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        reloads: set[asyncio.Task[object]] = set()

        def reload() -> None:
            task = loop.create_task(federation.reload())
            reloads.add(task)
            task.add_done_callback(reloaded)

        def reloaded(task: asyncio.Task[object]) -> None:
            reloads.discard(task)
            if not task.cancelled() and (error := task.exception()):
                log.error("partner files not reloaded: the gateway failed", exc_info=error)

        await federation.start()
        with contextlib.suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # no such signal, or not the main thread
            loop.add_signal_handler(signal.SIGHUP, reload)
        yield
        await federation.close()

    return create(
        schema=federation.runtime.schema,
        sdl=graph.sdl(),
        authentication=federation.authenticator,
        execute=federation.runtime.execute,
        ready=federation.ready,
        limits=settings.limits,
        origins=settings.origins,
        pages=ide.routes(),
        texts=federation.texts,
        stale=lambda: federation.stale,
        lifespan=lifespan,
    )


def serve(settings: Settings, started: Callable[[str], None] | None = None) -> None:
    """Run the gateway until it is told to stop; `started` is called with its URL. SIGHUP rereads partner files."""
    federation = Federation(settings)
    server.serve(compose(federation, settings), settings.host, settings.port, limits=settings.limits, started=started)
