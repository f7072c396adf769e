"""What mappings name and live tables have: tables, columns, types, indexes. Looks at catalogues, at no row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Mapping as Map
from dataclasses import replace

from sqlalchemy import Column, Table
from sqlalchemy.types import Boolean, Date, DateTime, Float, Integer, LargeBinary, Numeric

from resolvers.connectors.sql.indexes import Indexes
from resolvers.connectors.sql.joined import seen
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Field, Model
from resolvers.errors import Mistake
from resolvers.expression import Column as Mapped
from resolvers.expression import Expression, Raw, Value, inner
from resolvers.mapping import Binding, Mapping, Names, Parts, columns_of, target_values
from resolvers.predicate import Compare, Predicate, conjuncts, names
from resolvers.section import nearest

Tables = Map[str, Table | None]


def structure(model: Model, file: str, mapping: Mapping, shape: Shape, there: Collection[str]) -> Iterable[Mistake]:
    """Tables and columns that are not there, and columns whose type cannot be what they are mapped to.

    there: every table that the database has, where one is missing.
    """
    at = f"mapping.{mapping.name}"
    for name in dict.fromkeys(mapping.tables()):
        if name not in shape.tables:
            message = f"there is no table {name!r}."
            hint = nearest(name, there) or "tables are named as the database spells them, like schema.table"
            yield Mistake("SOURCE_SCHEMA_DRIFT", file, _table_key(mapping, name), message, hint)
    tables = tables_of(shape, mapping)
    for key in mapping.key:
        yield from _column(file, f"{at}.key", key, tables)
    for name in names(mapping.where) if mapping.where is not None else ():
        yield from _column(file, f"{at}.where", name, tables)
    for join in mapping.joins.values():
        for joined, own in join.on:
            yield from _column(file, f"{at}.join.{join.name}.on", f"{join.name}.{joined}", tables)
            yield from _column(file, f"{at}.join.{join.name}.on", own, tables)
        for name in names(join.where) if join.where is not None else ():
            yield from _column(file, f"{at}.join.{join.name}.where", f"{join.name}.{name}", tables)
        for name in join.key:
            yield from _column(file, f"{at}.join.{join.name}.key", f"{join.name}.{name}", tables)
        if join.by is not None:
            yield from _column(file, f"{at}.join.{join.name}.pick", f"{join.name}.{join.by}", tables)
        if join.pivot is not None:
            for name in (join.pivot.key, join.pivot.value):
                yield from _column(file, f"{at}.join.{join.name}.pivot", name, {"": shape.tables.get(join.table)})
    for path, binding in mapping.fields.items():
        for table, name in dict.fromkeys(columns_of(binding)):
            where = tables if table is None else _link_tables(shape, binding, table)
            yield from _column(file, f"{at}.fields.{path}", name, where)
        if isinstance(binding, Value):
            yield from _type(file, f"{at}.fields.{path}", binding, model.field(mapping.entity, path), tables)
        if any(map(_has_raw, _values(binding))):
            message = "`raw` is SQL that nobody but you has checked: it reads what it says, on this kind of database."
            yield Mistake("MAPPING_RAW", file, f"{at}.fields.{path}", message, "a form without `raw`", "info")


def indexing(file: str, mapping: Mapping, found: Indexes, sizes: Map[str, int]) -> Iterable[Mistake]:
    """Keys, joins and links that are found only by a look at every row of a table that is not small (`sizes`)."""
    at = f"mapping.{mapping.name}"
    own = [name for name in mapping.key if "." not in name]
    wanted = [(f"{at}.key", mapping.table, own, _same_for_all(mapping.where), "records are found by it")]
    wanted += [
        (
            f"{at}.join.{join.name}.on",
            join.table,
            [column for column, _ in join.on],
            _same_for_all(join.where),
            "it is joined to every row",
        )
        for join in mapping.joins.values()
    ]
    for path, binding in mapping.fields.items():
        for link in binding if isinstance(binding, tuple) else ():
            if link.table is not None:
                columns = [column for column, _ in link.on]
                known = _same_for_all(link.where)
                wanted.append((f"{at}.fields.{path}", link.table, columns, known, "links are found by it"))
    for key, table, columns, known, why in wanted:
        if not columns or sizes.get(table, 0) < FEW or table not in found.columns:
            continue
        if found.serves(table, columns, known):
            continue
        named = ", ".join(columns)
        message = f"no index of {table!r} begins with {named}: {why}, so all {sizes[table]:,} rows are looked at."
        hint = f"create index on {table} ({named})"
        yield Mistake("SOURCE_NO_INDEX", file, key, message, hint, "warning")


FEW = 1_000  # rows that are read whole in no time


def _same_for_all(condition: Predicate | None) -> set[str]:
    """The columns that a condition holds to one value."""
    return {member.name for member in conjuncts(condition) if isinstance(member, Compare) and member.operator == "eq"}


def tables_of(shape: Shape, mapping: Mapping) -> dict[str, Table | None]:
    """What a mapping's columns are columns of: "" is the mapped table, others are joins; None where there is none."""
    return {"": shape.tables.get(mapping.table), **{join.name: seen(shape, join) for join in mapping.joins.values()}}


def _link_tables(shape: Shape, binding: Binding, table: str) -> dict[str, Table | None]:
    """The same for a link table."""
    found = {"": shape.tables.get(table)}
    for link in binding if isinstance(binding, tuple) else ():
        if link.table == table:
            found |= {join.name: seen(shape, join) for join in link.joins.values()}
    return found


def _table_key(mapping: Mapping, table: str) -> str:
    at = f"mapping.{mapping.name}"
    if table == mapping.table:
        return f"{at}.table"
    for join in mapping.joins.values():
        if join.table == table:
            return f"{at}.join.{join.name}.table"
    for path, binding in mapping.fields.items():
        if any(found == table for found, _ in columns_of(binding)):
            return f"{at}.fields.{path}"
    return f"{at}.table"


def _column(file: str, key: str, name: str, tables: Tables) -> Iterable[Mistake]:
    join, _, column = name.rpartition(".")
    if join not in tables:
        message = f"there is no join {join!r}."
        yield Mistake("CATALOG_UNKNOWN_REFERENCE", file, key, message, nearest(join, [name for name in tables if name]))
        return
    table = tables[join]
    if table is not None and column not in table.c:
        message = f"table {table.name!r} has no column {column!r}."
        hint = nearest(column, [found.name for found in table.c]) or "it has: " + ", ".join(c.name for c in table.c)
        yield Mistake("SOURCE_SCHEMA_DRIFT", file, key, message, hint[:400])


def column_of(value: Value, tables: Tables) -> Column[object] | None:
    """The column that a form reads, where it is nothing but a column."""
    if not isinstance(value.expression, Mapped):
        return None
    join, _, name = value.expression.name.rpartition(".")
    table = tables.get(join)
    return None if table is None or name not in table.c else table.c[name]


def _type(file: str, key: str, value: Value, field: Field, tables: Tables) -> Iterable[Mistake]:
    """A plain column whose type cannot be what it is mapped to. Texts may hold anything, so they pass."""
    plain = Value(value.expression, null=value.null, trim=value.trim, zone=value.zone, inclusive=value.inclusive)
    column = column_of(value, tables)
    if value != replace(plain, scale=value.scale) or column is None:
        return
    kind = column.type
    number = isinstance(kind, Integer | Numeric | Float | Boolean)
    moment = isinstance(kind, Date | DateTime)
    clash = {
        "Date": number,
        "DateTime": number,
        "LocalTime": number or moment,
        "Int": moment,
        "Float": moment,
        "Decimal": moment,
        "Boolean": moment,
    }.get(field.type, False) or (isinstance(kind, LargeBinary) and field.type != "String")
    if clash:
        message = f"column {column.name!r} is {kind!s}, which cannot be a {field.type}."
        yield Mistake("SOURCE_COLUMN_TYPE", file, key, message)


def _values(binding: Binding) -> Iterable[Value]:
    match binding:
        case Value():
            yield binding
        case Parts():
            for form in binding.forms:
                yield from form.values()
        case Names(members=named):
            yield from named.values()
        case tuple():
            for link in binding:
                yield from target_values(link.target)
        case _:
            yield from target_values(binding)


def _has_raw(form: Value | Expression) -> bool:
    expression = form.expression if isinstance(form, Value) else form
    return isinstance(expression, Raw) or any(map(_has_raw, inner(expression)))
