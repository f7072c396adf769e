"""The law of edges: by keys, by identifiers and through link tables they lead where a join in plain Python leads."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.edge_stocks import AGREEMENTS, STOCKS, VIEWER
from tests.links import Links, Record, only
from tests.rows import Row
from tests.servers import Server
from tests.worlds import World, federation, fillings, law

Node = dict[str, Any]
Lead = Callable[[Record], Sequence[Record]]
PAGE = "{ nodes { id } edges { cursor node { id } } totalCount partial pageInfo { hasNextPage hasPreviousPage } }"
ROWS = fillings(STOCKS, 9)
HOURS = (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 11))  # noqa: DTZ001 - as the source's clock shows them
PERIOD = 'start: "2026-03-02T09:00:00+01:00", end: "2026-03-02T11:00:00+01:00"'
SIZES = st.integers(1, 4)
OWNERS = {"A": ("ash.staff",), "B": ("birch.people",)}


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("edges", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("edges")) as found:
        yield found


def record(node: Node | None) -> Record | None:
    """The record that an id names: ids are "Entity.partner.mapping:key"."""
    if node is None:
        return None
    text = base64.urlsafe_b64decode(node["id"] + "==").decode()
    return text.partition(".")[2]


async def parents(world: World, field: str, text: str, first: int = 1000) -> dict[Record, Node]:
    """Every record of a list, with some fields."""
    found = (await world.gateway.data(f"{{ {field}(first: {first}) {{ nodes {{ id {text} }} }} }}", partner=VIEWER))[
        field
    ]
    return {str(record(node)): node for node in found["nodes"]}


async def many(world: World, field: str, edge: str, leads: Lead, size: int, arguments: str = "") -> None:
    """An edge of every record of a list leads where it must, page by page. edge: dotted where it is inside a part."""
    *outer, last = edge.split(".")

    def text(window: str) -> str:
        inner = f"{last}({window} {arguments}) {PAGE}"
        return "".join(f"{part} {{ " for part in outer) + inner + " }" * len(outer)

    for parent, node in (await parents(world, field, text(f"first: {size}"))).items():
        expected = list(leads(parent))
        cursor = check(page_of(node, edge), expected[:size], len(expected), size < len(expected), False)
        entity = str(base64.urlsafe_b64decode(node["id"] + "==").partition(b".")[0], "ascii")
        inner = text("first: $first, after: $after")
        query = (
            f"query Q($id: ID!, $first: Int, $after: String) {{ node(id: $id) {{ ... on {entity} {{ {inner} }} }} }}"
        )
        for start in range(size, len(expected), size):
            given = {"id": node["id"], "first": size, "after": cursor}
            later = page_of((await world.gateway.data(query, given, partner=VIEWER))["node"], edge)
            part = expected[start : start + size]
            cursor = check(later, part, len(expected), start + size < len(expected), True)


def page_of(node: Node, edge: str) -> Node:
    for name in edge.split("."):
        node = node[name]
    return node


def check(page: Node, part: Sequence[Record], total: int, goes_on: bool, goes_back: bool) -> str:
    """A page holds what it must; the cursor of its last entry."""
    assert [record(node) for node in page["nodes"]] == part
    assert [record(edge["node"]) for edge in page["edges"]] == part
    assert (page["totalCount"], page["partial"]) == (total, False)
    assert page["pageInfo"] == {"hasNextPage": goes_on, "hasPreviousPage": goes_back}
    return page["edges"][-1]["cursor"] if page["edges"] else ""


@law(25)
@given(rows=ROWS, size=SIZES, down=st.sampled_from([None, False, True]))
async def test_coverages_and_what_they_list(
    world: World, rows: dict[str, list[Row]], size: int, down: bool | None
) -> None:
    links = Links(await world.fill(rows))
    await many(world, "coverages", "insuredAssets.listed", links.insured, size)
    order = "" if down is None else f"orderBy: [{{field: KIND, direction: {'DESC' if down else 'ASC'}}}]"
    by_kind = {"by_kind": down is not None, "down": bool(down)}
    await many(world, "assets", "coverages", lambda thing: links.sort(links.coverages(thing), **by_kind), size, order)


@law(20)
@given(rows=ROWS, size=SIZES)
async def test_edges_to_many(world: World, rows: dict[str, list[Row]], size: int) -> None:
    links = Links(await world.fill(rows))

    def belong(site: Record) -> Sequence[Record]:
        return [r for r in links.of("ash.vans", "ash.tools") if site == f"ash.depots:{links.rows[r]['site']}"]

    def cover(policy: Record) -> Sequence[Record]:
        return [r for r in links.of("fir.covers") if policy == f"fir.policies:{links.rows[r]['contract']}"]

    await many(world, "people", "assets", links.entrusted, size)
    await many(world, "sites", "assets", belong, size)
    await many(world, "policies", "coverages", cover, size)
    await many(world, "assets", "bookings", lambda thing: links.booked(thing, *HOURS), size, PERIOD)


@law(10)
@given(rows=ROWS)
async def test_edges_of_a_record_that_stands_in_several_places(world: World, rows: dict[str, list[Row]]) -> None:
    links = Links(await world.fill(rows))
    inner = f"coverages(first: 25) {PAGE} bookings(first: 25, {PERIOD}) {PAGE} custodian {{ id }}"
    covers = await parents(
        world, "coverages", f"insuredAssets {{ listed(first: 50) {{ nodes {{ id {inner} }} }} }}", 30
    )
    for cover, node in covers.items():
        things = {str(record(thing)): thing for thing in node["insuredAssets"]["listed"]["nodes"]}
        assert list(things) == links.insured(cover)
        for thing, found in things.items():
            for edge, expected in (("coverages", links.coverages(thing)), ("bookings", links.booked(thing, *HOURS))):
                check(found[edge], expected, len(expected), False, False)
            assert record(found["custodian"]) == links.custodian(thing)


@law(15)
@given(rows=ROWS)
async def test_edges_to_one(world: World, rows: dict[str, list[Row]]) -> None:
    links = Links(await world.fill(rows))
    things = await parents(world, "assets", "custodian { id } site { id } partOf { id }")
    assert sorted(things) == sorted(links.of("ash.vans", "ash.tools", "birch.cars"))
    for thing, node in things.items():
        site = only(links.there("ash.depots", links.rows[thing].get("site")))
        found = tuple(record(node[name]) for name in ("custodian", "site", "partOf"))
        assert found == (links.custodian(thing), site, links.whole(thing)), thing
    for cover, node in (await parents(world, "coverages", "policy { id }")).items():
        assert record(node["policy"]) == only(links.there("fir.policies", links.rows[cover].get("contract")))
    for loan, node in (await parents(world, "bookings", "asset { id } bookedFor { id }")).items():
        row = links.rows[loan]
        driver = only(links.known(links.staff_number(row["who"]), *OWNERS.get(row["whose"], ())))
        assert (record(node["asset"]), record(node["bookedFor"])) == (
            only(links.there("birch.cars", row["car"])),
            driver,
        )


@law(8)
@given(rows=ROWS, size=SIZES)
async def test_an_edge_backwards(world: World, rows: dict[str, list[Row]], size: int) -> None:
    links = Links(await world.fill(rows))
    query = """query Q($id: ID!, $last: Int, $before: String) { node(id: $id) { ... on Site {
      assets(last: $last, before: $before) {
        nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor }
      }
    } } }"""
    for site, node in (await parents(world, "sites", "")).items():
        expected = [r for r in links.of("ash.vans", "ash.tools") if site == f"ash.depots:{links.rows[r]['site']}"]
        found: list[Record | None] = []
        given = {"id": node["id"], "last": size, "before": None}
        while True:
            page = (await world.gateway.data(query, given, partner=VIEWER))["node"]["assets"]
            found = [record(node) for node in page["nodes"]] + found
            assert page["totalCount"] == len(expected)
            assert page["pageInfo"]["hasNextPage"] == (given["before"] is not None)
            given["before"] = page["pageInfo"]["startCursor"]
            if not page["pageInfo"]["hasPreviousPage"]:
                break
        assert found == expected
