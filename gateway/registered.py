"""Texts that callers registered by their hash (automatic persisted queries), bounded for each partner."""

from __future__ import annotations

from collections import OrderedDict
from sys import getsizeof

REGISTERED = 1_048_576  # bytes for one partner's callers
ENTRY = 300  # bytes that an entry takes besides its text


class Registered:
    """The texts of one partner's callers by SHA-256; the least lately used leave. most: bytes of memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def find(self, digest: str) -> str | None:
        text = self._texts.get(digest)
        if text is not None:
            self._texts.move_to_end(digest)
        return text

    def keep(self, digest: str, text: str) -> None:
        if digest in self._texts:
            return
        self._texts[digest] = text
        self._size += _weight(text)
        while self._size > self._most:
            self._size -= _weight(self._texts.popitem(last=False)[1])


def _weight(text: str) -> int:
    return ENTRY + getsizeof(text)
