"""A statement joins what somebody reads and nothing else, for the rows of its page, and says each thing once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

HOMES = {"ash": "postgres", "birch": "mariadb", "fir": "sqlite"}
IDS = st.integers(1, 6)
WORDS = st.sampled_from(["a", "b", "B", None])
JOINS = """
join.maker = {{ table = "{p}_makers", on = {{ id = "maker" }} }}
join.land = {{ table = "{p}_makers", on = {{ id = "maker.land" }} }}
join.latest = {{ table = "{p}_notes", on = {{ thing = "id" }}, key = "id", pick = "latest" }}
join.all = {{ table = "{p}_notes", on = {{ thing = "id" }} }}
join.said = {{ table = "{p}_notes", on = {{ thing = "id" }}, key = "id", pivot = {{ {pivot} }} }}
"""
PIVOT = 'key = "code", value = "word", columns = { plate = 3, vin = 4 }'
FIELDS = """
name = { coalesce = ["land.word", "tag"] }
manufacturer = "maker.word"
model = "land.word"
sourceStatus = "latest.word"
sourceKind = "all.word"
bookingUrl = { column = "tag", null = ["?", "-", "n/a", "N/C", "0", "x", "y", "z"] }
status = { when = [{ if = { "said.plate" = { isNull = false } }, is = "IN_USE" }] }
"""
READ = {  # what of an asset is asked for -> what its statement joins
    "description": set(),
    "bookingUrl": set(),
    "manufacturer": {"maker"},
    "model": {"maker", "land"},
    "sourceStatus": {"latest"},
    "sourceKind": {"all"},
    "status": {"said.plate"},
}
JOINED = re.compile(r'JOIN \w+ AS ["`]?j_([\w.]+)"?')


def _stocks(partner: str, home: str) -> tuple[Stock, ...]:
    word = "word varchar(9)"
    return (
        Stock(
            partner,
            "things",
            home,
            "id integer primary key, maker integer",
            ("id",),
            {"id": IDS, "maker": st.none() | IDS},
            FIELDS,
            JOINS.format(p=partner, pivot=PIVOT),
        ),
        Stock(
            partner,
            "makers",
            home,
            f"id integer primary key, land integer, {word}",
            ("id",),
            {"id": IDS, "land": st.none() | IDS, "word": WORDS},
            entity="",
        ),
        Stock(
            partner,
            "notes",
            home,
            f"id integer primary key, thing integer, code integer, {word}",
            ("id",),
            {"id": IDS, "thing": IDS, "code": st.sampled_from([3, 4, 5]), "word": WORDS},
            entity="",
        ),
        Stock(
            partner,
            "covers",
            home,
            "id integer primary key, thing integer",
            ("id",),
            {"id": IDS, "thing": IDS},
            'kind = { const = "FIRE" }\nunparsedTerms = "of.tag"\n'
            'insuredAssets = { scope = { const = "LISTED" }, listed = [{ key = "thing", to = "things" }] }',
            f'join.of = {{ table = "{partner}_things", on = {{ id = "thing" }} }}',
            entity="Coverage",
        ),
    )


STOCKS = tuple(stock for partner, home in HOMES.items() for stock in _stocks(partner, home))


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("lean_statements", STOCKS, {}, servers, tmp_path_factory.mktemp("lean_statements")) as found:
        yield found


async def asked(world: World, partner: str, query: str) -> tuple[Any, list[tuple[str, set[str]]]]:
    """The data, and of each call with a statement its kind and what its statement joins."""
    world.gateway.calls.clear()
    data = await world.gateway.data(query, partner=partner)
    told = [(f"{call.access} {call.entity}", set(JOINED.findall(call.statement))) for call in world.gateway.calls]
    return data, [(access, joins) for access, joins in told if not access.startswith(("Accept", "Shape"))]


@pytest.mark.parametrize("partner", HOMES)
async def test_what_nobody_reads_is_not_joined(world: World, partner: str) -> None:
    note = {"id": 1, "thing": 1, "code": 3, "word": "a"}
    thing, maker = {"id": 1, "maker": 1}, {"id": 1, "land": 1, "word": "a"}
    rows = {"things": thing, "makers": maker, "notes": note, "covers": {"id": 1, "thing": 1}}
    await world.fill({f"{partner}.{name}": [{**row, "tag": name}] for name, row in rows.items()})
    for field, joins in READ.items():
        data, calls = await asked(world, partner, f"{{ assets {{ nodes {{ id {field} }} }} }}")
        assert calls == [("Listing Asset", joins)], field
        key = data["assets"]["nodes"][0]["id"]
        found, calls = await asked(world, partner, f'{{ node(id: "{key}") {{ ... on Asset {{ {field} }} }} }}')
        assert calls == [("Lookup Asset", joins)], field
        assert found["node"][field] == data["assets"]["nodes"][0][field] is not None
    _, calls = await asked(world, partner, "{ assets(orderBy: {field: NAME}) { nodes { description } } }")
    assert calls == [("Listing Asset", {"maker", "land"})]
    # What a condition reads is joined where it counts, too; and of a pivot, no other columns.
    for wanted, joins in (("", set()), ('filter: {model: {eq: "a"}}', {"maker", "land"})):
        _, calls = await asked(world, partner, f"{{ assets(first: 1 {wanted}) {{ totalCount nodes {{ id }} }} }}")
        assert {found for _, joined in calls for found in joined} == joins
    # Rows that lead to a record are joined with no more than rows of a list.
    for fields, joins in (("label", set()), ("unparsedTerms", {"of"})):
        query = f"{{ assets {{ nodes {{ coverages(first: 5) {{ nodes {{ {fields} }} }} }} }} }}"
        data, calls = await asked(world, partner, query)
        assert calls == [("Listing Asset", set()), ("Children Coverage", joins)]
        assert len(data["assets"]["nodes"][0]["coverages"]["nodes"]) == 1
    # Issues are those of all fields; the join that can double a row is there, so that the answer tells of it.
    _, calls = await asked(world, partner, "{ assets { nodes { provenance { issues { code } } } } }")
    assert calls[0][1] == set().union(*READ.values())


async def test_what_stands_for_nothing_is_said_once(world: World) -> None:
    for partner in HOMES:
        world.gateway.calls.clear()
        await world.gateway.data("{ assets(filter: {kind: {eq: VAN}}) { nodes { bookingUrl } } }", partner=partner)
        assert [len(call.statement) < 1_000 for call in world.gateway.calls if call.statement] == [True]


def shown(thing: Row, makers: list[Row], notes: list[Row]) -> dict[str, Any]:
    by_key = {maker["id"]: maker for maker in makers}
    maker = by_key.get(thing["maker"], {})
    land = by_key.get(maker.get("land"), {})
    mine = sorted((note for note in notes if note["thing"] == thing["id"]), key=lambda note: note["id"])
    plates = [note["word"] for note in mine if note["code"] == 3]
    return {
        "description": thing["tag"],
        "bookingUrl": thing["tag"],
        "manufacturer": maker.get("word"),
        "model": land.get("word"),
        "sourceStatus": mine[-1]["word"] if mine else None,
        "status": "IN_USE" if plates and plates[0] is not None else None,
        "name": land.get("word") or thing["tag"],
    }


@law(30)
@given(rows=fillings(STOCKS, 8), fields=st.sets(st.sampled_from(sorted({*READ, "name"} - {"sourceKind"})), min_size=1))
async def test_each_selection_is_of_the_same_rows(world: World, rows: dict[str, list[Row]], fields: set[str]) -> None:
    held = await world.fill(rows)
    for partner in HOMES:
        things, makers, notes = (held[f"{partner}.{name}"] for name in ("things", "makers", "notes"))
        wanted = [shown(thing, makers, notes) for thing in things]
        named = sorted(range(len(things)), key=lambda index: (wanted[index]["name"], things[index]["id"]))
        for options, order, holds in (
            ("", range(len(things)), lambda _: True),
            (", orderBy: {field: NAME}", named, lambda _: True),
            (
                ', filter: {manufacturer: {in: ["a", "B"]}}',
                range(len(things)),
                lambda a: a["manufacturer"] in ("a", "B"),
            ),
            (", orderBy: {field: NAME}, filter: {status: {eq: IN_USE}}", named, lambda a: a["status"] == "IN_USE"),
        ):
            rows_ = [wanted[index] for index in order if holds(wanted[index])]
            for extra in ("", "sourceKind"):  # which matches several rows
                assert await paged(world, partner, options, fields, extra) == [
                    {field: row[field] for field in sorted(fields)} for row in rows_
                ], (partner, options, extra)


@law(30)
@given(rows=fillings(STOCKS, 8))
async def test_each_parent_has_its_first_rows(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    for partner in HOMES:
        query = "{ assets(first: 100) { nodes { description coverages(first: 2) { nodes { label unparsedTerms } } } } }"
        found = (await world.gateway.data(query, partner=partner))["assets"]["nodes"]
        covers = held[f"{partner}.covers"]
        for node, thing in zip(found, held[f"{partner}.things"], strict=True):
            mine = [cover["tag"] for cover in covers if cover["thing"] == thing["id"]]
            wanted = [{"label": tag, "unparsedTerms": [thing["tag"]]} for tag in mine[:2]]
            assert (node["description"], node["coverages"]["nodes"]) == (thing["tag"], wanted)


async def paged(world: World, partner: str, options: str, fields: set[str], extra: str) -> list[dict[str, Any]]:
    """A whole list, page by page."""
    found: list[dict[str, Any]] = []
    cursor, more = None, True
    while more:
        query = f"""query Q($after: String) {{ assets(first: 2, after: $after {options}) {{
          totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {" ".join(sorted(fields))} {extra} }}
        }} }}"""
        page = (await world.gateway.data(query, {"after": cursor}, partner=partner))["assets"]
        found += [{field: node[field] for field in sorted(fields)} for node in page["nodes"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert page["totalCount"] == len(found)
    return found
