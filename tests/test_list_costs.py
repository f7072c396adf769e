"""What lists cost in statements: one per source, two rounds along an edge of a filter, nothing a third time."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.demo import environment, prepare
from gateway.demo.federation import PARTNERS
from resolvers import semi_join
from resolvers.connectors.sql.indexes import Explain
from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.cursor import Position
from resolvers.fetch import Arm, Fetch, Listing, Window
from resolvers.observation import SourceCall
from tests.gateways import Gateway, running

VIEWER = "coop"  # which sees assets of three sources, and coverages of two
ASSETS = {"poste.fleet", "coop.library", "city.inventory"}
COVERAGES = {"insurer.contracts", "broker.book"}
PUSHED = [
    "filter: {kind: {in: [VAN, CARGO_BIKE]}, status: {ne: RETIRED}}",
    'filter: {or: [{name: {contains: "velo"}}, {not: {manufacturer: {eq: "Renault"}}}]}',
    'filter: {identifiers: {some: {scheme: {eq: LICENSE_PLATE}, normalized: {eq: "ab 123 cd"}}}}',
    'filter: {identifiers: {some: {value: {eq: "AB-123-CD"}}}}, orderBy: [{field: NAME}]',
    'filter: {partner: {in: ["poste", "coop", "city"]}, lendable: {eq: true}}, orderBy: [{field: KIND}]',
]
THEFT = "coverages: {some: {kind: {eq: THEFT}}}"
DEPARTMENT = 'custodian: {displayName: {contains: "a"}}'
PLACE = 'site: {address: {city: {eq: "Nanterre"}}}'


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that sent something. began, ended: seconds on one clock."""

    source: str
    entity: str
    access: str
    began: float
    ended: float


class Costs:
    """A gateway, and what each request made it ask."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._asked: list[Asked] = []
        gateway.federation.runtime.observers = (*gateway.federation.runtime.observers, self._note)

    def _note(self, call: SourceCall) -> None:
        assert call.error is None
        now = time.perf_counter()
        if call.statement:
            self._asked.append(Asked(call.source, call.entity, call.access, now - call.seconds, now))

    async def of(self, query: str, partner: str = VIEWER) -> tuple[Any, list[Asked]]:
        """The data of an answer, and what was asked for it."""
        self._asked.clear()
        data = await self.gateway.data(query, partner=partner, scopes=("read", "read:personal"))
        return data, list(self._asked)


@pytest.fixture(scope="module")
async def costs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Costs]:
    """The demonstration federation, whose town names the keepers of its bikes by their staff numbers."""
    folder = tmp_path_factory.mktemp("costs")
    await prepare(folder)
    files = {file.stem: file.read_text("utf-8") for file in PARTNERS.glob("*.toml")}
    by_key, by_name = 'custodian = { key = "mat" }', 'custodian = { scheme = "EMPLOYEE_NO", value = "mat" }'
    assert by_key in files["city"]
    files["city"] = files["city"].replace(by_key, by_name)
    async with running(files, environment(folder)) as gateway:
        found = Costs(gateway)
        for partner in (VIEWER, "city"):  # every source has been looked at
            await found.of(
                "{ assets { nodes { id site { id } custodian { id } coverages { nodes { id } } } } }", partner
            )
        yield found


def counted(asked: Iterable[Asked]) -> Counter[tuple[str, str, str]]:
    return Counter((found.source, found.entity, found.access) for found in asked)


def page(arguments: str, fields: str = "nodes { name }") -> str:
    return f"{{ assets(first: 5, {arguments}) {{ {fields} }} }}"


@pytest.mark.parametrize("arguments", PUSHED)
async def test_a_page_is_one_statement_per_source(costs: Costs, arguments: str) -> None:
    _, asked = await costs.of(page(arguments))
    assert counted(asked) == dict.fromkeys(((source, "Asset", "Listing") for source in ASSETS), 1)
    data, asked = await costs.of(page(arguments, "nodes { name } totalCount pageInfo { hasNextPage }"))
    more = data["assets"]["pageInfo"]["hasNextPage"]  # else the page has them all
    assert Counter(found.source for found in asked) == dict.fromkeys(ASSETS, 1 + more)


async def test_what_the_gateway_filters_itself_is_one_statement_per_source(costs: Costs) -> None:
    data, asked = await costs.of('{ sites(first: 5, filter: {address: {lines: {has: "x"}}}) { nodes { name } } }')
    assert not data["sites"]["nodes"]
    assert counted(asked) == dict.fromkeys(((source, "Site", "Listing") for source in ASSETS), 1)


async def test_several_tables_of_one_source_are_one_statement(costs: Costs) -> None:
    query = (
        '{ assets(filter: {partner: {eq: "city"}}, first: 1000) { nodes { kind site { assets { nodes { kind } } } } } }'
    )
    data, asked = await costs.of(query, "city")
    assert {"ROOM", "BICYCLE"} <= {node["kind"] for node in data["assets"]["nodes"]}
    assert set(counted(asked).values()) == {1}
    assert {found.access for found in asked} == {"Listing", "Lookup", "Children"}


async def test_an_identifier_is_one_statement_for_each_source_that_can_carry_it(costs: Costs) -> None:
    carriers = {"INVENTORY_NO": {"poste.fleet", "city.inventory"}, "LICENSE_PLATE": {"poste.fleet", "coop.library"}}
    for scheme, sources in carriers.items():
        _, asked = await costs.of(f'{{ assetBy(scheme: {scheme}, value: "zz 1") {{ nodes {{ name }} }} }}')
        assert counted(asked) == dict.fromkeys(((source, "Asset", "Lookup") for source in sources), 1)


async def test_pages_by_key_are_read_off_its_index_however_deep(costs: Costs) -> None:
    """In SQLite; `make bench-lists` asks PostgreSQL and MariaDB, which tables as small as these read whole."""
    runtime, several = costs.gateway.federation.runtime, 0
    for entity in ("Asset", "Person", "Site", "Booking", "Policy", "Coverage"):
        for mapping in runtime.catalog.mappings(entity):
            fetch = Fetch(mapping.source_id, entity, (), (Arm(mapping, frozenset()),))

            async def plan(connection: AsyncConnection, builder: StatementBuilder, fetch: Fetch = fetch) -> str:
                last = builder.rows(fetch, Listing(Window(limit=1, backward=True)))
                assert last is not None
                (row,) = last.read((await connection.execute(last.clause)).fetchall())
                page = builder.rows(fetch, Listing(Window(after=Position((), row.mapping.id, row.key), limit=5)))
                assert page is not None
                return " ".join(str(step[-1]) for step in await connection.execute(Explain(page.clause)))

            asked = runtime.pools.sources[mapping.source_id].survey(plan)
            told = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, costs.gateway.loop))
            assert re.match(r"SEARCH t USING .*[(,]?>", told) and "TEMP B-TREE" not in told, (mapping.id, told)
            several += len(mapping.key) > 1
    assert several


# edges of filters -----------------------------------------------------------------------------------------------------

FAR = {
    THEFT: dict.fromkeys(((source, "Coverage", "Children") for source in COVERAGES), 1),
    DEPARTMENT: {("poste.hr", "Person", "Listing"): 1, ("coop.library", "Person", "Listing"): 1},
    PLACE: dict.fromkeys(((source, "Site", "Listing") for source in ASSETS), 1),
}
FILTERS = [
    *((f"{{{edge}}}", [edge]) for edge in FAR),
    *((f"{{not: {{{edge}}}}}", [edge]) for edge in FAR),
    (f"{{or: [{', '.join(f'{{{edge}}}' for edge in FAR)}]}}", list(FAR)),
    (f"{{kind: {{ne: ROOM}}, {THEFT}, not: {{{PLACE}}}}}", [THEFT, PLACE]),
]


def in_rounds(asked: Iterable[Asked], *rounds: str) -> None:
    """Of every source at most one question of an entity, and of each entity not before the last was answered."""
    found = list(asked)
    assert set(counted(found).values()) == {1}
    assert {one.entity for one in found} == set(rounds)
    for first, then in pairwise(rounds):
        answered = max(one.ended for one in found if one.entity == first)
        assert answered <= min(one.began for one in found if one.entity == then)


@pytest.mark.parametrize(("wanted", "edges"), FILTERS)
async def test_a_filter_along_edges_takes_two_rounds(costs: Costs, wanted: str, edges: list[str]) -> None:
    data, asked = await costs.of(page(f"filter: {wanted}"))
    assert data["assets"]["nodes"]
    inner = [one for one in asked if one.entity != "Asset"]
    assert counted(inner) == {call: 1 for edge in edges for call in FAR[edge]}
    outer = [one for one in asked if one.entity == "Asset"]
    assert set(counted(outer).values()) == {1}
    assert {one.access for one in outer} == {"Listing"} and {one.source for one in outer} <= ASSETS
    assert max(one.ended for one in inner) <= min(one.began for one in outer)


async def test_an_edge_after_an_edge_is_one_round_more(costs: Costs) -> None:
    _, asked = await costs.of(page('filter: {coverages: {some: {policy: {number: {contains: "1"}}}}}'))
    in_rounds(asked, "Policy", "Coverage", "Asset")
    _, asked = await costs.of(page('filter: {custodian: {site: {name: {contains: "a"}}}}'))
    in_rounds(asked, "Site", "Person", "Asset")


async def test_a_filtered_list_in_a_list_asks_for_its_edges_once(costs: Costs) -> None:
    for wanted in (f"{{{THEFT}}}", f"{{not: {{{THEFT}}}}}"):
        listed = f"assets(first: 2, filter: {wanted}) {{ nodes {{ name }} }}"
        data, asked = await costs.of(f"{{ sites(first: 100) {{ nodes {{ {listed} }} }} }}")
        assert sum(bool((site["assets"] or {}).get("nodes")) for site in data["sites"]["nodes"]) > 5
        in_rounds((one for one in asked if one.entity != "Site"), "Coverage", "Asset")
        assert counted(one for one in asked if one.entity == "Coverage") == FAR[THEFT]
        counting = listed.replace("{ nodes", "{ totalCount nodes")
        _, asked = await costs.of(f"{{ sites(first: 100) {{ nodes {{ {counting} }} }} }}")
        assert counted(one for one in asked if one.entity == "Coverage") == FAR[THEFT]
        assert set(counted(one for one in asked if one.entity == "Asset").values()) == {2}


async def test_where_too_many_are_at_the_far_end_nobody_is_asked_a_third_time(
    costs: Costs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semi_join, "KEYS_MOST", 0)
    for wanted, _ in FILTERS:
        _, asked = await costs.of(page(f"filter: {wanted}"))
        assert max(Counter((one.source, one.entity) for one in asked).values()) == 2, wanted


async def test_a_number_that_a_reference_goes_by_is_looked_up_once_more(costs: Costs) -> None:
    """Whether somebody else goes by it, too: then it leads to nobody."""
    data, asked = await costs.of(page("filter: {custodian: {active: {eq: true}}}"), "city")
    assert data["assets"]["nodes"]
    inner = [one for one in asked if one.entity == "Person" and one.source == "city.inventory"]
    assert [one.access for one in sorted(inner, key=lambda one: one.began)] == ["Listing", "Lookup"]
    outer = [one for one in asked if one.entity == "Asset"]
    assert set(counted(outer).values()) == {1}
    assert max(one.ended for one in inner) <= min(one.began for one in outer)


async def test_where_nothing_is_at_the_far_end_nothing_more_is_asked(costs: Costs) -> None:
    nobody = 'custodian: {displayName: {eq: "nobody"}}'
    data, asked = await costs.of(page(f"filter: {{{nobody}}}", "nodes { name } totalCount"))
    assert data["assets"] == {"nodes": [], "totalCount": 0}
    assert counted(asked) == FAR[DEPARTMENT]
    data, _ = await costs.of(page(f"filter: {{not: {{{nobody}}}}}"))
    assert data["assets"]["nodes"]
