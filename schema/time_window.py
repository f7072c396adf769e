"""Spans of time that come back every week."""

from __future__ import annotations

from datetime import time

import strawberry

from schema.cost import FREE
from schema.declaration import mapped
from schema.vocabulary import Word, vocabulary


@vocabulary("A day of the week; weeks begin on Monday (ISO 8601).")
class Weekday(Word):
    MON = "MON", "Monday."
    TUE = "TUE", "Tuesday."
    WED = "WED", "Wednesday."
    THU = "THU", "Thursday."
    FRI = "FRI", "Friday."
    SAT = "SAT", "Saturday."
    SUN = "SUN", "Sunday."


@strawberry.type(
    description="A span that comes back every week, in local time: from its start until just before its end. E.g. "
    "`FRI` `18:00` to `MON` `06:00`, when the rounds are over.",
    directives=[FREE],
)
class TimeWindow:
    start_day: Weekday = mapped("The day on which it begins.")
    start: time = mapped("The time of day at which it begins; e.g. `18:00`.")
    end_day: Weekday = mapped(
        "The day on which it ends. A window whose end is not after its start in the week runs over Sunday night."
    )
    end: time = mapped("The time of day at which it ends; e.g. `06:00`.")
    time_zone: str = mapped(
        "IANA name of the zone; the partner's own where the source does not say; e.g. `Europe/Paris`."
    )
