"""Assets and coverages of several partners, in tables as unlike each other as can be, and how their values vary.

What a row means is said in `tests/reference.py`.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.rows import Row
from tests.worlds import Stock

PARIS = ZoneInfo("Europe/Paris")
Values = st.SearchStrategy[Any]

# how values vary -----------------------------------------------------------------------------------------------------

# Traps of collations (case, accents, blanks at the end), of UTF-16 (an emoji sorts before U+FF01 there) and of LIKE.
TEXTS = st.sampled_from(
    "|".join(["", " ", "  ", "a", "A", "a ", "á", "a\u0301", "á b", "Z|z|ß|ss|\uff01|\U0001f600|a'b|a%b|10|9"]).split(
        "|"
    )
)
NAMES = st.one_of(st.none(), TEXTS, st.text("aAzé \U0001f6b2-", max_size=4))
# No controls: one engine or other refuses them. 300 characters fill a key.
KEYS = st.one_of(
    st.sampled_from(["", ":", "a:b", "%3A", "a%3Ab", "%25", " a", "a", "A", "ä", "😀", "-1", "1", "01", "é" * 300]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn", "Cc"]), max_size=9),
)
BASE = datetime(2024, 3, 5, 10, 0, 0, tzinfo=UTC)
SHIFTS = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(milliseconds=500),
    timedelta(days=120),
    timedelta(hours=-14),
]
# In Paris, clocks showed the hour from two to three twice: from midnight UTC on, and from one.
TWICE = [datetime(2024, 10, 27, hour, minute, tzinfo=UTC) for hour in (0, 1) for minute in (30, 45)]
MOMENTS = st.sampled_from([BASE + shift for shift in SHIFTS] + TWICE)
FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(PARIS).replace(tzinfo=None, fold=0)


AWARE = st.one_of(st.none(), MOMENTS, st.just(FOR_EVER))
LOCAL = st.one_of(st.none(), MOMENTS.map(_naive), st.just(FOR_EVER.replace(tzinfo=None)))
STAMPS = st.one_of(st.none(), MOMENTS).map(lambda moment: None if moment is None else moment.replace(tzinfo=None))
ZERO = st.just("0000-00-00 00:00:00")
WRITTEN = st.one_of(
    st.none(),
    st.sampled_from(["", "soon", "9999-12-31", "0000-00-00", "2024-03-05"]),
    st.builds(
        lambda moment, way: way(moment),
        MOMENTS,
        st.sampled_from(
            [
                lambda m: _naive(m).isoformat(" "),
                lambda m: _naive(m).isoformat("T", "microseconds"),
                lambda m: _naive(m).isoformat(" ", "milliseconds"),
                lambda m: m.isoformat().replace("+00:00", "Z"),
                lambda m: m.astimezone(PARIS).isoformat(),
            ]
        ),
    ),
)
DAYS = st.one_of(
    st.none(), MOMENTS.map(lambda moment: moment.astimezone(PARIS).date()), st.just(date(2024, 3, 6)), st.just(date.max)
)
NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.035, 12.3, 100.0, 123456.7, 1e9, 9.0, 10.0]))
INFINITE = st.sampled_from([float("nan"), float("inf"), float("-inf")])
DECIMALS = st.one_of(
    st.none(), st.sampled_from(["0", "0.1", "0.035", "12.3", "100.000", "9", "10", "123456.7"]).map(Decimal)
)
COUNTED = st.sampled_from(
    [None, "", "9", " 10 ", "12.3", "1e3", "+.5", "-0", "12o", "1,5", "1_0", "\uff11", "NaN", "1e999"]
)
METRES = st.one_of(st.none(), st.integers(0, 120), st.sampled_from([35, 100, 9000, 10000, 100000]))
UUIDS = st.one_of(st.integers(0, 9), st.integers(0, 2**128 - 1)).map(lambda number: uuid.UUID(int=number))
BOOLEANS = st.one_of(st.none(), st.booleans())


def codes(*known: str) -> Values:
    """Codes that the mapping knows, and others that look like them."""
    return st.one_of(st.sampled_from(known), st.sampled_from([None, "", "?", known[0].lower(), known[0] + " "]))


# the four partners ---------------------------------------------------------------------------------------------------

KIND = '{ column = "kind", values = { V = "VAN", C = "CARGO_BIKE", T = "TRUCK" } }'
STOCKS = (
    Stock(
        "alder",
        "bikes",
        "postgres",
        "id integer primary key, label varchar(200), kind varchar(8), free boolean, km double precision,"
        " changed timestamp with time zone",
        ("id",),
        {
            "id": st.one_of(st.integers(-9, 9), st.integers(-(2**31), 2**31 - 1)),
            "label": NAMES,
            "kind": codes("V", "C", "T"),
            "free": BOOLEANS,
            "km": st.one_of(NUMBERS, INFINITE),
            "changed": AWARE,
        },
        f"""
        name = "label"
        kind = {KIND}
        status = {{ column = "free", values = {{ true = "AVAILABLE", false = "IN_USE" }} }}
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "alder",
        "vans",
        "postgres",
        "depot text, no bigint, label text, kind smallint, state char(4), km text, changed timestamp,"
        " primary key (depot, no)",
        ("depot", "no"),
        {
            "depot": KEYS,
            "no": st.sampled_from([-1, 0, 1, 2, 10, 2**40]),
            "label": NAMES,
            "kind": st.sampled_from([1, 2, 3, 4, None]),
            "state": st.sampled_from(["ok", "out", "bad", None]),
            "km": COUNTED,
            "changed": LOCAL,
        },
        """
        name = "label"
        kind = { column = "kind", values = { 1 = "VAN", 2 = "TRUCK", 3 = "TRAILER" }, otherwise = "OTHER" }
        status = { column = "state", values = { ok = "AVAILABLE", out = "IN_USE" }, otherwise = "UNKNOWN" }
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "birch",
        "cars",
        "mariadb",
        "id int unsigned primary key, label varchar(255), kind char(4), state enum('ok', 'out', 'bad'), km float,"
        " changed datetime(6)",
        ("id",),
        {
            "id": st.one_of(st.integers(0, 9), st.integers(0, 2**32 - 1)),
            "label": NAMES,
            "kind": codes("V", "C", "T"),
            "state": st.sampled_from(["ok", "out", "bad", None]),
            "km": NUMBERS,
            "changed": st.one_of(LOCAL, ZERO),
        },
        f"""
        name = {{ column = "label", null = ["A"] }}
        kind = {KIND}
        status = {{ column = "state", values = {{ ok = "AVAILABLE", out = "IN_USE" }} }}
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "birch",
        "tools",
        "mariadb",
        "ref varchar(300) primary key, maker varchar(100), model varchar(100), kind varchar(8), free boolean,"
        " km decimal(12, 3), changed timestamp(6) null",
        ("ref",),
        {
            "ref": KEYS,
            "maker": st.sampled_from([None, "", "a", "A", "Z"]),
            "model": st.sampled_from([None, "", "a", "b", "é"]),
            "kind": codes("V", "C", "T"),
            "free": BOOLEANS,
            "km": DECIMALS,
            "changed": STAMPS,
        },
        f"""
        name = {{ template = "{{maker}} {{model}}" }}
        kind = {KIND}
        status = {{ column = "free", values = {{ 1 = "AVAILABLE", 0 = "IN_USE" }} }}
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "birch",
        "carts",
        "mariadb",
        "id mediumint primary key, label varchar(99) character set latin1, kind varchar(9), free bit(1), km varchar(9),"
        " changed date",
        ("id",),
        {
            "id": st.integers(-(2**23), 2**23 - 1),
            "label": st.one_of(st.none(), st.sampled_from(["", "a", "A", "\xe9", "\u20ac", "a "])),
            "kind": st.sampled_from(["VAN", "TRUCK", "van", "VAN ", "", None]),
            "free": st.sampled_from([None, 0, 1]),
            "km": COUNTED,
            "changed": st.one_of(DAYS, st.just("0000-00-00")),
        },
        """
        name = "label"
        kind = "kind"
        status = { column = "free", values = { true = "AVAILABLE", 0 = "IN_USE" } }
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "cedar",
        "rooms",
        "sqlite",
        "id text primary key, label text, kind text, free boolean, km text, changed datetime",
        ("id",),
        {
            "id": UUIDS.map(str),
            "label": NAMES,
            "kind": codes("V", "C", "T"),
            "free": BOOLEANS,
            "km": COUNTED,
            "changed": WRITTEN,
        },
        f"""
        name = {{ column = "label", trim = true }}
        kind = {KIND}
        status = {{ column = "free", values = {{ true = "AVAILABLE", false = "IN_USE" }} }}
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "cedar",
        "desks",
        "sqlite",
        "id integer primary key, metres integer, free integer, gone integer",
        ("id",),
        {
            "id": st.one_of(st.integers(-9, 9), st.integers(-(2**63), 2**63 - 1)),
            "metres": METRES,
            "free": st.sampled_from([0, 1, None]),
            "gone": st.sampled_from([0, 1]),
        },
        """
        kind = { const = "DESK" }
        status = { when = [
            { if = { gone = { eq = 1 } }, is = "RETIRED" }, { if = { free = { eq = 1 } }, is = "AVAILABLE" },
        ], otherwise = "IN_USE" }
        odometerKm = { column = "metres", scale = -3 }
        """,
    ),
    Stock(
        "dogwood",
        "things",
        "postgres",
        "id uuid primary key, label text, short text, kind text, free boolean, km double precision, changed date",
        ("id",),
        {
            "id": UUIDS,
            "label": NAMES,
            "short": NAMES,
            "kind": codes("V", "C", "T"),
            "free": BOOLEANS,
            "km": NUMBERS,
            "changed": st.one_of(st.none(), MOMENTS.map(lambda moment: moment.date()), st.just(FOR_EVER.date())),
        },
        """
        name = { coalesce = ["short", "label"] }
        kind = { column = "kind", values = { V = "VAN", C = "CARGO_BIKE" }, otherwise = "TOOL" }
        status = { column = "free", values = { 1 = "AVAILABLE", 0 = "IN_USE" } }
        odometerKm = "km"
        updatedAt = "changed"
        """,
    ),
    Stock(
        "dogwood",
        "spots",
        "sqlite",
        "street text, no text, label text, kind text, primary key (street, no)",
        ("street", "no"),
        {
            "street": KEYS,
            "no": KEYS,
            "label": st.sampled_from([None, "p", "q"]),
            "kind": st.sampled_from(["V", "C", "x", None]),
        },
        """
        name = { column = "label", values = { p = "zz", q = "a" } }
        kind = { column = "kind", values = { V = "VAN", C = "CARGO_BIKE" } }
        """,
        "key_is_personal = true",
    ),
    Stock(
        "elm",
        "secrets",
        "sqlite",
        "id integer primary key, label text",
        ("id",),
        {"id": st.integers(0, 9), "label": NAMES},
        'name = "label"\nkind = { const = "VAN" }',
    ),
    Stock(
        "alder",
        "covers",
        "postgres",
        "id smallint primary key, begins date, ends date",
        ("id",),
        {"id": st.integers(-(2**15), 2**15 - 1), "begins": DAYS, "ends": DAYS},
        'kind = { const = "FIRE" }\nstart = "begins"\nend = { column = "ends", inclusive = true }',
        entity="Coverage",
    ),
    Stock(
        "birch",
        "covers",
        "mariadb",
        "id bigint unsigned primary key, begins datetime(6), ends date",
        ("id",),
        {"id": st.integers(2**64 - 9, 2**64 - 1), "begins": LOCAL, "ends": st.one_of(DAYS, st.just("0000-00-00"))},
        'kind = { const = "THEFT" }\nstart = "begins"\nend = { column = "ends", inclusive = true }',
        entity="Coverage",
    ),
    Stock(
        "cedar",
        "covers",
        "sqlite",
        "id integer primary key, ends text",
        ("id",),
        {"id": st.integers(0, 9), "ends": WRITTEN},
        """
        start = { const = "2024-03-05T11:00:00+01:00" }
        end = { column = "ends", inclusive = true }
        """,
        entity="Coverage",
    ),
)
ASSETS = tuple(stock for stock in STOCKS if stock.entity == "Asset")
COVERAGES = tuple(stock for stock in STOCKS if stock.entity == "Coverage")
VIEWER = "alder"
# dogwood keeps state, distance and date of change to itself; elm has no agreement with anybody.
_ALL = '["kind", "description", "status", "odometerKm", "updatedAt"]'
AGREEMENTS = {
    code: f'[[agreement]]\ncode = "all"\nwith = ["alder"]\n[agreement.Asset]\nfields = {fields}\n'
    '[agreement.Coverage]\nfields = "*"\n'
    for code, fields in {"birch": _ALL, "cedar": _ALL, "dogwood": '["kind", "description"]'}.items()
}
# For tests that need rows, and no more: three partners, three engines, all of one name.
SOME: dict[str, list[Row]] = {stock.id: [] for stock in STOCKS} | {
    stock: [{"tag": f"{stock}.{key}", "id": key, "label": "x"} for key in keys]
    for stock, keys in {"alder.bikes": (1, 2, 3, 4), "birch.cars": (1, 2, 3), "cedar.rooms": ("a", "b")}.items()
}
