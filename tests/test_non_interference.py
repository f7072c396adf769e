"""Non-interference: worlds that differ only in what a caller may not see are answered byte for byte alike.

Rows that no agreement shows are added, removed and changed, so are columns that are withheld in a row, and values under
their mask; `tests/sharing.py` says what may be seen, from what the agreements say alone. Three engines at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.rows import Row
from tests.servers import Server
from tests.sharing import HOMES, STOCKS, TABLES, VIEWER, Agreement, Sight, agreements
from tests.worlds import World, federation, law, partner_file, tagged

Rows = dict[str, list[Row]]
REMOVED = 0.3  # of the rows: what is removed cannot be changed
FEW = {"sites", "policies", "people"}  # they have three keys
SCOPES = [("read", "read:personal", "read:contact")] * 4 + [("read",), ("read", "read:personal"), ("read:personal",)]
ASSET = (
    "id name kind status manufacturer odometerKm partner { code } site { id name kind } "
    "custodian { id displayName phone } identifiers { scheme value }"
)
SAME = "sameAs(first: 5) { nodes { id name partner { code } } }"
COVERED = "coverages(first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { id policy { number } } }"
INSURED = (
    "insuredAssets { scope listed(first: 2) { totalCount pageInfo { endCursor } edges { cursor node { id name } } } }"
)
COVER = f"id partner {{ code }} policy {{ id number holderPartner {{ code }} }} {INSURED}"
LISTS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "assets": (
        "Asset",
        (
            "{}",
            "{ status: { eq: AVAILABLE } }",
            "{ not: { status: { eq: AVAILABLE } } }",
            "{ status: { isNull: true } }",
            "{ not: { manufacturer: { isNull: false } } }",
            '{ manufacturer: { startsWith: "Ren" } }',
            '{ manufacturer: { contains: "ault" } }',
            "{ odometerKm: { ge: 10 } }",
            "{ site: { kind: { eq: DEPOT } } }",
            "{ not: { site: {} } }",
            '{ custodian: { phone: { startsWith: "06" } } }',
            '{ identifiers: { some: { normalized: { eq: "AB123" } } } }',
            "{ not: { identifiers: { some: {} } } }",
            "{ coverages: { some: {} } }",
            "{ not: { coverages: { some: { policy: { holderPartner: { isNull: false } } } } } }",
        ),
        ("", "NAME", "STATUS", "UPDATED_AT"),
    ),
    "sites": ("Site", ("{}", "{ kind: { eq: DEPOT } }", "{ not: { kind: { eq: DEPOT } } }"), ("", "NAME")),
    "coverages": (
        "Coverage",
        (
            "{}",
            "{ policy: { holderPartner: { isNull: false } } }",
            "{ not: { policy: {} } }",
            "{ insuredAssets: { listed: { some: { status: { eq: AVAILABLE } } } } }",
            "{ not: { insuredAssets: { listed: { some: {} } } } }",
        ),
        ("",),
    ),
    "policies": ("Policy", ("{}", '{ number: { contains: "1" } }', "{ holderPartner: { isNull: false } }"), ("",)),
    "people": (
        "Person",
        ("{}", '{ phone: { startsWith: "06" } }', '{ phone: { contains: "11" } }', '{ displayName: { eq: "Awa" } }'),
        ("",),
    ),
}
SELECTED = {
    "Asset": (ASSET, f"{ASSET} {COVERED}", f"id {SAME}", f"id {COVERED} {SAME}"),
    "Site": ("id name kind", "id"),
    "Coverage": (COVER, "id policy { number }"),
    "Policy": ("id number holderPartner { code }", "id coverages(first: 2) { totalCount nodes { id } }"),
    "Person": ("id displayName phone", "id"),
}


@dataclass(frozen=True)
class Asked:
    """One list, as it is asked for."""

    text: str


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    name = draw(st.sampled_from([*LISTS, "assets", "assets", "coverages"]))
    entity, filters, orders = LISTS[name]
    order = draw(st.sampled_from(orders))
    direction = draw(st.sampled_from(["ASC", "DESC"]))
    sorting = f", orderBy: [{{ field: {order}, direction: {direction} }}]" if order else ""
    size = draw(st.integers(1, 4))
    way = draw(st.sampled_from(["first", "first", "last"]))
    fields = draw(st.sampled_from(SELECTED[entity]))
    text = (
        f"query List($cursor: String) {{ {name}({way}: {size}, {'after' if way == 'first' else 'before'}: $cursor, "
        f"filter: {draw(st.sampled_from(['{}', '{}', *filters]))}{sorting}) {{ totalCount pageInfo {{ "
        f"hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {fields} }} }} }} }}"
    )
    return Asked(text)


def filled() -> st.SearchStrategy[Rows]:
    """Rows for every table, enough of them that many meet."""
    rows = {
        stock.id: st.lists(
            st.fixed_dictionaries(dict(stock.columns)),
            min_size=2,
            max_size=3 if stock.name in FEW else 6,
            unique_by=_key,
        )
        for stock in STOCKS
    }
    return st.fixed_dictionaries(rows).map(tagged)


def _key(row: Row) -> Any:
    return row["id"]


def unseen(held: Rows, others: Rows, sight: Sight, random: Random) -> tuple[Rows, int]:
    """The rows after many changes that the caller may not see, and how many they are. others: what rows are put there,
    and what values are put into those that are."""
    ways = [change for name in held for change in _changes(name, held[name], others[name], random)]
    random.shuffle(ways)
    before, made = sight.seen(held), 0
    for change in ways:
        after = change(held)
        if after != held and sight.seen(after) == before:
            held, made = after, made + 1
    return held, made


def _changes(name: str, rows: list[Row], others: list[Row], random: Random) -> Iterator[Callable[[Rows], Rows]]:
    for row in rows:
        if random.random() < REMOVED:
            yield partial(_without, name, row["id"])
        for column in row:
            if column != "id":
                yield partial(_altered, name, row["id"], column, random.choice(others)[column])
    for row in others:
        yield partial(_put, name, row)


def _without(name: str, key: int, held: Rows) -> Rows:
    return {**held, name: [row for row in held[name] if row["id"] != key]}


def _altered(name: str, key: int, column: str, value: Any, held: Rows) -> Rows:
    value = f"{value}+" if column == "tag" else value
    return {**held, name: [{**row, column: value} if row["id"] == key else row for row in held[name]]}


def _put(name: str, row: Row, held: Rows) -> Rows:
    known = any(one["id"] == row["id"] for one in held[name])
    return held if known else {**held, name: [{**row, "tag": f"{row['tag']}-"}, *held[name]]}


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    none = dict.fromkeys([*HOMES, VIEWER], "")
    async with federation("unseen", STOCKS, none, servers, tmp_path_factory.mktemp("unseen")) as found:
        yield found


async def agree(world: World, found: list[Agreement]) -> None:
    """Make these the agreements of the federation."""
    for code in HOMES:
        mine = [one.toml(number) for number, one in enumerate(found) if one.provider == code]
        file = world.gateway.folder / "partners" / f"{code}.toml"
        file.write_text(partner_file(code, STOCKS, "\n".join(mine)), "utf-8")
    mistakes = [one for one in await world.gateway.reload() if one.level == "error"]
    assert not mistakes, [str(one) for one in mistakes]


# What differs between two answers to the same: the request's id, how long it took, and what is left of a budget.
CHANGING = re.compile(rb'"(requestId|milliseconds|seconds|took|available|budget|left)": ?("[^"]*"|[-0-9.e]+)')
TIMED = re.compile(rb" in [0-9.]+ ms|[0-9.]+ ms")


async def told(world: World, text: str, variables: Mapping[str, Any], scopes: tuple[str, ...], purpose: bool) -> bytes:
    """The whole body of an answer, without what changes anyway."""
    token = world.gateway.issuer.issue(
        partner=VIEWER,
        subject="tester",
        scopes=list(scopes),
        purposes=["lending"] if purpose else [],
        lifetime=600,
    )
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = json.dumps({"query": text, "variables": dict(variables), "extensions": {"plan": True}})
    async with world.gateway.session.post(f"{world.gateway.url}/graphql", data=body, headers=headers) as response:
        return TIMED.sub(b"", CHANGING.sub(b"", await response.read()))


def cursor_of(answer: bytes) -> str | None:
    """The cursor that leads on from the end of a page."""
    found = re.search(rb'"endCursor":"([^"]+)"', answer)
    return found[1].decode() if found else None


IDS = (
    "query Ids($ids: [ID!]!, $id: ID!) {{ nodes(ids: $ids) {{ __typename id ... on Asset {{ {0} }} }} "
    "node(id: $id) {{ id }} }}"
)
BY = (
    'query By {{ assetBy(scheme: {0}, value: "ab123", first: 2) '
    "{{ totalCount nodes {{ {1} }} pageInfo {{ endCursor }} }} }}"
)


@law(40)
@given(
    rows=filled(),
    others=filled(),
    seed=st.integers(0, 2**32),
    found=agreements(),
    lists=st.lists(asked(), min_size=4, max_size=8),
    scopes=st.sampled_from(SCOPES),
    purpose=st.sampled_from([True, True, True, False]),
    scheme=st.sampled_from(["LICENSE_PLATE", "SERIAL"]),
)
async def test_what_may_not_be_seen_changes_no_answer(
    world: World,
    rows: Rows,
    others: Rows,
    seed: int,
    found: list[Agreement],
    lists: list[Asked],
    scopes: tuple[str, ...],
    purpose: bool,
    scheme: str,
) -> None:
    sight = Sight(found, frozenset(scopes), "lending" if purpose else None)
    await agree(world, found)
    held = await world.fill(rows)
    other, made = unseen(held, others, sight, Random(seed))
    ids = [
        world.gateway.federation.runtime.ids.write(entity, f"{code}.{table}", str(key))
        for entity, table in TABLES.items()
        for code in HOMES
        for key in (1, 2)
    ]
    operations: list[tuple[str, dict[str, Any]]] = [(one.text, {}) for one in lists]
    operations.append((IDS.format(f"{ASSET} {SAME}"), {"ids": ids, "id": ids[0]}))
    operations.append((BY.format(scheme, f"{ASSET} {COVERED}"), {}))
    first = [await told(world, text, variables, scopes, purpose) for text, variables in operations]
    cursors = [
        cursor_of(answer) if "$cursor" in text else None for answer, (text, _) in zip(first, operations, strict=True)
    ]
    further = [(text, {"cursor": cursor}) for cursor, (text, _) in zip(cursors, operations, strict=True) if cursor]
    operations += further
    first += [await told(world, text, variables, scopes, purpose) for text, variables in further]
    await world.fill(other)
    note(f"{made} changes")
    for (text, variables), answer in zip(operations, first, strict=True):
        again = await told(world, text, variables, scopes, purpose)
        assert again == answer, f"{text} {variables}\n{difference(held, other)}\n" + "\n".join(a.toml(0) for a in found)


def difference(held: Rows, other: Rows) -> str:
    """Which rows are not the same."""
    lines = []
    for name, rows in held.items():
        lines += [f"- {name} {row}" for row in rows if row not in other[name]]
        lines += [f"+ {name} {row}" for row in other[name] if row not in rows]
    return "\n".join(lines)
