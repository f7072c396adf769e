"""Which columns of a table no two of its rows share, and how its texts compare; looked at with its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.engine import Connection

# Rows of a table that others inherit from are not all in its index. A column of an expression has no name. Only what
# this login may read whole is told of: what stands in for a statement of its own must not fail another one.
_POSTGRESQL = """
select n.nspname, c.relname, pg_table_is_visible(c.oid), i.indexrelid::bigint,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid
             and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1]))
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  and not (c.relkind = 'r' and c.relhassubclass) and has_table_privilege(c.oid, 'select')
  and c.relname::text = any(cast(:names as text[]))
"""
_COLLATIONS = """
select n.nspname, c.relname, pg_table_is_visible(c.oid), a.attname, a.attcollation::bigint
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and a.attcollation <> 0 and c.relname::text = any(cast(:names as text[]))
"""
_MYSQL = """
select table_schema, table_name, table_schema = database(), index_name, column_name, sub_part
from information_schema.statistics where non_unique = 0 and table_name in ({names})
"""
_SQLITE = """
select l.name, i.name from pragma_index_list(:table) l, pragma_index_info(l.name) i where l."unique" and not l.partial
union all select '', name from pragma_table_info(:table) where pk > 0
"""
Unique = Map[str, tuple[frozenset[str], ...]]


def unique(connection: Connection, tables: Map[str, Table]) -> Unique:
    """Table, by the name that mappings use -> sets of columns of which no two rows have the same values."""
    read = {"postgresql": _postgresql, "mysql": _mysql, "mariadb": _mysql, "sqlite": _sqlite}.get(
        connection.dialect.name
    )
    if read is None or not tables:
        return {}
    found: dict[str, dict[Any, set[Any]]] = {}
    for name, index, column in read(connection, tables):
        found.setdefault(name, {}).setdefault(index, set()).add(column)
    return {name: tuple(frozenset(columns) for columns in sets.values()) for name, sets in found.items()}


def _postgresql(connection: Connection, tables: Map[str, Table]) -> Iterable[tuple[str, Any, Any]]:
    names = {"names": sorted({table.name for table in tables.values()})}
    for schema, short, visible, column, collation in connection.execute(text(_COLLATIONS), names).all():
        for name in _called(tables, schema, short, visible):
            if column in tables[name].c:
                tables[name].c[column].type.stored = collation
    for schema, short, visible, index, columns in connection.execute(text(_POSTGRESQL), names).all():
        for name in _called(tables, schema, short, visible):
            yield from ((name, index, column) for column in columns)


def _mysql(connection: Connection, tables: Map[str, Table]) -> Iterable[tuple[str, Any, Any]]:
    names = sorted({table.name for table in tables.values()})
    sql = _MYSQL.format(names=", ".join(f":n{index}" for index in range(len(names))))
    given = {f"n{index}": name for index, name in enumerate(names)}
    for schema, short, own, index, column, part in connection.execute(text(sql), given).all():
        for name in _called(tables, schema, short, bool(own)):
            yield name, index, column if part is None else None


def _sqlite(connection: Connection, tables: Map[str, Table]) -> Iterable[tuple[str, Any, Any]]:
    for name, table in tables.items():
        if table.schema is None:
            rows: Sequence[Any] = connection.execute(text(_SQLITE), {"table": table.name}).all()
            yield from ((name, index, column) for index, column in rows)


def _called(tables: Map[str, Table], schema: str, short: str, own: bool) -> list[str]:
    """What mappings call a table of the database. own: whether it needs no schema."""
    return [
        name
        for name, table in tables.items()
        if table.name == short and (table.schema == schema or (table.schema is None and own))
    ]
