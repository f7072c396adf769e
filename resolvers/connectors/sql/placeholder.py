"""What is selected for data issues alone: raw values that read as null though something stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case

from resolvers.expression import Placeholder, Value

if TYPE_CHECKING:
    from resolvers.connectors.sql.render import Renderer


def placeholder(renderer: Renderer, found: Placeholder) -> ColumnElement[Any]:
    """The raw value where the form makes null of it, else null."""
    return case((renderer.value(found.value).is_(None), renderer.expression(found.bare)))


def told(value: Value, issues: bool) -> bool:
    """Whether a raw value is selected: what only issues are made of is not, where nobody asks for them."""
    return issues or not isinstance(value.expression, Placeholder)
