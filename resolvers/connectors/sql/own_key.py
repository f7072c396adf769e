"""A record's own key in its database's terms: found by its text, and compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, false, literal, tuple_
from sqlalchemy.types import (
    BigInteger,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    TypeEngine,
    Uuid,
)

from resolvers.connectors.sql.column_type import can_hold, python_type
from resolvers.local_key import key_parts, native


def bound_parts(columns: Sequence[ColumnElement[Any]], text: str, dialect: str) -> list[ColumnElement[Any]] | None:
    """The parts of a key, each to be compared with its column; None where no row can have that key."""
    natives = _natives(columns, text, dialect)
    if natives is None:
        return None
    types = [_bound_type(column.type, dialect) for column in columns]
    return [literal(part, type_) for part, type_ in zip(natives, types, strict=True)]


def key_in(columns: Sequence[ColumnElement[Any]], keys: Iterable[str], dialect: str) -> ColumnElement[bool]:
    """Whether the columns hold one of the keys; a key that no row can have is left out."""
    found = [natives for text in keys if (natives := _natives(columns, text, dialect)) is not None]
    if not found:
        return false()
    types = [_bound_type(column.type, dialect) for column in columns]
    if len(columns) == 1:
        if dialect == "postgresql" and isinstance(types[0], Integer | Uuid | Text):
            return columns[0] == any_(literal([natives[0] for natives in found], ARRAY(types[0])))
        return columns[0].in_(bindparam(None, [natives[0] for natives in found], types[0], expanding=True))
    return tuple_(*columns, types=types).in_([tuple(natives) for natives in found])


def among(element: ColumnElement[Any], texts: Sequence[str], dialect: str) -> ColumnElement[bool]:
    """Whether an element is one of some texts.

    PostgreSQL takes any number of them as one value: its statement stays the same, and is not planned anew.
    """
    if dialect == "postgresql":
        return element == any_(literal(list(texts), ARRAY(Text())))
    return element.in_(texts)


def _natives(columns: Sequence[ColumnElement[Any]], text: str, dialect: str) -> list[Any] | None:
    parts = key_parts(text, len(columns))
    if parts is None:
        return None
    natives = [_native(column.type, part, dialect) for column, part in zip(columns, parts, strict=True)]
    return None if None in natives else natives


def _native(type_: TypeEngine[Any], text: str, dialect: str) -> Any:
    """A part as the driver takes it for a column of the type; None where no row can have it."""
    if dialect == "sqlite" and not isinstance(type_, LargeBinary):
        # A column of any type may hold any value; compared with a text, it applies its own affinity to it.
        return native(text, str)
    if isinstance(type_, Enum) and text not in type_.enums:
        return None
    if not can_hold(type_, text):
        return None
    found = native(text, python_type(type_))
    if isinstance(found, int) and dialect == "postgresql":
        bits = 15 if isinstance(type_, SmallInteger) else 31
        if isinstance(type_, BigInteger) or not isinstance(type_, Integer):
            bits = 63
        return found if -(2**bits) <= found < 2**bits else None
    return found


def _bound_type(type_: TypeEngine[Any], dialect: str) -> TypeEngine[Any]:
    if dialect == "sqlite" and not isinstance(type_, LargeBinary):
        return String()
    if isinstance(type_, Numeric) and not isinstance(type_, Float):
        return Numeric()  # with the column's own precision, a longer number would be an error
    return type_
