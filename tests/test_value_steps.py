"""From raw values to canonical ones: every step of a value form on SQLite, PostgreSQL and MariaDB alike.

Where a database may sort and filter by a form, it must do so by exactly what the border reads.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Date, DateTime, Double, Integer, MetaData, String, Table, delete, insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from resolvers import catalog, safe_pattern
from resolvers import mapping as mappings
from resolvers.connectors.sql.source import SqlSource
from resolvers.entity import Field
from resolvers.explanation import explain_value
from resolvers.fetch import Arm, Fetch, Listing, OrderKey, Row, Window
from resolvers.folding import fold
from resolvers.predicate import Compare
from resolvers.steps import first_match
from resolvers.written import number_pattern, written_number
from schema.model import model
from tests.mistakes import HEAD, SOURCE
from tests.real_systems import EXAMPLES
from tests.servers import Server
from tests.worlds import law

NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # in Paris it is the 29th, the day on which clocks go forward
# Not sorted by its own order in any of them: the columns have types that every engine keeps alike.
RAWS = Table(
    "raws",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("t", String(400)),
    Column("u", String(40)),
    Column("n", Integer),
    Column("m", Integer),
    Column("x", Double),
    Column("d", Date),
    Column("s", DateTime),
)


@dataclass(frozen=True)
class Case:
    """A form for a field of an asset, the raw values of a row, what it reads, and the issues (code, raw text)."""

    path: str
    form: str
    raw: Mapping[str, Any]
    canonical: Any
    issues: tuple[tuple[str, str], ...] = ()
    pushed: bool = False  # whether the database can sort and filter by it


def steps(options: str, text: str | None, canonical: Any, *issues: tuple[str, str], path: str = "description") -> Case:
    return Case(path, f'{{ column = "t", {options} }}', {"t": text}, canonical, issues)


def pushed(options: str, text: str | None, canonical: Any, *issues: tuple[str, str], path: str = "description") -> Case:
    """Steps that databases take too."""
    return replace(steps(options, text, canonical, *issues, path=path), pushed=True)


def told(form: str, raw: Mapping[str, Any], *issues: tuple[str, str]) -> Case:
    """A text that reads as null, and whether that is told."""
    return Case("description", form, raw, None, issues)


def placeholder(text: str) -> tuple[str, str]:
    return ("PLACEHOLDER_VALUE", text)


def shown(clock: str) -> datetime:
    """What a clock on the wall shows."""
    return datetime.fromisoformat(clock)


def unparseable(text: str) -> tuple[str, str]:
    return ("UNPARSEABLE_VALUE", text)


LIMIT = r"extract = ['marchandises[^0-9]*([0-9][0-9 .,]*)', 'plafond[^0-9]*([0-9]+ ?k)'], decimal = ','"
PROSE = "<p>Plafond marchandises 10&nbsp;000 EUR, franchise 300 EUR</p>"
TERMS = 'column = "t", html = true, collapse = true'
PERIOD = '{ date = "d", plus = { months = "m", days = -1 } }'
ENDED = (
    '{ when = [{ if = { d = { lt = "$today" } }, is = "RETIRED" }, { if = { s = { le = "$now" } }, is = "IN_USE" }],'
)
ENDED += ' otherwise = "AVAILABLE" }'

BLANKS = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]

CASES = [
    # texts, step by step
    steps("html = true", "Caf&#233; &lt;b&gt;Bleu&lt;/b&gt; &#62; A&amp;B", " ".join(["Café ", "Bleu  > A&B"])),
    steps("html = true, collapse = true", "<p>un<br/>deux</p>", "un deux"),
    steps("entities = true, collapse = true", "Roue &#60;AVG&#62; &#38; frein\t", "Roue <AVG> & frein"),
    steps(
        "repair = true",
        "R\u00c3\u00a9gion \u00e2\u201a\u00ac",
        "Région €",
        ("ENCODING_REPAIRED", "R\u00c3\u00a9gion \u00e2\u201a\u00ac"),
    ),
    steps("repair = true", "Région Ãß Â", "Région Ãß Â"),
    steps("nfc = true", "Re\u0301gion", "Région"),
    pushed("collapse = true", "\t a\u00a0\u00a0b \n c ", "a b c"),
    pushed("collapse = true, trim = true", " \u00a0 ", None),
    pushed("collapse = true", " \u3000", None),
    pushed("collapse = true", "a" + "".join(f"{blank}b" for blank in BLANKS), "a" + " b" * len(BLANKS)),
    pushed("collapse = true", "\u200ba\ufeff\u180eb\x1b", "\u200ba\ufeff\u180eb\x1b"),
    pushed('collapse = true, replace = { "&#38;" = "&", " & " = "&" }', "A  &#38;\x1fb", "A&b"),
    pushed('trim = true, null = ["?", ""], replace = { x = "" }', " xx ", None),
    pushed('trim = true, null = ["?", ""], replace = { x = "" }', " ? ", None, placeholder("?")),
    pushed('trim = true, null = ["?", ""], replace = { x = "" }', " ", None),
    # words for none are told, what says nothing is not
    told('{ column = "t", null = ["?", ""] }', {"t": "?"}, placeholder("?")),
    told('{ column = "t", trim = true, null = ["?", ""] }', {"t": " ? "}, placeholder("?")),
    told('{ column = "t", trim = true, null = ["?", ""] }', {"t": "  "}),
    told('{ column = "t", null = ["?", ""] }', {"t": ""}),
    told('{ column = "n", null = [0, -1] }', {"n": -1}, placeholder("-1")),
    told('{ column = "n", null = [0, -1] }', {"n": 0}),
    told('{ template = "{t}", with = { t = { column = "t", null = ["?"] } } }', {"t": "?"}, placeholder("?")),
    told('{ coalesce = [{ column = "t", case = "upper" }, "u"], null = ["?"] }', {"u": "?"}, placeholder("?")),
    told('{ when = [{ if = { n = { eq = 1 } }, is = { column = "t", null = ["?"] } }] }', {"n": 2, "t": "?"}),
    told(
        '{ when = [{ if = { n = { eq = 1 } }, is = { column = "t", null = ["?"] } }] }',
        {"n": 1, "t": "?"},
        placeholder("?"),
    ),
    Case("tags", '{ column = "t", split = ",", null = ["?"] }', {"t": "?"}, None, (placeholder("?"),)),
    steps('null = ["n/c", "?"], any_case = true, trim = true', " N/C ", None, placeholder("N/C")),
    steps('null = ["n/c", "?"]', "N/C", "N/C"),
    steps('case = "upper"', "été", "ÉTÉ"),
    steps('case = "lower"', "ÉTÉ", "été"),
    steps('case = "title"', "JEAN-LUC d'ARTAGNAN o2", "Jean-Luc D'Artagnan O2"),
    pushed('replace = { "," = ".", "-" = "" }', "1,5-a", "1.5a"),
    pushed('replace = { "," = "." }', "1,5", 1.5, path="payloadKg"),
    pushed('collapse = true, values = { "u v" = "VAN" }', "u \t v", "VAN", path="kind"),
    steps("extract = 'n. ?(?P<no>[0-9]+)'", "Contrat N° 0042 bis", "0042"),
    steps("extract = ['x([0-9])', 'y([0-9])']", "y1 x2", "2"),
    steps("extract = 'x([0-9])'", "none here", None, unparseable("none here")),
    steps("extract = 'x([0-9])', optional = true", "none here", None),
    steps("extract = 'x([0-9])'", "", None),
    steps("extract = 'x([0-9])'", None, None),
    steps('case = "upper", values = { VUL = "VAN" }', "vul", "VAN", path="kind"),
    steps('case = "upper", values = { VUL = "VAN" }', "velo", "OTHER", ("UNKNOWN_ENUM", "VELO"), path="kind"),
    steps('split = ";", case = "lower"', "A; B ;;c", ["a", "b", "c"], path="tags"),
    steps('split = ",", extract = "Zone: ([A-Z, ]+)"', "Zone: A, BB (not C)", ["A", "BB"], path="tags"),
    steps('split = ",", extract = "Zone: ([A-Z, ]+)", optional = true', "none, at all", None, path="tags"),
    steps('split = ",", extract = "Zone: (.*)"', "none, at all", None, unparseable("none, at all"), path="tags"),
    steps('split = " > ", html = true', "North &#62; Hall", ["North", "Hall"], path="tags"),
    # prose, of which nothing is lost
    Case("description", f"{{ {TERMS}, {LIMIT.replace(', decimal = ' + repr(','), '')} }}", {"t": PROSE}, "10 000"),
    Case(
        "description",
        f"{{ unread = {{ {TERMS} }} }}",
        {"t": PROSE},
        "Plafond marchandises 10 000 EUR, franchise 300 EUR",
    ),
    # numbers as people write them
    *(
        steps('decimal = ","', text, number, path="payloadKg")
        for text, number in [
            ("10 000", 10000.0),
            ("10k", 10000.0),
            ("10000", 10000.0),
            ("10.000,00", 10000.0),
            ("10\u202f000,5\u00a0kg", 10000.5),
            ("1,5 t", 1500.0),
            ("-2", -2.0),
            (" 7,- ", 7.0),
        ]
    ),
    steps('decimal = ","', "1.5.2", None, unparseable("1.5.2"), path="payloadKg"),
    steps('decimal = ","', "viel", None, unparseable("viel"), path="payloadKg"),
    steps('decimal = "."', "1,234.5", 1234.5, path="payloadKg"),
    steps('decimal = ","', "4,0", 4, path="seats"),
    steps('decimal = ","', "4,5", None, unparseable("4.5"), path="seats"),
    Case("value.amount", "{ column = 't', decimal = ',' }", {"t": "10 k€"}, Decimal(10000)),
    Case("value.amount", "{ column = 't', decimal = ',', scale = -2 }", {"t": "1 050"}, Decimal("10.5")),
    Case("value.amount", f"{{ {TERMS}, {LIMIT} }}", {"t": PROSE}, Decimal(10000)),
    # units
    Case("odometerKm", '{ column = "x", unit = "mi" }', {"x": 100.0}, 160.9344, pushed=True),
    Case("payloadKg", '{ column = "n", unit = "t" }', {"n": 3}, 3000.0, pushed=True),
    Case("payloadKg", '{ column = "n", factor = 0.5 }', {"n": 3}, 1.5, pushed=True),
    *(
        Case("payloadKg", '{ column = "x", unit = { column = "u" } }', {"x": 2.0, "u": unit}, found, issues, True)
        for unit, found, issues in [
            (" KG", 2.0, ()),
            ("t", 2000.0, ()),
            ("lb", 2 * 0.45359237, ()),
            (None, 2.0, (("UNIT_ASSUMED", "2.0"),)),
            ("pièces", None, (unparseable("2.0 pièces"),)),
        ]
    ),
    # days and times
    steps('format = "DD/MM/YYYY"', "03/02/2026", date(2026, 2, 3), path="purchaseDate"),
    Case("purchaseDate", '{ column = "s" }', {"s": shown("2026-02-03 23:30:00")}, date(2026, 2, 3)),
    Case(
        "purchaseDate", '{ column = "s", zone = "Asia/Tokyo" }', {"s": shown("2026-02-03 23:30:00")}, date(2026, 2, 4)
    ),
    steps('format = ["YYYYMMDD", "D.M.YY"]', "3.2.26", date(2026, 2, 3), path="purchaseDate"),
    steps('format = "YYYYMMDD"', "20260230", None, unparseable("20260230"), path="purchaseDate"),
    steps('format = "YYYYMMDD"', "00000000", None, ("ZERO_DATE", "00000000"), path="purchaseDate"),
    steps('format = "DD/MM/YYYY"', "31/12/9999", None, ("PLACEHOLDER_VALUE", "9999-12-31"), path="purchaseDate"),
    steps('format = "excel"', "45000", date(2023, 3, 15), path="purchaseDate"),
    steps('format = "DD/MM/YYYY HH:mm"', "01/07/2026 12:00", datetime(2026, 7, 1, 10, tzinfo=UTC), path="updatedAt"),
    Case(
        "updatedAt",
        '{ column = "n", format = "epoch" }',
        {"n": 1700000000},
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        pushed=True,
    ),
    steps(
        "trim = true",
        "2026-03-29T02:30:00",
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ("AMBIGUOUS_ZONE", "2026-03-29T02:30:00"),
        path="updatedAt",
    ),
    steps(
        "trim = true",
        "2026-10-25T02:30:00",
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ("AMBIGUOUS_ZONE", "2026-10-25T02:30:00"),
        path="updatedAt",
    ),
    # a beginning and months
    Case("purchaseDate", PERIOD, {"d": date(2025, 12, 1), "m": 12}, date(2026, 11, 30), pushed=True),
    Case("purchaseDate", PERIOD, {"d": date(2024, 1, 31), "m": 1}, date(2024, 2, 28), pushed=True),
    Case("purchaseDate", PERIOD, {"d": date(2024, 1, 31), "m": None}, None, pushed=True),
    Case("purchaseDate", PERIOD, {"d": None, "m": 1}, None, pushed=True),
    Case("purchaseDate", PERIOD, {"d": date(2024, 1, 31), "m": 2**31 - 1}, None, pushed=True),
    Case(
        "purchaseDate",
        PERIOD,
        {"d": date(9000, 1, 31), "m": 11999},
        None,
        (("PLACEHOLDER_VALUE", "9999-12-30"),),
        pushed=True,
    ),
    Case(
        "purchaseDate",
        '{ date = { column = "t", format = "DD/MM/YYYY" }, plus = { months = 1 } }',
        {"t": "31/01/2023"},
        date(2023, 2, 28),
    ),
    Case(
        "updatedAt",
        '{ date = "d", plus = { months = "m", days = -1 }, inclusive = true }',
        {"d": date(2025, 7, 1), "m": 12},
        datetime(2026, 6, 30, 22, tzinfo=UTC),
        pushed=True,
    ),
    Case(
        "updatedAt",
        '{ date = "s", plus = { days = 1 } }',
        {"s": shown("2026-03-28 12:00")},
        datetime(2026, 3, 29, 10, tzinfo=UTC),
        pushed=True,
    ),
    Case(
        "updatedAt",
        '{ when = [{ if = { n = { ne = 1 } }, is = { date = "d", plus = { months = { column = "m", null = [0] },'
        ' days = -1 }, zone = "Asia/Tokyo", inclusive = true } }] }',
        {"n": 2, "d": date(2025, 7, 1), "m": 12},
        datetime(2026, 6, 30, 15, tzinfo=UTC),
        pushed=True,
    ),
    # the clock, and other columns
    Case("status", ENDED, {"d": date(2026, 3, 28)}, "RETIRED", pushed=True),
    Case("status", ENDED, {"d": date(2026, 3, 29), "s": shown("2026-03-29 00:30")}, "IN_USE", pushed=True),
    Case("status", ENDED, {"d": date(2026, 3, 29), "s": shown("2026-03-29 00:31")}, "AVAILABLE", pushed=True),
    *(
        Case(
            "status",
            '{ when = [{ if = { n = { lt = { column = "m" } } }, is = "RETIRED" }], otherwise = "IN_USE" }',
            {"n": 9, "m": other},
            found,
            pushed=True,
        )
        for other, found in [(10, "RETIRED"), (9, "IN_USE"), (None, "IN_USE")]
    ),
    # forms in forms
    Case(
        "kind",
        '{ coalesce = [{ column = "t", values = { VUL = "VAN" } }, { column = "u", values = { V = "BICYCLE" } },'
        ' { const = "TOOL" }] }',
        {"t": "x", "u": "V"},
        "BICYCLE",
        (("UNKNOWN_ENUM", "x"),),
        pushed=True,
    ),
    Case(
        "kind",
        '{ coalesce = [{ column = "t", values = { VUL = "VAN" } }, { const = "TOOL" }] }',
        {"t": None},
        "TOOL",
        pushed=True,
    ),
    Case(
        "description",
        '{ coalesce = [{ column = "t", trim = true, null = ["?"] }, "u"] }',
        {"t": " ? ", "u": "b"},
        "b",
        (placeholder("?"),),
        pushed=True,
    ),
    Case("description", '{ coalesce = [{ column = "t", case = "upper" }, "u"] }', {"t": "é"}, "É"),
    Case(
        "description",
        '{ template = "{n} {t} ({u})", with = { t = { column = "t", case = "upper" } } }',
        {"t": "a", "n": 3},
        "3 A ()",
    ),
    Case(
        "description",
        '{ template = "{n} {t}", with = { t = { column = "t", trim = true } } }',
        {"t": " a ", "n": 3},
        "3 a",
        pushed=True,
    ),
    Case(
        "payloadKg",
        '{ when = [{ if = { n = { eq = 1 } }, is = { column = "x" } }, { if = { n = { eq = 2 } }, is = 5 }],'
        ' otherwise = { column = "t", decimal = "," } }',
        {"n": 3, "t": "1,5"},
        1.5,
    ),
    Case(
        "payloadKg",
        '{ when = [{ if = { n = { eq = 1 } }, is = { column = "x" } }], otherwise = 5 }',
        {"n": 1, "x": 2.5},
        2.5,
        pushed=True,
    ),
    # the partner's own SQL
    Case(
        "description",
        "{ raw = { postgresql = \"lower({t}) || '%'\", mariadb = \"concat(lower({t}), '%')\","
        " sqlite = \"lower({t}) || '%'\" } }",
        {"t": "ABC"},
        "abc%",
        pushed=True,
    ),
]


def partner_file(cases: Sequence[tuple[str, str]]) -> str:
    """One mapping for each (path, form)."""
    text = HEAD + SOURCE.replace("sqlite+aiosqlite:///things.sqlite", "${URL}")
    for index, (path, form) in enumerate(cases):
        text += f'[mapping.c{index}]\nentity = "Asset"\nsource = "db"\ntable = "raws"\nkey = "id"\n'
        text += f"[mapping.c{index}.fields]\n{path} = {form}\n"
    return text


@dataclass(frozen=True, repr=False)
class Reader:
    """Reads rows of one database through mappings."""

    source: SqlSource
    mappings: Mapping[str, mappings.Mapping]
    url: str

    async def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """The rows and no others, with ids from 1."""
        engine = create_async_engine(self.url, poolclass=NullPool)
        empty = dict.fromkeys(column.name for column in RAWS.columns)
        async with engine.begin() as connection:
            await connection.execute(delete(RAWS))
            await connection.execute(
                insert(RAWS), [empty | dict(row) | {"id": index} for index, row in enumerate(rows, 1)]
            )
        await engine.dispose()

    async def read(
        self, name: str, path: str, condition: Compare | None = None, ordered: bool = False, now: datetime = NOW
    ) -> list[Row]:
        mapping = self.mappings[name]
        fetch = Fetch("acme.db", "Asset", (path,), (Arm(mapping, frozenset([path])),), issues=True, now=now)
        order = (OrderKey(path),) if ordered else ()
        return await self.source.rows(fetch, Listing(Window(order), condition), lambda _: None)


def reader(folder: Path, url: str, forms: Sequence[tuple[str, str]]) -> Reader:
    """A reader of forms; the database must have the table."""
    folder = folder / "partners"
    folder.mkdir()
    (folder / "acme.toml").write_text(partner_file(forms), "utf-8")
    loaded, mistakes = catalog.load(folder, model(), {"URL": url})
    assert [str(mistake) for mistake in mistakes] == []
    partner = loaded.partners["acme"]
    return Reader(
        SqlSource(replace(partner.sources["db"], deadline=20.0), model(), partner.mappings.values()),
        partner.mappings,
        url,
    )


async def made(url: str) -> str:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(RAWS.metadata.create_all)
    await engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return await made(f"sqlite+aiosqlite:///{tmp_path / 'steps.sqlite'}")
    server: Server = request.getfixturevalue(request.param)
    return await made(server.create("steps"))


async def test_every_step_on_every_engine(url: str, tmp_path: Path) -> None:
    found = reader(tmp_path, url, [(case.path, case.form) for case in CASES])
    wrong = []
    try:
        await found.fill([case.raw for case in CASES])
        for index, case in enumerate(CASES):
            row = next(row for row in await found.read(f"c{index}", case.path) if row.key == str(index + 1))
            value, codes = row.values[0], [code for code, _, _ in row.issues]
            raws = [raw for _, _, raw in row.issues]
            if (
                value != case.canonical
                or codes != [code for code, _ in case.issues]
                or raws != [raw for _, raw in case.issues]
            ):
                wrong.append((case.form, dict(case.raw), value, row.issues))
        assert not wrong, "\n".join(map(str, wrong))
        for index, case in enumerate(CASES):
            if case.pushed:
                await agrees(found, f"c{index}", case.path)
    finally:
        await found.source.close()


async def agrees(found: Reader, name: str, path: str) -> None:
    """The database sorts every row by what the border reads, and finds it by that."""
    binding, field = found.mappings[name].fields[path], model().field("Asset", path)
    assert isinstance(binding, mappings.Value)
    assert mappings.pushable(binding, text=field.type == "String")
    rows = await found.read(name, path, ordered=True)
    read = {row.key: row.values[0] for row in rows}
    assert {row.key: row.sort[0] for row in rows} == {key: comparable(field, value) for key, value in read.items()}
    shown = [comparable(field, value) for value in read.values()]
    assert shown == sorted(shown, key=lambda value: (value is None, value))
    for wanted in [] if field.values else [value for value in read.values() if value is not None][:2]:
        passed = await found.read(name, path, Compare(path, "eq", wanted))
        assert {row.key for row in passed} == {key for key, value in read.items() if value == wanted}
    said = {key: value for key, value in read.items() if isinstance(value, str)} if not field.values else {}
    for operator, holds in (
        ("startsWith", str.startswith),
        ("contains", lambda value, part: fold(part) in fold(value)),
    ):
        for part in [value[-2:] for value in said.values()][:1]:
            passed = await found.read(name, path, Compare(path, operator, part))
            assert {row.key for row in passed} == {key for key, value in said.items() if holds(value, part)}


# Forms that databases sort and filter by, and the columns of the table that each reads.
LAWFUL = [
    ("odometerKm", '{ column = "n", unit = "mi", scale = -2 }'),
    ("odometerKm", '{ column = "t", unit = { column = "u", trim = true } }'),
    ("odometerKm", '{ coalesce = [{ column = "t", trim = true, null = ["?"] }, "n", "x"], factor = 0.1 }'),
    (
        "odometerKm",
        '{ when = [{ if = { n = { lt = { column = "m" } } }, is = { column = "x" } }],'
        ' otherwise = { column = "n", null = [0] } }',
    ),
    ("odometerKm", '{ column = "n", unit = { column = "u", values = { A = "mi", b = "m" } } }'),
    ("updatedAt", '{ column = "n", format = "epoch" }'),
    (
        "updatedAt",
        '{ when = [{ if = { n = { lt = 0 } }, is = { date = "d", plus = { months = { column = "m", null = [0] } } } }],'
        ' otherwise = { column = "d" }, zone = "Asia/Tokyo", inclusive = true }',
    ),
    ("updatedAt", '{ date = "s", plus = { months = "m", days = "n" }, zone = "America/New_York" }'),
    ("updatedAt", '{ date = "d", plus = { months = "m", days = -1 }, inclusive = true }'),
    ("purchaseDate", '{ date = "d", plus = { months = "m", days = "n" } }'),
    (
        "status",
        '{ coalesce = [{ column = "t", values = { a = "RETIRED" } },'
        ' { column = "u", values = { A = "LOST", b = "IN_USE" } }] }',
    ),
    (
        "status",
        '{ when = [{ if = { d = { lt = "$today" } },'
        ' is = { column = "t", values = { a = "LOST" }, otherwise = "IN_USE" } },'
        ' { if = { s = { ge = "$now" } }, is = "AVAILABLE" }] }',
    ),
    ("name", '{ template = "{n}-{t}{u}", with = { t = { column = "t", trim = true, null = ["?"] } } }'),
    (
        "name",
        '{ coalesce = [{ column = "t", values = { a = "Alpha", "?" = "Beta" }, otherwise = "Gamma" }, "u"],'
        " trim = true }",
    ),
    ("name", '{ column = "t", collapse = true }'),
    (
        "description",
        '{ column = "t", collapse = true, trim = true, null = ["?", "a"], replace = { a = "b", "b " = "" } }',
    ),
    ("description", '{ column = "t", replace = { " " = "", "é" = "e", A = "a" } }'),
    ("description", '{ coalesce = [{ column = "t", collapse = true }, { template = "{n} {u}", collapse = true }] }'),
    (
        "description",
        '{ template = "{t}|{u}", collapse = true, with = { t = { column = "t", replace = { a = " " } } } }',
    ),
    ("odometerKm", '{ column = "t", collapse = true, replace = { e2 = "", "1" = "2" } }'),
    ("status", '{ column = "t", collapse = true, values = { a = "LOST", "a b" = "RETIRED" }, otherwise = "IN_USE" }'),
]
ODD = st.lists(
    st.sampled_from([*BLANKS, "\u200b", "\u00ad", "\ufeff", "a", "b", "A", "é", "\U0001f6b2"]), max_size=12
).map("".join)
TEXTS = ODD | st.sampled_from(
    ["", " ", "a", "A", "b", "?", "é", "7", "-1.5", " 12 ", "1e2", "kg", "KG", "t", "lb", " g"]
)
ROWS = st.fixed_dictionaries(
    {
        "t": st.none() | TEXTS,
        "u": st.none() | TEXTS,
        "n": st.none() | st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1),
        "m": st.none() | st.integers(-30, 30) | st.integers(-(2**31), 2**31 - 1),
        "x": st.none() | st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda x: round(x, 3)),
        "d": st.none() | st.dates(date(1000, 1, 1)) | st.dates(date(2026, 3, 25), date(2026, 4, 2)),
        "s": st.none()
        | st.datetimes(shown("1000-01-01"), shown("9999-12-31")).map(lambda s: s.replace(microsecond=0))
        | st.datetimes(shown("2026-03-28"), shown("2026-03-30")).map(
            lambda s: s.replace(second=0, microsecond=0, fold=0)
        ),
    }
)


@pytest.fixture(scope="module")
async def readers(
    postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Reader]]:
    folder = tmp_path_factory.mktemp("lawful")
    urls = [f"sqlite+aiosqlite:///{folder / 'lawful.sqlite'}", postgres.create("lawful"), mariadb.create("lawful")]
    found = [reader(tmp_path_factory.mktemp("files"), await made(url), LAWFUL) for url in urls]
    yield found
    for each in found:
        await each.source.close()


@law(8)
@given(rows=st.lists(ROWS, min_size=1, max_size=8))
async def test_databases_sort_and_find_by_what_is_read(readers: list[Reader], rows: list[dict[str, Any]]) -> None:
    for found in readers:
        await found.fill(rows)
        for index, (path, _) in enumerate(LAWFUL):
            await agrees(found, f"c{index}", path)


def comparable(field: Field, value: Any) -> Any:
    """What a list sorts a canonical value by."""
    if value is not None and field.values:
        return field.values.index(value)
    return float(value) if value is not None and field.type in ("Int", "Float", "Decimal") else value


def test_a_text_that_is_lost_at_the_border_is_not_found_by_the_database(tmp_path: Path) -> None:
    form = '{ coalesce = [{ column = "t", replace = { "," = "." } }, "x"] }'  # where t is no number, x counts
    found = reader(tmp_path, "sqlite+aiosqlite://", [("payloadKg", form), ("name", form)])
    number, text = found.mappings["c0"].fields["payloadKg"], found.mappings["c1"].fields["name"]
    assert isinstance(number, mappings.Value)
    assert isinstance(text, mappings.Value)
    assert not mappings.pushable(number)
    assert mappings.pushable(text, text=True)


def test_databases_sort_the_examples_by_name() -> None:
    urls = {f"{code.upper()}_URL": "sqlite+aiosqlite://" for code in ("glpi", "librebooking", "odoo", "snipeit")}
    loaded, _ = catalog.load(EXAMPLES, model(), urls)
    names = [
        (mapping.id, mappings.pushable(binding, text=True))
        for partner in loaded.partners.values()
        for mapping in partner.mappings.values()
        for path, binding in mapping.fields.items()
        if path in ("name", "displayName") and isinstance(binding, mappings.Value)
    ]
    assert len(names) == 15
    assert all(pushed for _, pushed in names), names


async def test_every_request_has_its_own_clock(url: str, tmp_path: Path) -> None:
    found = reader(tmp_path, url, [("status", ENDED)])
    try:
        await found.fill([{"d": date(2026, 3, 28)}])
        for day, status in [(28, "AVAILABLE"), (29, "RETIRED"), (28, "AVAILABLE")]:
            now = datetime(2026, 3, day, 12, tzinfo=UTC)
            assert [row.values[0] for row in await found.read("c0", "status", ordered=True, now=now)] == [status]
    finally:
        await found.source.close()


NASTY = ["a" * 5000, "1" * 5000, " " * 5000, "a1 " * 2000, "marchandises " * 400, "aab" * 1500 + "!"]
ALLOWED = [r"(\w+)\s*:\s*(\w+)", r"x?[0-9]+ ?k", r"[^0-9]*([0-9]+)x", r"a.{0,60}b.{0,60}c", r"(\w+) (\w+) (\w+)!"]
ALLOWED += [r"marchandises[^0-9]*([0-9][0-9 .,]*)", r"[0-9]{1,3}(?:[ .][0-9]{3})*x", r"[a-z]+[0-9]+[a-z]+z"]


@pytest.mark.parametrize("pattern", ALLOWED)
def test_what_is_allowed_as_a_pattern_ends_soon(pattern: str) -> None:
    compiled = safe_pattern.compile_pattern(pattern)
    began = time.process_time()
    for text in NASTY:
        first_match((compiled,), text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\w+)*x",
        r"(a|a)+x",
        r"\w+\w+x",
        r".*a.*b",
        r"(\d+\s?)+x",
        r"\s*,?\s*x",
        r"(?=a)b",
        r"(a)\1",
        r"a?",
        r"(?:a?){30}a{30}",
        r"\w+(\w+x|y)",
    ],
)
def test_what_may_never_end_is_no_pattern(pattern: str) -> None:
    with pytest.raises(safe_pattern.Unsafe):
        safe_pattern.compile_pattern(pattern)


@law(300)
@given(
    number=st.decimals(0, 10**9, places=2),
    groups=st.sampled_from(["", " ", ".", "\u00a0", "'"]),
    around=st.sampled_from(["{}", "{} EUR", "€ {}", "{}€", " {} "]),
    negative=st.booleans(),
)
def test_numbers_are_read_as_people_write_them(number: Decimal, groups: str, around: str, negative: bool) -> None:
    written = f"{number:,.2f}".replace(".", "|").replace(",", groups).replace("|", ",")
    text = around.format(("-" if negative else "") + written)
    read = written_number(number_pattern(","), text)
    assert read is not None
    assert read[0] == (-number if negative else number), text


async def test_nothing_said_in_prose_is_lost(url: str, tmp_path: Path) -> None:
    amount = f"{{ amount = {{ {TERMS}, {LIMIT} }} }}"
    rest = f"{{ unread = {{ {TERMS} }} }}"
    some = f"{{ when = [{{ if = {{ n = {{ isNull = true }} }}, is = {rest} }}] }}"
    found = reader(tmp_path, url, [("value", f"{amount}\ndescription = {rest}\ntags = {some}")])
    try:
        await found.fill(
            [{"t": PROSE}, {"t": "[sans texte]"}, {"t": "Plafond 10k; franchise : 5"}, {"t": "Plafond 10k."}]
        )
        rows = await found.read("c0", "description")
        kept = ["Plafond, EUR, franchise 300 EUR", "[sans texte]", "franchise : 5", None]
        assert [row.values[0] for row in rows] == kept
        assert [row.values[0] for row in await found.read("c0", "tags")] == [text and [text] for text in kept]
    finally:
        await found.source.close()


def test_every_step_of_a_value_is_told(tmp_path: Path) -> None:
    found = reader(tmp_path, "sqlite+aiosqlite://", [("value.amount", f"{{ {TERMS}, {LIMIT} }}"), ("status", ENDED)])
    told = explain_value(model(), found.mappings["c0"], "value.amount")
    assert told[0] == "column t  (in the database)"
    assert told[-1] == "-> Decimal"
    assert all(line.endswith("(at the border)") for line in told[1:-1])
    assert "if d lt $today:  (in the database)" in explain_value(model(), found.mappings["c1"], "status")
