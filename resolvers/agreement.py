"""What one partner lets others see, by entity and field, and what follows from that for one grant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from resolvers.entity import Entity, FieldClass, Kind, Model

# Never part of "*": free text and free-form members can hold anything.
NEVER_IN_STAR = frozenset({"attributes", "unparsedTerms"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """Declared by the provider. `grants`: entity -> field names ("*" among them: all plain fields).

    start: first day it holds. end: first day it no longer holds. `partners` may hold "*": any partner.
    """

    provider: str
    code: str
    version: int
    partners: frozenset[str]
    grants: Mapping[str, frozenset[str]]
    start: date | None = None
    end: date | None = None

    def in_force(self, partner: str, day: date) -> bool:
        """Whether it grants anything to a partner on a day."""
        if (self.start is not None and day < self.start) or (self.end is not None and day >= self.end):
            return False
        return partner in self.partners or "*" in self.partners

    def fields(self, entity: Entity) -> frozenset[str]:
        """The fields of an entity that it grants, "*" written out."""
        named = self.grants.get(entity.name, frozenset())
        if "*" not in named:
            return named
        return named | plain_fields(entity)


def plain_fields(entity: Entity) -> frozenset[str]:
    """What "*" stands for."""
    return frozenset(
        field.name
        for field in entity.fields.values()
        if field.field_class is FieldClass.PLAIN and field.name not in NEVER_IN_STAR
    )


@dataclass(frozen=True, slots=True)
class Visible:
    """What a grant shows of one entity of one partner: no entry at all means that its records do not exist.

    fields: dotted or whole names granted by agreements (None: own records, all). scopes: what the credential carries.
    agreements: the codes that grant the records, to tell whom to ask.
    """

    fields: frozenset[str] | None
    scopes: frozenset[str]
    agreements: tuple[str, ...] = ()

    def refusal(self, model: Model, entity: str, path: str) -> str | None:
        """Why a dotted path is not readable: FIELD_NOT_SHARED, SCOPE_REQUIRED, or None when it is."""
        names = path.split(".")
        if self.fields is not None:
            prefixes = {".".join(names[: index + 1]) for index in range(len(names))}
            inner = path + "."
            declared = model.entities[entity].fields[names[0]]
            always = declared.kind is Kind.SYSTEM or names[0] in model.entities[entity].fallback
            if not always and not prefixes & self.fields and not any(f.startswith(inner) for f in self.fields):
                return "FIELD_NOT_SHARED"
        fields = model.entities[entity].fields
        for name in names:
            field = fields[name]
            if field.field_class.scope not in self.scopes:
                return "SCOPE_REQUIRED"
            if field.type in model.parts:
                fields = model.parts[field.type].fields
        return None


def visible(
    entity: Entity, provider: str, partner: str, scopes: frozenset[str], agreements: Iterable[Agreement]
) -> Visible | None:
    """What `partner` sees of `provider`'s records of an entity, under the agreements in force."""
    if provider == partner:
        return Visible(None, scopes)
    granting = [found for found in agreements if found.provider == provider and entity.name in found.grants]
    if not granting:
        return None
    fields = frozenset().union(*(agreement.fields(entity) for agreement in granting))
    return Visible(fields, scopes, tuple(sorted(agreement.code for agreement in granting)))
