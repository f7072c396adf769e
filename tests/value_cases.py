"""Value forms, raw values and what they read as, for `test_value_steps.py`: every step, number, date and issue."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Date, DateTime, Double, Integer, MetaData, String, Table

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
