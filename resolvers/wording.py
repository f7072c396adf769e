"""Predicates, orders, tokens and accesses as people read them, values included: for the operator only."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from resolvers.entity import Model
from resolvers.fetch import Access, Children, LinkRows, Listing, Lookup, OrderKey
from resolvers.identifier import KeyToken, Token
from resolvers.operand import Caller, Clock, OtherColumn
from resolvers.predicate import And, Compare, LeadsTo, Near, Not, OneOf, Or, Predicate, Some

FEW = 3  # tokens that are named; of more their number is told
Bare = Callable[[str], bool]
"""Whether the texts at a path are names, which stand without quotation marks."""
Naming = Callable[[Sequence[Token]], str]
"""How it is said what tokens lead to."""


def tokens_text(tokens: Sequence[Token]) -> str:
    """What tokens lead to, by name where they are few."""
    if len(tokens) > FEW or not tokens:
        return f"one of {len(tokens):,} records" if tokens else "no record"
    return " or ".join(map(token_text, tokens))


def unnamed(_tokens: Sequence[Token]) -> str:
    """What tokens lead to, for who may know neither which they are nor how many."""
    return "what was found"


def predicate_text(predicate: Predicate, bare: Bare = lambda _: False, naming: Naming = tokens_text) -> str:
    """A predicate in the words of filters: `name contains "x" and not (kind in [VAN])`."""
    match predicate:
        case And(members=members):
            return " and ".join(_enclosed(member, bare, naming) for member in members) or "everything"
        case Or(members=members):
            return " or ".join(_enclosed(member, bare, naming) for member in members) or "nothing"
        case Not(member=member):
            return f"not ({predicate_text(member, bare, naming)})"
        case Compare(name=name, operator=operator, value=value):
            return f"{name or 'partner'} {operator} {value_text(value, bare(name) or not name)}"
        case Some(path=path, predicate=inner):
            return f"{path} some ({predicate_text(inner, lambda name: bare(f'{path}.{name}'), naming)})"
        case Near(path=path, lat=lat, lon=lon, km=km):
            return f"{path} within {km:g} km of {lat:g}, {lon:g}"
        case LeadsTo(path=path, tokens=tokens):
            return f"{path} leads to {naming(tokens)}"
        case OneOf(path=path, tokens=tokens):
            return f"is {naming(tokens)} (by {path})"


def _enclosed(predicate: Predicate, bare: Bare, naming: Naming) -> str:
    text = predicate_text(predicate, bare, naming)
    return f"({text})" if isinstance(predicate, And | Or) and len(predicate.members) > 1 else text


def value_text(value: Any, bare: bool = False) -> str:
    """A value as JSON has it; days, times and exact numbers as they are written."""
    match value:
        case Clock(name=name):
            return f"${name}"
        case Caller():
            return "$caller"
        case OtherColumn(name=name):
            return f"column {name}"
        case list() | tuple():
            return "[" + ", ".join(value_text(item, bare) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{name}: {value_text(item, bare)}" for name, item in value.items()) + "}"
        case str():
            return value if bare else json.dumps(value, ensure_ascii=False)
        case date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case bytes():
            return "0x" + value.hex()
        case None | bool() | int() | float():
            return json.dumps(value)
        case _:
            return str(value)


def enums_of(model: Model, entity: str) -> Bare:
    """Whether the texts at an entity's path are values of an enum."""

    def bare(path: str) -> bool:
        try:
            return bool(model.field(entity, path).values)
        except KeyError:  # behind an edge
            return False

    return bare


def condition_text(model: Model, entity: str, condition: Predicate) -> str:
    """A condition on an entity's records, as its partner file has it; what edges lead to is known."""

    def bare(path: str) -> bool:
        fields, names = model.entities[entity].fields, path.split(".")
        for name in names[:-1]:
            type_ = fields[name].type
            fields = model.parts[type_].fields if type_ in model.parts else model.entities[type_].fields
        found = fields.get(names[-1])  # none of "", the partner
        return found is not None and bool(found.values)

    return predicate_text(condition, bare)


def token_text(token: Token) -> str:
    """What a token leads to: `poste.staff 12`, or `LICENSE_PLATE AB123CD`."""
    if isinstance(token, KeyToken):
        return f"{token.mapping} {token.key}"
    country = f" of {token.country}" if token.country else ""
    return f"{token.scheme} {token.normalized}{country}"


def order_text(order: Sequence[OrderKey]) -> str:
    """Sort keys, the most important first."""
    return ", ".join(f"{key.path or 'partner'}{' descending' if key.descending else ''}" for key in order)


def access_text(access: Access | LinkRows | None) -> str:
    """By what access rows are asked for, and of how many things."""
    match access:
        case None:
            return "Accept"
        case Listing():
            return "Listing"
        case Lookup(keys=keys, names=names):
            return f"Lookup by {_tokens(sum(map(len, keys.values())), len(names))}"
        case Children(via=via, tokens=None):
            return f"Children, by {via}, of anything"
        case Children(via=via, tokens=tokens):
            found = tokens or ()
            keyed = sum(isinstance(token, KeyToken) for token in found)
            return f"Children, by {via}, of {_tokens(keyed, len(found) - keyed)}"
        case LinkRows(path=path, owners=owners):
            return f"LinkRows, by {path}, of {_several(sum(map(len, owners.values())), 'record')}"


def _tokens(keys: int, names: int) -> str:
    said = [_several(count, what) for count, what in ((keys, "key"), (names, "identifier")) if count]
    return " and ".join(said) or "nothing"


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
