"""On which line of a TOML file something stands: the reader of TOML keeps the values and not their places."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_SEGMENT = re.compile(r"""\[\d+\]|"[^"]*"|'[^']*'|[^.\[\]"']+""")


def line_of(text: str, key: str) -> int | None:
    """The line, from 1, of what a dotted path like `mapping.x.fields.name` leads to, or of what holds it."""
    wanted = _segments(key)
    if not wanted:
        return None
    best, at = 0, None
    inside: list[str] = []
    arrays: dict[tuple[str, ...], int] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        header = _HEADER.fullmatch(line)
        if header is not None:
            inside = _segments(header[2])
            if header[1] == "[[":
                index = arrays[tuple(inside)] = arrays.get(tuple(inside), -1) + 1
                inside = [*inside, f"[{index}]"]
            here = inside
        elif (found := _KEY.match(line)) is not None:
            here = [*inside, *_segments(found[1])]
        else:
            continue
        common = _common(here, wanted)
        if common in (len(here), len(wanted)) and common > best:  # what holds it, or the first that it holds
            best, at = common, number
    if at is not None and best < len(wanted) and re.fullmatch(r"\[\d+\]", wanted[best]):
        return _member(lines, at, int(wanted[best][1:-1]))
    return at


def _segments(path: str) -> list[str]:
    return [part.strip().strip("\"'") for part in _SEGMENT.findall(path)]


def _common(left: list[str], right: list[str]) -> int:
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return length


def _member(lines: list[str], at: int, index: int) -> int:
    """The line of an array's member where each begins a line of its own; else the array's."""
    seen = -1
    for number, line in enumerate(lines[at:], at + 1):
        if line.lstrip().startswith("]") or _HEADER.fullmatch(line):
            break
        if line.lstrip().startswith("{"):
            seen += 1
            if seen == index:
                return number
    return at
