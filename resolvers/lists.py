"""One list over many sources: what each is asked for, and the page that comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from resolvers.context import Context
from resolvers.entity import Kind
from resolvers.errors import RequestError, SourceError
from resolvers.fetch import Fetch, Listing, OrderKey, Row
from resolvers.level import Level
from resolvers.mapping import Mapping
from resolvers.order import merge
from resolvers.pages import Page, slice_of
from resolvers.plan import Withheld
from resolvers.predicate import Predicate, names, normal
from resolvers.residual import Asking
from resolvers.semi_join import SemiJoin


async def gather(
    fetches: Sequence[Fetch], ask: Callable[[Fetch], Awaitable[list[Row]]]
) -> tuple[list[Row], list[SourceError]]:
    """The rows of all fetches, asked at the same time, and the sources that failed."""
    answers = await asyncio.gather(*map(ask, fetches), return_exceptions=True)
    rows: list[Row] = []
    failures: list[SourceError] = []
    for answer in answers:
        if isinstance(answer, SourceError):
            failures.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            rows += answer
    return rows, failures


async def asked(
    context: Context,
    level: Level,
    condition: Predicate | None,
    order: Sequence[OrderKey],
    place: tuple[str, ...],
) -> tuple[Asking, list[SourceError]]:
    """A list's condition and order as its sources are asked, and the sources that its filter's edges did not hear."""
    mappings = tuple(level.mappings.values())
    if condition is None:
        told(context, mappings, (), order, place)
        return Asking(context, level, None, order), []
    condition = normal(condition)
    told(context, mappings, names(condition), order, place)
    joins = SemiJoin(context, lambda there, looks: told(context, there, looks, (), place), level.places)
    resolved = await joins.resolve(level.entity, mappings, condition)
    return Asking(context, level, normal(resolved), order), list(joins.failures.values())


def told(
    context: Context,
    mappings: Iterable[Mapping],
    looks: Iterable[str],
    order: Sequence[OrderKey],
    place: tuple[str, ...],
) -> None:
    """Note what a filter or an order uses that a partner does not show."""
    uses = [(path, "FILTER") for path in dict.fromkeys(looks) if path]
    uses += [(key.path, "ORDER") for key in order if key.path]
    for mapping in mappings:
        fields = context.catalog.model.entities[mapping.entity].fields
        for path, use in uses:
            leads_back = path in fields and fields[path].kind is Kind.REVERSE
            code = context.sight.refusal(mapping, path) if leads_back or mapping.holds(path) else None
            if code is None:
                continue
            agreements = context.sight.agreements(mapping)
            context.tell(Withheld(place, mapping.partner, mapping.entity, path, code, agreements, use))


async def collect(
    context: Context,
    level: Level,
    arguments: dict[str, Any],
    condition: Predicate | None,
    partner: str | None = None,
    place: tuple[str, ...] = (),
) -> Page:
    """A page of a collection: of all partners, or of one."""
    identity = f"{level.entity}@{partner or '*'}"
    cut = slice_of(context, level.entity, arguments, identity)
    asking, unheard = await asked(context, level, condition, cut.window.order, place)
    fetches = [fetch for fetch in asking.fetches if partner is None or fetch.arms[0].mapping.partner == partner]
    rows, failures = await gather(fetches, lambda fetch: asking.rows(fetch, Listing(cut.window)))
    if cut.window.backward:
        rows.reverse()

    async def count() -> int | None:
        try:
            return sum(await asyncio.gather(*map(asking.count, fetches)))
        except (SourceError, RequestError):  # a source failed, or there is too much to look at: not exact
            return None

    return Page(context, level, cut, merge(rows, cut.window.order), [*unheard, *failures], count)
