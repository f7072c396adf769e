"""The chance behind the demonstration's rows: seeded, so that every machine draws the same world."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

# The day on which the demonstration stands still: a Friday. A van is lent that evening.
TODAY = date(2026, 11, 20)

Row = dict[str, object]


def dice(what: str) -> random.Random:
    """The draws of one table. Each table has its own, so that a change in one leaves the others as they were."""
    return random.Random(f"partner-gateway demo: {what}")  # noqa: S311 - believable, repeatable, nothing secret


def day(draw: random.Random, first: date, last: date) -> date:
    """A day from `first` to `last`, both included."""
    return first + timedelta(days=draw.randint(0, (last - first).days))


def moment(draw: random.Random) -> datetime:
    """When a row was last changed: at some working hour of the year before TODAY, without zone, as stores keep it."""
    return datetime.combine(
        day(draw, TODAY - timedelta(days=382), TODAY - timedelta(days=1)), time(draw.randint(6, 19), draw.randrange(60))
    )


def seldom(draw: random.Random, one_in: int) -> bool:
    """True about once in so many times."""
    return draw.randrange(one_in) == 0
