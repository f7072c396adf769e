"""What live sources say to the mappings: reachable, tables and columns there, types that fit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from collections.abc import Mapping as Map

from sqlalchemy import Column, Table
from sqlalchemy.types import Boolean, Date, DateTime, Float, Integer, LargeBinary, Numeric

from resolvers.catalog import Catalog
from resolvers.connectors.sql import SqlSource
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Field, Model
from resolvers.errors import Mistake, SourceError
from resolvers.expression import Column as Mapped
from resolvers.mapping import Mapping, Value, columns_of
from resolvers.partner_file import Partner
from resolvers.predicate import names
from resolvers.section import nearest
from resolvers.source import Source


async def check(catalog: Catalog) -> list[Mistake]:
    """Ask every live source once, all at the same time; what is wrong, by file and key."""
    wanted = [(partner, source) for partner in catalog.partners.values() for source in partner.sources.values()]
    found = await asyncio.gather(*(_source(catalog.model, partner, source) for partner, source in wanted))
    return [mistake for mistakes in found for mistake in mistakes]


async def _source(model: Model, partner: Partner, source: Source) -> list[Mistake]:
    mappings = [mapping for mapping in partner.mappings.values() if mapping.source == source.name]
    key = f"source.{source.name}.url"
    try:
        connector = SqlSource(source, model, mappings)
    except Exception as error:
        return [Mistake("SOURCE_URL", partner.file, key, f"unusable: {type(error).__name__}.", _driver_hint(error))]
    try:
        shape = await connector.shape()
    except SourceError as error:
        return [Mistake(error.code, partner.file, key, error.message, error.detail.splitlines()[0][:300])]
    finally:
        await connector.close()
    return [mistake for mapping in mappings for mistake in _mapping(model, partner.file, mapping, shape)]


def _driver_hint(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"is the driver installed? ({error})"
    return "an async SQLAlchemy URL, like postgresql+asyncpg://user:password@host/database"


def _mapping(model: Model, file: str, mapping: Mapping, shape: Shape) -> Iterable[Mistake]:
    at = f"mapping.{mapping.name}"
    for name in dict.fromkeys(mapping.tables()):
        if name not in shape.tables:
            yield Mistake("SOURCE_SCHEMA_DRIFT", file, f"{at}.table", f"there is no table {name!r}.")
    tables = {"": shape.tables.get(mapping.table)}
    tables |= {join.name: shape.tables.get(join.table) for join in mapping.joins.values()}
    for key in mapping.key:
        yield from _column(file, f"{at}.key", key, tables)
    for name in names(mapping.where) if mapping.where is not None else ():
        yield from _column(file, f"{at}.where", name, tables)
    for join in mapping.joins.values():
        for joined, own in join.on:
            yield from _column(file, f"{at}.join.{join.name}.on", f"{join.name}.{joined}", tables)
            yield from _column(file, f"{at}.join.{join.name}.on", own, tables)
    for path, binding in mapping.fields.items():
        for table, name in columns_of(binding):
            where = tables if table is None else {"": shape.tables.get(table)}
            yield from _column(file, f"{at}.fields.{path}", name, where)
        if isinstance(binding, Value):
            yield from _type(file, f"{at}.fields.{path}", binding, model.field(mapping.entity, path), tables)


def _column(file: str, key: str, name: str, tables: Map[str, Table | None]) -> Iterable[Mistake]:
    join, _, column = name.rpartition(".")
    if join not in tables:
        message = f"there is no join {join!r}."
        yield Mistake("CATALOG_UNKNOWN_REFERENCE", file, key, message, nearest(join, [name for name in tables if name]))
        return
    table = tables[join]
    if table is not None and column not in table.c:
        message = f"table {table.name!r} has no column {column!r}."
        hint = nearest(column, [found.name for found in table.c]) or "it has: " + ", ".join(c.name for c in table.c)
        yield Mistake("SOURCE_SCHEMA_DRIFT", file, key, message, hint[:400])


def _type(file: str, key: str, value: Value, field: Field, tables: Map[str, Table | None]) -> Iterable[Mistake]:
    """A plain column whose type cannot be what it is mapped to. Texts may hold anything, so they pass."""
    if not isinstance(value.expression, Mapped) or value.values is not None or value.split is not None:
        return
    join, _, name = value.expression.name.rpartition(".")
    table = tables.get(join)
    if table is None or name not in table.c:
        return
    column: Column[object] = table.c[name]
    kind = column.type
    number = isinstance(kind, Integer | Numeric | Float | Boolean)
    moment = isinstance(kind, Date | DateTime)
    clash = {
        "Date": number,
        "DateTime": number,
        "LocalTime": number or moment,
        "Int": moment,
        "Float": moment,
        "Decimal": moment,
        "Boolean": moment,
    }.get(field.type, False) or (isinstance(kind, LargeBinary) and field.type != "String")
    if clash:
        message = f"column {name!r} is {kind!s}, which cannot be a {field.type}."
        yield Mistake("SOURCE_COLUMN_TYPE", file, key, message)
