"""A page of a list that may draw on several sources, and what is missing from it."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import strawberry

from schema.cost import COUNTED, FREE
from schema.references import PartnerRef

T = TypeVar("T")


class Countable(Protocol):
    """A page that can count the whole list behind it; null where the number cannot be exact."""

    async def count(self) -> int | None: ...


async def _total_count(root: strawberry.Parent[Countable]) -> int | None:
    return await root.count()


@strawberry.type(description="Where a page stands in its list (Relay cursor connections).", directives=[FREE])
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether the list has something before this page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first entry, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last entry, for `after`; null on an empty page."
    )


@strawberry.type(description="A source whose records are missing from a list.", directives=[FREE])
class MissingSource:
    partner: PartnerRef = strawberry.field(description="The partner whose source it is.")
    source: str = strawberry.field(description="The source's public label; e.g. `Fleet`.")
    code: str = strawberry.field(
        description="Why, as a stable code; e.g. `SOURCE_TIMEOUT`, `SOURCE_UNAVAILABLE`, `SOURCE_BUSY`."
    )
    retry_after: int | None = strawberry.field(
        description="Seconds after which it may be worth asking again; null where nobody knows."
    )


@strawberry.type(description="An entry of a page.", directives=[FREE])
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="Opaque position of this entry in this list, for `after` and `before`. Good for the same list, "
        "order and caller only."
    )
    node: T = strawberry.field(description="The record.")


@strawberry.type(
    description="A page of a list. The list may draw on several sources: a source that does not answer leaves its "
    "records out and is named in `missing`; it does not fail the others."
)
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The entries with their cursors.")
    nodes: list[T] = strawberry.field(description="The records of the same entries, without cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in its list.")
    total_count: int | None = strawberry.field(
        resolver=_total_count,
        directives=[COUNTED],
        description="How many records the whole list has. Counted only when asked; null where the number cannot be "
        "exact, e.g. when a source is missing.",
    )
    partial: bool = strawberry.field(description="Whether records of some source are missing.")
    missing: list[MissingSource] = strawberry.field(
        description="Whose records are missing, and why. Later pages go on naming it, also when it is back."
    )
