"""From raw values to canonical ones: every step of a value form on SQLite, PostgreSQL and MariaDB alike.

Where a database may sort and filter by a form, it must do so by exactly what the border reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from resolvers import catalog
from resolvers import mapping as mappings
from resolvers.connectors.sql.source import SqlSource
from resolvers.entity import Field
from resolvers.explanation import explain_value
from resolvers.fetch import Arm, Fetch, Listing, OrderKey, Row, Window
from resolvers.folding import fold
from resolvers.predicate import Compare
from resolvers.written import number_pattern, written_number
from schema.model import model
from tests.mistakes import HEAD, SOURCE
from tests.real_systems import EXAMPLES
from tests.servers import Server
from tests.value_cases import BLANKS, CASES, ENDED, LIMIT, NOW, PROSE, RAWS, TERMS, shown
from tests.worlds import law


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
        fetch = Fetch("acme.db", "Asset", (path,), (Arm(mapping, frozenset([path])),), issues=True)
        order = (OrderKey(path),) if ordered else ()
        return await self.source.rows(fetch, Listing(Window(order), condition), lambda _: None, now)


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
