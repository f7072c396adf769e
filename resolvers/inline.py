"""Functions made from source text: what is read of many rows in a loop, without a call for each value.

The text has nothing in it but names made here; keys, constants and functions are objects that names are bound to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType
from typing import Any

_new = tuple.__new__
NULL = "None"  # the raw value of what was not selected


class Function:
    """The text of one function while it is written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 1
        self._count = 0
        self._bound: dict[str, Any] = {}
        self._names: dict[int, str] = {id(None): NULL}
        # Of dictionaries that were written, by name, what stands in them; of lists of one, which, and what is else.
        self.inside: dict[str, Map[str, str]] = {}
        self.only: dict[str, tuple[str, str]] = {}
        self._made: dict[str, int] = {}

    def given(self, value: Any, word: str = "given") -> str:
        """A name for an object. word: what it begins with."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"{word}_{len(self._bound)}"
            self._bound[name] = value
        return name

    def known(self, name: str) -> bool:
        """Whether a name stands for the same object in every row."""
        return name == NULL or name in self._bound

    def fresh(self, word: str = "v") -> str:
        """A new name for what is worked out."""
        self._count += 1
        return f"{word}{self._count}"

    def line(self, text: str) -> None:
        """One more line."""
        self._lines.append("    " * self._depth + text)

    def keep(self, expression: str, word: str = "v") -> str:
        """A new name for what an expression gives."""
        name = self.fresh(word)
        self.line(f"{name} = {expression}")
        return name

    def dictionary(self, name: str, members: Map[str, str]) -> None:
        """Say that a name stands for a dictionary, of names by key."""
        listed = ", ".join(f"{self.given(key, 'name')}: {found}" for key, found in members.items())
        self.line(f"{name} = {{{listed}}}")
        self.inside[name] = members
        self._made[name] = len(self._lines) - 1

    def list_of(self, name: str, empty: str) -> str:
        """The name of a list of a dictionary, or of what is meant where that is null."""
        found = self.keep(f"[{name}] if {name} is not None else {empty}")
        self.only[found] = name, empty
        self._made[found] = len(self._lines) - 1
        return found

    def unmade(self, name: str, used: str) -> None:
        """Leave out a list of a dictionary that no text uses, and the dictionary: only whether it is there is told."""
        if name not in self._made or (name in self.only and re.search(rf"\b{name}\b", used)):
            return
        line = self._lines[self._made[name]]
        self._lines[self._made[name]] = f"{line[: line.index('=')]}= {NULL if name in self.only else True}"
        for inner in (*self.only.get(name, ())[:1], *self.inside.get(name, {}).values()):
            self.unmade(inner, used)

    @contextmanager
    def under(self, head: str) -> Iterator[None]:
        """The lines inside belong under a head: `if ...`, `for ...`; with none they stand where they are."""
        if not head:
            yield
            return
        self.line(f"{head}:")
        self._depth += 1
        yield
        self._depth -= 1

    def text(self, parameters: str) -> str:
        """The source as it is now."""
        return "\n".join([f"def made({parameters}):", *self._lines, ""])

    def made(self, parameters: str) -> Callable[..., Any]:
        """The function."""
        namespace = dict(self._bound)
        exec(_compiled(self.text(parameters)), namespace)  # noqa: S102 - of names made here
        made: Callable[..., Any] = namespace["made"]
        return made


Inline = Callable[[Function, Sequence[str]], str]
"""Writes how raw values are read where nobody asks for issues. The raw values are given by their names; what it gives
back is the name of the canonical one."""


def called(build: Callable[..., Any]) -> Inline:
    """By a call of the function that reads them (of raw values and a list for issues)."""

    def inline(function: Function, raws: Sequence[str]) -> str:
        several = "".join(f"{raw}, " for raw in raws)
        return function.keep(f"{function.given(build, 'build')}(({several}), None)")

    return inline


def there(function: Function, names: Iterable[str], word: str = "and") -> str:
    """The condition that none of these is null (word "or": not all of them are); empty where that is known."""
    asked: list[str] = []
    for name in dict.fromkeys(names):
        if name == NULL and word == "and":
            return "if False"
        if name == NULL:
            continue
        if not function.known(name):
            asked.append(f"{name} is not None")
        elif word == "or":
            return ""
    if not asked:
        return "" if word == "and" else "if False"
    return "if " + f" {word} ".join(asked)


def or_else(function: Function, found: str, default: Any) -> str:
    """Say that an object stands in for null. The name of what is meant."""
    if default is None or (function.known(found) and found != NULL):
        return found
    if found == NULL:
        return function.given(default)
    return function.keep(f"{function.given(default)} if {found} is None else {found}")


def write_tuple(function: Function, kind: type[tuple[Any, ...]], members: str) -> str:
    """The expression of a named tuple with all its members, past its slower constructor."""
    return f"{function.given(_new, 'new')}({function.given(kind, kind.__name__)}, ({members}))"


@lru_cache(1024)
def _compiled(text: str) -> CodeType:
    return compile(text, "<made>", "exec")
