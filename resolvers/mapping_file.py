"""Reads the `[mapping.NAME]` tables of a partner file: tables, fields, references and links (docs/partners.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

from resolvers.entity import Entity, Field, Kind, Model
from resolvers.expression import Case, Column, Constant, light
from resolvers.join_form import joins_of, known_join, on_of
from resolvers.mapping import (
    FIRST,
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
from resolvers.predicate import Compare
from resolvers.predicate import names as predicate_names
from resolvers.predicate_form import predicate
from resolvers.rows_form import read_rows, read_tree, reads_rows
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
            value = self._leaf(section, name, raw, field)
            if value is not None:
                into[path] = value

    def _leaf(self, section: Section, name: str, raw: Any, field: Field) -> Value | None:
        if isinstance(raw, dict) and "tree" in raw:
            return read_tree(section, name, raw, field, self.key)
        if field.many and reads_rows(raw):
            return read_rows(section, name, raw, field)
        return read_value(section, name, raw, field)

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
        if isinstance(raw, list) and raw and all(isinstance(item, dict) and "key" in item for item in raw):
            return self._first(section, name, raw, entity)
        if not isinstance(raw, dict):
            quoted = f'"{raw}"' if isinstance(raw, str) else '"column"'
            section.mistake("CATALOG_WRONG_TYPE", name, "a reference is expected here.", f"like {{ key = {quoted} }}")
            return None
        form = Section(raw, section.at(name), section.mistakes)
        target: Target | None = self._by_key(form, entity) if "key" in raw else self._identifier(form)
        form.done(LATER)
        return target

    def _first(self, section: Section, name: str, raw: list[dict[str, Any]], entity: str) -> ByKey | None:
        """The first of several references whose key is there."""
        found = []
        for index, item in enumerate(raw):
            form = Section(item, f"{section.at(name)}[{index}]", section.mistakes)
            target = self._by_key(form, entity)
            if target is not None and (target.code is not None or len(target.columns) > 1 or target.null):
                message = "one of several references is a key of one column, and one mapping."
                form.mistake("CATALOG_WRONG_VALUE", "", message)
            elif target is not None:
                found.append(target)
            form.done(LATER)
        if len(found) < len(raw):
            return None
        names = [target.columns[0] for target in found]
        ways = tuple((Compare(column, "isNull", False), str(index)) for index, column in enumerate(names))
        to = {str(index): target.to[""] for index, target in enumerate(found)}
        return ByKey((FIRST.join(names),), to, Value(Case(ways, None)))

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
        target: Target | None = self._by_key(form, entity) if "key" in raw else self._identifier(form)
        form.done(LATER)
        if target is None:
            return None
        link = Link(target, table, on, where, {key: join for key, join in joins.items() if join is not None})
        for _, column in columns_of((link,)) if table is not None else ():
            known_join(form, form.path, column, {**self.joins, **joins})
        return link

    def _by_key(self, form: Section, entity: str) -> ByKey | None:
        columns: tuple[str, ...] | None
        if isinstance(form.data.get("key"), dict):
            several = Section(form.take("key"), form.at("key"), form.mistakes)
            members = several.texts("coalesce", required=True)
            several.done()
            columns = None if members is None else (FIRST.join(members),)
        else:
            columns = form.texts("key", required=True)
        to = form.take("to")
        nothing = self._nothing(form, columns)
        if columns is None:
            return None
        if to is None:
            fitting = [name for name, own in self.own.items() if own.entity == entity]
            if len(fitting) != 1:
                reason = ", ".join(fitting) or "none"
                form.mistake("CATALOG_MISSING_KEY", "to", f"which mapping of {entity}? This partner has: {reason}.")
                return None
            return ByKey(columns, {"": self._mapping_id(form, "key", fitting[0], entity, columns)}, null=nothing)
        if isinstance(to, str):
            return ByKey(columns, {"": self._mapping_id(form, "to", to, entity, columns)}, null=nothing)
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
        return ByKey(columns, found, Value(Column(column)), nothing)

    def _nothing(self, form: Section, columns: tuple[str, ...] | None) -> tuple[str, ...]:
        """The keys that mean that there is no record, as texts."""
        raw = form.take("null")
        tokens = raw if isinstance(raw, list) else []
        if raw is not None and (not tokens or not all(type(token) in (str, int) for token in tokens)):
            form.mistake("CATALOG_WRONG_TYPE", "null", "keys that mean nothing are expected here.", 'like [0] or [""]')
            return ()
        if raw is not None and columns is not None and len(columns) > 1:
            form.mistake("CATALOG_WRONG_VALUE", "null", "`null` is for a key of one column.")
        return tuple(map(str, tokens))

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
        partner, whose = (None, None) if named else self._whose(form)
        if scheme is None or value is None:
            return None
        return ByIdentifier(scheme, value, country, partner, spelling == "exact", whose)

    def _whose(self, form: Section) -> tuple[str | None, Value | None]:
        """The partner that is named, or what reads its code."""
        if not isinstance(form.data.get("partner"), dict):
            return form.text("partner"), None
        whose = read_value(form, "partner", form.take("partner"), Field("partner", Kind.LEAF, "String"))
        if whose is not None and (whose.values is None or not light(replace(whose, values=None))):
            like = 'like { column = "owner", values = { "LA POSTE" = "poste" } }'
            form.mistake("CATALOG_WRONG_VALUE", "partner", "`values` says which code is which partner, alone.", like)
            return None, None
        return None, whose
