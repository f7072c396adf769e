"""What a statement that was sent to a source selects from which table, read off its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TOKEN = re.compile(r'"[^"]*"|\'[^\']*\'|\w+|\S')
ENDS = {"WHERE", "ORDER", "GROUP", "LIMIT", "UNION", "FETCH"}


@dataclass(frozen=True, slots=True)
class Selected:
    """One SELECT over tables. main: the first of them. columns: (table, column) in its list; looked_at: anywhere."""

    main: str
    columns: frozenset[tuple[str, str]]
    looked_at: frozenset[tuple[str, str]]


def selected(statement: str) -> list[Selected]:
    """Every SELECT of a statement that reads tables, those in parentheses and after UNION too."""
    tokens = [token.strip('"') for token in TOKEN.findall(statement)]
    found = []
    for start in (index for index, token in enumerate(tokens) if token == "SELECT"):
        middle = _end(tokens, start + 1, {"FROM"})
        end = _end(tokens, middle + 1, ENDS)
        tables = dict(_tables(tokens[middle:end]))
        if tables and tokens[middle + 1] != "(":
            columns = frozenset(_columns(tokens[start + 1 : middle], tables))
            looked_at = frozenset(_columns(tokens[start + 1 : _end(tokens, middle, {"UNION"})], tables))
            found.append(Selected(next(iter(tables.values())), columns, looked_at))
    return found


def _end(tokens: Sequence[str], start: int, words: set[str]) -> int:
    """Where, from `start` on and not inside parentheses, one of the words or the closing parenthesis stands."""
    depth = 0
    for index in range(start, len(tokens)):
        if tokens[index] == "(":
            depth += 1
        elif tokens[index] == ")":
            depth -= 1
        if depth < 0 or (depth == 0 and tokens[index] in words):
            return index
    return len(tokens)


def _tables(tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(alias, table) after FROM and JOIN; "schema.table" keeps its last part."""
    for index, token in enumerate(tokens):
        if token in ("FROM", "JOIN") and index + 1 < len(tokens) and tokens[index + 1] != "(":
            at = index + 1
            while at + 1 < len(tokens) and tokens[at + 1] == ".":
                at += 2
            if at + 2 < len(tokens) and tokens[at + 1] == "AS":
                yield tokens[at + 2], tokens[at]


def _columns(tokens: Sequence[str], tables: dict[str, str]) -> Iterator[tuple[str, str]]:
    for alias, dot, column in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if dot == "." and alias in tables:
            yield tables[alias], column
