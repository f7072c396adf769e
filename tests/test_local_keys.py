"""Keys of every type: each row is found again by its id, and nothing else is; ids that were touched lead nowhere."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.key_stocks import SOME, STOCKS, TYPES
from tests.rows import Row
from tests.servers import Server
from tests.worlds import World, federation, fillings, law, tagged

LIST = """query Q($order: [AssetOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  assets(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    nodes { id name description provenance { localId } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    missing { source code }
  }
}"""
NODES = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id ... on Asset { name description provenance { localId } } } }"
Node = dict[str, Any]


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    folder = tmp_path_factory.mktemp("keys")
    async with federation("key_types", STOCKS, {}, servers, folder, before={"postgres": TYPES}) as found:
        yield found


async def walk(world: World, size: int, backward: bool = False, order: Sequence[dict[str, str]] = ()) -> list[Node]:
    """The whole list, page by page."""
    found: list[Node] = []
    window: dict[str, Any] = {"last" if backward else "first": size}
    while True:
        page = (await world.gateway.data(LIST, {"order": order, **window}, partner="oak"))["assets"]
        assert page["missing"] == []
        found = page["nodes"] + found if backward else found + page["nodes"]
        if not page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        window["before" if backward else "after"] = page["pageInfo"]["startCursor" if backward else "endCursor"]


async def nodes(world: World, ids: list[str]) -> list[Node | None]:
    """What some ids lead to."""
    found: list[Node | None] = []
    for start in range(0, len(ids), 100):
        found += (await world.gateway.data(NODES, {"ids": ids[start : start + 100]}, partner="oak"))["nodes"]
    return found


@law(5)
@given(rows=fillings(STOCKS, 4), size=st.integers(20, 60))
async def test_each_row_is_listed_once_and_found_again_by_its_id(
    world: World, rows: dict[str, list[Row]], size: int
) -> None:
    held = await world.fill(rows)
    listed = await walk(world, size)
    assert [node["description"] for node in listed] == [row["tag"] for name in sorted(held) for row in held[name]]
    assert await walk(world, size, backward=True) == listed
    assert await nodes(world, [node["id"] for node in listed]) == listed
    assert len({node["id"] for node in listed}) == len(listed)


@law(4)
@given(rows=fillings(STOCKS, 4), size=st.integers(20, 60))
async def test_what_has_no_name_is_sorted_by_its_key(world: World, rows: dict[str, list[Row]], size: int) -> None:
    held = await world.fill(rows)
    named = await walk(world, size, order=[{"field": "NAME"}])
    assert all(node["name"] == node["provenance"]["localId"] for node in named)
    tags = [row["tag"] for found in held.values() for row in found]
    assert sorted(node["description"] for node in named) == sorted(tags)
    # Floating point numbers and times are sorted as their engine writes them, which is not how a key does.
    names = [node["name"] for node in named if not re.search("_(double|time|stamp)[.]", node["description"])]
    assert names == sorted(names)


def made_up(mapping: str, key: str, personal: str = ":") -> str:
    """An id as the gateway would write it."""
    return base64.urlsafe_b64encode(f"Asset.{mapping}{personal}{key}".encode()).rstrip(b"=").decode()


HOSTILE = [
    *["", " ", "x", "-", "+1", " 1", "1 ", "01", "1.0", "1e3", "0x1", "1_0", "-0", "\uff11", "NaN", "true"],
    *["9" * 40, "-" + "9" * 40, "9" * 5000, str(2**31), str(2**63), str(2**64), str(-(2**63) - 1)],
    *["a\0b", "😀", "é" * 300, "%", "_", "%41", "a:b", "a:1:c", "::", ":1:", "a:99999999999:c", "a:x:c", "%zz:1:c"],
    *["2024-13-01", "0001-01-01", "9999-12-31", "2024-01-01 00:00:00", "10000-01-01", "2024-01-01T00:00:00+99:00"],
    *["0" * 32, "{00000000-0000-0000-0000-000000000000}", "00000000-0000-0000-0000-00000000000G"],
    *["red", "Red", "mauve", "abc", "zz", "00", "' or 1=1 --", "\\", "'", '"'],
]


async def test_an_id_that_was_made_up_leads_to_its_own_record_or_to_none(world: World) -> None:
    await world.fill(tagged({stock.id: SOME.get(stock.name, ()) for stock in STOCKS}))
    asked = [made_up(stock.id, key) for stock in STOCKS for key in HOSTILE]
    found = await nodes(world, asked)
    leads = {text: node for text, node in zip(asked, found, strict=True) if node is not None}
    assert all(node["id"] == text for text, node in leads.items())
    # What is there and was named as ids name it; no other spelling of a key leads to the same row.
    assert sorted(node["description"].partition(".")[2] for node in leads.values()) == [
        "mariadb_enum.0",
        "mariadb_text.0",
        "postgres_enum.0",
        "postgres_text.0",
        "sqlite_int.0",
        "sqlite_text.0",
    ]


async def test_an_id_that_was_touched_is_refused_or_leads_to_no_other_record(world: World) -> None:
    rows = {"postgres_text": [{"k": "plate-1"}], "postgres_secret": [{"k": "plate-1"}]}
    await world.fill(tagged({stock.id: rows.get(stock.name, ()) for stock in STOCKS}))
    plain, secret = (await nodes(world, [node["id"] for node in await walk(world, 5)]))[::-1]
    assert plain is not None and secret is not None
    assert b"plate" not in base64.urlsafe_b64decode(secret["id"] + "==")
    for text in (plain["id"], secret["id"]):
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        touched = [raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :] for at in range(len(raw))]
        asked = [base64.urlsafe_b64encode(found).rstrip(b"=").decode() for found in (*touched, raw[:-1], raw + b"a")]
        asked += [text + more for more in ("A", "=", " ", "\n")] + [text[:-1], text[1:], "", "=", "😀", "A" * 9999]
        for one in asked:
            answer = await world.gateway.ask("query Q($id: ID!) { node(id: $id) { id } }", {"id": one}, partner="oak")
            assert answer["data"] == {"node": None}, one
            assert all(error["extensions"]["code"] == "BAD_USER_INPUT" for error in answer.get("errors", ()))
    assert await nodes(world, [made_up("oak.postgres_secret", "plate-1")]) == [None], "an id is written in one way"
    assert await nodes(world, [made_up("oak.postgres_text", "plate-1")]) == [plain]


async def test_a_row_without_its_key_is_no_record(world: World) -> None:
    rows = {"sqlite_nameless": [{"k": key} for key in (None, "a", None, "b", None, "c", None)]}
    await world.fill(tagged({stock.id: rows.get(stock.name, ()) for stock in STOCKS}))
    for backward in (False, True):
        assert [node["name"] for node in await walk(world, 1, backward)] == ["a", "b", "c"]
