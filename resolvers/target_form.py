"""Reads what leads to a record: the key of a mapping, or an identifier (docs/partners.md, References and links)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

from resolvers.entity import Field, Kind, Model
from resolvers.expression import Case, Column, Constant, light
from resolvers.mapping import FIRST, ByIdentifier, ByKey, Target, Value
from resolvers.predicate import Compare
from resolvers.section import Section, nearest
from resolvers.value_form import LATER, read_constant, read_value


@dataclass(frozen=True, slots=True)
class Own:
    """What a partner's file says of one of its mappings, before it is read: what keys that lead there must fit."""

    entity: str
    width: int


@dataclass(frozen=True, slots=True)
class TargetReader:
    """Reads the targets in one partner's file. own: every mapping of this partner, by name."""

    partner: str
    model: Model
    own: Map[str, Own]

    def target(self, section: Section, name: str, raw: Any, entity: str) -> Target | None:
        """Where a reference leads; None where it is not understood, which is then noted."""
        if isinstance(raw, list) and raw and all(isinstance(item, dict) and "key" in item for item in raw):
            return self._first(section, name, raw, entity)
        if not isinstance(raw, dict):
            quoted = f'"{raw}"' if isinstance(raw, str) else '"column"'
            section.mistake("CATALOG_WRONG_TYPE", name, "a reference is expected here.", f"like {{ key = {quoted} }}")
            return None
        form = Section(raw, section.at(name), section.mistakes)
        # A slip in the one word of a key should not be told as an identifier's that lacks all of its words.
        keyed = "key" in raw or raw.keys().isdisjoint(("scheme", "value"))
        target: Target | None = self.by_key(form, entity) if keyed else self.identifier(form)
        form.done(LATER)
        return target

    def _first(self, section: Section, name: str, raw: list[dict[str, Any]], entity: str) -> ByKey | None:
        """The first of several references whose key is there."""
        found = []
        for index, item in enumerate(raw):
            form = Section(item, f"{section.at(name)}[{index}]", section.mistakes)
            target = self.by_key(form, entity)
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

    def by_key(self, form: Section, entity: str) -> ByKey | None:
        """The key of a record of the entity."""
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

    def identifier(self, form: Section, named: bool = False) -> ByIdentifier | None:
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
