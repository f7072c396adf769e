"""The planned way answers as graphql-core does: every page's operations, and random ones over stores with holes."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from gateway.demo.federation import PARTNERS, STORES
from gateway.demo.greeting import FIRST_QUERY
from resolvers.viewer import Viewer
from tests import thin_demo
from tests.both_ways import House, housed
from tests.gateways import SCOPES
from tests.page import read
from tests.random_operations import CURSORS, Asked, Known, operations
from tests.test_pages import PAGES, demo_stores, fill, written
from tests.worlds import law

__all__ = ["demo_stores"]

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
CODES = ("poste", "coop", "city", "insurer", "broker")
# Patient: a busy machine is no reason to differ.
FILES = {
    code: (PARTNERS / f"{code}.toml").read_text("utf-8").replace('kind = "sql"', 'kind = "sql"\ndeadline = "60s"')
    for code in CODES
}
# All share everything that can be shared, and nearly nothing.
ENTITIES = ("Asset", "Person", "Policy", "Coverage", "Site", "Booking", "Authorisation")
OPEN = '[[agreement]]\ncode = "open"\nwith = "*"\n' + "".join(
    f'[agreement.{name}]\nfields = "*"\n' for name in ENTITIES
)
NARROW = """
[[agreement]]
code = "narrow"
with = "*"
[agreement.Asset]
fields = ["kind", "site", "coverages", "identifiers.scheme", "identifiers.value"]
[agreement.Person]
fields = ["displayName", "manager"]
[agreement.Coverage]
fields = ["kind", "policy", "insuredAssets.scope", "insuredAssets.listed", "limits"]
[agreement.Site]
fields = ["address.city"]
"""


def files(agreements: str | None) -> dict[str, str]:
    """The demonstration's partner files, with these agreements in place of their own."""
    if agreements is None:
        return FILES
    return {code: f"{text.partition('[[agreement]]')[0]}\n{agreements}" for code, text in FILES.items()}


def holed(folder: Path, seed: int) -> None:
    """Thin stores in which every sixth value is null, references lead nowhere, and rows stand there twice."""
    thin_demo.fill(folder)
    random = Random(seed)
    for store in STORES:
        with closing(sqlite3.connect(thin_demo.path(folder, store))) as database, database:
            for table in store.tables.sorted_tables:
                names = [column.name for column in table.columns]
                rows = database.execute(f'SELECT * FROM "{table.name}"').fetchall()
                database.execute(f'DELETE FROM "{table.name}"')
                keys = {column.name for column in table.primary_key}
                kept = []
                for row in rows:
                    values = [
                        _spoilt(random, name, value, name in keys) for name, value in zip(names, row, strict=True)
                    ]
                    kept += [values] * (1 + (random.randrange(12) == 0))
                marks = ", ".join("?" * len(names))
                database.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', kept)


def _spoilt(random: Random, name: str, value: Any, key: bool) -> Any:
    chance = random.randrange(24)
    if key:
        return value if chance else None
    if name.endswith("_id") and chance < 3:
        return 99_999
    if isinstance(value, str) and chance == 4:
        return random.choice(["", "  ", "?", "0000-00-00", f" {value} "])
    return None if chance < 4 else value


def broken(folder: Path, seed: int) -> None:
    """Stores with holes of which one is not there, and two lack a table."""
    holed(folder, seed)
    for store, table in (("poste.fleet", "sites"), ("city.inventory", None), ("insurer.contracts", "garanties")):
        path = folder / f"{store}.sqlite"
        if table is None:
            path.unlink()
            continue
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(f'DROP TABLE "{table}"')


@dataclass(frozen=True, slots=True)
class World:
    """A house, and what each partner may name there."""

    house: House
    known: Mapping[str, Known]


@pytest.fixture(scope="module")
async def worlds(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, World]]:
    """The demonstration over whole, holed and broken stores, under its own, wide and narrow agreements."""
    folder = tmp_path_factory.mktemp("reference")
    thin_demo.fill(folder / "whole")
    holed(folder / "holed", 1)
    broken(folder / "broken", 2)
    made = {
        "plain": ("whole", None),
        "holed": ("holed", OPEN),
        "broken": ("broken", None),
        "broken and open": ("broken", OPEN),
        "narrow": ("holed", NARROW),
    }
    async with AsyncExitStack() as stack:
        found = {}
        for name, (stores, agreements) in made.items():
            environ = thin_demo.environment(folder / stores)
            house = await stack.enter_async_context(housed(files(agreements), environ, folder / name, NOW))
            found[name] = World(house, {code: await known(house, viewer(code)) for code in CODES})
        yield found


def viewer(code: str, scopes: tuple[str, ...] = SCOPES, subject: str = "tester") -> Viewer:
    return Viewer(code, subject, frozenset(scopes), purpose="lending")


LISTS = ("assets", "people", "policies", "coverages", "sites", "bookings")


async def known(house: House, who: Viewer) -> Known:
    """What a caller can name: ids that it sees, those of others, and broken ones; cursors of lists."""
    ask = " ".join(f"{name}(first: 7) {{ nodes {{ id }} }}" for name in LISTS)
    data = await house.data(who, f"{{ {ask} partners {{ id }} }}")
    ids = [node["id"] for name in LISTS for node in (data[name] or {}).get("nodes", ())][:30]
    ids += [partner["id"] for partner in data["partners"]]
    write = house.runtime.ids.write
    ids += [write("Asset", "poste.vehicles", "12"), write("Asset", "poste.vehicles", "404"), write("Partner", "x", "")]
    ids += [write("Policy", "insurer.policies", "1"), write("Coverage", "nobody.things", "1"), "not an id", ""]
    cursors = {}
    for place, lists in CURSORS.items():
        of, name = place.split(".")
        for at, arguments in enumerate(lists):
            page = f"{name}{f'({arguments})' if arguments else ''} {{ edges {{ cursor }} }}"
            data = await house.data(who, f"{{ {page} }}" if of == "Query" else f"{{ assets {{ nodes {{ {page} }} }} }}")
            pages = [data[name]] if of == "Query" else [node[name] for node in data["assets"]["nodes"]]
            cursors[place, at] = [edge["cursor"] for found in pages if found for edge in found["edges"]]
    return Known(ids, cursors)


# the pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in PAGES if path.name != "README.md"], ids=lambda path: path.stem)
async def test_a_page_is_answered_the_same_both_ways(
    path: Path, tmp_path: Path, demo_stores: Mapping[str, str]
) -> None:
    """And never with more statements."""
    page = read(path)
    environ = (dict(demo_stores) if page.demo else {}) | fill(page, tmp_path)
    partners = dict(page.partners)
    if page.demo:
        partners = FILES | {code: f"{FILES.get(code, '')}\n{text}" for code, text in partners.items()}
    async with housed(partners, environ, tmp_path / "house", NOW) as house:
        for ask in page.asks:
            house.runtime.clock = lambda now=ask.now: now  # type: ignore[misc]
            who = Viewer(ask.partner, ask.subject, frozenset(ask.scopes), purpose="lending")
            found = await house.both(who, named(house, ask.query), named(house, ask.variables))
            where = f"{path.name}:{ask.line} {ask.title}"
            assert found.differences() == [], where
            for _ in range(3):  # places that share a statement do so where what leads there comes at the same time
                if found.more_sent():
                    found = await house.both(who, named(house, ask.query), named(house, ask.variables))
            assert found.more_sent() == [], where


def named(house: House, value: Any) -> Any:
    """What a page says, with the ids that it names."""

    @dataclass
    class Door:
        federation: Any

    return written(Door(house.federation), value)  # type: ignore[arg-type]


async def test_the_first_query_of_the_demonstration(worlds: Mapping[str, World]) -> None:
    for world in worlds.values():
        for code in CODES:
            assert (await world.house.both(viewer(code), FIRST_QUERY)).differences() == []


# random operations ---------------------------------------------------------------------------------------------------

SCOPED = st.sampled_from([SCOPES, SCOPES, ("read", "read:personal"), ("read",), ("read:personal",)])
SUBJECTS = st.sampled_from(["tester", "P101942"])
WORLDS = ("plain", "holed", "broken", "broken and open", "narrow")


@settings(law(200), phases=[Phase.explicit, Phase.generate])
@given(
    asked=operations(),
    name=st.sampled_from(WORLDS),
    code=st.sampled_from(CODES),
    scopes=SCOPED,
    subject=SUBJECTS,
)
async def test_random_operations_are_answered_the_same_both_ways(
    worlds: Mapping[str, World], asked: Asked, name: str, code: str, scopes: tuple[str, ...], subject: str
) -> None:
    world = worlds[name]
    assume(asked.fits)
    asked = asked.known(world.known[code])
    found = await world.house.both(viewer(code, scopes, subject), asked.text, asked.variables)
    assert found.differences() == []
    for _ in range(3):  # as above
        if found.more_sent():
            found = await world.house.both(viewer(code, scopes, subject), asked.text, asked.variables)
    assert found.more_sent() == []
