"""The account of who read a partner's records, as that partner may look into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from resolvers.context import Context
from resolvers.cursor import Position
from resolvers.errors import RequestError
from resolvers.partner_view import PartnerView

SCOPE = "audit"
LIST = "Access"


class Place(NamedTuple):
    """Where an access stands, newest first: Unix microseconds, and what tells apart those of one moment."""

    at: int
    id: str


@dataclass(frozen=True, slots=True)
class Accessed:
    """One answered operation's share of one entity of one partner. partner: the code of the one that read."""

    place: Place
    at: datetime
    partner: str
    subject: str
    purpose: str | None
    operation: str | None
    entity: str
    fields: list[str]
    tested: list[str]
    rows: int
    agreements: list[str]


class AccessLog(Protocol):
    """Where accesses are kept."""

    async def accesses(
        self, provider: str, record: tuple[str, str] | None, after: Place | None, limit: int
    ) -> Sequence[Accessed]:
        """Accesses to what a provider holds, newest first: to one record (mapping id, key), or to any.

        RequestError AUDIT_UNAVAILABLE where they cannot be had.
        """


class AccessNode:
    """One access, as the graph shows it."""

    __slots__ = ("_context", "_found")

    def __init__(self, context: Context, found: Accessed) -> None:
        self._context = context
        self._found = found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)

    @property
    def partner_code(self) -> str:
        return self._found.partner

    @property
    def partner(self) -> PartnerView | None:
        """Who read; None where it is in the federation no longer. Who reads what is mine is known to me."""
        code = self._found.partner
        return self._context.partners[code] if code in self._context.catalog.partners else None


@dataclass(frozen=True, slots=True)
class AccessEdge:
    """An access at its place."""

    cursor: str
    node: AccessNode


@dataclass(frozen=True, slots=True)
class AccessPageInfo:
    """Where a page stands in the account."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class AccessPage:
    """A page of the account."""

    edges: list[AccessEdge]
    page_info: AccessPageInfo

    @property
    def nodes(self) -> list[AccessNode]:
        """The entries without their cursors."""
        return [edge.node for edge in self.edges]


async def access_page(context: Context, arguments: dict[str, Any]) -> AccessPage:
    """Who read what of the caller's own partner. RequestError SCOPE_REQUIRED without the scope."""
    viewer = context.viewer
    if SCOPE not in viewer.scopes:
        message = "The account of who read what needs the scope `audit`."
        raise RequestError(message, code="SCOPE_REQUIRED", scopes=[SCOPE])
    if context.accesses is None:
        raise RequestError("There is no account of who read what here.", code="AUDIT_UNAVAILABLE", status=503)
    default, most = context.page
    first = arguments.get("first", default)
    if not 1 <= first <= most:
        message = f"`first` must be between 1 and {most}."
        raise RequestError(message, code="BAD_USER_INPUT", limit="page", allowed=most)
    text, after = arguments.get("record"), arguments.get("after")
    record = None
    if text is not None:
        named = context.ids.read(text)
        record = (named.mapping, named.key)
    signed = f"accessLog {viewer.partner} {text or ''}"
    place = None if after is None else Place(*context.cursors.read(after, signed).values)
    found = await context.accesses.accesses(viewer.partner, record, place, first + 1)
    edges = [
        AccessEdge(
            context.cursors.write(Position(tuple(each.place), viewer.partner, ""), LIST, False, signed),
            AccessNode(context, each),
        )
        for each in found[:first]
    ]
    ends = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)
    return AccessPage(edges, AccessPageInfo(len(found) > first, place is not None, *ends))
