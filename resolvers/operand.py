"""What a predicate of a partner file may compare with besides a value: the clock, another column of the row, or (in an
agreement) the partner that asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

CLOCKS = ("$now", "$today")


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment of the request (`now`), or its day in the source's zone (`today`)."""

    name: str

    def parameter(self, form: str) -> str:
        """The name of the parameter that carries it. form: one of FORMS."""
        return f"gateway_{self.name}_{form}"


@dataclass(frozen=True, slots=True)
class Caller:
    """The code of the partner that asks; in conditions of agreements."""


CALLER = Caller()


@dataclass(frozen=True, slots=True)
class OtherColumn:
    """Another column of the same row."""

    name: str


# How a clock is given to a column: as a day, as what a clock on the wall there shows, as an instant, as seconds since
# 1970, and as two texts.
FORMS = ("day", "wall", "instant", "seconds", "day_text", "wall_text")


def clock_parameters(now: datetime, zone: str) -> Mapping[str, Any]:
    """Every parameter of both clocks, for an aware moment and the zone of a source's times without an offset."""
    there = ZoneInfo(zone)
    today = now.astimezone(there).date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=there)
    found: dict[str, Any] = {}
    for name, moment in (("now", now.astimezone(there)), ("today", midnight)):
        clock = Clock(name)
        for form in FORMS:
            found[clock.parameter(form)] = _shown(moment, today, form)
    return found


def _shown(moment: datetime, today: date, form: str) -> Any:
    wall = moment.replace(tzinfo=None, fold=0)
    match form:
        case "day":
            return today
        case "wall":
            return wall
        case "instant":
            return moment.astimezone(UTC)
        case "seconds":
            return moment.timestamp()
        case "day_text":
            return today.isoformat()
        case _:
            return wall.isoformat(" ", "milliseconds")
