"""Conditions on partners' codes: a partner that the caller may not know is as if nobody were there."""

from __future__ import annotations

from collections.abc import Collection

from resolvers.entity import Kind, Model
from resolvers.predicate import And, Compare, Not, Or, Predicate, Some


def familiar(model: Model, entity: str, predicate: Predicate, codes: Collection[str]) -> Predicate:
    """The predicate with every comparison of a partner's code told in the codes of partners that the caller may know.

    A field that names another partner reads null for the caller; so it does for the filter.
    """
    match predicate:
        case And(members=members):
            return And(tuple(familiar(model, entity, member, codes) for member in members))
        case Or(members=members):
            return Or(tuple(familiar(model, entity, member, codes) for member in members))
        case Not(member=member):
            return Not(familiar(model, entity, member, codes))
        case Some(path=path, predicate=inner):
            target = model.field(entity, path).type
            return Some(path, familiar(model, target, inner, codes)) if target in model.entities else predicate
        case Compare(name=path, operator=operator, value=value) if path:
            field = model.field(entity, path)
            if field.kind is not Kind.PARTNER:
                return predicate
            if field.many:
                return Compare(path, "has", "") if operator == "has" and value not in codes else predicate
            return _among(path, operator, value, sorted(codes))
        case _:
            return predicate


def _among(path: str, operator: str, value: object, codes: Collection[str]) -> Predicate:
    known = Compare(path, "in", tuple(codes))
    match operator:
        case "isNull":
            return Not(known) if value else known
        case "eq":
            return Compare(path, "in", tuple(code for code in codes if code == value))
        case "ne":
            return Compare(path, "in", tuple(code for code in codes if code != value))
        case _:
            wanted = value if isinstance(value, tuple) else ()
            return Compare(path, "in", tuple(code for code in codes if code in wanted))
