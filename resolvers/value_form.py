"""Reads value forms of a partner file: where a leaf comes from and how it is read (docs/partners.md, Values)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from typing import Any
from zoneinfo import ZoneInfo

from resolvers.entity import Field
from resolvers.expression import Case, Coalesce, Column, Constant, Expression, JsonPath, Template
from resolvers.mapping import Value
from resolvers.predicate_form import predicate
from resolvers.section import Section, nearest

HEADS = frozenset({"column", "const", "coalesce", "template", "when", "json"})
OPTIONS = frozenset({"values", "otherwise", "null", "trim", "split", "scale", "zone", "inclusive"})
LATER = {
    "raw": "an SQL escape comes with the full mapping language",
    "pattern": "extraction from prose comes with the full mapping language",
    "pick": "1:n joins come with the full mapping language",
    "where": "rows are shared whole for now; row conditions come with the full agreements",
    "mask": "masks come with the full agreements",
    "purposes": "purposes come with the full agreements",
    "scopes": "scopes per agreement come with the full agreements",
}


def read_value(section: Section, name: str, raw: Any, field: Field) -> Value | None:
    """A value form for a leaf of the field's type."""
    if isinstance(raw, str):
        return Value(Column(raw))
    if not isinstance(raw, dict):
        hint = f"{{ const = {raw!r} }} gives every row this value" if isinstance(raw, int | float | bool) else ""
        section.mistake("CATALOG_WRONG_TYPE", name, "a column's name or a value form is expected here.", hint)
        return None
    form = Section(raw, section.at(name), section.mistakes)
    expression = _expression(form, raw, field)
    values = form.take("values")
    if values is not None and not isinstance(values, dict):
        form.mistake("CATALOG_WRONG_TYPE", "values", "`values` is a table from code to value.")
        values = None
    has_otherwise = "otherwise" in raw and "when" not in raw
    otherwise = form.take("otherwise")
    for code, canonical in (values or {}).items():
        note_unfit(Section(values or {}, form.at("values"), form.mistakes), str(code), canonical, field)
    if has_otherwise:
        note_unfit(form, "otherwise", otherwise, field)
    null = form.take("null")
    split = form.text("split")
    zone = form.text("zone")
    if zone is not None and not known_zone(zone):
        form.mistake("CATALOG_WRONG_VALUE", "zone", f"{zone!r} is not an IANA time zone.", 'like "Europe/Paris"')
    scale = form.integer("scale", low=-18, high=18)
    trim = form.boolean("trim")
    inclusive = form.boolean("inclusive")
    form.done(LATER)
    if expression is None:
        return None
    return Value(
        expression=expression,
        values={str(code): canonical for code, canonical in values.items()} if values is not None else None,
        otherwise=otherwise if has_otherwise else None,
        strict=not has_otherwise,
        null=tuple(null) if isinstance(null, list) else () if null is None else (null,),
        trim=bool(trim),
        split=split,
        scale=scale or 0,
        zone=zone,
        inclusive=bool(inclusive),
    )


def note_unfit(form: Section, key: str, canonical: Any, field: Field) -> None:
    """Note a canonical value that the field cannot have."""
    if field.values and canonical not in field.values:
        hint = nearest(str(canonical), field.values) or "one of: " + ", ".join(field.values)
        form.mistake("CATALOG_UNKNOWN_VALUE", key, f"{canonical!r} is not a {field.type}.", hint)
    elif field.type == "Boolean" and not isinstance(canonical, bool):
        form.mistake("CATALOG_WRONG_TYPE", key, f"{canonical!r} is neither true nor false.")


def _expression(form: Section, raw: Map[str, Any], field: Field) -> Expression | None:
    heads = [head for head in raw if head in HEADS]
    if len(heads) != 1:
        form.mistake(
            "CATALOG_WRONG_VALUE",
            "",
            "exactly one of column, const, coalesce, template, when, json is needed here.",
            nearest(next((key for key in raw if key not in OPTIONS), ""), HEADS),
        )
        for key in raw:
            form.take(key)
        return None
    match heads[0]:
        case "column":
            column = form.text("column")
            return Column(column) if column else None
        case "json":
            column, path = form.text("json"), form.texts("path", required=True)
            return JsonPath(column, path) if column and path else None
        case "const":
            constant = form.take("const")
            if isinstance(constant, list):
                for item in constant:
                    note_unfit(form, "const", item, field)
                return Constant(tuple(constant))
            if isinstance(constant, dict) and field.type != "JSON":
                form.mistake("CATALOG_WRONG_TYPE", "const", "a single value is expected here.")
                return None
            note_unfit(form, "const", constant, field)
            return Constant(constant)
        case "coalesce":
            return _coalesce(form, field)
        case "template":
            return _template(form)
        case _:
            return _case(form, field)


def _coalesce(form: Section, field: Field) -> Expression | None:
    items = form.take("coalesce")
    if not isinstance(items, list) or not items:
        form.mistake("CATALOG_WRONG_TYPE", "coalesce", "a list of value forms is expected here.")
        return None
    found = []
    for index, item in enumerate(items):
        value = read_value(form, f"coalesce[{index}]", item, field)
        if value is not None:
            if value.values is not None or value.split or value.scale or value.zone or value.null or value.trim:
                form.mistake("CATALOG_WRONG_VALUE", f"coalesce[{index}]", "options belong beside `coalesce`.")
            found.append(value.expression)
    return Coalesce(tuple(found))


def _case(form: Section, field: Field) -> Expression | None:
    items = form.take("when")
    if not isinstance(items, list) or not items:
        form.mistake("CATALOG_WRONG_TYPE", "when", "a list of { if = ..., is = ... } is expected here.")
        return None
    cases = []
    for index, item in enumerate(items):
        inner = Section(item if isinstance(item, dict) else {}, f"{form.at('when')}[{index}]", form.mistakes)
        condition = predicate(inner, "if", required=True)
        outcome = inner.take("is", required=True)
        note_unfit(inner, "is", outcome, field)
        inner.done()
        if condition is not None:
            cases.append((condition, outcome))
    otherwise = form.data.get("otherwise")
    if otherwise is not None:
        note_unfit(form, "otherwise", otherwise, field)
    return Case(tuple(cases), otherwise)


def _template(form: Section) -> Template | None:
    text = form.text("template", required=True)
    if text is None:
        return None
    members: list[str | Column] = []
    for literal, column in re.findall(r"([^{}]+)|\{([^{}]+)\}", text):
        members.append(Column(column) if column else literal)
    if not any(isinstance(member, Column) for member in members) or re.sub(r"\{[^{}]+\}", "", text).count("{"):
        form.mistake("CATALOG_WRONG_VALUE", "template", "columns stand in braces.", 'like "{prenom} {nom}"')
        return None
    return Template(tuple(members))


def known_zone(name: str) -> bool:
    """Whether the name is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
