"""What tokens lead to, and what leads to tokens: one question per source, whatever the number of records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Map
from operator import itemgetter
from typing import Any

from resolvers.context import Context
from resolvers.errors import SourceError
from resolvers.fetch import Fetch, LinkRows, Lookup, Row, Seed
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.level import Level
from resolvers.plan import Step
from resolvers.record import Record

_KEY = itemgetter(1)


async def find(
    context: Context, level: Level, tokens: Iterable[Token], field: str | None = None
) -> tuple[dict[Any, list[Row]], dict[str, SourceError]]:
    """The rows that tokens lead to, by token's key or by (scheme, normalized); and errors by source id.

    field: the path of the identifiers that are looked at, where it is not that of those by which records are linked.
    """
    keys: dict[str, list[str]] = {}
    names: list[NameToken] = []
    for token in dict.fromkeys(tokens):
        if isinstance(token, KeyToken):
            keys.setdefault(token.mapping, []).append(token.key)
        else:
            names.append(token)
    field = field or level.names

    def access(fetch: Fetch) -> Lookup | None:
        mine = {arm.mapping.id: keys[arm.mapping.id] for arm in fetch.arms if arm.mapping.id in keys}
        partner = fetch.arms[0].mapping.partner
        asked = [name for name in names if name.partner is None or name.partner == partner]
        if not any(field in arm.given for arm in fetch.arms):
            asked = []
        return Lookup(mine, asked) if mine or asked else None

    rows: dict[Any, list[Row]] = {}
    failed: dict[str, SourceError] = {}
    place = level.paths.get(field) if field is not None and names else None

    async def ask(fetch: Fetch, wanted: Lookup) -> None:
        try:
            answer = await context.rows(fetch, wanted)
        except SourceError as error:
            failed[fetch.source] = error
            return
        for row in answer:
            rows.setdefault((row[0].id, row[1]), []).append(row)  # equal to the key's token
            if place is not None:
                for name in row[2][place] or ():
                    rows.setdefault((name["scheme"], name["normalized"]), []).append(row)

    asked = [(fetch, wanted) for fetch in level.fetches if (wanted := access(fetch)) is not None]
    if len(asked) == 1:
        await ask(*asked[0])
    else:
        await asyncio.gather(*(ask(fetch, wanted) for fetch, wanted in asked))
    return rows, failed


def meant(token: NameToken, rows: Map[Any, list[Row]], level: Level, field: str | None = None) -> list[Row]:
    """The rows that carry a name token's identifier in a fitting country and partner. field: as in `find`."""
    field = field or level.names
    place = level.paths.get(field) if field is not None else None
    found: dict[tuple[str, str], Row] = {}
    for row in rows.get(token.pair, ()):
        for name in (row.values[place] if place is not None else None) or ():
            pair = (name["scheme"], name["normalized"])
            if pair == token.pair and token.meets(name["country"], row.mapping.partner):
                found[row.mapping.id, row.key] = row
    return list(found.values())


async def linked(
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
        keys = {key: list(found) for key, found in wanted.items()}
        asked = LinkRows(step.edge, keys, places=tuple(step.level.places), aim=step.level.aim)
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


def sorted_out(
    parents: Sequence[Row], names: int | None, *, keyed: bool = True
) -> tuple[list[Token], Callable[[Sequence[Row]], list[list[Row]]]]:
    """What other records lead to some rows by (names: where the field with their identifiers stands in their values;
    keyed: whether by their keys too), and what sorts rows that name their parent into one list for each parent."""
    found = _Parents(parents, names, keyed)
    return found.tokens, found.sort_out


class _Parents:
    """Parents by what their children name them by."""

    def __init__(self, parents: Sequence[Row], names: int | None, keyed: bool) -> None:
        self._count = len(parents)
        self._keys: dict[Token, list[int]] = {}
        self._pairs: dict[tuple[str, str], list[tuple[int, str | None, str]]] = {}
        self._twice = False  # whether one row may lead to a parent by two of its names
        self.tokens: list[Token] = []
        keys, pairs, tokens, make = self._keys, self._pairs, self.tokens, tuple.__new__
        if keyed:
            for index, (mapping, key, *_) in enumerate(parents):
                keys.setdefault(make(KeyToken, (mapping.id, key)), []).append(index)  # one record in several places
            tokens += keys
        if names is not None:
            for index, (mapping, _, values, *_) in enumerate(parents):
                for name in values[names] or ():
                    pair = scheme, normalized = name["scheme"], name["normalized"]
                    country, partner = name["country"], mapping.partner
                    tokens.append(make(NameToken, (scheme, normalized, country, partner, name["value"])))
                    led = index, country, partner
                    if pair in pairs:
                        self._twice = self._twice or pairs[pair][-1][0] == index
                        pairs[pair].append(led)
                    else:
                        pairs[pair] = [led]

    def sort_out(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows of each parent, each record once."""
        buckets: list[list[Row]] = [[] for _ in range(self._count)]
        keys, pairs = self._keys, self._pairs
        for row in rows:
            token = row[4]
            if token.__class__ is NameToken:
                scheme, normalized, country, partner, _ = token
                for index, theirs, owner in pairs.get((scheme, normalized), ()):
                    # as `NameToken.meets`, without a call for each row
                    if (country is None or theirs is None or country == theirs) and (
                        partner is None or partner == owner
                    ):
                        buckets[index].append(row)
            elif token is not None:
                for index in keys.get(token, ()):
                    buckets[index].append(row)
        if not self._twice and len(set(map(_KEY, rows))) == len(rows):  # most often no record is there twice
            return buckets
        return list(map(_different, buckets))


def _different(rows: list[Row]) -> list[Row]:
    """Each record once, by its first row."""
    if len(rows) < 2 or len(set(map(_KEY, rows))) == len(rows):
        return rows
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        found.setdefault((row[0].id, row[1]), row)
    return list(found.values())
