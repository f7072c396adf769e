"""Which columns and orders of a database an index serves. For `check`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ClauseElement, Executable

from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.fetch import Arm, Fetch, Listing, OrderKey, Window
from resolvers.mapping import Mapping

PAGE = 51


@dataclass(frozen=True, slots=True)
class Indexes:
    """Of each table the columns of its indexes, those without which it is no index left out; unique: of unique ones."""

    columns: Map[str, tuple[tuple[str, ...], ...]]
    unique: Map[str, tuple[frozenset[str], ...]]

    def serves(self, table: str, wanted: Collection[str], known: Collection[str] = ()) -> bool:
        """Whether rows are found by some of these columns without a look at all; the `known` have one value only."""
        for index in self.columns.get(table, ()):
            led = takewhile(lambda column: column in wanted or column in known, index)
            if any(column in wanted for column in led):
                return True
        return False

    def orders(self, table: str, wanted: Sequence[str]) -> bool:
        """Whether an index gives the rows in the order of these columns."""
        return any(index[: len(wanted)] == tuple(wanted) for index in self.columns.get(table, ()))

    def is_unique(self, table: str, wanted: Sequence[str]) -> bool:
        """Whether the database itself sees to it that no two rows have the same values there."""
        return any(unique <= set(wanted) for unique in self.unique.get(table, ()))


async def indexes(connection: AsyncConnection, builder: StatementBuilder) -> Indexes:
    """The indexes of the mapped tables."""
    return await connection.run_sync(_indexes, sorted(builder.shape.tables))


def _indexes(connection: Connection, names: Sequence[str]) -> Indexes:
    inspector: Any = inspect(connection)
    columns: dict[str, tuple[tuple[str, ...], ...]] = {}
    unique: dict[str, tuple[frozenset[str], ...]] = {}
    for name in names:
        schema, _, table = name.rpartition(".")
        where = {"table_name": table, "schema": schema or None}
        found: list[tuple[str, ...]] = []
        alone: list[frozenset[str]] = []
        try:
            primary = tuple(inspector.get_pk_constraint(**where).get("constrained_columns") or ())
            others = inspector.get_indexes(**where)
            constraints = inspector.get_unique_constraints(**where)
        except (SQLAlchemyError, NotImplementedError):  # a view has none of them
            continue
        if primary:
            found.append(primary)
            alone.append(frozenset(primary))
        for index in others:
            named = [column for column in index["column_names"] if column is not None]
            partial = any(key.endswith("_where") and value for key, value in index.get("dialect_options", {}).items())
            if named and named == index["column_names"][: len(named)] and not partial:
                found.append(tuple(named))
                if index["unique"] and len(named) == len(index["column_names"]):
                    alone.append(frozenset(named))
        for constraint in constraints:
            found.append(tuple(constraint["column_names"]))
            alone.append(frozenset(constraint["column_names"]))
        columns[name], unique[name] = tuple(found), tuple(alone)
    return Indexes(columns, unique)


class Explain(Executable, ClauseElement):
    """How the database would execute a statement, asked for and not done."""

    inherit_cache = False

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(Explain)
def _explain(element: Explain, compiler: Any, **options: Any) -> str:
    word = "EXPLAIN QUERY PLAN " if compiler.dialect.name == "sqlite" else "EXPLAIN "
    return word + str(compiler.process(element.statement, **options))


async def served(
    connection: AsyncConnection, builder: StatementBuilder, mapping: Mapping, order: Sequence[OrderKey]
) -> bool:
    """Whether an index gives a page of a mapping's rows in an order, so that nothing is sorted."""
    fetch = Fetch(mapping.source_id, mapping.entity, (), (Arm(mapping, frozenset(mapping.fields)),))
    statement = builder.rows(fetch, Listing(Window(tuple(order), limit=PAGE)))
    if statement is None:
        return True
    if builder.shape.dialect == "postgresql":  # a small table is read and sorted in any case: what would it do at best?
        await connection.execute(text("set enable_sort = off"))
    try:
        plan = " ".join(str(row) for row in await connection.execute(Explain(statement.clause)))
    finally:
        if builder.shape.dialect == "postgresql":
            await connection.execute(text("reset enable_sort"))
    return not any(word in plan for word in ("Sort", "Using filesort", "Using temporary", "FOR ORDER BY"))
