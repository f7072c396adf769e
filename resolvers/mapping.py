"""How rows of one table are records of one entity: what a partner file means, checked and frozen."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from resolvers.expression import Constant, Expression, columns
from resolvers.predicate import Predicate, names


@dataclass(frozen=True, slots=True)
class Value:
    """One leaf: an expression, then how its text or number becomes a canonical value.

    values: source code (as text) -> canonical value; otherwise: for codes not in it (with `strict` false; else such a
    code is null and a data issue). null: raw values that mean nothing. split: separator of a list in one cell.
    scale: decimal exponent. zone: of times without an offset. inclusive: the day itself belongs to the period it ends.
    """

    expression: Expression
    values: Map[str, Any] | None = None
    otherwise: Any = None
    strict: bool = True
    null: tuple[Any, ...] = ()
    trim: bool = False
    split: str | None = None
    scale: int = 0
    zone: str | None = None
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """A list of composite values made from one row, each a table of leaves."""

    members: tuple[Map[str, Value], ...]
    exact: frozenset[int] = frozenset()  # members whose spelling is one way (identifiers)

    def holds(self, name: str) -> bool:
        """Whether one of the entries has a member of that name."""
        return any(name in member for member in self.members)


@dataclass(frozen=True, slots=True)
class Names:
    """A JSON object with members of the partner's choice."""

    members: Map[str, Value]


@dataclass(frozen=True, slots=True)
class ByKey:
    """Leads to a record by the key of its mapping.

    columns: of the key. to: mapping ids ("partner.mapping") by code; code "" is the only one where no column decides.
    code: what reads the code.
    """

    columns: tuple[str, ...]
    to: Map[str, str]
    code: Value | None = None

    @property
    def mappings(self) -> frozenset[str]:
        return frozenset(self.to.values())


@dataclass(frozen=True, slots=True)
class ByIdentifier:
    """Leads to a record known by an identifier: of one partner, or of any (partner None)."""

    scheme: Value
    value: Value
    country: Value | None = None
    partner: str | None = None
    exact: bool = False

    @property
    def schemes(self) -> frozenset[str]:
        """The schemes that can come out of it."""
        if isinstance(self.scheme.expression, Constant):
            return frozenset([str(self.scheme.expression.value)])
        found = {str(name) for name in (self.scheme.values or {}).values()}
        return frozenset(found | ({str(self.scheme.otherwise)} if self.scheme.otherwise is not None else set()))


Target = ByKey | ByIdentifier


@dataclass(frozen=True, slots=True)
class Link:
    """Leads to many records: in the row itself, or through a table (`on`: its column, the mapped table's column)."""

    target: Target
    table: str | None = None
    on: tuple[tuple[str, str], ...] = ()
    where: Predicate | None = None


Binding = Value | Parts | Names | Target | tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """One more table, n:1. `on`: (column of the joined table, column of the mapped table or of an earlier join)."""

    name: str
    table: str
    on: tuple[tuple[str, str], ...]
    where: Predicate | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """The rows of one table as records of one entity. `fields`: dotted path -> binding. Compared by identity."""

    partner: str
    name: str
    entity: str
    source: str
    table: str
    key: tuple[str, ...]
    fields: Map[str, Binding]
    joins: Map[str, Join]
    where: Predicate | None = None
    key_is_personal: bool = False

    @property
    def id(self) -> str:
        """Stable name in global ids: "partner.mapping"."""
        return f"{self.partner}.{self.name}"

    @property
    def source_id(self) -> str:
        return f"{self.partner}.{self.source}"

    def holds(self, path: str) -> bool:
        """Whether it maps the field at a dotted path, or something in it."""
        return path in self.fields or any(name.startswith(path + ".") for name in self.fields)

    def tables(self) -> Iterator[str]:
        """Every table it reads."""
        yield self.table
        for join in self.joins.values():
            yield join.table
        for binding in self.fields.values():
            if isinstance(binding, tuple):
                yield from (link.table for link in binding if link.table is not None)


def target_values(target: Target) -> Iterator[Value]:
    """The value forms inside a target."""
    if isinstance(target, ByKey):
        if target.code is not None:
            yield target.code
    else:
        yield target.scheme
        yield target.value
        if target.country is not None:
            yield target.country


def columns_of(binding: Binding) -> Iterator[tuple[str | None, str]]:
    """Every (link table or None, column) that a binding reads."""
    match binding:
        case Value(expression=expression):
            yield from ((None, name) for name in columns(expression))
        case Parts(members=members):
            for member in members:
                for value in member.values():
                    yield from columns_of(value)
        case Names(members=members):
            for value in members.values():
                yield from columns_of(value)
        case ByKey() | ByIdentifier():
            yield from _target_columns(binding, None)
        case _:
            for link in binding:
                yield from ((link.table, column) for column, _ in link.on)
                yield from ((None, column) for _, column in link.on)
                yield from _target_columns(link.target, link.table)
                if link.where is not None:
                    yield from ((link.table, name) for name in names(link.where))


def _target_columns(target: Target, table: str | None) -> Iterator[tuple[str | None, str]]:
    if isinstance(target, ByKey):
        yield from ((table, name) for name in target.columns)
    for value in target_values(target):
        yield from ((table, name) for name in columns(value.expression))
