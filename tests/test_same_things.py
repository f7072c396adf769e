"""The laws of identifiers across partners, as plain Python joins them: what is the same thing, who carries a name."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

VIEWER = "pine"
HOMES = {"maple.cars": "mariadb", "oak.bikes": "sqlite", "pine.vans": "postgres", "pine.tools": "postgres"}
HOMES |= {"spruce.things": "sqlite", "fern.vans": "mariadb", "holly.cars": "postgres"}
# What each shares with the viewer. Its manufacturers are the other half of a serial number.
SHARED = {"maple": ["identifiers", "manufacturer"], "oak": ["manufacturer"], "spruce": ["identifiers"]}
SHARED |= {"fern": ["identifiers", "manufacturer"], "holly": ["manufacturer"]}
# The schemes that some let be read, and those that records may be linked by and no more; the others all or none.
READ = {"fern": ["LICENSE_PLATE", "INVENTORY_NO"]}
MATCH = {"fern": ["VIN"], "holly": ["VIN", "SERIAL"]}
COLUMNS: Mapping[str, st.SearchStrategy[Any]] = {
    "id": st.integers(0, 12),
    "vin": st.sampled_from(["VF1", "vf-1", "VF2", "--", None]),
    "plate": st.sampled_from(["AB-1", "ab 1", "CD.2", "", None]),
    "land": st.sampled_from(["FR", "BE", None]),
    "serial": st.sampled_from(["S1", "s-1", "S2", None]),
    "maker": st.sampled_from(["HP", "hp", "Écran", "écran", "Canon", None]),
    "inv": st.sampled_from(["VF1", "AB1", "S1", None]),
}
SCHEMES = {"vin": "VIN", "plate": "LICENSE_PLATE", "serial": "SERIAL", "inv": "INVENTORY_NO"}


def _stock(id_: str, home: str) -> Stock:
    partner, _, name = id_.partition(".")
    names = [
        f'{{ scheme = "{scheme}", value = "{column}"'
        + (', country = { column = "land" } }' if column == "plate" else " }")
        for column, scheme in SCHEMES.items()
    ]
    ddl = "id integer primary key, " + ", ".join(f"{column} varchar(20)" for column in COLUMNS if column != "id")
    fields = f'identifiers = [{", ".join(names)}]\nmanufacturer = "maker"'
    return Stock(partner, name, home, ddl, ("id",), COLUMNS, fields)


STOCKS = [_stock(*pair) for pair in HOMES.items()]


def _agreement(code: str) -> str:
    finer = [f"read = {READ[code]}"] if code in READ else []
    finer += [f"match = {MATCH[code]}"] if code in MATCH else []
    found = f'[[agreement]]\ncode = "all"\nwith = ["{VIEWER}"]\n[agreement.Asset]\nfields = {SHARED[code]}\n'
    found += f"identifiers = {{ {', '.join(finer)} }}\n" if finer else ""
    return found.replace("'", '"')


AGREEMENTS = {code: _agreement(code) for code in SHARED}


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("same", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("same")) as found:
        yield found


def shares(mapping: str, field: str) -> bool:
    partner = mapping.partition(".")[0]
    return partner == VIEWER or field in SHARED[partner]


def readable(mapping: str) -> set[str]:
    """The schemes of a mapping's identifiers that the viewer may read."""
    return set(READ.get(mapping.partition(".")[0], SCHEMES.values())) if shares(mapping, "identifiers") else set()


def linking(mapping: str) -> set[str]:
    """The schemes by which its records may be linked."""
    return readable(mapping) | set(MATCH.get(mapping.partition(".")[0], ()))


def compared(value: str | None) -> str:
    return "".join(letter for letter in value or "" if letter.isalnum()).upper()


def carried(row: Row) -> Iterator[tuple[str, str, str | None]]:
    """(scheme, compare key, country) of what a row carries."""
    for column, scheme in SCHEMES.items():
        if key := compared(row[column]):
            yield scheme, key, row["land"] if column == "plate" else None


def marks(mapping: str, row: Row) -> set[tuple[str | None, ...]]:
    """What makes a row the same as others, as far as the viewer is shown it."""
    found: set[tuple[str | None, ...]] = set()
    for scheme, key, country in carried(row):
        if scheme not in linking(mapping):
            continue
        if scheme == "VIN":
            found.add((scheme, key))
        if scheme == "LICENSE_PLATE" and country is not None:
            found.add((scheme, key, country))
        if scheme == "SERIAL" and row["maker"] is not None and shares(mapping, "manufacturer"):
            found.add((scheme, key, row["maker"].lower()))
    return found


def named(node: Mapping[str, Any]) -> str:
    """The record of an id, "partner.mapping:key"."""
    return base64.urlsafe_b64decode(node["id"] + "==").decode().partition(".")[2]


@law(60)
@given(rows=fillings(STOCKS, 6), size=st.integers(1, 3))
async def test_the_same_things_are_those_that_share_a_strong_identifier(
    world: World, rows: dict[str, list[Row]], size: int
) -> None:
    held = [(mapping, row) for mapping, found in (await world.fill(rows)).items() for row in found]
    held.sort(key=lambda pair: (*pair[0].split("."), pair[1]["id"]))
    expected = {
        f"{mapping}:{row['id']}": [
            f"{other}:{like['id']}"
            for other, like in held
            if other != mapping and marks(mapping, row) & marks(other, like)
        ]
        if linking(mapping)
        else None
        for mapping, row in held
    }
    found: dict[str, list[str] | None] = {}
    query = f"""{{ assets(first: 1000) {{ nodes {{
        id sameAs(first: {size}) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }}
    }} }} }}"""
    for node in (await world.gateway.data(query, partner=VIEWER))["assets"]["nodes"]:
        page = node["sameAs"]
        found[named(node)] = None if page is None else [named(other) for other in page["nodes"]]
        while page is not None and page["pageInfo"]["hasNextPage"]:
            page = await after(world, node["id"], page["pageInfo"]["endCursor"])
            found[named(node)] += [named(other) for other in page["nodes"]]  # type: ignore[operator]
        assert page is None or page["totalCount"] == len(found[named(node)] or [])
    assert found == expected


async def after(world: World, id_: str, cursor: str) -> dict[str, Any]:
    query = """query ($id: ID!, $after: String) { node(id: $id) { ... on Asset {
        sameAs(first: 2, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } }
    } } }"""
    page: dict[str, Any] = (await world.gateway.data(query, {"id": id_, "after": cursor}, partner=VIEWER))["node"]
    return dict(page["sameAs"])


@law(60)
@given(
    rows=fillings(STOCKS, 6),
    scheme=st.sampled_from([*SCHEMES.values(), "IMEI"]),
    value=st.sampled_from(["V.F.1", "ab-1", "s 1", "CD2", " - ", "?"]),
    country=st.sampled_from([None, "FR", "BE", "DE"]),
    size=st.integers(1, 3),
)
async def test_an_identifier_finds_whatever_carries_it(
    world: World, rows: dict[str, list[Row]], scheme: str, value: str, country: str | None, size: int
) -> None:
    held = [(mapping, row) for mapping, found in (await world.fill(rows)).items() for row in found]
    held.sort(key=lambda pair: (*pair[0].split("."), pair[1]["id"]))
    expected = [
        f"{mapping}:{row['id']}"
        for mapping, row in held
        if scheme in readable(mapping)
        and any(
            (scheme, compared(value)) == (kind, key) and (None in (land, country) or land == country)
            for kind, key, land in carried(row)
        )
    ]
    query = """query ($scheme: IdentifierScheme!, $value: String!, $country: RegionCode, $first: Int, $after: String) {
        assetBy(scheme: $scheme, value: $value, country: $country, first: $first, after: $after) {
            totalCount nodes { id } pageInfo { hasNextPage endCursor }
        }
    }"""
    found: list[str] = []
    given = {"scheme": scheme, "value": value, "country": country, "first": size, "after": None}
    while True:
        page = (await world.gateway.data(query, given, partner=VIEWER))["assetBy"]
        assert page["totalCount"] == len(expected)
        found += [named(node) for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        given["after"] = page["pageInfo"]["endCursor"]
    assert found == expected


@law(20)
@given(rows=fillings(STOCKS, 6), scheme=st.sampled_from([*SCHEMES.values()]))
async def test_what_may_only_be_linked_by_is_read_nowhere(
    world: World, rows: dict[str, list[Row]], scheme: str
) -> None:
    held = [(mapping, row) for mapping, found in (await world.fill(rows)).items() for row in found]
    query = """query ($filter: AssetFilter) { assets(first: 1000, filter: $filter) {
        totalCount nodes { id identifiers { scheme normalized country } sameAs { nodes { id } } }
    } }"""
    for not_ in (False, True):
        some = {"identifiers": {"some": {"scheme": {"eq": scheme}}}}
        given = {"filter": {"not": some} if not_ else some}
        page = (await world.gateway.data(query, given, partner=VIEWER))["assets"]
        shown = {
            f"{mapping}:{row['id']}": [one for one in carried(row) if one[0] in readable(mapping)]
            for mapping, row in held
        }
        passing = {
            name
            for name, names in shown.items()
            if readable(name.partition(":")[0]) and any(one[0] == scheme for one in names) != not_
        }
        assert {named(node) for node in page["nodes"]} == passing
        assert page["totalCount"] == len(passing)
        for node in page["nodes"]:
            told = [(one["scheme"], one["normalized"], one["country"]) for one in node["identifiers"]]
            assert sorted(told, key=str) == sorted(shown[named(node)], key=str)
