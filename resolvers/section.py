"""Reads one table of a TOML file key by key and remembers every mistake with its file, key, reason and hint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from resolvers.errors import Mistake

LONGEST = 80  # characters of a value that are shown
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(\[\d+\])?")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint that names what was probably meant, or "" where nothing is near."""
    found = difflib.get_close_matches(name.lower(), {n.lower(): n for n in names}, n=1, cutoff=0.6)
    lookup = {n.lower(): n for n in names}
    return f"did you mean {lookup[found[0]]!r}?" if found else ""


class Mistakes:
    """The mistakes of one file, in the order met."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Mistake] = []

    def add(self, code: str, key: str, message: str, hint: str = "", level: str = "error") -> None:
        self.found.append(Mistake(code, self.file, key, message, hint, level))

    @property
    def errors(self) -> bool:
        return any(mistake.level == "error" for mistake in self.found)


class Section:
    """One TOML table. Each getter returns None after noting a mistake; `done` notes unasked keys.

    name: its own name, where it is one of several (`fleet` of `[source.fleet]`); "" in an array of tables.
    """

    def __init__(self, data: Mapping[str, Any], path: str, mistakes: Mistakes, name: str = "") -> None:
        self.data = data
        self.path = path
        self.name = name
        self.mistakes = mistakes
        self._known: set[str] = set()

    def at(self, key: str) -> str:
        """The dotted path of a key."""
        plain = key if _PLAIN.fullmatch(key) else f'"{key}"'
        return f"{self.path}.{plain}" if self.path else plain

    def mistake(self, code: str, key: str, message: str, hint: str = "") -> None:
        self.mistakes.add(code, self.at(key) if key else self.path, message, hint)

    def take(self, key: str, required: bool = False) -> Any:
        """The raw value, or None."""
        self._known.add(key)
        if key not in self.data:
            if required:
                self.mistake("CATALOG_MISSING_KEY", key, f"`{key}` is required here.")
            return None
        return self.data[key]

    def _typed(self, key: str, required: bool, kind: type | tuple[type, ...], wanted: str) -> Any:
        value = self.take(key, required)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.mistake("CATALOG_WRONG_TYPE", key, f"`{key}` must be {wanted}, not {shown(value)}.")
            return None
        return value

    def text(
        self,
        key: str,
        *,
        required: bool = False,
        pattern: str | None = None,
        wanted: str = "",
        choices: Collection[str] | None = None,
    ) -> str | None:
        value: str | None = self._typed(key, required, str, "a text")
        if value is None:
            return None
        if pattern is not None and not re.fullmatch(pattern, value):
            self.mistake("CATALOG_WRONG_VALUE", key, f"{shown(value)} is not {wanted}.")
            return None
        if not value:
            self.mistake("CATALOG_WRONG_VALUE", key, f"`{key}` cannot be empty.")
            return None
        if choices is not None and value not in choices:
            hint = nearest(value, choices) or "one of: " + ", ".join(sorted(choices)[:30])
            self.mistake("CATALOG_WRONG_VALUE", key, f"{shown(value)} is not known here.", hint)
            return None
        return value

    def integer(self, key: str, *, low: int, high: int, required: bool = False) -> int | None:
        value: int | None = self._typed(key, required, int, "a whole number")
        if value is not None and not low <= value <= high:
            self.mistake("CATALOG_WRONG_VALUE", key, f"{value} is not between {low} and {high}.")
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        value: bool | None = self._typed(key, False, bool, "true or false")
        return value

    def seconds(self, key: str, most: str = "3660d") -> float | None:
        """A duration like "2s", "500ms", "5m", at most as long as `most`."""
        value = self._typed(key, False, str, 'a duration like "2s"')
        if value is None:
            return None
        seconds = _seconds(value)
        if seconds is None:
            self.mistake("CATALOG_WRONG_VALUE", key, f"{shown(value)} is not a duration.", 'like "2s", "500ms" or "5m"')
        elif seconds > (_seconds(most) or 0):
            self.mistake("CATALOG_WRONG_VALUE", key, f"{shown(value)} is longer than {most}.")
            return None
        return seconds

    def day(self, key: str) -> date | None:
        value = self._typed(key, False, date, "a day like 2026-01-31")
        if isinstance(value, datetime):
            self.mistake("CATALOG_WRONG_TYPE", key, f"`{key}` must be a day, not a time.")
            return None
        return value  # type: ignore[no-any-return]

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...] | None:
        """A list of texts; a single text counts as a list of one."""
        value = self._typed(key, required, (str, list), "a text or a list of texts")
        if value is None:
            return None
        found = [value] if isinstance(value, str) else value
        if not found or not all(isinstance(item, str) and item for item in found):
            self.mistake("CATALOG_WRONG_TYPE", key, f"`{key}` must hold texts, at least one.")
            return None
        return tuple(found)

    def section(self, key: str, *, required: bool = False) -> Section | None:
        value = self._typed(key, required, dict, "a table")
        return None if value is None else Section(value, self.at(key), self.mistakes)

    def sections(self, key: str) -> list[Section]:
        """The members of a table of tables (`[source.fleet]`) or of an array of tables (`[[agreement]]`)."""
        value = self.take(key)
        if value is None:
            return []
        items: list[tuple[str, str, Any]]
        if isinstance(value, dict):
            outer = Section(value, self.at(key), self.mistakes)
            items = [(name, outer.at(name), item) for name, item in value.items()]
        elif isinstance(value, list):
            items = [("", f"{self.at(key)}[{index}]", item) for index, item in enumerate(value)]
        else:
            items = [("", self.at(key), value)]
        found = []
        for name, path, item in items:
            if isinstance(item, dict):
                found.append(Section(item, path, self.mistakes, name))
            else:
                self.mistakes.add("CATALOG_WRONG_TYPE", path, f"a table is expected here, not {shown(item)}.")
        return found

    def done(self, later: Mapping[str, str] | None = None, others: Iterable[str] = ()) -> None:
        """Note every key that nobody asked for.

        later: keys known to the design but not to this version, and why. others: keys that could have been meant.
        """
        known = {*self._known, *others}
        for key in self.data:
            if key in self._known:
                continue
            if later and key in later:
                self.mistake("CATALOG_UNSUPPORTED", key, f"`{key}` is not supported by this version.", later[key])
            else:
                hint = nearest(key, known) or "known here: " + ", ".join(sorted(known))
                self.mistake("CATALOG_UNKNOWN_KEY", key, f"`{key}` is not a key of this table.", hint)


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    found = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    return found or None


def shown(value: Any) -> str:
    """A value of a TOML file as people read it; tables and lists by what they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST else value[:LONGEST] + " ...")
    return value.isoformat() if isinstance(value, date | time) else repr(value)[:LONGEST]
