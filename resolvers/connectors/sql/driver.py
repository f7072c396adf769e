"""Texts run on a driver's own connection, past SQLAlchemy: what comes back is what it would have given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from resolvers.connectors.sql.lease import Lease

# Raw rows, and what the driver calls the type of each column (nothing where it has no word for them).
Came = tuple[Sequence[Sequence[Any]], tuple[Any, ...]]
Run = Callable[[Lease, str, tuple[Any, ...]], Awaitable[Came]]


def runner(engine: AsyncEngine) -> Run | None:
    """How texts are run on connections of an engine; None where only SQLAlchemy knows."""
    if engine.url.query.get("prepared_statement_cache_size") == "0":
        return None  # a pooler between us and the database that keeps no prepared statements
    return _RUNS.get(engine.dialect.driver)


def as_told(error: Exception, connection: AsyncConnection, text: str) -> Exception:
    """What SQLAlchemy would have raised for a driver's error."""
    dialect = connection.dialect
    try:
        adapted: Any = connection.sync_connection.connection.dbapi_connection  # type: ignore[union-attr]
        adapted._handle_exception(error)
    except Exception as translated:
        base = dialect.dbapi.Error  # type: ignore[union-attr]
        if not isinstance(translated, base):
            return translated
        gone = bool(dialect.is_disconnect(translated, adapted, None))
        _forget(dialect, translated)
        told: Exception = DBAPIError.instance(
            text, None, translated, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        )
        return told
    return error


def _forget(dialect: Any, error: Exception) -> None:
    """What SQLAlchemy has prepared on other connections is for tables that are no longer as they were."""
    stale = getattr(dialect.dbapi, "InvalidCachedStatementError", None)
    if stale is not None and isinstance(error, stale):
        dialect._invalidate_schema_cache()


async def _asyncpg(lease: Lease, text: str, values: tuple[Any, ...]) -> Came:
    known = lease.statements.get(text)
    if known is None:
        # Not `connection.fetch`: it hides that a table is no longer as it was.
        statement = await lease.driver.prepare(text)
        types = tuple(attribute.type.oid for attribute in statement.get_attributes())
        known = lease.keep(text, (statement.fetch, types))
    return await known[0](*values), known[1]


async def _asyncmy(lease: Lease, text: str, values: tuple[Any, ...]) -> Came:
    cursor = lease.driver.cursor()
    await cursor.execute(text, values)
    rows = await cursor.fetchall()
    types = tuple(column[1] for column in cursor.description)
    await cursor.close()
    return rows, types


async def _aiosqlite(lease: Lease, text: str, values: tuple[Any, ...]) -> Came:
    return await lease.driver.execute_fetchall(text, values), ()


_RUNS: dict[str, Run] = {"asyncpg": _asyncpg, "asyncmy": _asyncmy, "aiosqlite": _aiosqlite}
