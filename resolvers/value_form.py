"""Reads value forms of a partner file: where a leaf comes from and how it is read (docs/partners.md, Values)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import replace
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from resolvers.coercion import NotUnderstood, converter
from resolvers.entity import Field, Kind
from resolvers.expression import (
    Case,
    Coalesce,
    Column,
    Constant,
    Expression,
    Plus,
    Template,
    Unread,
    hoisted,
    inner,
    light,
)
from resolvers.mapping import Value
from resolvers.predicate_form import predicate
from resolvers.section import Section, nearest, shown
from resolvers.source_form import read_json, read_raw
from resolvers.step_form import STEPS, read_decimal, read_factor, read_formats, read_steps, read_unit

HEADS = ("column", "const", "coalesce", "template", "when", "json")
ALL_HEADS = (*HEADS, "date", "raw", "unread")
# Option -> the types that it does something for; none named: any.
OPTIONS: dict[str, frozenset[str]] = {
    "values": frozenset(),
    "otherwise": frozenset(),
    "null": frozenset(),
    "trim": frozenset(),
    "split": frozenset(),
    "scale": frozenset({"Int", "Float", "Decimal"}),
    "zone": frozenset({"Date", "DateTime"}),
    "inclusive": frozenset({"DateTime"}),
    "decimal": frozenset({"Int", "Float", "Decimal"}),
    "factor": frozenset({"Int", "Float", "Decimal"}),
    "unit": frozenset({"Int", "Float", "Decimal"}),
    "format": frozenset({"Date", "DateTime", "LocalTime"}),
    **dict.fromkeys(STEPS, frozenset[str]()),
}
# What says what a text means; beside forms that have options of their own it would be said twice.
MEANINGS = ("values", "scale", "decimal", "factor", "unit", "format")
LATER = {
    "raw": "`raw` stands in a value form; for whole rows name a view",
    "pick": 'a pick stands in a join: join.NAME = { ..., key = "id", pick = "first" }',
}
# What a value of a type looks like, where it is not plain from its name.
LIKE = {
    "Date": "like 2026-01-31",
    "DateTime": 'like 2026-01-31T18:00:00, or with an offset "2026-01-31T18:00:00+01:00"',
    "LocalTime": 'like "18:00"',
    "RegionCode": 'like "FR" or "FR-69"',
    "CurrencyCode": 'like "EUR"',
}


def read_value(section: Section, name: str, raw: Any, field: Field) -> Value | None:
    """A value form for a leaf of the field's type; None where it is no such thing, which is then noted."""
    if isinstance(raw, str):
        if raw:
            return Value(Column(raw))
        section.mistake("CATALOG_WRONG_VALUE", name, "a column's name cannot be empty.")
        return None
    if not isinstance(raw, dict):
        hint = f"{{ const = {shown(raw)} }} gives every row this value" if isinstance(raw, int | float) else ""
        section.mistake("CATALOG_WRONG_TYPE", name, "a column's name or a value form is expected here.", hint)
        return None
    form = Section(raw, section.at(name), section.mistakes)
    head = _head(form, raw)
    if head is None:
        return None
    expression = _expression(form, head, field)
    options = _Options(form, head, field)
    form.done(LATER)
    return None if expression is None else options.applied(expression)


def read_constant(form: Section, key: str, raw: Any, field: Field) -> Any:
    """The canonical value that a text, number or the like of the file stands for; None where it is none of the field's.

    form, key: where it stands, to note the mistake.
    """
    if field.values:
        if not isinstance(raw, str) or raw not in field.values:
            hint = nearest(str(raw), field.values) or "one of: " + ", ".join(field.values)
            form.mistake("CATALOG_UNKNOWN_VALUE", key, f"{shown(raw)} is no {field.type}.", hint)
            return None
        return raw
    if field.type == "Boolean":
        if not isinstance(raw, bool):
            form.mistake("CATALOG_WRONG_TYPE", key, f"{shown(raw)} is neither true nor false.")
            return None
        return raw
    if isinstance(raw, dict | list) and field.type != "JSON":
        form.mistake("CATALOG_WRONG_TYPE", key, f"a single value is expected here, not {shown(raw)}.")
        return None
    numeric = field.type in ("Int", "Float", "Decimal")
    try:
        if numeric and isinstance(raw, bool):
            raise NotUnderstood
        found = converter(replace(field, many=False), Value(Column("")), "UTC")(raw)
    except NotUnderstood:
        form.mistake("CATALOG_WRONG_VALUE", key, f"{shown(raw)} is no {field.type}.", LIKE.get(field.type, ""))
        return None
    if field.name == "timeZone" and not known_zone(found):
        form.mistake("CATALOG_WRONG_VALUE", key, f"{found!r} is not an IANA time zone.", 'like "Europe/Paris"')
        return None
    return found


class _Options:
    """What stands beside the head of a form."""

    def __init__(self, form: Section, head: str, field: Field) -> None:
        self.form = form
        self.field = field
        given = set(form.data)
        for option, types in OPTIONS.items():
            if option in given and types and field.type not in types:
                form.mistake("CATALOG_WRONG_VALUE", option, f"`{option}` does nothing for a {field.type}.")
        if head in ("const", "when"):
            for option in ("values", "otherwise") if head == "const" else ("values",):
                if option in given:
                    form.mistake("CATALOG_WRONG_VALUE", option, f"`{option}` does nothing beside `{head}`.")
        self.values = self._values()
        self.strict = "otherwise" not in given or head == "when"
        otherwise = form.take("otherwise")
        self.otherwise = None if self.strict else read_constant(form, "otherwise", otherwise, field)
        if not self.strict and self.values is None and "values" not in given:
            if field.values:  # the source's codes are canonical already
                self.values = {name: name for name in field.values}
            elif head != "const":
                form.mistake("CATALOG_MISSING_KEY", "values", "`otherwise` is for codes that are not in `values`.")
        self.null = self._null()
        self.split = form.text("split")
        if self.split is not None and not field.many:
            message = f"`split` makes a list, but `{field.name}` is a single value."
            form.mistake("CATALOG_WRONG_VALUE", "split", message)
        self.zone = form.text("zone")
        if self.zone is not None and not known_zone(self.zone):
            message = f"{self.zone!r} is not an IANA time zone."
            form.mistake("CATALOG_WRONG_VALUE", "zone", message, 'like "Europe/Paris"')
        self.scale = form.integer("scale", low=-18, high=18)
        self.trim = form.boolean("trim")
        self.inclusive = form.boolean("inclusive")
        self.steps = read_steps(form)
        self.decimal = read_decimal(form)
        self.formats = read_formats(form, field)
        self.factor = read_factor(form)
        factor, unit, self.units = read_unit(form, field)
        self.factor *= factor
        self.unit = None if unit is None else read_value(form, "unit", unit, Field("unit", Kind.LEAF, "String"))

    def _values(self) -> dict[str, Any] | None:
        values = self.form.take("values")
        if values is None:
            return None
        if not isinstance(values, dict):
            self.form.mistake("CATALOG_WRONG_TYPE", "values", "`values` is a table from code to value.")
            return None
        inner = Section(values, self.form.at("values"), self.form.mistakes)
        return {str(code): read_constant(inner, str(code), value, self.field) for code, value in values.items()}

    def _null(self) -> tuple[Any, ...]:
        null = self.form.take("null")
        tokens = null if isinstance(null, list) else [] if null is None else [null]
        if not all(isinstance(token, str | int | float) for token in tokens):
            self.form.mistake("CATALOG_WRONG_TYPE", "null", "texts or numbers are expected here.", 'like ["", "N/C"]')
            return ()
        return tuple(tokens)

    def applied(self, expression: Expression) -> Value:
        form = self.form
        if any(isinstance(member, Value) and not light(member) for member in inner(expression)):
            for option in MEANINGS:
                if option in form.data:
                    message = f"`{option}` belongs into the inner forms, which have options of their own."
                    form.mistake("CATALOG_WRONG_VALUE", option, message)
        found = Value(
            expression=expression,
            values=self.values,
            otherwise=self.otherwise,
            strict=self.strict,
            null=self.null,
            trim=bool(self.trim),
            split=self.split,
            scale=self.scale or 0,
            zone=self.zone,
            inclusive=bool(self.inclusive),
            steps=self.steps,
            decimal=self.decimal,
            factor=self.factor,
            unit=self.unit,
            units=self.units if self.unit is not None or self.decimal is not None else None,
            formats=self.formats,
            closed=bool(self.field.values) and self.values is not None,
        )
        return hoisted(found)


def _head(form: Section, raw: Map[str, Any]) -> str | None:
    heads = [head for head in ALL_HEADS if head in raw]
    if len(heads) == 1:
        return heads[0]
    if not heads and LATER.keys() & raw.keys():
        for key in raw.keys() - LATER.keys():
            form.take(key)
        form.done(LATER)
        return None
    slip = next((key for key in raw if key not in OPTIONS and key not in heads), "")
    message = f"exactly one of {', '.join(ALL_HEADS)} is needed here."
    form.mistake("CATALOG_WRONG_VALUE", "", message, nearest(slip, ALL_HEADS) if slip else "")
    return None


def _expression(form: Section, head: str, field: Field) -> Expression | None:
    match head:
        case "column":
            column = form.text("column")
            return Column(column) if column else None
        case "json":
            return read_json(form)
        case "const":
            return _constant(form, field)
        case "coalesce":
            return _coalesce(form, field)
        case "template":
            return _template(form)
        case "date":
            return _plus(form, field)
        case "raw":
            return read_raw(form, field)
        case "unread":
            return _unread(form, field)
        case _:
            return _case(form, field)


def _constant(form: Section, field: Field) -> Constant | None:
    constant = form.take("const")
    if not isinstance(constant, list) or field.type == "JSON":
        read_constant(form, "const", constant, field)
        return Constant(constant)
    if not field.many:
        form.mistake("CATALOG_WRONG_TYPE", "const", "a single value is expected here, not a list.")
        return None
    for index, item in enumerate(constant):
        read_constant(form, f"const[{index}]", item, field)
    return Constant(tuple(constant))


def _coalesce(form: Section, field: Field) -> Expression | None:
    items = form.take("coalesce")
    if not isinstance(items, list) or not items:
        form.mistake("CATALOG_WRONG_TYPE", "coalesce", "a list of value forms is expected here.")
        return None
    found = []
    for index, item in enumerate(items):
        key = f"coalesce[{index}]"
        value = read_value(form, key, item, replace(field, many=False))
        if value is None:
            continue
        if isinstance(value.expression, Constant) and isinstance(value.expression.value, list | tuple | dict):
            form.mistake("CATALOG_WRONG_TYPE", key, "a single value is expected here.")
        found.append(value.expression if value == Value(value.expression) else value)
    return Coalesce(tuple(found)) if found else None


def _case(form: Section, field: Field) -> Expression | None:
    items = form.take("when")
    if not isinstance(items, list) or not items:
        form.mistake("CATALOG_WRONG_TYPE", "when", "a list of { if = ..., is = ... } is expected here.")
        return None
    cases = []
    outcomes = []
    for index, item in enumerate(items):
        inner = Section(item if isinstance(item, dict) else {}, f"{form.at('when')}[{index}]", form.mistakes)
        condition = predicate(inner, "if", required=True)
        outcome = inner.take("is", required=True)
        inner.done()
        if outcome is not None:
            outcome = _outcome(inner, "is", outcome, field)
            outcomes.append(outcome)
        if condition is not None:
            cases.append((condition, outcome))
    otherwise = form.take("otherwise")
    if otherwise is not None:
        otherwise = _outcome(form, "otherwise", otherwise, field)
        outcomes.append(otherwise)
    plain = [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, Value)]
    if len({type(item) for outcome in plain for item in (outcome if isinstance(outcome, tuple) else (outcome,))}) > 1:
        form.mistake("CATALOG_WRONG_TYPE", "when", "all outcomes must be of one type.")
    return Case(tuple(cases), otherwise) if cases else None


def _outcome(form: Section, key: str, raw: Any, field: Field) -> Any:
    """An outcome as the database gives it back: of one type for all; or a form that reads it; or a list (tuple)."""
    if isinstance(raw, list) and field.many and field.type != "JSON":
        found = [_outcome(form, f"{key}[{index}]", item, replace(field, many=False)) for index, item in enumerate(raw)]
        if any(isinstance(item, Value) for item in found):
            form.mistake("CATALOG_WRONG_TYPE", key, "a list of values is expected here, without forms in it.")
            return None
        return tuple(item for item in found if item is not None)
    if isinstance(raw, dict) and (field.type != "JSON" or raw.keys() & set(ALL_HEADS)):
        return read_value(form, key, raw, replace(field, many=False))
    if isinstance(raw, dict | list):
        form.mistake("CATALOG_WRONG_TYPE", key, f"a single value is expected here, not {shown(raw)}.")
        return None
    found = read_constant(form, key, raw, field)
    if field.type == "JSON":
        return raw.isoformat() if isinstance(raw, date | time) else raw
    return raw if isinstance(found, date | time) else found


def _template(form: Section) -> Template | None:
    text = form.text("template")
    forms = form.section("with")
    if text is None:
        return None
    members: list[str | Column | Value] = []
    for literal, column in re.findall(r"([^{}]+)|\{([^{}]+)\}", text):
        if forms is not None and column in forms.data:
            value = read_value(forms, column, forms.take(column), Field(column, Kind.LEAF, "String"))
            members.append(Column(column) if value is None else value)
        else:
            members.append(Column(column) if column else literal)
    if forms is not None:
        forms.done(others=[member.name for member in members if isinstance(member, Column)])
    rest = re.sub(r"\{[^{}]+\}", "", text)
    if all(isinstance(member, str) for member in members) or "{" in rest or "}" in rest:
        form.mistake("CATALOG_WRONG_VALUE", "template", "columns stand in braces.", 'like "{prenom} {nom}"')
        return None
    return Template(tuple(members))


def _plus(form: Section, field: Field) -> Plus | None:
    """A day or time and what is counted on from it."""
    if field.type not in ("Date", "DateTime"):
        form.mistake("CATALOG_WRONG_VALUE", "date", f"`date` does nothing for a {field.type}.")
        for key in ("date", "plus"):
            form.take(key)
        return None
    begin = read_value(form, "date", form.take("date"), replace(field, many=False))
    section = form.section("plus", required=True)
    if section is None:
        return None
    counts: dict[str, Value | int] = {}
    for name in ("months", "days"):
        raw = section.take(name)
        if raw is None or (isinstance(raw, int) and not isinstance(raw, bool)):
            counts[name] = raw or 0
        else:
            counts[name] = read_value(section, name, raw, Field(name, Kind.LEAF, "Int")) or 0
    section.done()
    return None if begin is None else Plus(begin, counts["months"], counts["days"])


def _unread(form: Section, field: Field) -> Unread | None:
    """What the patterns of the same mapping leave of a text."""
    raw = form.take("unread")
    if field.type != "String":
        form.mistake("CATALOG_WRONG_VALUE", "unread", f"`unread` keeps a text, and `{field.name}` is none.")
        return None
    text = read_value(form, "unread", raw, Field("unread", Kind.LEAF, "String"))
    return None if text is None else Unread(text)


def known_zone(name: str) -> bool:
    """Whether the name is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
