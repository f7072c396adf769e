"""Entries of the audit brought into their tables the shortest way that the database has: an answer waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.audit_store import ENTRIES, READS, RECORDS
from gateway.state import DEADLINE, State

Rows = Sequence[tuple[Any, ...]]
TABLES = (ENTRIES, READS, RECORDS)


class WriteError(OSError):
    """Nothing of what was to be added is known to be there. The driver's own words."""


class SqliteWriter:
    """One connection of the standard library in a thread of its own: a whole commit is one visit there.

    path: of a database whose tables are there. patience: seconds that it waits for another writer.
    """

    def __init__(self, path: str, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, "audit")
        self._connection: sqlite3.Connection | None = None
        self._file = 0  # which one is open
        self._texts = [_insert(table) for table in TABLES]

    async def append(self, rows: Sequence[Rows]) -> None:
        """Add rows to the tables, in one transaction that outlives a power cut. WriteError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._append, rows)

    async def close(self) -> None:
        """Close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _append(self, rows: Sequence[Rows]) -> None:
        try:
            connection = self._opened()
            connection.execute("begin immediate")
            for text, found in zip(self._texts, rows, strict=True):
                if found:
                    connection.executemany(text, found)
            connection.execute("commit")
        except Exception as error:
            self._close()  # which takes back what was begun
            raise WriteError(str(error)) from error

    def _opened(self) -> sqlite3.Connection:
        # What is written into a file that was moved away or deleted is lost.
        file = Path(self._path).stat().st_ino
        if self._connection is not None and file == self._file:
            return self._connection
        self._close()
        uri = f"file:{quote(self._path)}?mode=rw"  # a file that is gone is not made anew without its tables
        found = sqlite3.connect(uri, uri=True, timeout=self._patience, isolation_level=None)
        found.execute("pragma synchronous=full")
        self._connection, self._file = found, file
        return found

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


class PostgresWriter:
    """One connection, and one statement for all tables, which is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._text = _all_at_once(TABLES)

    async def append(self, rows: Sequence[Rows]) -> None:
        """Add rows to the tables, all or none. WriteError."""
        connection = self._connection
        try:
            if connection is None:
                connection = await self._engine.execution_options(isolation_level="AUTOCOMMIT").connect()
                self._connection = connection
            driver: Any = (await connection.get_raw_connection()).driver_connection
            columns = [
                [row[index] for row in found]
                for table, found in zip(TABLES, rows, strict=True)
                for index in range(len(table.columns))
            ]
            await driver.execute(self._text, *columns)
        except Exception as error:
            await self.close()
            raise WriteError(str(error)) from error
        except BaseException:
            self._connection = None  # nobody knows what goes on there
            raise

    async def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.invalidate()
                await connection.close()


def writer_of(state: State) -> SqliteWriter | PostgresWriter | None:
    """The shortest way into a database; None where there is none but SQLAlchemy's."""
    match state.url.drivername:
        case "sqlite+aiosqlite" if state.url.database and state.url.database != ":memory:":
            return SqliteWriter(state.url.database, DEADLINE * 0.75)
        case "postgresql+asyncpg":
            return PostgresWriter(state.engine)
        case _:
            return None


_KINDS = {"big_integer": "bigint", "integer": "integer"}


def _insert(table: Table) -> str:
    names = [column.name for column in table.columns]
    return f"insert into {table.name} ({', '.join(names)}) values ({', '.join('?' for _ in names)})"  # noqa: S608


def _all_at_once(tables: Sequence[Table]) -> str:
    """One statement that adds rows to each table, a parameter for each column: an array of its values."""
    parts = []
    number = 0
    for table in tables:
        arrays = []
        for column in table.columns:
            number += 1
            arrays.append(f"${number}::{_KINDS.get(column.type.__visit_name__, 'text')}[]")
        names = ", ".join(column.name for column in table.columns)
        parts.append(f"insert into {table.name} ({names}) select * from unnest({', '.join(arrays)})")  # noqa: S608
    *first, last = parts
    named = ", ".join(f"w{index} as ({part})" for index, part in enumerate(first))
    return f"with {named} {last}"
