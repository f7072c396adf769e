"""A member of a JSON column as a text, in each dialect."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func, literal
from sqlalchemy.types import Text


def json_member(dialect: str, column: ColumnElement[Any], path: tuple[str | int, ...]) -> ColumnElement[Any]:
    """The text of a member; null where there is none, or JSON's null."""
    if dialect == "postgresql":
        for key in path[:-1]:
            column = column.op("->")(literal(key))
        return column.op("->>", return_type=Text())(literal(path[-1]))
    quoted = "$" + "".join(f"[{key}]" if isinstance(key, int) else '."' + key.replace('"', '\\"') + '"' for key in path)
    if dialect == "sqlite":  # which fails the whole statement where a text is no JSON
        return case((func.json_valid(column), func.json_extract(column, quoted, type_=Text())))
    found = func.json_extract(column, quoted)
    return case((func.json_type(found) != "NULL", func.json_unquote(found, type_=Text())))
