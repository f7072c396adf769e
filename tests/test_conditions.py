"""The law of conditions in databases: a filtered list is the list read without a filter, judged in plain Python.

Booleans, exact amounts, places and identifiers in odd columns; `tests/test_filters.py` has texts, enums and times.
"""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.identifier import normalize
from tests.filters import Filter, Judge, compares, judge, nested
from tests.servers import Server
from tests.worlds import Stock, World, federation, law, tagged

# In PostgreSQL and SQLite a text says where it is, in MariaDB a number; amounts are digits, texts and whole cents.
_PLATES = [None, "", " ", "AB-1", "ab 1", " AB1 ", "é1", "É1", "\uff21\uff221", "A%1", "AB-1\t", "x"]
_LAT = [None, 0.0, 48.8924, 48.9, -89.99, 89.99, 90.0]
_LON = [None, 0.0, 2.2071, 2.3, 179.99, -179.99, 180.0]
_SAID = [None, "yes", "NO", " true ", "0", "y", "maybe", ""]
_MONEY = ["0", "0.10", "12.30", "10000.00", "9999.99"]
_FIELDS = """
identifiers = [
  { scheme = "LICENSE_PLATE", value = "plate", country = "FR", spelling = "loose" },
  { scheme = "SERIAL", value = "serial", spelling = "exact" },
]
position = { lat = "lat", lon = "lon" }
"""
STOCKS = (
    Stock(
        "alder",
        "rides",
        "postgres",
        "id integer primary key, plate text, serial varchar(9), lat double precision, lon double precision,"
        " lends boolean, worth numeric(12, 2), money char(3)",
        ("id",),
        {},
        f'kind = {{ const = "VAN" }}\nlendable = "lends"\nvalue = {{ amount = "worth", currency = "money" }}{_FIELDS}',
    ),
    Stock(
        "alder",
        "loans",
        "mariadb",
        "id integer primary key, plate varchar(20), serial varchar(9), lat double, lon double, lends tinyint,"
        " worth decimal(12, 2), money varchar(3)",
        ("id",),
        {},
        f'kind = {{ const = "VAN" }}\nlendable = "lends"\nvalue = {{ amount = "worth", currency = "money" }}{_FIELDS}',
    ),
    Stock(
        "alder",
        "finds",
        "sqlite",
        "id integer primary key, plate text, serial text, lat real, lon real, lends text, cents text",
        ("id",),
        {},
        'kind = { const = "VAN" }\nlendable = "lends"\n'
        f'value = {{ amount = {{ column = "cents", scale = -2 }}, currency = {{ const = "EUR" }} }}{_FIELDS}',
    ),
)
CHOICES: dict[str, dict[str, list[Any]]] = {
    "alder.rides": {
        "plate": _PLATES,
        "serial": _PLATES,
        "lat": _LAT,
        "lon": _LON,
        "lends": [None, True, False],
        "worth": [None, *map(Decimal, _MONEY)],
        "money": [None, "EUR", "eur", "??"],
    },
    "alder.loans": {
        "plate": _PLATES,
        "serial": _PLATES,
        "lat": _LAT,
        "lon": _LON,
        "lends": [None, 0, 1, 2],
        "worth": [None, *map(Decimal, _MONEY)],
        "money": [None, "EUR", "eur", "??"],
    },
    "alder.finds": {
        "plate": _PLATES,
        "serial": _PLATES,
        "lat": _LAT,
        "lon": _LON,
        "lends": _SAID,
        "cents": [None, "", "10", "1230", "1000000", "999999", "1o"],
    },
}
DRAW = random.Random(7)
ROWS = tagged(
    {
        name: [{"id": n, **{column: DRAW.choice(values) for column, values in choices.items()}} for n in range(80)]
        for name, choices in CHOICES.items()
    }
)
_AMOUNT = st.sampled_from([*_MONEY, "12.3", "12.305", "-1"])
_ORDER = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
_LENT = st.tuples(st.sampled_from(["eq", "ne", "isNull"]), st.booleans()).map(lambda pair: {pair[0]: pair[1]})
_WORTH = st.one_of(
    st.tuples(_ORDER, _AMOUNT).map(lambda pair: {pair[0]: pair[1]}),
    st.lists(_AMOUNT, max_size=2).map(lambda found: {"in": found}),
    st.booleans().map(lambda empty: {"isNull": empty}),
)
_NAME = st.fixed_dictionaries(
    {},
    optional={
        "scheme": st.sampled_from(["LICENSE_PLATE", "SERIAL"]).map(lambda found: {"eq": found}),
        "normalized": st.sampled_from(["ab 1", "AB1", "é1", "X"]).map(lambda found: {"eq": found}),
        "value": st.sampled_from(["AB1", "ab 1", " AB1 ", "x", "AB-1", "\uff21\uff221"]).map(lambda text: {"eq": text}),
        "country": st.sampled_from(["FR", "DE"]).map(lambda found: {"eq": found}),
    },
)
FILTERS = nested(
    st.one_of(
        _LENT.map(lambda found: {"lendable": found}),
        _WORTH.map(lambda found: {"value": {"amount": found}}),
        _NAME.map(lambda found: {"identifiers": {"some": found}}),
    )
)
SHOWN = "id lendable value { amount } position { lat lon } identifiers { scheme value normalized country }"
PLACES = ((0.0, 48.8924, -90.0, 89.9), (0.0, 2.2071, 180.0, -179.995), (0.0, 1.0, 25.0, 6000.0, 20016.0))


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("conditions", STOCKS, {}, servers, tmp_path_factory.mktemp("conditions")) as found:
        await found.fill(ROWS)
        yield found


async def read(world: World, **given: Any) -> list[dict[str, Any]]:
    """The records of a list, in its order."""
    head = "query Q($filter: AssetFilter, $near: Near)"
    query = (
        f"{head} {{ assets(first: 1000, filter: $filter, near: $near) {{ nodes {{ {SHOWN} }} totalCount partial }} }}"
    )
    found = (await world.gateway.data(query, given, partner="alder"))["assets"]
    assert not found["partial"]
    assert found["totalCount"] == len(found["nodes"])
    nodes: list[dict[str, Any]] = found["nodes"]
    return nodes


def passes(wanted: Filter, node: dict[str, Any]) -> bool:
    """Whether a record, as it reads without a filter, passes one."""
    return judge(wanted, lambda name, inner: _leaf(node, name, inner)) is True


def _leaf(node: dict[str, Any], name: str, asked: Filter) -> Judge:
    if name == "identifiers":
        return any(_entry(entry, asked["some"]) for entry in node["identifiers"])
    if name == "value":
        amount = None if node["value"] is None else Decimal(node["value"]["amount"])
        return all(compares(amount, operator, _amount(wanted)) for operator, wanted in asked["amount"].items())
    return all(compares(node[name], operator, wanted) for operator, wanted in asked.items())


def _amount(wanted: Any) -> Any:
    if isinstance(wanted, list):
        return [Decimal(item) for item in wanted]
    return Decimal(wanted) if isinstance(wanted, str) else wanted


def _entry(entry: dict[str, Any], asked: Filter) -> bool:
    spelt = {"normalized": normalize}
    return all(entry[name] == spelt.get(name, str)(inner["eq"]) for name, inner in asked.items())


def _kilometres(lat: float, lon: float, node: dict[str, Any]) -> float | None:
    """By the spherical law of cosines in vectors: not the formula of the gateway."""
    if node["position"] is None:
        return None

    def vector(up: float, across: float) -> tuple[float, float, float]:
        phi, lam = math.radians(up), math.radians(across)
        return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)

    a, b = vector(lat, lon), vector(node["position"]["lat"], node["position"]["lon"])
    return 6371.0088 * 2 * math.asin(min(1.0, math.dist(a, b) / 2))


@law(120)
@given(wanted=FILTERS)
async def test_what_passes_a_filter_is_what_its_values_say(world: World, wanted: Filter) -> None:
    expected = [node for node in await read(world) if passes(wanted, node)]
    assert await read(world, filter=wanted) == expected


async def test_near_is_a_circle_on_a_sphere(world: World) -> None:
    every = await read(world)
    for lat, lon, km in product(*PLACES):
        expected = []
        for node in every:
            away = _kilometres(lat, lon, node)
            if away is not None and away <= km + 1e-6:
                expected.append(node)
        assert await read(world, near={"lat": lat, "lon": lon, "km": km}) == expected, (lat, lon, km)
