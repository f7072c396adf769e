"""What a database's catalogue says of its tables: columns, keys, foreign keys; three statements for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Column:
    """type: text, integer, decimal, boolean, date, datetime, time, json, binary or other."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class Table:
    """name: as a mapping names it. foreign: declared foreign keys of one column, column -> (table, column). rows: how
    many, counted up to a bound."""

    name: str
    columns: Map[str, Column]
    key: tuple[str, ...]
    foreign: Map[str, tuple[str, str]]
    rows: int = 0

    def counted(self, rows: int) -> Table:
        """The same table with its number of rows."""
        return replace(self, rows=rows)


async def tables(connection: AsyncConnection) -> dict[str, Table]:
    """Every table and view of the database's default schema, by name."""
    statements = _STATEMENTS[connection.dialect.name]
    columns: dict[str, dict[str, Column]] = {}
    for table, name, type_, nullable in await _rows(connection, statements[0]):
        columns.setdefault(table, {})[name] = Column(name, _kind(str(type_ or "")), str(nullable) in ("YES", "0"))
    keys: dict[str, list[str]] = {}
    for table, name in await _rows(connection, statements[1]):
        keys.setdefault(table, []).append(name)
    foreign: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
    for table, constraint, name, target, target_column in await _rows(connection, statements[2]):
        foreign.setdefault(table, {}).setdefault(str(constraint), []).append((name, target, target_column))
    found = {}
    for table, described in columns.items():
        single = [pairs[0] for pairs in foreign.get(table, {}).values() if len(pairs) == 1]
        # SQLite leaves out the column where the key is meant.
        leads = {name: (target, column or next(iter(keys.get(target, [""])), "")) for name, target, column in single}
        found[table] = Table(table, described, tuple(keys.get(table, ())), leads)
    return found


async def _rows(connection: AsyncConnection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.execute(text(sql))]


def _kind(type_: str) -> str:
    """A type's name, as a server writes it, to one of the few kinds that a proposal looks at."""
    lower = type_.lower().strip() or "text"  # SQLite: a column without a type may hold anything
    for kind, pattern in _KINDS:
        if re.search(pattern, lower):
            return kind
    return "other"


_KINDS = (
    ("other", r"\[\]$|^array|^_|tsvector|interval|geometry|geography|\bpoint\b"),
    ("boolean", r"^bool|^bit\(1\)"),
    ("datetime", r"^timestamp|^datetime|^timestamptz"),
    ("date", r"^date$"),
    ("time", r"^time"),
    ("json", r"^json"),
    ("binary", r"blob|binary|bytea|^image"),
    ("text", r"char|text|clob|enum|^set\(|uuid|citext|^name$|^user-defined"),
    ("decimal", r"decimal|numeric|float|double|real|money|^number"),
    ("integer", r"int|serial|^year|oid"),
)

_POSTGRESQL = (
    """
    select c.relname, a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), null),
           case when a.attnotnull then 'NO' else 'YES' end
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not c.relispartition and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum
    """,
    """
    select t.relname, a.attname
    from pg_constraint c join pg_class t on t.oid = c.conrelid
    join lateral unnest(c.conkey) with ordinality k(number, place) on true
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
    where c.contype = 'p' and t.relnamespace = current_schema()::regnamespace
    order by t.relname, k.place
    """,
    """
    select t.relname, c.oid, a.attname, f.relname, b.attname
    from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
    join lateral unnest(c.conkey, c.confkey) k(own, other) on true
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.own
    join pg_attribute b on b.attrelid = c.confrelid and b.attnum = k.other
    where c.contype = 'f' and t.relnamespace = current_schema()::regnamespace
    """,
)
_MARIADB = (
    "select table_name, column_name, column_type, is_nullable from information_schema.columns"
    " where table_schema = database() order by table_name, ordinal_position",
    "select table_name, column_name from information_schema.key_column_usage"
    " where table_schema = database() and constraint_name = 'PRIMARY' order by table_name, ordinal_position",
    "select table_name, constraint_name, column_name, referenced_table_name, referenced_column_name"
    " from information_schema.key_column_usage"
    " where table_schema = database() and referenced_table_schema = database()"
    " order by table_name, constraint_name, ordinal_position",
)
_SQLITE = (
    """select m.name, p.name, p.type, p."notnull" from sqlite_master m, pragma_table_info(m.name) p
    where m.type in ('table', 'view') and m.name not like 'sqlite_%' order by m.name, p.cid""",
    """select m.name, p.name from sqlite_master m, pragma_table_info(m.name) p
    where m.type = 'table' and p.pk > 0 order by m.name, p.pk""",
    """select m.name, f.id, f."from", f."table", f."to" from sqlite_master m, pragma_foreign_key_list(m.name) f
    where m.type = 'table' order by m.name, f.id, f.seq""",
)
_STATEMENTS = {"postgresql": _POSTGRESQL, "mysql": _MARIADB, "mariadb": _MARIADB, "sqlite": _SQLITE}
