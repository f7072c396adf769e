"""What the planned way to an answer asks of the schema: declarations, attribute names, arguments for resolvers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import GraphQLField
from strawberry.types.arguments import convert_arguments

from schema.declaration import Declaration, asked
from schema.graph import build
from schema.model import declaration


class Resolution:
    """The schema of this process, field by field."""

    def __init__(self) -> None:
        converter = build().schema_converter
        self._config, self._scalars = converter.config, converter.scalar_registry

    def declared(self, field: GraphQLField) -> Declaration | None:
        """What a field declares; None where it is an ordinary attribute."""
        return declaration(field)

    def attribute(self, field: GraphQLField) -> str:
        """The name of an ordinary attribute on what is resolved."""
        return str(field.extensions["strawberry-definition"].python_name)

    def arguments(self, field: GraphQLField, values: Mapping[str, Any]) -> dict[str, Any]:
        """Coerced argument values as resolvers know them, by their names there."""
        known = field.extensions["strawberry-definition"].arguments
        found = convert_arguments(dict(values), known, scalar_registry=self._scalars, config=self._config)
        return {name: asked(name, value) for name, value in found.items()}


@cache
def resolution() -> Resolution:
    """The one of this process."""
    return Resolution()
