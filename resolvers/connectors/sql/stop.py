"""Ends a statement in its database when nobody waits for it any more: no driver does that for every database."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

LONGEST = 1.0  # seconds for a connection that only says: end that statement
REPEATS = 4  # times that PostgreSQL is told, the first by asyncpg itself


class Stops:
    """The statements of one source that were told to end.

    asyncpg tells PostgreSQL itself when it is cancelled, and waits for its word before it closes the connection. But a
    word that comes before the statement does ends nothing, and is forgotten: where there is no answer it is said again.
    aiosqlite leaves its thread at work, and asyncmy the server: one is interrupted, the other is told on a connection
    of its own. What is cancelled loses its connection in any case, so that a word that comes late ends nothing else.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._telling: dict[int, asyncio.Task[None]] = {}

    def can_let_go(self, told: int | None) -> bool:
        """Whether a connection that does not close need not be waited for any more. told: how often its database was
        told to end a statement; None where there is none to be ended."""
        match self._engine.dialect.driver:
            case "aiosqlite":
                return False  # a thread at work must be told until it hears
            case "asyncpg":
                return told is None or told >= REPEATS
            case _:
                return True

    def stop(self, driver: Any, *, again: bool = False) -> None:
        """Tell the database to end what it does for a driver's connection. Returns at once."""
        name = self._engine.dialect.driver
        if name == "aiosqlite":
            self._tell(id(driver), driver.interrupt())
        elif name == "asyncmy":
            self._tell(id(driver), self._kill(int(driver.thread_id())))
        elif name == "asyncpg" and again:
            self._tell(id(driver), _cancel(driver))

    async def close(self) -> None:
        """Wait for what is being told."""
        if self._telling:
            await asyncio.wait(self._telling.values(), timeout=LONGEST)

    def _tell(self, whom: int, words: Any) -> None:
        if whom in self._telling:
            words.close()
            return

        async def tell() -> None:
            with suppress(SQLAlchemyError, OSError, TimeoutError, ValueError):  # gone already, or past reaching
                async with asyncio.timeout(LONGEST):
                    await words

        task = self._telling[whom] = asyncio.ensure_future(tell())
        task.add_done_callback(lambda _: self._telling.pop(whom))

    async def _kill(self, thread: int) -> None:
        # A connection of its own: those of the pool may all be waiting for just such statements.
        one = create_async_engine(self._engine.url, poolclass=NullPool, connect_args={"connect_timeout": LONGEST})
        async with one.connect() as connection:
            await connection.execute(text(f"KILL QUERY {thread}"))


async def _cancel(driver: Any) -> None:
    """What asyncpg says to PostgreSQL when it is cancelled."""
    await driver._cancel(asyncio.get_running_loop().create_future())
