"""Values of partner files and callers beside a column: what can be bound, and how it compares with what cannot."""

from __future__ import annotations

import math
import operator
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal
from sqlalchemy.types import BigInteger, Text, TypeEngine

from resolvers.coercion import text_of
from resolvers.connectors.sql.column_type import python_type

MOST = 2**63  # what no whole number of a database reaches

_OPERATORS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def compared(left: ColumnElement[Any], name: str, right: Any) -> ColumnElement[bool]:
    """`left` compared with a bound value by one of the operators of order."""
    return _OPERATORS[name](left, right)


def among(left: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """`left` is one of the values. One comparison, however many there are: SQLite takes no chain of a thousand."""
    return left.in_(values) if values else false()


def as_column(type_: TypeEngine[Any], value: Any) -> Any:
    """A value of a partner file as the driver wants it for a column; None where no row can hold it."""
    wanted = python_type(type_)
    if isinstance(value, wanted) and wanted is not int:
        return value
    try:
        if wanted is bool:
            return {"true": True, "false": False, "1": True, "0": False}.get(text_of(value).lower())
        if wanted is int:
            number = Decimal(value if isinstance(value, int) else text_of(value))
            return int(number) if number == number.to_integral_value() and abs(number) < MOST else None
        if wanted in (float, Decimal, uuid.UUID):
            return wanted(text_of(value))
        if wanted is datetime and isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - compared with naive columns
        if wanted in (date, datetime):
            return wanted.fromisoformat(text_of(value))
    except (ValueError, ArithmeticError):
        return None
    return text_of(value) if wanted is str else value


def as_bound(type_: TypeEngine[Any], value: Any) -> Any:
    """`as_column` as it is bound: PostgreSQL refuses a whole number that its column is too narrow for."""
    found = as_column(type_, value)
    return literal(found, BigInteger()) if isinstance(found, int) and not isinstance(found, bool) else found


def written_time(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A day or time of SQLite in one form, as `operand.clock_parameters` writes one too."""
    return func.strftime("%Y-%m-%d %H:%M:%f", column, type_=Text())


def compare_written(column: ColumnElement[Any], name: str, value: date) -> ColumnElement[bool]:
    """A day or time with a column of SQLite, which keeps them as texts of more than one form; compared in one."""
    written = written_time(column)
    time = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return compared(written, name, f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03}")


def unheld(column: ColumnElement[Any], name: str, value: Any) -> ColumnElement[bool]:
    """A comparison with a value that no row of the column can hold."""
    if name == "ne":
        return column.is_not(None)
    if name == "eq" or python_type(column.type) is not int:
        return false()
    try:
        number = Decimal(value if isinstance(value, int) else text_of(value))
        under = math.floor(number)
    except (ValueError, ArithmeticError):
        return false()
    if abs(number) >= MOST:
        return column.is_not(None) if (number > 0) == (name in ("lt", "le")) else false()
    return column <= literal(under, BigInteger()) if name in ("lt", "le") else column > literal(under, BigInteger())
