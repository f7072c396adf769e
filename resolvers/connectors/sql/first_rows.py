"""The keys of a page's rows, found before anything is put beside them: the rest is done for these rows alone."""

from __future__ import annotations

import uuid
from decimal import Decimal

from sqlalchemy import Join, Subquery, and_

from resolvers.connectors.sql.column_type import Untyped, python_type
from resolvers.connectors.sql.render import Renderer
from resolvers.mapping import Mapping


def alone(found: Subquery, mapping: Mapping, renderer: Renderer) -> Join:
    """The mapped table, with hardly more rows than those whose keys (labelled k0, k1, ...) were found.

    More where a key is in several rows, or where the database takes two keys for one: conditions, order and limit of
    the page must be said again.
    """
    # It stands before every join: PostgreSQL keeps many of them in the order in which they are written.
    same = (renderer.key(name) == found.c[f"k{index}"] for index, name in enumerate(mapping.key))
    return found.join(renderer.tables.named[""], and_(*same))


def told_apart(mapping: Mapping, renderer: Renderer) -> bool:
    """Whether the database never takes two keys for one, as it may do with texts, besides."""
    if not found_again(mapping, renderer):
        return False
    types = {python_type(renderer.tables.column(name).type) for name in mapping.key}
    return types <= {int, Decimal, uuid.UUID}


def found_again(mapping: Mapping, renderer: Renderer) -> bool:
    """Whether a row of the mapped table is found by its key, as an index would have it."""
    if mapping.distinct or any("." in name for name in mapping.key):
        return False
    return all(not isinstance(renderer.tables.column(name).type, Untyped) for name in mapping.key)
