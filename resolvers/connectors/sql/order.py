"""A total order over the rows of many sources, as ORDER BY and keyset conditions of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true, tuple_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import False_, True_

from resolvers.connectors.sql.fills import Fills
from resolvers.connectors.sql.own_key import bound_parts
from resolvers.connectors.sql.render import Renderer
from resolvers.connectors.sql.sort_key import Key, SortColumn, SortConstant, sort_key
from resolvers.cursor import Position
from resolvers.entity import Model
from resolvers.fetch import Arm, Children, Listing, OrderKey, Window
from resolvers.mapping import Mapping, rank_of


@dataclass(frozen=True, slots=True)
class Ordered:
    """The order of one arm: its sort keys with their directions, and the columns of its own key."""

    mapping: Mapping
    keys: tuple[tuple[Key, bool], ...]
    own: tuple[ColumnElement[Any], ...]
    dialect: str

    @property
    def computed(self) -> list[SortColumn]:
        """The sort keys that the database must return."""
        return [key for key, _ in self.keys if isinstance(key, SortColumn)]

    def values(self, raw: Sequence[Any]) -> tuple[Any, ...]:
        """All sort values of a row, from what the database returned for the computed ones."""
        found = iter(raw)
        return tuple(key.decode(next(found)) if isinstance(key, SortColumn) else key.value for key, _ in self.keys)

    def clauses(self, backward: bool) -> list[ColumnElement[Any]]:
        """ORDER BY. Nulls are greatest: last ascending, first descending, which PostgreSQL does by itself."""
        found: list[ColumnElement[Any]] = []
        for key, descending in self.keys:
            if not isinstance(key, SortColumn):
                continue
            up = descending == backward
            if key.nullable and self.dialect != "postgresql":
                empty = key.element.is_(None)
                found.append(empty.asc() if up else empty.desc())
            found.append(key.element.asc() if up else key.element.desc())
        return found + [column.desc() if backward else column.asc() for column in self.own]

    def bounds(self, window: Window, fills: Fills) -> ColumnElement[bool]:
        """The rows strictly inside the window's bounds."""
        found: list[ColumnElement[bool]] = [true()]
        if window.after is not None:
            found.append(self._beyond(window.after, True, 0, fills))
        if window.before is not None:
            found.append(self._beyond(window.before, False, 0, fills))
        return and_(*found)

    def _beyond(self, position: Position, after: bool, index: int, fills: Fills) -> ColumnElement[bool]:
        """Rows on the far side of a position, comparing key by key."""
        if index == len(self.keys):
            return self._tie(position, after, fills)
        key, descending = self.keys[index]
        value = position.values[index]
        up = descending != after
        if isinstance(key, SortConstant):
            mine, side = key.value, _side(key.value, value)
            fills.checks.append(lambda asked: _side(mine, _bound(asked, after).values[index]) == side)
            if not side:
                return self._beyond(position, after, index + 1, fills)
            return true() if (side > 0) == up else false()
        element = key.element
        further: ColumnElement[bool]
        if value is None:
            further = false() if up else element.is_not(None)
            return or_(further, and_(element.is_(None), self._beyond(position, after, index + 1, fills)))
        value, exact = key.bind(value)
        bind = key.bind
        fills.checks.append(lambda asked: bind(_bound(asked, after).values[index])[1] == exact)
        compared = element.type.coerce_compared_value(operators.gt, value)
        bound = fills.put(lambda asked: bind(_bound(asked, after).values[index])[0], value, compared)
        if not exact:
            return _with_nulls(key, element > bound) if up else element <= bound
        further = element > bound if up else element < bound
        from_here = element >= bound if up else element <= bound
        rest = self._beyond(position, after, index + 1, fills)
        if isinstance(rest, True_):
            further = from_here
        elif not isinstance(rest, False_):
            further = or_(further, and_(element == bound, rest))
            if not (up and key.nullable):  # says nothing new, but no database searches an index for this or that
                further = and_(from_here, further)
        return _with_nulls(key, further) if up else further

    def _tie(self, position: Position, after: bool, fills: Fills) -> ColumnElement[bool]:
        """Equal sort values: partner, then mapping, then the source's own key in the source's own order."""
        mine, theirs = self.mapping.rank, rank_of(position.mapping)
        if mine != theirs:
            return true() if (mine > theirs) == after else false()
        parts = bound_parts(self.own, lambda asked: _bound(asked, after).key, position.key, self.dialect, fills)
        if parts is None:
            return false()
        if len(parts) > 1 and self.dialect in ("postgresql", "sqlite"):  # whose indexes are searched by whole keys
            mine_, theirs_ = tuple_(*self.own), tuple_(*parts)
            return mine_ > theirs_ if after else mine_ < theirs_
        found: ColumnElement[bool] | None = None
        for column, bound in reversed(list(zip(self.own, parts, strict=True))):
            further = column > bound if after else column < bound
            # no `or false` at the end: SQLite would read the whole table
            found = further if found is None else or_(further, and_(column == bound, found))
        return false() if found is None else found


def _with_nulls(key: SortColumn, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows of a condition, and those without a value, which is greatest."""
    return or_(condition, key.element.is_(None)) if key.nullable else condition


def _side(mine: Any, theirs: Any) -> int:
    """Whether a sort value is greater (1) or less (-1) than another, or neither (0); null is greatest."""
    if mine is None or theirs is None:
        return (mine is None) - (theirs is None)
    return int(mine > theirs) - int(mine < theirs)


def _bound(asked: Listing | Children, after: bool) -> Position:
    found = asked.window.after if after else asked.window.before
    assert found is not None  # said by what accesses of one text have in common
    return found


def ordered(model: Model, arm: Arm, renderer: Renderer, order: Sequence[OrderKey], zone: str) -> Ordered:
    """The order of one arm."""
    keys = tuple((sort_key(model, arm, renderer, key.path, zone), key.descending) for key in order)
    own = tuple(renderer.key(name) for name in arm.mapping.key)
    return Ordered(arm.mapping, keys, own, renderer.dialect)
