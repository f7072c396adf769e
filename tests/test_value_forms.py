"""Value forms and predicates of partner files say the same on SQLite, PostgreSQL and MariaDB, and fail on none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.gateways import running
from tests.mistakes import HEAD, MAPPING, SOURCE
from tests.servers import Server

TABLES = """
create table things (id integer primary key, n integer, s varchar(20), d date, t %s null, b boolean, j %s);
insert into things values (1, 1, 'a', '2025-05-05', '2025-05-05 10:00:00', true,
    '{"a": {"b": "deep"}, "l": ["p", "q"], "z": null}');
insert into things values (2, 2, ' x ', null, null, false, null);
insert into things values (3, 3, null, '2026-01-01', '2026-02-02 00:00:00', null, '{}');
create table papers (id integer primary key, thing integer, b boolean, m %s null, l %s, x numeric(9, 2), h time);
insert into papers values (1, 1, true, '2025-05-05 23:00:00%s', '%s', 10.25, '18:00');
insert into papers values (2, 1, false, null, null, null, '06:00:00');
"""
# The types of t, j, m and l, and what stands in the last two: a moment with what makes it UTC, a list of B and BE.
ENGINES = {
    "sqlite": ("datetime", "text", "text", "text", "+00:00", '["B", "BE"]'),
    "postgres": ("timestamp", "jsonb", "timestamptz", "text[]", "+00:00", "{B,BE}"),
    "mariadb": ("datetime", "json", "timestamp", "json", "", '["B", "BE"]'),
}
# (field, what the file says, what is asked for, what each of the three rows reads)
FORMS: list[tuple[str, str, str, list[Any]]] = [
    ("name", '{ coalesce = ["s", "n", { const = "none" }] }', "", ["a", " x ", "3"]),
    ("manufacturer", '{ template = "{n} {d}  {s}" }', "", ["1 2025-05-05 a", "2 x", "3 2026-01-01"]),
    ("model", '{ column = "s", trim = true, null = ["a"] }', "", [None, "x", None]),
    ("sourceStatus", '{ column = "n", values = { 1 = 5, 2 = 2026-01-01 } }', "", ["5", "2026-01-01", "3"]),
    (
        "description",
        "{ when = [{ if = { d = { lt = 2026-01-01 } }, is = 3 },"
        ' { if = { t = { ge = 2026-01-01T00:00:00 } }, is = "x" }], otherwise = 2.5 }',
        "",
        ["3", "2.5", "x"],
    ),
    ("bookingUrl", '{ json = "j", path = ["a", "b"] }', "", ["deep", None, None]),
    ("sourceKind", '{ json = "j", path = "z", else = [["l", 9], ["l", 1]] }', "", ["q", None, None]),
    (
        "kind",
        '{ when = [{ if = { n = { gt = 1 } }, is = "VAN" }, { if = { s = { startsWith = "a" } }, is = "CAR" }] }',
        "",
        ["CAR", "VAN", "VAN"],
    ),
    ("status", '{ column = "s", otherwise = "RETIRED" }', "", ["RETIRED", "RETIRED", None]),
    ("propulsion", '{ const = "ELECTRIC" }', "", ["ELECTRIC"] * 3),
    (
        "seats",
        '{ when = [{ if = { n = { in = [1, 2.5, "3"] } }, is = 4 },'
        " { if = { not = { b = { eq = true } } }, is = 2.0 }] }",
        "",
        [4, 2, 4],
    ),
    ("modelYear", '{ column = "s", trim = true, values = { a = 2020, x = 3 } }', "", [2020, 3, None]),
    ("payloadKg", '{ coalesce = ["n", { const = 1.5 }] }', "", [1.0, 2.0, 3.0]),
    ("volumeM3", "{ when = [{ if = { b = { eq = true } }, is = 2 }], otherwise = 2.5 }", "", [2.0, 2.5, 2.5]),
    ("odometerKm", "{ const = 1000, scale = -2 }", "", [10.0] * 3),
    (
        "purchaseDate",
        "{ when = [{ if = { n = { eq = 1 } }, is = 2026-01-01 }], otherwise = 2025-01-01 }",
        "",
        ["2026-01-01", "2025-01-01", "2025-01-01"],
    ),
    (
        "inServiceDate",
        '{ coalesce = ["d", { const = 2020-02-02 }] }',
        "",
        ["2025-05-05", "2020-02-02", "2026-01-01"],
    ),
    (
        "updatedAt",
        '{ coalesce = ["t", { const = 2026-01-01T10:00:00 }], zone = "UTC" }',
        "",
        ["2025-05-05T10:00:00Z", "2026-01-01T10:00:00Z", "2026-02-02T00:00:00Z"],
    ),
    ("lendable", '{ column = "n", values = { 1 = true }, otherwise = false }', "", [True, False, False]),
    (
        "tags",
        '{ when = [{ if = { n = { eq = 1 } }, is = "p, q" }, { if = { n = { eq = 2 } }, is = ["r, s", "t"] }],'
        ' otherwise = [], split = ",", trim = true }',
        "",
        [["p", "q"], ["r, s", "t"], []],
    ),
    (
        "value",
        '{ amount = { coalesce = ["n", { const = "1.50" }], scale = -2 },'
        ' currency = { when = [{ if = { n = { lt = 3 } }, is = "EUR" }] } }',
        "{ amount currency }",
        [
            {"amount": "0.01", "currency": "EUR"},
            {"amount": "0.02", "currency": "EUR"},
            {"amount": "0.03", "currency": "EUR"},
        ],
    ),
    (
        "lendingWindows",
        '[{ startDay = { const = "FRI" }, start = { coalesce = ["d", { const = 18:00:00 }] },'
        ' endDay = { const = "MON" }, end = { const = "06:00" } }]',
        "{ startDay start end timeZone }",
        [None, [{"startDay": "FRI", "start": "18:00", "end": "06:00", "timeZone": "Europe/Paris"}], None],
    ),
    (
        "attributes",
        "{ a = { const = { x = [1, 2026-01-01] } }, c = 'j', e = { coalesce = ['n', 's'] }, f = { const = 12:00:00 },"
        " b = { when = [{ if = { n = { eq = 1 } }, is = 2026-01-01 }], otherwise = 2020-01-01 } }",
        "",
        [
            {
                "a": {"x": [1, "2026-01-01"]},
                "c": {"a": {"b": "deep"}, "l": ["p", "q"], "z": None},
                "e": "1",
                "f": "12:00:00",
                "b": "2026-01-01",
            },
            {"a": {"x": [1, "2026-01-01"]}, "e": "2", "f": "12:00:00", "b": "2020-01-01"},
            {"a": {"x": [1, "2026-01-01"]}, "c": {}, "e": "3", "f": "12:00:00", "b": "2020-01-01"},
        ],
    ),
    (
        "identifiers",
        '[{ scheme = { when = [{ if = { n = { eq = 1 } }, is = "VIN" }], otherwise = "SERIAL" },'
        ' value = { coalesce = ["n", "s"] }, country = { when = [{ if = { n = { eq = 1 } }, is = "FR" }] } }]',
        "{ scheme value country }",
        [
            [{"scheme": "VIN", "value": "1", "country": "FR"}],
            [{"scheme": "SERIAL", "value": "2", "country": None}],
            [{"scheme": "SERIAL", "value": "3", "country": None}],
        ],
    ),
]
# (predicate, the rows that fulfil it). A comparison with null is false, `not` is the complement.
PREDICATES: list[tuple[str, set[int]]] = [
    ("{ n = { eq = 2 } }", {2}),
    ("{ n = { eq = 2.5 } }", set()),
    ("{ n = { ne = 2.5 } }", {1, 2, 3}),
    ("{ n = { lt = 2.5 } }", {1, 2}),
    ("{ n = { le = 2.5 } }", {1, 2}),
    ("{ n = { gt = 1.5 } }", {2, 3}),
    ("{ n = { ge = 1.5, lt = 3 } }", {2}),
    ('{ n = { in = [1, 2.5, "3", 1e99] } }', {1, 3}),
    ("{ n = { in = [] } }", set()),
    ("{ n = { eq = 3000000000 } }", set()),
    ("{ n = { lt = 3000000000 } }", {1, 2, 3}),
    ("{ n = { lt = 1000000000000000000000 } }", {1, 2, 3}),
    ("{ n = { ge = -1000000000000000000000 } }", {1, 2, 3}),
    ("{ n = { gt = 1000000000000000000000 } }", set()),
    ("{ n = { lt = inf } }", set()),
    ("{ n = { eq = true } }", {1}),
    ('{ n = { eq = "many" } }', set()),
    ("{ b = { eq = true } }", {1}),
    ("{ b = { ne = true } }", {2}),
    ("{ b = { isNull = true } }", {3}),
    ("{ not = { b = { eq = true } } }", {2, 3}),
    ('{ s = { eq = "a" } }', {1}),
    ("{ s = { eq = 3 } }", set()),
    ('{ s = { contains = "X" } }', {2}),
    ('{ s = { startsWith = "%" } }', set()),
    ('{ s = { contains = ["X", "q"] } }', {2}),
    ('{ not = { s = { contains = ["X", "q"] } } }', {1, 3}),
    ("{ s = { startsWith = [] } }", set()),
    ("{ d = { lt = 2026-01-01 } }", {1}),
    ('{ d = { ge = "2026-01-01" } }', {3}),
    ("{ t = { ge = 2026-01-01 } }", {3}),
    ("{ t = { eq = 2025-05-05T10:00:00 } }", {1}),
    ("{ t = { in = [2025-05-05T10:00:00, 2026-02-02] } }", {1, 3}),
    ("{ t = { ne = 2026-02-02 } }", {1}),
    ("{ or = [{ n = { eq = 1 } }, { s = { isNull = true } }], not = { n = { eq = 3 } } }", {1}),
    ("{ or = [] }", set()),
    ("{ and = [] }", {1, 2, 3}),
]
MONEY = '{ amount = { column = "n", null = [3] }, currency = { column = "s", trim = true, null = ["a"],'
MONEY += ' values = { x = "SEK" } } }'
MONEYS = f"""
[mapping.things.fields]
value = {MONEY}
[mapping.covers]
entity = "Coverage"
source = "db"
table = "things"
key = "id"
[mapping.covers.fields]
kind = {{ const = "FIRE" }}
limits = [{{ basis = {{ const = "PER_EVENT" }}, amount = {MONEY} }}]
"""
ROWS = 'rows = { table = "papers", on = { thing = "id" }, order = "id" }'
WINDOW = 'startDay = { const = "FRI" }, start = "h", endDay = { const = "SAT" }, end = "h"'
LISTS = f"""
[mapping.things.fields]
lendingWindows = {{ {ROWS}, fields = {{ {WINDOW} }} }}
[mapping.people]
entity = "Person"
source = "db"
table = "things"
key = "id"
fields.licences = {{ {ROWS}, fields = {{ validUntil = "m", suspended = "b", categories = "l" }} }}
[mapping.covers]
entity = "Coverage"
source = "db"
table = "things"
key = "id"
[mapping.covers.fields]
kind = {{ const = "FIRE" }}
limits = [{{ {ROWS}, fields = {{ basis = {{ const = "PER_EVENT" }}, amount = {{ amount = "x" }} }} }}]
conditions = {{ {ROWS}, fields = {{ code = {{ template = "{{id}}" }}, text = "h", checkable = "b" }} }}
"""
FILE = HEAD + SOURCE.replace("sqlite+aiosqlite:///things.sqlite", "${URL}") + MAPPING + "[mapping.things.fields]\n"
FILE += "".join(f"{name} = {form}\n" for name, form, _, _ in FORMS)
QUERY = " ".join(f"{name} {wanted}" for name, _, wanted, _ in FORMS)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "forms.sqlite")) as database:
            database.executescript(TABLES % ENGINES["sqlite"])
        return f"sqlite+aiosqlite:///{tmp_path / 'forms.sqlite'}"
    server: Server = request.getfixturevalue(request.param)
    found = server.create("forms")
    utc = "set time_zone = '+00:00';" if request.param == "mariadb" else ""
    server.run("forms", utc + TABLES % ENGINES[request.param])
    return found


async def test_every_form_on_every_engine(url: str) -> None:
    async with running({"acme": FILE}, {"URL": url}) as gateway:
        told = "missing { code }"
        answer = await gateway.data(f"{{ assets {{ nodes {{ {QUERY} }} {told} }} }}", partner="acme")
        assert answer["assets"]["missing"] == []
        nodes = answer["assets"]["nodes"]
        for name, form, _, expected in FORMS:
            assert [node[name] for node in nodes] == expected, f"{name} = {form}"
        for order in ("NAME", "KIND", "STATUS", "ODOMETER_KM", "PARTNER"):
            query = (
                f"{{ assets(first: 2, orderBy: [{{field: {order}, direction: DESC}}]) {{ nodes {{ name }} {told} }} }}"
            )
            answer = await gateway.data(query, partner="acme")
            assert (len(answer["assets"]["nodes"]), answer["assets"]["missing"]) == (2, []), order


async def test_amounts_without_a_currency_are_in_the_partners(url: str) -> None:
    text = HEAD + SOURCE.replace("sqlite+aiosqlite:///things.sqlite", "${URL}") + MAPPING + MONEYS
    async with running({"acme": text}, {"URL": url}) as gateway:
        told = "provenance { issues { code field value } }"
        answer = await gateway.data(
            f"{{ assets {{ nodes {{ value {{ amount currency }} {told} }} }}"
            f" coverages {{ nodes {{ limits {{ amount {{ amount currency }} }} {told} }} }} }}",
            partner="acme",
        )
        assumed = {"code": "CURRENCY_ASSUMED", "value": ""}
        moneys = [{"amount": "1", "currency": "EUR"}, {"amount": "2", "currency": "SEK"}, None]
        things = answer["assets"]["nodes"]
        assert [thing["value"] for thing in things] == moneys

        def issues(money: str) -> list[list[dict[str, str]]]:
            stand_ins = [
                {"code": "PLACEHOLDER_VALUE", "field": f"{money}.{name}", "value": value}
                for name, value in (("currency", "a"), ("amount", "3"))
            ]
            return [[stand_ins[0], assumed | {"field": f"{money}.currency"}], [], [stand_ins[1]]]

        assert [thing["provenance"]["issues"] for thing in things] == issues("value")
        covers = answer["coverages"]["nodes"]
        assert [(cover["limits"] or [{"amount": None}])[0]["amount"] for cover in covers] == moneys
        assert [cover["provenance"]["issues"] for cover in covers] == issues("limits.amount")


async def test_what_is_in_rows_of_another_table_is_understood_as_in_its_own(url: str) -> None:
    text = HEAD + SOURCE.replace("sqlite+aiosqlite:///things.sqlite", "${URL}") + MAPPING + LISTS
    async with running({"acme": text}, {"URL": url}) as gateway:
        answer = await gateway.data(
            "{ assets { nodes { lendingWindows { start timeZone } } missing { code } }"
            " people { nodes { licences { validUntil suspended categories number } } }"
            " coverages { nodes { limits { amount { amount currency } } conditions { code checkable } } } }",
            partner="acme",
        )
        assert answer["assets"]["missing"] == []
        window = {"timeZone": "Europe/Paris"}
        assert [node["lendingWindows"] for node in answer["assets"]["nodes"]] == [
            [window | {"start": "18:00"}, window | {"start": "06:00"}],
            None,
            None,
        ]
        first = {"validUntil": "2025-05-06", "suspended": True, "categories": ["B", "BE"], "number": None}
        second = {"validUntil": None, "suspended": False, "categories": None, "number": None}
        assert [node["licences"] for node in answer["people"]["nodes"]] == [[first, second], None, None]
        cover = answer["coverages"]["nodes"][0]
        assert cover["limits"][0] == {"amount": {"amount": "10.25", "currency": "EUR"}}
        assert cover["conditions"] == [{"code": "1", "checkable": True}, {"code": "2", "checkable": False}]


async def test_every_predicate_on_every_engine(url: str) -> None:
    source = HEAD + SOURCE.replace("sqlite+aiosqlite:///things.sqlite", "${URL}")
    mappings = (
        MAPPING.replace("things]", f"p{number}]") + f'where = {predicate}\nfields.name = {{ const = "{number}" }}\n'
        for number, (predicate, _) in enumerate(PREDICATES)
    )
    async with running({"acme": source + "".join(mappings)}, {"URL": url}) as gateway:
        query = "{ assets(first: 1000) { nodes { name provenance { localId } } missing { code } } }"
        answer = await gateway.data(query, partner="acme")
        assert answer["assets"]["missing"] == []
        found: dict[int, set[int]] = {number: set() for number in range(len(PREDICATES))}
        for node in answer["assets"]["nodes"]:
            found[int(node["name"])].add(int(node["provenance"]["localId"]))
        assert {PREDICATES[number][0]: rows for number, rows in found.items()} == dict(PREDICATES)
