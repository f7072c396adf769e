"""`extensions.plan` as a caller gets it: its own statements, of others what its answer shows anyway, nothing more."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways import SCOPES, Gateway, running
from tests.worlds import law

MAY = (*SCOPES, "explain")

HEAD = """
[partner]
code = "{code}"
name = "{code}"
kind = "OTHER"
time_zone = "UTC"
currency = "EUR"
[source.db]
kind = "sql"
url = "${{{url}}}"
label = "Books of {code}"
"""
VANS = """
[mapping.vans]
entity = "Asset"
source = "db"
table = "{code}_vans"
key = "id"
[mapping.vans.fields]
name = "name"
site = {{ key = "place" }}
custodian = {{ key = "keeper" }}
value = {{ amount = "price" }}
identifiers = [{{ scheme = "LICENSE_PLATE", value = "plate", country = "FR" }}]
[mapping.places]
entity = "Site"
source = "db"
table = "{code}_places"
key = "id"
fields = {{ name = "name" }}
[mapping.staff]
entity = "Person"
source = "db"
table = "{code}_staff"
key = "id"
fields = {{ displayName = "name" }}
"""
COVERS = """
[mapping.covers]
entity = "Coverage"
source = "db"
table = "birch_covers"
key = "id"
[mapping.covers.fields]
kind = { column = "kind", values = { F = "FIRE", T = "THEFT" } }
[mapping.covers.fields.insuredAssets]
scope = { const = "LISTED" }
listed = { table = "birch_items", on = { "cover" = "id" }, scheme = "LICENSE_PLATE", value = "plate", country = "FR" }
[[agreement]]
code = "all"
with = ["alder"]
[agreement.Asset]
fields = ["name", "site", "custodian"]
[agreement.Site]
fields = ["name"]
[agreement.Coverage]
fields = ["kind", "insuredAssets"]
"""
FILES = {
    code: HEAD.format(code=code, url=f"{code.upper()}_URL")
    + VANS.format(code=code)
    + (COVERS if code == "birch" else "")
    for code in ("alder", "birch", "cedar")
}
TABLES = """
create table {code}_vans (id integer primary key, name text, place integer, keeper integer, price integer, plate text);
create table {code}_places (id integer primary key, name text);
create table {code}_staff (id integer primary key, name text);
create table {code}_covers (id integer primary key, kind text);
create table {code}_items (cover integer, plate text);
"""
Rows = Mapping[str, Sequence[tuple[Any, ...]]]
# What a caller from alder sees of all this: its own, and birch's names, sites and covers.
OWN: Rows = {
    "alder_vans": [(1, "ash", 1, 1, 10, "AA111AA"), (2, "oak", 2, None, 20, "BB222BB"), (3, "elm", 9, 1, 30, None)],
    "alder_places": [(1, "north"), (2, "south")],
    "alder_staff": [(1, "Kim")],
}
PLATES = st.lists(st.sampled_from(["CC333CC", "DD444DD", "EE555EE"]), max_size=4)
HIDDEN = st.fixed_dictionaries(
    {
        "keepers": st.tuples(*[st.sampled_from([None, 1, 2, 9])] * 3),
        "prices": st.tuples(*[st.sampled_from([None, 5, 50])] * 3),
        "places": st.tuples(*[st.sampled_from([None, 8, 9])] * 2),
        "staff": st.lists(st.sampled_from(["Lou", "Max", "Kim"]), max_size=3),
        "plates": st.tuples(PLATES, PLATES),
        "cedar": PLATES,
    }
)


def world(hidden: Mapping[str, Any]) -> Rows:
    """The tables: always the same to a caller from alder."""
    (here, other), plates = hidden["places"], hidden["plates"]
    seats = zip(("yew", "fir", "box"), (1, here, other), hidden["keepers"], hidden["prices"], strict=True)
    return {
        **OWN,
        "birch_vans": [(n, *seat, None) for n, seat in enumerate(seats, 1)],
        "birch_places": [(1, "north"), (2, "west")],
        "birch_staff": list(enumerate(hidden["staff"], 1)),
        "birch_covers": [(1, "F"), (2, "T")],
        "birch_items": [(1, "AA111AA"), *((1, plate) for plate in plates[0]), *((2, plate) for plate in plates[1])],
        "cedar_vans": [(n, plate, None, None, n, plate) for n, plate in enumerate(hidden["cedar"])],
    }


@asynccontextmanager
async def trees(folder: Path) -> AsyncIterator[Gateway]:
    """A gateway over the three; their tables are in files of the folder."""
    environ = {f"{code.upper()}_URL": f"sqlite+aiosqlite:///{folder / code}.sqlite" for code in FILES}
    for code in FILES:
        with closing(sqlite3.connect(folder / f"{code}.sqlite")) as database:
            database.executescript(TABLES.format(code=code))
    async with running(FILES, environ) as gateway:
        yield gateway


def fill(folder: Path, rows: Rows) -> None:
    for code in FILES:
        with closing(sqlite3.connect(folder / f"{code}.sqlite")) as database, database:
            for table in ("vans", "places", "staff", "covers", "items"):
                database.execute(f"delete from {code}_{table}")
                for row in rows.get(f"{code}_{table}", ()):
                    marks = ", ".join("?" * len(row))
                    database.execute(f"insert into {code}_{table} values ({marks})", row)


async def asked(gateway: Gateway, query: str, scopes: Sequence[str] = MAY, plan: Any = True) -> Any:
    body = {"query": query, "extensions": {"plan": plan}}
    status, answer = await gateway.post(body, "alder", scopes)
    assert status == 200
    return answer


QUERIES = {
    "lists": "{ assets(orderBy: [{field: NAME}], first: 4) { totalCount nodes { name value { amount } site { name } "
    "custodian { displayName } } } }",
    "links": "{ coverages { nodes { kind insuredAssets { listed { nodes { name site { name } } } } } } }",
    "reverse": "{ assets { nodes { name coverages { nodes { kind } } sameAs { nodes { name } } } } }",
    "filter by links": "{ assets(filter: {coverages: {some: {kind: {in: [FIRE, THEFT]}}}}) { nodes { name } } }",
    "filter by a partner": '{ assets(filter: {partner: {eq: "birch"}, coverages: {some: {kind: {eq: THEFT}}}})'
    " { nodes { name } } }",
    "filter by references": '{ assets(filter: {site: {name: {contains: "north"}}, value: {amount: {gt: "1"}}})'
    " { nodes { name } } }",
    "filter in filters": "{ coverages(filter: {insuredAssets: {listed: {some: {coverages: {some: {kind: {eq: THEFT}}}"
    "}}}}) { nodes { kind } } }",
}
HOW = re.compile(r"[\d.]+ ms")


def timeless(plan: Any) -> Any:
    """A plan without how long it took; whether that is told stays."""
    if isinstance(plan, dict):
        return {
            name: value is None
            if name == "milliseconds"
            else HOW.sub("# ms", value)
            if name == "text"
            else timeless(value)
            for name, value in plan.items()
        }
    return [timeless(each) for each in plan] if isinstance(plan, list) else plan


def test_worlds_that_differ_in_what_is_withheld_have_the_same_plans(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        opened = trees(tmp_path)
        gateway = runner.run(opened.__aenter__())

        async def told(hidden: Mapping[str, Any]) -> Mapping[str, tuple[Any, Any]]:
            fill(tmp_path, world(hidden))
            found = {}
            for name, query in QUERIES.items():
                answer = await asked(gateway, query)
                assert "errors" not in answer, answer["errors"]
                found[name] = answer["data"], timeless(answer["extensions"]["plan"])
            return found

        @law(40)
        @given(HIDDEN, HIDDEN)
        def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
            assert runner.run(told(one)) == runner.run(told(other))

        try:
            same()
        finally:
            runner.run(opened.__aexit__(None, None, None))


NOTHING: Mapping[str, Any] = {
    "keepers": (1, 2, 9),
    "prices": (5, 50, 500),
    "places": (8, 9),
    "staff": ["Lou", "Max"],
    "plates": (["CC333CC"], ["DD444DD", "EE555EE"]),
    "cedar": ["CC333CC"],
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """The three, filled."""
    async with trees(tmp_path) as found:
        fill(tmp_path, world(NOTHING))
        yield found


async def test_of_ones_own_source_everything_is_told(gateway: Gateway) -> None:
    answer = await asked(gateway, QUERIES["lists"])
    plan = answer["extensions"]["plan"]
    assets, site, custodian = plan["steps"]
    assert [step["path"][-1] for step in plan["steps"]] == ["assets", "site", "custodian"]
    mine, theirs = assets["questions"][0], next(each for each in assets["questions"] if each["partner"] == "birch")
    assert (mine["source"], mine["access"], mine["rows"], mine["orderedBy"]) == ("alder.db", "Listing", 3, "source")
    assert mine["limit"] == 5
    assert mine["reads"][0]["table"] == "alder_vans"
    assert {"id", "name", "price", "place", "keeper"} == set(mine["reads"][0]["columns"])
    assert "FROM alder_vans" in mine["statements"][0]
    # Of another's: who it is, what was asked for that it shows, who sorts, the rows that the list counts, and how long.
    assert (theirs["label"], theirs["fields"]) == ("Books of birch", ["name", "site", "custodian"])
    assert (theirs["source"], theirs["reads"], theirs["statements"]) == (None, None, None)
    assert (theirs["rows"], theirs["order"], theirs["limit"]) == (3, [{"field": "name", "descending": False}], 5)
    assert theirs["milliseconds"] > 0
    assert {each["partner"]: each["rows"] for each in site["questions"]}["birch"] in (None, 1)
    assert [each["partner"] for each in custodian["questions"]] in ([], ["alder"])
    text = plan["text"]
    assert "  alder.db: Listing\n    reads   vans: alder_vans(" in text
    assert "  birch, Books of birch: Listing\n    reads   for name, site, custodian\n" in text
    assert not re.search(r"birch_|birch\.|cedar|CC333CC", json.dumps(plan))


async def test_what_the_source_does_and_what_the_gateway_does_is_told_of_others_too(gateway: Gateway) -> None:
    answer = await asked(gateway, QUERIES["filter by references"])
    (step,) = answer["extensions"]["plan"]["steps"]
    edge = [each for each in step["questions"] if each["filtersBy"] == "site"]
    assert {each["partner"] for each in edge} == {"alder", "birch"}
    assert {each["taken"] for each in edge} == {'name contains "north"'}
    main = {each["partner"]: each for each in step["questions"] if each["filtersBy"] is None}
    assert "site leads to what was found" in main["birch"]["taken"]
    assert main["birch"]["withheld"] == ["value.amount"]
    assert "birch.places" not in json.dumps(step)


async def test_who_may_not_ask_is_told_the_scope_and_gets_the_same_answer(gateway: Gateway) -> None:
    allowed, refused = [await asked(gateway, QUERIES["lists"], scopes) for scopes in (MAY, SCOPES)]
    assert refused["extensions"].pop("plan") == {"code": "SCOPE_REQUIRED", "scopes": ["explain"]}
    assert allowed["extensions"].pop("plan")["version"] == 1
    assert allowed == refused
    silent = await asked(gateway, QUERIES["lists"], MAY, False)
    assert silent == refused
    wrong = await asked(gateway, QUERIES["lists"], MAY, "yes")
    assert [error["extensions"]["code"] for error in wrong["errors"]] == ["BAD_USER_INPUT"]


async def test_plans_of_requests_at_once_do_not_mix(gateway: Gateway) -> None:
    queries = [QUERIES["lists"], QUERIES["links"], QUERIES["reverse"]] * 4
    alone = {query: timeless((await asked(gateway, query))["extensions"]["plan"]) for query in queries}
    together = await asyncio.gather(*(asked(gateway, query) for query in queries))
    assert [timeless(answer["extensions"]["plan"]) for answer in together] == [alone[query] for query in queries]
