"""What an operation selects of an object, fragments and directives seen to (GraphQL specification, CollectFields)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
)


@dataclass(slots=True)
class Selections:
    """Collects fields for concrete types. looked_at: the variables that decided which fields there are.

    unclear: whether a directive's condition is null, which is an error where its selection stands.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    looked_at: set[str] = field(default_factory=set)
    unclear: bool = False

    def fields(self, sets: Iterable[SelectionSetNode], type_: GraphQLObjectType) -> dict[str, list[FieldNode]]:
        """The fields selected of a concrete type, by response key, in response order."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            self._collect(selection_set, type_, found, visited)
        return found

    def _collect(
        self, sets: SelectionSetNode, type_: GraphQLObjectType, found: dict[str, list[FieldNode]], visited: set[str]
    ) -> None:
        for selection in sets.selections:
            if selection.directives and not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                found.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                if condition is None or self._applies(condition.name.value, type_):
                    self._collect(selection.selection_set, type_, found, visited)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                fragment = self.fragments.get(name)
                if name not in visited and fragment is not None:
                    visited.add(name)
                    if self._applies(fragment.type_condition.name.value, type_):
                        self._collect(fragment.selection_set, type_, found, visited)

    def _applies(self, name: str, type_: GraphQLObjectType) -> bool:
        if name == type_.name:
            return True
        named = self.schema.type_map.get(name)
        return isinstance(named, GraphQLInterfaceType) and self.schema.is_sub_type(named, type_)

    def _included(self, selection: Any) -> bool:
        """Whether `@skip` and `@include` let a selection stand."""
        for directive in selection.directives:
            name = directive.name.value
            if name in ("skip", "include") and self._truth(directive) == (name == "skip"):
                return False
        return True

    def _truth(self, directive: Any) -> bool:
        found = self.value(directive.arguments[0].value)
        self.unclear = self.unclear or found is None
        return bool(found)

    def value(self, node: Any) -> Any:
        """The value of a scalar literal or of a variable, which is then looked at."""
        if isinstance(node, VariableNode):
            self.looked_at.add(node.name.value)
            return self.variables.get(node.name.value)
        return node.value


def subsets(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    """The selection sets of merged fields."""
    return [node.selection_set for node in nodes if node.selection_set is not None]


def named_variables(names: Set[str], values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The values of some variables, fit for a cache key."""
    return tuple((name, repr(values.get(name))) for name in sorted(names))
