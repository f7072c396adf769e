"""Runs the behaviour pages: partners on real SQLite stores, asked over HTTP; what is sent and what is answered."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import environment, prepare
from gateway.demo.federation import PARTNERS
from resolvers.observation import SourceCall
from tests.gateways import Gateway, running
from tests.page import Ask, Page, Table, read
from tests.statements import selected

FOLDER = Path(__file__).parent / "pages"
PAGES = sorted(FOLDER.glob("*.md"))
ID = re.compile(r"<(?P<entity>[A-Z]\w+)\.(?P<mapping>[^:~<>]+)(?P<mark>[:~])(?P<key>[^<>]*)>")
ANYTHING = "*"
ACCESSES = {"Listing": "list", "Lookup": "lookup", "Children": "children", "LinkRows": "links", "Count": "count"}


@pytest.fixture(scope="session")
async def demo_stores(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The variables of the demonstration's stores, filled once."""
    folder = tmp_path_factory.mktemp("demo")
    await prepare(folder)
    return environment(folder)


@pytest.mark.parametrize("path", [path for path in PAGES if path.name != "README.md"], ids=lambda path: path.stem)
async def test_page(path: Path, tmp_path: Path, demo_stores: Mapping[str, str]) -> None:
    page = read(path)
    assert page.asks, "a page asks something"
    files = dict(page.partners)
    environ = dict(demo_stores) if page.demo else {}
    if page.demo:
        base = {file.stem: file.read_text("utf-8") for file in PARTNERS.glob("*.toml")}
        files = base | {code: f"{base.get(code, '')}\n{text}" for code, text in files.items()}
    environ |= fill(page, tmp_path)
    async with running(files, environ) as gateway:
        for ask in page.asks:
            await check(gateway, ask, path.name)


async def check(gateway: Gateway, ask: Ask, page: str) -> None:
    """Ask as the page says, and compare."""
    where = f"{page}:{ask.line} {ask.title}"
    gateway.federation.runtime.clock = lambda: ask.now
    gateway.calls.clear()
    whom: dict[str, Any] = {"partner": ask.partner, "scopes": ask.scopes, "subject": ask.subject}
    answer = await gateway.ask(written(gateway, ask.query), written(gateway, ask.variables), **whom)
    withheld = answer.get("extensions", {}).pop("withheld", [])
    if not answer.get("extensions", True):
        del answer["extensions"]
    assert likened(answer, ask.answer) == written(gateway, ask.answer), f"{where}: another answer"
    columns = list(ask.withheld[0]) if ask.withheld else ["withheld at", "partner", "field", "code"]
    told = [{column: cell(item, column) for column in columns} for item in withheld]
    assert by_text(told) == by_text(ask.withheld), f"{where}: something else is withheld"
    if ask.calls is not None:
        columns = list(ask.calls[0]) if ask.calls else ["source", "entity", "access"]
        asked = [{column: part(call, column) for column in columns} for call in gateway.calls if call.statement]
        assert by_text(asked) == by_text([tidy(call) for call in ask.calls]), f"{where}: other calls"


def cell(item: Mapping[str, Any], column: str) -> str:
    """One column of a row about what is withheld."""
    found = item["path" if column == "withheld at" else column]
    return ("." if column == "withheld at" else ", ").join(found) if isinstance(found, list) else str(found)


def part(call: SourceCall, column: str) -> str:
    """One column of a row about a call. Columns of other tables than the first stand as "table.column"."""
    if column == "access":
        return ACCESSES[call.access]
    if column == "columns":
        selects = selected(call.statement)
        names = {name if table == s.main else f"{table}.{name}" for s in selects for table, name in s.columns}
        return " ".join(sorted(names))
    return str(getattr(call, column))


def tidy(call: Mapping[str, str]) -> dict[str, str]:
    return {column: " ".join(sorted(text.split())) if column == "columns" else text for column, text in call.items()}


def by_text(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(rows, key=json.dumps)


def written(gateway: Gateway, value: Any) -> Any:
    """What a page says, with <Entity.partner.mapping:key> made the id; ~ for : where the key is enciphered."""
    if isinstance(value, str):
        ids = gateway.federation.runtime.ids
        return ID.sub(lambda m: ids.write(m["entity"], m["mapping"], m["key"], m["mark"] == "~"), value)
    if isinstance(value, list):
        return [written(gateway, item) for item in value]
    return {key: written(gateway, item) for key, item in value.items()} if isinstance(value, dict) else value


def likened(answer: Any, expected: Any) -> Any:
    """The answer, with "*" where the page lets any text stand."""
    if expected == ANYTHING and isinstance(answer, str) and answer:
        return ANYTHING
    if isinstance(answer, list) and isinstance(expected, list) and len(answer) == len(expected):
        return [likened(*pair) for pair in zip(answer, expected, strict=True)]
    if isinstance(answer, dict) and isinstance(expected, dict):
        return {key: likened(item, expected.get(key)) for key, item in answer.items()}
    return answer


# rows ----------------------------------------------------------------------------------------------------------------


def fill(page: Page, folder: Path) -> dict[str, str]:
    """Make the page's stores; the variables that its partner files name, "POSTE_FLEET_URL" for poste.fleet."""
    stores: dict[str, list[tuple[str, Table]]] = {}
    for (source, table), found in page.rows.items():
        stores.setdefault(source, []).append((table, found))
    environ = {}
    for source, tables in stores.items():
        file = folder / f"{source}.sqlite"
        with sqlite3.connect(file) as connection:
            for table, (header, rows) in tables:
                columns = [name.split(maxsplit=1) for name in header]
                ddl = ", ".join(f'"{name}" {kind[0] if kind else "TEXT"}' for name, *kind in columns)
                connection.execute(f'CREATE TABLE "{table}" ({ddl})')
                marks = ", ".join("?" * len(header))
                connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', map(list, map(stored, rows)))
        connection.close()
        environ[f"{source.replace('.', '_').upper()}_URL"] = f"sqlite+aiosqlite:///{file}"
    return environ


def stored(row: list[str]) -> Iterator[str | None]:
    """The cells of a row; an empty one is NULL, quotes keep blanks."""
    for text in row:
        yield text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text or None
