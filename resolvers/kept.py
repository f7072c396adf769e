"""Answers that are worked out once and kept as long as what they are about."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Kept(dict[Hashable, Any]):
    """Answers by question, so many at most: over it, all are worked out anew."""

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def once(self, question: Hashable, make: Callable[[], T]) -> T:
        """The answer to a question, the same object each time as long as it is kept."""
        found: T | None = self.get(question)
        if found is None:
            if len(self) >= self._most:
                self.clear()
            found = self[question] = make()
        return found
