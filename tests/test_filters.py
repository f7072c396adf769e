"""The law of filters: a filtered list over many partners is the filtered whole, paged and counted alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers import residual
from tests.filters import Filter, concerns, filters, passes
from tests.reference import Meaning, Order, listed
from tests.rows import Row
from tests.servers import Server
from tests.stocks import AGREEMENTS, ASSETS, COVERAGES, SOME, STOCKS, VIEWER
from tests.taking import taking
from tests.test_lists import List, agree, orders
from tests.worlds import World, federation, fillings, law, tagged


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    folder = tmp_path_factory.mktemp("filters")
    async with federation("filters", STOCKS, AGREEMENTS, servers, folder, lined="alder") as found:
        yield found


@law(100)
@given(
    rows=fillings(ASSETS),
    wanted=filters("assets"),
    order=orders("assets"),
    size=st.integers(1, 9),
    backward=st.booleans(),
    partner=st.sampled_from([None, None, None, "alder", "birch", "cedar", "dogwood"]),
    conditions=st.sampled_from([True, True, False]),
    sorts=st.sampled_from([True, True, False]),
)
async def test_a_filtered_list_is_the_filtered_whole(
    world: World,
    rows: dict[str, list[Row]],
    wanted: Filter,
    order: Order,
    size: int,
    backward: bool,
    partner: str | None,
    conditions: bool,
    sorts: bool,
) -> None:
    whole = listed(await world.fill(rows), order, partner)
    expected = [meaning for meaning in whole if passes(wanted, meaning)]
    found = List(world, order, partner, wanted=wanted)
    walk = found.backwards if backward else found.forwards
    with taking(conditions, sorts):
        agree(await walk(size, len(expected)), expected)


@law(40)
@given(rows=fillings(COVERAGES), wanted=filters("coverages"), order=orders("coverages"), size=st.integers(1, 9))
async def test_periods_are_filtered_as_they_read(
    world: World, rows: dict[str, list[Row]], wanted: Filter, order: Order, size: int
) -> None:
    expected = [meaning for meaning in listed(await world.fill(rows), order) if passes(wanted, meaning)]
    agree(await List(world, order, field="coverages", wanted=wanted).forwards(size, len(expected)), expected)


@law(15)
@given(rows=fillings(ASSETS), wanted=filters("assets"), order=orders("assets"))
async def test_with_a_source_cut_off_it_is_the_same_without_its_rows(
    world: World, rows: dict[str, list[Row]], wanted: Filter, order: Order
) -> None:
    held = await world.fill(rows)
    whole: list[Meaning] = listed({name: found for name, found in held.items() if not name.startswith("alder.")}, order)
    expected = [meaning for meaning in whole if passes(wanted, meaning)]
    await world.line.cut()
    try:
        page: dict[str, Any] = await List(world, order, wanted=wanted).page(first=1000)
    finally:
        await world.line.open()
    agree(page["nodes"], expected)
    missing = [{"partner": {"code": "alder"}, "source": "postgres", "code": "SOURCE_UNAVAILABLE"}]
    asked = concerns(wanted, "alder")  # who cannot be meant is not asked, so that it is not missing either
    assert page["missing"] == (missing if asked else [])
    assert (page["partial"], page["totalCount"]) == (asked, None if asked else len(expected))


async def test_codes_are_compared_with_the_column_itself_so_that_an_index_serves(world: World) -> None:
    await world.fill(SOME)
    world.gateway.calls.clear()
    await List(world, wanted={"kind": {"in": ["VAN", "TRUCK"]}}).page(first=5)
    asked = {call.source: call.statement for call in world.gateway.calls if call.access == "Listing"}
    for source in ("alder.postgres", "birch.mariadb", "cedar.sqlite"):
        assert "kind IN (" in asked[source], asked[source]


@law(60)
@given(
    rows=fillings(ASSETS, 9),
    wanted=filters("assets"),
    order=orders("assets"),
    size=st.integers(1, 4),
    backward=st.booleans(),
    sorts=st.booleans(),
)
async def test_over_the_bound_it_is_an_error_and_never_a_wrong_page(
    world: World, rows: dict[str, list[Row]], wanted: Filter, order: Order, size: int, backward: bool, sorts: bool
) -> None:
    expected = [meaning for meaning in listed(await world.fill(rows), order) if passes(wanted, meaning)]
    asked = {
        "wanted": wanted,
        "size": size,
        "order": [{"field": f, "direction": "DESC" if d else "ASC"} for f, d in order],
    }
    text = (
        "query Q($wanted: AssetFilter, $size: Int, $order: [AssetOrder!]) { assets(filter: $wanted, orderBy: $order, "
        + ("last: $size" if backward else "first: $size")
        + ") { nodes { tag: description } pageInfo { hasNextPage hasPreviousPage } } }"
    )
    with taking(conditions=False, orders=sorts), patch.object(residual, "ROWS_MOST", 3):
        answer = await world.gateway.ask(text, asked, partner=VIEWER)
    if "errors" in answer:
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"FILTER_TOO_WIDE", "LIST_TOO_WIDE"}, answer
        return
    page = answer["data"]["assets"]
    part = expected[-size:] if backward else expected[:size]
    assert [node["tag"] for node in page["nodes"]] == [meaning.tag for meaning in part]
    assert page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"] == (len(expected) > size)


async def test_what_was_not_read_may_stand_between_what_was(world: World) -> None:
    bikes = [{"id": n, "label": name, "kind": kind} for n, (name, kind) in enumerate(["aC", "bC", "cC", "dV", "eV"])]
    vans = [{"depot": "x", "no": n, "label": name, "kind": 1} for n, name in enumerate("fg")]
    await world.fill(tagged(SOME | {"alder.bikes": bikes, "alder.vans": vans}))
    found = List(world, [("NAME", False)], partner="alder", wanted={"kind": {"eq": "VAN"}})
    with taking(conditions=False, orders=True), patch.object(residual, "ROWS_MOST", 3):
        with pytest.raises(AssertionError, match="FILTER_TOO_WIDE"):
            await found.page(first=2)  # one of the bikes that were not read stands between the last that was and a van
        assert [node["name"] for node in (await found.page(last=1))["nodes"]] == ["g"]
