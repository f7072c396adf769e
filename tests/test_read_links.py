"""A filter along links whose identifiers no database can read: it leads where the edge itself leads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.edge_stocks import AGREEMENTS, STOCKS, VIEWER
from tests.rows import Row
from tests.servers import Server
from tests.test_edge_filters import asked
from tests.test_edges import record
from tests.worlds import federation

_READ = 'value = { column = "ref", extract = "[A-Z0-9]+" }, country'
LINKED = tuple(replace(stock, fields=stock.fields.replace('value = "ref", country', _READ)) for stock in STOCKS)
ROWS: dict[str, list[Row]] = {stock.id: [] for stock in STOCKS} | {
    "birch.cars": [{"id": 1, "plate": "AB1", "inv": None, "land": "FR", "holder": None, "tag": "car"}],
    "fir.covers": [
        {"id": n, "kind": "FIRE", "contract": None, "plate": None, "inv": None, "tag": f"fir.covers.{n}"}
        for n in (1, 2)
    ],
    "fir.items": [{"n": 1, "cover": "1", "scheme": "P", "ref": "(AB1)", "tag": "item"}],
}


async def test_links_that_are_read_here(
    postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert LINKED != STOCKS
    folder: Path = tmp_path_factory.mktemp("read_links")
    servers = {"postgres": postgres, "mariadb": mariadb}
    listed = {"insuredAssets": {"listed": {"some": {"identifiers": {"some": {"normalized": {"eq": "ab 1"}}}}}}}
    async with federation("read_links", LINKED, AGREEMENTS, servers, folder) as world:
        await world.fill(ROWS)
        for wanted, passing in ((listed, ["fir.covers:1"]), ({"not": listed}, ["fir.covers:2"])):
            page = (await world.gateway.data(asked("coverages"), {"wanted": wanted, "size": 5}, partner=VIEWER))[
                "found"
            ]
            assert [record(node) for node in page["nodes"]] == passing
            assert (page["totalCount"], page["partial"]) == (1, False)
