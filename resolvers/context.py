"""What one request carries through its resolvers: who asks, the plan, the sources, the clock and the loaders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiodataloader import DataLoader

from resolvers.catalog import Catalog
from resolvers.connectors.pools import Pools
from resolvers.cursor import Cursors
from resolvers.fetch import Access, Fetch, Row
from resolvers.global_id import GlobalIds
from resolvers.observation import SourceCall
from resolvers.plan import Plan
from resolvers.viewer import Grant, Viewer

if TYPE_CHECKING:
    from resolvers.partner_view import Partners


@dataclass(slots=True, eq=False)
class Context:
    """One request. page: (default, most) rows of a page. now: one clock for the whole answer."""

    viewer: Viewer
    grant: Grant
    plan: Plan
    catalog: Catalog
    pools: Pools
    ids: GlobalIds
    cursors: Cursors
    now: datetime
    page: tuple[int, int]
    ids_most: int
    observers: tuple[Callable[[SourceCall], None], ...] = ()
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    partners: Partners = field(init=False)
    neighbours: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        from resolvers.partner_view import Partners  # it needs this module's Context

        self.partners = Partners(self)
        self.neighbours = self.catalog.neighbours(self.grant, self.now.date())

    def observe(self, call: SourceCall) -> None:
        """Tell everybody who listens."""
        for observer in self.observers:
            observer(call)

    async def rows(self, fetch: Fetch, access: Access) -> list[Row]:
        """Ask a source. SourceError where it fails."""
        return await self.pools.source(fetch.source).rows(fetch, access, self.observe)

    def shown(self, code: str) -> bool:
        """Whether the caller may know a partner: its own, one in an agreement with it, in either direction."""
        return code in self.neighbours
