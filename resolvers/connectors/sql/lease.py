"""The open connections of one source, lent to one call at a time: the last used first, a bounded number in all."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from resolvers.connectors.guard import PUSH
from resolvers.connectors.sql.engine import place_of
from resolvers.connectors.sql.stop import Stops

AGE = 1800.0  # seconds after which a connection is opened anew
STATEMENTS = 128  # prepared on one connection


class Lease:
    """A connection, open and configured. driver: what the driver calls a connection.

    statements: what is prepared on it, by text. until: when it is too old, on the loop's clock. file: which file it
    reads, where it reads one. version: of the tables that its statements are for.
    """

    __slots__ = ("connection", "driver", "file", "statements", "until", "version")

    def __init__(self, connection: AsyncConnection, driver: Any, until: float, file: object, version: int) -> None:
        self.connection = connection
        self.driver = driver
        self.until = until
        self.file = file
        self.version = version
        self.statements: dict[str, Any] = {}

    def keep(self, text: str, statement: Any) -> Any:
        """Remember what is prepared for a text; the oldest goes where there are too many."""
        if len(self.statements) >= STATEMENTS:
            del self.statements[next(iter(self.statements))]
        self.statements[text] = statement
        return statement


class Leases:
    """At most so many connections. patience: seconds that a call waits for one that others have."""

    def __init__(self, engine: AsyncEngine, stops: Stops, most: int, patience: float) -> None:
        self.most = most
        self._engine = engine
        self._stops = stops
        self._patience = patience
        self._place = place_of(engine.url)
        self._free: list[Lease] = []
        self._held = 0
        self._waiting: deque[asyncio.Future[Lease | None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._version = 0

    @property
    def busy(self) -> int:
        """How many are lent, being opened or being closed."""
        return self._held - len(self._free)

    def ready(self) -> Lease | None:
        """A connection that is free; None where one must be opened or waited for (`take`)."""
        while self._free:
            lease = self._free.pop()
            if self._fresh(lease):
                return lease if lease.version == self._version else self._lent(lease)
            self._end(lease, cut=False)
        return None

    async def take(self) -> Lease:
        """A connection, opened where there may be one more. PoolTimeout where none gets free in time."""
        lease = self.ready()
        if lease is not None:
            return lease
        if self._held < self.most:
            self._held += 1
        else:
            lease = await self._waited()
            if lease is not None:
                return lease
        return await self._opened()

    def give(self, lease: Lease) -> None:
        """Take back a connection on which everything went well."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if self._closed or (self._waiting and not self._fresh(lease)):
            self._end(lease, cut=False)
        elif self._waiting:
            self._waiting.popleft().set_result(self._lent(lease))
        else:
            self._free.append(lease)

    def discard(self, lease: Lease, *, cut: bool) -> None:
        """Close a connection on which something failed; nobody waits for it. cut: its statement may still run."""
        self._end(lease, cut=cut, broken=True)

    def drop(self) -> None:
        """Close what is free: the server that it was opened to is gone."""
        while self._free:
            self._end(self._free.pop(), cut=False, broken=True)

    def forget(self) -> None:
        """What is prepared on any connection may be for tables that are no longer as they were."""
        self._version += 1

    async def close(self, seconds: float) -> None:
        """Close every connection, those that are lent as they come back; what takes longer is left behind."""
        self._closed = True
        while self._free:
            self._end(self._free.pop(), cut=False)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _fresh(self, lease: Lease) -> bool:
        if self._place is not None and lease.file != _which(self._place):
            return False  # an open connection would go on reading the old file
        return lease.until > asyncio.get_running_loop().time()

    def _lent(self, lease: Lease) -> Lease:
        if lease.version != self._version:
            lease.version = self._version
            lease.statements.clear()
        return lease

    async def _waited(self) -> Lease | None:
        """What gets free first: a connection, or (None) the right to open one."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Lease | None] = loop.create_future()
        self._waiting.append(waiting)
        handle = loop.call_later(self._patience, _give_up, waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                lease = waiting.result()
                if lease is None:
                    self._freed()
                else:
                    self.give(lease)
            raise
        finally:
            handle.cancel()

    async def _opened(self) -> Lease:
        # In a task of its own: a peer that says nothing may not let go of who connects, whose time is up.
        opening = asyncio.ensure_future(self._connected())
        try:
            await asyncio.wait({opening})
        except asyncio.CancelledError:
            self._behind(self._given_up(opening))
            raise
        try:
            return opening.result()
        except BaseException:
            self._freed()
            raise

    async def _connected(self) -> Lease:
        file = None if self._place is None else _which(self._place)
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        until = asyncio.get_running_loop().time() + AGE
        return Lease(connection, raw.driver_connection, until, file, self._version)

    async def _given_up(self, opening: asyncio.Task[Lease]) -> None:
        freed = False
        while not opening.done():
            opening.cancel()
            await asyncio.wait({opening}, timeout=PUSH)
            if not opening.done() and not freed:
                freed = True
                self._freed()
        if not opening.cancelled() and opening.exception() is None:
            lease = opening.result()
            if freed:
                await _closed(lease.connection, broken=False)
            else:
                self.give(lease)
        elif not freed:
            self._freed()

    def _end(self, lease: Lease, *, cut: bool, broken: bool = False) -> None:
        self._behind(self._ended(lease, cut, broken))

    async def _ended(self, lease: Lease, cut: bool, broken: bool) -> None:
        closing = asyncio.ensure_future(_closed(lease.connection, broken))
        freed = False
        pushes = 0
        while not closing.done():
            if cut:
                self._stops.stop(lease.driver, again=pushes > 0)
            await asyncio.wait({closing}, timeout=PUSH)
            pushes += 1
            if not freed:
                freed = True
                self._freed()
            if self._stops.can_let_go(pushes if cut else None):
                closing.cancel()
        if not freed:
            self._freed()
        if not closing.cancelled():
            closing.exception()  # seen, so that nothing warns about it

    def _freed(self) -> None:
        """One connection fewer: who waits may open one."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._held -= 1

    def _behind(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _closed(connection: AsyncConnection, broken: bool) -> None:
    with suppress(Exception):  # it is gone already
        if broken:
            await connection.invalidate()
    with suppress(Exception):
        await connection.close()


def _give_up(waiting: asyncio.Future[Any]) -> None:
    if not waiting.done():
        waiting.set_exception(PoolTimeout("every connection is in use"))


def _which(place: str) -> tuple[int, int] | None:
    try:
        found = Path(place).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
