"""What one partner lets others see, by entity, record and field, and what follows from that for one grant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from resolvers.entity import Entity, Field, FieldClass, Kind, Model
from resolvers.predicate import Predicate

# Never part of "*": free text and free-form members can hold anything.
NEVER_IN_STAR = frozenset({"attributes", "unparsedTerms"})
# Shared with nobody: what a policy names may be things of others, who did not agree to be named.
NEVER_SHARED = frozenset({"insuredAssets.identifiers"})


@dataclass(frozen=True, slots=True)
class Share:
    """What an agreement shares of one entity.

    fields: names as in the graph, dotted ones among them ("*": all plain fields). where: the records, as a condition
    over canonical paths (None: all of them); it may compare with CALLER. mask: path -> the mask under which it is
    shown. scopes: what a credential must carry besides. read: the schemes of identifiers that may be read (None: any),
    where the identifiers are among the fields; match: those by which records may be linked, and no more.
    """

    fields: frozenset[str]
    where: Predicate | None = None
    mask: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    read: frozenset[str] | None = None
    match: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreement:
    """Declared by the provider. `grants`: what it shares, by entity.

    start: first day it holds. end: first day it no longer holds. `partners` may hold "*": any partner. purposes: what
    it holds for (empty: anything).
    """

    provider: str
    code: str
    version: int
    partners: frozenset[str]
    grants: Mapping[str, Share]
    start: date | None = None
    end: date | None = None
    purposes: frozenset[str] = frozenset()

    def in_force(self, partner: str, day: date) -> bool:
        """Whether it grants anything to a partner on a day."""
        if (self.start is not None and day < self.start) or (self.end is not None and day >= self.end):
            return False
        return partner in self.partners or "*" in self.partners

    def fields(self, entity: Entity) -> frozenset[str]:
        """The fields of an entity that it grants, "*" written out."""
        share = self.grants.get(entity.name)
        named = share.fields if share is not None else frozenset()
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
    """What a grant shows of some records of one entity of one partner.

    fields: dotted or whole names granted by agreements (None: own records, all). scopes: what the credential carries.
    agreements: the codes that grant the records, to tell whom to ask. purposeful: whether a purpose was given, without
    which others show plain fields only. masks: (path, mask) of what is shown under one. read: the schemes of
    identifiers that may be read (None: any); match: those by which records may be linked besides.
    """

    fields: frozenset[str] | None
    scopes: frozenset[str]
    agreements: tuple[str, ...] = ()
    purposeful: bool = True
    masks: tuple[tuple[str, str], ...] = ()
    read: frozenset[str] | None = None
    match: frozenset[str] = frozenset()

    def refusal(self, model: Model, entity: str, path: str) -> str | None:
        """Why a dotted path is not readable: FIELD_NOT_SHARED, PURPOSE_REQUIRED, SCOPE_REQUIRED; None when it is."""
        if not self.names(model, entity, path):
            return "FIELD_NOT_SHARED"
        chain = _along(model, entity, path)
        if not self.purposeful and any(found.field_class is not FieldClass.PLAIN for found in chain):
            return "PURPOSE_REQUIRED"
        return None if all(map(self.holds, chain)) else "SCOPE_REQUIRED"

    def holds(self, found: Field) -> bool:
        """Whether the credential carries what a field's class needs."""
        return found.field_class.scope in self.scopes and (self.purposeful or found.field_class is FieldClass.PLAIN)

    def names(self, model: Model, entity: str, path: str) -> bool:
        """Whether the agreements name a dotted path, what holds it, or something in it.

        The name of a part stands for its members, but not for those that are more private than itself.
        """
        if self.fields is None:
            return True
        if any(path == private or path.startswith(private + ".") for private in NEVER_SHARED):
            return False
        chain = _along(model, entity, path)
        if chain[0].kind is Kind.SYSTEM or chain[0].name in model.entities[entity].fallback:
            return True
        name = ""
        for index, found in enumerate(chain):
            name = f"{name}.{found.name}" if name else found.name
            if name in self.fields and not any(_is_stricter(inner, found) for inner in chain[index + 1 :]):
                return True
        return any(granted.startswith(path + ".") for granted in self.fields)


def scopes_of(model: Model, entity: str, path: str) -> frozenset[str]:
    """The scopes that a credential must carry to read a dotted path."""
    return frozenset(field.field_class.scope for field in _along(model, entity, path))


def stricter(model: Model, entity: str, path: str) -> bool:
    """Whether a member is more private than the field that holds it, e.g. the number of a licence."""
    first, *inner = _along(model, entity, path)
    return any(_is_stricter(field, first) for field in inner)


def _is_stricter(inner: Field, outer: Field) -> bool:
    return inner.field_class not in (FieldClass.PLAIN, outer.field_class)


def _along(model: Model, entity: str, path: str) -> tuple[Field, ...]:
    """The fields that a dotted path goes through. KeyError where there is no such path."""
    fields = model.entities[entity].fields
    chain = []
    for name in path.split("."):
        field = fields[name]
        chain.append(field)
        if field.type in model.parts:
            fields = model.parts[field.type].fields
    return tuple(chain)
