"""Rows that a test chooses, put into real tables of any engine through the engine's own driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Row = Mapping[str, Any]
"""Column -> value, as the driver takes it."""

_INSERT = {
    "postgresql": "insert into {table} ({columns}) values ({values}) on conflict do nothing",
    "mysql": "insert ignore into {table} ({columns}) values ({values})",
    "sqlite": "insert or ignore into {table} ({columns}) values ({values})",
}


@dataclass(slots=True)
class Database:
    """One database that a test writes to, with an account that may."""

    engine: AsyncEngine

    @property
    def dialect(self) -> str:
        name = self.engine.dialect.name
        return "mysql" if name == "mariadb" else name

    async def run(self, *statements: str) -> None:
        """Run statements, each by itself."""
        async with self.engine.connect() as connection:
            await self._prepare(connection)
            for statement in statements:
                await connection.exec_driver_sql(statement)

    async def fill(self, table: str, rows: Sequence[Row]) -> None:
        """Make these the only rows of a table; a row whose key the table takes for another's is left out."""
        async with self.engine.connect() as connection:
            await self._prepare(connection)
            await connection.exec_driver_sql(f"delete from {table}")
            await self._insert(connection, table, rows)

    async def add(self, table: str, rows: Sequence[Row]) -> None:
        """Put rows into a table."""
        async with self.engine.connect() as connection:
            await self._prepare(connection)
            await self._insert(connection, table, rows)

    async def read(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        async with self.engine.connect() as connection:
            await self._prepare(connection)
            return [tuple(row) for row in await connection.execute(text(sql), values)]

    async def _insert(self, connection: Any, table: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        columns = list(rows[0])
        values = ", ".join(f":{column}" for column in columns)
        statement = _INSERT[self.dialect].format(table=table, columns=", ".join(columns), values=values)
        await connection.execute(text(statement), [dict(row) for row in rows])

    async def _prepare(self, connection: Any) -> None:
        if self.dialect == "mysql":  # as old applications run: zero dates, and times that are told in UTC
            await connection.exec_driver_sql("set session sql_mode = '', time_zone = '+00:00'")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database by its async SQLAlchemy URL; every statement is its own transaction."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=0)
    try:
        yield Database(engine)
    finally:
        await engine.dispose()
