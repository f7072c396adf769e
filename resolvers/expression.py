"""Where a value comes from inside one row of a source, before it is given its canonical type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from resolvers.predicate import Predicate, names


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the mapped table, or "join.column"."""

    name: str


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A member of a JSON column, as text: `path` holds object keys from the outside in."""

    name: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first member that is not null."""

    members: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Texts (str) and columns in a row; null when all columns are null, surplus blanks removed."""

    members: tuple[str | Column, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first predicate that holds, else `otherwise`."""

    cases: tuple[tuple[Predicate, Any], ...]
    otherwise: Any


Expression = Column | JsonPath | Constant | Coalesce | Template | Case


def columns(expression: Expression) -> Iterator[str]:
    """Every column that the expression reads."""
    match expression:
        case Column(name=name) | JsonPath(name=name):
            yield name
        case Constant():
            return
        case Coalesce(members=members):
            for member in members:
                yield from columns(member)
        case Template(members=parts):
            for part in parts:
                if isinstance(part, Column):
                    yield part.name
        case Case(cases=cases):
            for predicate, _ in cases:
                yield from names(predicate)
