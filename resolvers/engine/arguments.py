"""The arguments of a field, as its resolver is given them: once for a plan where no variable decides them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, VariableNode
from graphql.execution.values import get_argument_values

from resolvers.engine.objects import Run
from resolvers.fields import Declared, wanted
from resolvers.predicate import Predicate


class Schema(Protocol):
    """What the schema knows of its fields."""

    def declared(self, field: GraphQLField) -> Declared | None:
        """What a field declares; None where it is an ordinary attribute."""

    def attribute(self, field: GraphQLField) -> str:
        """The name of an ordinary attribute on what is resolved."""

    def arguments(self, field: GraphQLField, values: Mapping[str, Any]) -> dict[str, Any]:
        """Coerced argument values as resolvers know them, by their names there."""


class Arguments:
    """What a field is asked with. Neither of these is to be changed by who gets it."""

    def __init__(self, schema: Schema, field: GraphQLField, node: FieldNode) -> None:
        self._schema = schema
        self._field = field
        self._node = node
        self._fixed = not any(_varies(argument.value) for argument in node.arguments or ())
        self._given: dict[str, Any] | None = None
        self._wanted: tuple[Any, Any, Predicate | None] | None = None

    @property
    def fixed(self) -> bool:
        """Whether no variable is among them."""
        return self._fixed

    def given(self, run: Run) -> dict[str, Any]:
        """Those that are there and not null. GraphQLError where a variable does not fit its place."""
        if self._given is not None:
            return self._given
        values = get_argument_values(self._field, self._node, run.variables)
        asked = self._schema.arguments(self._field, values)
        found = {name: value for name, value in asked.items() if value is not None}
        if self._fixed:
            self._given = found
        return found

    def wanted(self, run: Run, declared: Declared, entity: str) -> Predicate | None:
        """What they ask of the records of a list, in what the caller may know."""
        given = self.given(run)
        neighbours = run.context.neighbours
        kept = self._wanted
        if kept is not None and kept[0] is given and kept[1] == neighbours:
            return kept[2]
        found = wanted(declared, run.context, entity, given)
        self._wanted = (given, neighbours, found)
        return found


def _varies(node: Any) -> bool:
    match node:
        case VariableNode():
            return True
        case ListValueNode(values=values):
            return any(map(_varies, values))
        case ObjectValueNode(fields=fields):
            return any(_varies(field.value) for field in fields)
        case _:
            return False
