"""One predicate form everywhere: rows of a mapping, cases of a value, filters and conditions of the graph.

Predicates are two-valued: a comparison with null is false, and `not` is the exact complement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from resolvers.identifier import KeyToken, Token
from resolvers.operand import OtherColumn

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
    """`name` is a column in a partner file and a field path in the graph; `value` a scalar, or a tuple for `in`.

    In a partner file the value may be an operand: the request's clock, or another column; and of `startsWith` and
    `contains` a tuple of texts, any of which will do.
    In the graph there is one more operator, `has`: a list holds the value; and the path "" is the partner's code.
    """

    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Some:
    """Some entry of the list of parts at `path`, or some record that the edge at `path` leads to, fulfils it.

    The inner predicate's paths are those of the part or of the record's entity.
    """

    path: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Near:
    """The position at `path` (a part with `lat` and `lon`) is at most `km` from a point, on a great circle."""

    path: str
    lat: float
    lon: float
    km: float


@dataclass(frozen=True, slots=True)
class LeadsTo:
    """The reference or the links at `path` lead to one of the tokens."""

    path: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The record is one of those that the tokens name, by its key or by an identifier that it carries.

    path: the edge that this was found by; a record that does not show it is none of them, nor none of the others.
    """

    path: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class And:
    members: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    members: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    member: Predicate


Atom = Compare | Some | Near | LeadsTo | OneOf
Predicate = Atom | And | Or | Not
TRUE = And(())


def names(predicate: Predicate) -> Iterator[str]:
    """Every column or field that the predicate looks at, members of parts by their dotted paths."""
    match predicate:
        case Compare(name=name, value=value):
            yield name
            if isinstance(value, OtherColumn):
                yield value.name
        case Some(path=path, predicate=inner):
            yield path
            yield from (f"{path}.{name}" for name in names(inner))
        case Near(path=path):
            yield from (path, f"{path}.lat", f"{path}.lon")
        case LeadsTo(path=path) | OneOf(path=path):
            yield path
        case Not(member=member):
            yield from names(member)
        case And(members=members) | Or(members=members):
            for member in members:
                yield from names(member)


def normal(predicate: Predicate, negated: bool = False) -> Predicate:
    """The same with `not` before atoms only, and without conjunctions in conjunctions: negation normal form."""
    match predicate:
        case Not(member=member):
            return normal(member, not negated)
        case And(members=members) | Or(members=members):
            kind = And if isinstance(predicate, And) != negated else Or
            found: list[Predicate] = []
            for member in members:
                inner = normal(member, negated)
                found += inner.members if isinstance(inner, kind) else [inner]
            return found[0] if len(found) == 1 else kind(tuple(found))
        case Some(path=path, predicate=inner):
            atom: Predicate = Some(path, normal(inner))
            return Not(atom) if negated else atom
        case _:
            return Not(predicate) if negated else predicate


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """What must all hold."""
    if predicate is None:
        return ()
    return predicate.members if isinstance(predicate, And) else (predicate,)


def conjunction(members: tuple[Predicate, ...]) -> Predicate | None:
    """One predicate of several that must all hold; None of none."""
    if not members:
        return None
    return members[0] if len(members) == 1 else And(members)


def parted(predicate: Predicate | None, fields: Collection[str]) -> tuple[Predicate | None, tuple[Predicate, ...]]:
    """What of the conjuncts looks at none of some fields, and those that do."""
    if predicate is None or not fields:
        return predicate, ()
    members = conjuncts(predicate)
    looking = tuple(one for one in members if any(path.partition(".")[0] in fields for path in names(one)))
    return conjunction(tuple(one for one in members if one not in looking)), looking


def typical(predicate: Predicate) -> Predicate:
    """The same with one token for each kind of token: it is accepted where the whole is, and rendered at once."""
    match predicate:
        case And(members=members):
            return And(tuple(map(typical, members)))
        case Or(members=members):
            return Or(tuple(map(typical, members)))
        case Not(member=member):
            return Not(typical(member))
        case LeadsTo(tokens=tokens) | OneOf(tokens=tokens):
            kinds = {
                token.mapping if isinstance(token, KeyToken) else (token.scheme, token.country, token.partner): token
                for token in tokens
            }
            return replace(predicate, tokens=tuple(kinds.values()))
        case _:
            return predicate
