"""What happened while a request was answered, as data for whoever listens: statements counted, time and rows told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceCall:
    """One call of a source. access: what kind of call. seconds: all of it. error: a code, or None. No values in it."""

    source: str
    entity: str
    access: str
    statement: str
    rows: int
    seconds: float
    error: str | None = None
    detail: str = ""


Observe = Callable[[SourceCall], None]
