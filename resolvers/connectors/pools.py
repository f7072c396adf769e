"""The connections to every source of a catalog, kept over reloads where nothing about a source changed."""

from __future__ import annotations

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
        self._health: dict[str, Health] = {}

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
                    self._health.pop(source.id, None)
        self._sources = fresh
        self._now = {source_id: connector for source_id, (_, connector) in fresh.items()}
        return [connector for source_id, (_, connector) in old.items() if self._now.get(source_id) is not connector]

    def observe(self, call: SourceCall) -> None:
        """Remember how a source answered."""
        if call.error is None:
            self._health[call.source] = Health("UP", datetime.now(UTC))
            return
        last = self._health.get(call.source, Health())
        state = "DOWN" if call.error == "SOURCE_UNAVAILABLE" else "DEGRADED"
        self._health[call.source] = Health(state, last.as_of, CODES[call.error])

    def health(self, source_id: str) -> Health:
        """How a source answered last."""
        return self._health.get(source_id, Health())

    async def close(self) -> None:
        """Close every pool."""
        for connector in self._now.values():
            await connector.close()


def _tables(mappings: Iterable[mapping.Mapping]) -> frozenset[str]:
    return frozenset(table for found in mappings for table in found.tables())
