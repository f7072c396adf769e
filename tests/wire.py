"""Over the whole suite, at the connector: what is fetched for a caller is what agreements share with it, and no more.

It judges by the agreements' own words, not by what the planner made of them. `WIRE=0` leaves it out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from gateway.documents import Document
from gateway.execution import Runtime
from gateway.http import OperationRequest
from resolvers.agreement import Agreement, Share
from resolvers.catalog import Catalog
from resolvers.connectors.sql.source import SqlSource
from resolvers.entity import LINKED, Entity, Field, FieldClass, Kind
from resolvers.fetch import Access, Arm, Children, Fetch, Listing, Row
from resolvers.mapping import Mapping
from resolvers.observation import Observe
from resolvers.predicate import names
from resolvers.viewer import Viewer

FREE_TEXT = {"attributes", "unparsedTerms"}
ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks now, on what day, and what partners say."""

    viewer: Viewer
    catalog: Catalog
    now: datetime

    def wrong(self, fetch: Fetch, access: Access | None) -> Iterator[str]:
        """What a fetch asks for that is not shared. access: None for what is fetched along with another."""
        for arm in fetch.arms:
            mapping = arm.mapping
            if self._veils(mapping, arm.given):
                continue
            shares = list(self._shares(mapping))
            if mapping.partner != self.viewer.partner:
                if not shares:
                    yield f"{mapping.id} is not shared at all"
                elif all(share.where is not None for share in shares) and mapping.granted is None:
                    yield f"{mapping.id} is shared by row, and read whole"
            for path in (*arm.given, *_looked_at(arm, access)):
                if not self._may(mapping, shares, path):
                    yield f"{mapping.view}: {path} is not shared"
        for along in fetch.joins:
            yield from self.wrong(along.fetch, None)

    def _veils(self, mapping: Mapping, paths: Iterable[str]) -> bool:
        """Whether all that is read of a mapping is what takes a field from everybody, and that field is shared."""
        model = self.catalog.model
        for name in model.entities:
            for path, veil in model.veils(name).items():
                whose, _, via = veil.via.partition(".")
                if whose == mapping.entity and set(paths) <= {via, *names(veil.condition)}:
                    there = [one for one in self.catalog.mappings(name) if one.partner == mapping.partner]
                    return any(self._may(one, list(self._shares(one)), path) for one in there if one.holds(path))
        return False

    def _shares(self, mapping: Mapping) -> Iterator[Share]:
        """What the agreements in force share of a mapping's entity."""
        day = self.now.date()
        for agreement in self.catalog.partners[mapping.partner].agreements:
            share = agreement.grants.get(mapping.entity)
            if share is not None and self._holds(agreement, share) and agreement.in_force(self.viewer.partner, day):
                yield share

    def _holds(self, agreement: Agreement, share: Share) -> bool:
        fits = not agreement.purposes or self.viewer.purpose in agreement.purposes
        return fits and share.scopes <= self.viewer.scopes

    def _may(self, mapping: Mapping, shares: Iterable[Share], path: str) -> bool:
        entity = self.catalog.model.entities[mapping.entity]
        own = mapping.partner == self.viewer.partner
        if own and "read:self" in self.viewer.scopes:
            return True
        if path == LINKED:
            names = self.catalog.model.identifiers(mapping.entity) or ""
            return own or any(share.match or share.read for share in shares) or self._may(mapping, shares, names)
        chain = list(self._along(entity, path))
        if any(field.field_class.scope not in self.viewer.scopes for field in chain):
            return False
        plain = all(field.field_class is FieldClass.PLAIN for field in chain)
        if own:
            return True
        if not plain and self.viewer.purpose is None:
            return False
        first = chain[0]
        if first.kind is Kind.SYSTEM or first.hidden or first.name in entity.fallback:
            return True
        return any(_covers(name, path) for share in shares for name in _named(share, entity))

    def _along(self, entity: Entity, path: str) -> Iterator[Field]:
        fields = entity.fields
        for name in path.split("."):
            yield fields[name]
            part = self.catalog.model.parts.get(fields[name].type)
            fields = part.fields if part is not None else {}


def _covers(name: str, path: str) -> bool:
    """Whether the name of a field in an agreement is of a path, of what holds it or of something in it."""
    return name == path or path.startswith(f"{name}.") or name.startswith(f"{path}.")


def _named(share: Share, entity: Entity) -> Iterator[str]:
    for name in share.fields:
        if name != "*":
            yield name
            continue
        for field in entity.fields.values():
            if field.field_class is FieldClass.PLAIN and field.name not in FREE_TEXT:
                yield field.name


def _looked_at(arm: Arm, access: Access | None) -> Iterator[str]:
    """What a source looks at besides what it delivers: how its rows are sorted, and what leads to the parents."""
    if isinstance(access, Listing | Children):
        keys = (key.path for key in access.window.order)
        yield from (path for path in keys if path in arm.mapping.fields and path not in arm.withheld)
    if isinstance(access, Children):
        yield access.via


def unasked(fetch: Fetch, rows: Iterable[Row]) -> Iterator[str]:
    """What rows hold beside what they were to deliver."""
    given = {arm.mapping.view: arm.given for arm in fetch.arms}
    for row in rows:
        if row.mapping.view not in given:
            yield f"a row of {row.mapping.view}, which was not asked for"
            continue
        for path, value in zip(fetch.paths, row.values, strict=False):
            stated = row.mapping.holds(path)  # else it is what stands in where nothing is mapped
            if stated and path not in given[row.mapping.view] and not _is_nothing(value):
                yield f"{row.mapping.view}: {path} came, and was not to"


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, list | tuple | dict) and not value)


@pytest.fixture(scope="session", autouse=True)
def watched_wire() -> Iterator[None]:
    """Every fetch of every request of every test is judged: one that asks for too much, or brings it, fails."""
    if os.environ.get("WIRE") == "0":
        yield
        return
    found: list[str] = []
    execute, rows_of = Runtime.execute, SqlSource.rows

    async def executing(self: Runtime, viewer: Viewer, document: Document, request: OperationRequest) -> dict[str, Any]:
        mark = ASKING.set(Asking(viewer, self.catalog, self.clock()))
        try:
            return await execute(self, viewer, document, request)
        finally:
            ASKING.reset(mark)

    async def rows(
        self: SqlSource, fetch: Fetch, access: Access, observe: Observe, now: datetime | None = None
    ) -> list[Row]:
        asking = ASKING.get()
        wrong = [] if asking is None else list(asking.wrong(fetch, access))
        brought = await rows_of(self, fetch, access, observe, now)
        wrong += unasked(fetch, brought)
        if wrong:
            found.extend(wrong)
            raise AssertionError(f"{fetch.source} {fetch.entity}: {wrong}")
        return brought

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Runtime, "execute", executing)
        patched.setattr(SqlSource, "rows", rows)
        yield
    assert not found, f"more was fetched than is shared: {sorted(set(found))[:20]}"
