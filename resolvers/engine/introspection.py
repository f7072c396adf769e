"""Introspection beside whatever else is asked: graphql-core answers it, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    execute,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from resolvers.engine.completion import Position
from resolvers.engine.objects import Column, Leaf, Run, Selected
from resolvers.engine.outcome import failed

META = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


class Introspection(Selected):
    """`__schema` or `__type` at the root, executed as a document of its own with the operation's fragments."""

    def __init__(
        self,
        key: str,
        position: Position,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Iterable[FragmentDefinitionNode],
    ) -> None:
        super().__init__(key, position, Leaf(lambda value: value, position.nodes))
        self._schema = schema
        own = OperationDefinitionNode(
            operation=OperationType.QUERY,
            variable_definitions=operation.variable_definitions,
            selection_set=SelectionSetNode(selections=position.nodes),
        )
        self._document = DocumentNode(definitions=(own, *fragments))

    def column(self, run: Run, objects: Sequence[Any]) -> Column:
        result = execute(self._schema, self._document, variable_values=dict(run.given))
        assert isinstance(result, ExecutionResult)  # nothing in it has to be waited for
        found = result.data[self.key] if result.data is not None else None
        if result.errors:
            run.troubled = True
            return [failed(result.errors[0], self.position.nodes)] * len(objects)
        return [found] * len(objects)
