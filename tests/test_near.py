"""The law of `near`: what is within some kilometres on a sphere, wherever on it, on every engine and in every list."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.worlds import Stock, World, federation, fillings, law

SCOPES = ("read", "read:personal")
LATS = st.one_of(st.none(), st.sampled_from([0.0, 48.89, 48.9, -33.5, 89.9, 90.0, -90.0]), st.floats(-90, 90, width=32))
LONS = st.one_of(st.none(), st.sampled_from([0.0, 2.2, 2.3, 179.99, -179.99, 180.0]), st.floats(-180, 180, width=32))
ROUND = {"lat": LATS.map(lambda n: None if n is None else round(n, 5)), "lon": LONS.map(lambda n: n and round(n, 5))}
PLACED = 'kind = { const = "VAN" }\nposition = { lat = "lat", lon = "lon" }'
STOCKS = (
    Stock(
        "alder",
        "vans",
        "postgres",
        "id integer primary key, lat double precision, lon double precision",
        ("id",),
        {"id": st.integers(0, 99), **ROUND},
        PLACED,
    ),
    Stock(
        "birch",
        "cars",
        "mariadb",
        "id integer primary key, lat decimal(8, 5), lon decimal(8, 5)",
        ("id",),
        {"id": st.integers(0, 99), **ROUND},
        PLACED,
    ),
    Stock(
        "cedar",
        "rooms",
        "sqlite",
        "id integer primary key, lat text, lon real",
        ("id",),
        {"id": st.integers(0, 99), "lat": ROUND["lat"].map(lambda n: n if n is None else str(n)), "lon": ROUND["lon"]},
        PLACED,
    ),
)
AGREEMENTS = dict.fromkeys(
    ("birch", "cedar"), '[[agreement]]\ncode = "all"\nwith = ["alder"]\n[agreement.Asset]\nfields = ["*", "position"]\n'
)
QUERY = """query Q($near: Near!, $size: Int, $after: String, $last: Int) {
  assets(near: $near, first: $size, after: $after, last: $last) {
    nodes { description } totalCount partial pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("near", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("near")) as found:
        yield found


def kilometres(lat: float, lon: float, row: Row) -> float:
    """The great circle's length, by vectors instead of haversines."""

    def vector(lat: float, lon: float) -> tuple[float, float, float]:
        up, round_ = math.radians(lat), math.radians(lon)
        return math.cos(up) * math.cos(round_), math.cos(up) * math.sin(round_), math.sin(up)

    a, b = vector(lat, lon), vector(float(row["lat"]), float(row["lon"]))
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return 6371.0088 * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


@law(60)
@given(
    rows=fillings(STOCKS, 9),
    lat=LATS.filter(lambda n: n is not None),
    lon=LONS.filter(lambda n: n is not None),
    km=st.one_of(st.sampled_from([0.5, 1, 5, 50, 1000, 9000, 20015]), st.floats(0.001, 20015)),
    size=st.integers(1, 9),
)
async def test_what_is_near(
    world: World, rows: dict[str, list[Row]], lat: float, lon: float, km: float, size: int
) -> None:
    held = await world.fill(rows)
    placed = [row for stock in STOCKS for row in held[stock.id] if row["lat"] is not None and row["lon"] is not None]
    assume(all(abs(kilometres(lat, lon, row) - km) > 1e-6 * max(1, km) for row in placed))
    expected = [row["tag"] for row in placed if kilometres(lat, lon, row) <= km]
    found: list[str] = []
    given_: dict[str, Any] = {"near": {"lat": lat, "lon": lon, "km": km}, "size": size, "after": None}
    while True:
        page = (await world.gateway.data(QUERY, given_, partner="alder", scopes=SCOPES))["assets"]
        found += [node["description"] for node in page["nodes"]]
        assert (page["totalCount"], page["partial"]) == (len(expected), False)
        if not page["pageInfo"]["hasNextPage"]:
            break
        given_["after"] = page["pageInfo"]["endCursor"]
    assert found == expected
    given_ = {"near": given_["near"], "last": 1000}
    assert [
        n["description"]
        for n in (await world.gateway.data(QUERY, given_, partner="alder", scopes=SCOPES))["assets"]["nodes"]
    ] == expected
