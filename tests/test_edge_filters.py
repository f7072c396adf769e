"""The law of filters along edges: they lead where a join in plain Python leads, also into other partners' sources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers import residual, semi_join
from tests.edge_filters import FILTERS, Judges
from tests.edge_stocks import AGREEMENTS, STOCKS, VIEWER
from tests.filters import Filter
from tests.links import Links
from tests.rows import Row
from tests.servers import Server
from tests.taking import taking
from tests.test_edges import record
from tests.worlds import World, federation, fillings, law

ROWS = fillings(STOCKS, 9)
ENTITIES = {"assets": "Asset", "coverages": "Coverage", "people": "Person"}


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    folder = tmp_path_factory.mktemp("edge_filters")
    async with federation("edge_filters", STOCKS, AGREEMENTS, servers, folder) as found:
        yield found


def asked(field: str) -> str:
    """A page of a filtered list."""
    return f"""query Q($wanted: {ENTITIES[field]}Filter, $size: Int, $after: String) {{
      found: {field}(filter: $wanted, first: $size, after: $after) {{
        nodes {{ id }} totalCount partial pageInfo {{ hasNextPage endCursor }}
      }}
    }}"""


async def walk(world: World, field: str, wanted: Filter, size: int) -> list[str | None]:
    """A filtered list, page by page."""
    found: list[str | None] = []
    given: dict[str, Any] = {"wanted": wanted, "size": size, "after": None}
    totals = set()
    while True:
        page = (await world.gateway.data(asked(field), given, partner=VIEWER))["found"]
        found += [record(node) for node in page["nodes"]]
        totals.add(page["totalCount"])
        assert not page["partial"]
        if not page["pageInfo"]["hasNextPage"]:
            assert totals == {len(found)}
            return found
        given["after"] = page["pageInfo"]["endCursor"]


@law(60)
@given(rows=ROWS, wanted=FILTERS["assets"], size=st.integers(1, 9))
async def test_things(world: World, rows: dict[str, list[Row]], wanted: Filter, size: int) -> None:
    judges = Judges(Links(await world.fill(rows)))
    assert await walk(world, "assets", wanted, size) == judges.passing("assets", wanted)


@law(25)
@given(rows=ROWS, wanted=FILTERS["coverages"], size=st.integers(1, 9))
async def test_coverages(world: World, rows: dict[str, list[Row]], wanted: Filter, size: int) -> None:
    judges = Judges(Links(await world.fill(rows)))
    assert await walk(world, "coverages", wanted, size) == judges.passing("coverages", wanted)


@law(25)
@given(rows=ROWS, wanted=FILTERS["people"], size=st.integers(1, 9))
async def test_people(world: World, rows: dict[str, list[Row]], wanted: Filter, size: int) -> None:
    judges = Judges(Links(await world.fill(rows)))
    assert await walk(world, "people", wanted, size) == judges.passing("people", wanted)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So few keys at once that every edge is asked from its near end."""
    monkeypatch.setattr(semi_join, "KEYS_MOST", 0)
    yield


@law(40)
@given(rows=ROWS, field=st.sampled_from(["assets", "coverages", "people"]), data=st.data())
async def test_from_the_other_end_it_is_the_same(
    world: World, narrow: None, rows: dict[str, list[Row]], field: str, data: st.DataObject
) -> None:
    wanted = data.draw(FILTERS[field])
    judges = Judges(Links(await world.fill(rows)))
    assert await walk(world, field, wanted, 50) == judges.passing(field, wanted)


@law(40)
@given(rows=ROWS, field=st.sampled_from(["assets", "coverages", "people"]), data=st.data())
async def test_where_the_gateway_judges_it_is_the_same(
    world: World, rows: dict[str, list[Row]], field: str, data: st.DataObject
) -> None:
    wanted = data.draw(FILTERS[field])
    judges = Judges(Links(await world.fill(rows)))
    with taking(conditions=False, orders=True):
        assert await walk(world, field, wanted, 50) == judges.passing(field, wanted)


async def test_too_wide_on_both_ends_is_an_error_that_names_the_edge(
    world: World, narrow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semi_join, "ROWS_MOST", 1)
    rows: dict[str, list[Row]] = {stock.id: [] for stock in STOCKS} | {
        "birch.cars": [
            {"id": n, "plate": None, "inv": None, "land": None, "holder": None, "tag": f"birch.cars.{n}"}
            for n in (1, 2, 3)
        ],
        "fir.covers": [{"id": 1, "kind": "FIRE", "contract": None, "plate": "AB", "inv": None, "tag": "fir.covers.1"}],
    }
    await world.fill(rows)
    given_ = {"wanted": {"coverages": {"some": {}}}, "size": 5}
    answer = await world.gateway.ask(asked("assets"), given_, partner=VIEWER)
    assert answer["data"] == {"found": None}
    extensions = answer["errors"][0]["extensions"]
    assert (extensions["code"], extensions["field"]) == ("FILTER_TOO_WIDE", "coverages")


async def test_too_wide_behind_the_few_that_are_left_is_that_error_too(
    world: World, narrow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residual, "ROWS_MOST", 1)
    rows: dict[str, list[Row]] = {stock.id: [] for stock in STOCKS} | {
        "birch.cars": [{"id": 1, "plate": "AB", "inv": None, "land": None, "holder": None, "tag": "birch.cars.1"}],
        "fir.covers": [
            {"id": n, "kind": "FIRE", "contract": None, "plate": "AB", "inv": None, "tag": f"fir.covers.{n}"}
            for n in (1, 2, 3)
        ],
    }
    await world.fill(rows)
    given_ = {"wanted": {"coverages": {"some": {"kind": {"eq": "FIRE"}}}}, "size": 5}
    with taking(conditions=False, orders=True):
        answer = await world.gateway.ask(asked("assets"), given_, partner=VIEWER)
    assert answer["data"] == {"found": None}
    extensions = answer["errors"][0]["extensions"]
    assert (extensions["code"], extensions["field"]) == ("FILTER_TOO_WIDE", "coverages")


@pytest.mark.parametrize(
    ("field", "wanted", "withheld"),
    [
        ("assets", '{custodian: {jobTitle: {eq: "x"}}}', {"Person.jobTitle"}),
        ("assets", '{custodian: {not: {jobTitle: {eq: "x"}}}}', {"Person.jobTitle"}),
        ("assets", "{custodian: {manager: {}}}", set()),  # which nobody holds
        ("people", "{coverages: {some: {}}}", {"Person.coverages"}),
    ],
)
async def test_what_an_edge_of_a_filter_does_not_show_is_told(
    world: World, field: str, wanted: str, withheld: set[str]
) -> None:
    await world.fill({stock.id: [] for stock in STOCKS})
    answer = await world.gateway.ask(f"{{ {field}(filter: {wanted}) {{ partial }} }}", partner=VIEWER)
    told = answer.get("extensions", {}).get("withheld", ())
    assert {(found["partner"], found["field"], found["usedIn"]) for found in told} == {
        ("birch", name, "FILTER") for name in withheld
    }
