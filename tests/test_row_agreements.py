"""Agreements by row: what each record shows is what the agreements that hold for it add up to, as plain Python says.

On three engines; through lists, orders, filters, counts, pages and edges.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

VIEWER = "pine"
HOMES = {"alder": "postgres", "maple": "mariadb", "oak": "sqlite"}
KINDS = {"V": "VAN", "C": "CAR", "B": "BICYCLE"}
STATES = {"1": "AVAILABLE", "2": "IN_USE", "3": "RETIRED"}


def _stocks(partner: str, home: str) -> list[Stock]:
    kind = ", ".join(f'{code} = "{name}"' for code, name in KINDS.items())
    state = ", ".join(f'{code} = "{name}"' for code, name in STATES.items())
    things = Stock(
        partner,
        "things",
        home,
        "id integer primary key, kind varchar(2), state varchar(2), maker varchar(20), site integer",
        ("id",),
        {
            "id": st.integers(0, 30),
            "kind": st.sampled_from([*KINDS, "?", None]),
            "state": st.sampled_from([*STATES, None]),
            "maker": st.sampled_from(["Renault", "Iveco", "", None]),
            "site": st.sampled_from([1, 2, 9, None]),
        },
        f"""
        name = "tag"
        kind = {{ column = "kind", values = {{ {kind} }} }}
        status = {{ column = "state", values = {{ {state} }} }}
        manufacturer = "maker"
        site = {{ to = "sites", key = "site" }}
        """,
    )
    sites = Stock(
        partner,
        "sites",
        home,
        "id integer primary key, kind varchar(9)",
        ("id",),
        {"id": st.integers(1, 3), "kind": st.sampled_from(["DEPOT", "OFFICE", None])},
        'kind = "kind"',
        entity="Site",
    )
    covers = Stock(
        partner,
        "covers",
        home,
        "id integer primary key, thing integer, policy integer",
        ("id",),
        {"id": st.integers(0, 30), "thing": st.integers(0, 5), "policy": st.sampled_from([1, 2, 9, None])},
        'insuredAssets = { scope = { const = "LISTED" }, listed = [{ to = "things", key = "thing" }] }\n'
        'policy = { to = "policies", key = "policy" }',
        entity="Coverage",
    )
    policies = Stock(
        partner,
        "policies",
        home,
        "id integer primary key, holder varchar(9)",
        ("id",),
        {"id": st.integers(1, 3), "holder": st.sampled_from(["pine", "oak", "nobody", None])},
        'number = "tag"\nholderPartner = "holder"',
        entity="Policy",
    )
    return [things, sites, covers, policies]


STOCKS = [stock for partner, home in HOMES.items() for stock in _stocks(partner, home)]
VANS = '{ kind = { in = ["VAN"] } }'
FREE = '{ status = { ne = "RETIRED" } }'
DEPOTS = '{ or = [{ site = { kind = { eq = "DEPOT" } } }, { not = { manufacturer = { eq = "Renault" } } }] }'
HELD = '{ policy = { holderPartner = { eq = "$caller" } } }'

Holds = Callable[[Row, Mapping[int, Row]], bool]


def is_van(row: Row, sites: Mapping[int, Row]) -> bool:
    return row["kind"] == "V"


def is_free(row: Row, sites: Mapping[int, Row]) -> bool:
    return row["state"] in ("1", "2")


def is_depots(row: Row, sites: Mapping[int, Row]) -> bool:
    return sites.get(row["site"], {}).get("kind") == "DEPOT" or row["maker"] != "Renault"


def always(row: Row, sites: Mapping[int, Row]) -> bool:
    return True


# provider -> (condition in the file, the same in Python, fields) of each of its agreements
SHARED: Mapping[str, Sequence[tuple[str, Holds, Sequence[str]]]] = {
    "alder": [(VANS, is_van, ["status"]), (FREE, is_free, ["manufacturer"]), (DEPOTS, is_depots, ["status", "site"])],
    "maple": [("", always, ["status"]), (DEPOTS, is_depots, ["manufacturer", "site"])],
    "oak": [(FREE, is_free, ["status", "manufacturer"]), (VANS, is_van, ["status", "manufacturer"])],
}


def _agreements(provider: str) -> str:
    found = []
    for number, (where, _, fields) in enumerate(SHARED[provider]):
        found.append(
            f'[[agreement]]\ncode = "a{number}"\nwith = ["{VIEWER}"]\n[agreement.Asset]\nfields = {list(fields)}'
        )
        found += [f"where = {where}"] if where else []
    found.append(f'[agreement.Coverage]\nfields = ["policy"]\nwhere = {HELD}')
    found.append('[agreement.Policy]\nfields = ["number"]\n[agreement.Site]\nfields = ["kind"]')
    return "\n".join(found).replace("'", '"')


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    agreements = {code: _agreements(code) for code in HOMES} | {VIEWER: ""}
    async with federation("by_row", STOCKS, agreements, servers, tmp_path_factory.mktemp("by_row")) as found:
        yield found


def visible(held: Mapping[str, Sequence[Row]]) -> dict[str, dict[str, Any]]:
    """What the viewer may see of each asset, by its name: None for what is not shared there."""
    found = {}
    for provider, shares in SHARED.items():
        sites = {row["id"]: row for row in held[f"{provider}.sites"]}
        for row in held[f"{provider}.things"]:
            fields = [set(names) for _, holds, names in shares if holds(row, sites)]
            if not fields:
                continue
            shown = set().union(*fields)
            site = sites.get(row["site"])
            found[row["tag"]] = {
                "name": row["tag"],
                "kind": KINDS.get(row["kind"], "OTHER"),
                "status": STATES.get(row["state"]) if "status" in shown else None,
                "manufacturer": row["maker"] if "manufacturer" in shown else None,
                "site": {"name": site["tag"]} if "site" in shown and site else None,
                "unknown": {"status", "manufacturer", "site"} - shown,
            }
    return found


WANTED = {
    "{ status: { eq: AVAILABLE } }": lambda one: one["status"] == "AVAILABLE",
    "{ not: { status: { eq: AVAILABLE } } }": lambda one: (
        "status" not in one["unknown"] and one["status"] != "AVAILABLE"
    ),
    "{ manufacturer: { isNull: true } }": lambda one: (
        "manufacturer" not in one["unknown"] and one["manufacturer"] is None
    ),
    '{ manufacturer: { contains: "rena" } }': lambda one: one["manufacturer"] == "Renault",
    "{ site: { kind: { eq: DEPOT } } }": None,
    "{}": lambda one: True,
}


@law(30)
@given(
    rows=fillings(STOCKS, 6),
    size=st.integers(1, 4),
    wanted=st.sampled_from(sorted(WANTED)),
    order=st.sampled_from(["", "orderBy: [{field: NAME}]", "orderBy: [{field: STATUS, direction: DESC}]"]),
)
async def test_a_record_shows_what_its_agreements_add_up_to(
    world: World, rows: dict[str, list[Row]], size: int, wanted: str, order: str
) -> None:
    held = await world.fill(rows)
    expected = visible(held)
    holds = WANTED[wanted]
    if holds is None:
        depots = {row["tag"] for code in HOMES for row in held[f"{code}.sites"] if row["kind"] == "DEPOT"}
        passing = {name for name, one in expected.items() if one["site"] and one["site"]["name"] in depots}
    else:
        passing = {name for name, one in expected.items() if holds(one)}
    fields = "name kind status manufacturer site { name }"
    arguments = f"filter: {wanted}, {order}"
    whole = (
        await world.gateway.data(
            f"{{ assets(first: 1000, {arguments}) {{ totalCount nodes {{ {fields} }} }} }}", partner=VIEWER
        )
    )["assets"]
    assert {node["name"] for node in whole["nodes"]} == passing
    assert whole["totalCount"] == len(whole["nodes"]) == len(passing)
    for node in whole["nodes"]:
        assert node == {key: value for key, value in expected[node["name"]].items() if key != "unknown"}
    names = [node["name"] for node in whole["nodes"]]
    if "NAME" in order:
        assert names == sorted(names)
    paged: list[str] = []
    after = ""
    while True:
        asked = "{ totalCount nodes { name } pageInfo { hasNextPage endCursor } }"
        query = f"{{ assets(first: {size}, {arguments}{after}) {asked} }}"
        page = (await world.gateway.data(query, partner=VIEWER))["assets"]
        paged += [node["name"] for node in page["nodes"]]
        assert page["totalCount"] == len(passing)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f', after: "{page["pageInfo"]["endCursor"]}"'
    assert paged == names


@law(25)
@given(rows=fillings(STOCKS, 6))
async def test_an_edge_leads_to_what_is_shared_only(world: World, rows: dict[str, list[Row]]) -> None:
    held = await world.fill(rows)
    expected = []
    for code in HOMES:
        mine = {row["id"]: row["tag"] for row in held[f"{code}.policies"] if row["holder"] == VIEWER}
        expected += [mine[row["policy"]] for row in held[f"{code}.covers"] if row["policy"] in mine]
    query = "{ coverages(first: 1000) { totalCount nodes { policy { number } } } }"
    found = (await world.gateway.data(query, partner=VIEWER))["coverages"]
    assert sorted(node["policy"]["number"] for node in found["nodes"]) == sorted(expected)
    one = (await world.gateway.data("{ coverages(first: 1) { totalCount } }", partner=VIEWER))["coverages"]
    assert found["totalCount"] == one["totalCount"] == len(expected)
