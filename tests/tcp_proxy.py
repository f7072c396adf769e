"""A TCP proxy on loopback between a client and one server, with the faults that networks have."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Open, it passes everything on.

    silent: bytes go nowhere, as with a peer that is gone without a word. drip: seconds between single bytes to the
    client, None for full speed.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.silent = False
        self.drip: float | None = None

    async def open(self) -> None:
        """Take connections, on the port that it had before."""
        self.silent, self.drip = False, None
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
        await self._end()
        self._server = None

    async def reset(self) -> None:
        """Break every connection (RST) and go on taking new ones."""
        for writer in self._writers:
            line = writer.transport.get_extra_info("socket")
            if line.fileno() >= 0:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._end()

    async def _end(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()  # it may be waiting to pass on the next byte
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        for source, sink, slow in ((reader, upstream_writer, False), (upstream_reader, writer, True)):
            task = asyncio.create_task(self._pump(source, sink, slow))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, slow: bool) -> None:
        self._writers.add(sink)
        with suppress(OSError):
            while data := await source.read(65_536):
                for piece in [data[i : i + 1] for i in range(len(data))] if slow and self.drip else [data]:
                    if self.silent:
                        continue
                    sink.write(piece)
                    await sink.drain()
                    if slow and self.drip:
                        await asyncio.sleep(self.drip)
        self._writers.discard(sink)
        sink.close()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """A proxy to a port of this machine."""
    made = Proxy(target)
    await made.open()
    try:
        yield made
    finally:
        await made.cut()
