"""Whether a policy is in force, told from dates rather than from stored states."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schema.policy import status_at

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
BEFORE, INSIDE, AFTER = (datetime(year, 6, 1, tzinfo=UTC) for year in (2025, 2026, 2027))


@pytest.mark.parametrize(
    ("values", "now", "status"),
    [
        ({"start": START, "end": END}, BEFORE, "FUTURE"),
        ({"start": START, "end": END}, START, "IN_FORCE"),
        ({"start": START, "end": END}, INSIDE, "IN_FORCE"),
        ({"start": START, "end": END}, END, "EXPIRED"),
        ({"start": START, "end": END, "tacitRenewal": True}, AFTER, "IN_FORCE"),
        ({"start": START, "end": END, "tacitRenewal": False}, AFTER, "EXPIRED"),
        ({"start": START, "end": None, "tacitRenewal": True}, AFTER, "IN_FORCE"),
        # A stored state that the dates contradict is out of date ...
        ({"status": "IN_FORCE", "start": START, "end": END}, AFTER, "EXPIRED"),
        ({"status": "IN_FORCE", "start": START, "end": END}, BEFORE, "FUTURE"),
        ({"status": "FUTURE", "start": START, "end": END}, INSIDE, "IN_FORCE"),
        # ... but not one that no date can tell, nor an end that the source itself takes for final.
        ({"status": "CANCELLED", "start": START, "end": END}, INSIDE, "CANCELLED"),
        ({"status": "SUSPENDED", "start": START, "end": END}, INSIDE, "SUSPENDED"),
        ({"status": "DRAFT", "start": START, "end": END}, BEFORE, "DRAFT"),
        ({"status": "EXPIRED", "start": START, "end": END, "tacitRenewal": True}, AFTER, "EXPIRED"),
        # Where the dates do not decide, the source's word counts; a bound that is not there is not an open one.
        ({"status": "IN_FORCE"}, INSIDE, "IN_FORCE"),
        ({"status": "IN_FORCE", "start": START, "end": None}, INSIDE, "IN_FORCE"),
        ({"status": "FUTURE", "start": START, "end": None}, INSIDE, "UNKNOWN"),
        ({"start": START}, INSIDE, "UNKNOWN"),
        ({"end": END}, INSIDE, "UNKNOWN"),
        ({"status": None, "start": None, "end": None}, INSIDE, "UNKNOWN"),
        ({}, INSIDE, None),
    ],
)
def test_status(values: dict[str, Any], now: datetime, status: str | None) -> None:
    assert status_at(values, now) == status


def test_status_at_another_moment_than_now() -> None:
    assert status_at({"start": START, "end": END}, AFTER, at=INSIDE) == "IN_FORCE"
    assert status_at({"start": START, "end": END}, INSIDE, at=BEFORE) == "FUTURE"
