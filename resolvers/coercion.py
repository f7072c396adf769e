"""The border: a source's raw value becomes a canonical one here, and nowhere else.

Canonical: str, int, float, bool, Decimal, date, datetime (aware, UTC), time, an enum value's name, JSON values, and
lists of them. What cannot be understood is null and told as a data issue, never guessed and never an exception.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from resolvers.entity import Field
from resolvers.expression import Value
from resolvers.mask import MASKS
from resolvers.steps import NotFound, Steps
from resolvers.written import COUNTED, NUMBER, date_format, number_pattern, written_number

Convert = Callable[[Any], Any]
MOMENT = "Moment"  # no type of the graph: a day, or a time as clocks in the source's zone show it
_TRUE, _FALSE = frozenset({"1", "true", "t", "yes", "y"}), frozenset({"0", "false", "f", "no", "n"})
# One column is 0/1 on one engine and true/false on another: a code that nobody named may be known by its other name.
ALIASES = {"1": "true", "0": "false", "true": "1", "false": "0"}
_REGION, _CURRENCY = re.compile(r"EEA|[A-Z]{2}(-[A-Z0-9]{1,3})?"), re.compile(r"[A-Z]{3}")
FIRST_YEAR, LAST_YEAR = 2, 9998  # the years 1 and 9999 are how systems write "never" and "for ever"
_NUMBER, _BLANKS = re.compile(NUMBER), " \t\r\n"


class NotUnderstood(Exception):
    """A raw value that has no canonical form. args: the issue's code and the raw text."""


def text_of(raw: Any) -> str:
    """A raw value as text; ids keep their leading zeros because they are texts already."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bytes):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise NotUnderstood("ENCODING_REPAIRED", raw.hex()[:80]) from None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Decimal):
        return format(raw, "f")
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return raw.isoformat() if isinstance(raw, date | time) else str(raw)


def converter(field: Field, value: Value, zone: str) -> Convert:
    """raw -> canonical for one leaf of a mapping; raises NotUnderstood. `zone` reads times without an offset."""
    if value.mask is not None:
        whole, show = converter(field, replace(value, mask=None), zone), MASKS[value.mask].show
        return lambda raw: None if (found := whole(raw)) is None else show(found)
    single = _single(field, value, ZoneInfo(value.zone or zone), ZoneInfo(zone))
    if value.values is not None or not value.strict:
        single = _coded(field, value, single)
    listed = field.many and value.split is not None
    if value.steps is not None and not listed:
        single = _stepped(value, value.steps, single)
    if not field.many:
        return lambda raw: None if raw is None else single(raw)

    def many(raw: Any) -> Any:
        if raw is None:
            return None
        return [item for item in (single(member) for member in _members(raw, value.split)) if item is not None]

    if value.steps is None or not listed:
        return many
    split = _stepped(value, value.steps, many)  # once for the whole cell: a pattern may take the list out of a sentence
    return lambda raw: None if raw is None else many(raw) if isinstance(raw, list | tuple) else split(raw)


def _stepped(value: Value, steps: Steps, single: Convert) -> Convert:
    trim, null = value.trim, value.null

    def convert(raw: Any) -> Any:
        try:
            text = steps.run(text_of(raw), trim, null)
        except NotFound as error:
            raise NotUnderstood("UNPARSEABLE_VALUE", str(error)[:80]) from None
        return None if text is None else single(text)

    return convert


def _members(raw: Any, split: str | None) -> list[Any]:
    if isinstance(raw, list | tuple):
        return [member for member in raw if member is not None]
    text = text_of(raw)
    if split is not None:
        return [member.strip() for member in text.split(split) if member.strip()]
    if text.startswith("["):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise NotUnderstood("UNPARSEABLE_VALUE", text[:80]) from None
        return [member for member in found if member is not None]
    return [text] if text else []


def _coded(field: Field, value: Value, single: Convert) -> Convert:
    """Codes first, by the source's own texts; a code that nobody named is `otherwise`, or an issue."""
    values: Mapping[str, Any] = value.values or {}
    otherwise, strict = value.otherwise, value.strict

    def convert(raw: Any) -> Any:
        code = text_of(raw)
        if code in values:
            return values[code]
        alias = ALIASES.get(code, code)
        if alias in values:
            return values[alias]
        if not strict:
            return otherwise
        if field.values or value.closed:
            raise NotUnderstood("UNKNOWN_ENUM", code[:80])
        return single(raw)

    return convert


def _single(field: Field, value: Value, zone: ZoneInfo, source: ZoneInfo) -> Convert:
    """What reads one raw value. zone: where it is read; source: of the source's times without an offset."""
    if field.values:
        return _enum(frozenset(field.values))
    match field.type:
        case "Int":
            return _numeric(value, _int)
        case "Float":
            return _numeric(value, _float)
        case "Decimal":
            return _numeric(value, number)
        case "Boolean":
            return _boolean
        case "Date":
            return _formatted(value, lambda raw: day(raw, zone, source))
        case "DateTime":
            inclusive = value.inclusive
            return _formatted(value, lambda raw: instant(raw, zone, inclusive))
        case "Moment":
            return _formatted(value, lambda raw: shown(raw, zone))
        case "LocalTime":
            return _formatted(value, _clock)
        case "RegionCode":
            return lambda raw: _code(raw, _REGION)
        case "CurrencyCode":
            return lambda raw: _code(raw, _CURRENCY)
        case "JSON":
            return _json
        case _:
            return text_of


def _enum(values: frozenset[str]) -> Convert:
    def convert(raw: Any) -> str:
        text = text_of(raw)
        if text not in values:
            raise NotUnderstood("UNKNOWN_ENUM", text[:80])
        return text

    return convert


def _numeric(value: Value, kind: Convert) -> Convert:
    """A number brought to its scale, to the last digit, and into the field's own unit: but for decimals a product of
    doubles, as databases make it."""
    read = number if value.decimal is None else _written(value, value.decimal)
    scale, factor = value.scale, value.factor
    if not scale and factor == 1.0:
        return kind if value.decimal is None else lambda raw: kind(read(raw))
    shift, exact = Decimal(10) ** scale, Decimal(repr(factor))

    def convert(raw: Any) -> Any:
        found = read(raw)
        if scale:
            found = number(found) * shift
        if factor != 1.0:
            found = number(found) * exact if kind is number else _float(float(found) * factor)
        return _int(int(found) if factor == 1.0 else round(found)) if kind is _int else kind(found)

    return convert


def _written(value: Value, decimal: str) -> Convert:
    """Numbers as people write them; a unit beside one counts."""
    pattern, units = number_pattern(decimal), {} if value.unit is not None else value.units or {}

    def convert(raw: Any) -> Decimal | float:
        if isinstance(raw, int | float | Decimal):
            return number(raw)
        found = written_number(pattern, text_of(raw)[:100])
        if found is None:
            raise NotUnderstood("UNPARSEABLE_VALUE", text_of(raw)[:80])
        factor = units.get(found[1], 1.0)
        return found[0] if factor == 1.0 else float(found[0]) * factor

    return convert


def _formatted(value: Value, single: Convert) -> Convert:
    """Days and times of the formats that the mapping names; what is no text is read as ever."""
    if not value.formats:
        return single
    counted = any(name in COUNTED for name in value.formats)
    reads = tuple(found for name in value.formats if (found := date_format(name)) is not None)

    def convert(raw: Any) -> Any:
        if isinstance(raw, date | time | timedelta):
            return single(raw)
        text = text_of(raw).strip()
        if text and not text.strip("0-/. :") and not counted:
            raise NotUnderstood("ZERO_DATE", text[:80])
        for read in reads:
            if (found := read(text)) is not None:
                return single(found)
        raise NotUnderstood("UNPARSEABLE_VALUE", text[:80])

    return convert


def _int(raw: Any) -> int:
    found = number(raw)
    if found != found.to_integral_value() or not -(2**31) <= found < 2**31:
        raise NotUnderstood("UNPARSEABLE_VALUE", str(raw)[:80])
    return int(found)


def _float(raw: Any) -> float:
    found = raw if isinstance(raw, float) else float(number(raw))
    if not math.isfinite(found):
        raise NotUnderstood("UNPARSEABLE_VALUE", str(raw)[:80])
    return found


def number(raw: Any) -> Decimal:
    """A raw value as a finite number; NotUnderstood."""
    if isinstance(raw, int | float | Decimal):
        found = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
    else:
        text = text_of(raw).strip(_BLANKS)
        if not _NUMBER.fullmatch(text):
            raise NotUnderstood("UNPARSEABLE_VALUE", text[:80])
        found = Decimal(text)
    if not found.is_finite():
        raise NotUnderstood("UNPARSEABLE_VALUE", str(raw)[:80])
    return found


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = text_of(raw).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise NotUnderstood("UNPARSEABLE_VALUE", word[:80])


def _moment(raw: Any) -> date | datetime:
    """The day or time of a raw value, zero dates and "for ever" set apart."""
    if isinstance(raw, date):
        found: date | datetime = raw
    else:
        text = text_of(raw).strip()
        if text.startswith("0000-00-00"):
            raise NotUnderstood("ZERO_DATE", text[:80])
        try:
            found = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        except ValueError:
            raise NotUnderstood("UNPARSEABLE_VALUE", text[:80]) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise NotUnderstood("PLACEHOLDER_VALUE", str(found)[:80])
    return found


def shown(raw: Any, zone: ZoneInfo | None = None) -> date | datetime:
    """A raw value as a day, or a time as clocks show it; one with an offset by those in the zone. NotUnderstood."""
    found = _moment(raw)
    if isinstance(found, datetime) and found.tzinfo is not None:
        return found.astimezone(zone).replace(tzinfo=None)
    return found


def day(raw: Any, zone: ZoneInfo, source: ZoneInfo | None = None) -> date:
    """A raw value as a day; of a time the day there in `zone`. NotUnderstood.

    A time without an offset is read in `source`; where that is None, its day is the one that is written.
    """
    found = _moment(raw)
    if not isinstance(found, datetime):
        return found
    if found.tzinfo is None and source is not None and source != zone:
        found = found.replace(tzinfo=source)
    return (found.astimezone(zone) if found.tzinfo is not None else found).date()


def instant(raw: Any, zone: ZoneInfo, inclusive: bool = False) -> datetime:
    """A raw value as an instant, in UTC; without an offset it is read in `zone`. NotUnderstood.

    A day is its first moment, or with `inclusive` the first after it. A wall clock time that exists twice is the first.
    """
    found = _moment(raw)
    if not isinstance(found, datetime):
        begin = found + timedelta(days=1) if inclusive else found
        found = datetime(begin.year, begin.month, begin.day)  # noqa: DTZ001 - the zone is put on below
    return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)


def _clock(raw: Any) -> time:
    if isinstance(raw, time):
        return raw
    if isinstance(raw, timedelta):  # how MariaDB drivers hand over TIME
        if not timedelta(0) <= raw < timedelta(days=1):
            raise NotUnderstood("UNPARSEABLE_VALUE", str(raw))
        return (datetime(1, 1, 1) + raw).time()  # noqa: DTZ001 - a time of day has no zone
    try:
        return time.fromisoformat(text_of(raw).strip())
    except ValueError:
        raise NotUnderstood("UNPARSEABLE_VALUE", str(raw)[:80]) from None


def _code(raw: Any, pattern: re.Pattern[str]) -> str:
    text = text_of(raw).strip().upper()
    if not pattern.fullmatch(text):
        raise NotUnderstood("UNPARSEABLE_VALUE", text[:80])
    return text


def _json(raw: Any) -> Any:
    if isinstance(raw, str | bytes):
        text = text_of(raw)
        if text[:1] in ("{", "["):
            try:
                return orjson.loads(text)
            except orjson.JSONDecodeError:
                return text
        return text
    if isinstance(raw, Decimal):
        return text_of(raw)
    return raw.isoformat() if isinstance(raw, date | time) else raw
