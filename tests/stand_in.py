"""A gateway without sources: the real HTTP side on a real socket, before a small schema that graphql-core executes."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graphql import build_schema, execute
from starlette.types import ASGIApp

from gateway import app
from gateway.documents import Document
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.server import Server, configured
from resolvers.errors import RequestError
from resolvers.viewer import Viewer
from schema.cost import LIST_SIZE, ListSize

TOKEN = "Bearer right"
OTHER = "Bearer other"
PARTNERS = {TOKEN: "coop", OTHER: "city"}
ORIGIN = "https://fleet.example"
SDL = """
type Query {
  hello(name: String): String
  self: Query
  many(first: Int): [Query!]
  long(size: Int!): String
  wait(seconds: Float!): String
  broken: String
}
type Mutation { touch: String }
"""
SCHEMA = build_schema(SDL)
SCHEMA.type_map["Query"].fields["many"].extensions[LIST_SIZE] = ListSize(  # type: ignore[attr-defined]
    assumed_size=50, slicing_arguments=["first"], require_one_slicing_argument=False
)


@dataclass(slots=True)
class StandIn:
    """What stands behind the door in these tests, and what it saw."""

    executed: list[str] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    ready: bool = True

    async def authenticate(self, headers: Sequence[tuple[bytes, bytes]]) -> Viewer:
        given = [value.decode() for name, value in headers if name == b"authorization"]
        partner = PARTNERS.get(given[0]) if len(given) == 1 else None
        if partner is None:
            raise RequestError(
                "A valid credential is needed.",
                code="UNAUTHENTICATED",
                status=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
        return Viewer(partner, "alice", frozenset(("read",)))

    async def execute(self, viewer: Viewer, document: Document, request: OperationRequest) -> dict[str, Any]:
        self.executed.append(request.query)
        name, variables = request.operation_name, dict(request.variables)
        result = execute(SCHEMA, document.ast, ROOT, operation_name=name, variable_values=variables)
        try:
            done: Any = result if not asyncio.iscoroutine(result) else await result
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        answer: dict[str, Any] = {"data": done.data}
        if done.errors:
            answer["errors"] = [{"extensions": {"code": "BAD_USER_INPUT"}, **error.formatted} for error in done.errors]
            if not any(error.path for error in done.errors):
                del answer["data"]
        if "broken" in (done.data or {}):
            raise ZeroDivisionError("the secret of the source")
        return answer

    async def is_ready(self) -> bool:
        return self.ready

    def app(self, limits: Limits) -> ASGIApp:
        return app.create(
            schema=SCHEMA,
            sdl=SDL,
            authentication=self,
            execute=self.execute,
            ready=self.is_ready,
            limits=limits,
            origins=(ORIGIN,),
        )


async def _wait(_: Any, seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"


ROOT: dict[str, Any] = {
    "hello": lambda _, name="world": f"hello {name}",
    "self": lambda _: ROOT,
    "many": lambda _, first=50: [ROOT] * first,
    "long": lambda _, size: "x" * size,
    "wait": _wait,
    "broken": "",
    "touch": "touched",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the only error of a GraphQL response, which has neither data nor another request's id."""
        answer = self.json
        assert "data" not in answer
        (error,) = answer["errors"]
        assert error["message"]
        assert error["extensions"]["requestId"] == self.headers["x-request-id"]
        return str(error["extensions"]["code"])


@dataclass(frozen=True, slots=True)
class Door:
    """A running gateway, and what stands behind it."""

    port: int
    behind: StandIn

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    def ask(
        self,
        method: str = "POST",
        path: str = "/graphql",
        body: bytes | Iterator[bytes] | None = None,
        token: str | None = TOKEN,
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own. Header names are written with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["authorization"] = token
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def query(self, query: str, accept: str = "application/json", **parameters: Any) -> Answer:
        """POST one operation as a client would."""
        body = json.dumps({"query": query, **parameters}).encode()
        return self.ask(body=body, content_type="application/json", accept=accept)

    def raw(self, *parts: bytes, wait: float = 5) -> bytes:
        """Send bytes, part by part, and read until the server closes the connection or is silent for `wait` seconds."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            for part in parts:
                connection.sendall(part)
                time.sleep(0.1)
            try:
                while came := connection.recv(65536):
                    got += came
            except TimeoutError:
                pass
        return got


@contextmanager
def door(limits: Limits | None = None) -> Iterator[Door]:
    """A stand-in gateway in a thread, on a free port of the loopback."""
    behind = StandIn()
    limits = limits or Limits()
    started = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(configured(behind.app(limits), limits))
        server.on_start = started.set
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            assert started.wait(10)
            yield Door(listener.getsockname()[1], behind)
        finally:
            server.should_exit = True
            thread.join(20)
