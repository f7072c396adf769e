"""What an operation selects of each level's records, as canonical paths; not what the planner needs besides."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)

from resolvers.entity import Kind, Model
from resolvers.level import Level
from resolvers.plan import Place, Plan
from resolvers.selection import Selections, subsets


def selected_fields(
    schema: GraphQLSchema, model: Model, plan: Plan, selections: Selections, operation: OperationDefinitionNode
) -> Map[Level, frozenset[str]]:
    """The dotted paths selected of each level's entity; edges, parts and what is computed are among them."""
    walk = _Walk(schema, model, plan, selections)
    root = schema.query_type
    assert root is not None
    walk.down([operation.selection_set], root, (), None, "")
    return {level: frozenset(paths) for level, paths in walk.found.items()}


class _Walk:
    def __init__(self, schema: GraphQLSchema, model: Model, plan: Plan, selections: Selections) -> None:
        self._schema = schema
        self._model = model
        self._plan = plan
        self._selections = selections
        self.found: dict[Level, set[str]] = {}

    def down(
        self, sets: Iterable[SelectionSetNode], type_: GraphQLObjectType, place: Place, level: Level | None, prefix: str
    ) -> None:
        """Into one object: a record of the level, a part of it at `prefix`, or what stands around records."""
        record = type_.name in self._model.entities or type_.name in self._model.parts
        for key, nodes in self._selections.fields(sets, type_).items():
            name = nodes[0].name.value
            field = type_.fields.get(name)
            if field is None:
                continue
            at = (*place, (type_.name, key))
            named: Any = get_named_type(field.type)
            if record and level is not None:
                self.found.setdefault(level, set()).add(prefix + name)
            step = self._plan.steps.get(at)
            if step is not None and step.kind is not Kind.DERIVED:
                self._into(nodes, named, at, step.level, "")
            elif record and named.name in self._model.parts:
                self._into(nodes, named, at, level, f"{prefix}{name}.")
            else:
                self._into(nodes, named, at, None if record else level, "")

    def _into(self, nodes: Any, named: Any, at: Place, level: Level | None, prefix: str) -> None:
        for possible in self._schema.get_possible_types(named) if is_abstract_type(named) else (named,):
            if isinstance(possible, GraphQLObjectType):
                self.down(subsets(nodes), possible, at, self._plan.nodes.get((at, possible.name), level), prefix)
