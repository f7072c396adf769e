"""Reads the agreements of a partner file: with whom, for what, for how long, and what of each entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from datetime import date

from resolvers.agreement import NEVER_SHARED, Agreement, Share, Visible, plain_fields
from resolvers.condition_form import condition
from resolvers.enforceable import UNMAPPED, untold
from resolvers.entity import Entity, Kind, Model
from resolvers.identity import PURPOSE
from resolvers.mapping import Mapping
from resolvers.mask import MASKS
from resolvers.predicate import Predicate
from resolvers.section import Section, nearest, shown
from resolvers.views import CONDITIONS_MOST


def agreements(
    sections: Sequence[Section], provider: str, model: Model, zone: str, mappings: Map[str, Mapping | None]
) -> tuple[Agreement, ...]:
    """The agreements of a partner. zone: of its times without an offset. mappings: its own, None for a broken one."""
    found: dict[tuple[str, int], tuple[Section, Agreement]] = {}
    for section in sections:
        agreement = _Reader(model, zone, mappings).agreement(section, provider)
        if agreement is None:
            continue
        name = agreement.code, agreement.version
        if name in found:
            # Grants name agreements by these two: what one gives to some would be given to those of the other.
            message = f"{agreement.code!r} has two agreements of version {agreement.version}."
            section.mistake("CATALOG_DUPLICATE", "code", message, "another code, or another version")
        found[name] = section, agreement
    _bounded(tuple(found.values()))
    return tuple(agreement for _, agreement in found.values())


def _bounded(found: Sequence[tuple[Section, Agreement]]) -> None:
    """Refuse more conditions on one entity, in force at once with one partner, than the gateway tells apart."""
    every = [agreement for _, agreement in found]
    for section, last in found:
        day = last.start or date.min
        for partner in sorted(last.partners):
            together = [agreement for agreement in every if agreement.in_force(partner, day)]
            for entity, share in last.grants.items():
                shares = [agreement.grants.get(entity) for agreement in together]
                conditions = {one.where for one in shares if one is not None and one.where is not None}
                if share.where in conditions and len(conditions) > CONDITIONS_MOST:
                    message = f"{len(conditions)} conditions on {entity} are in force at once with {partner!r}."
                    hint = f"at most {CONDITIONS_MOST}; one `where` with `or` may say the same"
                    section.mistakes.add("CATALOG_WRONG_VALUE", f"{section.at(entity)}.where", message, hint)
                    return


class _Reader:
    """Reads one agreement."""

    def __init__(self, model: Model, zone: str, mappings: Map[str, Mapping | None]) -> None:
        self.model = model
        self.zone = zone
        self.mappings = {mapping.id: mapping for mapping in mappings.values() if mapping is not None}

    def agreement(self, section: Section, provider: str) -> Agreement | None:
        code = section.text("code", required=True, pattern=r"[a-z][a-z0-9_-]{0,40}", wanted="a code")
        version = section.integer("version", low=1, high=1_000_000) or 1
        partners = section.texts("with", required=True)
        purposes = _words(section, "purposes", "a purpose")
        start, end = section.day("start"), section.day("end")
        if start is not None and end is not None and end <= start:
            section.mistake("CATALOG_WRONG_VALUE", "end", "it ends before it begins.")
        grants: dict[str, Share] = {}
        for name in section.data:
            if name in self.model.entities and (inner := section.section(name)) is not None:
                grants[name] = self._share(inner, self.model.entities[name])
        section.done(others=self.model.entities)
        if code is None or partners is None:
            return None
        return Agreement(provider, code, version, frozenset(partners), grants, start, end, purposes)

    def _share(self, section: Section, entity: Entity) -> Share:
        fields = self._fields(section, entity)
        read: frozenset[str] | None = None
        match: frozenset[str] = frozenset()
        names = self.model.identifiers(entity.name)
        if names is not None and names in section.data:
            told = section.section(names)
            if told is not None:
                read, match = self._schemes(told, "read"), self._schemes(told, "match") or frozenset()
                told.done()
                if read is None and not match and not told.data:
                    section.mistake("CATALOG_WRONG_VALUE", names, "neither `read` nor `match` is said.")
                if read is not None:
                    fields |= {names}
                elif names in fields and "read" not in told.data:
                    message = f"`{names}` is among the fields, so say which may be read."
                    told.mistake("CATALOG_MISSING_KEY", "read", message, f"or leave {names!r} out there")
                elif "*" in fields:  # it would say that all of them may be read
                    fields = (fields | plain_fields(entity)) - {"*", names}
        where = condition(section, "where", self.model, entity.name, self.zone)
        mask = self._mask(section, entity, fields)
        scopes = _words(section, "scopes", "a scope")
        section.done()
        if where is not None:
            self._warn(section, entity, where)
        return Share(fields, where, mask, scopes, read, match - (read or frozenset()))

    def _fields(self, section: Section, entity: Entity) -> frozenset[str]:
        # what grants no field may still let records be linked, or be seen to exist
        names = self.model.identifiers(entity.name)
        named: Iterable[str] = section.texts("fields", required=names not in section.data) or ()
        for name in named:
            if name == "*":
                continue
            try:
                found = self.model.field(entity.name, name)
            except KeyError:
                found = None
            if found is None or (found.hidden and not found.mapped):
                known = [field.name for field in entity.fields.values() if not field.hidden]
                message = f"{entity.name} has no field {shown(name)}."
                section.mistake("CATALOG_UNKNOWN_FIELD", "fields", message, nearest(name, known))
            elif name in NEVER_SHARED:
                message = f"{shown(name)} is shared with nobody: it may name things of others."
                section.mistake("CATALOG_WRONG_VALUE", "fields", message, "leave it out")
        return frozenset(named)

    def _schemes(self, section: Section, key: str) -> frozenset[str] | None:
        named = section.texts(key)
        known = self.model.enums["IdentifierScheme"]
        for name in named or ():
            if name not in known:
                hint = nearest(name, known) or "one of: " + ", ".join(known)
                message = f"IdentifierScheme has no value {shown(name)}."
                section.mistake("CATALOG_UNKNOWN_VALUE", key, message, hint)
        return None if named is None else frozenset(named)

    # masks -----------------------------------------------------------------------------------------------------------

    def _mask(self, section: Section, entity: Entity, fields: frozenset[str]) -> Map[str, str]:
        inner = section.section("mask")
        if inner is None:
            return {}
        granted = fields - {"*"} | (plain_fields(entity) if "*" in fields else frozenset())
        return dict(self._masks(inner, "", entity, granted))

    def _masks(
        self, section: Section, before: str, entity: Entity, granted: frozenset[str]
    ) -> Iterator[tuple[str, str]]:
        """(path, mask). A path is one key in quotes, or tables in tables."""
        for key, value in section.data.items():
            path = before + key
            if isinstance(value, dict):
                inner = section.section(key)
                yield from self._masks(inner or section, f"{path}.", entity, granted)
            elif (name := self._masked(section, key, path, entity, granted)) is not None:
                yield path, name

    def _masked(self, section: Section, key: str, path: str, entity: Entity, granted: frozenset[str]) -> str | None:
        """The mask of one path, which stands at a key; None where it is a mistake."""
        name = section.text(key)
        if name is None:
            return None
        try:
            field = self.model.field(entity.name, path)
        except KeyError:
            message, hint = f"{entity.name} has no field {shown(path)}.", nearest(path, entity.fields)
            section.mistake("CATALOG_UNKNOWN_FIELD", key, message, hint)
            return None
        kind = None if field.kind is not Kind.LEAF or field.many or field.values else field.type
        fitting = [mask.name for mask in MASKS.values() if kind in mask.types]
        if name not in MASKS:
            hint = nearest(name, MASKS) or "known: " + ", ".join(fitting or MASKS)
            section.mistake("CATALOG_UNKNOWN_VALUE", key, f"there is no mask {shown(name)}.", hint)
        elif entity.fallback.get(path) == "":
            message = f"`{path}` is shown with every record and cannot be masked."
            section.mistake("CATALOG_WRONG_VALUE", key, message)
        elif self._names_things(entity, path):
            names = self.model.identifiers(entity.name)
            message = "identifiers are shown whole or not at all."
            section.mistake("CATALOG_WRONG_VALUE", key, message, f"`{names}.read` says which schemes are shown")
        elif not fitting:
            message = f"`{path}` cannot be masked: only a text, a number or a date can, not in a list of its own."
            section.mistake("CATALOG_WRONG_VALUE", key, message)
        elif name not in fitting:
            message = f"{name!r} is no mask for `{path}`."
            section.mistake("CATALOG_WRONG_VALUE", key, message, "known: " + ", ".join(fitting))
        elif not Visible(granted, frozenset()).names(self.model, entity.name, path):
            message = f"`{path}` is not among the fields, so there is nothing to mask."
            section.mistake("CATALOG_WRONG_VALUE", key, message, "name it in `fields` as well")
        else:
            return name
        return None

    def _names_things(self, entity: Entity, path: str) -> bool:
        outer = path.rpartition(".")[0]
        return bool(outer) and "normalized" in self.model.parts[self.model.field(entity.name, outer).type].fields

    def _warn(self, section: Section, entity: Entity, where: Predicate) -> None:
        """Tell which mappings show nothing under a condition, and which say nothing of what it looks at."""
        for mapping in self.mappings.values():
            if mapping.entity != entity.name:
                continue
            for path, reason in untold(self.model, where, mapping, self.mappings):
                if reason == UNMAPPED:
                    code, message = "FIELD_NOT_MAPPED", f"{mapping.name!r} does not map `{path}`."
                    hint = "so it is null in its records, and no comparison with null holds"
                else:
                    code, message = "CATALOG_NOT_ENFORCEABLE", f"{mapping.name!r} shows none of its records."
                    hint = f"`{path}`: {reason}, and only the source may leave rows out"
                section.mistakes.add(code, section.at("where"), message, hint, "warning")


def _words(section: Section, key: str, what: str) -> frozenset[str]:
    """A list of words as credentials carry them."""
    found = section.texts(key) or ()
    for word in found:
        if not PURPOSE.fullmatch(word):
            message = f"{shown(word)} is not {what}: one word of at most 64 ASCII characters."
            section.mistake("CATALOG_WRONG_VALUE", key, message)
    return frozenset(found)
