"""Steps on a text in SQL: exactly what `Steps.run` makes of it, where the database can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Enum, case, func
from sqlalchemy.types import Text

from resolvers.connectors.sql.column_type import Untyped, is_text
from resolvers.connectors.sql.refusal import Unpushable
from resolvers.expression import Value
from resolvers.steps import BLANKS, written_steps

if TYPE_CHECKING:
    from resolvers.connectors.sql.render import Renderer


def stepped(renderer: Renderer, raw: ColumnElement[Any], value: Value) -> ColumnElement[Any]:
    """A raw value after the steps of a form, its trimming and null tokens in their place. Unpushable."""
    steps = value.steps
    if steps is None or not steps.literal:
        raise Unpushable("steps that only the border takes")
    tokens = [str(token) for token in value.null]
    if any("\0" in text for text in (*tokens, *(text for pair in steps.replace for text in pair))):
        raise Unpushable("a character that PostgreSQL has not")
    if renderer.dialect == "sqlite":
        told = written_steps(steps, value.trim, value.null)
        return func.gateway_steps(renderer.readable(raw), told, type_=Text())
    if isinstance(raw.type, Untyped) or not (is_text(raw.type) or isinstance(raw.type, Enum)):
        raise Unpushable("what is no text in the database")
    text = renderer.code_point(raw)
    if steps.collapse:
        every = ("g",) if renderer.dialect == "postgresql" else ()
        pattern = _POSTGRESQL if renderer.dialect == "postgresql" else _MARIADB
        text = func.trim(func.regexp_replace(text, pattern, " ", *every, type_=Text()), type_=Text())
    if value.trim:
        text = func.trim(text, type_=Text())
    if tokens:
        text = case((renderer.code_point(text).not_in(tokens), text))
    for old, new in steps.replace:
        text = func.replace(renderer.code_point(text), old, new, type_=Text())
    return func.nullif(renderer.code_point(text), "", type_=Text())


def trimmed(renderer: Renderer, text: ColumnElement[Any]) -> ColumnElement[Any]:
    """A text without blanks around it, null where none is left."""
    found = func.trim(text)
    if renderer.dialect in ("mysql", "mariadb"):  # to most of whose collations some characters are as good as none
        return case((func.length(found) > 0, found))
    return func.nullif(found, "")


# One class of characters in the numbers that each engine reads.
_POSTGRESQL = "[" + "".join(rf"\u{first:04x}-\u{last:04x}" for first, last in BLANKS) + "]+"
_MARIADB = "[" + "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in BLANKS) + "]+"
