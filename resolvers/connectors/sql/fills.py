"""The values of a statement that are filled in anew each time, and what must be so for its text to do again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.types import TypeEngine

Fill = Callable[[Any], Any]
"""What is asked (an Access or LinkRows) -> a value, as SQLAlchemy would be given it."""


class Fills:
    """The parameters of one statement. checks: what the text took for granted of what is asked.

    lasting: they have names, to be filled again; else they only have their values of now.
    """

    def __init__(self, *, lasting: bool = True) -> None:
        self._lasting = lasting
        self.by_name: dict[str, Fill] = {}
        self.checks: list[Callable[[Any], bool]] = []

    def put(self, fill: Fill, value: Any, type_: TypeEngine[Any] | None = None, *, lists: bool = False) -> Any:
        """A parameter with its value for now. lists: it stands for as many as its value has."""
        if not self._lasting:
            return bindparam(None, value, type_, expanding=lists, unique=True)
        name = f"gateway_{len(self.by_name)}"
        self.by_name[name] = fill
        found: BindParameter[Any] = bindparam(name, value, type_, expanding=lists)
        return found

    def fits(self, asked: Any) -> bool:
        """Whether the text does for what is asked, which is alike in `structure`."""
        for check in self.checks:  # noqa: SIM110 - a generator costs more than the checks
            if not check(asked):
                return False
        return True
