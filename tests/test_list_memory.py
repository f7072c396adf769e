"""What is kept from one list to the next: never what another list, another value or another table would need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.fetch import Arm, Fetch
from resolvers.outline import outline
from resolvers.predicate import And, Compare, LeadsTo, Near, Not, Or, Predicate, Some, conjuncts
from tests.servers import Server
from tests.stocks import AGREEMENTS, SOME, STOCKS, VIEWER
from tests.worlds import World, federation, law, tagged

TEXTS = ["", "a", "VAN", "\0", "b\0c", "é" * 64, "é" * 65, "x" * 100, "x" * 101, "x" * 200]
NUMBERS = [0, 1, True, -7, 2**53, 2**63, -(2**63), 1.5, 1e300, Decimal(1), Decimal("0.1"), Decimal(2**63)]
TIMES = [datetime(2024, 5, 1, 12, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
DAYS = [date(2024, 5, 1), date(1, 1, 1), date(9999, 12, 31)]
VALUES: dict[str, list[Any]] = {
    "name": TEXTS,
    "description": TEXTS,
    "manufacturer": TEXTS,
    "kind": [*TEXTS, "BICYCLE"],
    "odometerKm": NUMBERS,
    "updatedAt": TIMES,
    "productionYear": NUMBERS,
    "": ["alder", "birch", "nobody"],
}
WORDS = ("name", "description", "manufacturer")


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    async with federation("memory", STOCKS, AGREEMENTS, servers, tmp_path_factory.mktemp("memory")) as found:
        await found.fill(tagged(SOME))
        for query in ("{ assets { nodes { id } } }", "{ coverages { nodes { id } } }"):
            await found.gateway.data(query, partner=VIEWER)
        yield found


@st.composite
def compared(draw: st.DrawFn, paths: list[str]) -> Predicate:
    path = draw(st.sampled_from(paths))
    texts = ("startsWith", "contains") if path in WORDS else ()
    operator = draw(st.sampled_from(("eq", "ne", "in", "lt", "ge", "isNull", *texts)))
    if operator == "isNull":
        return Compare(path, operator, draw(st.booleans()))
    values = st.sampled_from(VALUES[path])
    return Compare(path, operator, draw(st.lists(values, max_size=3).map(tuple) if operator == "in" else values))


@st.composite
def entries(draw: st.DrawFn) -> Predicate:
    spelt = draw(st.sampled_from(["value", "normalized"]))
    texts = st.sampled_from(TEXTS)
    members: list[Predicate] = [Compare(spelt, "eq", draw(texts))]
    if draw(st.booleans()):
        members = [Compare(spelt, "in", draw(st.lists(texts, max_size=2).map(tuple)))]
    if draw(st.booleans()):
        members.append(Compare("scheme", "eq", draw(st.sampled_from(["SERIAL", "LICENSE_PLATE", "INVENTORY_NO"]))))
    if draw(st.booleans()):
        members.append(draw(st.sampled_from([Compare("country", "eq", "FR"), Compare(spelt, "eq", "a")])))
    return Some("identifiers", And(tuple(members)))


def conditions(paths: list[str]) -> st.SearchStrategy[Predicate]:
    atoms = st.one_of(
        compared(paths),
        entries(),
        st.builds(Near, st.just("position"), st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 20_000)),
        st.just(LeadsTo("custodian", ())),
    )
    known = st.one_of(atoms, atoms.map(Not))
    return st.one_of(known, st.lists(known, min_size=1, max_size=2).map(lambda found: Or(tuple(found))))


def test_conditions_of_one_outline_are_taken_by_the_same_sources(world: World) -> None:
    runtime = world.gateway.federation.runtime
    model = runtime.catalog.model
    paths = [path for path in VALUES if not path or path in model.entities["Asset"].fields]
    builders = {}
    for mapping in runtime.catalog.mappings("Asset"):
        source = runtime.pools.sources[mapping.source_id]
        if source.looks is None:  # not the viewer's to see
            continue
        fetch = Fetch(mapping.source_id, "Asset", (), (Arm(mapping, frozenset(mapping.fields)),))
        builders[mapping.id] = (StatementBuilder(model, source.looks, source.source.zone, {}), fetch)
    assert {builder.shape.dialect for builder, _ in builders.values()} >= {"postgresql", "sqlite"}
    taken: dict[Any, tuple[bool, bool]] = {}

    @law(1500)
    @given(conditions(paths))
    @example(Compare("name", "contains", "x" * 100))
    @example(Compare("name", "contains", "x" * 101))
    def alike(condition: Predicate) -> None:
        for name, (builder, fetch) in builders.items():
            try:
                answer = builder.accept(fetch, condition, ())
            except (TypeError, ValueError, ArithmeticError, AttributeError):  # a value that the path never has
                continue
            found = (bool(conjuncts(answer.taken)), bool(conjuncts(answer.left)))
            assert taken.setdefault((name, outline(condition)), found) == found, (name, condition)

    alike()
    assert set(taken.values()) >= {(True, False), (False, True), (True, True)}


def test_what_python_holds_equal_is_told_apart() -> None:
    values = [True, 1, 1.0, Decimal(1)]
    assert len({outline(Compare("name", "eq", value)) for value in values}) == len(values)
    assert len({outline(Some("parts", Compare("number", "eq", value))) for value in values}) == len(values)


async def test_a_text_that_the_source_cannot_look_for_is_looked_for_after_one_that_it_can(world: World) -> None:
    long = "é" * 101
    await world.fill(tagged(SOME | {"birch.tools": [{"ref": key, "maker": None, "model": long} for key in "ab"]}))
    query = "query ($text: String!) { assets(filter: {name: {contains: $text}}) { totalCount } }"
    for text in ("é", "e" * 101, "é", "é" * 102):
        data = await world.gateway.data(query, {"text": text}, partner=VIEWER)
        found = await world.gateway.data("{ assets(first: 1000) { nodes { name } } }", partner=VIEWER)
        expected = sum(
            "e" * len(text) in (node["name"] or "").casefold().replace("é", "e") for node in found["assets"]["nodes"]
        )
        assert data["assets"]["totalCount"] == expected
