"""The demonstration's stores and partner files on SQLite, PostgreSQL and MariaDB: the same rows, the same records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.demo.federation import PARTNERS, STORES, Store
from gateway.demo.rows import founding
from gateway.demo.seed import seed
from resolvers import catalog
from resolvers.connectors.sql.source import SqlSource
from resolvers.fetch import Access, Arm, Children, Fetch, LinkRows, Listing, OrderKey, Row, Window
from resolvers.identifier import NameToken, normalize
from resolvers.mapping import Mapping
from schema.model import model
from tests.servers import Server

Url = dict[str, str]


def embedded(folder: Path) -> Url:
    return {store.name: f"sqlite+aiosqlite:///{folder / store.name}.sqlite" for store in STORES}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Url:
    """An empty database for each store, all on one engine."""
    if request.param == "sqlite":
        return embedded(tmp_path)
    server: Server = request.getfixturevalue(request.param)
    return {store.name: server.create(f"demo_{store.name.replace('.', '_')}") for store in STORES}


# rows -----------------------------------------------------------------------------------------------------------------


async def stored(store: Store, url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What a database holds, by table."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return {
                table.name: sorted(map(tuple, await connection.execute(select(table))), key=repr)
                for table in store.tables.sorted_tables
            }
    finally:
        await engine.dispose()


async def test_every_engine_holds_the_rows_that_were_drawn(urls: Url) -> None:
    await seed(urls)
    await seed(urls)  # again: it begins anew, it does not add
    for store in STORES:
        held = await stored(store, urls[store.name])
        for table in store.tables.sorted_tables:
            names = [column.name for column in table.columns]
            drawn = sorted((tuple(row[name] for name in names) for row in store.rows()[table.name]), key=repr)
            assert held[table.name] == drawn, f"{store.name}: {table.name}"


# records --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Federation:
    """The partner files on some databases, read through the gateway's own SQL sources."""

    catalog: catalog.Catalog
    sources: dict[str, SqlSource]

    @classmethod
    def on(cls, urls: Url) -> Federation:
        environ = {store.variable: urls[store.name] for store in STORES}
        loaded, mistakes = catalog.load(PARTNERS, model(), environ)
        assert [str(mistake) for mistake in mistakes] == []
        sources = {
            source.id: SqlSource(
                source, model(), [found for found in partner.mappings.values() if found.source == source.name]
            )
            for partner in loaded.partners.values()
            for source in partner.sources.values()
        }
        return cls(loaded, sources)

    async def read(self, mapping: Mapping, access: Access, *paths: str) -> list[Row]:
        """The rows of one mapping; all that it maps, where no path is named."""
        wanted = paths or tuple(sorted(mapping.fields))
        fetch = Fetch(mapping.source_id, mapping.entity, wanted, (Arm(mapping, frozenset(wanted)),), issues=True)
        return await self.sources[mapping.source_id].rows(fetch, access, lambda _: None)

    async def everything(self) -> dict[str, Any]:
        """Every record of every mapping, by name and key, and every link of the link tables."""
        found: dict[str, Any] = {}
        for partner in self.catalog.partners.values():
            for mapping in partner.mappings.values():
                rows = await self.read(mapping, Listing(Window(limit=10_000)))
                found[mapping.id] = {row.key: (row.values, row.issues) for row in rows}
                for path, binding in mapping.fields.items():
                    if isinstance(binding, tuple):
                        found[f"{mapping.id} {path}"] = await self.links(mapping, path)
        return found

    async def links(self, mapping: Mapping, path: str) -> Counter[Any]:
        seeds = [row.values[0] for row in await self.read(mapping, Listing(Window(limit=10_000)), path)]
        owners: dict[tuple[str, int], list[tuple[Any, ...]]] = {}
        for index, owner in {pair for seed_ in seeds for pair in seed_.owners}:
            owners.setdefault((mapping.id, index), []).append(owner)
        rows = LinkRows(path, owners)
        return Counter(await self.sources[mapping.source_id].links([mapping], mapping.entity, rows, lambda _: None))

    async def close(self) -> None:
        for source in self.sources.values():
            await source.close()


async def test_every_engine_gives_the_same_records(urls: Url, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = embedded(tmp_path / "plain")
    for where in (plain, urls):
        await seed(where)
    reference, federation = Federation.on(plain), Federation.on(urls)
    try:
        expected, given = await reference.everything(), await federation.everything()
        assert given.keys() == expected.keys()
        for name in expected:
            assert given[name] == expected[name], name
        assert sum(len(records) for name, records in given.items() if " " not in name) > 1_500
        assert given["insurer.guarantees insuredAssets.listed"].total() > 300
    finally:
        await reference.close()
        await federation.close()


async def test_every_engine_sorts_by_code_point_and_knows_the_van_by_the_insurers_spelling(urls: Url) -> None:
    await seed(urls)
    federation = Federation.on(urls)
    try:
        for name, path in (("poste.vehicles", "name"), ("coop.members", "displayName"), ("city.places", "name")):
            mapping = federation.catalog.mapping(name)
            assert mapping is not None
            rows = await federation.read(mapping, Listing(Window((OrderKey(path),), limit=10_000)), path)
            read = [row.values[0] for row in rows if row.values[0] is not None]
            assert read == sorted(read) and len(read) > 10, name
        guarantees = federation.catalog.mapping("insurer.guarantees")
        assert guarantees is not None
        van = NameToken("LICENSE_PLATE", normalize(founding.PLATE), "FR", None, founding.PLATE)
        covering = Children("insuredAssets.listed", [van], Window((OrderKey("kind"),), limit=50))
        rows = await federation.read(guarantees, covering, "kind", "limits", "deductibles", "offDuty")
        goods = [row.values for row in rows if row.values[0] == "GOODS_IN_TRANSIT"]
        assert len(rows) == 12 and len(goods) == 1
        _, limits, deductibles, off_duty = goods[0]
        assert (limits[0]["amount"], limits[0]["rule"], off_duty) == (
            {"amount": 10_000, "currency": "EUR"},
            "FIRST_LOSS",
            True,
        )
        assert deductibles[0]["amount"] == {"amount": 300, "currency": "EUR"}
    finally:
        await federation.close()
