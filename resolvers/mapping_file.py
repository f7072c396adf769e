"""Reads the `[mapping.NAME]` tables of a partner file: tables, fields, references and links (docs/partners.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from resolvers.entity import Entity, Field, Kind, Model
from resolvers.expression import Column, Constant
from resolvers.mapping import (
    Binding,
    ByIdentifier,
    ByKey,
    Join,
    Link,
    Mapping,
    Names,
    Parts,
    Target,
    Value,
    columns_of,
)
from resolvers.predicate import names as predicate_names
from resolvers.predicate_form import predicate
from resolvers.section import Section, nearest
from resolvers.value_form import HEADS, LATER, read_constant, read_value

NAME = r"[a-z][a-z0-9_-]{0,40}"


@dataclass(frozen=True, slots=True)
class Own:
    """What a partner's file says of one of its mappings, before it is read: what keys that lead there must fit."""

    entity: str
    width: int


class MappingReader:
    """Reads one mapping. own: every mapping of this partner, by name."""

    def __init__(self, partner: str, model: Model, own: Map[str, Own], zone: str, currency: str) -> None:
        self.partner = partner
        self.model = model
        self.own = own
        self.defaults: dict[str, str] = {"CurrencyCode": currency, "timeZone": zone}
        self.fallback: Map[str, Any] = {}
        self.joins: Map[str, Join | None] = {}

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
        self.joins = self._joins(section)
        for name in key or ():
            self._known_join(section, section.at("key"), name)
        for name in predicate_names(where) if where is not None else ():
            self._known_join(section, section.at("where"), name)
        fields_section = section.section("fields", required=True)
        fields: dict[str, Binding] = {}
        if entity is not None and fields_section is not None:
            self._fields(fields_section, self.model.entities[entity], fields)
            for path, binding in fields.items():
                at = f"{fields_section.path}.{path}"
                for link_table, name in columns_of(binding):
                    if link_table is None:
                        self._known_join(section, at, name)
                    elif "." in name:
                        section.mistakes.add("CATALOG_UNKNOWN_REFERENCE", at, f"{name!r}: a link table has no joins.")
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
            joins={name: join for name, join in self.joins.items() if join is not None},
            where=where,
            key_is_personal=personal,
        )

    def _joins(self, section: Section) -> dict[str, Join | None]:
        self.joins = joins = {}
        for item in section.sections("join"):
            name = item.name
            if not re.fullmatch(NAME, name):
                item.mistake("CATALOG_WRONG_VALUE", "", f"{name!r} is no name for a join.", f"pattern: {NAME}")
            table = item.text("table", required=True)
            on = _on(item, prefix=name)
            for _, own in on:
                self._known_join(item, item.at("on"), own)  # those before it: a join cannot hang on a later one
            where = predicate(item, "where")
            for column in predicate_names(where) if where is not None else ():
                if "." in column:
                    message = f"{column!r}: `where` of a join looks at columns of the joined table, without its name."
                    item.mistake("CATALOG_UNKNOWN_REFERENCE", "where", message)
            item.done(LATER)
            joins[name] = Join(name, table, on, where) if table and on else None
        return joins

    def _known_join(self, section: Section, at: str, column: str) -> None:
        join, dot, _ = column.rpartition(".")
        if dot and join not in self.joins:
            hint = nearest(join, self.joins) or "joins here: " + (", ".join(self.joins) or "none")
            section.mistakes.add("CATALOG_UNKNOWN_REFERENCE", at, f"{column!r}: there is no join {join!r}.", hint)

    # fields ----------------------------------------------------------------------------------------------------------

    def _fields(self, section: Section, entity: Entity, into: dict[str, Binding]) -> None:
        self.fallback = entity.fallback
        for name in section.data:
            field = entity.fields.get(name)
            if field is None or not (field.mapped or name in field.needs):
                known = [f.name for f in entity.fields.values() if f.mapped or f.name in f.needs]
                section.take(name)
                hint = nearest(name, known) if field is None else "it comes by itself"
                message = f"{entity.name} has no mapped field `{name}`."
                section.mistake("CATALOG_UNKNOWN_FIELD", name, message, hint)
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
                wanted = required.required and required.mapped and required.name not in raw
                if wanted and f"{path}.{required.name}" not in into:
                    inner.mistake("CATALOG_MISSING_KEY", required.name, f"{field.type} cannot be without it.")
        elif field.type == "JSON" and isinstance(raw, dict) and not raw.keys() & set(HEADS):
            inner = Section(raw, at, section.mistakes)
            members = {key: read_value(inner, key, inner.take(key), Field(key, Kind.LEAF, "JSON")) for key in raw}
            into[path] = Names({key: value for key, value in members.items() if value is not None})
        else:
            value = read_value(section, name, raw, field)
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
                target = self._identifier(inner, named=True)
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
                wanted = required.required and required.kind is Kind.LEAF and required.name not in item
                if wanted and required.name not in member:
                    inner.mistake("CATALOG_MISSING_KEY", required.name, f"{field.type} cannot be without it.")
            members.append(member)
        return Parts(tuple(members), frozenset(exact))

    # references and links --------------------------------------------------------------------------------------------

    def _target(self, section: Section, name: str, raw: Any, entity: str) -> Target | None:
        if not isinstance(raw, dict):
            quoted = f'"{raw}"' if isinstance(raw, str) else '"column"'
            section.mistake("CATALOG_WRONG_TYPE", name, "a reference is expected here.", f"like {{ key = {quoted} }}")
            return None
        form = Section(raw, section.at(name), section.mistakes)
        target: Target | None = self._by_key(form, entity) if "key" in raw else self._identifier(form)
        form.done(LATER)
        return target

    def _link(self, section: Section, name: str, raw: Any, entity: str) -> Link | None:
        if not isinstance(raw, dict):
            section.mistake(
                "CATALOG_WRONG_TYPE",
                name,
                "a link is expected here.",
                'like { table = "members", on = { "team" = "id" }, key = "person" }',
            )
            return None
        form = Section(raw, section.at(name), section.mistakes)
        table = form.text("table")
        on = _on(form) if "table" in raw else ()
        where = predicate(form, "where") if "table" in raw else None
        target: Target | None = self._by_key(form, entity) if "key" in raw else self._identifier(form)
        form.done(LATER)
        return None if target is None else Link(target, table, on, where)

    def _by_key(self, form: Section, entity: str) -> ByKey | None:
        columns = form.texts("key", required=True)
        to = form.take("to")
        if columns is None:
            return None
        if to is None:
            fitting = [name for name, own in self.own.items() if own.entity == entity]
            if len(fitting) != 1:
                reason = ", ".join(fitting) or "none"
                form.mistake("CATALOG_MISSING_KEY", "to", f"which mapping of {entity}? This partner has: {reason}.")
                return None
            return ByKey(columns, {"": self._mapping_id(form, "key", fitting[0], entity, columns)})
        if isinstance(to, str):
            return ByKey(columns, {"": self._mapping_id(form, "to", to, entity, columns)})
        if not isinstance(to, dict) or not isinstance(to.get("values"), dict):
            wanted = "a mapping's name, or { column = ..., values = { code = mapping } }, is expected here."
            form.mistake("CATALOG_WRONG_TYPE", "to", wanted)
            return None
        inner = Section(to, form.at("to"), form.mistakes)
        column = inner.text("column", required=True)
        values = inner.section("values", required=True)
        inner.done()
        if column is None or values is None:
            return None
        named = {str(code): values.text(code) for code in values.data}
        found = {
            code: self._mapping_id(values, code, name, entity, columns)
            for code, name in named.items()
            if name is not None
        }
        return ByKey(columns, found, Value(Column(column)))

    def _mapping_id(self, form: Section, key: str, name: str, entity: str, columns: tuple[str, ...]) -> str:
        """The full name of a mapping. One of the partner's own must be there and fit; others' are judged later."""
        code, dot, short = name.rpartition(".")
        if dot and code != self.partner:
            return name
        own = self.own.get(short)
        if own is None:
            message, hint = f"there is no mapping {short!r} here.", nearest(short, self.own)
            form.mistake("CATALOG_UNKNOWN_REFERENCE", key, message, hint)
        elif own.entity and own.entity != entity:
            message = f"{short!r} gives {own.entity}, but this leads to {entity}."
            form.mistake("CATALOG_UNKNOWN_REFERENCE", key, message)
        elif own.width and own.width != len(columns):
            message = f"{short!r} has a key of {own.width} columns, here are {len(columns)}."
            form.mistake("CATALOG_WRONG_VALUE", key, message)
        return f"{self.partner}.{short}"

    def _identifier(self, form: Section, named: bool = False) -> ByIdentifier | None:
        """What a record is known by. named: it is the record's own name, so that no partner goes with it."""
        identifier = self.model.parts["Identifier"]
        scheme_field = identifier.fields["scheme"]
        raw = form.take("scheme", required=True)
        if isinstance(raw, str):
            read_constant(form, "scheme", raw, scheme_field)
            scheme: Value | None = Value(Constant(raw))
        else:
            scheme = read_value(form, "scheme", raw, scheme_field) if raw is not None else None
        value_raw = form.take("value", required=True)
        value = read_value(form, "value", value_raw, identifier.fields["value"]) if value_raw is not None else None
        country_raw = form.take("country")
        country: Value | None = None
        if isinstance(country_raw, str) and re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", country_raw):
            country = Value(Constant(country_raw))
        elif country_raw is not None:
            country = read_value(form, "country", country_raw, identifier.fields["country"])
        spelling = form.text("spelling", choices=("exact", "loose"))
        partner = None if named else form.text("partner")
        if scheme is None or value is None:
            return None
        return ByIdentifier(scheme, value, country, partner, exact=spelling == "exact")


def _on(section: Section, prefix: str | None = None) -> tuple[tuple[str, str], ...]:
    pairs = section.take("on", required=True)
    if not isinstance(pairs, dict) or not pairs or not all(isinstance(v, str) and v for v in pairs.values()):
        if pairs is not None:
            section.mistake("CATALOG_WRONG_TYPE", "on", 'columns in pairs are expected: { "sites.id" = "site_id" }.')
        return ()
    found = []
    for joined, own in pairs.items():
        column = joined.removeprefix(f"{prefix}.") if prefix else joined.rsplit(".", 1)[-1]
        if "." in column or not column:
            section.mistake("CATALOG_WRONG_VALUE", "on", f"{joined!r}: the joined table's own column comes first.")
        found.append((column, own))
    return tuple(found)
