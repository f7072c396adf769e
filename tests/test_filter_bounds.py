"""Texts and moments in filters that a database may refuse: no source is lost over them, and no record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
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
            stock: [{**row, "label": label} for row, label in zip(rows, ("a", "o", "Ö" * 160, "b"), strict=False)]
            for stock, rows in SOME.items()
        }
        day = date(2024, 3, 5)
        covers = {
            "alder.covers": [{"id": 1, "begins": day, "ends": day, "tag": "a"}],
            "birch.covers": [{"id": 2, "begins": datetime(2024, 3, 5), "ends": day, "tag": "b"}],  # noqa: DTZ001
            "cedar.covers": [{"id": 3, "ends": "2024-03-05", "tag": "c"}],
        }
        await found.fill(named | covers)
        yield found


async def names(world: World, wanted: Any) -> list[str]:
    found = (await world.gateway.data(_LIST, {"wanted": wanted}, partner=VIEWER))["assets"]
    assert not found["partial"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["name"] for node in found["nodes"]]


@pytest.mark.parametrize("operator", ["eq", "ne", "lt", "le", "gt", "ge", "startsWith", "contains"])
@pytest.mark.parametrize(
    "text", ["a\0b", "\0", "o" * 150, LONG, "a"], ids=["nul", "only-nul", "longer", "long", "short"]
)
async def test_a_text_of_any_length_and_with_any_character(world: World, operator: str, text: str) -> None:
    every = await names(world, {})
    assert len(every) == 9
    holding = [name for name in every if compares(name, operator, text)]
    assert await names(world, {"name": {operator: text}}) == holding
    assert await names(world, {"not": {"name": {operator: text}}}) == [n for n in every if n not in holding]


@pytest.mark.parametrize("path", ["start", "end"])
async def test_a_moment_at_either_end_of_the_calendar(world: World, path: str) -> None:
    query = f"""query Q($wanted: DateTimeFilter!) {{
      coverages(filter: {{{path}: $wanted}}) {{ nodes {{ label }} partial }}
    }}"""
    for moment, passing in (
        ("0001-01-01T00:00:00+14:00", {"gt", "ge", "ne"}),
        ("9999-12-31T23:59:59Z", {"lt", "le", "ne"}),
        ("9999-12-31T23:59:59-14:00", {"lt", "le", "ne"}),
    ):
        for operator in ("lt", "le", "gt", "ge", "eq", "ne"):
            found = (await world.gateway.data(query, {"wanted": {operator: moment}}, partner=VIEWER))["coverages"]
            assert not found["partial"]
            labels = {node["label"] for node in found["nodes"]}
            assert labels == ({"a", "b", "c"} if operator in passing else set()), (operator, moment)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_list_at_either_end_of_the_calendar(world: World, at: str) -> None:
    query = "query Q($at: DateTime!) { coverages(at: $at) { nodes { label } partial } }"
    assert (await world.gateway.data(query, {"at": at}, partner=VIEWER))["coverages"] == {"nodes": [], "partial": False}


@pytest.mark.parametrize("path", ["name", "odometerKm", "updatedAt"])
async def test_as_many_values_as_may_be_asked(world: World, path: str) -> None:
    """SQLite takes no expression that is a thousand deep."""
    query = f"{{ assets(first: 100) {{ nodes {{ name value: {path} }} }} }}"
    found = (await world.gateway.data(query, partner=VIEWER))["assets"]["nodes"]
    values = sorted({node["value"] for node in found if node["value"] is not None})
    others: dict[str, Any] = {
        "name": [f"no name {number}" for number in range(1000)],
        "odometerKm": [700000.5 + number for number in range(1000)],
        "updatedAt": [f"1970-01-01T00:{number // 60:02}:{number % 60:02}Z" for number in range(1000)],
    }
    asked = [*values, *others[path]][:1000]
    holding = [node["name"] for node in found if node["value"] is not None]
    assert await names(world, {path: {"in": asked}}) == holding
