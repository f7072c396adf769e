"""A whole gateway for a test: partner files in a folder, real sources, a real server, asked over HTTP with a token."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from gateway import app, demo, key_material, settings
from gateway.federation import Federation
from gateway.server import Server, configured
from gateway.tokens import OwnIssuer
from resolvers.errors import Mistake
from resolvers.observation import SourceCall

SCOPES = ("read", "read:contact", "read:personal", "read:sensitive")
CONFIG = 'partners = "partners"\nown_issuer = true\n'
ROOMY = f"{CONFIG}[limits]\ncost = 1000000000\nbudget = 2000000000\n"
"""For tests that read everything there is in lists inside lists."""


@dataclass(slots=True)
class Gateway:
    """A running gateway. calls: every source call since it was last cleared."""

    url: str
    folder: Path
    session: aiohttp.ClientSession
    issuer: OwnIssuer
    federation: Federation
    loop: asyncio.AbstractEventLoop
    calls: list[SourceCall] = field(default_factory=list)

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        partner: str,
        scopes: Sequence[str] = SCOPES,
        subject: str = "tester",
    ) -> dict[str, Any]:
        """The GraphQL response to one operation."""
        status, answer = await self.post({"query": query, "variables": variables or {}}, partner, scopes, subject)
        assert status == 200, answer
        return answer

    async def data(self, query: str, variables: Mapping[str, Any] | None = None, **whom: Any) -> dict[str, Any]:
        """The data of a response that must have no errors."""
        answer = await self.ask(query, variables, **whom)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def post(
        self, body: Mapping[str, Any], partner: str, scopes: Sequence[str] = SCOPES, subject: str = "tester"
    ) -> tuple[int, Any]:
        """Status and JSON of one POST."""
        headers = {
            "authorization": f"Bearer {self.token(partner, scopes, subject)}",
            "content-type": "application/json",
        }
        async with self.session.post(f"{self.url}/graphql", data=orjson.dumps(body), headers=headers) as response:
            return response.status, orjson.loads(await response.read())

    def token(self, partner: str, scopes: Sequence[str] = SCOPES, subject: str = "tester") -> str:
        """A token of the gateway's own issuer."""
        return self.issuer.issue(
            partner=partner, subject=subject, scopes=list(scopes), purposes=["lending"], lifetime=600
        )

    async def reload(self) -> list[Mistake]:
        """What SIGHUP does."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.federation.reload(), self.loop))


@asynccontextmanager
async def running(
    partner_files: Mapping[str, str], environ: Mapping[str, str], config: str = CONFIG
) -> AsyncIterator[Gateway]:
    """A gateway over partner files (code -> text) whose variables come from `environ`."""
    with tempfile.TemporaryDirectory(prefix="gw-") as name:
        folder = Path(name)
        (folder / "partners").mkdir()
        for code, text in partner_files.items():
            (folder / "partners" / f"{code}.toml").write_text(text, "utf-8")
        (folder / "gateway.toml").write_text(config, "utf-8")
        async with _served(folder, environ) as gateway:
            yield gateway


@asynccontextmanager
async def _served(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Gateway]:
    # Its start and its end wait for its thread: not here, where a test may have a part of the network.
    with ExitStack() as stack:
        found = await asyncio.to_thread(stack.enter_context, started(folder, environ))
        try:
            async with aiohttp.ClientSession() as session:
                yield Gateway(found.url, folder, session, found.issuer, found.federation, found.loop, found.calls)
        finally:
            await asyncio.to_thread(stack.close)


@dataclass(frozen=True, slots=True)
class Started:
    """A gateway that runs in a thread of its own."""

    url: str
    issuer: OwnIssuer
    federation: Federation
    loop: asyncio.AbstractEventLoop
    calls: list[SourceCall]


@contextmanager
def started(folder: Path, environ: Mapping[str, str]) -> Iterator[Started]:
    """The gateway that a folder's gateway.toml describes, on a free port of the loopback."""
    chosen = settings.load(folder / "gateway.toml", environ)
    calls: list[SourceCall] = []
    federation = Federation(chosen, environ, [calls.append])
    application = app.compose(federation, chosen)
    secrets = key_material.load(chosen.state_folder, chosen.secrets)
    up = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(configured(application, chosen.limits))

        def note() -> None:
            loops.append(asyncio.get_running_loop())
            up.set()

        server.on_start = note
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert up.wait(15)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Started(url, OwnIssuer.from_seed(secrets.tokens), federation, loops[0], calls)
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def demonstrating(folder: Path) -> Iterator[Started]:
    """The demonstration federation on its embedded stores, in a folder."""
    asyncio.run(demo.prepare(folder))
    with started(folder, demo.environment(folder)) as found:
        yield found


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """One demonstration federation for all who only read."""
    with demonstrating(tmp_path_factory.mktemp("demonstration")) as found:
        yield found
