"""What a database says of the rows that mappings read: how many, how filled, which codes, which keys. For `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, inspect, literal, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Integer

from resolvers.border import target_reading
from resolvers.connectors.sql.joined import with_join, with_used
from resolvers.connectors.sql.leading import link_tables
from resolvers.connectors.sql.render import Renderer, mapping_tables
from resolvers.connectors.sql.source import SqlSource
from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.fetch import Access, Fetch, Row
from resolvers.identifier import Token
from resolvers.local_key import key_text
from resolvers.mapping import Link, Mapping, Target, Value
from resolvers.predicate import conjunction, conjuncts, names

BOUND = 100_000  # rows that are counted exactly; of a larger table these many are looked at
CODES = 200  # distinct codes of a column that are told
TOKENS = 5_000  # distinct keys of a reference that are followed


@dataclass(frozen=True, slots=True)
class Filled:
    """rows: how many were counted; whole: all there are. filled: of each value, how many rows say something."""

    rows: int
    whole: bool
    filled: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """keys: how many stand in several rows; rows: in how many. examples: a few, with how often."""

    keys: int
    rows: int
    examples: tuple[tuple[str, int], ...]


class Survey:
    """Counts over the rows of one source. Every call is one statement inside the source's deadline; SourceError."""

    def __init__(self, source: SqlSource) -> None:
        self._source = source

    async def sample(self, fetch: Fetch, access: Access) -> list[Row]:
        """Rows as queries read them."""
        return await self._source.rows(fetch, access, lambda _: None)

    async def filled(self, mapping: Mapping, values: Sequence[Sequence[Value]]) -> Filled:
        """How many rows a mapping has and how many of them say something in one of some values, up to the bound."""

        def statement(builder: StatementBuilder) -> Select[Any]:
            def elements(renderer: Renderer) -> list[ColumnElement[Any]]:
                said = (or_(*(renderer.value(value).is_not(None) for value in members)) for members in values)
                return [literal(1, Integer()), *(case((found, 1)) for found in said)]

            inner = builder.records(mapping, elements, BOUND + 1).subquery("r")
            counts: list[ColumnElement[Any]] = [func.count(column) for column in inner.c]
            return select(*counts)

        ((rows, *filled),) = await self._rows(statement)
        return Filled(min(rows, BOUND), rows <= BOUND, tuple(filled))

    async def codes(self, mapping: Mapping, value: Value) -> list[tuple[str | None, int]]:
        """The distinct raw values of a leaf as texts, the most frequent first, with how many rows have them."""

        def statement(builder: StatementBuilder) -> Select[Any]:
            def elements(renderer: Renderer) -> list[ColumnElement[Any]]:
                return [renderer.code_point(renderer.value(value))]

            inner = builder.records(mapping, elements, BOUND).subquery("r")
            return _grouped(inner.c, CODES + 1)

        return [(code, count) for code, count in sorted(await self._rows(statement), key=_frequent)]

    async def repeated(self, mapping: Mapping) -> Repeated:
        """The keys that stand in several of a mapping's rows."""

        def statement(builder: StatementBuilder) -> Select[Any]:
            def elements(renderer: Renderer) -> list[ColumnElement[Any]]:
                return [renderer.key(name) for name in mapping.key]

            inner = builder.records(mapping, elements, BOUND, whole=True).subquery("r")
            count = func.count()
            groups = select(*inner.c, count.label("n")).group_by(*inner.c).having(count > 1).subquery("g")
            totals = (func.count().over(), func.sum(groups.c.n).over())
            return select(*groups.c, *totals).order_by(groups.c.n.desc()).limit(3)

        found = await self._rows(statement)
        if not found:
            return Repeated(0, 0, ())
        keys, rows = found[0][-2:]
        return Repeated(int(keys), int(rows), tuple((key_text(row[:-3]) or "", int(row[-3])) for row in found))

    async def repeated_in_table(self, mapping: Mapping, joins: Iterable[str]) -> Repeated:
        """The same with some of the mapping's joins only, and without a condition that needs others."""
        kept = frozenset(joins)
        return await self.repeated(
            replace(
                mapping,
                joins={name: join for name, join in mapping.joins.items() if name in kept},
                where=mapping.where if mapping.where is not None and needed(mapping) <= kept else None,
                fields={},
            )
        )

    async def keyless(self, mapping: Mapping) -> int:
        """How many of the rows that a mapping's condition leaves lack a part of their key."""

        def statement(builder: StatementBuilder) -> Select[Any]:
            renderer = Renderer(mapping_tables(builder.shape, replace(mapping, distinct=False)))
            wanted = [or_(*(renderer.tables.column(name).is_(None) for name in mapping.key))]
            if mapping.where is not None:
                wanted.append(renderer.predicate(mapping.where))
            one = select(literal(1, Integer()).label("one")).select_from(renderer.tables.named[""])
            found = with_used(one, mapping.joins, renderer).where(*wanted)
            return select(func.count()).select_from(found.limit(BOUND).subquery("r"))

        ((count,),) = await self._rows(statement)
        return int(count)

    async def size(self, table: str) -> int:
        """How many rows a table has, up to the bound."""

        def statement(builder: StatementBuilder) -> Select[Any]:
            found = select(literal(1, Integer()).label("one")).select_from(builder.shape.tables[table])
            return select(func.count()).select_from(found.limit(BOUND).subquery("r"))

        ((count,),) = await self._rows(statement)
        return int(count)

    async def tables(self) -> list[str]:
        """Every table and view of the database, as a mapping names it."""

        async def call(connection: AsyncConnection, _builder: StatementBuilder) -> list[str]:
            return await connection.run_sync(_tables)

        return await self._source.survey(call)

    async def tokens(self, mapping: Mapping, path: str, link: Link) -> list[tuple[Token | None, tuple[Any, ...], int]]:
        """What a reference or link names: each token once (None: columns that make none), with the columns and how many
        rows name it; rows that say nothing are left out."""
        targets: list[Target] = [link.target]

        def statement(builder: StatementBuilder) -> Select[Any]:
            values = target_reading(builder.model, targets[0], builder.zone, path).values
            if link.table is None:
                leading = replace(mapping, where=conjunction((*conjuncts(mapping.where), *conjuncts(link.only))))
                inner = builder.records(leading, lambda renderer: map(renderer.value, values), BOUND)
            else:
                renderer = Renderer(link_tables(builder.shape, link))
                columns = [renderer.value(value).label(f"c{index}") for index, value in enumerate(values)]
                inner = select(*columns).select_from(renderer.tables.named[""]).limit(BOUND)
                for join in link.joins.values():
                    inner = with_join(inner, join, renderer)
                if link.where is not None:
                    inner = inner.where(renderer.predicate(link.where))
            rows = inner.subquery("r")
            said = and_(*(column.is_not(None) for column in rows.c))
            return _grouped(rows.c, TOKENS).where(said)

        found = sorted(await self._rows(statement), key=_frequent)
        build = target_reading(self._source.model, link.target, self._source.source.zone, path).build
        return [(build(row[:-1], None), tuple(row[:-1]), int(row[-1])) for row in found]

    async def ask(self, call: Callable[[AsyncConnection, StatementBuilder], Any]) -> Any:
        """What any other call on a connection finds out."""
        return await self._source.survey(call)

    async def _rows(self, statement: Callable[[StatementBuilder], Select[Any]]) -> list[Any]:
        async def call(connection: AsyncConnection, builder: StatementBuilder) -> list[Any]:
            return list((await connection.execute(statement(builder))).fetchall())

        return await self._source.survey(call)


def _frequent(row: Sequence[Any]) -> tuple[int, str]:
    """Sorts groups by how many rows they have, and then the same on every engine."""
    return -row[-1], str(tuple(row[:-1]))


def _tables(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    own = inspector.default_schema_name
    system = {"information_schema", "performance_schema", "mysql", "sys"}
    schemas = [None] if connection.dialect.name == "sqlite" else inspector.get_schema_names()
    found: list[str] = []
    for schema in schemas:
        if schema in system and schema != own:
            continue
        names = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
        found += [name if schema in (None, own) else f"{schema}.{name}" for name in names]
    return found


def needed(mapping: Mapping) -> set[str]:
    """The joins that a mapping's condition looks at."""
    found = names(mapping.where) if mapping.where is not None else ()
    return {name.rpartition(".")[0] for name in found} - {""}


def _grouped(columns: Any, most: int) -> Select[Any]:
    count = func.count()
    return select(*columns, count.label("n")).group_by(*columns).order_by(count.desc()).limit(most)
