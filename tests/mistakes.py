"""Reads `mistakes.md`: parts of partner files, and what is told about each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).with_name("mistakes.md")
# The good file that a page's part stands in.
HEAD = """
[partner]
code = "acme"
name = "Acme"
kind = "COOPERATIVE"
time_zone = "Europe/Paris"
currency = "EUR"
"""
SOURCE = """
[source.db]
kind = "sql"
url = "sqlite+aiosqlite:///things.sqlite"
"""
MAPPING = """
[mapping.things]
entity = "Asset"
source = "db"
table = "things"
key = "id"
"""


@dataclass(frozen=True, slots=True)
class Page:
    """title. part: of a partner file. told: what `gateway check` says of it, without the file's name."""

    title: str
    part: str
    told: str


def pages() -> list[Page]:
    found = re.findall(
        r"^## (.+?)\n\n```toml\n(.*?)\n```\n\n```text\n(.*?)\n```$", PAGES.read_text("utf-8"), re.M | re.S
    )
    return [Page(*each) for each in found]


def whole(part: str) -> str:
    """The part in a file that is good but for it."""
    tables = set(re.findall(r"^\[(\w+)", part, re.M))
    loose = not part.startswith("[")  # it goes on the mapping
    fields = "" if loose and "fields." in part else "fields = {}\n"
    return (
        "".join(
            text
            for name, text in (("partner", HEAD), ("source", SOURCE), ("mapping", MAPPING + fields))
            if name not in tables
        )
        + f"{part}\n"
    )
