"""The graph as a whole: its schema, and its text."""

from __future__ import annotations

from copy import copy
from functools import cache

import strawberry
from graphql import DirectiveLocation, GraphQLDirective
from strawberry.schema.config import StrawberryConfig

from schema.cost import note
from schema.query import Query
from schema.scalars import SCALARS


@cache
def build() -> strawberry.Schema:
    """The one schema of this process. Its graphql-core schema leads back from each field to its declaration."""
    schema = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))
    core = schema._schema
    core.directives = tuple(map(_known_to_all, core.directives))
    note(core)
    return schema


def sdl() -> str:
    """The schema definition language text, the same on every run; ends with a line feed.

    Types are sorted by name. Fields, arguments and enum values keep their declared order: enums sort by it.
    """
    return f"{build().as_str()}\n"


def _known_to_all(directive: GraphQLDirective) -> GraphQLDirective:
    # Clients on graphql-core < 3.2.11 refuse an introspection that names this location.
    known = copy(directive)
    known.locations = tuple(place for place in known.locations if place is not DirectiveLocation.DIRECTIVE_DEFINITION)
    return known
