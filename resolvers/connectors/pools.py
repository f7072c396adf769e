"""The connections to every source of a catalog, kept over reloads where nothing about a source changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from resolvers.catalog import Catalog
from resolvers.connectors.sql import SqlSource
from resolvers.errors import CODES
from resolvers.mapping import Mapping
from resolvers.observation import SourceCall
from resolvers.partner_file import Source


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
        self._health: dict[str, Health] = {}

    async def follow(self, catalog: Catalog) -> None:
        """Open what a new catalog adds or changes and close what it no longer has."""
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
        for source_id, (_, connector) in old.items():
            if fresh.get(source_id, (None, None))[1] is not connector:
                await connector.close()

    def source(self, source_id: str) -> SqlSource:
        """The connector of a source "partner.name"."""
        return self._sources[source_id][1]

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
        for _, connector in self._sources.values():
            await connector.close()


def _tables(mappings: Iterable[Mapping]) -> frozenset[str]:
    return frozenset(table for mapping in mappings for table in mapping.tables())
