"""Reads the `[mapping.NAME]` tables of a partner file: forms of values, references and links (docs/partners.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from typing import Any

from resolvers.entity import Entity, Field, Kind, Model
from resolvers.expression import Case, Coalesce, Column, Constant, Expression, JsonPath, Template
from resolvers.mapping import Binding, ByIdentifier, ByKey, Join, Link, Mapping, Names, Parts, Target, Value
from resolvers.predicate import OPERATORS, And, Compare, Not, Or, Predicate
from resolvers.section import Section, nearest

NAME = r"[a-z][a-z0-9_-]{0,40}"
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


class MappingReader:
    """Reads one mapping. `names` maps entity -> mapping names of this partner, to find what a bare key leads to."""

    def __init__(self, partner: str, model: Model, names: Map[str, list[str]], zone: str, currency: str) -> None:
        self.partner = partner
        self.model = model
        self.names = names
        self.defaults: dict[str, str] = {"CurrencyCode": currency, "timeZone": zone}
        self.fallback: Map[str, Any] = {}

    def read(self, section: Section, sources: Map[str, Any]) -> Mapping | None:
        if not re.fullmatch(NAME, section.name):
            message = f"{section.name!r} is no name for a mapping."
            section.mistake("CATALOG_WRONG_VALUE", "", message, f"pattern: {NAME}")
        entity = section.text("entity", required=True, choices=self.model.entities)
        source = section.text("source", required=True, choices=sources)
        table = section.text("table", required=True)
        key = section.texts("key", required=True)
        personal = section.boolean("key_is_personal") or False
        where = predicate(section, "where")
        joins = self._joins(section)
        fields_section = section.section("fields", required=True)
        fields: dict[str, Binding] = {}
        if entity is not None and fields_section is not None:
            self._fields(fields_section, self.model.entities[entity], fields)
        section.done(LATER)
        if entity is None or source is None or table is None or key is None:
            return None
        return Mapping(
            partner=self.partner,
            name=section.name,
            entity=entity,
            source=source,
            table=table,
            key=key,
            fields=fields,
            joins=joins,
            where=where,
            key_is_personal=personal,
        )

    def _joins(self, section: Section) -> dict[str, Join]:
        joins: dict[str, Join] = {}
        for item in section.sections("join"):
            name = item.name
            table = item.text("table", required=True)
            on = _on(item, prefix=name)
            where = predicate(item, "where")
            item.done(LATER)
            if table and on:
                joins[name] = Join(name, table, on, where)
        return joins

    # fields ----------------------------------------------------------------------------------------------------------

    def _fields(self, section: Section, entity: Entity, into: dict[str, Binding]) -> None:
        self.fallback = entity.fallback
        for name in section.data:
            field = entity.fields.get(name)
            if field is None or not (field.mapped or name in field.needs):
                known = [f.name for f in entity.fields.values() if f.mapped or f.name in f.needs]
                section.take(name)
                section.mistake(
                    "CATALOG_UNKNOWN_FIELD", name, f"{entity.name} has no mapped field `{name}`.", nearest(name, known)
                )
                continue
            self._field(section, name, field, into, "")

    def _field(self, section: Section, name: str, field: Field, into: dict[str, Binding], prefix: str) -> None:
        raw = section.take(name)
        at = section.at(name)
        path = prefix + name
        if field.kind is Kind.REFERENCE:
            target = self._target(section, name, raw, field.type)
            if target is not None:
                into[path] = target
        elif field.kind is Kind.LINKS:
            items = raw if isinstance(raw, list) else [raw]
            links = [self._link(section, name, item, field.type) for item in items]
            into[path] = tuple(link for link in links if link is not None)
        elif field.type in self.model.parts and field.many:
            parts = self._parts(section, name, raw, field, path)
            if parts is not None:
                into[path] = parts
        elif field.type in self.model.parts:
            if not isinstance(raw, dict):
                section.mistake(
                    "CATALOG_WRONG_TYPE", name, f"`{name}` has parts: a table with {', '.join(self._leaves(field))}."
                )
                return
            inner = Section(raw, at, section.mistakes)
            part = self.model.parts[field.type]
            for inner_name in raw:
                inner_field = part.fields.get(inner_name)
                if inner_field is None or not inner_field.mapped:
                    inner.take(inner_name)
                    inner.mistake(
                        "CATALOG_UNKNOWN_FIELD",
                        inner_name,
                        f"{field.type} has no field `{inner_name}`.",
                        nearest(inner_name, part.fields),
                    )
                    continue
                self._field(inner, inner_name, inner_field, into, path + ".")
            for default in self._missing(part.fields, raw, path):
                into[f"{path}.{default[0]}"] = default[1]
            for required in part.fields.values():
                if required.required and required.mapped and f"{path}.{required.name}" not in into:
                    inner.mistake("CATALOG_MISSING_KEY", required.name, f"{field.type} cannot be without it.")
        elif field.type == "JSON" and isinstance(raw, dict) and not HEADS & raw.keys():
            inner = Section(raw, at, section.mistakes)
            members = {key: self.value(inner, key, inner.take(key), Field(key, Kind.LEAF, "JSON")) for key in raw}
            into[path] = Names({key: value for key, value in members.items() if value is not None})
        else:
            value = self.value(section, name, raw, field)
            if value is not None:
                into[path] = value

    def _leaves(self, field: Field) -> list[str]:
        return list(self.model.parts[field.type].fields)

    def _missing(self, fields: Map[str, Field], given: Map[str, Any], path: str) -> list[tuple[str, Value]]:
        """What stands in for a required leaf that a part does not say: the entity's fallback, or the partner's currency
        and time zone."""
        found = []
        for field in fields.values():
            if field.name not in given and field.required and field.mapped:
                default = self.fallback.get(f"{path}.{field.name}", self.defaults.get(field.type))
                if default is None:
                    default = self.defaults.get(field.name)
                if default is not None:
                    found.append((field.name, Value(Constant(default))))
        return found

    def _parts(self, section: Section, name: str, raw: Any, field: Field, path: str) -> Parts | None:
        if not isinstance(raw, list):
            section.mistake("CATALOG_WRONG_TYPE", name, f"`{name}` is a list of tables.")
            return None
        part = self.model.parts[field.type]
        members: list[dict[str, Value]] = []
        exact: set[int] = set()
        for index, item in enumerate(raw):
            inner = Section(item if isinstance(item, dict) else {}, f"{section.at(name)}[{index}]", section.mistakes)
            if not isinstance(item, dict):
                inner.mistake("CATALOG_WRONG_TYPE", "", "a table is expected here.")
                continue
            if "scheme" in part.fields and "normalized" in part.fields:
                target = self._identifier(inner)
                if target is not None:
                    member = {"scheme": target.scheme, "value": target.value}
                    if target.country is not None:
                        member["country"] = target.country
                    if target.exact:
                        exact.add(len(members))
                    members.append(member)
                inner.done(LATER)
                continue
            member = {}
            for key in item:
                inner_field = part.fields.get(key)
                if inner_field is None or not inner_field.mapped or inner_field.kind is Kind.LINKS:
                    inner.take(key)
                    inner.mistake(
                        "CATALOG_UNKNOWN_FIELD", key, f"{field.type} has no field `{key}`.", nearest(key, part.fields)
                    )
                    continue
                into: dict[str, Binding] = {}
                self._field(inner, key, inner_field, into, "")
                member.update({path: value for path, value in into.items() if isinstance(value, Value)})
            member.update(dict(self._missing(part.fields, item, path)))
            for required in part.fields.values():
                if required.required and required.kind is Kind.LEAF and required.name not in member:
                    inner.mistake("CATALOG_MISSING_KEY", required.name, f"{field.type} cannot be without it.")
            members.append(member)
        return Parts(tuple(members), frozenset(exact))

    # values ----------------------------------------------------------------------------------------------------------

    def value(self, section: Section, name: str, raw: Any, field: Field) -> Value | None:
        """A value form for a leaf of the field's type."""
        if isinstance(raw, str):
            return Value(Column(raw))
        if not isinstance(raw, dict):
            hint = f"{{ const = {raw!r} }} gives every row this value" if isinstance(raw, int | float | bool) else ""
            section.mistake("CATALOG_WRONG_TYPE", name, "a column's name or a value form is expected here.", hint)
            return None
        form = Section(raw, section.at(name), section.mistakes)
        expression = self._expression(form, raw, field)
        values = form.take("values")
        if values is not None and not isinstance(values, dict):
            form.mistake("CATALOG_WRONG_TYPE", "values", "`values` is a table from code to value.")
            values = None
        has_otherwise = "otherwise" in raw and "when" not in raw
        otherwise = form.take("otherwise")
        for shown, canonical in [*(values or {}).items(), *([("otherwise", otherwise)] if has_otherwise else [])]:
            self._canonical(form, f"values.{shown}" if shown != "otherwise" else shown, canonical, field)
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

    def _canonical(self, form: Section, key: str, canonical: Any, field: Field) -> None:
        if field.values and canonical not in field.values:
            hint = nearest(str(canonical), field.values) or "one of: " + ", ".join(field.values)
            form.mistake("CATALOG_UNKNOWN_VALUE", key, f"{canonical!r} is not a {field.type}.", hint)
        elif field.type == "Boolean" and not isinstance(canonical, bool):
            form.mistake("CATALOG_WRONG_TYPE", key, f"{canonical!r} is neither true nor false.")

    def _expression(self, form: Section, raw: Map[str, Any], field: Field) -> Expression | None:
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
                        self._canonical(form, "const", item, field)
                    return Constant(tuple(constant))
                if isinstance(constant, dict) and field.type != "JSON":
                    form.mistake("CATALOG_WRONG_TYPE", "const", "a single value is expected here.")
                    return None
                self._canonical(form, "const", constant, field)
                return Constant(constant)
            case "coalesce":
                return self._coalesce(form, field)
            case "template":
                return _template(form)
            case _:
                return self._case(form, field)

    def _coalesce(self, form: Section, field: Field) -> Expression | None:
        items = form.take("coalesce")
        if not isinstance(items, list) or not items:
            form.mistake("CATALOG_WRONG_TYPE", "coalesce", "a list of value forms is expected here.")
            return None
        found = []
        for index, item in enumerate(items):
            value = self.value(form, f"coalesce[{index}]", item, field)
            if value is not None:
                if value.values is not None or value.split or value.scale or value.zone or value.null or value.trim:
                    form.mistake("CATALOG_WRONG_VALUE", f"coalesce[{index}]", "options belong beside `coalesce`.")
                found.append(value.expression)
        return Coalesce(tuple(found))

    def _case(self, form: Section, field: Field) -> Expression | None:
        items = form.take("when")
        if not isinstance(items, list) or not items:
            form.mistake("CATALOG_WRONG_TYPE", "when", "a list of { if = ..., is = ... } is expected here.")
            return None
        cases = []
        for index, item in enumerate(items):
            inner = Section(item if isinstance(item, dict) else {}, f"{form.at('when')}[{index}]", form.mistakes)
            condition = predicate(inner, "if", required=True)
            outcome = inner.take("is", required=True)
            self._canonical(inner, "is", outcome, field)
            inner.done()
            if condition is not None:
                cases.append((condition, outcome))
        otherwise = form.data.get("otherwise")
        if otherwise is not None:
            self._canonical(form, "otherwise", otherwise, field)
        return Case(tuple(cases), otherwise)

    # references and links --------------------------------------------------------------------------------------------

    def _target(self, section: Section, name: str, raw: Any, entity: str) -> Target | None:
        if not isinstance(raw, dict):
            section.mistake("CATALOG_WRONG_TYPE", name, "a reference is expected here.", f'like {{ key = "{raw}" }}')
            return None
        form = Section(raw, section.at(name), section.mistakes)
        target: Target | None = self._by_key(form, entity) if "key" in raw else self._identifier(form)
        form.done(LATER)
        return target

    def _link(self, section: Section, name: str, raw: Any, entity: str) -> Link | None:
        if not isinstance(raw, dict):
            section.mistake("CATALOG_WRONG_TYPE", name, "a link is expected here.", "see References and links")
            return None
        form = Section(raw, section.at(name), section.mistakes)
        table = form.text("table")
        on = _on(form) if table is not None else ()
        where = predicate(form, "where") if table is not None else None
        target: Target | None = self._by_key(form, entity) if "key" in raw else self._identifier(form)
        form.done(LATER)
        return None if target is None else Link(target, table, on, where)

    def _by_key(self, form: Section, entity: str) -> ByKey | None:
        columns = form.texts("key", required=True)
        to = form.take("to")
        own = self.names.get(entity, [])
        if columns is None:
            return None
        if to is None:
            if len(own) != 1:
                reason = "none" if not own else ", ".join(own)
                form.mistake("CATALOG_MISSING_KEY", "to", f"which mapping of {entity}? This partner has: {reason}.")
                return None
            return ByKey(columns, {"": f"{self.partner}.{own[0]}"})
        if isinstance(to, str):
            return ByKey(columns, {"": self._mapping_id(to)})
        if not isinstance(to, dict) or not isinstance(to.get("values"), dict):
            wanted = "a mapping's name, or { column = ..., values = { code = mapping } }, is expected here."
            form.mistake("CATALOG_WRONG_TYPE", "to", wanted)
            return None
        inner = Section(to, form.at("to"), form.mistakes)
        code = self.value(form, "to", {"column": inner.text("column", required=True)}, Field("to", Kind.LEAF, "String"))
        codes = inner.take("values")
        inner.done()
        if code is None:
            return None
        return ByKey(columns, {str(key): self._mapping_id(str(name)) for key, name in codes.items()}, code)

    def _mapping_id(self, name: str) -> str:
        return name if "." in name else f"{self.partner}.{name}"

    def _identifier(self, form: Section) -> ByIdentifier | None:
        identifier = self.model.parts["Identifier"]
        scheme_field = identifier.fields["scheme"]
        raw = form.take("scheme", required=True)
        if isinstance(raw, str):
            self._canonical(form, "scheme", raw, scheme_field)
            scheme: Value | None = Value(Constant(raw))
        else:
            scheme = self.value(form, "scheme", raw, scheme_field) if raw is not None else None
        value_raw = form.take("value", required=True)
        value = self.value(form, "value", value_raw, identifier.fields["value"]) if value_raw is not None else None
        country_raw = form.take("country")
        country: Value | None = None
        if isinstance(country_raw, str) and re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", country_raw):
            country = Value(Constant(country_raw))
        elif country_raw is not None:
            country = self.value(form, "country", country_raw, identifier.fields["country"])
        spelling = form.text("spelling", choices=("exact", "loose"))
        partner = form.text("partner")
        if scheme is None or value is None:
            return None
        return ByIdentifier(scheme, value, country, partner, exact=spelling == "exact")


def known_zone(name: str) -> bool:
    """Whether the name is an IANA time zone."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _on(section: Section, prefix: str | None = None) -> tuple[tuple[str, str], ...]:
    pairs = section.take("on", required=True)
    if not isinstance(pairs, dict) or not pairs or not all(isinstance(v, str) for v in pairs.values()):
        if pairs is not None:
            section.mistake("CATALOG_WRONG_TYPE", "on", 'columns in pairs are expected: { "sites.id" = "site_id" }.')
        return ()
    found = []
    for joined, own in pairs.items():
        column = joined.removeprefix(f"{prefix}.") if prefix else joined.rsplit(".", 1)[-1]
        if "." in column:
            section.mistake("CATALOG_WRONG_VALUE", "on", f"{joined!r}: the joined table's own column comes first.")
        found.append((column, own))
    return tuple(found)


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


def predicate(section: Section, key: str, required: bool = False) -> Predicate | None:
    """The predicate at a key, or None."""
    raw = section.take(key, required)
    if raw is None:
        return None
    return _predicate(raw, section, section.at(key))


def _predicate(raw: Any, section: Section, at: str) -> Predicate | None:
    mistakes = section.mistakes
    if not isinstance(raw, dict) or not raw:
        mistakes.add("CATALOG_WRONG_TYPE", at, "a predicate is expected here.", "like { status = { eq = 1 } }")
        return None
    members: list[Predicate] = []
    for name, operand in raw.items():
        if name in ("and", "or") and isinstance(operand, list):
            inner = [_predicate(item, section, f"{at}.{name}[{index}]") for index, item in enumerate(operand)]
            found = tuple(item for item in inner if item is not None)
            members.append(And(found) if name == "and" else Or(found))
        elif name == "not" and isinstance(operand, dict):
            negated = _predicate(operand, section, f"{at}.not")
            if negated is not None:
                members.append(Not(negated))
        elif not isinstance(operand, dict) or not operand:
            hint = f"{{ {name} = {{ eq = {operand!r} }} }}"
            mistakes.add("CATALOG_WRONG_TYPE", f"{at}.{name}", "an operator is expected here.", f"like {hint}")
        else:
            for operator, value in operand.items():
                if operator not in OPERATORS:
                    hint = nearest(operator, OPERATORS) or "known: " + ", ".join(OPERATORS)
                    mistakes.add("CATALOG_UNKNOWN_KEY", f"{at}.{name}", f"{operator!r} is no operator.", hint)
                elif OPERATORS[operator] != isinstance(value, list) or (
                    operator == "isNull" and not isinstance(value, bool)
                ):
                    wanted = "a list" if OPERATORS[operator] else "true or false" if operator == "isNull" else "a value"
                    mistakes.add("CATALOG_WRONG_TYPE", f"{at}.{name}.{operator}", f"{wanted} is expected here.")
                else:
                    members.append(Compare(name, operator, tuple(value) if isinstance(value, list) else value))
    return members[0] if len(members) == 1 else And(tuple(members))
