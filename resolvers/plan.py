"""From a selection to what is fetched: which columns of which mappings at which place, and nothing else.

The planner is pure: no I/O, no clock, no randomness. A viewer's grant acts here and only here: a mapping that the
grant does not show is in no fetch, a field that it does not show is in no column.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type

from resolvers.agreement import Visible
from resolvers.catalog import Catalog
from resolvers.entity import Field, Kind
from resolvers.fetch import Arm, Fetch
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Parts, Target, Value
from resolvers.selection import Selections, subsets
from resolvers.viewer import Grant

Path = tuple[str, ...]
At = tuple[Path, str]  # a response path without list indexes, and the type that the field is selected on


@dataclass(slots=True, eq=False)
class Level:
    """Records of one entity that are fetched with the same columns. paths: dotted path -> place in a row's values.

    fetches: one per source. mappings: those whose records can stand here.
    """

    entity: str
    paths: dict[str, int] = field(default_factory=dict)
    mappings: dict[str, Mapping] = field(default_factory=dict)
    issues: bool = False
    fetches: tuple[Fetch, ...] = ()
    given: dict[str, frozenset[str]] = field(default_factory=dict)  # mapping id -> paths that it delivers here

    def want(self, path: str) -> None:
        self.paths.setdefault(path, len(self.paths))

    def allow(self, mappings: Iterable[Mapping]) -> None:
        for mapping in mappings:
            self.mappings.setdefault(mapping.id, mapping)


@dataclass(slots=True, eq=False)
class Step:
    """One place of the response that holds records of one entity.

    edge: the dotted path that leads here, on `parent`'s entity ("" at a root). via: for a reverse edge, the path on
    this entity that leads back. follow: the mapping ids whose records may follow the edge. named: whether a reverse
    edge also goes by identifiers.
    """

    path: Path
    kind: Kind
    entity: str
    level: Level
    edge: str = ""
    via: str = ""
    follow: frozenset[str] = frozenset()
    named: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that was asked for and that one partner does not show: told once per place and partner."""

    path: Path
    partner: str
    entity: str
    field: str
    code: str
    agreements: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Plan:
    """What an operation fetches for a grant.

    steps: by place. nodes: levels at places of interface type, by place and entity. looked_at: the variables that the
    planner looked at.
    """

    steps: dict[At, Step] = field(default_factory=dict)
    nodes: dict[tuple[Path, str], Level] = field(default_factory=dict)
    withheld: list[Withheld] = field(default_factory=list)
    looked_at: frozenset[str] = frozenset()


class Planner:
    """Makes the plan of one operation for one grant."""

    def __init__(self, schema: GraphQLSchema, catalog: Catalog, grant: Grant, selections: Selections) -> None:
        self.schema = schema
        self.catalog = catalog
        self.model = catalog.model
        self.visible: Map[tuple[str, str], Visible] = catalog.visible(grant)
        self.grant = grant
        self.selections = selections
        self.plan = Plan()
        self._lookups: dict[tuple[int, str], Level] = {}
        self._levels: list[Level] = []
        self._told: set[tuple[Path, str, str]] = set()
        self._about: frozenset[str] | None = None  # the partners that an object of the place can be, None for any

    def make(self, root: GraphQLObjectType, selection_sets: Any) -> Plan:
        """The plan of an operation's root selection."""
        self._object(selection_sets, root, (), None)
        for level in self._levels:
            self._finish(level)
        self.plan.looked_at = frozenset(self.selections.looked_at)
        return self.plan

    # walking ---------------------------------------------------------------------------------------------------------

    def _object(self, sets: Any, type_: GraphQLObjectType, path: Path, level: Level | None, prefix: str = "") -> None:
        """The fields of one object: a record or part of one (level given), or anything else."""
        declared: Map[str, Field] = {}
        if level is not None:
            parts = self.model.parts
            declared = parts[type_.name].fields if prefix else self.model.entities[type_.name].fields
        elif type_.name in self.model.objects:
            declared = self.model.objects[type_.name]
        for key, nodes in self.selections.fields(sets, type_).items():
            name = nodes[0].name.value
            found = type_.fields.get(name)
            if found is None:  # __typename and introspection
                continue
            at = (*path, key)
            field_ = declared.get(name)
            named = get_named_type(found.type)
            if field_ is None:
                self._plain(nodes, named, at)
            elif level is not None:
                self._record_field(nodes, type_, named, at, level, field_, prefix)
            else:
                self._object_field(nodes, type_, named, at, field_)

    def _plain(self, nodes: list[FieldNode], named: Any, at: Path, level: Level | None = None) -> None:
        """A field of an object that is no record: what it holds may hold partners and lists again."""
        if named.name in self.model.entities and level is not None:
            self._object(subsets(nodes), named, at, level)
        elif isinstance(named, GraphQLObjectType):
            if level is not None and named.name not in self.model.entities:
                for key, inner in self.selections.fields(subsets(nodes), named).items():
                    found = named.fields.get(inner[0].name.value)
                    if found is not None:
                        self._plain(inner, get_named_type(found.type), (*at, key), level)
            else:
                self._object(subsets(nodes), named, at, None)

    def _object_field(self, nodes: list[FieldNode], parent: Any, named: Any, at: Path, field_: Field) -> None:
        if field_.kind is Kind.COLLECTION:
            level = self._level(field_.type)
            level.allow(m for m in self._shown(field_.type) if self._about is None or m.partner in self._about)
            self._step(at, parent, Step(at, Kind.COLLECTION, field_.type, level), nodes, named)
        elif field_.kind is Kind.REFERENCE:  # the viewer's own record
            level = self._lookup(at, field_.type)
            level.allow(m for m in self._shown(field_.type) if m.partner == self.grant.partner)
            self._want_names(level)
            self._step(at, parent, Step(at, Kind.REFERENCE, field_.type, level), nodes, named)
        elif isinstance(named, GraphQLObjectType):
            self._partner_object(nodes, named, at, self._named_partner(nodes[0]))
        else:
            for possible in self.schema.get_possible_types(named) if is_abstract_type(named) else ():
                if possible.name in self.model.entities:
                    level = self._lookup(at, possible.name)
                    level.allow(self._shown(possible.name))
                    self.plan.nodes[at, possible.name] = level
                    self._object(subsets(nodes), possible, at, level)
                else:
                    self._object(subsets(nodes), possible, at, None)

    def _record_field(
        self, nodes: list[FieldNode], parent: Any, named: Any, at: Path, level: Level, field_: Field, prefix: str
    ) -> None:
        path = prefix + field_.name
        match field_.kind:
            case Kind.LEAF:
                self._want(level, path, at)
            case Kind.PART if field_.many:
                self._want(level, path, at)
            case Kind.PART:
                for inner in self.model.parts[field_.type].fields.values():
                    if inner.required and inner.kind is Kind.LEAF:
                        self._want(level, f"{path}.{inner.name}", at)
                self._object(subsets(nodes), named, at, level, path + ".")
            case Kind.PARTNER:
                self._want(level, path, at)
                self._partner_object(nodes, named, at, None)
            case Kind.DERIVED:
                for need in field_.needs:
                    self._want(level, need, at)
            case Kind.SYSTEM:
                self._system(nodes, named, at, level)
            case Kind.REFERENCE:
                self._reference(nodes, parent, named, at, level, field_, path)
            case Kind.LINKS:
                self._links(nodes, parent, named, at, level, field_, path)
            case Kind.REVERSE:
                self._reverse(nodes, parent, named, at, level, field_, path)
            case _:
                raise AssertionError(f"{field_.kind} on a record")

    def _system(self, nodes: list[FieldNode], named: Any, at: Path, level: Level) -> None:
        """id, partner, provenance. Issues are those of every readable field, so all of them are read."""
        if not isinstance(named, GraphQLObjectType):
            return
        asked = {inner[0].name.value for inner in self.selections.fields(subsets(nodes), named).values()}
        entity = self.model.entities[level.entity]
        if "updatedAt" in asked and "updatedAt" in entity.fields:
            level.want("updatedAt")
        if "issues" in asked:
            level.issues = True
        self._partner_object(nodes, named, at, frozenset(m.partner for m in level.mappings.values()))

    def _partner_object(self, nodes: list[FieldNode], named: Any, at: Path, about: frozenset[str] | None) -> None:
        """An object that is a partner, or holds one: its lists are those of the partners that it can be."""
        outer, self._about = self._about, about
        self._object(subsets(nodes), named, at, None)
        self._about = outer

    def _named_partner(self, node: FieldNode) -> frozenset[str] | None:
        """The partner that an argument names by its code, where one does."""
        for argument in node.arguments or ():
            if argument.name.value == "code":
                return frozenset([str(self.selections.value(argument.value))])
        return None

    # edges -----------------------------------------------------------------------------------------------------------

    def _reference(
        self, nodes: list[FieldNode], parent: Any, named: Any, at: Path, level: Level, field_: Field, path: str
    ) -> None:
        self._want(level, path, at)
        follow = self._followers(level, path)
        targets = [binding for m in follow if isinstance(binding := m.fields.get(path), ByKey | ByIdentifier)]
        child = self._lookup(at, field_.type)
        self._reach(child, targets, field_.type)
        step = Step(at, Kind.REFERENCE, field_.type, child, path, follow=frozenset(m.id for m in follow))
        self._step(at, parent, step, nodes, named)

    def _links(
        self, nodes: list[FieldNode], parent: Any, named: Any, at: Path, level: Level, field_: Field, path: str
    ) -> None:
        self._want(level, path, at)
        follow = self._followers(level, path)
        links: list[Link] = [link for m in follow if isinstance(found := m.fields.get(path), tuple) for link in found]
        child = self._level(field_.type)
        self._reach(child, [link.target for link in links], field_.type)
        step = Step(at, Kind.LINKS, field_.type, child, path, follow=frozenset(m.id for m in follow))
        self._step(at, parent, step, nodes, named)

    def _reverse(
        self, nodes: list[FieldNode], parent: Any, named: Any, at: Path, level: Level, field_: Field, path: str
    ) -> None:
        assert field_.via is not None
        via = field_.via.partition(".")[2]
        follow = [m for m in level.mappings.values() if self._refusal(m, path) is None]
        for mapping in level.mappings.values():
            self._tell(mapping, path, at)
        child = self._level(field_.type)
        named_edge = False
        for mapping in self._shown(field_.type):
            targets = list(_targets(mapping.fields.get(via)))
            keyed = any(isinstance(t, ByKey) and t.mappings & {m.id for m in follow} for t in targets)
            by_name = any(isinstance(t, ByIdentifier) for t in targets)
            if not keyed and not by_name:
                continue
            if self._refusal(mapping, via) is not None:
                self._tell(mapping, via, at)
                continue
            child.allow([mapping])
            named_edge = named_edge or by_name
        names = self.model.identifiers(level.entity)
        if named_edge and names is not None:
            self._want(level, names, at)
        step = Step(at, Kind.REVERSE, field_.type, child, path, via, frozenset(m.id for m in follow), named_edge)
        self._step(at, parent, step, nodes, named)

    def _followers(self, level: Level, path: str) -> list[Mapping]:
        return [m for m in level.mappings.values() if path in m.fields and self._refusal(m, path) is None]

    def _reach(self, child: Level, targets: Iterable[Target], entity: str) -> None:
        """Let in the mappings that references can lead to, as far as the grant shows them."""
        shown = list(self._shown(entity))
        names = self.model.identifiers(entity)
        for target in targets:
            if isinstance(target, ByKey):
                child.allow(m for m in shown if m.id in target.mappings)
            elif names is not None:
                fitting = [
                    m
                    for m in shown
                    if (target.partner is None or m.partner == target.partner)
                    and isinstance(found := m.fields.get(names), Parts)
                    and self._refusal(m, names) is None
                    and _schemes(found) & target.schemes
                ]
                if fitting:
                    child.allow(fitting)
                    child.want(names)

    def _step(self, at: Path, parent: Any, step: Step, nodes: list[FieldNode], named: Any) -> None:
        self.plan.steps[at, parent.name] = step
        if named.name in self.model.entities:
            self._object(subsets(nodes), named, at, step.level)
            return
        for key, inner in self.selections.fields(subsets(nodes), named).items():  # a connection
            found = named.fields.get(inner[0].name.value)
            if found is not None:
                self._plain(inner, get_named_type(found.type), (*at, key), step.level)

    # levels ----------------------------------------------------------------------------------------------------------

    def _level(self, entity: str) -> Level:
        level = Level(entity)
        self._levels.append(level)
        return level

    def _lookup(self, at: Path, entity: str) -> Level:
        """All single records of an entity at one depth share a level, so that they share a fetch."""
        key = (len(at), entity)
        if key not in self._lookups:
            self._lookups[key] = self._level(entity)
        return self._lookups[key]

    def _want(self, level: Level, path: str, place: Path) -> None:
        level.want(path)
        for mapping in level.mappings.values():
            if path in mapping.fields:
                self._tell(mapping, path, place)

    def _want_names(self, level: Level) -> None:
        names = self.model.identifiers(level.entity)
        if names is not None:
            level.want(names)

    def _shown(self, entity: str) -> Iterable[Mapping]:
        return (m for m in self.catalog.mappings(entity) if (m.partner, entity) in self.visible)

    def _refusal(self, mapping: Mapping, path: str) -> str | None:
        shown = self.visible[mapping.partner, mapping.entity]
        if shown.fields is not None and self._hidden(mapping.entity, path):
            # an edge through a field that the graph does not show needs its record to be shared, nothing more
            return None
        return shown.refusal(self.model, mapping.entity, path)

    def _hidden(self, entity: str, path: str) -> bool:
        found = self.model.entities[entity].fields.get(path.partition(".")[0])
        return found is not None and found.hidden

    def _tell(self, mapping: Mapping, path: str, place: Path) -> None:
        code = self._refusal(mapping, path)
        if code is None:
            return
        whole = path.partition(".")[0]
        if self._refusal(mapping, whole) == code:
            path = whole
        if any((place[:length], mapping.partner, path) in self._told for length in range(len(place) + 1)):
            return  # told already, here or of the part that holds it
        self._told.add((place, mapping.partner, path))
        agreements = self.visible[mapping.partner, mapping.entity].agreements
        self.plan.withheld.append(Withheld(place, mapping.partner, mapping.entity, path, code, agreements))

    def _finish(self, level: Level) -> None:
        """Close a level: one fetch per source, with what each mapping may deliver."""
        if level.issues:
            for mapping in level.mappings.values():
                for path, binding in mapping.fields.items():
                    if isinstance(binding, Value | Parts):
                        level.want(path)
        paths = tuple(level.paths)
        by_source: dict[str, list[Arm]] = {}
        for mapping in sorted(level.mappings.values(), key=lambda m: (m.partner, m.name)):
            withheld = frozenset(p for p in self._sayable(mapping) if self._refusal(mapping, p) is not None)
            given = frozenset(path for path in paths if path in mapping.fields and path not in withheld)
            level.given[mapping.id] = given
            by_source.setdefault(mapping.source_id, []).append(Arm(mapping, given, withheld))
        level.fetches = tuple(
            Fetch(source, level.entity, paths, tuple(arms), level.issues) for source, arms in by_source.items()
        )

    def _sayable(self, mapping: Mapping) -> set[str]:
        return {*mapping.fields, *(path for path in self.model.entities[mapping.entity].orders.values() if path)}


def _targets(binding: Any) -> Iterable[Target]:
    if isinstance(binding, ByKey | ByIdentifier):
        yield binding
    elif isinstance(binding, tuple):
        yield from (link.target for link in binding)


def _schemes(parts: Parts) -> frozenset[str]:
    found: set[str] = set()
    for member in parts.members:
        scheme = member.get("scheme")
        if scheme is not None:
            found |= ByIdentifier(scheme, scheme).schemes
    return frozenset(found)
