"""What SQLite lacks, on its connections: the compare key of identifiers, numbers and times in any text, any bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from resolvers.coercion import NotUnderstood, day, instant, number, shown, text_of
from resolvers.folding import fold
from resolvers.identifier import normalize
from resolvers.steps import run_written
from resolvers.written import plus


def register(connection: Any) -> None:
    """Give a connection of SQLAlchemy's to SQLite the functions."""
    connection.driver_connection.text_factory = _read  # otherwise one wrong byte would fail the whole statement
    for name, (arguments, function) in _FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)


def moment_text(moment: datetime) -> str:
    """An instant as `gateway_instant` writes it: texts that sort as the instants do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _read(raw: bytes) -> str | bytes:
    """A text; as bytes where it is none."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _normalize(raw: Any, kept: int) -> str:
    return normalize(text_of(raw), bool(kept))


def _steps(raw: Any, written: str) -> str | None:
    return run_written(text_of(raw), written)


def _number(raw: Any) -> float:
    return float(number(raw))


def _instant(raw: Any, zone: str, inclusive: int) -> str:
    return moment_text(instant(raw, _zone(zone), bool(inclusive)))


def _day(raw: Any, zone: str) -> str:
    return day(raw, _zone(zone)).isoformat()


def _plus(raw: Any, months: Any, days: Any) -> str | None:
    counts = [_whole(count) for count in (months, days)]
    if None in counts:
        return None
    found = plus(shown(raw), *counts)  # type: ignore[arg-type]
    return None if found is None else found.isoformat(*((" ",) if isinstance(found, datetime) else ()))


def _whole(raw: Any) -> int | None:
    found = None if raw is None else number(raw)
    return None if found is None or found != found.to_integral_value() else int(found)


_zone = cache(ZoneInfo)


def _understood(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null for null, and for what cannot be understood."""

    def guarded(raw: Any, *options: Any) -> Any:
        try:
            return None if raw is None else function(raw, *options)
        except NotUnderstood:
            return None

    return guarded


def _contains(raw: Any, wanted: str) -> int:
    text = text_of(raw)
    # Folding keeps lengths. A long text to look for would be folded anew for each row, while nobody else can run.
    return int(len(wanted) <= len(text) and fold(wanted) in fold(text))


_FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "gateway_text": (1, _understood(text_of)),
    "gateway_contains": (2, _understood(_contains)),
    "gateway_normalize": (2, _understood(_normalize)),
    "gateway_steps": (2, _understood(_steps)),
    "gateway_number": (1, _understood(_number)),
    "gateway_instant": (3, _understood(_instant)),
    "gateway_plus": (3, _understood(_plus)),
    "gateway_day": (2, _understood(_day)),
}
