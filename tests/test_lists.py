"""The law of lists: the pages of a list over many partners, put together, are one sorted whole, read either way."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import Meaning, Order, listed
from tests.rows import Row
from tests.servers import Server
from tests.stocks import AGREEMENTS, ASSETS, COVERAGES, MOMENTS, SOME, STOCKS, VIEWER
from tests.taking import taking
from tests.worlds import World, federation, fillings, law, tagged

FIELDS = {
    "assets": ("NAME", "KIND", "STATUS", "UPDATED_AT", "ODOMETER_KM", "PARTNER"),
    "coverages": ("KIND", "START", "END", "PARTNER"),
}
SHOWN = {
    "assets": "id name kind status odometerKm updatedAt tag: description description partner { code }"
    " provenance { localId }",
    "coverages": "id kind start end tag: label label partner { code }",
}
Node = dict[str, Any]


def orders(field: str) -> st.SearchStrategy[Order]:
    """Up to three sort keys of a list."""
    return st.lists(st.tuples(st.sampled_from(FIELDS[field]), st.booleans()), max_size=3)


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    folder = tmp_path_factory.mktemp("lists")
    async with federation("lists", STOCKS, AGREEMENTS, servers, folder, lined="alder") as found:
        yield found


@dataclass(frozen=True)
class List:
    """A list in one order: of all partners, or of one; at: only what holds then; wanted: only what passes a filter."""

    world: World
    order: Order = ()
    partner: str | None = None
    field: str = "assets"
    at: datetime | None = None
    wanted: Mapping[str, Any] | None = None

    async def page(self, **window: Any) -> dict[str, Any]:
        """One page, which has no errors and in which `nodes` and `edges` say the same."""
        entity = {"assets": "Asset", "coverages": "Coverage"}[self.field]
        declared = f"$order: [{entity}Order!], $first: Int, $after: String, $last: Int, $before: String"
        given = "orderBy: $order, first: $first, after: $after, last: $last, before: $before"
        if self.wanted is not None:
            declared += f", $wanted: {entity}Filter"
            given += ", filter: $wanted"
            window["wanted"] = self.wanted
        if self.at is not None:
            given += f', at: "{self.at.isoformat()}"'
        text = f"""{self.field}({given}) {{
            edges {{ cursor node {{ id }} }} nodes {{ {SHOWN[self.field]} }} totalCount
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
            partial missing {{ partner {{ code }} source code }}
        }}"""
        if self.partner is not None:
            text = f'partner(code: "{self.partner}") {{ {text} }}'
        order = [{"field": field, "direction": "DESC" if down else "ASC"} for field, down in self.order]
        data = await self.world.gateway.data(
            f"query Q({declared}) {{ {text} }}", {"order": order, **window}, partner=VIEWER
        )
        found = (data if self.partner is None else data["partner"])[self.field]
        edges, info = found["edges"], found["pageInfo"]
        assert [edge["node"]["id"] for edge in edges] == [node["id"] for node in found["nodes"]]
        ends = (edges[0]["cursor"], edges[-1]["cursor"]) if edges else (None, None)
        assert (info["startCursor"], info["endCursor"]) == ends
        page: dict[str, Any] = found
        return page

    async def forwards(self, size: int, total: int) -> list[Node]:
        """Page by page from the start to the end."""
        found: list[Node] = []
        after = None
        while True:
            page = await self.page(first=size, after=after)
            found += page["nodes"]
            assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
            assert (page["totalCount"], page["partial"], page["missing"]) == (total, False, [])
            assert page["pageInfo"]["hasNextPage"] == (len(found) < total), f"after {len(found)} of {total}"
            if not page["pageInfo"]["hasNextPage"]:
                return found
            assert len(page["nodes"]) == size
            after = page["pageInfo"]["endCursor"]

    async def backwards(self, size: int, total: int) -> list[Node]:
        """Page by page from the end to the start, put together in order."""
        found: list[Node] = []
        before = None
        while True:
            page = await self.page(last=size, before=before)
            found = page["nodes"] + found
            assert page["pageInfo"]["hasNextPage"] == (before is not None)
            assert (page["totalCount"], page["partial"], page["missing"]) == (total, False, [])
            assert page["pageInfo"]["hasPreviousPage"] == (len(found) < total), f"after {len(found)} of {total}"
            if not page["pageInfo"]["hasPreviousPage"]:
                return found
            assert len(page["nodes"]) == size
            before = page["pageInfo"]["startCursor"]


def agree(nodes: list[Node], expected: list[Meaning]) -> None:
    """The nodes are those rows, in that order, and say what they mean."""
    assert [node["tag"] for node in nodes] == [meaning.tag for meaning in expected]
    for node, meaning in zip(nodes, expected, strict=True):
        assert meaning.differences(node) == {}, meaning


@law(40)
@given(
    rows=fillings(ASSETS),
    order=orders("assets"),
    size=st.integers(1, 9),
    partner=st.sampled_from([None, None, None, "alder", "birch", "cedar", "dogwood"]),
    places=st.tuples(st.integers(0, 99), st.integers(0, 99)),
)
async def test_pages_are_the_sorted_whole(
    world: World,
    rows: dict[str, list[Row]],
    order: Order,
    size: int,
    partner: str | None,
    places: tuple[int, int],
) -> None:
    expected = listed(await world.fill(rows), order, partner)
    found = List(world, order, partner)
    agree(await found.forwards(size, len(expected)), expected)
    agree(await found.backwards(size, len(expected)), expected)
    if expected:
        after, before = sorted(place % len(expected) for place in places)
        await between(found, expected, after, before, size)


@law(25)
@given(
    rows=fillings(COVERAGES),
    order=orders("coverages"),
    size=st.integers(1, 9),
    at=st.one_of(st.none(), MOMENTS, st.just(datetime(2024, 3, 6, 23, tzinfo=UTC))),
)
async def test_pages_of_what_holds_at_a_moment(
    world: World, rows: dict[str, list[Row]], order: Order, size: int, at: datetime | None
) -> None:
    expected = listed(await world.fill(rows), order, at=at)
    found = List(world, order, field="coverages", at=at)
    agree(await found.forwards(size, len(expected)), expected)
    agree(await found.backwards(size, len(expected)), expected)


async def between(found: List, expected: list[Meaning], after: int, before: int, size: int) -> None:
    """The cursor of any entry is good for the entries after it, those before it, and with another those between."""
    cursors = [edge["cursor"] for edge in (await found.page(first=100))["edges"]]
    inside = expected[after + 1 : before]
    for window, wanted, goes_on, goes_back in (
        (
            {"first": size, "after": cursors[after]},
            expected[after + 1 :][:size],
            len(expected) > after + 1 + size,
            True,
        ),
        ({"last": size, "before": cursors[before]}, expected[:before][-size:], True, before > size),
        ({"first": size, "after": cursors[after], "before": cursors[before]}, inside[:size], True, True),
        ({"last": size, "after": cursors[after], "before": cursors[before]}, inside[-size:], True, True),
    ):
        page = await found.page(**window)
        agree(page["nodes"], wanted)
        info = page["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (goes_on, goes_back), window
        assert page["totalCount"] == len(expected)


# odd values ----------------------------------------------------------------------------------------------------------


async def test_names_that_differ_late_or_are_no_text(world: World) -> None:
    long = "\u00e9" * 2000
    rows = SOME | {
        "birch.tools": [{"ref": key, "maker": None, "model": None} for key in "abc"],
        "birch.cars": [{"id": key, "label": long[:120] + end} for key, end in ((1, "c"), (2, "a"), (3, "b"))],
    }
    await world.fill(tagged(rows))
    mariadb, sqlite = world.databases["mariadb"], world.databases["sqlite"]
    await mariadb.run("alter table birch_tools modify maker text")
    await sqlite.run("update cedar_rooms set label = cast(x'ff41' as text) where id = 'a'")
    try:
        for key, end in (("a", "z"), ("b", "x"), ("c", "y")):
            await mariadb.run(f"update birch_tools set maker = '{long}{end}' where ref = '{key}'")
        await world.gateway.reload()
        for order in ([("NAME", False)], [("NAME", True)]):
            nodes = await List(world, order).forwards(1, 12)
            names = [node["name"] for node in nodes]
            assert names == sorted(names, reverse=order[0][1])
            assert nodes == await List(world, order).backwards(2, 12)
        assert {"a", "x", *(long + end for end in "xyz")} <= set(names)
    finally:
        await mariadb.run("delete from birch_tools", "alter table birch_tools modify maker varchar(100)")


# rows that come and go ------------------------------------------------------------------------------------------------

LATE, EARLY = "comes after the first page", "goes after the first page"
FATES = st.sampled_from(["stays", "stays", "stays", LATE, EARLY, "goes after the second page"])


@law(25)
@given(
    rows=fillings(ASSETS),
    fates=st.lists(FATES, min_size=45, max_size=45),
    order=orders("assets"),
    size=st.integers(1, 6),
    backward=st.booleans(),
    sorts=st.booleans(),
)
async def test_rows_that_stay_are_neither_skipped_nor_doubled(
    world: World, rows: dict[str, list[Row]], fates: list[str], order: Order, size: int, backward: bool, sorts: bool
) -> None:
    fate = dict(zip((row["tag"] for stock in ASSETS for row in rows[stock.id]), fates, strict=False))
    first = {name: [row for row in found if fate[row["tag"]] != LATE] for name, found in rows.items()}
    began = await world.fill(first)
    found: list[Node] = []
    window: dict[str, Any] = {"last" if backward else "first": size}
    for number in range(100):
        with taking(conditions=True, orders=sorts):  # what stays, stays, whoever sorts
            page = await List(world, order).page(**window)
        found = page["nodes"] + found if backward else found + page["nodes"]
        if not page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]:
            break
        window["before" if backward else "after"] = page["pageInfo"]["startCursor" if backward else "endCursor"]
        if number == 0:
            await world.add({name: [row for row in every if fate[row["tag"]] == LATE] for name, every in rows.items()})
        if number < 2:
            gone = EARLY if number == 0 else "goes after the second page"
            await world.remove([tag for tag, how in fate.items() if how == gone])
    stayed = {name: [row for row in every if fate[row["tag"]] == "stays"] for name, every in began.items()}
    expected = [meaning.tag for meaning in listed(stayed, order)]
    seen = [node["tag"] for node in found]
    assert len(set(seen)) == len(seen)
    assert [tag for tag in seen if tag in set(expected)] == expected


# cursors -------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def some(world: World) -> World:
    """The federation with a few rows."""
    await world.fill(SOME)
    return world


async def refused(world: World, calls: list[str], viewer: str = VIEWER) -> None:
    """Every call of a list is answered with null and BAD_USER_INPUT, a few in one request."""
    for start in range(0, len(calls), 15):
        part = calls[start : start + 15]
        text = " ".join(f"a{n}: {call} {{ nodes {{ id }} }}" for n, call in enumerate(part))
        answer = await world.gateway.ask(f"{{ {text} }}", partner=viewer)
        assert answer["data"] == {f"a{n}": None for n in range(len(part))}, part
        codes = [error["extensions"]["code"] for error in answer["errors"]]
        assert codes == ["BAD_USER_INPUT"] * len(part)


async def test_a_cursor_that_was_touched_is_refused(some: World) -> None:
    cursor = (await List(some).page(first=4))["pageInfo"]["endCursor"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    flipped = [raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :] for at in range(len(raw))]
    touched = [base64.urlsafe_b64encode(found).rstrip(b"=").decode() for found in (*flipped, raw + b"a", raw[1:])]
    touched += [cursor[:length] for length in (*range(0, len(cursor), 7), len(cursor) - 1)]
    touched += [cursor + more for more in ("A", "=", " ", "\n", "😀")] + [" " + cursor, "x", "-" * 3000]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    touched += [cursor[:-1] + other for other in last if other != cursor[-1]]
    await refused(some, [f"assets(first: 1, after: {json.dumps(text)})" for text in touched])


async def test_a_cursor_is_good_for_its_own_list_order_and_caller_only(some: World) -> None:
    mine = json.dumps((await List(some).page(first=4))["pageInfo"]["endCursor"])
    named = json.dumps((await List(some, [("NAME", False)]).page(first=4))["pageInfo"]["endCursor"])
    node = json.dumps((await List(some).page(first=1))["nodes"][0]["id"])
    await refused(
        some,
        [
            f"assets(first: 2, after: {named})",
            f"assets(first: 2, before: {named})",
            f"assets(first: 2, after: {node})",
            f"assets(first: 2, after: {named}, orderBy: [{{field: NAME, direction: DESC}}])",
            f"assets(first: 2, after: {named}, orderBy: [{{field: NAME}}, {{field: KIND}}])",
            f"assets(first: 2, after: {mine}, orderBy: [{{field: NAME}}])",
            f"coverages(first: 2, after: {mine})",
            f"people(first: 2, after: {mine})",
        ],
    )
    await refused(some, [f"assets(first: 2, after: {mine})"], viewer="birch")
    answer = await some.gateway.ask(
        f'{{ partner(code: "alder") {{ assets(first: 2, after: {mine}) {{ nodes {{ id }} }} }} }}', partner=VIEWER
    )
    assert answer["data"] == {"partner": {"assets": None}}
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


# a source that is missing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backward", [False, True])
async def test_a_source_that_was_missing_stays_named_when_it_is_back(some: World, backward: bool) -> None:
    size, bound, cursor = ("last", "before", "startCursor") if backward else ("first", "after", "endCursor")
    await some.line.cut()
    try:
        page = await List(some).page(**{size: 2})
    finally:
        await some.line.open()
    missing = [{"partner": {"code": "alder"}, "source": "postgres", "code": "SOURCE_UNAVAILABLE"}]
    assert [node["tag"] for node in page["nodes"]] == (
        ["cedar.rooms.a", "cedar.rooms.b"] if backward else ["birch.cars.1", "birch.cars.2"]
    )
    pages = [page]
    while page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]:
        page = await List(some).page(**{size: 2, bound: page["pageInfo"][cursor]})
        pages.append(page)
    assert len(pages) > 2
    for page in pages:
        assert (page["missing"], page["partial"], page["totalCount"]) == (missing, True, None)
    seen = [node["tag"] for page in pages for node in page["nodes"]]
    # What comes after the place where it was missing is found again; forwards alder's rows would have been before.
    assert sorted(seen) == sorted(
        row["tag"] for name, rows in SOME.items() for row in rows if backward or "alder" not in name
    )
    whole = await List(some).page(first=50)
    assert (whole["missing"], whole["partial"], whole["totalCount"]) == ([], False, 9)


async def test_a_table_that_is_gone_leaves_out_its_source_and_no_other(some: World) -> None:
    mariadb = some.databases["mariadb"]
    await mariadb.run("rename table birch_cars to birch_gone")
    try:
        page = await List(some, [("NAME", True)]).page(first=50)
    finally:
        await mariadb.run("rename table birch_gone to birch_cars")
    assert page["missing"] == [{"partner": {"code": "birch"}, "source": "mariadb", "code": "SOURCE_SCHEMA_DRIFT"}]
    assert {node["partner"]["code"] for node in page["nodes"]} == {"alder", "cedar"}
    page = await List(some, [("NAME", True)]).page(first=50)
    assert (page["missing"], page["totalCount"], len(page["nodes"])) == ([], 9, 9)
