"""One live SQL source: asked with fetches, answers with canonical rows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Mapping as Map
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement

from resolvers.connectors.guard import DeadlinePassed, within
from resolvers.connectors.sql.engine import open_engine
from resolvers.connectors.sql.faults import code_of
from resolvers.connectors.sql.once import fills, once
from resolvers.connectors.sql.shape import Shape, look
from resolvers.connectors.sql.statement import Statement, StatementBuilder
from resolvers.connectors.sql.stop import Stops
from resolvers.entity import Model
from resolvers.errors import SourceError
from resolvers.fetch import Accepted, Access, Fetch, Linked, LinkRows, Listing, OrderKey, Row
from resolvers.mapping import Mapping
from resolvers.observation import Observe, SourceCall
from resolvers.operand import clock_parameters
from resolvers.predicate import Predicate
from resolvers.source import Source

T = TypeVar("T")
# A statement without an end of its own still ends: more rows than this from one call are no answer but a mistake.
MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement that was sent; its text is made when somebody wants it. Values are not in it."""

    clause: ClauseElement
    dialect: Dialect

    def __str__(self) -> str:
        return str(self.clause.compile(dialect=self.dialect))


class SqlSource:
    """A pool of connections to one database, and what its mapped tables look like."""

    def __init__(self, source: Source, model: Model, mappings: Iterable[Mapping]) -> None:
        self.source = source
        self.model = model
        self._mappings = {mapping.id: mapping for mapping in mappings}
        self._tables = frozenset(table for mapping in self._mappings.values() for table in mapping.tables())
        self._engine = open_engine(source.url, deadline=source.deadline, max_concurrent=source.max_concurrent)
        self._stops = Stops(self._engine)
        self._shape: Shape | None = None

    async def rows(self, fetch: Fetch, access: Access, observe: Observe) -> list[Row]:
        """The rows of a fetch. SourceError where the source fails."""

        limit = access.window.limit if isinstance(access, Listing) else None
        while True:
            asked = access
            if isinstance(access, Listing):
                asked = replace(access, window=replace(access.window, limit=limit))

            def build(builder: StatementBuilder, asked: Access = asked) -> Statement | None:
                return builder.rows(fetch, asked)

            rows = await self._ask(build, fetch.entity, type(access).__name__, observe, fetch.now)
            found = once(rows, fetch.issues)
            if limit is None or len(found) == len(rows) or not fills(rows, limit):
                return found
            limit *= 2  # rows with one key took the places of others

    async def links(self, mappings: Iterable[Mapping], entity: str, wanted: LinkRows, observe: Observe) -> list[Linked]:
        """What link tables name."""
        found = list(mappings)
        return await self._ask(
            lambda builder: builder.link_rows(found, wanted), entity, "LinkRows", observe, wanted.now
        )

    async def accept(
        self, fetch: Fetch, condition: Predicate | None, order: Sequence[OrderKey], observe: Observe
    ) -> Accepted:
        """What the database does of a condition and an order itself."""

        async def look(connection: AsyncConnection, _told: list[Sent]) -> Shape:
            return await self._look(connection)

        shape = self._shape
        if shape is None:
            shape = await self._guarded(look, fetch.entity, "Accept", observe, lambda _: 0)
        return StatementBuilder(self.model, shape, self.source.zone).accept(fetch, condition, order)

    async def count(self, fetch: Fetch, condition: Predicate | None, observe: Observe) -> int:
        """How many rows a listing has, whole."""

        async def call(connection: AsyncConnection, told: list[Sent]) -> int:
            builder = StatementBuilder(self.model, await self._look(connection), self.source.zone)
            statement = builder.count(fetch, condition)
            told.append(Sent(statement, connection.dialect))
            return int((await connection.execute(statement, self._clocks(fetch.now))).scalar_one())

        return await self._guarded(call, fetch.entity, "Count", observe, lambda _: 1)

    async def shape(self) -> Shape:
        """What the mapped tables look like now, looked at afresh."""
        self._shape = None

        async def call(connection: AsyncConnection, _told: list[Sent]) -> Shape:
            return await self._look(connection)

        return await self._guarded(call, "", "Shape", lambda _: None, lambda _: 0)

    async def survey(self, call: Callable[[AsyncConnection, StatementBuilder], Awaitable[T]]) -> T:
        """What a call on a connection finds out, inside the deadline. SourceError where the source fails."""

        async def looked(connection: AsyncConnection, _told: list[Sent]) -> T:
            return await call(connection, StatementBuilder(self.model, await self._look(connection), self.source.zone))

        return await self._guarded(looked, "", "Survey", lambda _: None, lambda _: 0)

    async def close(self) -> None:
        """Close the pool; what does not end within the deadline is left behind."""
        await self._stops.close()
        with suppress(DeadlinePassed):
            await within(self.source.deadline, self._engine.dispose, lambda: None)

    async def _ask(
        self,
        build: Callable[[StatementBuilder], Statement | None],
        entity: str,
        access: str,
        observe: Observe,
        now: datetime | None,
    ) -> list[Any]:
        async def call(connection: AsyncConnection, told: list[Sent]) -> list[Any]:
            shape = await self._look(connection)
            statement = build(StatementBuilder(self.model, shape, self.source.zone, self._mappings))
            if statement is None:
                return []
            told.append(Sent(statement.clause, connection.dialect))
            result = await connection.execute(statement.clause, self._clocks(now))
            rows = result.fetchmany(MOST_ROWS + 1)
            if len(rows) > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS} rows")
            return statement.read(rows)

        return await self._guarded(call, entity, access, observe, len)

    def _clocks(self, now: datetime | None) -> Map[str, Any]:
        """What statements that look at a clock are given."""
        return clock_parameters(datetime.now(UTC) if now is None else now, self.source.zone)

    async def _look(self, connection: AsyncConnection) -> Shape:
        if self._shape is None:
            self._shape = await look(connection, self._tables)
        return self._shape

    async def _guarded(
        self,
        call: Callable[[AsyncConnection, list[Sent]], Awaitable[T]],
        entity: str,
        access: str,
        observe: Observe,
        size: Callable[[T], int],
    ) -> T:
        """The call on a pooled connection, inside the source's deadline; tried anew, once, where that can help."""
        began = time.perf_counter()
        told: list[Sent] = []
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
            observe(SourceCall(self.source.id, entity, access, tuple(told), rows, spent, error, detail))

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
