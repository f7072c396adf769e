"""A behaviour page as data: partners, rows, and what callers ask and must be answered. `tests/pages/README.md` says how
it is written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ASKED = re.compile(r"> Asked by (?P<partner>\S+)(?: as (?P<subject>\S+))? with (?P<scopes>.+?)(?: at (?P<now>\S+))?")
WORLD = re.compile(r"World: (?:\[.*\]\((?P<file>.+)\)|the demonstration federation)\.")
TABLE = re.compile(r"#+ Rows of (?P<source>\S+), table (?P<table>\S+)")

Table = tuple[list[str], list[list[str]]]


@dataclass(slots=True)
class Ask:
    """One operation and its outcome. calls: (source, entity, access, columns), None where the page does not say.

    withheld: rows of `extensions.withheld`, each with the columns that the page chose.
    """

    line: int
    title: str
    partner: str
    subject: str
    scopes: tuple[str, ...]
    now: datetime
    query: str = ""
    variables: Any = None
    answer: Any = None
    calls: list[dict[str, str]] | None = None
    withheld: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """partners: code -> TOML. rows: (source, table) -> header of "name type" and rows of cells. demo: on its world."""

    path: Path
    partners: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[str, str], Table] = field(default_factory=dict)
    demo: bool = False
    asks: list[Ask] = field(default_factory=list)


def read(path: Path) -> Page:
    """The page in a file. AssertionError, with the line, where it is not written as pages are."""
    page = Page(path)
    lines = path.read_text("utf-8").splitlines()
    title, index, table = "", 0, None
    while index < len(lines):
        line = lines[index]
        where = f"{path.name}:{index + 1}"
        if line.startswith("#"):
            table = TABLE.fullmatch(line)
            title = line.lstrip("# ")
        if found := WORLD.fullmatch(line):
            _take_world(page, found["file"])
        elif found := ASKED.fullmatch(line):
            now = datetime.fromisoformat(found["now"]) if found["now"] else NOW
            scopes = tuple(re.split(r",\s*|\s+and\s+", found["scopes"]))
            page.asks.append(Ask(index + 1, title, found["partner"], found["subject"] or "tester", scopes, now))
        elif line.startswith("```"):
            end = lines.index("```", index + 1)
            _take_block(page, line[3:].split(), "\n".join(lines[index + 1 : end]), where)
            index = end
        elif line.startswith("|"):
            end = next((n for n in range(index, len(lines)) if not lines[n].startswith("|")), len(lines))
            _take_table(page, table, [_cells(row) for row in lines[index:end]], where)
            index = end - 1
        elif line == "No source is asked.":
            page.asks[-1].calls = []
        else:
            assert not line.startswith((">", "World:")), f"{where}: not of any form: {line}"
        index += 1
    for ask in page.asks:
        assert ask.query and ask.answer is not None, f"{path.name}:{ask.line}: a query and an answer are needed"
    return page


def _take_world(page: Page, file: str | None) -> None:
    if file is None:
        page.demo = True
        return
    world = read(page.path.parent / file)
    assert not world.asks, f"{file}: a world asks nothing"
    page.partners |= world.partners
    page.rows |= world.rows


def _take_block(page: Page, info: list[str], text: str, where: str) -> None:
    match info:
        case ["toml", code]:
            known = page.partners.get(code)
            page.partners[code] = text if known is None else f"{known}\n{text}"
        case ["graphql"]:
            page.asks[-1].query = text
        case ["json", "variables"]:
            page.asks[-1].variables = json.loads(text)
        case ["json", "answer"]:
            page.asks[-1].answer = json.loads(text)
        case _:
            raise AssertionError(f"{where}: no such block: {' '.join(info)}")


def _take_table(page: Page, table: re.Match[str] | None, rows: list[list[str]], where: str) -> None:
    header, body = rows[0], rows[2:]
    assert all(len(row) == len(header) for row in rows), f"{where}: rows of unequal length"
    if header[0] == "source":
        page.asks[-1].calls = [dict(zip(header, row, strict=True)) for row in body]
    elif header[0] == "withheld at":
        page.asks[-1].withheld = [dict(zip(header, row, strict=True)) for row in body]
    else:
        assert table is not None, f"{where}: a table of what?"
        key = (table["source"], table["table"])
        known = page.rows.get(key)
        assert known is None or known[0] == header, f"{where}: other columns than in the world"
        page.rows[key] = (header, [*(known[1] if known else []), *body])


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
