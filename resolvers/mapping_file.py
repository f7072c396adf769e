"""Reads the `[mapping.NAME]` tables of a partner file: tables, fields, references and links (docs/partners.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from typing import Any

from resolvers.entity import Entity, Field, Kind, Model
from resolvers.expression import Constant
from resolvers.mapping import Binding, ByIdentifier, ByKey, Join, Link, Mapping, Names, Parts, Target, Value
from resolvers.predicate_form import predicate
from resolvers.section import Section, nearest
from resolvers.value_form import HEADS, LATER, note_unfit, read_value

NAME = r"[a-z][a-z0-9_-]{0,40}"


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
        code = read_value(form, "to", {"column": inner.text("column", required=True)}, Field("to", Kind.LEAF, "String"))
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
            note_unfit(form, "scheme", raw, scheme_field)
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
        partner = form.text("partner")
        if scheme is None or value is None:
            return None
        return ByIdentifier(scheme, value, country, partner, exact=spelling == "exact")


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
