"""Asks every live source, all at the same time, one statement after the other each; nothing of one stops another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TypeVar

from resolvers.catalog import Catalog
from resolvers.checks.account import account
from resolvers.checks.codes import codes, is_coded, leaves
from resolvers.checks.filling import countable, filling, loose_identifiers
from resolvers.checks.references import references
from resolvers.checks.report import MappingFacts, Report, SourceFacts
from resolvers.checks.rows import keys
from resolvers.checks.sample import personal_keys, understood
from resolvers.checks.structure import indexing, structure
from resolvers.connectors.sql import SqlSource
from resolvers.connectors.sql.indexes import Indexes, indexes, served
from resolvers.connectors.sql.server import server
from resolvers.connectors.sql.shape import Shape
from resolvers.connectors.sql.survey import Filled, Survey
from resolvers.errors import Mistake, SourceError
from resolvers.fetch import Arm, Fetch, Listing, OrderKey, Row, Window
from resolvers.mapping import Mapping
from resolvers.partner_file import Partner
from resolvers.source import Source

T = TypeVar("T")
SAMPLE = 2_000  # rows of a mapping that are read as queries read them: the first by key, and the last
TOTAL = 120.0  # seconds for one source; what is left then is told as unchecked
Tell = Callable[[str], None]


async def check(catalog: Catalog, only: Collection[str] = (), tell: Tell = lambda _: None) -> Report:
    """Ask live sources what the mappings over them would meet.

    only: ids of sources ("partner.source"); empty: all. tell: hears what is being looked at.
    """
    wanted = [
        (partner, source)
        for partner in catalog.partners.values()
        for source in partner.sources.values()
        if not only or source.id in only
    ]
    connectors: dict[str, SqlSource] = {}
    looks = []
    found: list[Mistake] = []
    for partner, source in wanted:
        mappings = [mapping for mapping in partner.mappings.values() if mapping.source == source.name]
        try:
            connectors[source.id] = SqlSource(source, catalog.model, mappings)
        except Exception as error:
            message = f"unusable: {type(error).__name__}."
            found.append(Mistake("SOURCE_URL", partner.file, f"source.{source.name}.url", message, _driver_hint(error)))
            continue
        looks.append(_Look(catalog, partner, source, mappings, connectors, tell))
    try:
        facts = await asyncio.gather(*(look.run() for look in looks))
    finally:
        await asyncio.gather(*(connector.close() for connector in connectors.values()))
    for look in looks:
        found += look.found
    return Report(tuple(found), tuple(facts))


def _driver_hint(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"is the driver installed? ({error})"
    return "an async SQLAlchemy URL, like postgresql+asyncpg://user:password@host/database"


@dataclass(slots=True)
class _Look:
    """The check of one source."""

    catalog: Catalog
    partner: Partner
    source: Source
    mappings: list[Mapping]
    connectors: dict[str, SqlSource]
    tell: Tell
    found: list[Mistake] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    async def run(self) -> SourceFacts:
        facts = SourceFacts(self.partner.code, self.source.name)
        connector = self.connectors[self.source.id]
        survey = Survey(connector)
        at = f"source.{self.source.name}.url"
        self.tell(self.source.id)
        try:
            shape = await connector.shape()
        except SourceError as error:
            self._note(Mistake(error.code, self.partner.file, at, error.message, _said(error)))
            return facts
        known = await self._tried(at, survey.ask(server))
        if known is not None:
            self._note(*account(self.partner.file, self.source.name, known))
            facts = replace(
                facts,
                server=known.name,
                latency=known.latency,
                read_only=known.read_only,
                can_write=bool(known.writes),
                skew=known.skew,
            )
        indexed: Indexes = await self._tried(at, survey.ask(indexes)) or Indexes({}, {})
        mappings = [await self._mapping(mapping, shape, indexed, survey) for mapping in self.mappings]
        return replace(facts, mappings=tuple(mappings), seconds=time.monotonic() - self.began)

    async def _mapping(self, mapping: Mapping, shape: Shape, indexed: Indexes, survey: Survey) -> MappingFacts:
        self.tell(mapping.id)
        file, model, zone = self.partner.file, self.catalog.model, self.source.zone
        at = f"mapping.{mapping.name}"
        facts = MappingFacts(mapping.name, mapping.entity, whole=False)
        there: list[str] = []
        if any(table not in shape.tables for table in mapping.tables()):
            there = await self._tried(f"{at}.table", survey.tables()) or []
        wrong = list(structure(model, file, mapping, shape, there))
        self._note(*wrong)
        if any(mistake.code in ("SOURCE_SCHEMA_DRIFT", "CATALOG_UNKNOWN_REFERENCE") for mistake in wrong):
            return facts  # no statement can be made
        if time.monotonic() - self.began > TOTAL:
            message = f"not looked at: {TOTAL:.0f} s were spent on this source already."
            self._note(Mistake("SOURCE_UNCHECKED", file, at, message, "--source looks at one source alone", "warning"))
            return facts
        paths = countable(model, mapping, zone)
        filled: Filled | None = await self._tried(at, survey.filled(mapping, list(paths.values())))
        if filled is not None:
            self._note(*filling(file, mapping, model, shape, list(paths), filled))
            self._note(*loose_identifiers(file, mapping, model, filled.rows))
            shares = {
                path: count / filled.rows for path, count in zip(paths, filled.filled, strict=True) if filled.rows
            }
            facts = replace(facts, rows=filled.rows, whole=filled.whole, filled=shares)
        await self._each(f"{at}.key", keys(file, mapping, shape, indexed, survey))
        whole = filled is not None and filled.whole
        await self._each(f"{at}.fields", codes(file, mapping, model, zone, survey, whole))
        rows = await self._sample(mapping, facts.rows, survey)
        counted = {leaf.path for leaf in leaves(model, mapping) if is_coded(leaf)}
        self._note(*understood(file, mapping, model, list(mapping.fields), rows, counted))
        self._note(*personal_keys(file, mapping, model, rows))
        await self._each(f"{at}.fields", references(file, self.catalog, mapping, survey, self._survey))
        sizes = await self._sizes(mapping, facts.rows, survey)
        self._note(*indexing(file, mapping, indexed, sizes))
        return replace(facts, orders=await self._orders(mapping, indexed, survey))

    async def _sample(self, mapping: Mapping, rows: int, survey: Survey) -> list[Row]:
        """Rows with what could not be understood in them: all, or as many from either end by key."""
        paths = tuple(mapping.fields)
        arm = Arm(mapping, frozenset(paths))
        fetch = Fetch(mapping.source_id, mapping.entity, paths, (arm,), issues=True)
        windows = [Window(limit=SAMPLE)]
        if rows > SAMPLE:
            windows = [Window(limit=SAMPLE // 2), Window(limit=SAMPLE // 2, backward=True)]
        found: list[Row] = []
        at = f"mapping.{mapping.name}"
        for window in windows:
            try:
                found += await survey.sample(fetch, Listing(window))
            except SourceError as error:
                if error.code == "SOURCE_TIMEOUT":
                    self._unchecked(at, error)
                else:  # as every query would find it
                    self._note(Mistake(error.code, self.partner.file, at, error.message, _said(error)))
                break
        return found

    async def _sizes(self, mapping: Mapping, rows: int, survey: Survey) -> dict[str, int]:
        sizes = {mapping.table: rows}
        for table in dict.fromkeys(mapping.tables()):
            if table not in sizes:
                sizes[table] = await self._tried(f"mapping.{mapping.name}", survey.size(table)) or 0
        return sizes

    async def _orders(self, mapping: Mapping, indexed: Indexes, survey: Survey) -> dict[str, str]:
        own = [name for name in mapping.key if "." not in name]
        by_key = len(own) == len(mapping.key) and indexed.orders(mapping.table, own)
        found = {"": "indexed" if by_key else "sorted"}
        connector = self.connectors[self.source.id]
        fetch = Fetch(mapping.source_id, mapping.entity, (), (Arm(mapping, frozenset(mapping.fields)),))
        for name, path in self.catalog.model.entities[mapping.entity].orders.items():
            if not path or path not in mapping.fields:
                continue  # the same for every row
            order = (OrderKey(path),)
            try:
                accepted = await connector.accept(fetch, None, order, lambda _: None)
                if not accepted.ordered:
                    found[name] = "gateway"
                    continue
                by_index = await survey.ask(_serving(mapping, order))
                found[name] = "indexed" if by_index else "sorted"
            except SourceError as error:
                if error.code != "SOURCE_DATA_INVALID":
                    self._unchecked(f"mapping.{mapping.name}", error)
                    break
                found[name] = "gateway"
        return found

    def _survey(self, source_id: str) -> Survey | None:
        connector = self.connectors.get(source_id)
        return None if connector is None else Survey(connector)

    async def _tried(self, key: str, call: Awaitable[T]) -> T | None:
        try:
            return await call
        except SourceError as error:
            self._unchecked(key, error)
            return None

    async def _each(self, key: str, found: AsyncIterator[Mistake]) -> None:
        try:
            async for mistake in found:
                self._note(mistake)
        except SourceError as error:
            self._unchecked(key, error)

    def _unchecked(self, key: str, error: SourceError) -> None:
        message = f"not looked at in full: {error.message}"
        mistake = Mistake("SOURCE_UNCHECKED", self.partner.file, key, message, _said(error), "warning")
        if mistake not in self.found:
            self._note(mistake)

    def _note(self, *mistakes: Mistake) -> None:
        self.found += mistakes


def _serving(mapping: Mapping, order: tuple[OrderKey, ...]) -> Callable[..., Awaitable[bool]]:
    return lambda connection, builder: served(connection, builder, mapping, order)


def _said(error: SourceError) -> str:
    return error.detail.splitlines()[0][:300].rstrip(": ") if error.detail else ""
