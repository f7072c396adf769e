"""Tables of one partner whose keys are of every type that the engines know."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any

from hypothesis import strategies as st

from tests.rows import Row
from tests.worlds import Stock

Values = st.SearchStrategy[Any]

# 300 characters, what other notations mean something by, and what only looks like another key.
_TRAPS = ["", ":", "a:b", "%3A", "a%3Ab", "%25", " a", "a", "A", "ä", "😀", "-1", "1", "01", "~", "a\tb", "é" * 300]
# No controls: one engine or other refuses them.
_ANY = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn", "Cc"]), max_size=9)
TEXTS = st.one_of(st.sampled_from(_TRAPS), _ANY)
WORDS = st.text("abcXYZ019-%:", max_size=6)
ASCII = st.text("abcXYZ019-%:", min_size=1, max_size=6)
UUIDS = st.one_of(st.integers(0, 9), st.integers(0, 2**128 - 1)).map(lambda number: uuid.UUID(int=number))
BYTES = st.binary(max_size=8)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1))  # noqa: DTZ001
DOUBLES = st.floats(allow_nan=False, allow_infinity=False, width=32)


def _whole(low: int, high: int) -> Values:
    return st.one_of(st.integers(max(low, -3), min(high, 3)), st.integers(low, high), st.sampled_from([low, high]))


def _decimals(digits: int, places: int) -> Values:
    exact = Context(prec=digits)
    return st.integers(-(10**digits) + 1, 10**digits - 1).map(lambda number: Decimal(number).scaleb(-places, exact))


def _stocks(home: str, kinds: Mapping[str, tuple[str, Values]]) -> list[Stock]:
    """One table for each kind of key: name -> type of the key, how it varies."""
    return [
        Stock("oak", f"{home}_{name}", home, f"k {type_} primary key", ("k",), {"k": values})
        for name, (type_, values) in kinds.items()
    ]


def _several(home: str, types: tuple[str, str, str], options: str = "", name: str = "several") -> Stock:
    ddl = ", ".join(f"{column} {type_} not null" for column, type_ in zip("abc", types, strict=True))
    columns = {"a": TEXTS, "b": _whole(-(2**31), 2**31 - 1), "c": WORDS}
    key = ("a", "b", "c")
    return Stock("oak", f"{home}_{name}", home, f"{ddl}, primary key (a, b, c)", key, columns, options=options)


def _made(home: str, expression: str, order: str = "k") -> Stock:
    """A view whose key is computed from whole numbers."""
    view = f"select {expression} as k, tag from {{table}}"
    columns = {"k": _whole(-(2**40), 2**40)}
    return Stock("oak", f"{home}_made", home, "k bigint primary key", ("k",), columns, view=view, order=order)


STOCKS = (
    *_stocks(
        "postgres",
        {
            "small": ("smallint", _whole(-(2**15), 2**15 - 1)),
            "int": ("integer", _whole(-(2**31), 2**31 - 1)),
            "big": ("bigint", _whole(-(2**63), 2**63 - 1)),
            "digits": ("numeric(30, 0)", _decimals(30, 0)),
            "cents": ("numeric(12, 2)", _decimals(12, 2)),
            "text": ("text", TEXTS),
            "char": ("char(6)", ASCII),
            "uuid": ("uuid", UUIDS),
            "bytes": ("bytea", BYTES),
            "day": ("date", DAYS),
            "time": ("timestamp", TIMES),
            "stamp": ("timestamptz", TIMES.map(lambda time: time.replace(tzinfo=UTC))),
            "domain": ("plate", TEXTS),
            "number": ("counter", _whole(-(2**31), 2**31 - 1)),
            "enum": ("colour", st.sampled_from(["red", "Blue", "a b"])),
            "double": ("double precision", DOUBLES),
            "yes": ("boolean", st.booleans()),
        },
    ),
    _several("postgres", ("text", "integer", "varchar(9)")),
    _made("postgres", "k::text || '/x'"),
    *_stocks(
        "mariadb",
        {
            "tiny": ("tinyint unsigned", _whole(0, 255)),
            "small": ("smallint unsigned", _whole(0, 2**16 - 1)),
            "int": ("int unsigned", _whole(0, 2**32 - 1)),
            "signed": ("int", _whole(-(2**31), 2**31 - 1)),
            "big": ("bigint unsigned", _whole(0, 2**64 - 1)),
            "digits": ("decimal(30, 0)", _decimals(30, 0)),
            "cents": ("decimal(12, 2)", _decimals(12, 2)),
            "text": ("varchar(300)", TEXTS),
            "exact": ("varchar(300) collate utf8mb4_nopad_bin", TEXTS),
            "latin": ("varchar(9) character set latin1", WORDS),
            "char": ("char(6)", ASCII),
            "uuid": ("uuid", UUIDS.map(str)),
            "bytes": ("varbinary(8)", BYTES),
            "day": ("date", DAYS.filter(lambda day: day.year > 1)),
            "time": ("datetime(6)", TIMES),
            "stamp": ("timestamp(6)", TIMES),
            "enum": ("enum('red', 'Blue', 'a b')", st.sampled_from(["red", "Blue", "a b"])),
            "double": ("double", DOUBLES),
        },
    ),
    _several("mariadb", ("varchar(300)", "int", "varchar(9)")),
    _made("mariadb", "concat(k, '/x')"),
    *_stocks(
        "sqlite",
        {
            "int": ("integer", _whole(-(2**63), 2**63 - 1)),
            "small": ("smallint", _whole(-(2**63), 2**63 - 1)),
            "text": ("text", TEXTS),
            "uuid": ("uuid", UUIDS.map(str)),
            "char": ("char(6)", ASCII),
            "bytes": ("blob", BYTES),
            "digits": ("numeric", _whole(-(2**63), 2**63 - 1)),
            "double": ("real", DOUBLES),
            "day": ("date", DAYS.map(str)),
            "time": ("datetime", TIMES.map(str)),
            "loose": ("int", st.one_of(_whole(-9, 9), st.sampled_from(["a", "B", "x:1"]))),
            "untyped": ("", TEXTS),
        },
    ),
    _several("sqlite", ("text", "integer", "text")),
    _made("sqlite", "k + 0", order="cast(k as text)"),  # no type, so its keys are compared as texts
    _several("sqlite", ("text", "integer", "text"), "key_is_personal = true", "secret"),
    Stock(
        "oak", "postgres_secret", "postgres", "k text primary key", ("k",), {"k": TEXTS}, "", "key_is_personal = true"
    ),
    # A row without its key is no record, wherever it stands in the order.
    Stock("oak", "sqlite_nameless", "sqlite", "k text unique", ("k",), {"k": st.text("ab", max_size=2)}),
)
TYPES = (
    "create domain plate as varchar(300)",
    "create domain counter as integer check (value is not null)",
    "create type colour as enum ('red', 'Blue', 'a b')",
)
# Rows whose keys are among those that anybody might make up.
SOME: dict[str, list[Row]] = {
    **{f"{home}_text": [{"k": "abc"}] for home in ("postgres", "mariadb", "sqlite")},
    **{f"{home}_enum": [{"k": "red"}] for home in ("postgres", "mariadb")},
    "sqlite_int": [{"k": 2**31}],
    "mariadb_char": [{"k": "mauve!"}],
    "postgres_double": [{"k": 1000.0}],
}
