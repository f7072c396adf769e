"""The laws of what stands beside a row: picked rows, pivots, lists out of rows and trees, on every engine as in plain
Python."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways import SCOPES
from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

HOMES = {"ash": "postgres", "birch": "mariadb", "fir": "sqlite"}
WORDS = st.sampled_from(["é", "e", "E", "z", "Z", "", " ", "ab", None])
DAYS = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 5))
PARENTS = st.sampled_from([1, 2, 3, None])
IDS = st.integers(1, 8)

NOTES = 'table = "{p}_notes", on = { thing = "id" }'
JOINS = f"""
join.first = {{ {NOTES}, key = "id", pick = "first by word" }}
join.latest = {{ table = "{{p}}_notes", on = {{ "latest.thing" = "id" }}, key = ["id"], pick = "latest by day" }}
join.some = {{ {NOTES}, key = "id", pick = "first", where = {{ code = {{ eq = 3 }} }} }}
join.next = {{ table = "{{p}}_notes", on = {{ thing = "latest.id" }}, key = "id", pick = {{ by = "day" }} }}
join.attrs = {{ {NOTES}, key = "id", pivot = {{ key = "code", value = "word", columns = {{ plate = 3, vin = 4 }} }} }}
"""
NAMES = ("first.id", "latest.id", "some.id", "next.id", "attrs.plate", "attrs.vin")
ATTRIBUTES = ", ".join(f'"{name}" = "{name}"' for name in NAMES)
PLACE = 'join.of = { table = "{p}_places", on = { "of.id" = "code" } }'
WORD = 'column = "word", values = { ab = "AB" }, otherwise = "other"'
TAGS = f"""
tags = [
  {{ rows = {{ {NOTES}, where = {{ code = {{ ne = 4 }} }}, order = ["day", "id"] }}, {WORD} }},
  {{ rows = {{ {NOTES}, {PLACE} }}, template = "{{of.name}}/{{id}}" }},
  {{ rows = {{ table = "{{p}}_places", on = {{ parent = "id" }} }}, const = "PARENT" }},
]
"""

MEMBERS = ", ".join(
    (
        'number = "id"',
        'categories = {{ column = "word", split = "a" }}',
        'validUntil = "day"',
        'suspended = {{ column = "code", values = {{ 3 = true }}, otherwise = false }}',
        'country = {{ column = "of.parent", values = {{ 2 = "DE" }} }}',
    )
)
LICENCES = f"""
licences = [
  {{ number = "own", country = {{ const = "FR" }} }},
  {{ rows = {{ {NOTES}, {PLACE}, order = "day" }}, fields = {{ {MEMBERS.format()} }} }},
]
"""


def _stocks(partner: str, home: str) -> tuple[Stock, ...]:
    bound = "varchar(20) collate utf8mb4_general_ci" if home == "mariadb" else "text"
    return (
        Stock(
            partner,
            "things",
            home,
            "id integer primary key, place varchar(9), whole integer",
            ("id",),
            {"id": IDS, "place": st.none() | st.integers(0, 8).map(str), "whole": st.none() | st.integers(0, 8)},
            'site = { key = "place", null = [0], to = "places" }\npartOf = { key = "whole" }\n'
            f"attributes = {{ {ATTRIBUTES} }}\n{TAGS.replace('{p}', partner)}",
            JOINS.replace("{p}", partner),
        ),
        Stock(
            partner,
            "notes",
            home,
            f"id integer primary key, thing integer, code integer, word {bound}, day date",
            ("id",),
            {"id": IDS, "thing": PARENTS, "code": st.sampled_from([3, 4, None]), "word": WORDS, "day": DAYS},
            entity="",
        ),
        Stock(
            partner,
            "covers",
            home,
            "id integer primary key, a integer, b varchar(9)",
            ("id",),
            {"id": IDS, "a": st.none() | IDS, "b": st.none() | IDS.map(str)},
            'policy = { key = { coalesce = ["a", "b"] } }\nkind = { const = "FIRE" }\n'
            'insuredAssets = { scope = { const = "LISTED" }, listed = ['
            f'{{ table = "{partner}_notes", on = {{ code = "id" }}, where = {{ word = {{ ne = "z" }} }}, '
            f'join.via = {{ table = "{partner}_places", on = {{ "via.id" = "thing" }} }}, key = "via.parent", '
            'if = { a = { gt = 2 } } }, { key = "b", if = { a = { isNull = true }, "own.code" = { ne = 4 } } }] }',
            f'join.own = {{ table = "{partner}_notes", on = {{ "own.id" = "id" }} }}',
            entity="Coverage",
        ),
        Stock(
            partner,
            "people",
            home,
            "id integer primary key, own varchar(9)",
            ("id",),
            {"id": IDS, "own": st.sampled_from(["x", None])},
            LICENCES.replace("{p}", partner),
            entity="Person",
        ),
        Stock(
            partner,
            "spots",
            home,
            f"n integer primary key, spot {bound}, off integer",
            ("spot",),
            {"n": IDS, "spot": WORDS.filter(lambda word: word not in ("", " ")), "off": st.integers(0, 1)},
            "",
            "distinct = true\nwhere = { off = { eq = 0 } }",
            entity="Site",
            order="n",
        ),
        Stock(
            partner,
            "doubled",
            home,
            "id integer primary key",
            ("id",),
            {"id": IDS},
            'number = "id"\nholder = "of.word"',
            f'join.of = {{ table = "{partner}_notes", on = {{ "of.thing" = "id" }} }}',
            entity="Policy",
        ),
        Stock(
            partner,
            "places",
            home,
            f"id integer primary key, parent varchar(9), name {bound}",
            ("id",),
            {"id": IDS, "parent": st.none() | st.integers(1, 8).map(str), "name": WORDS},
            f'path = {{ tree = {{ table = "{partner}_places", key = "id", parent = "parent", name = "name", '
            "depth = 4 } }",
            "where = { name = { isNull = false } }",
            entity="Site",
        ),
    )


STOCKS = tuple(stock for partner, home in HOMES.items() for stock in _stocks(partner, home))
AGREEMENTS: dict[str, str] = {}


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("structures", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("structures")) as found:
        yield found


def picked(rows: list[Row], by: str | None, descending: bool = False) -> Row:
    """The row that a pick takes; one without anything where there is none."""
    if by is not None and any(row[by] is not None for row in rows):
        rows = [row for row in rows if row[by] is not None]
    order = sorted(rows, key=lambda row: (row[by] if by and row[by] is not None else 0, row["id"]), reverse=descending)
    return order[0] if order else dict.fromkeys(("id", "word"))


def expected(thing: Row, notes: list[Row]) -> dict[str, Any] | None:
    def of(owner: Any, code: int | None = None) -> list[Row]:
        mine = [note for note in notes if owner is not None and note["thing"] == owner]
        return [note for note in mine if code in (None, note["code"])]

    latest = picked(of(thing["id"]), "day", True)["id"]
    found = {
        "first.id": picked(of(thing["id"]), "word")["id"],
        "latest.id": latest,
        "some.id": picked(of(thing["id"], 3), None)["id"],
        "next.id": picked(of(latest), "day")["id"],
        "attrs.plate": picked(of(thing["id"], 3), None)["word"],
        "attrs.vin": picked(of(thing["id"], 4), None)["word"],
    }
    return {name: value for name, value in found.items() if value is not None} or None


def listed(thing: Row, notes: list[Row], places: list[Row]) -> list[str]:
    """The tags of a thing."""
    mine = [note for note in notes if note["thing"] == thing["id"]]
    first = [note for note in mine if note["code"] not in (4, None) and note["word"] is not None]
    first.sort(key=lambda note: (note["day"] is None, note["day"] or date.min, note["id"]))
    names = {place["id"]: place["name"] or "" for place in places}
    second = [f"{names.get(note['code'], '')}/{note['id']}".replace("  ", " ").strip(" ") for note in mine]
    parent = ["PARENT"] * any(place["parent"] == str(thing["id"]) for place in places)
    order = sorted(range(len(mine)), key=lambda index: (names.get(mine[index]["code"]) or "", mine[index]["id"]))
    words = ["AB" if note["word"] == "ab" else "other" for note in first]
    return list(dict.fromkeys([*words, *(second[index] for index in order), *parent]))


def way(place: Row, places: list[Row]) -> list[str]:
    """The names of a place's ancestors from the root down, and its own."""
    by_id = {str(other["id"]): other for other in places}
    found: dict[int, str | None] = {}
    node: Row | None = place
    while node is not None and node["id"] not in found and len(found) < 4:
        found[node["id"]] = node["name"]
        node = by_id.get(node["parent"])
    return [name for name in reversed(found.values()) if name is not None and name.strip()]


@law(20)
@given(rows=fillings(STOCKS, 8))
async def test_trees_are_walked_up_to_the_root(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    for partner in HOMES:
        asked = "{ sites(first: 100) { missing { code } nodes { name path } } }"
        found = (await world.gateway.data(asked, partner=partner))["sites"]
        assert found["missing"] == [], [call.detail for call in world.gateway.calls]
        places = held[f"{partner}.places"]
        shown = [place for place in places if place["name"] is not None]
        assert [node["path"] for node in found["nodes"] if node["path"] is not None] == [
            way(place, places) for place in shown
        ]


@law(30)
@given(rows=fillings(STOCKS, 8))
async def test_rows_with_one_key_are_one_record(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    for partner in HOMES:
        places = [place["tag"] for place in held[f"{partner}.places"] if place["name"] is not None]
        firsts: dict[str, str] = {}
        for spot in held[f"{partner}.spots"]:
            if spot["spot"] is not None and not spot["off"]:
                firsts[spot["spot"]] = min(firsts.get(spot["spot"], "~"), spot["tag"])
        asked = "{ sites(first: 100) { totalCount nodes { name provenance { issues { code } } } } }"
        found = (await world.gateway.data(asked, partner=partner))["sites"]
        assert sorted(node["name"] for node in found["nodes"]) == sorted([*places, *firsts.values()])
        assert found["totalCount"] == len(found["nodes"])
        assert all(node["provenance"]["issues"] == [] for node in found["nodes"])

        seen: list[tuple[str, list[str]]] = []
        cursor, more = None, True
        page = """query Q($after: String) { policies(first: 2, after: $after) {
          totalCount pageInfo { hasNextPage endCursor } nodes { number provenance { issues { code } } }
        } }"""
        doubled = held[f"{partner}.doubled"]
        while more:
            told = (await world.gateway.data(page, {"after": cursor}, partner=partner))["policies"]
            seen += [(n["number"], [issue["code"] for issue in n["provenance"]["issues"]]) for n in told["nodes"]]
            cursor, more = told["pageInfo"]["endCursor"], told["pageInfo"]["hasNextPage"]
            assert told["totalCount"] == len(doubled)
        owners = [note["thing"] for note in held[f"{partner}.notes"]]
        assert seen == [(str(row["id"]), ["DUPLICATE_KEY"] * (owners.count(row["id"]) > 1)) for row in doubled]


def leads(cover: Row, thing: Row, ways: set[tuple[int, str]], codes: dict[int, int | None]) -> bool:
    if cover["a"] is None:
        return cover["b"] == str(thing["id"]) and codes.get(cover["id"]) not in (4, None)
    return cover["a"] > 2 and (cover["id"], str(thing["id"])) in ways


@law(60)
@given(rows=fillings(STOCKS, 8))
async def test_links_go_through_a_table_in_the_middle(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    asked = """{
      coverages(first: 100) { nodes {
        id policy { number } insuredAssets { listed(first: 100) { nodes { description } } }
      } }
      assets(first: 100) { nodes { description coverages(first: 100) { nodes { id } } } }
      covering: coverages(first: 100, filter: {insuredAssets: {listed: {some: {}}}}) { nodes { id } }
    }"""
    for partner in HOMES:
        found = await world.gateway.data(asked, partner=partner)
        ids = [node["id"] for node in found["coverages"]["nodes"]]
        parents = {place["id"]: place["parent"] for place in held[f"{partner}.places"]}
        codes = {note["id"]: note["code"] for note in held[f"{partner}.notes"]}
        notes = [note for note in held[f"{partner}.notes"] if note["word"] not in ("z", None)]
        ways = {(note["code"], parents.get(note["thing"])) for note in notes}
        policies = {str(row["id"]) for row in held[f"{partner}.doubled"]}
        things, covers = held[f"{partner}.things"], held[f"{partner}.covers"]
        for cover, node in zip(covers, found["coverages"]["nodes"], strict=True):
            listed = [thing["tag"] for thing in things if leads(cover, thing, ways, codes)]
            assert [n["description"] for n in node["insuredAssets"]["listed"]["nodes"]] == listed
            first = str(cover["a"] or cover["b"])
            assert node["policy"] == ({"number": first} if first in policies else None)
        covering = [
            id_
            for cover, id_ in zip(covers, ids, strict=True)
            if any(leads(cover, thing, ways, codes) for thing in things)
        ]
        assert [node["id"] for node in found["covering"]["nodes"]] == covering
        for thing, node in zip(things, found["assets"]["nodes"], strict=True):
            covered = [id_ for cover, id_ in zip(covers, ids, strict=True) if leads(cover, thing, ways, codes)]
            assert [n["id"] for n in node["coverages"]["nodes"]] == covered


@law(30)
@given(rows=fillings(STOCKS, 8))
async def test_references_that_lead_nowhere_are_told_to_their_owner(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    asked = "{ assets(first: 100) { nodes { site { id } partOf { id } provenance { issues { code field value } } } } }"
    for partner in HOMES:
        nodes = (await world.gateway.data(asked, partner=partner))["assets"]["nodes"]
        things = held[f"{partner}.things"]
        sites = {str(place["id"]) for place in held[f"{partner}.places"] if place["name"] is not None}
        ids = {thing["id"] for thing in things}
        for thing, node in zip(things, nodes, strict=True):
            site, whole = thing["place"], thing["whole"]
            assert (node["site"] is not None, node["partOf"] is not None) == (site in sites, whole in ids)
            lost = [("site", site)] if site not in (None, "0", *sites) else []
            lost += [("partOf", str(whole))] if whole not in (None, *ids) else []
            told = [(found["code"], found["field"], found["value"]) for found in node["provenance"]["issues"]]
            assert sorted(told) == sorted(("DANGLING_REFERENCE", *found) for found in lost)


@law(40)
@given(rows=fillings(STOCKS, 8))
async def test_of_several_rows_one_is_picked(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    for partner in HOMES:
        asked = "{ assets(first: 100) { totalCount missing { code } nodes { description attributes tags } } }"
        found = (await world.gateway.data(asked, partner=partner))["assets"]
        assert found["missing"] == [], [call.detail for call in world.gateway.calls]
        things = held[f"{partner}.things"]
        assert found["totalCount"] == len(things)
        assert {node["description"]: node["attributes"] for node in found["nodes"]} == {
            thing["tag"]: expected(thing, held[f"{partner}.notes"]) for thing in things
        }
        for thing in things:
            tags = next(node["tags"] for node in found["nodes"] if node["description"] == thing["tag"])
            assert tags == listed(thing, held[f"{partner}.notes"], held[f"{partner}.places"])


def licences(person: Row, notes: list[Row], places: list[Row]) -> list[Row] | None:
    """What a person may drive: what stands in its own row, then what the rows of another table say."""
    parents = {place["id"]: place["parent"] for place in places}
    entries = [entry(None, None, None, "FR", person["own"])] if person["own"] is not None else []
    mine = [note for note in notes if note["thing"] == person["id"]]
    mine.sort(key=lambda note: (note["day"] is None, note["day"] or date.min, note["id"]))
    for note in mine:
        country = "DE" if parents.get(note["code"]) == "2" else None
        entries.append(entry(note["word"], note["day"], note["code"], country, str(note["id"])))
    return entries or None


def entry(word: str | None, day: date | None, code: int | None, country: str | None, number: str | None) -> Row:
    return {
        "number": number,
        "categories": None if word is None else [part.strip() for part in word.split("a") if part.strip()],
        "validUntil": None if day is None else day.isoformat(),
        "suspended": None if code is None else code == 3,
        "country": country,
    }


@law(40)
@given(rows=fillings(STOCKS, 8))
async def test_lists_of_parts_come_out_of_rows(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    shown = "number categories validUntil suspended country"
    for partner in HOMES:
        asked = f"{{ people(first: 100) {{ missing {{ code }} nodes {{ licences {{ {shown} }} }} }} }}"
        found = (await world.gateway.data(asked, partner=partner))["people"]
        assert found["missing"] == [], [call.detail for call in world.gateway.calls]
        notes, places = held[f"{partner}.notes"], held[f"{partner}.places"]
        wanted = [licences(person, notes, places) for person in held[f"{partner}.people"]]
        assert [node["licences"] for node in found["nodes"]] == wanted

        asked = (
            '{ people(first: 100, filter: {licences: {some: {validUntil: {le: "2026-01-02"}, suspended: {eq: true}}}}) '
        )
        asked += "{ totalCount nodes { licences { number } } } }"
        found = (await world.gateway.data(asked, partner=partner))["people"]
        fit = [
            [{"number": one["number"]} for one in entries or ()]
            for entries in wanted
            if any(one["suspended"] and (one["validUntil"] or "9") <= "2026-01-02" for one in entries or ())
        ]
        assert [node["licences"] for node in found["nodes"]] == fit


async def test_members_that_nobody_asks_or_may_see_are_not_read_from_other_tables(world: World) -> None:
    hidden = [scope for scope in SCOPES if scope != "read:sensitive"]
    for wanted, scopes, read in (("number", SCOPES, True), ("country", SCOPES, False), ("country", hidden, False)):
        for partner in HOMES:
            world.gateway.calls.clear()
            asked = f"{{ people {{ nodes {{ licences {{ {wanted} }} }} }} }}"
            await world.gateway.data(asked, partner=partner, scopes=scopes)
            statements = " ".join(call.statement for call in world.gateway.calls)
            assert ("own" in statements, "r_t.id" in statements) == (read, read), statements
            assert "r_t.code" in statements
