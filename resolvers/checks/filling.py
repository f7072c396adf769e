"""How well the fields of a mapping are filled, and what stands in where nothing stands that may not be missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from resolvers.border import reading, stand_in
from resolvers.checks.report import several
from resolvers.checks.structure import column_of, tables_of
from resolvers.connectors.sql.shape import Shape
from resolvers.connectors.sql.survey import Filled
from resolvers.entity import Kind, Model
from resolvers.errors import Mistake
from resolvers.expression import Placeholder
from resolvers.mapping import ByIdentifier, ByKey, Mapping, Parts, Value

LOOSE = 10_000  # rows that an identifier is compared with, one by one, before that is worth a warning


def countable(model: Model, mapping: Mapping, zone: str) -> dict[str, Sequence[Value]]:
    """The paths that rows say something for or not, and the raw values that say it."""
    found: dict[str, Sequence[Value]] = {}
    for path, binding in mapping.fields.items():
        if isinstance(binding, Value | ByKey | ByIdentifier):
            read = reading(model, mapping, path, zone).values
            values = [value for value in read if not isinstance(value.expression, Placeholder)]
            if values:
                found[path] = values
    return found


def filling(
    file: str, mapping: Mapping, model: Model, shape: Shape, paths: Sequence[str], found: Filled
) -> Iterable[Mistake]:
    """Fields that no row fills, and gaps in those that are never null."""
    tables = tables_of(shape, mapping)
    for path, filled in zip(paths, found.filled, strict=True):
        key = f"mapping.{mapping.name}.fields.{path}"
        field = model.field(mapping.entity, path)
        missing = found.rows - filled
        if found.rows and not filled:
            message = f"no row of {found.rows:,} says anything here."
            yield Mistake("DATA_ALWAYS_EMPTY", file, key, message, "another column, or leave the field out", "info")
        elif field.required and field.kind is Kind.LEAF and "." not in path:
            default = model.entities[mapping.entity].fallback.get(path)
            told = "the record's key" if default == "" else stand_in(model, mapping.entity, path, field)
            binding = mapping.fields[path]
            column = column_of(binding, tables) if isinstance(binding, Value) else None
            if missing:
                message = f"`{path}` is never null, but nothing stands in {several(missing, 'row')} of {found.rows:,}."
                yield Mistake("DATA_REQUIRED_EMPTY", file, key, message, f"they read as {told}", "info")
            elif column is not None and column.nullable:
                message = f"`{path}` is never null, but column {column.name!r} may be; today no row is."
                yield Mistake("SOURCE_NULLABLE", file, key, message, f"such rows would read as {told}", "info")


def loose_identifiers(file: str, mapping: Mapping, model: Model, rows: int) -> Iterable[Mistake]:
    """Identifiers that are compared in any spelling: with every row, for no index can serve that."""
    path = model.identifiers(mapping.entity)
    binding = mapping.fields.get(path or "")
    if not isinstance(binding, Parts):
        return
    loose = [index for index in range(len(binding.members)) if index not in binding.exact]
    if loose and rows >= LOOSE:
        message = f"compared in any spelling: each search looks at all {rows:,} rows, for no index serves that."
        hint = 'spelling = "exact" where the column holds one spelling only'
        for index in loose:
            key = f"mapping.{mapping.name}.fields.{path}[{index}]"
            yield Mistake("SOURCE_LOOSE_SCAN", file, key, message, hint, "warning")
