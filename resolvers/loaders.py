"""Dataloaders: one batch per source, entity and level, whatever the number of parents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import replace
from functools import partial
from typing import Any

from aiodataloader import DataLoader

from resolvers.context import Context
from resolvers.errors import RequestError, SourceError
from resolvers.fetch import Children, Row, Window
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.level import Level
from resolvers.lists import asked, gather
from resolvers.lookups import find, linked, meant, sorted_out
from resolvers.order import merge
from resolvers.pages import Page, Slice, Whence, slice_of
from resolvers.plan import Step
from resolvers.predicate import Predicate
from resolvers.record import Record
from resolvers.residual import Asking

# Links that one edge may gather before it is sorted; over it is an error, never a silent cut.
LINKS_MOST = 10_000


def lookup(context: Context, level: Level) -> DataLoader[Token, Record | None]:
    """The loader of a level's single records: token -> record, or None where it leads nowhere."""
    found = context.loaders.get(level)
    if found is None:

        async def load(tokens: list[Token]) -> list[Record | Exception | None]:
            rows, failed = await find(context, level, tokens)
            return [
                Record(context, level, row)
                if isinstance(row := single(context, level, token, rows, failed), Row)
                else row
                for token in tokens
            ]

        found = context.loaders[level] = DataLoader(load)
    return found


async def singles(context: Context, level: Level, tokens: Sequence[Token]) -> dict[Token, Row | Exception | None]:
    """What each of some tokens leads to. Places that share a level, and ask at the same time, share its fetches."""
    if len(level.places) < 2:
        rows, failed = await find(context, level, tokens)
    else:
        loader = context.batches.get(level)
        if loader is None:

            async def load(batches: list[tuple[Token, ...]]) -> list[Any]:
                found = await context.owned(find(context, level, [token for batch in batches for token in batch]))
                return [found] * len(batches)

            loader = context.batches[level] = DataLoader(load, cache=False)
        rows, failed = await loader.load(tuple(tokens))
    found: dict[Token, Row | Exception | None] = {}
    for token in tokens:
        leads = rows.get(token) if token.__class__ is KeyToken else None
        found[token] = leads[0] if leads else single(context, level, token, rows, failed)
    return found


def single(
    context: Context, level: Level, token: Token, rows: Map[Any, list[Row]], failed: Map[str, SourceError]
) -> Row | Exception | None:
    """The row that a token leads to, among those found; the error of a source that may have hidden it."""
    if isinstance(token, KeyToken):
        found = rows.get(token)
        if found:
            return found[0]
        mapping = level.mappings.get(token.mapping)
        return None if mapping is None else failed.get(mapping.source_id)
    fitting = meant(token, rows, level)
    unheard = [error for error in failed.values() if token.partner in (None, error.partner)]
    if len(fitting) == 1 and not unheard:
        return fitting[0]
    # Several records under one name are no answer, and one of them may be where nobody could look.
    return unheard[0] if unheard and len(fitting) < 2 else None


def children(
    context: Context, step: Step, arguments: dict[str, Any], condition: Predicate | None, place: tuple[str, ...] = ()
) -> DataLoader[Record, Page]:
    """The loader of a reverse edge: parent record -> page of the records that lead to it."""
    found = context.loaders.get(step)
    if found is not None:
        return found
    cut = children_cut(context, step, arguments)
    put: list[asyncio.Task[tuple[Asking, list[SourceError]]]] = []

    async def load(parents: list[Record]) -> list[Page]:
        if not put:  # edges of the filter are resolved once, however many batches there are
            put.append(asyncio.ensure_future(asked(context, step.level, condition, cut.window.order, place)))
        return await children_of(context, step, cut, await put[0], parents)

    found = context.loaders[step] = DataLoader(load)
    return found


def children_cut(context: Context, step: Step, arguments: dict[str, Any]) -> Slice:
    """What the arguments of a reverse edge mean. RequestError where they mean nothing."""
    return slice_of(context, step.entity, arguments, f"{step.entity}.{step.via}")


async def children_of(
    context: Context, step: Step, cut: Slice, put: tuple[Asking, list[SourceError]], parents: Sequence[Record]
) -> list[Page]:
    """For each parent the page of the records that lead to it, as the sources are `asked`."""
    rows = [parent.row for parent in parents]
    buckets, failures = await brought(context, step, cut.window, put, parents[0].level, rows)
    counts: list[asyncio.Task[dict[Record, int] | None]] = []

    async def count_all() -> dict[Record, int] | None:
        window = replace(cut.window, after=None, before=None, limit=None)
        found, errors = await brought(context, step, window, put, parents[0].level, rows)
        return None if errors else {parent: len(rows) for parent, rows in zip(parents, found, strict=True)}

    async def count(parent: Record) -> int | None:
        if not counts:  # one more statement per source for all parents, not one for each
            counts.append(asyncio.ensure_future(count_all()))
        counted = await counts[0]
        return None if counted is None else counted[parent]

    whence = Whence(context, step.level, cut, failures)
    return [Page(whence, rows, partial(count, parent)) for parent, rows in zip(parents, buckets, strict=True)]


async def brought(
    context: Context,
    step: Step,
    window: Window,
    put: tuple[Asking, list[SourceError]],
    level: Level,
    parents: Sequence[Row],
) -> tuple[list[list[Row]], list[SourceError]]:
    """For each parent, a row of a level, the rows that lead to it, as many as a window says and one more, and the
    sources that failed."""
    asking, unheard = put
    names = level.paths.get(level.names) if step.named and level.names is not None else None
    tokens, sort_out = sorted_out(parents, names, keyed=step.keyed)
    access = Children(step.via, tokens, window)
    rows, failures = await gather(asking.fetches, lambda fetch: asking.rows(fetch, access))
    if window.backward:
        rows.reverse()
    buckets = sort_out(rows)
    if window.order or len(asking.fetches) > 1 or any(len(fetch.arms) > 1 for fetch in asking.fetches):
        buckets = [merge(bucket, window.order) for bucket in buckets]
    return buckets, [*unheard, *failures]


def links(context: Context, step: Step, arguments: dict[str, Any]) -> DataLoader[Record, Page]:
    """The loader of an edge whose links the parent's mapping names: parent record -> page of what they lead to."""
    found = context.loaders.get(step)
    if found is not None:
        return found
    cut = links_cut(context, step, arguments)

    async def load(parents: list[Record]) -> list[Page]:
        return await links_of(context, step, cut, parents)

    found = context.loaders[step] = DataLoader(load)
    return found


def links_cut(context: Context, step: Step, arguments: dict[str, Any]) -> Slice:
    """What the arguments of an edge by links mean. RequestError where they mean nothing."""
    return slice_of(context, step.entity, arguments, f"{step.edge}>{step.entity}")


async def links_of(context: Context, step: Step, cut: Slice, parents: Sequence[Record]) -> list[Page]:
    """For each parent the page of what its links lead to."""
    level = step.level
    tokens, unread = await linked(context, step, parents)
    wanted = {token for found in tokens for token in found}
    if len(wanted) > LINKS_MOST:
        raise RequestError("This edge has too many links.", code="LIST_TOO_WIDE", field=step.edge, allowed=LINKS_MOST)
    rows, failed = await find(context, level, wanted)
    pages = []
    for mine, failures in zip(tokens, unread, strict=True):
        found: dict[tuple[str, str], Row] = {}
        for token in mine:
            leads = rows.get(token, []) if isinstance(token, KeyToken) else meant(token, rows, level)
            found.update({(row.mapping.id, row.key): row for row in leads})
        errors = [*failures, *_concerned(mine, level, failed)]
        pages.append(cut_found(context, level, cut, found.values(), errors))
    return pages


def _concerned(tokens: Iterable[Token], level: Level, failed: Map[str, SourceError]) -> list[SourceError]:
    """The failures that may have hidden something from a parent with these tokens."""
    found = list(tokens)
    ids = {token.mapping for token in found if isinstance(token, KeyToken)}
    keyed = {mapping.source_id for mapping in level.mappings.values() if mapping.id in ids}
    named = {token.partner for token in found if isinstance(token, NameToken)}
    return [e for source, e in failed.items() if source in keyed or None in named or e.partner in named]


def _place(row: Row) -> tuple[str, str, tuple[int, int, str]]:
    """The order of linked records: partner, mapping, key; whole numbers by value."""
    return _place_of(row.mapping.view, row.key)


def _place_of(mapping: str, key: str) -> tuple[str, str, tuple[int, int, str]]:
    partner, _, name = mapping.partition(".")
    number = key.isascii() and key.removeprefix("-").isdigit() and len(key) < 20
    return partner, name, (0, int(key), key) if number else (1, 0, key)


def cut_found(
    context: Context, level: Level, cut: Slice, found: Iterable[Row], failures: Iterable[SourceError]
) -> Page:
    """The page of records that were found one by one, in order of partner, mapping and key."""
    rows = sorted(found, key=_place)
    total = len(rows)
    after = cut.window.after
    if after is not None:
        start = _place_of(after.mapping, after.key)
        rows = [row for row in rows if _place(row) > start]

    async def count() -> int | None:
        return total

    return Page(Whence(context, level, cut, failures), rows[: cut.size + 1], count)
