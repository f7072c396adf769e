"""What a pure conversion made of the values that came lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST, TOGETHER = 2_048, 200_000  # values in one memo, and in all of them
LONGEST = 100  # characters of a text that is worth it


class Memo(dict[Any, Any]):
    """memo[raw]: what the conversion makes of a value. Values that are equal must read alike: keep one type apart."""

    __slots__ = ("_most", "_read")
    together = 0

    def __init__(self, read: Callable[[Any], Any], most: int = MOST) -> None:
        self._read = read
        self._most = most

    def __missing__(self, raw: Any) -> Any:
        found = self._read(raw)
        if raw.__class__ is not str or len(raw) <= LONGEST:
            if len(self) >= self._most or Memo.together >= TOGETHER:
                self.forget()
            if Memo.together < TOGETHER:
                self[raw] = found
                Memo.together += 1
        return found

    def forget(self) -> None:
        """Begin anew."""
        Memo.together -= len(self)
        self.clear()

    def __del__(self) -> None:
        Memo.together -= len(self)
