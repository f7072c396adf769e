"""Rows of other tables as one JSON text beside each mapped row: lists of values, and ways down a tree."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, ColumnElement, String, and_, case, cast, func, literal, select, type_coerce
from sqlalchemy.types import Text

from resolvers.composition import Composer
from resolvers.connectors.sql.column_type import Stamp
from resolvers.connectors.sql.refusal import Drifted
from resolvers.entity import Field, Kind
from resolvers.expression import Rows, Tree

if TYPE_CHECKING:
    from resolvers.connectors.sql.render import Renderer

_PLAIN = Field("", Kind.LEAF, "String")


def gathered(renderer: Renderer, rows: Rows) -> ColumnElement[Any]:
    """[[order, ..., raw, ...], ...] as a text; null or an empty list where there are none."""
    from resolvers.connectors.sql.joined import with_join
    from resolvers.connectors.sql.render import mapping_tables

    renderer.tables.used.add(f"({rows.table})")
    inner = type(renderer)(mapping_tables(renderer.tables.shape, rows, "r_"))
    order = [inner.tables.column(name) for name in rows.order]
    composer = Composer(_PLAIN, "UTC", "")
    raws = [inner.value(value) for each in rows.each for value in composer.leaf(each).values]
    one = _list(inner, [*order, *raws])
    base = select(_all(inner, one)).select_from(inner.tables.named[""])
    for join in rows.joins.values():
        base = with_join(base, join, inner)
    on = [inner.same(inner.tables.column(column), renderer.tables.column(own)) for column, own in rows.on]
    if rows.where is not None:
        on.append(inner.predicate(rows.where))
    return base.where(and_(*on)).correlate_except(*inner.tables.named.values()).scalar_subquery()


def tree(renderer: Renderer, way: Tree) -> ColumnElement[Any]:
    """[key, name, key of the parent, its name, ...] as a text; null where the node is not there."""
    table = renderer.tables.shape.tables.get(way.table)
    if table is None:
        raise Drifted(f"no table {way.table!r}")
    renderer.tables.used.add(f"({way.table})")
    nodes = [table.alias(f"n{level}") for level in range(way.depth)]
    for name in (way.key, way.parent, way.name):
        if name not in table.c:
            raise Drifted(f"no column {name!r}")
    elements = [element for node in nodes for element in (node.c[way.key], node.c[way.name])]
    names = _list(renderer, elements)
    base = select(_written(renderer, names)).select_from(nodes[0])
    for node, above in pairwise(nodes):
        base = base.outerjoin(above, renderer.same(above.c[way.key], node.c[way.parent]))
    start = renderer.same(nodes[0].c[way.key], renderer.tables.column(way.start))
    return base.where(start).limit(1).correlate_except(*nodes).scalar_subquery()


def _list(renderer: Renderer, elements: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """The elements as a JSON list of texts."""
    texts = [_text(renderer, element) for element in elements] or [literal("1", String())]
    if renderer.dialect == "postgresql":
        return func.json_build_array(*texts, type_=Text())
    return func.json_array(*texts, type_=Text())


def _text(renderer: Renderer, element: ColumnElement[Any]) -> ColumnElement[Any]:
    if renderer.dialect == "sqlite":
        return cast(element, Text())
    if renderer.dialect == "postgresql":
        return renderer.text(func.to_json(element) if isinstance(element.type, ARRAY) else element)
    if isinstance(element.type, Stamp):  # an instant, which as a text would be a local time of another zone
        text = renderer.text(element)
        return case((text.like("0000%"), text), else_=func.concat(text, "+00:00", type_=Text()))
    return renderer.code_point(element)  # texts of several collations have none together


def _all(renderer: Renderer, one: ColumnElement[Any]) -> ColumnElement[Any]:
    """All of a query in one list."""
    if renderer.dialect == "postgresql":
        return _written(renderer, func.json_agg(one))
    if renderer.dialect == "sqlite":
        return func.json_group_array(one, type_=Text())
    if renderer.tables.shape.mariadb:  # whose JSON_ARRAYAGG came late
        return func.concat("[", func.group_concat(one), "]", type_=Text())
    return _written(renderer, func.json_arrayagg(one))


def _written(renderer: Renderer, found: ColumnElement[Any]) -> ColumnElement[Any]:
    """JSON as a text, which a driver could otherwise read itself."""
    if renderer.dialect == "postgresql":
        return cast(found, Text())
    return type_coerce(found, Text())
