"""Colour for people on a terminal that wants it, and statements in lines that fit on it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

COLOURS = {"head": "1", "dim": "2", "bad": "31", "warn": "33", "good": "32", "note": "36"}
WIDTH = 110
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\(\s*SELECT\b|[()]|[^\s()'\"`]+|\s+")
_BREAKS = frozenset({"FROM", "WHERE", "GROUP", "ORDER", "LIMIT", "UNION", "LEFT", "JOIN"})


@dataclass(frozen=True, slots=True)
class Paint:
    """Paints texts, or leaves them as they are."""

    wanted: bool

    @classmethod
    def on(cls, out: TextIO, environ: Mapping[str, str]) -> Paint:
        """For a stream: colour on a terminal, unless NO_COLOR is set or it is a dumb one."""
        return cls(out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self.wanted else text


def plain(text: str) -> str:
    """Somebody else's words in one line, without what a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def sql_lines(statement: str) -> list[str]:
    """A statement in lines: each clause of each SELECT begins one. Lists of bound values are shortened."""
    text = re.sub(r"__\[POSTCOMPILE_\w+\]", "...", statement)
    lines, line = [], ""
    selects: list[bool] = []  # of the parentheses that are open: whether a SELECT stands in it
    for piece in _TOKEN.findall(text):
        if piece.isspace():
            line += " "
            continue
        opens = piece.startswith("(")
        begins = piece in _BREAKS or (piece == "SELECT" and line.endswith("UNION ALL "))
        if begins and (not selects or selects[-1]) and not line.endswith(("OUTER ", "LEFT ")):
            lines.append(line)
            line = "  " * sum(selects)
        if opens:
            selects.append(len(piece) > 1)
        elif piece == ")" and selects:
            selects.pop()
        line += " ".join(piece.split()) if opens else piece
    return [wrapped for line in (*lines, line) if line.strip() for wrapped in _wrapped(line)]


def _wrapped(line: str) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        " ".join(line.split()),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
