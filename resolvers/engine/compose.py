"""From what an operation selects, and its plan, to what answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from resolvers.catalog import Catalog
from resolvers.engine.account import Accesses
from resolvers.engine.arguments import Arguments, Schema
from resolvers.engine.completion import Position
from resolvers.engine.connection import Count, EdgeNode, Edges, Nodes
from resolvers.engine.edges import ByIds, Collection, Many, OwnRecord, Reference
from resolvers.engine.introspection import META, Introspection
from resolvers.engine.objects import Got, Inner, Leaf, Named, Object, Run, Selected
from resolvers.engine.places import Entries, Id, Member, Owner, Part, Value
from resolvers.engine.projection import projection
from resolvers.engine.shown import Shown
from resolvers.entity import Field, Kind
from resolvers.fields import Declared, partners_of
from resolvers.global_id import GlobalIds
from resolvers.level import Level
from resolvers.partner_view import viewer_view
from resolvers.plan import Place, Plan
from resolvers.record import Record, origin
from resolvers.selection import Selections, subsets

TYPE_NAME = "__typename"
Nodes_ = list[FieldNode]
Sets = Iterable[SelectionSetNode]
Make = Callable[[str, Position, GraphQLField, Nodes_, Place], Selected]
"""Response key, position, field, its nodes and its place -> what answers it."""


class Composer:
    """Composes the answer to one operation for one plan."""

    def __init__(
        self,
        core: GraphQLSchema,
        schema: Schema,
        catalog: Catalog,
        plan: Plan,
        selections: Selections,
        ids: GlobalIds,
        operation: OperationDefinitionNode,
    ) -> None:
        self._core = core
        self._schema = schema
        self._model = catalog.model
        self._plan = plan
        self._selections = selections
        self._ids = ids
        self._operation = operation

    def root(self) -> Object:
        """What answers the operation's root selection; its only object is None."""
        type_ = self._core.query_type
        assert type_ is not None
        return self._other([self._operation.selection_set], type_, ())

    # objects that are no records -------------------------------------------------------------------------------------

    def _other(self, sets: Sets, type_: GraphQLObjectType, place: Place) -> Object:
        """The root, a partner, the viewer, or any other object whose values are attributes."""
        return Object(self._fields(sets, type_, place, self._other_field))

    def _fields(self, sets: Sets, type_: Any, place: Place, make: Make) -> list[Selected]:
        """What is selected of an object of a type, in response order, each made by `make`."""
        fields = []
        for key, nodes in self._selections.fields(sets, type_).items():
            name = nodes[0].name.value
            found = type_.fields.get(name) or META.get(name)
            if found is None:
                fields.append(self._type_name(key, type_, nodes))
                continue
            position = Position(type_.name, name, tuple(nodes), found.type)
            if name in META:
                every = self._selections.fragments.values()
                fields.append(Introspection(key, position, self._core, self._operation, every))
            else:
                fields.append(make(key, position, found, nodes, (*place, (type_.name, key))))
        return fields

    def _other_field(self, key: str, position: Position, found: GraphQLField, nodes: Nodes_, at: Place) -> Selected:
        declared = self._schema.declared(found)
        named = get_named_type(found.type)
        if declared is None:
            return Member(key, position, self._inner(nodes, named, at), self._schema.attribute(found))
        match declared.kind:
            case Kind.COLLECTION | Kind.NAMED:
                step = self._plan.steps[at]
                inner = self._connection(nodes, named, at, step.level)
                return Collection(key, position, inner, step.level, self._arguments(found, nodes), declared, at)
            case Kind.REFERENCE:
                level = self._plan.steps[at].level
                return OwnRecord(key, position, self._record(subsets(nodes), named, at, level), level)
            case Kind.SYSTEM if position.name == "id":
                return Got(key, position, self._inner(nodes, named, at), lambda _run, each: each.id())
            case Kind.SYSTEM if len(at) == 1:
                return self._single(key, position, found, nodes, at)
            case _:  # a part of something that is no record
                return Member(key, position, self._inner(nodes, named, at), self._schema.attribute(found))

    def _single(self, key: str, position: Position, found: GraphQLField, nodes: Nodes_, at: Place) -> Selected:
        """The single things of the root."""
        named = get_named_type(found.type)
        arguments = self._arguments(found, nodes)
        if is_abstract_type(named):
            return ByIds(key, position, self._by_type(nodes, named, at), arguments, at, many=position.name == "nodes")
        inner = self._inner(nodes, named, at)
        match position.name:
            case "accessLog":
                return Accesses(key, position, inner, arguments)
            case "viewer":
                return Got(key, position, inner, lambda run, _: viewer_view(run.context))
            case "partners":
                return Got(
                    key,
                    position,
                    inner,
                    lambda run, _: [run.context.partners[c] for c in sorted(run.context.neighbours)],
                )
            case _:
                return Got(
                    key, position, inner, lambda run, _: run.context.partners.shown(arguments.given(run)["code"])
                )

    def _by_type(self, nodes: Nodes_, named: Any, at: Place) -> dict[str, Inner]:
        found: dict[str, Inner] = {}
        for possible in self._core.get_possible_types(named):
            level = self._plan.nodes.get((at, possible.name))
            if level is not None:
                found[possible.name] = self._record(subsets(nodes), possible, at, level)
            elif possible.name not in self._model.entities:
                found[possible.name] = self._other(subsets(nodes), possible, at)
        return found

    def _inner(self, nodes: Nodes_, named: Any, at: Place) -> Inner:
        if is_leaf_type(named):
            return Leaf(named.coerce_output_value, tuple(nodes))
        return self._other(subsets(nodes), named, at)

    def _type_name(self, key: str, type_: GraphQLObjectType, nodes: Nodes_) -> Selected:
        string: Any = self._core.type_map["String"]
        return Named(key, Position(type_.name, TYPE_NAME, tuple(nodes), string), Leaf(str, tuple(nodes)))

    def _arguments(self, found: GraphQLField, nodes: Nodes_) -> Arguments:
        return Arguments(self._schema, found, nodes[0])

    # connections -----------------------------------------------------------------------------------------------------

    def _connection(self, nodes: Nodes_, type_: Any, place: Place, level: Level) -> Object:
        """The page of a list of records of a level."""

        def field(key: str, position: Position, found: GraphQLField, nodes: Nodes_, at: Place) -> Selected:
            named: Any = get_named_type(found.type)
            if named.name in self._model.entities:
                return Nodes(key, position, self._record(subsets(nodes), named, at, level))
            if position.name == "edges":
                return Edges(key, position, self._edge(nodes, named, at, level))
            if position.name == "totalCount":
                return Count(key, position, self._inner(nodes, named, at))
            return Member(key, position, self._inner(nodes, named, at), self._schema.attribute(found))

        return Object(self._fields(subsets(nodes), type_, place, field))

    def _edge(self, nodes: Nodes_, type_: Any, place: Place, level: Level) -> Object:
        def field(key: str, position: Position, found: GraphQLField, nodes: Nodes_, at: Place) -> Selected:
            named: Any = get_named_type(found.type)
            if named.name in self._model.entities:
                return EdgeNode(key, position, self._record(subsets(nodes), named, at, level))
            return Got(key, position, self._inner(nodes, named, at), lambda _run, edge: edge[0].cursor(edge[1]))

        return Object(self._fields(subsets(nodes), type_, place, field))

    # records ---------------------------------------------------------------------------------------------------------

    def _record(self, sets: Sets, type_: Any, place: Place, level: Level) -> Object:
        """A record of a level."""
        fields = self._record_fields(sets, type_, place, level, "")
        fast, before = projection(fields, level, self._ids)
        shown = Shown(fields, level, self._ids, before)
        level.shows.append(shown)
        return Object(fields, fast, before, shown.filled)

    def _record_fields(self, sets: Sets, type_: Any, place: Place, level: Level, prefix: str) -> list[Selected]:
        declared = self._model.parts[type_.name].fields if prefix else self._model.entities[type_.name].fields

        def field(key: str, position: Position, found: GraphQLField, nodes: Nodes_, at: Place) -> Selected:
            return self._record_field(key, position, found, nodes, at, level, declared[position.name], prefix)

        return self._fields(sets, type_, place, field)

    def _record_field(
        self,
        key: str,
        position: Position,
        found: GraphQLField,
        nodes: Nodes_,
        at: Place,
        level: Level,
        field: Field,
        prefix: str,
    ) -> Selected:
        path = prefix + field.name
        named: Any = get_named_type(found.type)
        match field.kind:
            case Kind.LEAF:
                return Value(key, position, self._inner(nodes, named, at), level.paths[path])
            case Kind.PART if field.many:
                return Entries(key, position, self._entry(subsets(nodes), named), level.paths[path])
            case Kind.PART:
                return self._part(key, position, nodes, at, level, field, path)
            case Kind.PARTNER:
                place = level.paths[path]
                inner = self._other(subsets(nodes), named, at)
                return Got(key, position, inner, lambda run, row: partners_of(run.context, row.values[place]))
            case Kind.DERIVED:
                return self._derived(key, position, found, nodes, at, level)
            case Kind.SYSTEM:
                return self._system(key, position, nodes, at, level)
            case Kind.REFERENCE:
                step = self._plan.steps[at]
                inner = self._record(subsets(nodes), named, at, step.level)
                return Reference(key, position, inner, level.paths[path], step.level)
            case _:
                step = self._plan.steps[at]
                listed = is_list_type(_bare(found.type))
                make = self._record(subsets(nodes), named, at, step.level) if listed else None
                inner = make or self._connection(nodes, named, at, step.level)
                bare = all(type(each) in (Nodes, Named) for each in inner.fields)
                arguments, what = self._arguments(found, nodes), self._declared(found)
                return Many(key, position, inner, level, step, arguments, what, at, listed=listed, bare=bare)

    def _declared(self, found: GraphQLField) -> Declared:
        declared = self._schema.declared(found)
        assert declared is not None
        return declared

    def _part(
        self, key: str, position: Position, nodes: Nodes_, at: Place, level: Level, field: Field, path: str
    ) -> Selected:
        type_: Any = self._core.type_map[field.type]
        inner = Object(self._record_fields(subsets(nodes), type_, at, level, path + "."))
        needed = [
            f"{path}.{each.name}"
            for each in self._model.parts[field.type].fields.values()
            if each.required and each.kind is Kind.LEAF
        ]
        holding = frozenset(
            mapping.view
            for mapping in level.mappings.values()
            for given in [level.given.get(mapping.view, frozenset())]
            if path in given and mapping.holds(path) and given.issuperset(needed)
        )
        return Part(key, position, inner, holding, [level.paths[name] for name in needed])

    def _entry(self, sets: Sets, type_: Any) -> Object:
        """An entry of a list of parts; what is in it comes with it."""

        def field(key: str, position: Position, found: GraphQLField, nodes: Nodes_, _: Place) -> Selected:
            named: Any = get_named_type(found.type)
            leaf = is_leaf_type(named)
            inner = Leaf(named.coerce_output_value, tuple(nodes)) if leaf else self._entry(subsets(nodes), named)
            return Member(key, position, inner, position.name)

        return Object(self._fields(sets, type_, (), field))

    def _derived(
        self, key: str, position: Position, found: GraphQLField, nodes: Nodes_, at: Place, level: Level
    ) -> Selected:
        declared, follow = self._declared(found), self._plan.steps[at].follow
        arguments = self._arguments(found, nodes)
        compute, needs = declared.compute, declared.needs
        assert compute is not None

        def get(run: Run, row: Any) -> Any:
            if row.mapping.view not in follow:
                return None
            values = Record(run.context, level, row).values(needs)
            return compute(values, run.context.now, **arguments.given(run))

        return Got(key, position, self._inner(nodes, get_named_type(found.type), at), get)

    def _system(self, key: str, position: Position, nodes: Nodes_, at: Place, level: Level) -> Selected:
        named: Any = get_named_type(position.type)
        inner = self._inner(nodes, named, at)
        match position.name:
            case "id":
                return Id(key, position, inner)
            case "partner":
                return Owner(key, position, inner)
            case _:
                return Got(
                    key,
                    position,
                    inner,
                    lambda run, row: origin(Record(run.context, level, row), run.context.partners),
                )


def _bare(type_: Any) -> Any:
    return type_.of_type if is_non_null_type(type_) else type_
