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


class Stops:
    """The statements of one source that were told to end.

    asyncpg tells PostgreSQL itself when it is cancelled. aiosqlite leaves its thread at work, and asyncmy the server:
    one is interrupted, the other is told on a connection of its own. What is cancelled loses its connection in any
    case, so that a word that comes late ends nothing else.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._telling: dict[int, asyncio.Task[None]] = {}

    @property
    def can_let_go(self) -> bool:
        """Whether closing a connection ends whatever it waits for. A thread at work must be told until it hears."""
        return self._engine.dialect.driver != "aiosqlite"

    def stop(self, driver: Any) -> None:
        """Tell the database to end what it does for a driver's connection. Returns at once."""
        name = self._engine.dialect.driver
        if name == "aiosqlite":
            self._tell(id(driver), driver.interrupt())
        elif name == "asyncmy":
            self._tell(id(driver), self._kill(int(driver.thread_id())))

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
