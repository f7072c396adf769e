"""One predicate form everywhere: rows of a mapping, cases of a value, conditions of an edge.

Predicates are two-valued: a comparison with null is false, and `not` is the exact complement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# operator -> whether it takes a list
OPERATORS: dict[str, bool] = {
    "eq": False,
    "ne": False,
    "in": True,
    "lt": False,
    "le": False,
    "gt": False,
    "ge": False,
    "startsWith": False,
    "contains": False,
    "isNull": False,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """`name` is a column in a partner file and a field path in the graph; `value` a scalar, or a tuple for `in`."""

    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class And:
    members: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    members: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    member: Predicate


Predicate = Compare | And | Or | Not
TRUE = And(())


def names(predicate: Predicate) -> Iterator[str]:
    """Every column or field that the predicate looks at."""
    match predicate:
        case Compare(name=name):
            yield name
        case Not(member=member):
            yield from names(member)
        case And(members=members) | Or(members=members):
            for member in members:
                yield from names(member)
