"""One list over many sources: each is asked for its next rows in one total order; they are merged and cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from resolvers.context import Context
from resolvers.cursor import Position
from resolvers.errors import RequestError, SourceError
from resolvers.fetch import OrderKey, Row, Window
from resolvers.level import Level
from resolvers.record import Record


@dataclass(frozen=True, slots=True)
class Edge:
    """A record at its place in a list; the cursor is written when it is asked for."""

    node: Record
    _page: Page
    _row: Row

    @property
    def cursor(self) -> str:
        return self._page.cursor(self._row)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page stands in its list; its cursors are written when they are asked for."""

    page: Page

    @property
    def has_next_page(self) -> bool:
        return self.page.has_next

    @property
    def has_previous_page(self) -> bool:
        return self.page.has_previous

    @property
    def start_cursor(self) -> str | None:
        return self.page.cursor(self.page.rows[0]) if self.page.rows else None

    @property
    def end_cursor(self) -> str | None:
        return self.page.cursor(self.page.rows[-1]) if self.page.rows else None


@dataclass(frozen=True, slots=True)
class Missing:
    """A source whose rows are missing from a list."""

    partner: Any
    source: str
    code: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """The arguments of a list: how many, which way, and the window that sources are asked for (one row more)."""

    size: int
    window: Window
    context: str


Counting = Callable[[], Awaitable[int | None]]


class Page:
    """A cut of a list."""

    def __init__(
        self,
        context: Context,
        level: Level,
        cut: Slice,
        rows: Sequence[Row],
        failures: Iterable[SourceError],
        counting: Counting,
    ) -> None:
        window = cut.window
        self.failures = tuple(failures)
        more = len(rows) > cut.size
        self.rows = rows[-cut.size :] if window.backward else rows[: cut.size]
        self._context = context
        self._level = level
        self._slice = cut
        self._counting = counting
        self.has_next = window.before is not None or (more and not window.backward)
        self.has_previous = window.after is not None or (more and window.backward)
        failed = {(error.partner, error.source): error.code for error in self.failures}
        for bound in (window.after, window.before):
            for named in bound.missing if bound is not None else ():
                failed.setdefault(named, "SOURCE_UNAVAILABLE")
        self._failed = failed

    @property
    def nodes(self) -> list[Record]:
        """The records of its rows."""
        return [Record(self._context, self._level, row) for row in self.rows]

    @property
    def edges(self) -> list[Edge]:
        return [Edge(node, self, row) for node, row in zip(self.nodes, self.rows, strict=True)]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(self)

    @property
    def partial(self) -> bool:
        return bool(self._failed)

    @property
    def missing(self) -> list[Missing]:
        partner = self._context.partners
        return [Missing(partner[code], source, why) for (code, source), why in sorted(self._failed.items())]

    def cursor(self, row: Row) -> str:
        """The cursor of a row of this list."""
        position = Position(row.sort, row.mapping.id, row.key, frozenset(self._failed))
        personal = row.mapping.key_is_personal
        return self._context.cursors.write(position, self._level.entity, personal, self._slice.context)

    async def count(self) -> int | None:
        """How many rows the whole list has; None where the number cannot be exact."""
        if self._failed:
            return None
        if not self.has_next and not self.has_previous:
            return len(self.rows)
        return await self._counting()


def slice_of(context: Context, entity: str, arguments: dict[str, Any], identity: str) -> Slice:
    """What first, after, last, before and order_by mean. RequestError BAD_USER_INPUT where they do not."""
    default, most = context.page
    first, last = arguments.get("first"), arguments.get("last")
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 1 <= value <= most:
            message = f"`{name}` must be between 1 and {most}."
            raise RequestError(message, code="BAD_USER_INPUT", limit="page", allowed=most)
    if first is not None and last is not None:
        raise RequestError("`first` and `last` do not go together.", code="BAD_USER_INPUT")
    orders = context.catalog.model.entities[entity].orders
    order = tuple(
        OrderKey(orders[str(key.field)], str(key.direction) == "DESC") for key in arguments.get("order_by") or ()
    )
    plain = sorted((name, str(value)) for name, value in arguments.items() if name not in _PAGING and value is not None)
    told = [identity, [list(key) for key in order], plain, context.viewer.partner]
    signed = orjson.dumps(told).decode()
    after, before = arguments.get("after"), arguments.get("before")
    window = Window(
        order,
        context.cursors.read(after, signed) if after is not None else None,
        context.cursors.read(before, signed) if before is not None else None,
        backward=last is not None or (first is None and before is not None and after is None),
    )
    size = first or last or default
    return Slice(size, replace(window, limit=size + 1), signed)


_PAGING = frozenset({"first", "after", "last", "before", "order_by"})
