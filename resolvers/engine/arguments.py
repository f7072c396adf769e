"""The arguments of a field, as its resolver is given them: once for a plan where no variable decides them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    VariableNode,
    is_non_null_type,
)
from graphql.execution.values import get_argument_values

from resolvers.engine.objects import Run
from resolvers.fields import Declared, wanted
from resolvers.pages import PAGING
from resolvers.predicate import Predicate

T = TypeVar("T")
_SCALARS = frozenset({"Int", "Float", "String", "ID", "Boolean"})


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
        varying = [argument for argument in node.arguments or () if _varies(argument.value)]
        self._fixed = not varying
        # Variables that are whole arguments of plain types need no coercion of their own: (argument, variable).
        self._plain: list[tuple[str, str]] | None = []
        for argument in varying:
            found, name = argument.value, argument.name.value
            if not isinstance(found, VariableNode) or not _is_plain(field, name):
                self._plain = None
                break
            self._plain.append((name, found.name.value))
        self._needed = {name for name, _ in self._plain or () if is_non_null_type(field.args[name].type)}
        self._pages = all(argument.name.value in PAGING for argument in varying)
        self._given: dict[str, Any] | None = None
        self._once: Any = None
        self._wanted: tuple[Any, Any, Predicate | None] | None = None

    def given(self, run: Run) -> dict[str, Any]:
        """Those that are there and not null. GraphQLError where a variable does not fit its place."""
        known = self._given
        if known is not None:
            if self._fixed:
                return known
            if self._plain is not None:
                coerced = run.variables.coerced
                told = {name: value for name, from_ in self._plain if (value := coerced.get(from_)) is not None}
                if told.keys() >= self._needed:
                    return {**known, **told}
        values = get_argument_values(self._field, self._node, run.variables)
        asked = self._schema.arguments(self._field, values)
        found = {name: value for name, value in asked.items() if value is not None}
        if self._plain is not None:
            varying = {name for name, _ in self._plain}
            self._given = {name: value for name, value in found.items() if name not in varying}
        return found

    def once(self, given: Mapping[str, Any], make: Callable[[], T]) -> T:
        """What is made of those that are `given`: not anew where no variable decides them. It must hold nothing of a
        request but who asks, and be the only thing that is made of them."""
        if not self._fixed or given is not self._given:
            return make()
        if self._once is None:
            self._once = make()
        found: T = self._once
        return found

    def wanted(self, run: Run, declared: Declared, entity: str) -> Predicate | None:
        """What they ask of the records of a list, in what the caller may know."""
        neighbours = run.context.neighbours
        kept = self._wanted
        if kept is not None and self._pages and kept[1] == neighbours:
            return kept[2]
        given = self.given(run)
        found = wanted(declared, run.context, entity, given)
        self._wanted = (given, neighbours, found)
        return found


def _is_plain(field: GraphQLField, name: str) -> bool:
    """Whether an argument is of a built-in scalar, without a default, and has the same name for resolvers."""
    argument = field.args[name]
    type_: Any = argument.type.of_type if is_non_null_type(argument.type) else argument.type
    if argument.default_value is not Undefined or argument.default or name.lower() != name:
        return False
    return getattr(type_, "name", "") in _SCALARS


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
