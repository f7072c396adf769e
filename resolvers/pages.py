"""One list over many sources: each is asked for its next rows in one total order; they are merged and cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
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


class Slice:
    """The arguments of a list: how many, which way, and the window that sources are asked for (one row more)."""

    __slots__ = ("_told", "_written", "size", "window")

    def __init__(self, size: int, window: Window, told: Callable[[], str]) -> None:
        self.size = size
        self.window = window
        self._told = told
        self._written: str | None = None

    def of(self, rows: list[Row]) -> list[Row]:
        """The rows of the page, of those that sources brought."""
        if len(rows) <= self.size:
            return rows
        return rows[-self.size :] if self.window.backward else rows[: self.size]

    @property
    def context(self) -> str:
        """What its cursors are good for."""
        if self._written is None:
            self._written = self._told()
        return self._written


Counting = Callable[[], Awaitable[int | None]]


class Whence:
    """What all pages of one list field have in common: the list's records, its cut, and the sources that failed."""

    __slots__ = ("after", "before", "context", "cut", "failed", "failures", "level")

    def __init__(self, context: Context, level: Level, cut: Slice, failures: Iterable[SourceError]) -> None:
        window = cut.window
        self.context = context
        self.level = level
        self.cut = cut
        self.failures = tuple(failures)
        self.after, self.before = window.after is not None, window.before is not None
        self.failed = {(error.partner, error.source): error.code for error in self.failures}
        for bound in (window.after, window.before):
            for named in bound.missing if bound is not None else ():
                if named[0] in context.providers:  # the agreement, or the partner, may be gone since
                    self.failed.setdefault(named, "SOURCE_UNAVAILABLE")


class Page:
    """A cut of a list."""

    __slots__ = ("_counting", "_more", "_whence", "rows")

    def __init__(self, whence: Whence, rows: list[Row], counting: Counting) -> None:
        self._whence = whence
        self._counting = counting
        self._more = len(rows) > whence.cut.size
        self.rows = whence.cut.of(rows)

    @property
    def failures(self) -> tuple[SourceError, ...]:
        """The sources that failed."""
        return self._whence.failures

    @property
    def has_next(self) -> bool:
        """Whether the list goes on."""
        return self._whence.before or (self._more and not self._whence.cut.window.backward)

    @property
    def has_previous(self) -> bool:
        """Whether the list has something before."""
        return self._whence.after or (self._more and self._whence.cut.window.backward)

    @property
    def nodes(self) -> list[Record]:
        """The records of its rows."""
        return [Record(self._whence.context, self._whence.level, row) for row in self.rows]

    @property
    def edges(self) -> list[Edge]:
        return [Edge(node, self, row) for node, row in zip(self.nodes, self.rows, strict=True)]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(self)

    @property
    def partial(self) -> bool:
        return bool(self._whence.failed)

    @property
    def missing(self) -> list[Missing]:
        partner = self._whence.context.partners
        return [Missing(partner[code], source, why) for (code, source), why in sorted(self._whence.failed.items())]

    def cursor(self, row: Row) -> str:
        """The cursor of a row of this list."""
        whence, mapping = self._whence, row.mapping
        position = Position(row.sort, mapping.view, row.key, frozenset(whence.failed))
        return whence.context.cursors.write(position, mapping.entity, mapping.key_is_personal, whence.cut.context)

    async def count(self) -> int | None:
        """How many rows the whole list has; None where the number cannot be exact."""
        if self._whence.failed:
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
    keys: dict[str, OrderKey] = {}
    for key in arguments.get("order_by") or ():
        path = orders[str(key.field)]
        if path not in keys:  # the first has decided
            keys[path] = OrderKey(path, str(key.direction) == "DESC")
    order = tuple(keys.values())
    partner = context.viewer.partner  # the context itself goes with its request

    def told() -> str:
        plain = sorted((n, str(value)) for n, value in arguments.items() if n not in PAGING and value is not None)
        return orjson.dumps([identity, [list(key) for key in order], plain, partner]).decode()

    after, before = arguments.get("after"), arguments.get("before")
    signed = "" if after is None and before is None else told()
    window = Window(
        order,
        context.cursors.read(after, signed) if after is not None else None,
        context.cursors.read(before, signed) if before is not None else None,
        (first or last or default) + 1,
        last is not None or (first is None and before is not None and after is None),
    )
    return Slice(first or last or default, window, (lambda: signed) if signed else told)


PAGING = frozenset({"first", "after", "last", "before", "order_by"})
"""The arguments that say which part of a list, and in which order: not of what records it is."""
