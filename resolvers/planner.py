"""From a selection to what is fetched: which columns of which mappings at which place, and nothing else.

The planner is pure: no I/O, no clock, no randomness. A viewer's grant acts here and only here: a mapping that the
grant does not show is in no fetch, a field that it does not show is in no column.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type

from resolvers.catalog import Catalog
from resolvers.entity import Field, Kind
from resolvers.level import Level
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Parts, Target
from resolvers.plan import Place, Plan, Step, Withheld
from resolvers.selection import Selections, subsets
from resolvers.sight import Sight
from resolvers.viewer import Grant


@dataclass(frozen=True, slots=True)
class Here:
    """The records of one place: their level, and those of its mappings whose records can stand here."""

    level: Level
    mappings: tuple[Mapping, ...]

    @property
    def entity(self) -> str:
        return self.level.entity

    @property
    def partners(self) -> frozenset[str]:
        return frozenset(mapping.partner for mapping in self.mappings)


class Planner:
    """Makes the plan of one operation for one grant."""

    def __init__(self, schema: GraphQLSchema, catalog: Catalog, grant: Grant, selections: Selections) -> None:
        self.schema = schema
        self.catalog = catalog
        self.model = catalog.model
        self.sight = Sight.of(catalog, grant)
        self.grant = grant
        self.selections = selections
        self.plan = Plan()
        self._lookups: dict[tuple[int, str], Level] = {}
        self._levels: list[Level] = []
        self._told: set[tuple[tuple[str, ...], str, str]] = set()
        self._about: frozenset[str] | None = None  # the partners that an object of the place can be, None for any

    def make(self, root: GraphQLObjectType, selection_sets: Any) -> Plan:
        """The plan of an operation's root selection."""
        self._object(selection_sets, root, (), None)
        for level in self._levels:
            level.close(self.model, self._refusal)
        for level in self._levels:
            level.join()
        self.plan.looked_at = frozenset(self.selections.looked_at)
        return self.plan

    # walking ---------------------------------------------------------------------------------------------------------

    def _object(self, sets: Any, type_: GraphQLObjectType, place: Place, here: Here | None, prefix: str = "") -> None:
        """The fields of one object: a record or part of one (here given), or anything else."""
        declared: Map[str, Field] = {}
        if here is not None:
            parts = self.model.parts
            declared = parts[type_.name].fields if prefix else self.model.entities[type_.name].fields
        elif type_.name in self.model.objects:
            declared = self.model.objects[type_.name]
        for key, nodes in self.selections.fields(sets, type_).items():
            name = nodes[0].name.value
            found = type_.fields.get(name)
            if found is None:  # __typename and introspection
                continue
            at = (*place, (type_.name, key))
            field_ = declared.get(name)
            named = get_named_type(found.type)
            if field_ is None:
                self._plain(nodes, named, at)
            elif here is not None:
                self._record_field(nodes, named, at, here, field_, prefix)
            else:
                self._object_field(nodes, named, at, field_)

    def _plain(self, nodes: list[FieldNode], named: Any, at: Place, here: Here | None = None) -> None:
        """A field of an object that is no record: what it holds may hold records (of `here`), partners and lists."""
        if not isinstance(named, GraphQLObjectType):
            return
        if here is None:
            self._object(subsets(nodes), named, at, None)
        elif named.name in self.model.entities:
            self._object(subsets(nodes), named, at, here)
        elif named.name in self.model.objects:  # a partner whose records are missing
            self._partner_object(nodes, named, at, here.partners)
        else:
            for key, inner in self.selections.fields(subsets(nodes), named).items():
                found = named.fields.get(inner[0].name.value)
                if found is not None:
                    self._plain(inner, get_named_type(found.type), (*at, (named.name, key)), here)

    def _object_field(self, nodes: list[FieldNode], named: Any, at: Place, field_: Field) -> None:
        if field_.kind is Kind.NAMED:
            self._named(nodes, named, at, field_)
        elif field_.kind is Kind.COLLECTION:
            level = self._level(field_.type)
            shown = (m for m in self._shown(field_.type) if self._about is None or m.partner in self._about)
            here = Here(level, level.allow(shown))
            self._step(at, Step(Kind.COLLECTION, field_.type, level), here, nodes, named)
        elif field_.kind is Kind.REFERENCE:  # the viewer's own record
            level = self._level(field_.type)  # shared with no other record: what is shown of it may be more
            here = Here(level, level.allow(self.sight.own(field_.type)))
            self._want_names(here, at)
            self._step(at, Step(Kind.REFERENCE, field_.type, level), here, nodes, named)
        elif isinstance(named, GraphQLObjectType):
            self._partner_object(nodes, named, at, self._named_partner(nodes[0]))
        else:
            for possible in self.schema.get_possible_types(named) if is_abstract_type(named) else ():
                if possible.name in self.model.entities:
                    level = self._lookup(at, possible.name)
                    here = Here(level, level.allow(self._shown(possible.name)))
                    self.plan.nodes[at, possible.name] = level
                    level.places.append(tuple(key for _, key in at))
                    self._object(subsets(nodes), possible, at, here)
                else:
                    self._object(subsets(nodes), possible, at, None)

    def _record_field(
        self, nodes: list[FieldNode], named: Any, at: Place, here: Here, field_: Field, prefix: str
    ) -> None:
        path = prefix + field_.name
        match field_.kind:
            case Kind.LEAF:
                self._want(here, path, at)
            case Kind.PART if field_.many:
                self._want(here, path, at)
                self._members(nodes, named, at, here, path, "")
            case Kind.PART:
                holding = [m for m in here.mappings if m.holds(path)]
                here.level.want_inside(path, holding)
                for mapping in holding:
                    self._tell(mapping, path, at)
                for inner in self.model.parts[field_.type].fields.values():
                    if inner.required and inner.kind is Kind.LEAF:
                        self._want(here, f"{path}.{inner.name}", at)
                self._object(subsets(nodes), named, at, here, path + ".")
            case Kind.PARTNER:
                self._want(here, path, at)
                self._partner_object(nodes, named, at, None)
            case Kind.DERIVED:
                self._derived(at, here, field_, path)
            case Kind.SYSTEM:
                self._system(nodes, named, at, here)
            case Kind.REFERENCE:
                self._reference(nodes, named, at, here, field_, path)
            case Kind.LINKS:
                self._links(nodes, named, at, here, field_, path)
            case Kind.REVERSE:
                self._reverse(nodes, named, at, here, field_, path)
            case Kind.SAME:
                self._same(nodes, named, at, here, field_, path)
            case _:
                raise AssertionError(f"{field_.kind} on a record")

    def _derived(self, at: Place, here: Here, field_: Field, path: str) -> None:
        """What is computed is shared by its own name, and computed from what else is shared."""
        holding = [m for m in here.mappings if any(need in m.fields for need in field_.needs)]
        for mapping in holding:
            self._tell(mapping, path, at)
        telling = tuple(m for m in holding if self._refusal(m, path) is None)
        for need in field_.needs:
            self._want(Here(here.level, telling), need, at)
        follow = frozenset(m.view for m in telling)
        self.plan.steps[at] = Step(Kind.DERIVED, here.entity, here.level, path, follow=follow)

    def _members(self, nodes: list[FieldNode], type_: Any, place: Place, here: Here, path: str, prefix: str) -> None:
        """The members that are asked for of a list's entries."""
        for key, inner in self.selections.fields(subsets(nodes), type_).items():
            field_ = self.model.parts[type_.name].fields.get(inner[0].name.value)
            if field_ is None:
                continue
            name = prefix + field_.name
            at = (*place, (type_.name, key))
            if field_.kind is Kind.PART and not field_.many:
                self._members(inner, get_named_type(type_.fields[field_.name].type), at, here, path, name + ".")
                continue
            holding = [m for m in here.mappings if isinstance(p := m.fields.get(path), Parts) and p.holds(name)]
            here.level.want_inside(f"{path}.{name}", holding)
            for mapping in holding:
                self._tell(mapping, f"{path}.{name}", at)

    def _system(self, nodes: list[FieldNode], named: Any, at: Place, here: Here) -> None:
        """id, partner, provenance. Issues are those of every readable field, so all of them are read."""
        if not isinstance(named, GraphQLObjectType):
            return
        for key, inner in self.selections.fields(subsets(nodes), named).items():
            name = inner[0].name.value
            if name == "updatedAt" and name in self.model.entities[here.entity].fields:
                self._want(here, name, (*at, (named.name, key)))
            if name == "issues":
                here.level.issues = True
        self._partner_object(nodes, named, at, here.partners)

    def _partner_object(self, nodes: list[FieldNode], named: Any, at: Place, about: frozenset[str] | None) -> None:
        """An object that is a partner, or holds one: its lists are those of the partners that it can be."""
        outer, self._about = self._about, about
        self._object(subsets(nodes), named, at, None)
        self._about = outer

    def _named_partner(self, node: FieldNode) -> frozenset[str] | None:
        """The partner that an argument names by its code, where one does."""
        return self._given(node, "code")

    def _given(self, node: FieldNode, name: str) -> frozenset[str] | None:
        """The value of an argument that is there, as the only one of a set."""
        for argument in node.arguments or ():
            if argument.name.value == name:
                return frozenset([str(self.selections.value(argument.value))])
        return None

    # edges -----------------------------------------------------------------------------------------------------------

    def _reference(self, nodes: list[FieldNode], named: Any, at: Place, here: Here, field_: Field, path: str) -> None:
        self._want(here, path, at)
        follow = self.sight.followers(here.mappings, path)
        targets = [binding for m in follow if isinstance(binding := m.fields.get(path), ByKey | ByIdentifier)]
        child = self._reach(self._lookup(at, field_.type), targets)
        here.level.edges[path] = child.level
        step = Step(Kind.REFERENCE, field_.type, child.level, path, follow=frozenset(m.view for m in follow))
        self._step(at, step, child, nodes, named)

    def _links(self, nodes: list[FieldNode], named: Any, at: Place, here: Here, field_: Field, path: str) -> None:
        self._want(here, path, at)
        follow = self.sight.followers(here.mappings, path)
        links: list[Link] = [link for m in follow if isinstance(found := m.fields.get(path), tuple) for link in found]
        child = self._reach(self._level(field_.type), [link.target for link in links])
        step = Step(Kind.LINKS, field_.type, child.level, path, follow=frozenset(m.view for m in follow))
        self._step(at, step, child, nodes, named)

    def _reverse(self, nodes: list[FieldNode], named: Any, at: Place, here: Here, field_: Field, path: str) -> None:
        assert field_.via is not None
        via = field_.via.partition(".")[2]
        for mapping in here.mappings:
            self._tell(mapping, path, at)
        follow = [m for m in here.mappings if self._refusal(m, path) is None]
        leading = self.sight.leading(follow, here.entity, field_)
        for mapping in (*leading.mappings, *leading.blocked):
            self._tell(mapping, via, at)
        if leading.named:
            self._want_names(Here(here.level, tuple(follow)), at)
        level = self._level(field_.type)
        child = Here(level, level.allow(leading.mappings))
        step = Step(Kind.REVERSE, field_.type, level, path, via, frozenset(m.view for m in follow))
        step.named, step.keyed = leading.named, leading.keyed
        self._step(at, step, child, nodes, named)

    def _named(self, nodes: list[FieldNode], named: Any, at: Place, field_: Field) -> None:
        """The mappings whose records can carry an identifier of the scheme that is asked for."""
        names = self.model.identifiers(field_.type)
        assert names is not None
        schemes = self._given(nodes[0], "scheme") or frozenset()
        carrying = [m for m in self._shown(field_.type) if self.sight.schemes([m], names) & schemes]
        for mapping in carrying:
            self._tell(mapping, names, at)
        level = self._level(field_.type)
        child = Here(level, level.allow(m for m in carrying if self._refusal(m, names) is None))
        level.want(names, child.mappings)
        self._step(at, Step(Kind.NAMED, field_.type, level), child, nodes, named)

    def _same(self, nodes: list[FieldNode], named: Any, at: Place, here: Here, field_: Field, path: str) -> None:
        """The mappings that give an identifier which makes their records and those here the same; both must show it."""
        plain, names = self.model.identifiers(here.entity), self.sight.names(here.entity)
        assert plain is not None and names is not None
        for mapping in here.mappings:
            if self.sight.schemes([mapping], plain) & {strong.scheme for strong in field_.strong}:
                self._want_names(Here(here.level, (mapping,)), at)
        follow = [m for m in here.mappings if self._refusal(m, names) is None]
        strong = {m: self.sight.strong(m, names, field_.strong) for m in self._shown(field_.type)}
        reached = [m for m in strong if any(m is not other and strong[m] & strong[other] for other in follow)]
        schemes = frozenset().union(*(strong[m] for m in reached))
        level = self._level(field_.type)
        child = Here(level, level.allow(reached))
        for place in (here.level, level):
            mappings = follow if place is here.level else reached
            place.want(names, mappings)
            for rule in field_.strong:
                for other in rule.also if rule.scheme in schemes else ():
                    place.want(other, [m for m in mappings if self._refusal(m, other) is None])
        step = Step(Kind.SAME, field_.type, level, path, follow=frozenset(m.view for m in follow))
        self._step(at, step, child, nodes, named)

    def _reach(self, level: Level, targets: Iterable[Target]) -> Here:
        """Let in the mappings that references can lead to, as far as the grant shows them."""
        reached = self.sight.reach(level.entity, targets)
        if level.names is not None and reached.named:
            level.want(level.names, reached.named)
        return Here(level, level.allow(reached.mappings))

    def _step(self, at: Place, step: Step, child: Here, nodes: list[FieldNode], named: Any) -> None:
        self.plan.steps[at] = step
        step.level.places.append(tuple(key for _, key in at))
        self._plain(nodes, named, at, child)

    # levels ----------------------------------------------------------------------------------------------------------

    def _level(self, entity: str) -> Level:
        level = Level(entity, self.sight.names(entity))
        self._levels.append(level)
        return level

    def _lookup(self, at: Place, entity: str) -> Level:
        """All single records of an entity at one depth share a level, so that they share a fetch."""
        key = (len(at), entity)
        if key not in self._lookups:
            self._lookups[key] = self._level(entity)
        return self._lookups[key]

    def _want(self, here: Here, path: str, at: Place) -> None:
        here.level.want(path, here.mappings)
        for mapping in here.mappings:
            if path in mapping.fields:
                self._tell(mapping, path, at)

    def _want_names(self, here: Here, at: Place) -> None:
        """Ask for the identifiers by which records are linked, and tell who shows none of them."""
        plain, names = self.model.identifiers(here.entity), here.level.names
        if plain is None or names is None:
            return
        here.level.want(names, here.mappings)
        for mapping in here.mappings:
            if plain in mapping.fields and (names not in mapping.fields or self._refusal(mapping, names) is not None):
                self._tell(mapping, plain, at)

    def _shown(self, entity: str) -> Iterable[Mapping]:
        return self.sight.shown(entity)

    def _refusal(self, mapping: Mapping, path: str) -> str | None:
        return self.sight.refusal(mapping, path)

    def _tell(self, mapping: Mapping, path: str, place: Place) -> None:
        code = self._refusal(mapping, path)
        if code is None:
            return
        whole = path.partition(".")[0]
        if self._refusal(mapping, whole) == code:
            path = whole
        at = tuple(key for _, key in place)
        if any((at[:length], mapping.partner, path) in self._told for length in range(len(at) + 1)):
            return  # told already, here or of the part that holds it
        self._told.add((at, mapping.partner, path))
        agreements, partly = self.sight.agreements(mapping), self.sight.partly(mapping, path)
        told = Withheld(at, mapping.partner, mapping.entity, path, code, agreements, partly=partly)
        self.plan.withheld.append(told)
