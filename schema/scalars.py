"""The graph's own scalars: how their values are written in answers and read from requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, NewType, NoReturn

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

CurrencyCode = NewType("CurrencyCode", str)
RegionCode = NewType("RegionCode", str)
JSON = NewType("JSON", object)

# The standard library's parsers take more than the forms that are promised (week dates, no colons, 24:00).
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_SECONDS = r":[0-5][0-9](\.[0-9]{1,6})?"
DATE_TIME = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_CLOCK}{_SECONDS}([Zz]|[+-]{_CLOCK})")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOCAL_TIME = re.compile(rf"{_CLOCK}({_SECONDS})?")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
CURRENCY = re.compile(r"[A-Z]{3}")
REGION = re.compile(r"EEA|[A-Z]{2}(-[A-Z0-9]{1,3})?")


def refuse(value: object, form: str) -> NoReturn:
    """Tell the caller which form was expected; a long value is cut."""
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    raise GraphQLError(f"Expected {form}; found {text if len(text) <= 60 else text[:57] + '...'}.")


def parse_date_time(value: object) -> datetime:
    """RFC 3339 `date-time` (section 5.6) to an aware datetime; at most microseconds."""
    form = 'a DateTime with an offset, e.g. "2026-03-14T18:00:00+01:00"'
    if not isinstance(value, str) or not DATE_TIME.fullmatch(value):
        refuse(value, form)
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        refuse(value, form)


def serialize_date_time(value: object) -> str:
    """An aware datetime to RFC 3339; UTC as `Z`, fractions only where there are some. ValueError without an offset."""
    if isinstance(value, str):
        value = parse_date_time(value)
    if not isinstance(value, datetime):
        raise TypeError(f"DateTime cannot show a {type(value).__name__}")
    offset = value.utcoffset()
    if offset is None:
        raise ValueError("DateTime cannot show a time without an offset")
    if offset.total_seconds() % 60:  # local mean times before 1900: RFC 3339 has no seconds in offsets
        value, offset = value.astimezone(UTC), None
    text = value.isoformat()
    return text if offset else f"{text[:-6]}Z"


def parse_date(value: object) -> date:
    """`YYYY-MM-DD` to a date."""
    form = 'a Date of the form YYYY-MM-DD, e.g. "2026-03-14"'
    if not isinstance(value, str) or not DATE.fullmatch(value):
        refuse(value, form)
    try:
        return date.fromisoformat(value)
    except ValueError:
        refuse(value, form)


def serialize_date(value: object) -> str:
    """A date to `YYYY-MM-DD`. A datetime is refused: which day it is depends on a zone."""
    if isinstance(value, str):
        value = parse_date(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"Date cannot show a {type(value).__name__}")
    return value.isoformat()


def parse_local_time(value: object) -> time:
    """`HH:MM[:SS[.ffffff]]` to a time without zone; 24:00 is refused."""
    form = 'a LocalTime of the form HH:MM or HH:MM:SS, e.g. "18:00"'
    if not isinstance(value, str) or not LOCAL_TIME.fullmatch(value):
        refuse(value, form)
    try:
        return time.fromisoformat(value)
    except ValueError:
        refuse(value, form)


def serialize_local_time(value: object) -> str:
    """A time to `HH:MM`, or `HH:MM:SS` where it has seconds. ValueError with an offset."""
    if isinstance(value, str):
        value = parse_local_time(value)
    if not isinstance(value, time):
        raise TypeError(f"LocalTime cannot show a {type(value).__name__}")
    if value.tzinfo is not None:
        raise ValueError("LocalTime cannot show a time with a zone")
    return value.isoformat("auto" if value.second or value.microsecond else "minutes")


def parse_decimal(value: object) -> Decimal:
    """A plain decimal text to a Decimal. Numbers are refused: JSON readers make binary floats of them."""
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        refuse(value, 'a Decimal as a text without exponent, e.g. "10000.00"')
    return Decimal(value)


def serialize_decimal(value: object) -> str:
    """A Decimal or int to a plain text, digits kept as they are. ValueError for NaN and infinities."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise ValueError("Decimal cannot show a text that is no number") from None
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"Decimal cannot show a {type(value).__name__}")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("Decimal cannot show a value that is not finite")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _code(form: str, pattern: re.Pattern[str]) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            refuse(value, form)
        return value

    return parse


parse_currency = _code('an ISO 4217 currency code, e.g. "EUR"', CURRENCY)
parse_region = _code('an ISO 3166 country or subdivision code, e.g. "FR" or "FR-69"', REGION)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a code cannot be a {type(value).__name__}")
    return value


def _as_it_is(value: Any) -> Any:
    return value


def _literal(parse: Callable[[object], Any]) -> Callable[..., Any]:
    def read(node: ValueNode, _variables: Mapping[str, Any] | None = None) -> Any:
        try:
            return parse(value_from_ast_untyped(node))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None  # so that the error says where in the operation

    return read


SCALARS: Mapping[object, ScalarDefinition] = MappingProxyType(
    {
        datetime: strawberry.scalar(
            name="DateTime",
            description=(
                "A moment, with its offset from UTC: RFC 3339, at most microseconds; UTC is written `Z`. "
                'Example: `"2026-03-14T18:00:00+01:00"`.'
            ),
            specified_by_url="https://scalars.graphql.org/chillicream/date-time.html",
            serialize=serialize_date_time,
            parse_value=parse_date_time,
            parse_literal=_literal(parse_date_time),
        ),
        date: strawberry.scalar(
            name="Date",
            description='A calendar day without a zone: YYYY-MM-DD. Example: `"2026-03-14"`.',
            specified_by_url="https://scalars.graphql.org/chillicream/local-date.html",
            serialize=serialize_date,
            parse_value=parse_date,
            parse_literal=_literal(parse_date),
        ),
        time: strawberry.scalar(
            name="LocalTime",
            description=(
                "A time on the wall clock, without day and zone: HH:MM, or HH:MM:SS where there are seconds. "
                'Example: `"18:00"`.'
            ),
            specified_by_url="https://html.spec.whatwg.org/multipage/common-microsyntaxes.html#times",
            serialize=serialize_local_time,
            parse_value=parse_local_time,
            parse_literal=_literal(parse_local_time),
        ),
        Decimal: strawberry.scalar(
            name="Decimal",
            description=(
                "An exact decimal number as a text without exponent, never a binary float; trailing zeros are kept. "
                'Example: `"10000.00"`.'
            ),
            specified_by_url="https://www.w3.org/TR/xmlschema11-2/#decimal",
            serialize=serialize_decimal,
            parse_value=parse_decimal,
            parse_literal=_literal(parse_decimal),
        ),
        CurrencyCode: strawberry.scalar(
            name="CurrencyCode",
            description='An ISO 4217 currency code, three capital letters. Example: `"EUR"`.',
            specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
            serialize=_text,
            parse_value=parse_currency,
            parse_literal=_literal(parse_currency),
        ),
        RegionCode: strawberry.scalar(
            name="RegionCode",
            description=(
                "An ISO 3166-1 alpha-2 country code or ISO 3166-2 subdivision code; also `EU` and `EEA`, which mean "
                'their member states at the time in question. Examples: `"FR"`, `"FR-69"`.'
            ),
            specified_by_url="https://www.iso.org/iso-3166-country-codes.html",
            serialize=_text,
            parse_value=parse_region,
            parse_literal=_literal(parse_region),
        ),
        JSON: strawberry.scalar(
            name="JSON",
            description='Any JSON value. Example: `{"colour": "yellow", "doors": 5}`.',
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
            serialize=_as_it_is,
            parse_value=_as_it_is,
        ),
    }
)
