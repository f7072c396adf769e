"""Texts in filters that a database may refuse: the answer is the same, and no source is lost over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.filters import compares
from tests.servers import Server
from tests.stocks import AGREEMENTS, SOME, STOCKS, VIEWER
from tests.worlds import World, federation

LONG = "o" * 900  # the letter with the most forms
_LIST = """query Q($wanted: AssetFilter) {
  assets(filter: $wanted, first: 100) { nodes { name } partial totalCount }
}"""


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    folder = tmp_path_factory.mktemp("filter_texts")
    async with federation("filter_texts", STOCKS, AGREEMENTS, servers, folder) as found:
        named = {
            stock: [{**row, "label": label} for row, label in zip(rows, ("a", "o", "Ö", "b"), strict=False)]
            for stock, rows in SOME.items()
        }
        await found.fill(named)
        yield found


async def names(world: World, wanted: Any) -> list[str]:
    found = (await world.gateway.data(_LIST, {"wanted": wanted}, partner=VIEWER))["assets"]
    assert not found["partial"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["name"] for node in found["nodes"]]


@pytest.mark.parametrize("operator", ["eq", "ne", "lt", "le", "gt", "ge", "startsWith", "contains"])
@pytest.mark.parametrize("text", ["a\0b", "\0", "o" * 100, LONG, "a"], ids=["nul", "only-nul", "most", "long", "short"])
async def test_a_text_of_any_length_and_with_any_character(world: World, operator: str, text: str) -> None:
    every = await names(world, {})
    assert len(every) == 9
    holding = [name for name in every if compares(name, operator, text)]
    assert await names(world, {"name": {operator: text}}) == holding
    assert await names(world, {"not": {"name": {operator: text}}}) == [n for n in every if n not in holding]
