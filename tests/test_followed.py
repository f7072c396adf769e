"""A reference inside one database comes with the rows that have it, and leads where a join in plain Python leads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

HOMES = {"ash": "postgres", "birch": "mariadb", "fir": "sqlite"}
VIEWER = "yew"
IDS = st.integers(0, 4)
# Traps of collations: what MariaDB takes for one key, a blank at the end, letters of more than one byte.
NAMES = st.sampled_from(["a", "A", "a ", "é", "e", "b:1", "-"])
# The targets of each kind of thing: their stock, and the column of the thing that leads there.
SITES = {"vans": ("places", "site"), "crates": ("halls", "site"), "bins": ("sheds", "site"), "carts": ("marks", "site")}
JOINED = {"vans", "crates", "carts"}


def _stocks(partner: str, home: str) -> tuple[Stock, ...]:
    def of(name: str, ddl: str, columns: dict[str, st.SearchStrategy[Any]], *rest: str, entity: str) -> Stock:
        return Stock(partner, name, home, ddl, ("id",), columns, *rest, entity=entity)

    text = "varchar(9)"
    word = {"word": st.sampled_from(["x", "?", None])}
    here = 'address = { city = { column = "word", null = ["?"] } }'
    led = st.none() | IDS
    return (
        of(
            "places",
            f"id integer primary key, shut integer, word {text}",
            {"id": IDS, "shut": st.sampled_from([0, 1, None]), **word},
            here,
            "where = { shut = { eq = 0 } }",
            entity="Site",
        ),
        of("halls", f"id {text} primary key, word {text}", {"id": NAMES, **word}, here, entity="Site"),
        of("sheds", f"id integer, word {text}", {"id": IDS, **word}, here, entity="Site"),
        of("marks", f"id bigint not null unique, word {text}", {"id": IDS, **word}, here, entity="Site"),
        of("staff", "id integer primary key", {"id": IDS}, entity="Person"),
        of(
            "vans",
            "id integer primary key, site integer, holder bigint, whole integer",
            {"id": IDS, "site": led, "holder": led, "whole": led},
            'site = { key = "site", to = "places", null = ["0"] }\n'
            'custodian = { key = "holder" }\npartOf = { key = "whole", to = "vans" }',
            entity="Asset",
        ),
        *(
            of(
                name,
                f"id integer primary key, site {kind}",
                {"id": IDS, "site": st.none() | values},
                f'site = {{ key = "site", to = "{SITES[name][0]}" }}',
                entity="Asset",
            )
            for name, kind, values in (("crates", text, NAMES), ("bins", "integer", IDS), ("carts", "smallint", IDS))
        ),
    )


STOCKS = tuple(stock for partner, home in HOMES.items() for stock in _stocks(partner, home))
SHARED = f"""
[[agreement]]
code = "all"
with = ["{VIEWER}"]
[agreement.Asset]
fields = ["description", "site"]
[agreement.Site]
fields = ["name"]
"""
AGREEMENTS = {**dict.fromkeys(HOMES, SHARED), VIEWER: ""}
FIELDS = "description site { name address { city } } custodian { jobTitle } partOf { description site { name } }"


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("followed", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("followed")) as found:
        yield found


class Held:
    """What a partner's tables hold, as its answers show it."""

    def __init__(self, rows: dict[str, list[Row]], partner: str) -> None:
        self.rows = {name.partition(".")[2]: found for name, found in rows.items() if name.startswith(f"{partner}.")}

    def there(self, stock: str, key: Any) -> Row | None:
        """The row that a key leads to, if any."""
        if key is None or (stock == "places" and key == 0):
            return None
        rows = (row for row in self.rows[stock] if row["id"] == key and row.get("shut", 0) == 0)
        return next(rows, None)

    def site(self, kind: str, thing: Row) -> dict[str, Any] | None:
        """A thing's site."""
        found = self.there(SITES[kind][0], thing[SITES[kind][1]])
        if found is None:
            return None
        return {"name": found["tag"], "address": {"city": None if found["word"] == "?" else found["word"]}}

    def thing(self, kind: str, thing: Row) -> dict[str, Any]:
        """A thing as FIELDS shows it."""
        holder = self.there("staff", thing.get("holder"))
        whole = self.there("vans", thing.get("whole"))
        site = whole and self.site("vans", whole)
        return {
            "description": thing["tag"],
            "site": self.site(kind, thing),
            "custodian": holder and {"jobTitle": holder["tag"]},
            "partOf": whole and {"description": whole["tag"], "site": site and {"name": site["name"]}},
        }

    def things(self) -> dict[str, dict[str, Any]]:
        """All things but those of which one key is of several rows, by tag."""
        return {row["tag"]: self.thing(kind, row) for kind in sorted(JOINED) for row in self.rows[kind]}


def by_tag(nodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {node["description"]: node for node in nodes if ".bins." not in node["description"]}


@law(3)
@given(rows=fillings(STOCKS, 6))
async def test_a_reference_leads_where_a_lookup_leads(world: World, rows: dict[str, list[Row]]) -> None:
    filled = await world.fill(rows)
    for partner in HOMES:
        held = Held(filled, partner)
        wanted = held.things()
        for options in ("", ", orderBy: {field: NAME}"):
            query = f"{{ assets(first: 100{options}) {{ nodes {{ {FIELDS} }} }} }}"
            assert by_tag((await world.gateway.data(query, partner=partner))["assets"]["nodes"]) == wanted
        # A page of each parent's own, from which the database goes on to the parent and elsewhere.
        query = f"{{ sites(first: 100) {{ nodes {{ name assets(first: 2) {{ nodes {{ id {FIELDS} }} }} }} }} }}"
        for site in (await world.gateway.data(query, partner=partner))["sites"]["nodes"]:
            for node in site["assets"]["nodes"]:
                key = node.pop("id")
                if ".bins." in node["description"]:
                    continue
                assert node == wanted[node["description"]]
                assert node["site"]["name"] == site["name"]
                query = f'{{ node(id: "{key}") {{ ... on Asset {{ {FIELDS} }} }} }}'
                assert (await world.gateway.data(query, partner=partner))["node"] == node
            mine = [one for one in wanted.values() if (one["site"] or {}).get("name") == site["name"]]
            if ".sheds." not in site["name"]:
                assert len(site["assets"]["nodes"]) == min(len(mine), 2)
        query = (
            '{ assets(first: 100, filter: {site: {name: {contains: "1"}}}) { nodes { description site { name } } } }'
        )
        found = by_tag((await world.gateway.data(query, partner=partner))["assets"]["nodes"])
        kept = {tag: one for tag, one in wanted.items() if "1" in (one["site"] or {"name": ""})["name"]}
        assert {tag: node["site"]["name"] for tag, node in found.items()} == {
            tag: one["site"]["name"] for tag, one in kept.items()
        }


@law(10)
@given(rows=fillings(STOCKS, 6))
async def test_what_is_not_shared_does_not_come_along(world: World, rows: dict[str, list[Row]]) -> None:
    filled = await world.fill(rows)
    query = "{ assets(first: 100) { nodes { description site { name address { city } } } } }"
    nodes = by_tag((await world.gateway.ask(query, partner=VIEWER))["data"]["assets"]["nodes"])
    wanted = {tag: one for partner in HOMES for tag, one in Held(filled, partner).things().items()}
    assert {tag: node["site"] for tag, node in nodes.items()} == {
        tag: one["site"] and {**one["site"], "address": None} for tag, one in wanted.items()
    }
