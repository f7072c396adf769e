"""A record's key as text: the part of a global id that its source understands."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from resolvers.coercion import text_of
from resolvers.inline import Function


def key_text(parts: Sequence[Any]) -> str | None:
    """The one text of a key, None where a part is null. Parts are joined by `:`, inside them `%3A`."""
    if len(parts) == 1:
        part = parts[0]
        if part is None:
            return None
        return part if isinstance(part, str) else _part(part)
    found = []
    for part in parts:
        if part is None:
            return None
        found.append(_part(part).replace("%", "%25").replace(":", "%3A"))
    return ":".join(found)


def write_key(function: Function, parts: Sequence[str]) -> str:
    """Say `key_text` inside a function, of the parts by their names. The name of the text."""
    several = f"{function.given(key_text, 'key_text')}(({', '.join(parts)},))"
    if len(parts) > 1:
        return function.keep(several, "key")
    part = parts[0]
    written = f"{part}.__class__ is int or isinstance({part}, {function.given(uuid.UUID, 'uuid')})"
    return function.keep(f"{part} if {part}.__class__ is str else str({part}) if {written} else {several}", "key")


def key_parts(text: str, count: int) -> tuple[str, ...] | None:
    """The texts of a key's parts, or None where it has not that many."""
    if count == 1:
        return (text,)
    parts = tuple(part.replace("%3A", ":").replace("%25", "%") for part in text.split(":"))
    return parts if len(parts) == count else None


def _part(part: Any) -> str:
    if isinstance(part, uuid.UUID):
        return str(part)
    if isinstance(part, bytes):
        return part.hex()
    if isinstance(part, Decimal):  # its own normalize() would round
        text = format(part, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text_of(part)


def native(text: str, kind: type) -> Any:
    """A part as the column's Python type, or None where no row can have it (the id then leads nowhere)."""
    try:
        if kind is str:
            return None if "\0" in text else text
        if kind is bytes:
            found: Any = bytes.fromhex(text)
        elif kind is bool:
            return {"true": True, "false": False}.get(text)
        elif kind in (int, float, Decimal, uuid.UUID):
            found = kind(text)
            if isinstance(found, float | Decimal) and not math.isfinite(found):
                return None
        else:
            found = kind.fromisoformat(text)  # type: ignore[attr-defined]
    except (ValueError, ArithmeticError, AttributeError):
        return None
    return found if _part(found) == text else None
