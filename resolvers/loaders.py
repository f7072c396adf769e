"""Dataloaders: one batch per source, entity and level, whatever the number of parents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import replace
from typing import Any

from aiodataloader import DataLoader

from resolvers.context import Context
from resolvers.errors import RequestError, SourceError
from resolvers.fetch import Children, Fetch, LinkRows, Lookup, Row, Seed, Window
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.level import Level
from resolvers.pages import Page, Slice, gather, merge, slice_of
from resolvers.plan import Step
from resolvers.predicate import Predicate
from resolvers.record import Record

# Links that one edge may gather before it is sorted; over it is an error, never a silent cut.
LINKS_MOST = 10_000


def lookup(context: Context, level: Level) -> DataLoader[Token, Record | None]:
    """The loader of a level's single records: token -> record, or None where it leads nowhere."""
    found = context.loaders.get(level)
    if found is None:

        async def load(tokens: list[Token]) -> list[Record | Exception | None]:
            rows, failed = await _find(context, level, tokens)
            return [_single(context, level, token, rows, failed) for token in tokens]

        found = context.loaders[level] = DataLoader(load)
    return found


async def _find(
    context: Context, level: Level, tokens: Iterable[Token]
) -> tuple[dict[Any, list[Row]], dict[str, SourceError]]:
    """The rows that tokens lead to, by token's key or by (scheme, normalized); and errors by source id."""
    keys: dict[str, list[str]] = {}
    names: list[NameToken] = []
    for token in dict.fromkeys(tokens):
        if isinstance(token, KeyToken):
            keys.setdefault(token.mapping, []).append(token.key)
        else:
            names.append(token)
    field = context.catalog.model.identifiers(level.entity)

    def access(fetch: Fetch) -> Lookup | None:
        mine = {arm.mapping.id: keys[arm.mapping.id] for arm in fetch.arms if arm.mapping.id in keys}
        asked = [n for n in names if n.partner is None or n.partner == fetch.arms[0].mapping.partner]
        if not any(field in arm.given for arm in fetch.arms):
            asked = []
        return Lookup(mine, asked) if mine or asked else None

    rows: dict[Any, list[Row]] = {}
    failed: dict[str, SourceError] = {}

    async def ask(fetch: Fetch, wanted: Lookup) -> None:
        try:
            answer = await context.rows(fetch, wanted)
        except SourceError as error:
            failed[fetch.source] = error
            return
        place = level.paths.get(field) if field is not None else None
        for row in answer:
            rows.setdefault(KeyToken(row.mapping.id, row.key), []).append(row)
            for name in (row.values[place] if place is not None else None) or ():
                rows.setdefault((name["scheme"], name["normalized"]), []).append(row)

    await asyncio.gather(*(ask(fetch, wanted) for fetch in level.fetches if (wanted := access(fetch)) is not None))
    return rows, failed


def _single(
    context: Context, level: Level, token: Token, rows: Map[Any, list[Row]], failed: Map[str, SourceError]
) -> Record | Exception | None:
    if isinstance(token, KeyToken):
        found = rows.get(token)
        if found:
            return Record(context, level, found[0])
        mapping = level.mappings.get(token.mapping)
        return None if mapping is None else failed.get(mapping.source_id)
    meant = _meant(token, rows, level, context)
    unheard = [error for error in failed.values() if token.partner in (None, error.partner)]
    if len(meant) == 1 and not unheard:
        return Record(context, level, meant[0])
    # Several records under one name are no answer, and one of them may be where nobody could look.
    return unheard[0] if unheard and len(meant) < 2 else None


def _meant(token: NameToken, rows: Map[Any, list[Row]], level: Level, context: Context) -> list[Row]:
    """The rows that carry a name token's identifier in a fitting country and partner."""
    field = context.catalog.model.identifiers(level.entity)
    place = level.paths.get(field) if field is not None else None
    found: dict[tuple[str, str], Row] = {}
    for row in rows.get(token.pair, ()):
        for name in (row.values[place] if place is not None else None) or ():
            pair = (name["scheme"], name["normalized"])
            if pair == token.pair and token.meets(name["country"], row.mapping.partner):
                found[row.mapping.id, row.key] = row
    return list(found.values())


def children(
    context: Context, step: Step, arguments: dict[str, Any], condition: Predicate | None
) -> DataLoader[Record, Page]:
    """The loader of a reverse edge: parent record -> page of the records that lead to it."""
    found = context.loaders.get(step)
    if found is not None:
        return found
    identity = f"{step.entity}.{step.via}"
    cut = slice_of(context, step.entity, arguments, identity)
    names = context.catalog.model.identifiers
    level = step.level

    async def ask(parents: list[Record], window: Window) -> tuple[list[list[Row]], list[SourceError]]:
        by_token = _Parents(parents, names(parents[0].entity) if step.named else None)
        rows, failures = await gather(
            context, level.fetches, lambda _: Children(step.via, by_token.tokens, window, condition)
        )
        if window.backward:
            rows.reverse()
        return [merge(bucket, window.order) for bucket in by_token.sort_out(rows)], failures

    async def load(parents: list[Record]) -> list[Page]:
        buckets, failures = await ask(parents, cut.window)
        counts: dict[str, asyncio.Task[dict[Record, int] | None]] = {}

        async def count_all() -> dict[Record, int] | None:
            whole = replace(cut.window, after=None, before=None, limit=None)
            found, errors = await ask(parents, whole)
            return None if errors else {parent: len(rows) for parent, rows in zip(parents, found, strict=True)}

        async def count(parent: Record) -> int | None:
            if "all" not in counts:  # one more statement per source for all parents, not one for each
                counts["all"] = asyncio.ensure_future(count_all())
            counted = await counts["all"]
            return None if counted is None else counted[parent]

        return [
            Page(context, level, cut, rows, failures, lambda parent=parent: count(parent))  # type: ignore[misc]
            for parent, rows in zip(parents, buckets, strict=True)
        ]

    found = context.loaders[step] = DataLoader(load)
    return found


class _Parents:
    """Parents by what their children name them by."""

    def __init__(self, parents: Sequence[Record], names: str | None) -> None:
        self._count = len(parents)
        self._keys: dict[KeyToken, list[int]] = {}
        self._pairs: dict[tuple[str, str], list[tuple[int, NameToken]]] = {}
        for index, parent in enumerate(parents):
            for token in parent.tokens(names):
                if isinstance(token, KeyToken):
                    self._keys.setdefault(token, []).append(index)  # one record in several places
                else:
                    self._pairs.setdefault(token.pair, []).append((index, token))
        self.tokens: list[Token] = [*self._keys, *(token for found in self._pairs.values() for _, token in found)]

    def sort_out(self, rows: Iterable[Row]) -> list[list[Row]]:
        """The rows of each parent, each record once."""
        buckets: list[dict[tuple[str, str], Row]] = [{} for _ in range(self._count)]
        for row in rows:
            for index in self._of(row.parent):
                buckets[index].setdefault((row.mapping.id, row.key), row)
        return [list(bucket.values()) for bucket in buckets]

    def _of(self, token: Token | None) -> Iterable[int]:
        if isinstance(token, KeyToken):
            return self._keys.get(token, ())
        if token is None:
            return ()
        found = self._pairs.get(token.pair, ())
        return [index for index, name in found if token.meets(name.country, name.partner or "")]


def links(context: Context, step: Step, arguments: dict[str, Any]) -> DataLoader[Record, Page]:
    """The loader of an edge whose links the parent's mapping names: parent record -> page of what they lead to."""
    found = context.loaders.get(step)
    if found is not None:
        return found
    cut = slice_of(context, step.entity, arguments, f"{step.edge}>{step.entity}")
    level = step.level

    async def load(parents: list[Record]) -> list[Page]:
        tokens, unread = await _linked(context, step, parents)
        wanted = {token for found in tokens for token in found}
        if len(wanted) > LINKS_MOST:
            raise RequestError(
                "This edge has too many links.", code="LIST_TOO_WIDE", field=step.edge, allowed=LINKS_MOST
            )
        rows, failed = await _find(context, level, wanted)
        pages = []
        for mine, failures in zip(tokens, unread, strict=True):
            found: dict[tuple[str, str], Row] = {}
            for token in mine:
                leads = rows.get(token, []) if isinstance(token, KeyToken) else _meant(token, rows, level, context)
                found.update({(row.mapping.id, row.key): row for row in leads})
            errors = [*failures, *_concerned(mine, level, failed)]
            pages.append(_cut_links(context, level, cut, sorted(found.values(), key=_place), errors))
        return pages

    found = context.loaders[step] = DataLoader(load)
    return found


def _concerned(tokens: Iterable[Token], level: Level, failed: Map[str, SourceError]) -> list[SourceError]:
    """The failures that may have hidden something from a parent with these tokens."""
    found = list(tokens)
    mappings = (level.mappings.get(token.mapping) for token in found if isinstance(token, KeyToken))
    keyed = {mapping.source_id for mapping in mappings if mapping is not None}
    named = {token.partner for token in found if isinstance(token, NameToken)}
    return [e for source, e in failed.items() if source in keyed or None in named or e.partner in named]


async def _linked(
    context: Context, step: Step, parents: Sequence[Record]
) -> tuple[list[list[Token]], list[list[SourceError]]]:
    """The tokens of each parent, from its row and from link tables (one statement per source), and what failed."""
    seeds: list[Seed | None] = [parent.value(step.edge) for parent in parents]
    owners: dict[str, dict[tuple[str, int], set[str]]] = {}
    for parent, seed in zip(parents, seeds, strict=True):
        for index, owner in seed.owners if seed is not None else ():
            mapping = parent.row.mapping
            owners.setdefault(mapping.source_id, {}).setdefault((mapping.id, index), set()).add(owner)
    linked: dict[tuple[str, int, str], list[Token]] = {}
    failed: dict[str, SourceError] = {}

    async def ask(source: str, wanted: dict[tuple[str, int], set[str]]) -> None:
        mappings = {m.id: m for parent in parents if (m := parent.row.mapping).source_id == source}
        asked = LinkRows(step.edge, {key: list(found) for key, found in wanted.items()})
        try:
            found = await context.links(source, mappings.values(), step.entity, asked)
        except SourceError as error:
            failed[source] = error
            return
        for owner, token in found:
            linked.setdefault(owner, []).append(token)

    await asyncio.gather(*(ask(source, wanted) for source, wanted in owners.items()))
    tokens: list[list[Token]] = []
    errors: list[list[SourceError]] = []
    for parent, seed in zip(parents, seeds, strict=True):
        mine = list(seed.tokens) if seed is not None else []
        for index, owner in seed.owners if seed is not None else ():
            mine += linked.get((parent.row.mapping.id, index, owner), [])
        tokens.append(list(dict.fromkeys(mine)))
        error = failed.get(parent.row.mapping.source_id) if seed is not None and seed.owners else None
        errors.append([error] if error is not None else [])
    return tokens, errors


def _place(row: Row) -> tuple[str, str, tuple[int, int, str]]:
    """The order of linked records: partner, mapping, key; whole numbers by value."""
    return _place_of(row.mapping.id, row.key)


def _place_of(mapping: str, key: str) -> tuple[str, str, tuple[int, int, str]]:
    partner, _, name = mapping.partition(".")
    number = key.isascii() and key.removeprefix("-").isdigit() and len(key) < 20
    return partner, name, (0, int(key), key) if number else (1, 0, key)


def _cut_links(context: Context, level: Level, cut: Slice, rows: list[Row], failures: Iterable[SourceError]) -> Page:
    total = len(rows)
    after = cut.window.after
    if after is not None:
        start = _place_of(after.mapping, after.key)
        rows = [row for row in rows if _place(row) > start]

    async def count() -> int | None:
        return total

    return Page(context, level, cut, rows[: cut.size + 1], failures, count)
