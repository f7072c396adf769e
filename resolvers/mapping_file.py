"""Reads the `[mapping.NAME]` tables of a partner file: tables, fields, references and links (docs/partners.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import replace
from typing import Any

from resolvers.entity import Entity, Field, Kind, Model
from resolvers.entries_form import read_entries
from resolvers.expression import Constant
from resolvers.join_form import joins_of, known_join, on_of
from resolvers.mapping import (
    Binding,
    Entries,
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
from resolvers.rows_form import read_rows, read_tree, reads_rows
from resolvers.section import Section, nearest
from resolvers.target_form import Own, TargetReader
from resolvers.value_form import HEADS, LATER, read_value

NAME = r"[a-z][a-z0-9_-]{0,40}"


class MappingReader:
    """Reads one mapping. own: every mapping of this partner, by name."""

    def __init__(self, partner: str, model: Model, own: Map[str, Own], zone: str, currency: str) -> None:
        self.partner = partner
        self.model = model
        self.targets = TargetReader(partner, model, own)
        self.defaults: dict[str, str] = {"CurrencyCode": currency, "timeZone": zone}
        self.fallback: Map[str, Any] = {}
        self.joins: Map[str, Join | None] = {}
        self.key: tuple[str, ...] = ()

    def read(self, section: Section, sources: Map[str, Any]) -> Mapping | None:
        if not re.fullmatch(NAME, section.name):
            message = f"{section.name!r} is no name for a mapping."
            section.mistake("CATALOG_WRONG_VALUE", "", message, f"pattern: {NAME}")
        entity = section.text("entity", required=True, choices=self.model.entities)
        source = section.text("source", required=True, choices=sources)
        table = section.text("table", required=True)
        key = section.texts("key", required=True)
        self.key = key or ()
        personal = section.boolean("key_is_personal") or False
        distinct = section.boolean("distinct") or False
        where = predicate(section, "where")
        if distinct and any("." in name for name in (*(key or ()), *(predicate_names(where) if where else ()))):
            message = "with `distinct`, `key` and `where` look at columns of the mapped table alone."
            section.mistake("CATALOG_WRONG_VALUE", "distinct", message)
        self.joins = joins_of(section)
        for name in key or ():
            known_join(section, section.at("key"), name, self.joins)
        for name in predicate_names(where) if where is not None else ():
            known_join(section, section.at("where"), name, self.joins)
        fields_section = section.section("fields", required=True)
        fields: dict[str, Binding] = {}
        if entity is not None and fields_section is not None:
            self._fields(fields_section, self.model.entities[entity], fields)
            for path, binding in fields.items():
                at = f"{fields_section.path}.{path}"
                for link_table, name in columns_of(binding):
                    if link_table is None:
                        known_join(section, at, name, self.joins)
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
            distinct=distinct,
        )

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
            target = self.targets.target(section, name, raw, field.type)
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
            value = self._leaf(section, name, raw, field)
            if value is not None:
                into[path] = value

    def _leaf(self, section: Section, name: str, raw: Any, field: Field) -> Value | None:
        if isinstance(raw, dict) and "tree" in raw:
            return read_tree(section, name, raw, field, self.key)
        if field.many and reads_rows(raw):
            return read_rows(section, name, raw, field)
        value = read_value(section, name, raw, field)
        assumed = self.defaults.get(field.type) if field.required else None
        if value is None or assumed is None or isinstance(value.expression, Constant):
            return value
        return replace(value, assumed=assumed)

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
        several = isinstance(raw, list)
        if not several and not reads_rows(raw):
            section.mistake("CATALOG_WRONG_TYPE", name, f"`{name}` is a list of tables.")
            return None
        part = self.model.parts[field.type]
        members: list[Map[str, Value]] = []
        gathered: list[Entries] = []
        exact: set[int] = set()
        for index, item in enumerate(raw if several else [raw]):
            at = f"{section.at(name)}[{index}]" if several else section.at(name)
            inner = Section(item if isinstance(item, dict) else {}, at, section.mistakes)
            if not isinstance(item, dict):
                inner.mistake("CATALOG_WRONG_TYPE", "", "a table is expected here.")
                continue
            if reads_rows(item):
                if "normalized" in part.fields:
                    message = "identifiers stand in the row itself or beside it: records are looked up by them."
                    inner.mistake("CATALOG_WRONG_VALUE", "rows", message, "`join.NAME` with a pick or a pivot")
                    continue
                entries = read_entries(inner, lambda form: self._entry(form, field, path))
                if entries is not None:
                    gathered.append(entries)
                continue
            if "scheme" in part.fields and "normalized" in part.fields:
                target = self.targets.identifier(inner, named=True)
                if target is not None:
                    member = {"scheme": target.scheme, "value": target.value}
                    if target.country is not None:
                        member["country"] = target.country
                    if target.exact:
                        exact.add(len(members))
                    members.append(member)
                inner.done(LATER)
                continue
            members.append(self._entry(inner, field, path))
        return Parts(tuple(members), frozenset(exact), tuple(gathered))

    def _entry(self, form: Section, field: Field, path: str) -> dict[str, Value]:
        """One entry of a list of parts: a form for each of its leaves."""
        part = self.model.parts[field.type]
        member: dict[str, Value] = {}
        for key in form.data:
            inner_field = part.fields.get(key)
            if inner_field is None or not inner_field.mapped or inner_field.kind is Kind.LINKS:
                form.take(key)
                message = f"{field.type} has no field `{key}`."
                form.mistake("CATALOG_UNKNOWN_FIELD", key, message, nearest(key, part.fields))
                continue
            into: dict[str, Binding] = {}
            self._field(form, key, inner_field, into, "")
            member.update({path: value for path, value in into.items() if isinstance(value, Value)})
        member.update(dict(self._missing(part.fields, form.data, path)))
        for required in part.fields.values():
            wanted = required.required and required.kind is Kind.LEAF and required.name not in form.data
            if wanted and required.name not in member:
                form.mistake("CATALOG_MISSING_KEY", required.name, f"{field.type} cannot be without it.")
        return member

    # references and links --------------------------------------------------------------------------------------------

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
        on = on_of(form) if "table" in raw else ()
        where = predicate(form, "where") if "table" in raw else None
        joins = joins_of(form) if "table" in raw else {}
        only = predicate(form, "if")
        target: Target | None = self.targets.by_key(form, entity) if "key" in raw else self.targets.identifier(form)
        form.done(LATER)
        if target is None:
            return None
        known = {key: join for key, join in joins.items() if join is not None}
        link = Link(target, table, on, where, known, only)
        for _, column in columns_of((link,)) if table is not None else ():
            known_join(form, form.path, column, {**self.joins, **joins})
        return link
