"""A mask shows its part of a value and nothing else: not by its length, its order, its filters or its data issues."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.border import reading
from resolvers.connectors.sql.edge_condition import constant_of
from resolvers.entity import Field, Kind
from resolvers.expression import Column, Constant, Value, pushable
from resolvers.mapping import Mapping, Parts
from resolvers.mask import MASKS, masked
from resolvers.steps import Steps
from schema.model import model
from tests.gateways import running

DAYS = st.dates(date(2, 1, 1), date(9998, 12, 31))
MOMENTS = st.datetimes(datetime(2, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
INTS = st.integers(-(2**31), 2**31 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


def show(mask: str, value: Any) -> Any:
    return MASKS[mask].show(value)


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        ("last2", "+33612345678", "\u202678"),
        ("last4", "+33612345678", "\u20265678"),
        ("last2", "78", "\u2026"),
        ("last2", "", "\u2026"),
        ("first1", "Awa", "A\u2026"),
        ("first3", "Awa", "\u2026"),
        ("first3", "Amal", "Ama\u2026"),
        ("initials", "Awa  de La-Tour 3", "A.D.L."),
        ("initials", "  42 ", None),
        ("domain", " Awa@Coop.Example", "coop.example"),
        ("domain", "a@b@c", "c"),
        ("domain", "coop.example", None),
        ("domain", "@coop.example", None),
        ("domain", "call me @ home or away", None),
        ("year", date(1990, 5, 17), date(1990, 1, 1)),
        ("month", date(1990, 5, 17), date(1990, 5, 1)),
        ("month", datetime(1990, 5, 17, 8, 9, 10, 11, UTC), datetime(1990, 5, 1, tzinfo=UTC)),
        ("year", datetime(1990, 5, 17, 8, 9, 10, 11, UTC), datetime(1990, 1, 1, tzinfo=UTC)),
        ("round10", 14, 10),
        ("round100", 149.9, 100.0),
        ("round1000", Decimal("-1500.01"), Decimal(-2000)),
        ("round10", 2**31 - 1, 2**31 - 8),
        ("tenth", 48.8566, 48.9),
        ("hundredth", -0.001, 0.0),
    ],
)
def test_what_a_mask_shows(mask: str, value: Any, shown: Any) -> None:
    found = show(mask, value)
    assert (found, str(found), type(found)) == (shown, str(shown), type(shown))


@given(st.text(), st.text(), st.text(min_size=4, max_size=4))
def test_texts_that_show_the_same_part_are_alike_whatever_their_length(one: str, other: str, part: str) -> None:
    for count in (2, 4):
        assert show(f"last{count}", f"x{one}{part[:count]}") == show(f"last{count}", f"x{other}{part[:count]}")
    for count in (1, 3):
        assert show(f"first{count}", f"{part[:count]}{one}x") == show(f"first{count}", f"{part[:count]}{other}x")
    assert show("domain", f"x{one}@ab") == show("domain", f"x{other}@ab") == "ab"


@given(MOMENTS, MOMENTS)
def test_days_of_a_month_are_alike(one: datetime, other: datetime) -> None:
    for first, second in ((one, other), (one.date(), other.date())):
        assert (show("year", first) == show("year", second)) == (first.year == second.year)
        assert (show("month", first) == show("month", second)) == (
            (first.year, first.month) == (second.year, second.month)
        )


@given(st.one_of(INTS, FLOATS, DECIMALS))
def test_numbers_stay_of_their_type_and_near(number: Any) -> None:
    for step in (10, 100, 1000):
        found = show(f"round{step}", number)
        assert type(found) is type(number)
        if isinstance(number, int):
            assert -(2**31) <= found < 2**31 and found % step == 0 and abs(found - number) < step
        elif abs(number) < 2**40:
            assert abs(Decimal(found) - Decimal(number)) <= step / 2 and found % step == 0


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    for mask in MASKS.values():
        if "String" in mask.types:
            assert isinstance(mask.show(text), str | None)


@given(st.one_of(DAYS, MOMENTS))
def test_any_day_can_be_masked(day: date) -> None:
    for mask in MASKS.values():
        if "Date" in mask.types:
            assert mask.show(day) <= day


# at the border -------------------------------------------------------------------------------------------------------


def read(path: str, binding: Any, *raws: Any) -> tuple[Any, list[tuple[str, str, str]]]:
    """What a person's path reads as, and the issues."""
    mapping = Mapping("p", "people", "Person", "s", "people", ("id",), {path: binding}, {})
    issues: list[tuple[str, str, str]] = []
    return reading(model(), mapping, path, "UTC").build(raws, issues), issues


def test_the_border_masks_after_all_else() -> None:
    phone = Value(Column("tel"), null=("none",), trim=True, steps=Steps(replace=((" ", ""),)))
    assert read("phone", masked(phone, "last2"), " 06 12 34 5 6 7 ") == ("\u202667", [])
    assert read("phone", masked(phone, "last2"), "none") == (None, [("PLACEHOLDER_VALUE", "phone", "")])
    assert read("phone", masked(phone, "last2"), None) == (None, [])
    born = Value(Column("born"), formats=("DD/MM/YYYY",))
    assert read("birthDate", masked(born, "year"), "17/05/1990") == (date(1990, 1, 1), [])


def test_an_issue_does_not_quote_what_is_behind_a_mask() -> None:
    born = masked(Value(Column("born"), formats=("DD/MM/YYYY",)), "year")
    assert read("birthDate", born, "May 17") == (None, [("UNPARSEABLE_VALUE", "birthDate", "")])
    assert read("birthDate", Value(Column("born")), "May 17")[1] == [("UNPARSEABLE_VALUE", "birthDate", "May 17")]


def test_a_member_of_a_list_is_masked_and_the_entry_stays() -> None:
    form = {"number": masked(Value(Column("no")), "last2"), "categories": Value(Column("cat"), split=",")}
    entry = {"number": "\u202689", "categories": ["B", "C"]}
    ((found,), issues) = read("licences", Parts((form,)), "123456789", "B,C")
    assert {name: found[name] for name in entry} == entry and issues == []


def test_no_source_compares_by_what_is_behind_a_mask() -> None:
    for plain in (Value(Column("tel")), Value(Constant("+33612345678"))):
        assert pushable(plain, text=True) and not pushable(masked(plain, "last2"), text=True)
    field = Field("phone", Kind.LEAF, "String")
    assert constant_of(field, masked(Value(Constant("+33612345678")), "last2"), "UTC") == "\u202678"


# through a gateway ---------------------------------------------------------------------------------------------------

PARTNER = """
[partner]
code = "{code}"
name = "{code}"
kind = "OTHER"
time_zone = "UTC"
currency = "EUR"
"""
PEOPLE = """
[source.db]
kind = "sql"
url = "${DB}"
[mapping.people]
entity = "Person"
source = "db"
table = "people"
key = "id"
fields.displayName = "name"
fields.phone = "tel"
fields.birthDate = "born"
[[agreement]]
code = "roster"
with = ["pine"]
[agreement.Person]
fields = ["displayName", "phone", "birthDate"]
mask = { displayName = "initials", phone = "last2", birthDate = "year" }
"""
ROWS = [
    (1, "Awa Diop", "+33600000042", "1990-05-17"),
    (2, "Zoe Abel", "+33600000011", "1990-01-02"),
    (3, "Mia Cole", "+33699999942", "1985-12-31"),
    (4, "Nia Dahl", None, None),
]


async def test_a_masked_field_is_shown_filtered_and_sorted_by_its_mask(tmp_path: Path) -> None:
    file = tmp_path / "people.sqlite"
    with sqlite3.connect(file) as store:
        store.execute("create table people (id integer primary key, name text, tel text, born text)")
        store.executemany("insert into people values (?, ?, ?, ?)", ROWS)
    store.close()
    files = {"oak": PARTNER.format(code="oak") + PEOPLE, "pine": PARTNER.format(code="pine")}
    async with running(files, {"DB": f"sqlite+aiosqlite:///{file}"}) as gateway:

        async def people(arguments: str, partner: str = "pine") -> list[tuple[Any, ...]]:
            query = f"{{ people({arguments}) {{ nodes {{ displayName phone birthDate }} }} }}"
            found = await gateway.data(query, partner=partner)
            return [tuple(node.values()) for node in found["people"]["nodes"]]

        awa, mia = ("A.D.", "\u202642", "1990-01-01"), ("M.C.", "\u202642", "1985-01-01")
        zoe, nia = ("Z.A.", "\u202611", "1990-01-01"), ("N.D.", None, None)
        assert await people("first: 9") == [awa, zoe, mia, nia]
        assert await people("first: 9", "oak") == [row[1:] for row in ROWS]
        # what is behind the mask finds nothing, the mask finds all that show it
        assert await people('filter: { phone: { eq: "+33600000042" } }') == []
        assert await people('filter: { phone: { startsWith: "+33" } }') == []
        assert await people('filter: { phone: { eq: "\u202642" } }') == [awa, mia]
        assert await people('filter: { birthDate: { eq: "1990-05-17" } }') == []
        assert await people('filter: { birthDate: { ge: "1990-01-01" } }') == [awa, zoe]
        assert await people('filter: { not: { birthDate: { le: "1990-01-01" } } }') == [nia]
        assert await people("first: 2, orderBy: [{ field: DISPLAY_NAME, direction: DESC }]") == [zoe, nia]
