"""What one request carries through its resolvers: who asks, the plan, the sources, the clock and the loaders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from aiodataloader import DataLoader

from resolvers.catalog import Catalog
from resolvers.connectors.pools import Pools
from resolvers.connectors.sql import SqlSource
from resolvers.cursor import Cursors
from resolvers.fetch import Accepted, Access, Fetch, Linked, LinkRows, Listing, OrderKey, Row, Window
from resolvers.global_id import GlobalIds
from resolvers.mapping import Mapping
from resolvers.observation import Observe, SourceCall, Watcher
from resolvers.plan import Plan, Withheld
from resolvers.predicate import Predicate, conjunction, conjuncts, parted
from resolvers.sight import Sight
from resolvers.viewer import Grant, Viewer

if TYPE_CHECKING:
    from resolvers.access_log import AccessLog
    from resolvers.partner_view import Partners
    from resolvers.residual import Demand

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Context:
    """One request.

    sources: those of the catalog that the request began with. page: (default, most) rows of a page. now: one clock for
    the whole answer. watcher: hears what is asked, with values. direct: whether sources are asked in the tasks of the
    request itself, which its cancellation reaches; what a dataloader does then is to be `owned`. seen: what sources
    brought, for the account of it; tests: what else they were asked about records, and whether it was how many.
    accesses: that account.
    """

    viewer: Viewer
    grant: Grant
    plan: Plan
    catalog: Catalog
    pools: Pools
    sources: Map[str, SqlSource]
    ids: GlobalIds
    cursors: Cursors
    now: datetime
    page: tuple[int, int]
    ids_most: int
    observers: tuple[Callable[[SourceCall], None], ...] = ()
    watcher: Watcher | None = None
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    batches: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    pages: dict[Any, asyncio.Future[Any]] = field(default_factory=dict)
    _calls: set[asyncio.Future[Any]] = field(default_factory=set)
    seen: list[tuple[Fetch, Access, list[Row]]] = field(default_factory=list)
    tests: list[tuple[Fetch, Demand, bool]] = field(default_factory=list)
    accesses: AccessLog | None = None
    withheld: list[Withheld] = field(default_factory=list)
    direct: bool = False
    _sight: Sight | None = None
    _partners: Partners | None = None
    _neighbours: frozenset[str] | None = None

    @property
    def partners(self) -> Partners:
        """The partners, as they may be looked at."""
        if self._partners is None:
            from resolvers.partner_view import Partners  # it needs this module's Context

            self._partners = Partners(self)
        return self._partners

    @property
    def providers(self) -> frozenset[str]:
        """The partners whose records the caller may see some of: its own, and those that grant it something."""
        return frozenset({self.grant.partner, *(provider for provider, _, _ in self.grant.agreements)})

    @property
    def neighbours(self) -> frozenset[str]:
        """The partners that the caller may know: its own, those in an agreement with it, in either direction."""
        if self._neighbours is None:
            self._neighbours = self.catalog.neighbours(self.grant, self.now.date())
        return self._neighbours

    @property
    def sight(self) -> Sight:
        """What the viewer's grant shows of the catalog."""
        if self._sight is None:
            self._sight = Sight.of(self.catalog, self.grant)
        return self._sight

    def tell(self, withheld: Withheld) -> None:
        """Note, once, what a list could not be filtered or sorted by."""
        if withheld not in self.withheld:
            self.withheld.append(withheld)

    def observe(self, call: SourceCall) -> None:
        """Tell everybody who listens."""
        for observer in self.observers:
            observer(call)

    async def rows(self, fetch: Fetch, access: Access) -> list[Row]:
        """Ask a source for rows. SourceError where it fails."""
        observe = self.observe if self.watcher is None else self._heard(fetch, access)
        call = self.sources[fetch.source].rows(fetch, access, observe, self.now)
        found = await (call if self.direct else self.owned(call))
        if fetch.veiled and found:
            from resolvers.veil import veiled  # it asks in this module's way

            found = await veiled(self, fetch, found)
        self.seen.append((fetch, access, found))
        return found

    async def accept(self, fetch: Fetch, condition: Predicate | None, order: Sequence[OrderKey]) -> Accepted:
        """Ask a source what it can do itself. SourceError where it fails."""
        open_, bare = parted(condition, self.catalog.model.veils(fetch.entity))
        call = self.sources[fetch.source].accept(fetch, open_, order, self._heard(fetch, None))
        found = await (call if self.direct else self.owned(call))
        if bare:
            found = replace(found, left=conjunction((*conjuncts(found.left), *bare)))
        if self.watcher is not None:
            self.watcher.accepted(fetch, order, found)
        return found

    async def count(self, fetch: Fetch, condition: Predicate | None) -> int:
        """Ask a source how many rows a list has. SourceError where it fails."""
        observe = self._heard(fetch, Listing(Window(), condition))
        call = self.sources[fetch.source].count(fetch, condition, observe, self.now)
        return await (call if self.direct else self.owned(call))

    async def links(self, source: str, mappings: Iterable[Mapping], entity: str, wanted: LinkRows) -> list[Linked]:
        """Ask a source for rows of link tables. SourceError where it fails."""
        call = self.sources[source].links(mappings, entity, wanted, self._heard(None, wanted), self.now)
        return await (call if self.direct else self.owned(call))

    def _heard(self, fetch: Fetch | None, access: Access | LinkRows | None) -> Observe:
        """What tells everybody of a call, and the watcher what it was for."""
        watcher = self.watcher
        if watcher is None:
            return self.observe

        def heard(call: SourceCall) -> None:
            self.observe(call)
            watcher.asked(fetch, access, call)

        return heard

    async def owned(self, call: Coroutine[Any, Any, T]) -> T:
        """What a call gives, in a task that ends with the request.

        Dataloaders run their batches outside of the request's own task, so its cancellation would not reach them.
        """
        task = asyncio.ensure_future(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return await task

    def end(self) -> None:
        """Cancel every source call that still runs: nobody waits for it any more."""
        for call in tuple(self._calls):
            call.cancel()
        self._partners = None  # which point back here: rows would stay until the next collection of garbage

    def shown(self, code: str) -> bool:
        """Whether the caller may know a partner: its own, one in an agreement with it, in either direction."""
        return code in self.neighbours
