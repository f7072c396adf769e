"""What a grant shows of an operation, place by place and partner by partner, without asking any source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, VariableNode

from resolvers.agreement import Agreement, Share, Visible, scopes_of
from resolvers.catalog import Catalog
from resolvers.entity import Kind
from resolvers.mapping import Mapping, Parts
from resolvers.plan import Place, Step
from resolvers.planner import Here, Planner
from resolvers.predicate import Or
from resolvers.selection import Selections
from resolvers.sight import Sight
from resolvers.viewer import Grant
from resolvers.views import of_caller
from resolvers.wording import condition_text

GRANTED, MASKED, WITHHELD = "GRANTED", "MASKED", "WITHHELD"
RANK = (GRANTED, MASKED, WITHHELD)
OTHERS = "all others"
Named = tuple[str, int]
"""An agreement by its code and version."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one field, or of records themselves (`field` ""), of one partner at one place.

    path: of the response. outcome: GRANTED, MASKED or WITHHELD. rows: in which records, in words (None: in all that are
    there). mask: its name. schemes: of identifiers, the only ones that are shown. code: why it is withheld. scopes:
    that the credential lacks. agreements: those that grant it, or of whom to ask for it; none for a partner's own.
    """

    path: tuple[str, ...]
    partner: str
    entity: str
    field: str
    outcome: str
    rows: str | None = None
    mask: str | None = None
    schemes: tuple[str, ...] = ()
    code: str | None = None
    scopes: tuple[str, ...] = ()
    agreements: tuple[Named, ...] = ()


def simulated(
    schema: GraphQLSchema,
    catalog: Catalog,
    grant: Grant,
    fragments: Map[str, Any],
    operation: OperationDefinitionNode,
    variables: Map[str, Any],
) -> list[Outcome]:
    """Every field of an operation and every list of records in it. What variables that are not given would decide is
    taken to be asked for, of every partner."""
    assert schema.query_type is not None
    planner = _Simulator(schema, catalog, grant, _Everything(schema, fragments, variables))
    planner.make(schema.query_type, [operation.selection_set])
    order = {path: number for number, path in enumerate(planner.paths)}
    found = [*planner.without, *_Told(catalog, grant).outcomes(planner.noted)]
    return sorted(found, key=lambda one: order[one.path])


def shared(catalog: Catalog, grant: Grant) -> list[Outcome]:
    """The same of all that every partner maps, with the entity for a path."""
    noted = (
        ((entity,), mapping, path)
        for entity in catalog.model.entities
        for mapping, _ in catalog.views(grant).get(entity, ())
        for path in ("", *_paths(mapping))
    )
    return list(_Told(catalog, grant).outcomes(noted))


def _paths(mapping: Mapping) -> Iterator[str]:
    """All that a mapping says, the members of its lists among them."""
    for path, binding in mapping.fields.items():
        yield path
        if isinstance(binding, Parts):
            yield from dict.fromkeys(f"{path}.{name}" for form in binding.forms for name in form)


Noted = tuple[tuple[str, ...], Mapping, str]


class _Everything(Selections):
    """What is selected where a condition is a variable that is not given, too."""

    def _truth(self, directive: Any) -> bool:
        value = directive.arguments[0].value
        if isinstance(value, VariableNode) and value.name.value not in self.variables:
            return bool(directive.name.value == "include")
        return super()._truth(directive)


class _Simulator(Planner):
    """A planner that notes what it looks at: (response path, mapping, path of the field, "" for the record)."""

    def __init__(self, schema: GraphQLSchema, catalog: Catalog, grant: Grant, selections: Selections) -> None:
        super().__init__(schema, catalog, grant, selections)
        self.noted: dict[Noted, None] = {}
        self.paths: dict[tuple[str, ...], None] = {}  # in the order of the response
        self.without: list[Outcome] = []  # lists of records of which a partner shows none

    def _tell(self, mapping: Mapping, path: str, place: Place) -> None:
        self._note(place, mapping, path)
        super()._tell(mapping, path, place)

    def _step(self, at: Place, step: Step, child: Here, nodes: list[FieldNode], named: Any) -> None:
        for mapping in child.mappings:
            self._note(at, mapping, "")
        if step.kind in (Kind.COLLECTION, Kind.NAMED):
            whose = {m.partner for m in self.catalog.mappings(step.entity)} - {m.partner for m in child.mappings}
            for partner in sorted(whose if self._about is None else whose & self._about):
                path = tuple(key for _, key in at)
                self.paths[path] = None
                self.without.append(Outcome(path, partner, step.entity, "", WITHHELD))
        super()._step(at, step, child, nodes, named)

    def _note(self, at: Place, mapping: Mapping, field: str) -> None:
        path = tuple(key for _, key in at)
        self.paths[path] = None
        self.noted[path, mapping, field] = None

    def _given(self, node: FieldNode, name: str) -> frozenset[str] | None:
        for argument in node.arguments or ():
            value = argument.value
            if argument.name.value != name or not isinstance(value, VariableNode):
                continue
            if value.name.value not in self.selections.variables:
                return frozenset(self.model.enums["IdentifierScheme"]) if name == "scheme" else None
        return super()._given(node, name)


class _Told:
    """Makes outcomes of what was noted."""

    def __init__(self, catalog: Catalog, grant: Grant) -> None:
        self.catalog = catalog
        self.model = catalog.model
        self.grant = grant
        self.sight = Sight(catalog, grant)
        self.visible = {mapping.view: v for found in catalog.views(grant).values() for mapping, v in found}
        self.agreements: dict[tuple[str, str], list[Agreement]] = {}
        for partner in catalog.partners.values():
            for agreement in partner.agreements:
                if (partner.code, agreement.code, agreement.version) in grant.agreements:
                    self.agreements.setdefault((partner.code, agreement.code), []).append(agreement)

    def outcomes(self, noted: Iterable[Noted]) -> Iterator[Outcome]:
        """One for each partner at each place, or one for each way in which its records differ there."""
        places: dict[tuple[tuple[str, ...], str, str], dict[str, list[Mapping]]] = {}
        for at, mapping, path in noted:
            places.setdefault((at, path, mapping.entity), {}).setdefault(mapping.partner, []).append(mapping)
        for (at, path, entity), partners in places.items():
            if path and self.model.entities[entity].fields[path.partition(".")[0]].hidden:
                continue
            for _, mappings in sorted(partners.items()):
                alike: dict[Outcome, list[Mapping]] = {}
                for mapping in mappings:
                    alike.setdefault(self._outcome(at, mapping, path), []).append(mapping)
                yield from self._with_rows(alike)

    def _with_rows(self, alike: Map[Outcome, list[Mapping]]) -> Iterator[Outcome]:
        """The outcomes at one place, each with the agreements that make it so, and the records that it is for."""
        ranked = sorted(alike, key=lambda outcome: RANK.index(outcome.outcome))
        several = len({outcome.outcome for outcome in ranked}) < len(ranked)
        for number, outcome in enumerate(ranked):
            sharing = self._sharing(alike[outcome], outcome)
            named = tuple(dict.fromkeys((agreement.code, agreement.version) for agreement, _ in sharing))
            rows = None
            if outcome.field and len(ranked) > 1:
                rows = self._views(alike[outcome]) if several else self._rows(outcome, sharing)
                if number and not several and rows != OTHERS:
                    rows = f"{rows}, of the others"
            elif not outcome.field and sharing:
                rows = self._rows(outcome, sharing)
                rows = None if rows == OTHERS else rows
            yield replace(outcome, agreements=named, rows=rows)

    def _rows(self, outcome: Outcome, sharing: Iterable[tuple[Agreement, Share]]) -> str:
        """The records of which some agreements say something, as their files say it."""
        conditions = [share.where for _, share in sharing]
        if outcome.outcome == WITHHELD or any(one is None for one in conditions):
            return OTHERS
        told = [of_caller(one, self.grant.partner) for one in dict.fromkeys(conditions) if one is not None]
        return condition_text(self.model, outcome.entity, told[0] if len(told) == 1 else Or(tuple(told)))

    def _views(self, mappings: Iterable[Mapping]) -> str:
        """The records of some views, as the gateway tells them apart."""
        granted = [(mapping.entity, mapping.granted.condition) for mapping in mappings if mapping.granted is not None]
        return " or ".join(dict.fromkeys(condition_text(self.model, *one) for one in granted)) or OTHERS

    def _outcome(self, at: tuple[str, ...], mapping: Mapping, path: str) -> Outcome:
        visible, entity, partner = self.visible[mapping.view], mapping.entity, mapping.partner
        if not path:
            return Outcome(at, partner, entity, "", GRANTED)
        code = self.sight.refusal(mapping, path)
        if code is not None:
            lacking = scopes_of(self.model, entity, path) - self.grant.scopes if code == "SCOPE_REQUIRED" else ()
            return Outcome(at, partner, entity, path, WITHHELD, code=code, scopes=tuple(sorted(lacking)))
        mask = dict(visible.masks).get(path)
        schemes = visible.read if path.partition(".")[0] == self.model.identifiers(entity) else None
        shown = GRANTED if mask is None else MASKED
        return Outcome(at, partner, entity, path, shown, mask=mask, schemes=tuple(sorted(schemes or ())))

    def _sharing(self, mappings: Iterable[Mapping], outcome: Outcome) -> list[tuple[Agreement, Share]]:
        """The agreements that make an outcome; of what is withheld all that show the records."""
        found = []
        entity = self.model.entities[outcome.entity]
        for code in sorted({code for mapping in mappings for code in self.visible[mapping.view].agreements}):
            for agreement in self.agreements.get((outcome.partner, code), ()):
                share = agreement.grants.get(entity.name)
                if share is None or not share.scopes <= self.grant.scopes:
                    continue
                alone = Visible(agreement.fields(entity), self.grant.scopes)
                whole = not outcome.field or outcome.outcome == WITHHELD
                named = whole or alone.names(self.model, entity.name, outcome.field)
                if named and (whole or (outcome.field in share.mask) == (outcome.mask is not None)):
                    found.append((agreement, share))
        return found
