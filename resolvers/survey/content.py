"""What a sample of one column's values looks like: filled, distinct, spelled how."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

NOTHING = {
    "n/c",
    "nc",
    "n/a",
    "na",
    "?",
    "??",
    "-",
    "--",
    ".",
    "x",
    "null",
    "none",
    "inconnu",
    "unknown",
    "nr",
    "néant",
}


@dataclass(frozen=True, slots=True)
class Content:
    """rows: how many were looked at; filled: those with a value that says something; values: each with its count, texts
    trimmed; nothing: texts that mean nothing, each with its count."""

    rows: int
    filled: int
    values: Counter[Any]
    nothing: Counter[str] = field(default_factory=Counter)
    blanks: int = 0
    entities: int = 0
    zeros: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    several_lines: int = 0

    def share(self, test: Callable[[str], object]) -> float:
        """Which part of the filled values pass a test, 0 to 1; 0 where nothing is filled."""
        passed = sum(count for value, count in self.values.items() if test(str(value)))
        return passed / self.filled if self.filled else 0.0

    @property
    def distinct(self) -> int:
        return len(self.values)


def content(values: Iterable[Any]) -> Content:
    """Look at the values of a column."""
    found: Counter[Any] = Counter()
    nothing: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    rows = blanks = entities = zeros = several = 0
    for value in values:
        rows += 1
        if value is None:
            continue
        members = _members(value)
        if members is not None:
            languages.update(members)
            found[next((text for text in members.values() if text), "")] += 1
            continue
        text = str(value)
        short = re.sub(r"\s+", " ", text).strip()
        blanks += isinstance(value, str) and text != text.strip()
        entities += (
            isinstance(value, str)
            and bool(re.search(r"&(#\d+|#x[0-9a-f]+|\w{2,8});", text))
            and (html.unescape(text) != text)
        )
        several += "\n" in text.strip()
        zeros += text in ("0", "0.0", "0.00", "0.0000")
        if isinstance(value, str) and (not short or short.lower() in NOTHING):
            nothing[short] += 1
            continue
        found[short if isinstance(value, str) else value if _plain(value) else text] += 1
    return Content(rows, sum(found.values()), found, nothing, blanks, entities, zeros, languages, several)


def _members(value: Any) -> dict[str, str] | None:
    """A text in several languages, as {"fr_FR": "...", "en_US": "..."}."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, dict) and value and all(re.fullmatch(r"[a-z]{2}([_-][A-Z]{2})?", str(key)) for key in value):
        return {str(key): str(text or "") for key, text in value.items()}
    return None


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | bool)


def shape(text: str) -> str:
    """A text of which only the shape is told: letters are A or a, digits 9."""
    kinds = (("9", str.isdigit), ("A", str.isupper), ("a", str.isalpha))
    return "".join(next((mark for mark, test in kinds if test(letter)), letter) for letter in text[:40])
