"""Reads which records an agreement shares: the filter language of the graph, as a partner file writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping as Map
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from resolvers.coercion import NotUnderstood, converter
from resolvers.entity import Field, Kind, Model
from resolvers.expression import Constant, Value
from resolvers.operand import CALLER
from resolvers.predicate import And, Compare, Not, Or, Predicate, Some
from resolvers.section import Section, nearest, shown

DEEPEST = 10  # how deep conditions may stand in each other
MOST = 200  # comparisons of one condition
LONGEST = 1_000  # values of one `in`
SEARCHED = 100  # characters of a text that `contains` looks for: MariaDB takes no longer pattern
CALLER_TEXT = "$caller"
OWNER = "partner"
_ORDERED = ("eq", "ne", "in", "lt", "le", "gt", "ge", "isNull")
_CODED = ("eq", "ne", "in", "isNull")
_OPERATORS: Map[str, tuple[str, ...]] = {
    "String": (*_ORDERED[:-1], "startsWith", "contains", "isNull"),
    "Boolean": ("eq", "ne", "isNull"),
    **dict.fromkeys(("Int", "Float", "Decimal", "Date", "DateTime"), _ORDERED),
    **dict.fromkeys(("CurrencyCode", "RegionCode"), _CODED),
}
_ARE = {
    "String": "a text",
    "Boolean": "true or false",
    "Int": "a whole number",
    "Float": "a number",
    "Decimal": "a number",
    "Date": "a day like 2026-01-31",
    "DateTime": "a time with an offset, like 2026-01-31T08:00:00+01:00",
    "CurrencyCode": 'an ISO 4217 currency code, like "EUR"',
    "RegionCode": 'an ISO 3166 code, like "FR"',
}
_WRONG = object()


def condition(section: Section, key: str, model: Model, entity: str, zone: str) -> Predicate | None:
    """The condition at a key, over canonical paths of an entity; None where there is none, or it is a mistake.

    It is such that a database can tell exactly which rows fulfil it. Edges are `Some`, with the paths of the records
    that they lead to inside; `$caller` is CALLER. zone: of the partner's times without an offset.
    """
    raw = section.take(key)
    if raw is None:
        return None
    before = len(section.mistakes.found)
    found = _Reader(model, zone).all(raw, section, key, entity, "", 0)
    return found if len(section.mistakes.found) == before else None


class _Reader:
    """Reads one condition, and counts its comparisons."""

    def __init__(self, model: Model, zone: str) -> None:
        self.model = model
        self.zone = zone
        self.count = 0

    def all(self, raw: Any, outer: Section, key: str, entity: str, part: str, depth: int) -> Predicate:
        """What one table asks of a record, or of the part of it at the path `part`."""
        if not isinstance(raw, dict) or not raw:
            outer.mistake("CATALOG_WRONG_TYPE", key, "a condition is expected here.", 'like { kind = { eq = "VAN" } }')
            return And(())
        if depth > DEEPEST:
            outer.mistake("CATALOG_WRONG_VALUE", key, f"conditions stand in each other deeper than {DEEPEST} levels.")
            return And(())
        section = Section(raw, outer.at(key), outer.mistakes)
        members = [self._member(name, operand, section, entity, part, depth) for name, operand in raw.items()]
        found = [member for member in members if member is not None]
        return found[0] if len(found) == 1 else And(tuple(found))

    def _member(
        self, name: str, operand: Any, section: Section, entity: str, part: str, depth: int
    ) -> Predicate | None:
        match name:
            case "and" | "or":
                if not isinstance(operand, list) or not operand:
                    message = f"`{name}` takes a list of conditions, at least one."
                    section.mistake("CATALOG_WRONG_TYPE", name, message)
                    return None
                inner = tuple(
                    self.all(item, section, f"{name}[{index}]", entity, part, depth + 1)
                    for index, item in enumerate(operand)
                )
                return And(inner) if name == "and" else Or(inner)
            case "not":
                return Not(self.all(operand, section, name, entity, part, depth + 1))
            case "near":
                hint = "no database tells distances exactly"
                section.mistake("CATALOG_WRONG_VALUE", name, "records cannot be narrowed by a distance.", hint)
                return None
        fields = self.model.parts[self.model.field(entity, part).type].fields if part else self._fields(entity)
        found = fields.get(name)
        if found is None or found.hidden:
            what = self.model.field(entity, part).type if part else entity
            known = [field.name for field in fields.values() if not field.hidden]
            hint = nearest(name, known) or "known: " + ", ".join(known)
            section.mistake("CATALOG_UNKNOWN_FIELD", name, f"{what} has no field {shown(name)}.", hint)
            return None
        return self._field(found, operand, section, entity, f"{part}.{name}" if part else name, depth)

    def _fields(self, entity: str) -> Map[str, Field]:
        return self.model.entities[entity].fields

    def _field(
        self, field: Field, operand: Any, section: Section, entity: str, path: str, depth: int
    ) -> Predicate | None:
        name = field.name
        match field.kind:
            case Kind.SYSTEM if path == OWNER:
                return self._operators("", field, "String", operand, section)
            case Kind.PARTNER if not field.many:
                return self._operators(path, field, "Partner", operand, section)
            case Kind.LEAF if not field.many and (field.values or field.type in _OPERATORS):
                return self._operators(path, field, field.type, operand, section)
            case Kind.PART if not field.many:
                return self.all(operand, section, name, entity, path, depth)
            case Kind.REFERENCE:
                return Some(path, self.all(operand, section, name, field.type, "", depth + 1))
            case Kind.LINKS:
                if not isinstance(operand, dict) or operand.keys() != {"some"}:
                    hint = f"like {{ {name} = {{ some = {{ ... }} }} }}"
                    section.mistake("CATALOG_WRONG_TYPE", name, f"`{name}` leads to many records.", hint)
                    return None
                inner = Section(operand, section.at(name), section.mistakes)
                return Some(path, self.all(operand["some"], inner, "some", field.type, "", depth + 1))
        section.mistake("CATALOG_WRONG_VALUE", name, f"records cannot be narrowed by `{name}`.", self._why(field))
        return None

    def _why(self, field: Field) -> str:
        """Why a database cannot tell exactly which rows fulfil a condition on a field."""
        match field.kind:
            case Kind.DERIVED:
                needs = [need for need in field.needs if need != field.name]
                return "it is computed, from " + ", ".join(needs)
            case Kind.REVERSE:
                return f"it leads here from {field.via}; conditions follow references and links only"
            case Kind.LEAF | Kind.PART | Kind.PARTNER if field.many:
                return "what is in a list is told by the gateway, not by every database"
        return "no database tells exactly which rows fulfil that"

    # comparisons -----------------------------------------------------------------------------------------------------

    def _operators(self, path: str, field: Field, type_: str, operand: Any, section: Section) -> Predicate | None:
        name = field.name
        if not isinstance(operand, dict) or not operand:
            hint = "" if isinstance(operand, dict | list) else f"like {{ {name} = {{ eq = {shown(operand)} }} }}"
            section.mistake("CATALOG_WRONG_TYPE", name, "an operator is expected here.", hint)
            return None
        inner = Section(operand, section.at(name), section.mistakes)
        known = _CODED if field.values or type_ == "Partner" or not path else _OPERATORS[type_]
        found = []
        for operator, value in operand.items():
            self.count += 1
            if self.count == MOST + 1:
                inner.mistake("CATALOG_WRONG_VALUE", operator, f"the condition has more than {MOST} comparisons.")
            if operator not in known:
                hint = nearest(operator, known) or "known here: " + ", ".join(known)
                inner.mistake("CATALOG_UNKNOWN_KEY", operator, f"{shown(operator)} is no operator here.", hint)
            elif (wanted := self._wanted(operator, field, type_, value, inner)) is not _WRONG:
                found.append(Compare(path, operator, wanted))
        return found[0] if len(found) == 1 else And(tuple(found))

    def _wanted(self, operator: str, field: Field, type_: str, value: Any, section: Section) -> Any:
        if operator == "isNull":
            if isinstance(value, bool):
                return value
            section.mistake("CATALOG_WRONG_TYPE", operator, f"true or false is expected here, not {shown(value)}.")
            return _WRONG
        if operator == "in":
            if not isinstance(value, list) or not value or len(value) > LONGEST:
                message = f"a list of values is expected here, at least one and at most {LONGEST:,}."
                section.mistake("CATALOG_WRONG_TYPE", operator, message)
                return _WRONG
            found = [self._value(operator, field, type_, item, section) for item in value]
            return _WRONG if any(item is _WRONG for item in found) else tuple(dict.fromkeys(found))
        found_ = self._value(operator, field, type_, value, section)
        if operator == "contains" and isinstance(found_, str) and len(found_) > SEARCHED:
            message = f"a text of at most {SEARCHED} characters is expected here."
            section.mistake("CATALOG_WRONG_VALUE", operator, message)
            return _WRONG
        return found_

    def _value(self, operator: str, field: Field, type_: str, value: Any, section: Section) -> Any:
        """The canonical value; _WRONG where it is a mistake."""
        text = type_ in ("String", "Partner")
        if text and not field.values and isinstance(value, str) and value.startswith("$"):
            if value == CALLER_TEXT and operator in ("eq", "ne", "in"):
                return CALLER
            hint = f'"{CALLER_TEXT}" stands for the partner that asks, with eq, ne and in'
            section.mistake("CATALOG_WRONG_VALUE", operator, f"{shown(value)} stands for nothing here.", hint)
            return _WRONG
        if field.values:
            if isinstance(value, str) and value in field.values:
                return value
            hint = nearest(value, field.values) if isinstance(value, str) else ""
            hint = hint or "one of: " + ", ".join(field.values)
            section.mistake("CATALOG_UNKNOWN_VALUE", operator, f"{field.type} has no value {shown(value)}.", hint)
            return _WRONG
        wanted = _ARE["String" if text else type_]
        if _fits("String" if text else type_, value):
            if text:
                return value
            try:
                return converter(Field(field.name, Kind.LEAF, type_), Value(Constant(value)), self.zone)(value)
            except (NotUnderstood, OverflowError):
                pass
        section.mistake("CATALOG_WRONG_TYPE", operator, f"{wanted} is expected here, not {shown(value)}.")
        return _WRONG


def _fits(type_: str, value: Any) -> bool:
    """Whether a TOML value is of the kind that a type is written in."""
    match type_:
        case "Boolean":
            return isinstance(value, bool)
        case "Int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Float":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "Decimal":
            if isinstance(value, str):
                return _is_decimal(value)
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "Date":
            return isinstance(value, date) and not isinstance(value, datetime)
        case "DateTime":
            return isinstance(value, datetime) and value.tzinfo is not None
        case _:
            return isinstance(value, str)


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False
