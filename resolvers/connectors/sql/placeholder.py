"""What is selected for data issues alone: raw values that read as null though something stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, cast, null, type_coerce
from sqlalchemy.types import Text

from resolvers.expression import Placeholder, Value

if TYPE_CHECKING:
    from resolvers.connectors.sql.render import Renderer


def placeholder(renderer: Renderer, found: Placeholder) -> ColumnElement[Any]:
    """The raw value where the form makes null of it, else null."""
    return case((renderer.value(found.value).is_(None), renderer.expression(found.bare)))


def selected(renderer: Renderer, value: Value, issues: bool) -> ColumnElement[Any]:
    """A raw value; nothing in place of what only issues are made of, where nobody asks for them."""
    if issues or not isinstance(value.expression, Placeholder):
        return renderer.value(value)
    return cast(null(), Text()) if renderer.dialect == "postgresql" else type_coerce(null(), Text())
