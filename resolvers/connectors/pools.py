"""The connections to every source of a catalog, kept over reloads where nothing about a source changed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from resolvers import mapping
from resolvers.catalog import Catalog
from resolvers.connectors.sql import SqlSource
from resolvers.errors import CODES
from resolvers.observation import SourceCall
from resolvers.source import Source


@dataclass(frozen=True, slots=True)
class Health:
    """How a source answered last. state: a SourceHealth. as_of: when it last answered well."""

    state: str = "UNKNOWN"
    as_of: datetime | None = None
    message: str | None = None


class Pools:
    """One connector per source. Not shared between processes."""

    def __init__(self) -> None:
        self._sources: dict[str, tuple[tuple[Source, frozenset[str]], SqlSource]] = {}
        self._now: Mapping[str, SqlSource] = {}
        self._answered: dict[str, float] = {}  # when each source last answered well, in seconds since 1970
        self._failed: dict[str, str] = {}  # with which code each source failed that has not answered well since

    @property
    def sources(self) -> Mapping[str, SqlSource]:
        """The connectors by source id "partner.name", as they are now; a request may keep them."""
        return self._now

    def follow(self, catalog: Catalog) -> list[SqlSource]:
        """Take up what a new catalog adds or changes; the connectors that it no longer has, to be closed."""
        old = self._sources
        fresh: dict[str, tuple[tuple[Source, frozenset[str]], SqlSource]] = {}
        for partner in catalog.partners.values():
            for source in partner.sources.values():
                mappings = [m for m in partner.mappings.values() if m.source == source.name]
                described = (source, _tables(mappings))
                known = old.get(source.id)
                if known is not None and known[0] == described:
                    fresh[source.id] = known
                else:
                    fresh[source.id] = (described, SqlSource(source, catalog.model, mappings))
                    self._answered.pop(source.id, None)
                    self._failed.pop(source.id, None)
        self._sources = fresh
        self._now = {source_id: connector for source_id, (_, connector) in fresh.items()}
        return [connector for source_id, (_, connector) in old.items() if self._now.get(source_id) is not connector]

    def observe(self, call: SourceCall) -> None:
        """Remember how a source answered."""
        if call.error is not None:
            self._failed[call.source] = call.error
            return
        self._answered[call.source] = time.time()
        if self._failed:
            self._failed.pop(call.source, None)

    def health(self, source_id: str) -> Health:
        """How a source answered last."""
        answered, failed = self._answered.get(source_id), self._failed.get(source_id)
        as_of = None if answered is None else datetime.fromtimestamp(answered, UTC)
        if failed is not None:
            state = "DOWN" if failed == "SOURCE_UNAVAILABLE" else "DEGRADED"
            return Health(state, as_of, CODES[failed])
        return Health() if as_of is None else Health("UP", as_of)

    async def close(self) -> None:
        """Close every pool."""
        for connector in self._now.values():
            await connector.close()


def _tables(mappings: Iterable[mapping.Mapping]) -> frozenset[str]:
    return frozenset(table for found in mappings for table in found.tables())
