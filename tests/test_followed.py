"""A reference inside one database comes with the rows that have it, and leads where a join in plain Python leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

VIEWER = "yew"
IDS = st.integers(0, 4)
# Traps of collations: what MariaDB takes for one key, a blank at the end, letters of more than one byte.
NAMES = st.sampled_from(["a", "A", "a ", "é", "e", "b:1", "-"])
# The stock of the sites that each kind of thing is at.
SITES = {"vans": "places", "crates": "halls", "bins": "sheds", "carts": "marks"}
# A source with one mapping of things each, for only such a one is followed: partner -> the kind of its things.
HOMES = ("postgres", "mariadb", "sqlite")
PARTNERS = {f"{kind}{home[0]}": kind for kind in SITES for home in HOMES}


def _stocks(partner: str, kind: str, home: str) -> Iterator[Stock]:
    def of(name: str, ddl: str, columns: dict[str, st.SearchStrategy[Any]], *rest: str, entity: str) -> Stock:
        return Stock(partner, name, home, ddl, ("id",), columns, *rest, entity=entity)

    text, led = "varchar(9)", st.none() | IDS
    ids, key, where, site = {
        "vans": (IDS, "id integer primary key", "where = { shut = { eq = 0 } }", "integer"),
        "crates": (NAMES, f"id {text} primary key", "", text),
        "bins": (IDS, "id integer", "", "integer"),
        "carts": (IDS, "id bigint not null unique", "", "smallint"),
    }[kind]
    yield of(
        SITES[kind],
        f"{key}, shut integer, word {text}",
        {"id": ids, "shut": st.sampled_from([0, 1, None]), "word": st.sampled_from(["x", "?", None])},
        'address = { city = { column = "word", null = ["?"] } }',
        where,
        entity="Site",
    )
    yield of("staff", "id integer primary key", {"id": IDS}, entity="Person")
    nothing = ', null = ["0"]' if kind == "vans" else ""
    yield of(
        kind,
        f"id integer primary key, site {site}, holder bigint, whole integer",
        {"id": IDS, "site": st.none() | ids, "holder": led, "whole": led},
        f'site = {{ key = "site"{nothing} }}\ncustodian = {{ key = "holder" }}\npartOf = {{ key = "whole" }}',
        entity="Asset",
    )


STOCKS = tuple(
    stock
    for partner, kind in PARTNERS.items()
    for home in HOMES
    if partner == f"{kind}{home[0]}"
    for stock in _stocks(partner, kind, home)
)
SHARED = f"""
[[agreement]]
code = "all"
with = ["{VIEWER}"]
[agreement.Asset]
fields = ["description", "site"]
[agreement.Site]
fields = ["name"]
"""
AGREEMENTS = {**dict.fromkeys(PARTNERS, SHARED), VIEWER: ""}
FIELDS = "description site { name address { city } } custodian { jobTitle } partOf { description site { name } }"


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("followed", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("followed")) as found:
        yield found


class Held:
    """What a partner's tables hold, as its answers show it."""

    def __init__(self, rows: dict[str, list[Row]], partner: str) -> None:
        self.kind = PARTNERS[partner]
        self.rows = {name.partition(".")[2]: found for name, found in rows.items() if name.startswith(f"{partner}.")}

    def there(self, stock: str, key: Any) -> Row | None:
        """The row that a key leads to, if any."""
        if key is None or (stock == "places" and key == 0):
            return None
        shown = (row for row in self.rows[stock] if stock != "places" or row["shut"] == 0)
        return next((row for row in shown if row["id"] == key), None)

    def site(self, thing: Row) -> dict[str, Any] | None:
        """A thing's site."""
        found = self.there(SITES[self.kind], thing["site"])
        if found is None:
            return None
        return {"name": found["tag"], "address": {"city": None if found["word"] == "?" else found["word"]}}

    def thing(self, thing: Row) -> dict[str, Any]:
        """A thing as FIELDS shows it."""
        holder, whole = self.there("staff", thing["holder"]), self.there(self.kind, thing["whole"])
        site = whole and self.site(whole)
        return {
            "description": thing["tag"],
            "site": self.site(thing),
            "custodian": holder and {"jobTitle": holder["tag"]},
            "partOf": whole and {"description": whole["tag"], "site": site and {"name": site["name"]}},
        }

    def things(self) -> list[dict[str, Any]]:
        """All things, in the order of their keys."""
        return [self.thing(row) for row in self.rows[self.kind]]


@law(15)
@given(rows=fillings(STOCKS, 6))
async def test_a_reference_leads_where_a_lookup_leads(world: World, rows: dict[str, list[Row]]) -> None:
    filled = await world.fill(rows)
    for partner, kind in PARTNERS.items():
        if kind == "bins":
            continue  # which of several rows with one key is meant, is not for this law to say
        things = Held(filled, partner).things()
        wanted = {thing["description"]: thing for thing in things}
        for options in ("", ", orderBy: {field: NAME}"):
            query = f"{{ assets(first: 100{options}) {{ nodes {{ {FIELDS} }} }} }}"
            nodes = (await world.gateway.data(query, partner=partner))["assets"]["nodes"]
            assert nodes == things if not options else {node["description"]: node for node in nodes} == wanted
        # A page for each parent, whose rows lead back to it and elsewhere.
        query = f"{{ sites(first: 100) {{ nodes {{ name assets(first: 2) {{ nodes {{ id {FIELDS} }} }} }} }} }}"
        for site in (await world.gateway.data(query, partner=partner))["sites"]["nodes"]:
            ids = [node.pop("id") for node in site["assets"]["nodes"]]
            mine = [thing for thing in things if thing["site"] and thing["site"]["name"] == site["name"]]
            assert site["assets"]["nodes"] == mine[:2]
            for key, thing in zip(ids, mine, strict=False):
                query = f'{{ node(id: "{key}") {{ ... on Asset {{ {FIELDS} }} }} }}'
                assert (await world.gateway.data(query, partner=partner))["node"] == thing
        query = '{ assets(filter: {site: {name: {contains: "1"}}}) { nodes { description site { name } } } }'
        found = (await world.gateway.data(query, partner=partner))["assets"]["nodes"]
        kept = {tag for tag, one in wanted.items() if "1" in (one["site"] or {"name": ""})["name"]}
        assert kept <= {node["description"] for node in found}
        for node in found:
            site = wanted[node["description"]]["site"]
            assert node["site"] == (site and {"name": site["name"]})


@law(5)
@given(rows=fillings(STOCKS, 6))
async def test_what_is_not_shared_does_not_come_along(world: World, rows: dict[str, list[Row]]) -> None:
    filled = await world.fill(rows)
    query = "{ assets(first: 100) { nodes { description site { name address { city } } } } }"
    nodes = (await world.gateway.ask(query, partner=VIEWER))["data"]["assets"]["nodes"]
    found = {node["description"]: node["site"] for node in nodes}
    for partner, kind in PARTNERS.items():
        for thing in Held(filled, partner).things() if kind != "bins" else ():
            site = thing["site"]
            assert found[thing["description"]] == (site and {"name": site["name"], "address": None})


@pytest.mark.parametrize("partner", PARTNERS)
async def test_what_comes_along_is_not_asked_for_again(world: World, partner: str) -> None:
    kind = PARTNERS[partner]
    key = "a" if kind == "crates" else 1
    rows = {
        SITES[kind]: {"id": key, "shut": 0, "word": "x", "tag": "site"},
        "staff": {"id": 1, "tag": "person"},
        kind: {"id": 1, "site": key, "holder": 1, "whole": 1, "tag": "thing"},
    }
    await world.fill({f"{partner}.{name}": [row] for name, row in rows.items()})
    world.gateway.calls.clear()
    data = await world.gateway.data(f"{{ assets {{ nodes {{ {FIELDS} }} }} }}", partner=partner)
    assert data["assets"]["nodes"][0]["custodian"] == {"jobTitle": "person"}
    assert data["assets"]["nodes"][0]["partOf"] == {"description": "thing", "site": {"name": "site"}}
    # Of what comes along the references are looked up; and where several rows may have one key, no join can say which.
    calls = [call.entity for call in world.gateway.calls if call.statement and call.access == "Lookup"]
    assert calls == ["Site"] * (2 if kind == "bins" else 1)
    assert len([call for call in world.gateway.calls if call.access == "Listing"]) == 1
