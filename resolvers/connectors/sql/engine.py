"""Connections to one database: read-only, autocommit, a statement deadline, nothing of one request."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from resolvers.connectors.sql.functions import register

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
}
APPLICATION = "partner-gateway"


def open_engine(url: str, *, deadline: float) -> AsyncEngine:
    """An engine that opens a connection each time it is asked for one, and keeps none (`lease` does).

    deadline in seconds. ArgumentError or ImportError on an unusable URL.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    engine = create_async_engine(
        _read_only(parsed) if backend == "sqlite" else parsed,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=_arguments(backend, parsed.get_driver_name(), deadline),
        hide_parameters=True,
        query_cache_size=500,
    )
    statements = _settings(backend, deadline)
    if statements:

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            if backend == "sqlite":
                register(connection)
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()

    return engine


def place_of(url: URL) -> str | None:
    """The file that SQLite reads; None for what is no file."""
    place = url.database or ""
    if url.get_backend_name() != "sqlite" or place in ("", ":memory:"):
        return None
    return place.removeprefix("file:")


def unusable(url: str) -> tuple[str, str] | None:
    """Why no engine can be made of a URL, and a hint; nothing of the URL but its driver is told. Nothing is opened."""
    like = "like postgresql+asyncpg://user:password@host/database"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "this is not the URL of a database.", like
    driver = parsed.drivername
    better = DRIVERS.get(driver.partition("+")[0])
    begin = f"it begins with {better}://" if better else like
    try:
        dialect = parsed.get_dialect()
        if not dialect.is_async:
            return f"{driver!r} is not an asynchronous database driver.", begin
        dialect.import_dbapi()
        open_engine(url, deadline=1)
    except NoSuchModuleError:
        return f"there is no database driver {driver!r}.", begin
    except ImportError:
        return f"the database driver {driver!r} is not installed.", begin
    except Exception as error:
        return f"the database driver does not take this URL ({type(error).__name__}).", like
    return None


def _arguments(backend: str, driver: str, deadline: float) -> dict[str, Any]:
    if driver == "asyncpg":
        milliseconds = str(math.ceil(deadline * 1000))
        settings = {
            "application_name": APPLICATION,
            "default_transaction_read_only": "on",
            "statement_timeout": milliseconds,
            "timezone": "UTC",
        }
        return {"timeout": deadline, "server_settings": settings}
    if backend in ("mysql", "mariadb") and driver == "asyncmy":
        return {"connect_timeout": max(1, math.ceil(deadline)), "program_name": APPLICATION, "charset": "utf8mb4"}
    return {}


def _settings(backend: str, deadline: float) -> list[str]:
    if backend in ("mysql", "mariadb"):
        # TIMESTAMP columns follow the session's zone; DATETIME columns are read in the source's. The statement deadline
        # has one name on MariaDB and another on MySQL: each server skips the other's comment.
        seconds, milliseconds = f"{deadline:.3f}", math.ceil(deadline * 1000)
        return [
            "SET SESSION time_zone = '+00:00'"
            f" /*M! , max_statement_time = {seconds} */ /*!50708 , max_execution_time = {milliseconds} */",
            "SET SESSION TRANSACTION READ ONLY",
        ]
    if backend == "sqlite":
        return ["PRAGMA query_only = ON"]
    return []


def _read_only(url: URL) -> URL:
    """SQLite opened so that a missing file stays missing and nothing can be written."""
    database = url.database or ""
    if not database or database == ":memory:" or database.startswith("file:"):
        return url
    return url.set(database=f"file:{database}", query={**url.query, "mode": "ro", "uri": "true"})
