"""How many statements a server sends: a proxy before PostgreSQL that counts them in the protocol."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_NO_TYPE = (80877103, 80877104, 80877102)  # SSL, GSS, cancel: requests without a type, before the session begins


class Statements:
    """Counts what passes. total: statements executed (Query and Execute messages), those of transactions included."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self.total = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> asyncio.Server:
        """Listen on a free port of the loopback."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def close(self, server: asyncio.Server) -> None:
        """Take no more connections, and end those that there are."""
        server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        answers = asyncio.create_task(_pass(upstream_reader, writer))
        self._tasks.add(answers)
        answers.add_done_callback(self._tasks.discard)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            started = False
            while True:
                if started:
                    kind, size = await reader.readexactly(1), await reader.readexactly(4)
                    self.total += kind in (b"Q", b"E")
                else:
                    kind, size = b"", await reader.readexactly(4)
                rest = await reader.readexactly(int.from_bytes(size) - 4)
                started = started or int.from_bytes(rest[:4]) not in _NO_TYPE
                upstream_writer.write(kind + size + rest)
                await upstream_writer.drain()
        upstream_writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while got := await reader.read(1 << 16):
                writer.write(got)
                await writer.drain()
    finally:
        writer.close()


@contextmanager
def counted(urls: dict[str, str]) -> Iterator[tuple[Statements, dict[str, str]]]:
    """A counting proxy before the server of these URLs, and the URLs through it."""
    target = urlsplit(next(iter(urls.values())))
    proxy = Statements(target.hostname or "127.0.0.1", target.port or 5432)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(proxy.open(), loop).result(10)
    through = {}
    for code, url in urls.items():
        whom, _, rest = url.partition("@")
        through[code] = f"{whom}@127.0.0.1:{proxy.port}/{rest.partition('/')[2]}"
    try:
        yield proxy, through
    finally:
        asyncio.run_coroutine_threadsafe(proxy.close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
