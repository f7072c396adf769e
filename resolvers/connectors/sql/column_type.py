"""Types of columns as their values are wanted, where the dialect's own would change, refuse or misread them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CHAR, JSON, Date, DateTime, Enum, Float, Integer, Numeric, String, Time, TypeDecorator
from sqlalchemy.dialects.mysql import TIMESTAMP
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.types import Boolean, NullType, TypeEngine


class Untyped(String):
    """A column whose type is unknown, or that has none, or that does not say what is in it; compared as text."""


class Padded(TypeDecorator[str]):
    """PostgreSQL's `character(n)`: the padding is no part of the value, in comparisons neither."""

    impl = CHAR
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else value.rstrip(" ")


class Stamp(TypeDecorator[datetime]):
    """MySQL's TIMESTAMP: an instant, which the session's zone (UTC) takes off and on."""

    impl = TIMESTAMP
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value if value is None or value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def wanted(type_: TypeEngine[Any], dialect: str) -> TypeEngine[Any]:
    """The type that statements use for a column of a reflected type."""
    if isinstance(type_, DOMAIN):
        return wanted(type_.data_type, dialect)
    if isinstance(type_, NullType):
        return Untyped()
    if isinstance(type_, Float):
        type_.asdecimal = False  # MySQL's dialect would make 319.7000000000 of 319.7
    if dialect == "sqlite":
        return _loose(type_)
    if dialect == "postgresql" and isinstance(type_, CHAR):
        return Padded(type_.length)
    if isinstance(type_, TIMESTAMP):
        return Stamp(fsp=type_.fsp)
    return type_


def _loose(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """SQLite keeps any value in any column: it is handed over as it is, and understood or not at the border."""
    if isinstance(type_, Date | DateTime | Time | JSON):
        return Untyped()  # not simply a text: its affinity would make a number of one that looks like it
    if isinstance(type_, Boolean):
        return Integer()
    return Float() if isinstance(type_, Numeric) else type_


def python_type(type_: TypeEngine[Any]) -> type:
    """The Python type that the driver takes for a column of this type."""
    if isinstance(type_, TypeDecorator):
        return python_type(type_.impl_instance)
    try:
        return type_.python_type
    except NotImplementedError:
        return str


# How MySQL's character sets are called here. Of any other only ASCII is taken for granted.
_LATIN = {"latin1": "cp1252", "latin2": "iso8859_2", "latin5": "iso8859_9", "latin7": "iso8859_13"}
_CODECS = _LATIN | {
    "greek": "iso8859_7",
    **{name: name for name in ("cp850", "cp852", "cp1250", "cp1251", "cp1256", "cp1257", "gbk", "big5", "koi8_r")},
}


def can_hold(type_: TypeEngine[Any], text: str) -> bool:
    """Whether a text can be compared with a column: MySQL refuses one that the column's character set has not."""
    charset = getattr(type_, "charset", None)
    if charset is None or charset == "utf8mb4":
        return True
    if charset in ("utf8", "utf8mb3"):
        return max(text, default="") <= "\uffff"
    try:
        text.encode(_CODECS.get(charset, "ascii"))
    except UnicodeEncodeError:
        return False
    return True


def is_text(type_: TypeEngine[Any]) -> bool:
    """Whether it holds texts of any kind."""
    return isinstance(type_, Padded) or (isinstance(type_, String) and not isinstance(type_, Enum))
