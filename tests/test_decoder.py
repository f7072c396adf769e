"""The law of reading: the one function that is made for all rows reads what the forms say of each row by itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Select, literal, select

from resolvers.border import reading, target_reading
from resolvers.catalog import load
from resolvers.connectors.sql.decoder import Layout, Member
from resolvers.connectors.sql.once import once
from resolvers.connectors.sql.piece import Piece, Statement
from resolvers.connectors.sql.sort_key import SortColumn, SortConstant
from resolvers.expression import Column
from resolvers.fetch import Row
from resolvers.identifier import KeyToken, normalize, squeezed
from resolvers.inline import Function, there
from resolvers.mapping import Mapping, Target, Value
from resolvers.memo import LONGEST, MOST, Memo
from schema.model import model
from tests.mistakes import HEAD, SOURCE
from tests.worlds import law

FILE = (
    HEAD
    + SOURCE
    + """
[mapping.people]
entity = "Person"
source = "db"
table = "people"
key = "id"
[mapping.people.fields]
displayName = "n"
licences = [
  { number = "a", categories = { column = "b", split = "," }, validUntil = "c", suspended = "d", country = "e" },
]

[mapping.sites]
entity = "Site"
source = "db"
table = "sites"
key = "id"
[mapping.sites.fields]
name = "n"
address = { city = "c", country = "e" }

[mapping.things]
entity = "Asset"
source = "db"
table = "things"
key = ["id", "sub"]
[mapping.things.fields]
name = { coalesce = ["n", "m"] }
description = { column = "d", null = ["-", "x"], trim = true }
kind = { column = "k", values = { VL = "CAR", 1 = "VAN", true = "CARGO_BIKE" } }
sourceKind = "k"
status = { column = "s", otherwise = "RETIRED" }
sourceStatus = { column = "s", values = { 1 = "one", "a" = "A" } }
lendable = "l"
seats = "i"
modelYear = { column = "i", scale = 1 }
payloadKg = { column = "p", factor = 2.5 }
volumeM3 = "p"
grossWeightKg = { column = "p", decimal = "," }
purchaseDate = "t"
inServiceDate = { column = "t", zone = "Asia/Tokyo" }
value = { amount = { column = "c", scale = -2 }, currency = "u" }
tags = { column = "g", split = "," }
identifiers = [
  { scheme = "LICENSE_PLATE", value = "x", country = "FR" },
  { scheme = { column = "y", values = { IMMAT = "LICENSE_PLATE", 1 = "VIN" } }, value = "z", country = "w" },
]
site = { key = "e", null = ["0", "none"] }
custodian = { scheme = "EMAIL", value = "m" }

[mapping.covers]
entity = "Coverage"
source = "db"
table = "covers"
key = "id"
[mapping.covers.fields]
label = { column = "n", extract = "([0-9]+)" }
kind = { column = "k", values = { RC = "THIRD_PARTY_LIABILITY" }, otherwise = "OWN_DAMAGE" }
start = { column = "t", zone = "America/New_York" }
end = { column = "t", inclusive = true }
limits = [
  { basis = { const = "PER_EVENT" }, amount = { amount = { column = "c", scale = -2 }, currency = "u" } },
  { basis = { column = "b", values = { A = "PER_EVENT" } }, amount = { amount = "a", currency = { const = "EUR" } } },
]
[mapping.covers.fields.insuredAssets]
scope = { const = "LISTED" }
[mapping.covers.fields.insuredAssets.listed]
table = "listed"
on = { cover = "id" }
scheme = { column = "s", values = { I = "VIN", 1 = "INVENTORY_NO" } }
value = "v"
"""
)


def mappings(folder: Path) -> dict[str, Mapping]:
    (folder / "acme.toml").write_text(FILE, "utf-8")
    catalog, mistakes = load(folder, model(), {})
    assert [mistake for mistake in mistakes if mistake.level == "error"] == []
    return dict(catalog.partners["acme"].mappings)


WORDS = ["", " ", "x", " x ", "a", "A", "AB-123-CD", "ab 123 cd ", "é ", "1", "1.0", "01", "true", "VL", "RC", "I"]
CODES = [
    "IMMAT",
    "EUR",
    "eur",
    "FR",
    "fr-69",
    "none",
    "nan",
    "0",
    "12,5",
    "a,b",
    "{}",
    '["q"]',
    "--- ",
    "\u2014",
    "\uff21",
]
TIMES = ["2026-01-31", "0000-00-00", "9999-12-31", "2026-03-29T02:30:00", "1" * 400]
ZONE = timezone(timedelta(hours=5))
# Values that are equal and read differently stand side by side on purpose.
NUMBERS: list[Any] = [0, 1, -1, 2**31, -(2**31), 10**30, 100, True, False, 1.0, 0.0, -0.0, 0.1, 1e300, float("nan")]
NUMBERS += map(Decimal, ("1", "1.0", "1.00", "0E+2", "-0", "12.345", "NaN", "sNaN", "Infinity"))
LIMITS = [date(1, 1, 1), date(2, 1, 1), date(9998, 12, 31), date(9999, 12, 31), date(2026, 3, 29)]
FOLDS = [datetime.fromisoformat("2026-10-25T02:30:00").replace(fold=fold) for fold in (0, 1)]
OTHERS = [timedelta(hours=3), UUID(int=5), b"ab", b"\xff", [1, "a", None], ["q"], ("a",), {"a": 1}]
ODD = [None, *WORDS, *CODES, *TIMES, *NUMBERS, *LIMITS, *FOLDS, *OTHERS]
RAWS = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.sampled_from([UTC, ZONE])),
    st.times(),
)

# What makes sense in a column, by its name; of a key "id".
DAYS = [date(2026, 3, 29), date(2027, 1, 1), date(1, 1, 1), datetime.fromisoformat("2026-10-25T02:30:00"), "2026-01-31"]
LIKELY: dict[str, list[Any]] = {
    "id": [1, 7, "a", True, Decimal("1.0"), 1.0, b"ab"],
    "k": ["VL", 1, "1", True, 1.0, Decimal("1.0"), "RC", "other"],
    "s": ["1", 1, True, 1.0, "a", "I"],
    "i": [1, 0, True, 2**31, 1.5, Decimal("2.0"), "3"],
    "p": [0.5, float("nan"), float("-inf"), 1, True, Decimal("12.30"), "12,5"],
    "t": [*DAYS, datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=ZONE), datetime(9999, 5, 5, tzinfo=UTC)],
    "c": [1234, Decimal("12.30"), Decimal("NaN"), True, "50", 0],
    "a": [1234, Decimal("12.30"), "7"],
    "u": ["EUR", "eur ", "?", ""],
    "b": ["A", "B", "a,b"],
    "l": [True, False, 0, 1, "yes", "?"],
    "x": [" AB-1 ", "ab 1", "--", "", 7],
    "y": ["IMMAT", 1, True, "1", "?"],
    "z": [" ab-1 ", "\u2014 ", "é", 12],
    "m": [" a@b.example ", "--"],
    "e": ["FR", "0", "none", 0, 5, True],
    "w": ["FR", "fr-69", "?"],
    "v": [" V 1", "--", 3],
    "g": ["a, b", ["a", None], "", '["a"]'],
}


def likely(value: Value) -> st.SearchStrategy[Any]:
    """Raw values of a column, and any."""
    name = value.expression.name if isinstance(value.expression, Column) else "n"
    sensible = st.sampled_from([*LIKELY.get(name, WORDS), None])
    return st.one_of(sensible, sensible, sensible, RAWS)


def shown(value: Any) -> Any:
    """With types, as 1 == True == 1.0, and what counts in texts of numbers."""
    if isinstance(value, Mapping):
        return value.id
    if isinstance(value, dict):
        return [(key, shown(inner)) for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [shown(inner) for inner in value]
    return type(value), repr(value), getattr(value, "fold", 0)


def outcome(read: Callable[[list[Any]], Any], *raws: Any) -> Any:
    """What it gives of raw rows, or how it fails."""
    try:
        return shown(read(list(raws)))
    except Exception as error:
        return "fails", type(error), str(error)


def by_itself(chosen: Layout, raws: list[Any]) -> list[Row]:
    return [row for row in map(chosen.row, raws) if row is not None]


@dataclass(frozen=True)
class Case:
    """A layout, and the raw rows that it may meet."""

    layout: Layout
    raws: st.SearchStrategy[tuple[Any, ...]]


def case(mapping: Mapping, *, leads: Target | None = None, alone: str = "") -> Case:
    """Of all paths or one. leads: to the parents of the rows, which are sorted then, too."""
    columns = [Value(Column("id")) for _ in mapping.key]

    def places(values: Sequence[Value]) -> tuple[int, ...]:
        columns.extend(values)
        return tuple(range(len(columns) - len(values), len(columns)))

    sort: tuple[int, ...] = ()
    keys: tuple[Any, ...] = (SortConstant("x"), SortConstant(None))
    parent = None
    if leads is not None:
        sort = places([Value(Column("n"))])
        keys = (SortConstant(None), SortColumn(literal(1), lambda raw: None if raw is None else str(raw), as_is))
        found = target_reading(model(), leads, "Europe/Paris", "x")
        parent = Member(places(found.values), found)
    members = [Member((), None, ""), Member((), None, "UNKNOWN"), Member((), None)]
    for path in [alone] if alone else mapping.fields:
        found = reading(model(), mapping, path, "Europe/Paris")
        taken = places(found.values)
        members += [Member(taken, found), Member(taken, found, ""), Member(taken, found, "OTHER")]
        members.append(Member((*taken[:1], *(None for _ in taken[1:])), found))
    made = Layout(mapping, len(columns), tuple(range(len(mapping.key))), sort, keys, tuple(members), parent)
    return Case(made, st.tuples(*map(likely, columns)))


def as_is(value: Any) -> tuple[Any, bool]:
    return value, True


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    found = mappings(tmp_path_factory.mktemp("partners"))
    made = [case(mapping, alone=path) for mapping in found.values() for path in mapping.fields]
    leads = [
        binding for mapping in found.values() for binding in mapping.fields.values() if isinstance(binding, Target)
    ]
    leads += [link.target for link in found["covers"].fields["insuredAssets.listed"]]  # type: ignore[union-attr]
    return [*made, *(case(found["sites"], leads=target) for target in leads), *map(case, found.values())]


READ: dict[int, Any] = {}  # the functions outlive an example, so that what they keep of it meets the next one's values


@law(1_000)
@given(data=st.data())
def test_all_rows_read_as_each_by_itself(cases: list[Case], data: st.DataObject) -> None:
    drawn = data.draw(st.sampled_from(cases))
    chosen = drawn.layout
    read = READ.setdefault(id(chosen), chosen.every())
    raws = data.draw(st.lists(drawn.raws, min_size=1, max_size=3))
    expected = outcome(partial(by_itself, chosen), *raws)
    assert outcome(read, *raws) == expected
    if expected[0] == "fails":
        for raw in raws:
            assert outcome(read, raw) == outcome(partial(by_itself, chosen), raw)


def test_each_odd_value_of_one_column_reads_as_by_itself(cases: list[Case]) -> None:
    for chosen in (one.layout for one in cases):
        read = READ.setdefault(id(chosen), chosen.every())
        key = (7,) * len(chosen.key)
        for raw in [*ODD, *(raw for found in LIKELY.values() for raw in found)]:
            row = (*key, *[raw] * (chosen.width - len(key)))
            assert outcome(read, row) == outcome(partial(by_itself, chosen), row), row


def test_a_row_inside_a_row_reads_as_by_itself(cases: list[Case]) -> None:
    inner, outer = (
        next(one.layout for one in cases if one.layout.mapping.name == name) for name in ("people", "sites")
    )
    assert inner.width == outer.width == 2
    joined = Layout(
        outer.mapping, 4, (0,), (), (), (Member((2, 3), inner.reading()), Member((2, None), inner.reading()))
    )
    raws = [(1, "a", 2, "b"), (1, "a", None, "b"), (None, "a", 2, "b")]
    assert shown(joined.every()(raws)) == shown(by_itself(joined, raws))
    assert [row.values[0] and row.values[0].key for row in joined.every()(raws)] == ["2", None]


def test_rows_of_several_selects_come_piece_by_piece_in_the_order_of_each() -> None:
    def piece(word: str, width: int) -> Piece:
        columns = tuple(literal(1).label(f"c{index}") for index in range(width))
        select_: Select[Any] = select(literal(1))
        return Piece(select_, columns, lambda raws: [(word, *raw) for raw in raws if raw[0] is not None])

    both = Statement(select(literal(1)), (piece("first", 1), piece("second", 2)))
    raws = [
        (1, 2, None, 5, 6),
        (0, 2, "b", None, None),
        (1, 1, None, 3, 4),
        (0, 1, "a", None, None),
        (0, 3, None, 7, 8),
    ]
    assert both.read(raws) == [("first", "a"), ("first", "b"), ("second", 3, 4), ("second", 5, 6)]


@law(200)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.none() | st.sampled_from("pq"))), st.booleans()
)
def test_rows_of_one_key_in_one_place_are_one_record(
    cases: list[Case], places: list[tuple[str, str, str | None]], told: bool
) -> None:
    of = dict(zip("ab", {one.layout.mapping.id: one.layout.mapping for one in cases}.values(), strict=False))
    rows = [
        Row(of[name], key, (index,), (), None if parent is None else KeyToken("m", parent))
        for index, (name, key, parent) in enumerate(places)
    ]
    firsts = {place: index for index, place in reversed(list(enumerate(places)))}
    found = once(rows, told)
    assert [row.values[0] for row in found] == sorted(firsts.values())
    doubled = [bool(row.issues) for row in found]
    assert doubled == [told and places.count(places[row.values[0]]) > 1 for row in found]


@law(300)
@given(st.text() | st.text("aZ09-_. \x1c\x7f\n\u00a0\u2014"), st.booleans())
def test_compare_keys_of_ascii_are_those_of_all_texts(text: str, kept: bool) -> None:
    assert normalize(text, kept) == squeezed(unicodedata.normalize("NFKC", text), kept)


def test_what_is_kept_of_values_is_bounded() -> None:
    asked = []
    memo = Memo(lambda raw: asked.append(raw) or str(raw))  # type: ignore[func-returns-value]
    before = Memo.together
    for raw in [*range(MOST + 1), MOST, "x" * (LONGEST + 1), "x" * (LONGEST + 1)]:
        assert memo[raw] == str(raw)
        assert len(memo) <= MOST
    assert len(asked) == MOST + 3
    assert Memo.together == before + len(memo)
    del memo
    assert Memo.together == before


def test_a_faulty_text_is_an_error_at_once() -> None:
    function = Function()
    function.line("return not written so")
    with pytest.raises(SyntaxError):
        function.made("raws")


def test_what_is_known_is_not_asked_again() -> None:
    function = Function()
    name = function.given("always")
    assert function.given("always") == name
    assert there(function, [name]) == "" == there(function, [name, "v1"], "or")
    assert there(function, ["v1", name, "v2"]) == "if v1 is not None and v2 is not None"
    assert there(function, ["v1", "None"]) == "if False"
    assert there(function, ["v1", "None"], "or") == "if v1 is not None"
