"""One live SQL source: asked with fetches, answers with canonical rows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.connectors.guard import DeadlinePassed, within
from resolvers.connectors.sql.engine import open_engine
from resolvers.connectors.sql.faults import code_of
from resolvers.connectors.sql.shape import Shape, look
from resolvers.connectors.sql.statement import Statement, StatementBuilder
from resolvers.connectors.sql.stop import Stops
from resolvers.entity import Model
from resolvers.errors import SourceError
from resolvers.fetch import Accepted, Access, Fetch, Linked, LinkRows, OrderKey, Row
from resolvers.mapping import Mapping
from resolvers.observation import Observe, SourceCall
from resolvers.predicate import Predicate
from resolvers.source import Source

T = TypeVar("T")
# A statement without an end of its own still ends: more rows than this from one call are no answer but a mistake.
MOST_ROWS = 200_000


class SqlSource:
    """A pool of connections to one database, and what its mapped tables look like."""

    def __init__(self, source: Source, model: Model, mappings: Iterable[Mapping]) -> None:
        self.source = source
        self.model = model
        self._tables = frozenset(table for mapping in mappings for table in mapping.tables())
        self._engine = open_engine(source.url, deadline=source.deadline, max_concurrent=source.max_concurrent)
        self._stops = Stops(self._engine)
        self._shape: Shape | None = None

    async def rows(self, fetch: Fetch, access: Access, observe: Observe) -> list[Row]:
        """The rows of a fetch. SourceError where the source fails."""

        def build(builder: StatementBuilder) -> Statement | None:
            return builder.rows(fetch, access)

        return await self._ask(build, fetch.entity, type(access).__name__, observe)

    async def links(self, mappings: Iterable[Mapping], entity: str, wanted: LinkRows, observe: Observe) -> list[Linked]:
        """What link tables name."""
        found = list(mappings)
        return await self._ask(lambda builder: builder.link_rows(found, wanted), entity, "LinkRows", observe)

    async def accept(
        self, fetch: Fetch, condition: Predicate | None, order: Sequence[OrderKey], observe: Observe
    ) -> Accepted:
        """What the database does of a condition and an order itself."""
        return Accepted(condition, None, True)

    async def count(self, fetch: Fetch, condition: Predicate | None, observe: Observe) -> int:
        """How many rows a listing has, whole."""

        async def call(connection: AsyncConnection, told: list[str]) -> int:
            builder = StatementBuilder(self.model, await self._look(connection), self.source.zone)
            statement = builder.count(fetch, condition)
            told.append(str(statement))
            return int((await connection.execute(statement)).scalar_one())

        return await self._guarded(call, fetch.entity, "Count", observe, lambda _: 1)

    async def shape(self) -> Shape:
        """What the mapped tables look like now, looked at afresh."""
        self._shape = None

        async def call(connection: AsyncConnection, _told: list[str]) -> Shape:
            return await self._look(connection)

        return await self._guarded(call, "", "Shape", lambda _: None, lambda _: 0)

    async def close(self) -> None:
        """Close the pool; what does not end within the deadline is left behind."""
        await self._stops.close()
        with suppress(DeadlinePassed):
            await within(self.source.deadline, self._engine.dispose, lambda: None)

    async def _ask(
        self, build: Callable[[StatementBuilder], Statement | None], entity: str, access: str, observe: Observe
    ) -> list[Any]:
        async def call(connection: AsyncConnection, told: list[str]) -> list[Any]:
            shape = await self._look(connection)
            statement = build(StatementBuilder(self.model, shape, self.source.zone))
            if statement is None:
                return []
            told.append(str(statement.clause))
            result = await connection.execute(statement.clause)
            rows = result.fetchmany(MOST_ROWS + 1)
            if len(rows) > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS} rows")
            return statement.read(rows)

        return await self._guarded(call, entity, access, observe, len)

    async def _look(self, connection: AsyncConnection) -> Shape:
        if self._shape is None:
            self._shape = await look(connection, self._tables)
        return self._shape

    async def _guarded(
        self,
        call: Callable[[AsyncConnection, list[str]], Awaitable[T]],
        entity: str,
        access: str,
        observe: Observe,
        size: Callable[[T], int],
    ) -> T:
        """The call on a pooled connection, inside the source's deadline; tried anew, once, where that can help."""
        began = time.perf_counter()
        told: list[str] = []
        held: list[AsyncConnection] = []

        async def connected() -> T:
            async with self._engine.connect() as connection:
                held.append(connection)
                try:
                    return await call(connection, told)
                finally:
                    held.clear()

        async def twice() -> T:
            looked = self._shape is None
            try:
                return await connected()
            except Exception as error:
                # A broken connection, or tables that are no longer as they were when they were looked at.
                drifted = code_of(error) == "SOURCE_SCHEMA_DRIFT"
                if drifted:
                    self._shape = None
                if looked if drifted else not (isinstance(error, DBAPIError) and error.connection_invalidated):
                    raise
                return await connected()

        def stop() -> None:
            for connection in held:
                self._stops.stop(connection)

        def tell(rows: int, error: str | None = None, detail: str = "") -> None:
            spent = time.perf_counter() - began
            observe(SourceCall(self.source.id, entity, access, "; ".join(told), rows, spent, error, detail))

        try:
            found = await within(self.source.deadline, twice, stop)
        except Exception as error:
            code = code_of(error)
            if code == "SOURCE_SCHEMA_DRIFT":
                self._shape = None
            detail = self.source.without_secrets(f"{type(error).__name__}: {error}")
            tell(0, code, detail)
            raise SourceError(code, partner=self.source.partner, source=self.source.label, detail=detail) from error
        tell(size(found))
        return found
