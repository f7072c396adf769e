"""What lists cost in statements: one per source, two rounds for what is filtered along an edge, nothing a third time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.demo import environment, prepare
from gateway.demo.federation import PARTNERS
from resolvers import semi_join
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
        self._gateway = gateway
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
        data = await self._gateway.data(query, partner=partner, scopes=("read", "read:personal"))
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
            await found.of("{ assets { nodes { id site { id } custodian { id } coverages { nodes { id } } } } }", partner)
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
    query = '{ assets(filter: {partner: {eq: "city"}}, first: 1000) { nodes { kind site { assets { nodes { kind } } } } } }'
    data, asked = await costs.of(query, "city")
    assert {"ROOM", "BICYCLE"} <= {node["kind"] for node in data["assets"]["nodes"]}
    assert set(counted(asked).values()) == {1}
    assert {found.access for found in asked} == {"Listing", "Lookup", "Children"}


async def test_an_identifier_is_one_statement_per_source(costs: Costs) -> None:
    for scheme in ("INVENTORY_NO", "SERIAL"):  # of one table of a source, and of several
        _, asked = await costs.of(f'{{ assetBy(scheme: {scheme}, value: "zz 1") {{ nodes {{ name }} }} }}')
        assert set(counted(asked).values()) == {1}
        assert {found.source for found in asked} == ASSETS
