"""What the gateway itself must remember, in a database of its own."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, MetaData, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from resolvers.errors import CatalogError, GatewayError, Mistake
from resolvers.source import without_secrets

log = logging.getLogger(__name__)

METADATA = MetaData()
DEADLINE = 2.0  # s for one piece of work, connecting included
DRIVERS = "sqlite+aiosqlite:///state/gateway.sqlite or postgresql+asyncpg://user@host/database"

T = TypeVar("T")


class StateError(GatewayError):
    """The operator must act: the state database, or a secret beside it, cannot be used."""

    default = "STATE_UNAVAILABLE"


class State:
    """The state database, by an async SQLAlchemy URL. Tables of METADATA are made on first contact.

    Nothing is opened before the first `run`, so a gateway starts without its state database. url, engine: SQLAlchemy's.
    """

    def __init__(
        self, url: str, metadata: MetaData = METADATA, setting: str = "state.url", *, durable: bool = False
    ) -> None:
        """CatalogError, told of the setting, where there is no such dialect or its driver is not installed.

        metadata: the tables that are made. durable: what was committed is still there after a power cut, on SQLite too.
        """
        self._text = url
        self._metadata = metadata
        self.url = _url(url, setting)
        self.engine = _engine(self.url, setting, durable)
        self._ready = False

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]], deadline: float = DEADLINE) -> T:
        """Do some work in one transaction. StateError where the database fails or does not answer in time."""
        return await self.bounded(self._transaction(work), deadline)

    async def reach(self) -> None:
        """Connect and no more, nothing is made: StateError where that fails. A SQLite file may still be missing."""
        if not self._missing_file():
            await self.bounded(self._connect(), DEADLINE)

    async def close(self) -> None:
        """Close its connections; those that do not answer are left behind."""
        with suppress(StateError):
            await self.bounded(self.engine.dispose(), DEADLINE)

    async def bounded(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """What some work on the database comes to. StateError where it fails or is not done in time."""
        task = asyncio.create_task(work)
        task.add_done_callback(_forget)
        # Not asyncio.timeout: a driver that talks to a dead peer may also hang while it is being cancelled, and then
        # holds whoever waits for it.
        done, _ = await asyncio.wait({task}, timeout=deadline)
        if not done:
            task.cancel()
            raise StateError(f"The state database did not answer within {deadline:g} s.")
        try:
            return task.result()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise self._unusable(error) from None  # its words may be of the URL

    def _missing_file(self) -> bool:
        return self.url.get_backend_name() == "sqlite" and not Path(self.url.database or "").exists()

    def _unusable(self, error: Exception) -> StateError:
        log.info("state database: %s", without_secrets(str(error), self._text))
        return StateError("The state database cannot be used.", hint=without_secrets(_reason(error), self._text))

    async def _connect(self) -> None:
        async with self._begin():
            pass

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self.engine.connect())
            except (TypeError, ValueError) as error:  # an option in the URL that the driver does not take
                raise self._unusable(error) from None
            await stack.enter_async_context(connection.begin())
            yield connection

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        if not self._ready:
            await self._prepare()
        async with self._begin() as connection:
            return await work(connection)

    async def _prepare(self) -> None:
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            _private_file(Path(self.url.database))
        try:
            async with self._begin() as connection:
                await connection.run_sync(self._metadata.create_all)
        except SQLAlchemyError:
            # Two gateways that start together both find no table and both make it; the second look finds it.
            async with self._begin() as connection:
                await connection.run_sync(self._metadata.create_all)
        self._ready = True


def _url(text: str, setting: str) -> URL:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise _mistake(setting, "This is not a database URL.") from None


def _engine(url: URL, setting: str, durable: bool) -> AsyncEngine:
    arguments: dict[str, Any] = {}
    if url.drivername == "postgresql+asyncpg":
        arguments = {"timeout": DEADLINE, "command_timeout": DEADLINE}
    elif url.drivername == "sqlite+aiosqlite":
        arguments = {"timeout": DEADLINE * 0.75}  # a writer waits for another one, but not past the deadline
    try:
        engine = create_async_engine(
            url, connect_args=arguments, pool_pre_ping=True, pool_size=4, max_overflow=0, hide_parameters=True
        )
    except (ArgumentError, NoSuchModuleError, ImportError, SQLAlchemyError):
        raise _mistake(setting, f"{url.drivername!r} is not an async database driver that is installed.") from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _durable_session if durable else _sqlite_session)
    return engine


def _mistake(setting: str, message: str) -> CatalogError:
    return CatalogError([Mistake("CATALOG_WRONG_VALUE", "gateway.toml", setting, message, f"like {DRIVERS}")])


def _sqlite_session(connection: Any, _record: Any) -> None:
    # WAL: the command line may write while the gateway reads.
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode=wal")
    cursor.execute("pragma synchronous=normal")
    cursor.close()


def _durable_session(connection: Any, record: Any) -> None:
    _sqlite_session(connection, record)
    cursor = connection.cursor()
    cursor.execute("pragma synchronous=full")
    cursor.close()


def _forget(task: asyncio.Future[Any]) -> None:
    """Nobody may be left to hear how it ended."""
    if not task.cancelled():
        task.exception()


def _reason(error: BaseException) -> str:
    """The driver's own words, on one line and without the statement."""
    return str(getattr(error, "orig", None) or error).splitlines()[0][:200] if str(error) else type(error).__name__


def _private_file(path: Path) -> None:
    """Make a file that only this account may read, before somebody makes it otherwise."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
