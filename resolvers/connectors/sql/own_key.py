"""A record's own key in its database's terms: found by its text, and compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, false, tuple_
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
from resolvers.connectors.sql.fills import Fills
from resolvers.connectors.sql.structure import few
from resolvers.local_key import key_parts, native


def bound_parts(
    columns: Sequence[ColumnElement[Any]], key: Callable[[Any], str], text: str, dialect: str, fills: Fills
) -> list[ColumnElement[Any]] | None:
    """The parts of the key that is asked for (now the text), each to be compared with its column; None where no row can
    have that key."""
    natives = _natives(columns, text, dialect)
    known = natives is not None
    fills.checks.append(lambda asked: (_natives(columns, key(asked), dialect) is not None) == known)
    if natives is None:
        return None

    def part(place: int) -> Callable[[Any], Any]:
        return lambda asked: (_natives(columns, key(asked), dialect) or natives)[place]

    types = [_bound_type(column.type, dialect) for column in columns]
    return [
        fills.put(part(place), native_, type_)
        for place, (native_, type_) in enumerate(zip(natives, types, strict=True))
    ]


Keys = Callable[[Any], Iterable[str]]
"""What is asked -> texts of keys."""


def key_in(columns: Sequence[ColumnElement[Any]], keys: Iterable[str], dialect: str) -> ColumnElement[bool]:
    """Whether the columns hold one of the keys; a key that no row can have is left out."""
    return keys_in(columns, lambda _: keys, dialect, Fills(lasting=False), None)


def keys_in(
    columns: Sequence[ColumnElement[Any]], keys: Keys, dialect: str, fills: Fills, asked: Any
) -> ColumnElement[bool]:
    """Whether the columns hold one of the keys that are asked for, each time anew where `fills` are kept."""
    types = [_bound_type(column.type, dialect) for column in columns]
    if len(columns) > 1:

        def whole(access: Any) -> list[tuple[Any, ...]]:
            found = (_natives(columns, text, dialect) for text in keys(access))
            return [tuple(natives) for natives in found if natives is not None]

        if asked is None:
            return tuple_(*columns, types=types).in_(whole(asked))
        listed = fills.put(whole, whole(asked), lists=True)
        return tuple_(*columns, types=types).in_(listed)
    column, plain = columns[0], _reader(columns[0].type, dialect)

    def single(access: Any) -> list[Any]:
        return [native_ for text in keys(access) if (native_ := plain(text)) is not None]

    value = single(asked)
    if not value and asked is None:
        return false()
    if dialect == "postgresql" and isinstance(types[0], Integer | Uuid | Text) and not few(asked):
        return column == any_(fills.put(single, value, ARRAY(types[0])))
    return column.in_(fills.put(single, value, types[0], lists=True))


def _reader(type_: TypeEngine[Any], dialect: str) -> Callable[[str], Any]:
    """What makes of the text of a key of one part what the driver takes; None where no row can have it."""
    if dialect == "postgresql" and isinstance(type_, Integer):
        bits = 15 if isinstance(type_, SmallInteger) else 63 if isinstance(type_, BigInteger) else 31
        low, high = -(2**bits), 2**bits

        def whole(text: str) -> int | None:
            if text.isascii() and text.isdigit() and (text[0] != "0" or text == "0"):
                found = int(text) if len(text) < 20 else high
                return found if low <= found < high else None
            return _native(type_, text, dialect)  # type: ignore[no-any-return]

        return whole
    return lambda text: _native(type_, text, dialect)


def among(element: ColumnElement[Any], texts: Keys, dialect: str, fills: Fills, asked: Any) -> ColumnElement[bool]:
    """Whether an element is one of the texts that are asked for, each time anew where `fills` are kept.

    PostgreSQL takes many of them as one value: its statement stays the same, and is not planned anew. But of one whose
    length it does not know it expects ten, so that it plans a few anew each time, which takes longer than to find them.
    """

    def listed(access: Any) -> list[str]:
        return list(texts(access))

    if dialect != "postgresql":
        return element.in_(fills.put(listed, listed(asked), element.type, lists=True))
    if few(asked):
        return element.in_(fills.put(listed, listed(asked), Text(), lists=True))
    return element == any_(fills.put(listed, listed(asked), ARRAY(Text())))


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
