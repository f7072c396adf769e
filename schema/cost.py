"""What an answer may cost, said in the graph itself: the words of IBM's cost directives, as Apollo writes them."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.schema_directive import Location

WEIGHT, LIST_SIZE = "cost.weight", "cost.listSize"
"""Keys in the `extensions` of types and fields of graphql-core's schema: an int, and a ListSize."""


@strawberry.schema_directive(
    locations=[
        Location.ARGUMENT_DEFINITION,
        Location.ENUM,
        Location.FIELD_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
        Location.OBJECT,
        Location.SCALAR,
    ],
    name="cost",
    description="What one of it costs. Without it an object costs 1, and a scalar or enum nothing.",
)
class Cost:
    weight: int = strawberry.field(name="weight", description="The cost; a record costs 1.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many entries a list is taken to have before anything is known of it.",
)
class ListSize:
    assumed_size: int | None = strawberry.field(
        name="assumedSize", default=strawberry.UNSET, description="So many, where no argument says."
    )
    slicing_arguments: list[str] | None = strawberry.field(
        name="slicingArguments",
        default=strawberry.UNSET,
        description="Arguments that say how many: a number, or a list by its length. Of several the greatest counts.",
    )
    sized_fields: list[str] | None = strawberry.field(
        name="sizedFields", default=strawberry.UNSET, description="The fields of a page that are so long; else itself."
    )
    require_one_slicing_argument: bool = strawberry.field(
        name="requireOneSlicingArgument",
        default=True,
        description="Whether an operation must give exactly one of the arguments.",
    )


FREE = Cost(weight=0)
"""What comes with a record, or is known without asking a source."""
COUNTED = Cost(weight=10)
"""A number for which a source goes through the whole list."""
PAGE_SIZE = ListSize(
    assumed_size=50,
    slicing_arguments=["first", "last"],
    sized_fields=["edges", "nodes"],
    require_one_slicing_argument=False,
)
LINKS_SIZE = ListSize(
    assumed_size=50,
    slicing_arguments=["first"],
    sized_fields=["edges", "nodes"],
    require_one_slicing_argument=False,
)
FEW = ListSize(assumed_size=10, require_one_slicing_argument=False)
BY_IDS = ListSize(slicing_arguments=["ids"])


def note(schema: GraphQLSchema) -> None:
    """Put what the declarations of a built schema say into the `extensions` of its types and fields."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            _note(type_)
            for field in type_.fields.values():
                _note(field)


def _note(element: Any) -> None:
    definition = element.extensions.get("strawberry-definition")
    for directive in getattr(definition, "directives", None) or ():
        if isinstance(directive, Cost):
            element.extensions[WEIGHT] = directive.weight
        elif isinstance(directive, ListSize):
            element.extensions[LIST_SIZE] = directive
