"""A partner's own SQL inside a statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, literal_column

from resolvers.connectors.sql.column_type import Untyped
from resolvers.connectors.sql.refusal import Drifted
from resolvers.expression import Column

if TYPE_CHECKING:
    from resolvers.connectors.sql.render import Renderer

_TWINS = {"mysql": "mariadb", "mariadb": "mysql"}


def escaped(renderer: Renderer, sql: Mapping[str, tuple[str | Column, ...]]) -> ColumnElement[Any]:
    """The SQL for the renderer's database, the columns that it names in braces quoted; read as whatever comes out.

    Drifted where there is none for this database.
    """
    twin = _TWINS.get(renderer.dialect, "")
    pieces = sql.get(renderer.dialect, sql.get(twin))
    if pieces is None:
        raise Drifted(f"no `raw` for {renderer.dialect}")
    quote = "`" if twin else '"'
    texts = []
    for piece in pieces:
        if isinstance(piece, Column):
            column: Any = renderer.tables.column(piece.name)
            names = (str(column.table.name), str(column.name))
            texts.append(".".join(quote + name.replace(quote, quote * 2) + quote for name in names))
        else:
            texts.append(piece)
    return literal_column(f"({''.join(texts)})", Untyped())
