"""Numbers and days as people write them: `10 000,50 €`, `10k`, `31/01/2026`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

# A number in a text: this and nothing else, so that every database can tell the same texts apart.
NUMBER = r"[+-]?([0-9]{1,40}[.]?[0-9]{0,40}|[.][0-9]{1,40})([eE][+-]?[0-9]{1,2})?"
_NUMBER = re.compile(NUMBER)
_GROUPS = {",": r"[ .'\u2019\u00a0\u2009\u202f]", ".": r"[ ,'\u2019\u00a0\u2009\u202f]"}
_BEFORE, _AFTER = r"[^\W\d_]{2,12}\.?|[€$£¥]", r"[^\W\d_]{1,12}\.?|[€$£¥%]|[^\W\d_]{1,3}[23²³]"
_TIMES = {"": 1, "k": 1000, "m": 1_000_000}


def number_pattern(decimal: str) -> re.Pattern[str]:
    """What a number looks like where `decimal`, a comma or a dot, begins its fraction."""
    group, point = _GROUPS[decimal], re.escape(decimal)
    whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}}){{1,12}}|[0-9]{{1,30}}"
    return re.compile(
        rf"(?:(?P<before>{_BEFORE})\s?)?(?P<sign>[+\-\u2212]?)\s?(?P<whole>{whole})?"
        rf"(?:{point}(?P<part>[0-9]{{0,30}}|[-\u2013]{{1,2}}))?"
        rf"\s?(?P<times>(?:[kKM](?![^\W\d_])|[kKM](?=[A-Z]{{3}}$))?)\s?(?P<after>{_AFTER})?"
    )


def written_number(pattern: re.Pattern[str], text: str) -> tuple[Decimal, str] | None:
    """The number, and the word beside it in lower case ("" for none); None where the text is something else."""
    match = pattern.fullmatch(text.strip())
    if match is None:
        return None
    whole, part = re.sub(r"[^0-9]", "", match["whole"] or ""), re.sub(r"[^0-9]", "", match["part"] or "")
    if not whole and not part:
        return None
    found = Decimal(f"{whole or '0'}.{part}" if part else whole) * _TIMES[match["times"].lower()]
    word = (match["after"] or match["before"] or "").lower().rstrip(".")
    return (-found if match["sign"] in ("-", "\u2212") else found), word


# What a date format may hold, longest first.
_TOKENS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "MM": r"(?P<month>[0-9]{2})",
    "DD": r"(?P<day>[0-9]{2})",
    "HH": r"(?P<hour>[0-9]{2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "ss": r"(?P<second>[0-9]{2})",
    "YY": r"(?P<short>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "D": r"(?P<day>[0-9]{1,2})",
    "H": r"(?P<hour>[0-9]{1,2})",
}
_TOKEN = re.compile("|".join(_TOKENS))
_CENTURY = 70  # two digits from here on are 19.., before 20..
COUNTED = {"epoch": 1, "epoch_ms": 1000}
_DAYS_FROM = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone
MOST_MONTHS, MOST_DAYS = 12_000, 366_000  # that a day or time is moved by; further is none
Read = Callable[[str], date | datetime | time | None]


def date_format(text: str) -> Read | None:
    """What reads texts of a format like "DD/MM/YYYY HH:mm"; None where the format is none.

    What it reads is a day, a time without an offset where the format has hours, or a time of day where it has no day.
    """
    if text in COUNTED:
        return _counted(COUNTED[text])
    if text == "excel":
        return _excel
    names = [_TOKENS[token][4:].partition(">")[0] for token in _TOKEN.findall(text)]
    dated = {"day", "month"} <= set(names) and ("year" in names) != ("short" in names)
    if len(set(names)) < len(names) or not (dated or ("hour" in names and not {"day", "month"} & set(names))):
        return None
    if ("minute" in names and "hour" not in names) or ("second" in names and "minute" not in names):
        return None
    source = "".join(_TOKENS.get(piece) or re.escape(piece) for piece in _split(text))
    pattern = re.compile(source)

    def read(raw: str) -> date | datetime | time | None:
        match = pattern.fullmatch(raw.strip())
        if match is None:
            return None
        found = {name: int(digits) for name, digits in match.groupdict().items()}
        clock = (found.get("hour", 0), found.get("minute", 0), found.get("second", 0))
        try:
            if not dated:
                return time(*clock)
            short = found.get("short", 0)
            year = found.get("year") if "year" in found else short + (1900 if short >= _CENTURY else 2000)
            day = date(year or 0, found["month"], found["day"])
            return datetime.combine(day, time(*clock)) if "hour" in found else day
        except ValueError:
            return None

    return read


def _split(text: str) -> list[str]:
    pieces = []
    at = 0
    for match in _TOKEN.finditer(text):
        pieces += [text[at : match.start()], match[0]]
        at = match.end()
    return [*pieces, text[at:]]


def _counted(parts: int) -> Read:
    def read(raw: str) -> datetime | None:
        if not _NUMBER.fullmatch(raw.strip()):
            return None
        try:
            micros = int(Decimal(raw.strip()) * (1_000_000 // parts))
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        except (ArithmeticError, ValueError):
            return None

    return read


def _excel(raw: str) -> date | datetime | None:
    """A spreadsheet's days since 1899-12-30."""
    try:
        days = Decimal(raw.strip() if _NUMBER.fullmatch(raw.strip()) else "NaN")
        found = _DAYS_FROM + timedelta(seconds=round(float(days) * 86400))
        return found.date() if days == days.to_integral_value() else found
    except (ArithmeticError, ValueError):
        return None


def plus(begin: date, months: int, days: int) -> date | None:
    """A day or time some months and days later, the last of a month that is too short; None off the calendar."""
    if abs(months) > MOST_MONTHS or abs(days) > MOST_DAYS:
        return None
    count = begin.year * 12 + begin.month - 1 + months
    year, month = divmod(count, 12)
    try:
        first = begin.replace(year=year, month=month + 1, day=1)
        beyond = date(year + month // 11, (month + 1) % 12 + 1, 1) if year < 9999 or month < 11 else None
        last = 31 if beyond is None else (beyond - timedelta(days=1)).day
        return first.replace(day=min(begin.day, last)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
