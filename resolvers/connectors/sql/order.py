"""A total order over the rows of many sources, as ORDER BY and keyset conditions of one of them."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, false, func, or_, true
from sqlalchemy.types import Text

from resolvers.border import stand_in
from resolvers.connectors.sql.render import Renderer, SortColumn, SortConstant, as_key, compared, sort_column
from resolvers.cursor import Position
from resolvers.entity import Field, Model
from resolvers.expression import Constant
from resolvers.fetch import Arm, OrderKey, Window
from resolvers.local_key import key_parts
from resolvers.mapping import Mapping, Value
from resolvers.predicate import And, Compare, Not, Or, Predicate, names

Key = SortColumn | SortConstant


def sort_key(model: Model, arm: Arm, renderer: Renderer, path: str, zone: str) -> Key:
    """What an arm sorts by for a path; what it does not hold or share sorts as missing."""
    mapping = arm.mapping
    if not path:
        return SortConstant(mapping.partner)
    binding = mapping.fields.get(path)
    field = model.field(mapping.entity, path)
    declared = model.entities[mapping.entity].fallback.get(path)
    default: Any = stand_in(model, mapping.entity, path, field)
    if declared == "":
        default = cast(renderer.tables.column(mapping.key[0]), Text())
    if path in arm.withheld or not isinstance(binding, Value):
        if isinstance(default, ColumnElement):
            return _text(renderer, default)
        return SortConstant(_constant(field, default))
    if isinstance(binding.expression, Constant) and not isinstance(default, ColumnElement):
        constant = binding.expression.value
        return SortConstant(_constant(field, default if constant is None else constant))
    return sort_column(renderer, field, binding, zone, default)


def _text(renderer: Renderer, element: ColumnElement[Any]) -> SortColumn:
    return SortColumn(renderer.code_point(element), lambda raw: raw, lambda value: (value, True))


def _constant(field: Field, value: Any) -> Any:
    if value is not None and field.values:
        return field.values.index(value)
    return float(value) if value is not None and field.type in ("Int", "Float", "Decimal") else value


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

    def bounds(self, window: Window) -> ColumnElement[bool]:
        """The rows strictly inside the window's bounds."""
        found: list[ColumnElement[bool]] = [true()]
        if window.after is not None:
            found.append(self._beyond(window.after, True, 0))
        if window.before is not None:
            found.append(self._beyond(window.before, False, 0))
        return and_(*found)

    def _beyond(self, position: Position, after: bool, index: int) -> ColumnElement[bool]:
        """Rows on the far side of a position, comparing key by key."""
        if index == len(self.keys):
            return self._tie(position, after)
        key, descending = self.keys[index]
        value = position.values[index]
        up = descending != after
        if isinstance(key, SortConstant):
            mine, theirs = (key.value is None, key.value), (value is None, value)
            if mine == theirs:
                return self._beyond(position, after, index + 1)
            greater = mine[0] > theirs[0] if mine[0] != theirs[0] else key.value > value
            return true() if greater == up else false()
        element = key.element
        further: ColumnElement[bool]
        if value is None:
            further = false() if up else element.is_not(None)
            return or_(further, and_(element.is_(None), self._beyond(position, after, index + 1)))
        bound, exact = key.bind(value)
        if up:
            further = or_(element > bound, element.is_(None)) if key.nullable else element > bound
        else:
            further = element < bound if exact else element <= bound
        if not exact:
            return further
        return or_(further, and_(element == bound, self._beyond(position, after, index + 1)))

    def _tie(self, position: Position, after: bool) -> ColumnElement[bool]:
        """Equal sort values: partner, then mapping, then the source's own key in the source's own order."""
        partner, _, name = position.mapping.partition(".")
        mine, theirs = (self.mapping.partner, self.mapping.name), (partner, name)
        if mine != theirs:
            return true() if (mine > theirs) == after else false()
        parts = key_parts(position.key, len(self.own))
        natives = None if parts is None else [as_key(c.type, part) for c, part in zip(self.own, parts, strict=True)]
        if natives is None or None in natives:
            return false()
        found: ColumnElement[bool] = false()
        for column, bound in reversed(list(zip(self.own, natives, strict=True))):
            further = column > bound if after else column < bound
            found = or_(further, and_(column == bound, found))
        return found


def ordered(model: Model, arm: Arm, renderer: Renderer, order: Sequence[OrderKey], zone: str) -> Ordered:
    """The order of one arm."""
    keys = tuple((sort_key(model, arm, renderer, key.path, zone), key.descending) for key in order)
    own = tuple(renderer.tables.column(name) for name in arm.mapping.key)
    return Ordered(arm.mapping, keys, own, renderer.dialect)


def condition(model: Model, arm: Arm, renderer: Renderer, predicate: Predicate, zone: str) -> ColumnElement[bool]:
    """A condition over canonical paths. What is withheld is unknown: no row passes a condition on it."""
    if arm.withheld.intersection(names(predicate)):
        return false()
    match predicate:
        case And(members=members):
            return and_(true(), *(condition(model, arm, renderer, member, zone) for member in members))
        case Or(members=members):
            return or_(false(), *(condition(model, arm, renderer, member, zone) for member in members))
        case Not(member=member):
            return func.coalesce(condition(model, arm, renderer, member, zone), false()).is_(false())
        case Compare(name=path, operator=operator, value=value):
            return _compare(sort_key(model, arm, renderer, path, zone), operator, value)


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operators.eq,
    "lt": operators.lt,
    "le": operators.le,
    "gt": operators.gt,
    "ge": operators.ge,
}


def _compare(key: Key, operator: str, value: Any) -> ColumnElement[bool]:
    if isinstance(key, SortConstant):
        if operator == "isNull":
            return true() if (key.value is None) == value else false()
        if key.value is None:
            return false()
        return true() if _HOLDS[operator](key.value, value) else false()
    element = key.element
    if operator == "isNull":
        return element.is_(None) if value else element.is_not(None)
    bound, exact = key.bind(value)
    if not exact:  # the bound is the greatest value under the one that was meant, which no row can have
        operator = {"ge": "gt", "lt": "le"}.get(operator, operator)
        if operator == "eq":
            return false()
    return compared(element, operator, bound)
