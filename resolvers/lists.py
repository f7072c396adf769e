"""One list over many sources: what each is asked for, and the page that comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.context import Context
from resolvers.entity import Kind
from resolvers.errors import RequestError, SourceError
from resolvers.fetch import Fetch, Listing, OrderKey, Row
from resolvers.level import Level
from resolvers.order import merge
from resolvers.pages import Page, Whence, slice_of
from resolvers.plan import Withheld
from resolvers.predicate import Predicate, names, normal
from resolvers.residual import Asking, Demand
from resolvers.semi_join import SemiJoin, somes


async def gather(
    fetches: Sequence[Fetch], ask: Callable[[Fetch], Awaitable[list[Row]]]
) -> tuple[list[Row], list[SourceError]]:
    """The rows of all fetches, asked at the same time, and the sources that failed."""
    if not fetches:
        return [], []
    others = [asyncio.ensure_future(ask(fetch)) for fetch in fetches[1:]]
    answers: list[list[Row] | BaseException] = []
    try:  # the first needs no task of its own
        answers.append(await ask(fetches[0]))
    except Exception as error:
        answers.append(error)
    except BaseException:
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        raise
    if others:
        answers += await asyncio.gather(*others, return_exceptions=True)
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
    last = level.latest
    if not isinstance(last, _Asked) or not last.alike(condition, order, place):
        last = level.latest = _asked(context, level, condition, order, place)
    for withheld in last.withheld:
        context.tell(withheld)
    if last.demand is not None:
        return Asking(context, last.demand), []
    assert last.normal is not None

    def tell(there: Level, looks: Iterable[str]) -> None:
        for withheld in _withheld(context, there, looks, (), place):
            context.tell(withheld)

    joins = SemiJoin(context, tell, level.places)
    wanted = normal(await joins.resolve(level, last.normal))
    demand = Demand(context.catalog.model, context.sight.refusal, level, wanted, order)
    return Asking(context, demand), list(joins.failures.values())


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a list was asked for, and what follows from that. demand: None where an edge is to be followed first."""

    condition: Predicate | None
    order: tuple[OrderKey, ...]
    place: tuple[str, ...]
    normal: Predicate | None
    withheld: tuple[Withheld, ...]
    demand: Demand | None

    def alike(self, condition: Predicate | None, order: Sequence[OrderKey], place: tuple[str, ...]) -> bool:
        """Whether it is that very condition; one that is only equal may have values of other types."""
        return self.condition is condition and self.order == order and self.place == place


def _asked(
    context: Context,
    level: Level,
    condition: Predicate | None,
    order: Sequence[OrderKey],
    place: tuple[str, ...],
) -> _Asked:
    wanted = None if condition is None else normal(condition)
    withheld = _withheld(context, level, () if wanted is None else names(wanted), order, place)
    demand = None
    if wanted is None or not somes(wanted):
        demand = Demand(context.catalog.model, context.sight.refusal, level, wanted, order)
    return _Asked(condition, tuple(order), place, wanted, withheld, demand)


def _withheld(
    context: Context, level: Level, looks: Iterable[str], order: Sequence[OrderKey], place: tuple[str, ...]
) -> tuple[Withheld, ...]:
    """What a filter or an order uses that a partner of a level does not show."""
    paths = tuple(path for path in dict.fromkeys(looks) if path)
    keys = tuple(key.path for key in order if key.path)
    if not paths and not keys:
        return ()
    return level.once((paths, keys, place), lambda: _judged(context, level, paths, keys, place))


def _judged(
    context: Context, level: Level, paths: tuple[str, ...], keys: tuple[str, ...], place: tuple[str, ...]
) -> tuple[Withheld, ...]:
    found = []
    fields = context.catalog.model.entities[level.entity].fields
    for mapping in level.mappings.values():
        for path, use in (*((path, "FILTER") for path in paths), *((path, "ORDER") for path in keys)):
            leads_back = path in fields and fields[path].kind is Kind.REVERSE
            code = context.sight.refusal(mapping, path) if leads_back or mapping.holds(path) else None
            if code is not None:
                sight = context.sight
                agreements, partly = sight.agreements(mapping), sight.partly(mapping, path)
                found.append(Withheld(place, mapping.partner, mapping.entity, path, code, agreements, use, partly))
    return tuple(found)


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
    access = Listing(cut.window)
    rows, failures = await gather(fetches, lambda fetch: asking.rows(fetch, access))
    if cut.window.backward:
        rows.reverse()

    async def count() -> int | None:
        try:
            return sum(await asyncio.gather(*map(asking.count, fetches)))
        except (SourceError, RequestError):  # a source failed, or there is too much to look at: not exact
            return None

    if cut.window.order or len(fetches) > 1 or any(len(fetch.arms) > 1 for fetch in fetches):
        rows = merge(rows, cut.window.order)
    whence = Whence(context, level, cut, [*unheard, *failures])
    return Page(whence, rows, count)
