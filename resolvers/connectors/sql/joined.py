"""The joins of a mapping: one row of each joined table at most, whichever the mapping says."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Select, Table, and_, select

from resolvers.connectors.sql.column_type import is_text
from resolvers.connectors.sql.render import Renderer, Tables, as_bound
from resolvers.connectors.sql.shape import Shape
from resolvers.mapping import Join


def seen(shape: Shape, join: Join) -> Table | None:
    """The columns that a join brings, with those of its pivot; None where there is no such table."""
    table = shape.tables.get(join.table)
    if table is None or join.pivot is None or join.pivot.value not in table.c:
        return table
    columns = {column.name: (column.type, bool(column.nullable)) for column in table.c}
    columns |= dict.fromkeys(join.pivot.columns, (table.c[join.pivot.value].type, True))
    made = [Column(name, type_, nullable=nullable) for name, (type_, nullable) in columns.items()]
    return Table(table.name, MetaData(), *made, schema=table.schema)


def with_used(base: Select[Any], joins: Map[str, Join], renderer: Renderer, whole: bool = False) -> Select[Any]:
    """The select with those of the joins beside its rows of which the renderer has read a column by now, and those that
    they hang on. No other can change which records there are. whole: also those that may match several rows."""
    found = []
    for join in reversed(tuple(joins.values())):
        for name, code in reversed(tuple(_parts(join))):
            if name in renderer.tables.used or (whole and not join.key):
                # said now, as it may read a column of an earlier join
                found.append((renderer.tables.named[name], and_(*_on(join, code, renderer, name))))
    for there, on in reversed(found):
        base = base.outerjoin(there, on)
    return base


def may_double(joins: Map[str, Join], renderer: Renderer) -> bool:
    """Whether one of the joins of which the renderer has read a column may match several rows."""
    return any(name in renderer.tables.used for join in joins.values() if not join.key for name, _ in _parts(join))


def with_join(base: Select[Any], join: Join, renderer: Renderer) -> Select[Any]:
    """The select with one more table beside its rows, or one for each column of a pivot."""
    for name, code in _parts(join):
        there = renderer.tables.named[name]
        base = base.outerjoin(there, and_(*_on(join, code, renderer, name)))
    return base


def _parts(join: Join) -> Iterator[tuple[str, str | int | None]]:
    """The names of its tables, with the code that the rows of each must have."""
    if join.pivot is None:
        yield join.name, None
    else:
        yield from ((f"{join.name}.{short}", code) for short, code in join.pivot.columns.items())


def _on(join: Join, code: str | int | None, renderer: Renderer, name: str) -> list[ColumnElement[bool]]:
    table = renderer.tables.named[name]
    there = Renderer(Tables(renderer.tables.shape, {"": table}))
    if not join.key:
        return _matches(join, code, there, renderer)
    picks = Renderer(Tables(there.tables.shape, {"": renderer.tables.shape.alias(join.table, f"p_{name}")}))
    order = [clause for column in (join.by, *join.key) if column is not None for clause in _order(join, column, picks)]
    matches = and_(*_matches(join, code, picks, renderer))
    found = [  # said again for the database, which may begin from there
        renderer.same(there.tables.column(column), renderer.tables.column(other)) for column, other in join.on
    ]
    found += [
        there.tables.column(part)
        == select(picks.tables.column(part))
        .where(matches)
        .order_by(*order)
        .limit(1)
        .correlate_except(picks.tables.named[""])
        .scalar_subquery()
        for part in join.key
    ]
    return found


def _matches(join: Join, code: str | int | None, there: Renderer, own: Renderer) -> list[ColumnElement[bool]]:
    found = [own.same(there.tables.column(column), own.tables.column(other)) for column, other in join.on]
    if join.pivot is not None and code is not None:
        column = there.tables.column(join.pivot.key)
        bound = as_bound(column.type, code)
        found.append(there.text(column) == str(code) if bound is None else column == bound)
    if join.where is not None:
        found.append(there.predicate(join.where))
    return found


def _order(join: Join, name: str, picks: Renderer) -> Iterator[ColumnElement[Any]]:
    """ORDER BY one column, texts by code point, nulls last."""
    column = picks.tables.column(name)
    if name == join.by and getattr(column, "nullable", True):
        yield column.is_(None).asc()
    element = picks.code_point(column) if is_text(column.type) else column
    yield element.desc() if join.descending else element.asc()
