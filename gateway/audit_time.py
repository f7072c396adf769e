"""Times as the audit says and sorts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_START = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: datetime) -> str:
    """A time as entries say it: UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def micros(text: str) -> int:
    """A time that was said so, in Unix microseconds."""
    return (datetime.fromisoformat(text) - _START) // timedelta(microseconds=1)
