"""The outline of a condition: what decides whether a source takes it, without the values that have no say in that."""

from __future__ import annotations

import math
from collections.abc import Hashable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from resolvers.identifier import KeyToken, Token
from resolvers.predicate import And, Compare, LeadsTo, Near, Not, OneOf, Or, Predicate, Some

# Texts up to this length, numbers below it and years between are alike to every source; others stand for themselves.
_LENGTH = 64
_NUMBER = 2**53
_YEARS = range(1900, 2100)
_SPELLINGS = ("value", "normalized")
_SHORT: frozenset[Hashable] = frozenset({(str, False, True)})


def outline(predicate: Predicate) -> Hashable:
    """Equal for two conditions of which a source takes both or none."""
    match predicate:
        case Compare(name=path, operator=operator, value=value):
            return path, operator, _like(value)
        case And(members=members) | Or(members=members):
            return type(predicate), *map(outline, members)
        case Not(member=member):
            return Not, outline(member)
        case Some(path=path, predicate=inner):
            return Some, path, _entry(inner)
        case Near(path=path):
            return Near, path
        case LeadsTo(path=path, tokens=tokens) | OneOf(path=path, tokens=tokens):
            return type(predicate), path, frozenset(map(_led, tokens))


def _led(token: Token) -> Hashable:
    """What decides about a token, as `predicate.typical` has it."""
    return token.mapping if isinstance(token, KeyToken) else (token.scheme, token.country, token.partner)


def _like(value: Any) -> Hashable:
    match value:
        case str():
            size = len(value)
            return str, "\0" in value, size if size > _LENGTH else size > 0
        case bool() | None:
            return type(value), value
        case int():
            return (int,) if -_NUMBER < value < _NUMBER else (int, value)
        case float() | Decimal():
            known = math.isfinite(value) and -_NUMBER < value < _NUMBER
            return (type(value),) if known else (type(value), str(value))
        case date():
            told = type(value), getattr(value, "tzinfo", None) is None
            return told if value.year in _YEARS else (*told, value.isoformat())
        case tuple():
            return tuple, _SHORT if _short(value) else frozenset(map(_like, value))
        case _:
            return _exact(value)


def _short(values: tuple[Any, ...]) -> bool:
    """Whether all are plain texts: told at once, however many they are."""
    if set(map(type, values)) != {str} or not all(values):
        return False
    return max(map(len, values)) <= _LENGTH and "\0" not in "".join(values)


def _entry(inner: Predicate) -> Hashable:
    """Of a condition on an entry: what is spelt has no say; schemes, countries and all else have."""
    members = inner.members if isinstance(inner, And) else (inner,)
    found: list[Hashable] = []
    names = set()
    for member in members:
        if not isinstance(member, Compare) or member.operator not in ("eq", "in") or member.name in names:
            return _exact(inner)
        names.add(member.name)
        value = _like(member.value) if member.name in _SPELLINGS else _exact(member.value)
        found.append((member.name, member.operator, value))
    return tuple(found)


def _exact(value: Any) -> Hashable:
    """A value or a predicate itself: what Python holds equal but is of another type is not the same."""
    match value:
        case Compare(name=path, operator=operator, value=wanted):
            return Compare, path, operator, _exact(wanted)
        case And(members=members) | Or(members=members):
            return type(value), *map(_exact, members)
        case Not(member=member):
            return Not, _exact(member)
        case Some(path=path, predicate=inner):
            return Some, path, _exact(inner)
        case tuple():
            return tuple, *map(_exact, value)
        case datetime():
            return datetime, value.isoformat()
        case Decimal() | float():
            return type(value), str(value)
        case _:
            return type(value), value
