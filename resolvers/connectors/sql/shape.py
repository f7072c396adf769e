"""What a live database's mapped tables look like: columns and types, looked at on first contact."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.connectors.sql.column_type import wanted
from resolvers.connectors.sql.refusal import Drifted
from resolvers.connectors.sql.unique import Unique, unique


@dataclass(frozen=True, slots=True)
class Shape:
    """The tables that exist, by the name that mappings use. A name that is absent has no table behind it.

    unique: by that name, the sets of columns of which no two rows have the same values.
    """

    tables: Map[str, Table]
    dialect: str
    mariadb: bool = False
    unique: Unique = field(default_factory=dict)
    _aliases: dict[tuple[str, str], Table] = field(default_factory=dict, repr=False, compare=False)

    def alias(self, table: str, name: str) -> Table:
        """A table under another name, the same each time: one of many columns is dear to make. Drifted where there is
        no such table."""
        if table not in self.tables:
            raise Drifted(f"no table {table!r}")
        if (table, name) not in self._aliases:
            self._aliases[table, name] = self.tables[table].alias(name)  # type: ignore[assignment]
        return self._aliases[table, name]


async def look(connection: AsyncConnection, names: Iterable[str]) -> Shape:
    """The shape of the named tables ("table" or "schema.table"); only these are looked at."""
    return await connection.run_sync(_look, sorted(set(names)))


def _look(connection: Connection, names: list[str]) -> Shape:
    inspector = inspect(connection)
    metadata = MetaData()
    tables = {}
    for name in names:
        schema, _, short = name.rpartition(".")
        found = _columns(inspector, short, schema or None, connection.dialect.name)
        if found is not None:
            if connection.dialect.name in ("mysql", "mariadb"):
                _tell_charsets(connection, schema, short, found)
            tables[name] = Table(short, metadata, *found, schema=schema or None)
    dialect = connection.dialect
    return Shape(tables, dialect.name, bool(getattr(dialect, "is_mariadb", False)), unique(connection, tables))


def _tell_charsets(connection: Connection, schema: str, table: str, columns: Iterable[Column[Any]]) -> None:
    """Put on the types which characters the columns can hold and by which collation (`stored`) they compare; the
    dialect does not always know."""
    sql = (
        "select column_name, character_set_name, collation_name from information_schema.columns"
        " where table_schema = coalesce(nullif(:schema, ''), database()) and table_name = :table"
    )
    found = connection.execute(text(sql), {"schema": schema, "table": table})
    told = {str(name): (charset, collation) for name, charset, collation in found}
    for column in columns:
        if isinstance(column.type, String):
            charset, collation = told.get(column.name, (None, None))
            column.type.charset = charset  # type: ignore[attr-defined]
            column.type.stored = collation  # type: ignore[attr-defined]


def _columns(inspector: Any, table: str, schema: str | None, dialect: str) -> list[Column[Any]] | None:
    """Name, type and nullability are all that statements need; no defaults."""
    try:
        described = inspector.get_columns(table, schema=schema)
    except NoSuchTableError:
        return None
    return [
        Column(column["name"], wanted(column["type"], dialect), nullable=column["nullable"]) for column in described
    ]
