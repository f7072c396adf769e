"""How lists are filtered: an input for each entity and part, derived from its declaration; one for each type of value.

Inputs refer to each other by name, as the entities do, so each is a name of this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import (
    StrawberryList,
    StrawberryOptional,
    get_object_definition,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from resolvers.entity import Kind
from schema.asset import Asset
from schema.authorisation import Authorisation
from schema.booking import Booking
from schema.coverage import Coverage
from schema.criterion import CRITERION, Criterion, Role
from schema.declaration import DECLARATION, Declaration
from schema.person import Person
from schema.policy import Policy
from schema.scalars import JSON, CurrencyCode, RegionCode
from schema.site import Site

_ORDERED = ("eq", "ne", "in", "lt", "le", "gt", "ge", "isNull")
_CODED = ("eq", "ne", "in", "isNull")
# A partner's code in a filter: what is not a text like others, because it names a partner that one may know.
_PARTNER = "PartnerCode"
_TYPES: dict[Any, tuple[str, Any, tuple[str, ...]]] = {
    str: ("String", str, (*_ORDERED[:-1], "startsWith", "contains", "isNull")),
    int: ("Int", int, _ORDERED),
    float: ("Float", float, _ORDERED),
    Decimal: ("Decimal", Decimal, _ORDERED),
    bool: ("Boolean", bool, ("eq", "ne", "isNull")),
    date: ("Date", date, _ORDERED),
    datetime: ("DateTime", datetime, _ORDERED),
    time: ("LocalTime", time, _ORDERED),
    CurrencyCode: ("CurrencyCode", CurrencyCode, _CODED),
    RegionCode: ("RegionCode", RegionCode, _CODED),
    _PARTNER: (_PARTNER, str, _CODED),
}
_MEANING = {
    "eq": "Equal to this.",
    "ne": "Another than this, and not null.",
    "in": "One of these, at most 1,000; an empty list matches nothing.",
    "lt": "Less than this, or before it.",
    "le": "This, or less, or before it.",
    "gt": "Greater than this, or after it.",
    "ge": "This, or greater, or after it.",
    "startsWith": "Begins with these very characters.",
    "contains": "Holds this text, whatever the case and the accents of its letters.",
    "isNull": "`true`: the record has none; `false`: it has one. What is not shared is neither.",
    "has": "One of its members is this.",
}
_OF_TEXTS = {
    "eq": "These very characters, in this case.",
    "lt": "Before this, by code point.",
    "le": "This, or before it, by code point.",
    "gt": "After this, by code point.",
    "ge": "This, or after it, by code point.",
}
_NAMES = StrawberryConfig().name_converter


@dataclass(frozen=True, slots=True)
class _Member:
    """One field of an input: its name in the graph, its annotation without null, what it means and stands for."""

    name: str
    annotation: Any
    text: str
    criterion: Criterion


def _named(name: str) -> Any:
    return Annotated[name, strawberry.lazy(__name__)]


def _input(name: str, text: str, members: Iterable[_Member]) -> Any:
    """The input of a name, made once; all its fields may be left out."""
    if name not in globals():
        namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
        for member in members:
            python = f"{member.name}_"
            namespace["__annotations__"][python] = member.annotation | None
            namespace[python] = strawberry.field(
                name=member.name,
                default=strawberry.UNSET,
                description=member.text,
                metadata={CRITERION: member.criterion},
            )
        globals()[name] = strawberry.input(type(name, (), namespace), description=text)
    return _named(name)


def _operators(name: str, annotation: Any, operators: Iterable[str]) -> Iterator[_Member]:
    for operator in operators:
        wanted = {"isNull": bool, "in": list[annotation]}.get(operator, annotation)
        text = _OF_TEXTS.get(operator, _MEANING[operator]) if name == "String" else _MEANING[operator]
        yield _Member(operator, wanted, text, Criterion(Role.OPERATOR, operator))


def _value(type_: Any, *, many: bool) -> Any:
    """The input for one type of value, or for a list of such values."""
    enum = isinstance(type_, StrawberryEnumDefinition)
    name, annotation, operators = (type_.name, type_.wrapped_cls, _CODED) if enum else _TYPES[type_]
    if many:
        text = f"Conditions on a list of values of type {name}; several mean and. An empty list is not null."
        return _input(f"{name}ListFilter", text, _operators(name, annotation, ("has", "isNull")))
    text = f"Conditions on a value of type {name}; several mean and. A comparison with null is false."
    return _input(f"{name}Filter", text, _operators(name, annotation, operators))


def _list(of: str, inner: Any, *, edge: bool) -> Any:
    """The input for a list of parts, or for an edge that leads to many records."""
    some = _Member("some", inner, f"Some {of} there fulfils all of this.", Criterion(Role.SOME, "some"))
    if edge:
        text = f"Conditions on an edge to records of type {of}, of any partner, that exist for the caller."
        return _input(f"{of}ListFilter", text, [some])
    empty = _operators(of, bool, ("isNull",))
    return _input(f"{of}ListFilter", f"Conditions on a list of type {of}; several mean and.", [some, *empty])


def _object(cls: type[Any]) -> Any:
    """The input for an entity or a part."""
    definition = get_object_definition(cls, strict=True)
    name = f"{definition.name}Filter"
    same = _named(name)
    several = list[same]  # type: ignore[valid-type]
    text = f"Conditions on a record or part of type {definition.name}; several mean and, none asks nothing."
    combined = [
        _Member("and", several, "All of these hold; an empty list asks nothing.", Criterion(Role.ALL, "and")),
        _Member("or", several, "One of these holds; an empty list matches nothing.", Criterion(Role.ANY, "or")),
        _Member("not", same, "This does not hold: the exact complement.", Criterion(Role.NONE, "not")),
    ]
    return _input(name, text, [*filter(None, map(_field, definition.fields)), *combined])


def _field(field: StrawberryField) -> _Member | None:
    """The input field for a declared field; None where it cannot be filtered by."""
    declared: Declaration | None = field.metadata.get(DECLARATION)
    if declared is None:
        return None
    name = _NAMES.get_graphql_name(field)
    role, inner, spelling = Role.INSIDE, None, False
    match declared.kind:
        case Kind.LEAF:
            inner = _leaf(field)
        case Kind.PARTNER:
            inner = _value(_PARTNER, many=_element(field)[1])
        case Kind.REFERENCE:
            role, inner = Role.EDGE, _named(f"{declared.target}Filter")
        case Kind.LINKS | Kind.REVERSE:
            assert declared.target is not None
            inner = _list(declared.target, _named(f"{declared.target}Filter"), edge=True)
        case Kind.SYSTEM if name == "partner":
            role, inner = Role.OWNER, _value(_PARTNER, many=False)
        case Kind.SYSTEM if name == "normalized":
            inner, spelling = _value(str, many=False), True
    if inner is None:
        return None
    return _Member(name, inner, field.description or "", Criterion(role, name, spelling))


def _leaf(field: StrawberryField) -> Any:
    type_, many = _element(field)
    if type_ is JSON:
        return None
    if not has_object_definition(type_):
        return _value(type_, many=many)
    part = _object(type_)
    return _list(get_object_definition(type_, strict=True).name, part, edge=False) if many else part


def _element(field: StrawberryField) -> tuple[Any, bool]:
    """The type of a field without null and list, and whether it is a list."""
    type_: Any = field.type
    if isinstance(type_, StrawberryOptional):
        type_ = type_.of_type
    many = isinstance(type_, StrawberryList)
    return (type_.of_type if many else type_), many


for _entity in (Asset, Authorisation, Booking, Coverage, Person, Policy, Site):
    _object(_entity)
