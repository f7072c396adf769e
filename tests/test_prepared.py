"""A statement that is kept answers what is like the question that it was made for: the same text, only other values."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Dialect

from resolvers.connectors.sql.prepared import Prepared
from resolvers.connectors.sql.source import SqlSource
from resolvers.connectors.sql.statement import Statement, StatementBuilder
from resolvers.connectors.sql.structure import structure
from resolvers.cursor import Position
from resolvers.entity import Model
from resolvers.fetch import Access, Arm, Children, Fetch, Listing, Lookup, OrderKey, Row, Window
from resolvers.identifier import KeyToken, NameToken, Token, normalize
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping
from resolvers.predicate import And, Compare, Not, Or, Predicate
from tests import edge_stocks, key_stocks, stocks
from tests.servers import Server
from tests.worlds import World, federation, fillings, law, tagged

T = TypeVar("T")
WORLDS = {
    "values": (stocks.STOCKS, stocks.AGREEMENTS),
    "edges": (edge_stocks.STOCKS, edge_stocks.AGREEMENTS),
    "keys": (key_stocks.STOCKS, {}),
}

# what is asked -------------------------------------------------------------------------------------------------------

# Keys that are there, and such as no row of one type or other can have.
TEXTS_OF_KEYS = [
    *[
        "0",
        "1",
        "2",
        "3",
        "a",
        "A",
        "x",
        "b",
        "north",
        "é:1",
        "%C3%A9",
        "é%3A1",
        "p:1",
        "p%3A1",
        "P%25",
        "-1",
        "01",
        "",
    ],
    *["a:1", "a:1:c", "a:2:c", "a:1099511627776", ":0", "a:x", "::", "a:1:c:d", "true", "red", "1.5", "a\0b", "😀"],
    *[str(2**15), str(2**31), str(2**32), str(2**63), str(2**64), "9" * 40, "2024-03-05", "00ff", "zz"],
    *["00000000-0000-0000-0000-000000000001", "2024-03-05 10:00:00", "E0", "E1"],
]
KEYS = st.sampled_from(TEXTS_OF_KEYS)
SPELLINGS = ["AB-023-CD", "ab 123 cd", "AB\u00a0023\u2011CD", "INV-0", "inv 2", "E0", "e-1", "é1", "ß", "😀", "\u20ac"]
SCHEMES = ["LICENSE_PLATE", "INVENTORY_NO", "SERIAL", "EMPLOYEE_NO"]
NAMES = st.builds(
    lambda scheme, text, country, partner, spelt: NameToken(
        scheme, normalize(text), country, partner, text if spelt else ""
    ),
    st.sampled_from(SCHEMES),
    st.sampled_from(SPELLINGS),
    st.sampled_from([None, "FR"]),
    st.sampled_from([None, "ash", "birch"]),
    st.booleans(),
)
MOMENTS = st.one_of(
    stocks.MOMENTS,
    stocks.MOMENTS.map(lambda moment: moment.astimezone(stocks.PARIS)),
    st.sampled_from([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), stocks.BASE.replace(hour=23)]),
)
DAYS = MOMENTS.map(datetime.date)
LIMITS = st.sampled_from([1, 2, 5, 51])
TEXTS = st.one_of(stocks.TEXTS, st.sampled_from(["a\0", "\0", "%", "é" * 120]))


def values(model: Model, entity: str, path: str, sort: bool) -> st.SearchStrategy[Any]:
    """Canonical values at a path; as rows are sorted by them."""
    if not path:
        return st.sampled_from(["alder", "birch", "ash", "oak"])
    field = model.field(entity, path)
    if field.values:
        return st.integers(0, len(field.values) - 1) if sort else st.sampled_from(list(field.values))
    match field.type:
        case "Boolean":
            return st.booleans()
        case "Int":
            return st.integers(0, 3).map(float) if sort else st.integers(0, 3)
        case "Float":
            return st.sampled_from([0.0, 0.1, 12.3, 100.0, 1e300, -1.0])
        case "Decimal":
            return st.sampled_from(["0", "0.1", "12.3", "1e300"]).map(float if sort else Decimal)
        case "Date":
            return DAYS
        case "DateTime":
            return MOMENTS
        case _:
            return TEXTS


def positions(asked: Asked, order: tuple[OrderKey, ...]) -> st.SearchStrategy[Position]:
    found = [asked.values(key.path, True) for key in order]
    found = [each if not key.path else st.none() | each for key, each in zip(order, found, strict=True)]
    return st.builds(Position, st.tuples(*found), st.sampled_from([mapping.id for mapping in asked.mappings]), KEYS)


@st.composite
def windows(draw: st.DrawFn, asked: Asked) -> Window:
    paths = asked.orders
    chosen = draw(st.lists(st.sampled_from(paths), max_size=2, unique=True)) if paths else []
    order = tuple(OrderKey(path, draw(st.booleans())) for path in chosen)
    bound = st.none() | positions(asked, order)
    return Window(order, draw(bound), draw(bound), draw(st.none() | LIMITS), draw(st.booleans()))


@st.composite
def conditions(draw: st.DrawFn, asked: Asked) -> Predicate | None:
    def atom() -> Predicate:
        path = draw(st.sampled_from(asked.orders))
        wanted = asked.values(path, False)
        operators = ["eq", "ne", "in", "lt", "ge", "isNull", *(["startsWith", "contains"] if wanted is TEXTS else ())]
        match draw(st.sampled_from(operators)):
            case "isNull":
                return Compare(path, "isNull", draw(st.booleans()))
            case "in":
                return Compare(path, "in", tuple(draw(st.lists(wanted, max_size=3))))
            case operator:
                return Compare(path, operator, draw(wanted))

    if not asked.orders:
        return None
    members = tuple(Not(atom()) if draw(st.booleans()) else atom() for _ in range(draw(st.integers(0, 2))))
    if len(members) < 2:
        return members[0] if members else None
    return And(members) if draw(st.booleans()) else Or(members)


# one source's mappings of an entity ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Asked:
    """A fetch of all that a source has of an entity, and what can be asked of it."""

    model: Model
    source: SqlSource
    fetch: Fetch
    mappings: tuple[Mapping, ...]

    @property
    def builder(self) -> StatementBuilder:
        assert self.source.looks is not None
        return StatementBuilder(self.model, self.source.looks, self.source.source.zone, self.source._mappings)

    @property
    def dialect(self) -> Dialect:
        return self.source._engine.dialect

    def __repr__(self) -> str:
        return f"{self.source.source.id} {self.fetch.entity} {[mapping.name for mapping in self.mappings]}"

    @property
    def orders(self) -> list[str]:
        return sorted(set(self.model.entities[self.fetch.entity].orders.values()))

    def values(self, path: str, sort: bool) -> st.SearchStrategy[Any]:
        return values(self.model, self.fetch.entity, path, sort)

    def targets(self, via: str) -> list[str]:
        return sorted({name for mapping in self.mappings for name in _targets(mapping.fields.get(via))})

    def tokens(self, via: str) -> st.SearchStrategy[tuple[Token, ...]]:
        targets = self.targets(via)
        keys = [st.builds(KeyToken, st.sampled_from(targets), KEYS)] if targets else []
        return st.lists(st.one_of(NAMES, *keys), max_size=5).map(tuple)

    @property
    def edges(self) -> list[str]:
        return sorted(
            {
                path
                for mapping in self.mappings
                for path, binding in mapping.fields.items()
                if isinstance(binding, ByKey | ByIdentifier)
                or (isinstance(binding, tuple) and any(isinstance(link, Link) for link in binding))
            }
        )


def lookups(asked: Asked) -> st.SearchStrategy[Access]:
    keys = st.dictionaries(st.sampled_from([m.id for m in asked.mappings]), st.lists(KEYS, max_size=4), max_size=3)
    return st.builds(Lookup, keys, st.lists(NAMES, max_size=3).map(tuple))


@st.composite
def listings(draw: st.DrawFn, asked: Asked) -> Listing:
    window = draw(windows(asked))
    told = asked.builder.accept(asked.fetch, draw(conditions(asked)), window.order)
    return Listing(window if told.ordered else Window(limit=window.limit), told.taken)


@st.composite
def children(draw: st.DrawFn, asked: Asked) -> Children:
    listing = draw(listings(asked))
    via = draw(st.sampled_from(asked.edges))
    tokens = draw(st.none() | asked.tokens(via))
    return Children(via, tokens, listing.window, listing.condition, draw(st.booleans()))


def accesses(asked: Asked) -> st.SearchStrategy[Access]:
    return st.one_of(lookups(asked), listings(asked), *([children(asked)] if asked.edges else []))


@st.composite
def likes(draw: st.DrawFn, asked: Asked, access: Any) -> Any:
    """What is like an access: other keys, other tokens, other places in the same order."""
    if isinstance(access, Lookup):
        names = draw(st.lists(NAMES, max_size=3).map(tuple))
        return Lookup({name: draw(st.lists(KEYS, max_size=4)) for name in access.keys}, names)
    window, bound = access.window, positions(asked, access.window.order)
    after, before = (None if found is None else draw(bound) for found in (window.after, window.before))
    limit = window.limit if window.limit is None else draw(LIMITS)
    found = replace(access, window=replace(window, after=after, before=before, limit=limit))
    if isinstance(found, Children) and found.tokens is not None:
        known = [
            KeyToken(t[0], draw(KEYS)) if isinstance(t, KeyToken) else draw(NAMES)._replace(scheme=t[0])
            for t in found.tokens
        ]
        found = replace(found, tokens=draw(st.just(tuple(known)) | asked.tokens(found.via)))
    return found


def _targets(binding: Any) -> list[str]:
    links = binding if isinstance(binding, tuple) else (Link(binding),)
    return [name for link in links if isinstance(link.target, ByKey) for name in link.target.to.values()]


@dataclass(frozen=True)
class House:
    """A world whose sources have been looked at. together: all mappings of a source and entity, and each alone."""

    world: World
    together: tuple[Asked, ...]

    async def run(self, call: Awaitable[T]) -> T:
        """A call in the gateway's loop."""

        async def called() -> T:
            return await call

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(called(), self.world.gateway.loop))

    async def rows(self, asked: Asked, fetch: Fetch, access: Access) -> list[Any]:
        """What rows say, with the type of every value."""
        return [(row.mapping.id, repr(row[1:])) for row in await self.raw(asked, fetch, access)]

    async def raw(self, asked: Asked, fetch: Fetch, access: Access) -> list[Row]:
        return await self.run(asked.source.rows(fetch, access, lambda call: None, stocks.BASE))


@pytest.fixture(scope="module", params=WORLDS)
async def house(
    request: pytest.FixtureRequest, postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    found, agreements = WORLDS[request.param]
    servers = {"postgres": postgres, "mariadb": mariadb}
    name = f"prepared_{request.param}"
    before = {"postgres": key_stocks.TYPES} if request.param == "keys" else None
    async with federation(name, found, agreements, servers, tmp_path_factory.mktemp(name), before=before) as world:
        runtime = world.gateway.federation.runtime
        together = []
        here = House(world, ())
        for source in runtime.pools.sources.values():
            assert isinstance(source, SqlSource)
            await here.run(source.shape())
            by_entity: dict[str, list[Mapping]] = {}
            for mapping in source._mappings.values():
                by_entity.setdefault(mapping.entity, []).append(mapping)
            for entity, mappings in by_entity.items():
                together.append(asked_of(runtime.catalog.model, source, entity, mappings))
                together += [asked_of(runtime.catalog.model, source, entity, [one]) for one in mappings]
        yield House(world, tuple(together))


def asked_of(model: Model, source: SqlSource, entity: str, mappings: Sequence[Mapping]) -> Asked:
    paths = tuple(dict.fromkeys(path for mapping in mappings for path in mapping.fields))
    arms = tuple(Arm(mapping, frozenset(mapping.fields)) for mapping in mappings)
    return Asked(model, source, Fetch(source.source.id, entity, paths, arms), tuple(mappings))


# the laws ------------------------------------------------------------------------------------------------------------


def said(statement: Statement | None, dialect: Dialect, asked: Any) -> Any:
    """The text of a statement, what it always has in its parameters, and what is filled into it for what is asked."""
    if statement is None:
        return None
    compiled = statement.clause.compile(dialect=dialect)
    filled = {name: fill(asked) for name, fill in statement.fills.by_name.items() if name in compiled.params}
    fixed = {name: plain(value) for name, value in compiled.params.items() if name not in filled}
    types = {name: repr(compiled.binds[name].type) for name in compiled.params}
    return compiled.string, fixed, types, {name: plain(value) for name, value in filled.items()}


def plain(value: Any) -> Any:
    """A value as it can be compared: with its type, and sets of spellings in any order."""
    if isinstance(value, list | tuple | set):
        return sorted(map(repr, value))
    return repr(value)


def test_what_is_alike_has_one_text_and_only_other_values(house: House) -> None:
    seen: Counter[str] = Counter()

    @law(400)
    @given(st.data())
    def alike(data: st.DataObject) -> None:
        asked = house.together[data.draw(st.integers(0, len(house.together) - 1))]
        first = data.draw(accesses(asked))
        others = data.draw(st.lists(likes(asked, first), min_size=1, max_size=5))
        made = asked.builder.rows(asked.fetch, first)
        for other in others:
            if structure(first) is None or structure(first) != structure(other):
                continue
            anew = asked.builder.rows(asked.fetch, other)
            if made is None or anew is None:
                assert made is anew, (first, other)
                continue
            if not made.fills.fits(other):
                seen["misfit"] += 1
                continue
            seen[type(first).__name__] += first != other
            assert said(made, asked.dialect, other) == said(anew, asked.dialect, other), (first, other)

    alike()
    assert seen["Lookup"] and seen["Listing"], seen


def test_ways_of_one_structure_have_one_text(house: House) -> None:
    names = [NameToken(scheme, "E0", None, partner) for scheme in SCHEMES for partner in (None, "ash", "birch")]
    for asked in house.together:
        for via in asked.edges:
            known: dict[Any, Any] = {}
            tokens: list[Token] = [*names, *(KeyToken(name, "1") for name in asked.targets(via))]
            for token in tokens:
                access = Children(via, (token,), Window())
                text = said(asked.builder.rows(asked.fetch, access), asked.dialect, access)
                text = text and text[:2]
                assert known.setdefault(structure(access), text) == text, (asked, access)


def test_conditions_that_python_holds_equal_are_told_apart(house: House) -> None:
    first = datetime(2024, 10, 27, 2, 30, tzinfo=stocks.PARIS)  # which clocks showed twice
    second = first.replace(fold=1)
    assert first == second
    seen = 0
    for asked in house.together:
        one, other = (Listing(Window(), Compare("updatedAt", "ge", moment)) for moment in (first, second))
        if "updatedAt" in asked.orders and asked.builder.accept(asked.fetch, one.condition, ()).taken is not None:
            made = asked.builder.rows(asked.fetch, one)
            assert made is not None and made.fills.fits(one)
            assert structure(one) != structure(other) or not made.fills.fits(other)
            seen += 1
    assert seen


@law(2)
@given(st.data())
async def test_a_statement_serves_any_key_whichever_stood_in_the_first(house: House, data: st.DataObject) -> None:
    shapes = house.world.stocks.items()
    rows = {
        name: data.draw(st.lists(st.fixed_dictionaries(dict(s.columns)), min_size=3, max_size=3)) for name, s in shapes
    }
    await house.world.fill(tagged(rows))
    for asked in house.together:
        if len(asked.mappings) > 1:
            continue
        (mapping,) = asked.mappings
        there = [row.key for row in await house.raw(asked, asked.fetch, Listing(Window()))]
        for first in ("zz", "1", *there[:1]):
            kept = replace(asked.fetch)
            chunks = [TEXTS_OF_KEYS[at : at + 9] for at in range(0, len(TEXTS_OF_KEYS), 9)]
            for keys in ([first], [first], there, [first, *there], *([key] for key in there), *chunks):
                access = Lookup({mapping.id: keys})
                anew = await house.rows(asked, replace(asked.fetch), access)
                assert await house.rows(asked, kept, access) == anew, (asked, first, access)
            assert any(isinstance(found, Prepared) for found in kept.prepared.values()), (asked, first)


@law(15)
@given(st.data())
async def test_what_is_kept_gives_the_rows_that_a_statement_made_anew_gives(house: House, data: st.DataObject) -> None:
    await house.world.fill(data.draw(fillings(tuple(house.world.stocks.values()), 4)))
    for _ in range(12):
        asked = house.together[data.draw(st.integers(0, len(house.together) - 1))]
        first = data.draw(accesses(asked))
        kept = replace(asked.fetch)
        others = data.draw(st.lists(likes(asked, first), min_size=1, max_size=4))
        for access in (first, first, first, *others, first):
            anew = await house.rows(asked, replace(asked.fetch), access)
            assert await house.rows(asked, kept, access) == anew, (asked, access)
        if structure(first) is not None and any(anew):
            assert any(isinstance(found, Prepared) for found in kept.prepared.values()), first
