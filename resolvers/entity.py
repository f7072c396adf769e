"""What an entity is: its fields, their types and classes, and how it leads to other entities.

The schema room declares entities on its Strawberry types and hands them over as one `Model`; the catalog checks
partner files against it and the planner reads it. No entity is known here by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from resolvers.identifier import normalize
from resolvers.predicate import Predicate

LINKED = "linkedBy"
"""The name, in entities with identifiers, of those by which records are linked, where a grant lets some be linked by
that may not be read. No partner file maps it and the graph does not show it: views of mappings have it."""


class FieldClass(Enum):
    """How private a field is. Each class but PLAIN needs a scope of its own: `read:contact` and so on."""

    PLAIN = "plain"
    CONTACT = "contact"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"

    @property
    def scope(self) -> str:
        """The scope that a credential must carry to read a field of this class."""
        return "read" if self is FieldClass.PLAIN else f"read:{self.value}"


class Kind(Enum):
    """What stands behind a field.

    LEAF: one value of a scalar or enum, or a list of them. PART: a composite value (or a list) of the same record.
    PARTNER: the code of a partner. REFERENCE: at most one record of another entity. LINKS: many records, named by
    the partner's mapping. REVERSE: the records whose REFERENCE or LINKS (`via`) lead here. COLLECTION: the records of
    one partner. NAMED: the records of all partners that carry an identifier. SAME: the records of other mappings that
    are the same thing by an identifier (`strong`). SYSTEM: comes with every record (id, partner, provenance). DERIVED:
    computed from `needs`.
    """

    LEAF = "leaf"
    PART = "part"
    PARTNER = "partner"
    REFERENCE = "reference"
    LINKS = "links"
    REVERSE = "reverse"
    COLLECTION = "collection"
    NAMED = "named"
    SAME = "same"
    SYSTEM = "system"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Strong:
    """An identifier by which two records are the same thing: of this scheme, with the same normal form.

    country: only where both say the same one. also: paths of texts that both must have, alike but for their case.
    """

    scheme: str
    country: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Veil:
    """When a field is null for everybody: while a record of its partner, whose reference "Entity.field" (`via`) leads
    to this one, fulfils a condition over that entity's paths. The condition may compare with the clock `now`."""

    via: str
    condition: Predicate


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity or part.

    name: as in the graph. type: a scalar's or enum's name, a part's name, or the target entity's name. many: a list.
    required: never null in the graph. values: an enum's values in declared order, which is also their sort order.
    via: for REVERSE, "Entity.field" or "Entity.part.field". needs: for DERIVED, dotted field paths of the same entity.
    strong: for SAME, the identifiers that make two records the same. hidden: mapped by partners, not shown in the graph
    (only edges lead through it). veil: when it is null for everybody.
    """

    name: str
    kind: Kind
    type: str
    many: bool = False
    required: bool = False
    field_class: FieldClass = FieldClass.PLAIN
    values: tuple[str, ...] = ()
    via: str | None = None
    needs: tuple[str, ...] = ()
    strong: tuple[Strong, ...] = ()
    hidden: bool = False
    veil: Veil | None = None

    @property
    def mapped(self) -> bool:
        """Whether a partner file may say where this field comes from."""
        return self.name != LINKED and self.kind in (Kind.LEAF, Kind.PART, Kind.PARTNER, Kind.REFERENCE, Kind.LINKS)


@dataclass(frozen=True, slots=True)
class Part:
    """A composite value: fields that belong together and have no identity of their own."""

    name: str
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Entity:
    """A canonical type with identity. `orders`: order name -> dotted path of the leaf it sorts by ("" = partner).

    fallback: what a required leaf reads where the source has nothing, by dotted path ("" for the local key).
    """

    name: str
    fields: Mapping[str, Field]
    orders: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fallback: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    node: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """Every entity and part of the graph.

    objects: the declared fields of its other types (the root, partners, the viewer), by type name. enums: those that
    partner files name outside of fields, name -> values in declared order. kept: the schemes of identifiers in which
    separators count.
    """

    entities: Mapping[str, Entity]
    parts: Mapping[str, Part]
    objects: Mapping[str, Mapping[str, Field]]
    enums: Mapping[str, tuple[str, ...]]
    kept: frozenset[str] = frozenset()

    def compared(self, value: str, scheme: str | None) -> str:
        """The compare key of an identifier of a scheme."""
        return normalize(value, scheme in self.kept)

    def field(self, entity: str, path: str) -> Field:
        """The field at a dotted path, e.g. ("Asset", "value.amount"). KeyError where there is none."""
        fields = self.entities[entity].fields
        *outer, last = path.split(".")
        for name in outer:
            fields = self.parts[fields[name].type].fields
        return fields[last]

    def guards(self, entity: str, path: str) -> tuple[str, ...]:
        """The leaves without which the part around a dotted path is null; none where it is no member of a part."""
        outer, _, _ = path.rpartition(".")
        if not outer:
            return ()
        part = self.field(entity, outer)
        if part.many or part.type not in self.parts:
            return ()
        required = (found for found in self.parts[part.type].fields.values() if found.required)
        return tuple(f"{outer}.{found.name}" for found in required if found.kind is Kind.LEAF)

    def veils(self, entity: str) -> dict[str, Veil]:
        """The fields of an entity that can be null for everybody."""
        return {found.name: found.veil for found in self.entities[entity].fields.values() if found.veil is not None}

    def identifiers(self, entity: str) -> str | None:
        """The field that holds what the outside world knows an entity's records by; None where it has none."""
        for found in self.entities[entity].fields.values():
            if is_identifiers(found, self.parts) and not found.hidden:
                return found.name
        return None


def is_identifiers(field: Field, parts: Mapping[str, Part]) -> bool:
    """Whether a field holds what the outside world knows records by."""
    return field.many and field.type in parts and "normalized" in parts[field.type].fields
