"""One row of a mapping as its database has it: raw values, before they are understood."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.connectors.sql.own_key import key_in
from resolvers.connectors.sql.render import Renderer
from resolvers.connectors.sql.source import SqlSource
from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.mapping import Mapping, Value
from resolvers.operand import clock_parameters


async def raw_row(
    source: SqlSource, mapping: Mapping, values: Sequence[Value], key: str, now: datetime
) -> tuple[Any, ...] | None:
    """The raw values of the row with a key; None where there is none. SourceError where the source fails."""

    async def call(connection: AsyncConnection, builder: StatementBuilder) -> tuple[Any, ...] | None:
        own: list[ColumnElement[Any]] = []

        def elements(renderer: Renderer) -> list[ColumnElement[Any]]:
            own.extend(renderer.key(name) for name in mapping.key)
            return [*own, *map(renderer.value, values)]

        statement = builder.records(mapping, elements, 1)
        statement = statement.where(key_in(own, [key], builder.shape.dialect))
        rows = await connection.execute(statement, clock_parameters(now, builder.zone))
        found = rows.first()
        return None if found is None else tuple(found)[len(own) :]

    return await source.survey(call)
