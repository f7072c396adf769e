"""Masks: how an agreement shows a value in part, e.g. the last two digits of a telephone number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from resolvers.expression import Value

HIDDEN = "\u2026"  # one sign, however much is hidden: its length would tell


@dataclass(frozen=True, slots=True)
class Mask:
    """One way to show a value in part. types: of the leaves that it is for. show: canonical value -> canonical value of
    the same type, or None. meaning: for people."""

    name: str
    types: frozenset[str]
    show: Callable[[Any], Any]
    meaning: str


def _last(count: int) -> Callable[[str], str]:
    return lambda text: HIDDEN + (text[-count:] if len(text) > count else "")


def _first(count: int) -> Callable[[str], str]:
    return lambda text: (text[:count] if len(text) > count else "") + HIDDEN


def _initials(text: str) -> str | None:
    found = "".join(f"{word[0].upper()}." for word in text.split() if word[0].isalpha())
    return found or None


def _domain(text: str) -> str | None:
    local, at, domain = text.strip().rpartition("@")
    return domain.lower() if local and at and domain and not domain.split()[1:] else None


def _year(day: date) -> date:
    return _month(day).replace(month=1)


def _month(day: date) -> date:
    """The first day of the month, of a time its first moment in UTC."""
    first = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0} if hasattr(day, "hour") else {}
    return day.replace(day=1, **first)


def _round(step: int) -> Callable[[Any], Any]:
    """To the nearest multiple, of the same type: Int stays in 32 bits, Float and Decimal what they are."""

    def show(number: Any) -> Any:
        found = round(number / step)
        if isinstance(number, int):
            near = found * step
            return near if -(2**31) <= near < 2**31 else int(number / step) * step
        return type(number)(found) * step

    return show


def _places(count: int) -> Callable[[float], float]:
    return lambda number: round(number, count) + 0.0  # and never -0.0


_TEXT, _DAY = frozenset({"String"}), frozenset({"Date", "DateTime"})
_NUMBER, _FRACTION = frozenset({"Int", "Float", "Decimal"}), frozenset({"Float"})
MASKS = MappingProxyType(
    {
        mask.name: mask
        for mask in (
            Mask("last2", _TEXT, _last(2), "the last two characters"),
            Mask("last4", _TEXT, _last(4), "the last four characters"),
            Mask("first1", _TEXT, _first(1), "the first character"),
            Mask("first3", _TEXT, _first(3), "the first three characters"),
            Mask("initials", _TEXT, _initials, "the first letter of each word"),
            Mask("domain", _TEXT, _domain, "the domain of an e-mail address"),
            Mask("year", _DAY, _year, "the first day of the year"),
            Mask("month", _DAY, _month, "the first day of the month"),
            Mask("round10", _NUMBER, _round(10), "to the nearest ten"),
            Mask("round100", _NUMBER, _round(100), "to the nearest hundred"),
            Mask("round1000", _NUMBER, _round(1000), "to the nearest thousand"),
            Mask("tenth", _FRACTION, _places(1), "to one decimal; of a position some 10 km"),
            Mask("hundredth", _FRACTION, _places(2), "to two decimals; of a position some 1 km"),
        )
    }
)


def masked(value: Value, mask: str) -> Value:
    """The same value, shown under a mask: made at the border, so that no source filters or sorts by what is hidden."""
    return replace(value, mask=mask)
