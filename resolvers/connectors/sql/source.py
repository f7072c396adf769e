"""One live SQL source: asked with fetches, answers with canonical rows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Mapping as Map
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement

from resolvers.connectors.guard import Deadline, DeadlinePassed, within
from resolvers.connectors.sql.driver import as_told, runner
from resolvers.connectors.sql.engine import open_engine
from resolvers.connectors.sql.faults import code_of
from resolvers.connectors.sql.lease import Lease, Leases
from resolvers.connectors.sql.once import fills, once
from resolvers.connectors.sql.prepared import Prepared, Unfit
from resolvers.connectors.sql.shape import Shape, look
from resolvers.connectors.sql.statement import Statement, StatementBuilder
from resolvers.connectors.sql.stop import Stops
from resolvers.connectors.sql.structure import structure
from resolvers.entity import Model
from resolvers.errors import SourceError
from resolvers.fetch import Accepted, Access, Fetch, Linked, LinkRows, Listing, OrderKey, Row
from resolvers.mapping import Mapping
from resolvers.observation import Observe, SourceCall
from resolvers.operand import clock_parameters
from resolvers.predicate import Predicate
from resolvers.source import Source

T = TypeVar("T")
Build = Callable[[StatementBuilder, Any], Statement | None]
# A statement without an end of its own still ends: more rows than this from one call are no answer but a mistake.
MOST_ROWS = 200_000
_NO_CLOCKS: Map[str, Any] = {}
# Statements that are kept for one fetch, and for the link tables of one source.
KEPT = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement that was sent; its text is made when somebody wants it. Values are not in it."""

    clause: ClauseElement
    dialect: Dialect

    def __str__(self) -> str:
        return str(self.clause.compile(dialect=self.dialect))


class SqlSource:
    """The connections to one database, and what its mapped tables look like."""

    def __init__(self, source: Source, model: Model, mappings: Iterable[Mapping]) -> None:
        self.source = source
        self.model = model
        self._mappings = {mapping.id: mapping for mapping in mappings}
        self._tables = frozenset(table for mapping in self._mappings.values() for table in mapping.tables())
        self._engine = open_engine(source.url, deadline=source.deadline)
        self._stops = Stops(self._engine)
        # Waiting in vain is told as such, not as a source that is slow.
        self.leases = Leases(self._engine, self._stops, source.max_concurrent, source.deadline * 0.9)
        self._run = runner(self._engine)
        self._deadline = Deadline(source.deadline)
        self._shape: Shape | None = None
        self._links: dict[Any, Any] = {}

    @property
    def looks(self) -> Shape | None:
        """What the mapped tables looked like when they were last looked at: another object after each look; None where
        they are to be looked at anew."""
        return self._shape

    async def rows(self, fetch: Fetch, access: Access, observe: Observe, now: datetime | None = None) -> list[Row]:
        """The rows of a fetch. now: the request's clock, for forms that look at one. SourceError where the source
        fails."""
        limit = access.window.limit if isinstance(access, Listing) else None

        def build(builder: StatementBuilder, asked: Access) -> Statement | None:
            return builder.rows(fetch, asked)

        while True:
            rows = await self._ask(fetch.prepared, structure(access), access, build, fetch.entity, observe, now)
            found = once(rows, fetch.issues)
            if limit is None or len(found) == len(rows) or not fills(rows, limit):
                return found
            limit *= 2  # rows with one key took the places of others
            assert isinstance(access, Listing)
            access = replace(access, window=replace(access.window, limit=limit))

    async def links(
        self,
        mappings: Iterable[Mapping],
        entity: str,
        wanted: LinkRows,
        observe: Observe,
        now: datetime | None = None,
    ) -> list[Linked]:
        """What link tables name."""
        found = list(mappings)
        form = structure(wanted)
        key = None if form is None else (form, tuple(map(id, found)))

        def build(builder: StatementBuilder, asked: LinkRows) -> Statement | None:
            return builder.link_rows(found, asked)

        return await self._ask(self._links, key, wanted, build, entity, observe, now)

    async def accept(
        self, fetch: Fetch, condition: Predicate | None, order: Sequence[OrderKey], observe: Observe
    ) -> Accepted:
        """What the database does of a condition and an order itself."""

        async def look(connection: AsyncConnection, _told: list[object]) -> Shape:
            return await self._look(connection)

        shape = self._shape
        if shape is None:
            shape = await self._guarded(look, fetch.entity, "Accept", observe, lambda _: 0)
        return StatementBuilder(self.model, shape, self.source.zone, self._mappings).accept(fetch, condition, order)

    async def count(
        self, fetch: Fetch, condition: Predicate | None, observe: Observe, now: datetime | None = None
    ) -> int:
        """How many rows a listing has, whole."""

        async def call(connection: AsyncConnection, told: list[object]) -> int:
            builder = StatementBuilder(self.model, await self._look(connection), self.source.zone, self._mappings)
            statement = builder.count(fetch, condition)
            told.append(Sent(statement, connection.dialect))
            return int((await connection.execute(statement, self._clocks(now))).scalar_one())

        return await self._guarded(call, fetch.entity, "Count", observe, lambda _: 1)

    async def shape(self) -> Shape:
        """What the mapped tables look like now, looked at afresh."""
        self._shape = None

        async def call(connection: AsyncConnection, _told: list[object]) -> Shape:
            return await self._look(connection)

        return await self._guarded(call, "", "Shape", lambda _: None, lambda _: 0)

    async def survey(self, call: Callable[[AsyncConnection, StatementBuilder], Awaitable[T]]) -> T:
        """What a call on a connection finds out, inside the deadline. SourceError where the source fails."""

        async def looked(connection: AsyncConnection, _told: list[object]) -> T:
            shape = await self._look(connection)
            return await call(connection, StatementBuilder(self.model, shape, self.source.zone, self._mappings))

        return await self._guarded(looked, "", "Survey", lambda _: None, lambda _: 0)

    async def close(self) -> None:
        """Close every connection; what does not end within the deadline is left behind."""
        await self._stops.close()
        await self.leases.close(self.source.deadline)
        with suppress(DeadlinePassed):
            await within(self.source.deadline, self._engine.dispose, lambda: None)

    # asking ----------------------------------------------------------------------------------------------------------

    async def _ask(
        self,
        kept: dict[Any, Any],
        key: Any,
        asked: Access | LinkRows,
        build: Build,
        entity: str,
        observe: Observe,
        now: datetime | None,
    ) -> list[Any]:
        """What is asked, by the statement that is kept for the like of it."""
        ready = None if key is None else kept.get(key)
        if (
            ready.__class__ is not Prepared
            or ready.shape is not self._shape
            or self._run is None
            or not ready.statement.fills.fits(asked)
        ):
            return await self._anew(kept, key, asked, build, entity, observe, now)
        began = time.perf_counter()
        try:
            found = await self._run_it(ready, asked, now)
        except Exception as error:
            drifted = self._heed(error)
            spent = time.perf_counter() - began
            if not drifted and not _broken(error):
                self._fail(error, entity, type(asked).__name__, observe, ready.sent, spent)
            return await self._anew(kept, key, asked, build, entity, observe, now, spent=spent)
        observe(
            SourceCall(
                self.source.id,
                entity,
                asked.__class__.__name__,
                ready.sent,
                len(found),
                time.perf_counter() - began,
            )
        )
        return found

    async def _run_it(self, ready: Prepared, asked: Access | LinkRows, now: datetime | None) -> list[Any]:
        """Rows by a kept statement, on the driver's own connection."""
        assert self._run is not None
        text, values = ready.filled(asked, self._clocks(now) if ready.clocks else _NO_CLOCKS)
        leases = self.leases
        watch = self._deadline.begin()
        lease = None
        try:
            lease = leases.ready() or await leases.take()
            rows, types = await self._run(lease, text, values)
        except Exception as error:
            if lease is None:
                raise
            leases.discard(lease, cut=False)
            raise as_told(error, lease.connection, text) from error
        except BaseException:
            if lease is not None:
                leases.discard(lease, cut=True)
            if self._deadline.cancelled_by(watch):
                raise DeadlinePassed from None
            raise
        finally:
            self._deadline.end(watch)
        leases.give(lease)
        if len(rows) > MOST_ROWS:
            raise ValueError(f"more than {MOST_ROWS} rows")
        return ready.read(rows, types)

    async def _anew(
        self,
        kept: dict[Any, Any],
        key: Any,
        asked: Access | LinkRows,
        build: Build,
        entity: str,
        observe: Observe,
        now: datetime | None,
        spent: float | None = None,
    ) -> list[Any]:
        """What is asked, by a statement that is made for it; kept where the like of it was asked before."""

        async def call(connection: AsyncConnection, told: list[object]) -> list[Any]:
            shape = await self._look(connection)
            statement = build(StatementBuilder(self.model, shape, self.source.zone, self._mappings), asked)
            if statement is None:
                return []
            told.append(Sent(statement.clause, connection.dialect))
            filled = {name: fill(asked) for name, fill in statement.fills.by_name.items()}
            result = await connection.execute(statement.clause, {**self._clocks(now), **filled})
            rows = result.fetchmany(MOST_ROWS + 1)
            if len(rows) > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS} rows")
            if key is not None:
                self._keep(kept, key, statement, shape, connection.dialect)
            return statement.read(rows)

        return await self._guarded(call, entity, type(asked).__name__, observe, len, spent)

    def _keep(self, kept: dict[Any, Any], key: Any, statement: Statement, shape: Shape, dialect: Dialect) -> None:
        """Keep a statement when it comes for the second time: many never do."""
        if key not in kept:
            if len(kept) >= KEPT:
                kept.clear()
            kept[key] = None
        elif kept[key] is not Unfit:
            try:
                kept[key] = Prepared(statement, shape, dialect)
            except Unfit:
                kept[key] = Unfit

    def _clocks(self, now: datetime | None) -> Map[str, Any]:
        """What statements that look at a clock are given."""
        return clock_parameters(datetime.now(UTC) if now is None else now, self.source.zone)

    async def _look(self, connection: AsyncConnection) -> Shape:
        if self._shape is None:
            self._shape = await look(connection, self._tables)
        return self._shape

    async def _guarded(
        self,
        call: Callable[[AsyncConnection, list[object]], Awaitable[T]],
        entity: str,
        access: str,
        observe: Observe,
        size: Callable[[T], int],
        spent: float | None = None,
    ) -> T:
        """The call on a connection, inside the source's deadline; tried anew, once, where that can help.

        spent: seconds that a first try took already.
        """
        began = time.perf_counter() - (spent or 0)
        told: list[object] = []
        held: list[Lease] = []

        async def connected() -> T:
            lease = await self.leases.take()
            held.append(lease)
            try:
                found = await call(lease.connection, told)
                if self._run is None:
                    await lease.connection.rollback()
            except BaseException as error:
                held.clear()
                self.leases.discard(lease, cut=not isinstance(error, Exception))
                raise
            held.clear()
            self.leases.give(lease)
            return found

        async def twice() -> T:
            looked = self._shape is None
            try:
                return await connected()
            except Exception as error:
                # A broken connection, or tables that are no longer as they were when they were looked at.
                drifted = self._heed(error)
                if spent is not None or (looked if drifted else not _broken(error)):
                    raise
                return await connected()

        def stop() -> None:
            for lease in held:
                self._stops.stop(lease.driver)

        try:
            found = await within(self.source.deadline - (spent or 0), twice, stop)
        except Exception as error:
            if code_of(error) == "SOURCE_SCHEMA_DRIFT":
                self._shape = None
            self._fail(error, entity, access, observe, tuple(told), time.perf_counter() - began)
        seconds = time.perf_counter() - began
        observe(SourceCall(self.source.id, entity, access, tuple(told), size(found), seconds))
        return found

    def _heed(self, error: Exception) -> bool:
        """Take in what an error tells: whether the tables are no longer as they were; that the server is gone."""
        if _broken(error):
            self.leases.drop()
        if code_of(error) != "SOURCE_SCHEMA_DRIFT":
            return False
        self._shape = None
        self.leases.forget()
        return True

    def _fail(
        self, error: Exception, entity: str, access: str, observe: Observe, sent: tuple[object, ...], spent: float
    ) -> NoReturn:
        code = code_of(error)
        detail = self.source.without_secrets(f"{type(error).__name__}: {error}")
        observe(SourceCall(self.source.id, entity, access, sent, 0, spent, code, detail))
        raise SourceError(code, partner=self.source.partner, source=self.source.label, detail=detail) from error


def _broken(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
