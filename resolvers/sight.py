"""What a grant shows of every partner's mappings, and which of them an edge can reach: where agreements act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace

from resolvers.agreement import Visible
from resolvers.catalog import Catalog
from resolvers.entity import LINKED, Field, FieldClass, Model, Strong
from resolvers.mapping import Binding, ByIdentifier, ByKey, Mapping, Parts, Target
from resolvers.viewer import Grant

SELF = "read:self"


@dataclass(frozen=True, slots=True)
class Reached:
    """The mappings that an edge can lead to, in order; named: those of them that it reaches by identifiers."""

    mappings: tuple[Mapping, ...]
    named: tuple[Mapping, ...]


@dataclass(frozen=True, slots=True)
class Leading:
    """The mappings whose records can lead to others by a reverse edge.

    mappings: those that the grant shows and lets follow. blocked: those that it does not let follow. named, keyed:
    whether one of them goes by identifiers, and by keys.
    """

    mappings: tuple[Mapping, ...]
    blocked: tuple[Mapping, ...]
    named: bool
    keyed: bool


class Sight:
    """One grant's view of a catalog."""

    def __init__(self, catalog: Catalog, grant: Grant) -> None:
        self.catalog = catalog
        self.grant = grant
        self.model: Model = catalog.model
        self._shown: Map[str, Sequence[tuple[Mapping, Visible]]] = catalog.views(grant)
        self._visible = {mapping.view: visible for found in self._shown.values() for mapping, visible in found}

    @classmethod
    def of(cls, catalog: Catalog, grant: Grant) -> Sight:
        """A grant's view, made once for a catalog."""
        return catalog.once((cls, grant), lambda: cls(catalog, grant))

    def shown(self, entity: str) -> Iterator[Mapping]:
        """The mappings of an entity whose records exist for the grant, as it shows them."""
        return (mapping for mapping, _ in self._shown.get(entity, ()))

    def own(self, entity: str) -> tuple[Mapping, ...]:
        """The mappings of an entity that can hold the viewer's own record; `read:self` shows it whole."""
        mine = tuple(mapping for mapping in self.shown(entity) if mapping.partner == self.grant.partner)
        if SELF not in self.grant.scopes:
            return mine
        whole = Visible(None, self.grant.scopes.union(each.scope for each in FieldClass))
        own = tuple(replace(mapping, share="/self") for mapping in mine)
        self._visible.update({mapping.view: whole for mapping in own})
        return own

    def refusal(self, mapping: Mapping, path: str) -> str | None:
        """Why a mapping's path is not readable: FIELD_NOT_SHARED, PURPOSE_REQUIRED, SCOPE_REQUIRED; None when it is."""
        shown = self._visible[mapping.view]
        if path == LINKED:  # a view has them where they may be linked by
            return (
                None
                if LINKED in mapping.fields
                else self.refusal(mapping, self.model.identifiers(mapping.entity) or "")
            )
        if shown.fields is not None and self._hidden(mapping.entity, path):
            # an edge through a field that the graph does not show needs its record to be shared, nothing more
            return None
        codes = [shown.refusal(self.model, mapping.entity, path)]
        if isinstance(parts := mapping.fields.get(path), Parts):  # an entry is not there without what it must have
            type_ = self.model.parts[self.model.field(mapping.entity, path).type]
            required = [f.name for f in type_.fields.values() if f.required and parts.holds(f.name)]
            codes += [shown.refusal(self.model, mapping.entity, f"{path}.{name}") for name in required]
        return min((code for code in codes if code is not None), default=None)  # what is not shared goes first

    def names(self, entity: str) -> str | None:
        """The path of the identifiers by which an entity's records are linked; None where it has none."""
        plain = self.model.identifiers(entity)
        linked = plain is not None and any(LINKED in mapping.fields for mapping in self.shown(entity))
        return LINKED if linked else plain

    def partly(self, mapping: Mapping, path: str) -> bool:
        """Whether a path is readable in other records of the same mapping."""
        views = (other for other in self.shown(mapping.entity) if other.id == mapping.id and other is not mapping)
        return any(self.refusal(other, path) is None for other in views)

    def agreements(self, mapping: Mapping) -> tuple[str, ...]:
        """The codes of the agreements that show a mapping's records."""
        return self._visible[mapping.view].agreements

    def _hidden(self, entity: str, path: str) -> bool:
        found = self.model.entities[entity].fields.get(path.partition(".")[0])
        return found is not None and found.hidden

    # edges -----------------------------------------------------------------------------------------------------------

    def followers(self, mappings: Iterable[Mapping], path: str) -> list[Mapping]:
        """The mappings that hold an edge and may be followed along it."""
        return [m for m in mappings if path in m.fields and self.refusal(m, path) is None]

    def reach(self, entity: str, targets: Iterable[Target]) -> Reached:
        """The mappings of an entity that targets can lead to, as far as the grant shows them."""
        shown = list(self.shown(entity))
        names = self.names(entity)
        reached: dict[str, Mapping] = {}
        named: dict[str, Mapping] = {}
        for target in targets:
            if isinstance(target, ByKey):
                reached.update({m.view: m for m in shown if m.id in target.mappings})
            elif names is not None:
                fitting = {
                    m.view: m
                    for m in shown
                    if (target.partners is None or m.partner in target.partners)
                    and self.refusal(m, names) is None
                    and self.schemes([m], names) & target.schemes
                }
                reached.update(fitting)
                named.update(fitting)
        return Reached(tuple(reached.values()), tuple(named.values()))

    def leading(self, here: Iterable[Mapping], entity: str, field: Field) -> Leading:
        """The mappings whose records lead, by the reverse edge `field` of `entity`, to records of the mappings here."""
        via = (field.via or "").partition(".")[2]
        follow = list(here)
        following = frozenset(m.id for m in follow)
        plain, names = self.model.identifiers(entity), self.names(entity)
        schemes = self.schemes(follow, plain) if plain is not None else frozenset()
        readable = self.schemes([m for m in follow if names and self.refusal(m, names) is None], names or "")
        leading: list[Mapping] = []
        blocked: list[Mapping] = []
        named = keyed = False
        for mapping in self.shown(field.type):
            targets = list(targets_of(mapping.fields.get(via)))
            by_key = any(isinstance(t, ByKey) and t.mappings & following for t in targets)
            by_name = any(isinstance(t, ByIdentifier) and t.schemes & schemes for t in targets)
            if not by_key and not by_name:
                continue
            if self.refusal(mapping, via) is not None:
                blocked.append(mapping)
                continue
            named, keyed = named or by_name, keyed or by_key
            if by_key or any(isinstance(t, ByIdentifier) and t.schemes & readable for t in targets):
                leading.append(mapping)
        return Leading(tuple(leading), tuple(blocked), named, keyed)

    def strong(self, mapping: Mapping, names: str, rules: Iterable[Strong]) -> frozenset[str]:
        """The schemes by which a mapping's records can be the same as others, as far as it shows what that needs."""
        if self.refusal(mapping, names) is not None:
            return frozenset()
        shown = (
            rule.scheme
            for rule in rules
            if all(path in mapping.fields and self.refusal(mapping, path) is None for path in rule.also)
        )
        return self.schemes([mapping], names).intersection(shown)

    def schemes(self, here: Iterable[Mapping], names: str) -> frozenset[str]:
        """The schemes of the identifiers that mappings give their records, whether they show them or not."""
        found: set[str] = set()
        for mapping in here:
            parts = mapping.fields.get(names)
            for member in parts.members if isinstance(parts, Parts) else ():
                if (scheme := member.get("scheme")) is not None:
                    found |= ByIdentifier(scheme, scheme).schemes
        return frozenset(found)


def targets_of(binding: Binding | None) -> Iterator[Target]:
    """Where a reference or links can lead to."""
    if isinstance(binding, ByKey | ByIdentifier):
        yield binding
    elif isinstance(binding, tuple):
        yield from (link.target for link in binding)
