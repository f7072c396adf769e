"""Whether a mapping's rows are records: each with a key, no two with the same, none twice for a join."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from resolvers.checks.report import several
from resolvers.connectors.sql.indexes import Indexes
from resolvers.connectors.sql.shape import Shape
from resolvers.connectors.sql.survey import BOUND, Repeated, Survey, needed
from resolvers.errors import Mistake
from resolvers.mapping import Mapping

TWICE = "only one of the rows is shown, with the issue DUPLICATE_KEY, and such a list may be slow"


async def keys(file: str, mapping: Mapping, shape: Shape, found: Indexes, survey: Survey) -> AsyncIterator[Mistake]:
    """Keys that are missing or not unique, and joins that match several rows."""
    at = f"mapping.{mapping.name}"
    own = [name for name in mapping.key if "." not in name]
    columns = shape.tables[mapping.table].c
    if len(own) == len(mapping.key) and any(columns[name].nullable for name in own):
        missing = await survey.keyless(mapping)
        if missing:
            named = ", ".join(own)
            message = f"{several(missing, 'row')} of {mapping.table!r} without {named}, so without a key: no records."
            hint = "a key that every row has, or a `where` that leaves these rows out"
            yield Mistake("DATA_KEY_MISSING", file, f"{at}.key", message, hint, "warning")
    if mapping.distinct or (not mapping.joins and found.is_unique(mapping.table, own)):
        return
    if (await survey.repeated(mapping)).keys == 0:
        return
    base = closed(mapping, needed(mapping))
    repeated = Repeated(0, 0, ())
    if not found.is_unique(mapping.table, own):
        repeated = await survey.repeated_in_table(mapping, base)
    if repeated.keys:
        message = f"{', '.join(mapping.key)} is no key: {_figures(repeated)}; {TWICE}."
        hint = (
            "name all the columns that tell rows apart: key = [..., ...]; `distinct = true` where they are one record"
        )
        yield Mistake("DATA_KEY_REPEATED", file, f"{at}.key", message, hint)
        return
    blamed: set[str] = set()
    for name in mapping.joins:
        with_it = closed(mapping, {*base, name})
        if blamed & set(with_it):
            continue  # hangs on one that was told already
        repeated = await survey.repeated_in_table(mapping, with_it)
        if repeated.keys:
            blamed.add(name)
            message = f"join {name!r} matches several rows for one record: {_figures(repeated)}; {TWICE}."
            hint = '`pick` takes one of them, like pick = "latest by date"; or make `on` or `where` narrower'
            yield Mistake("DATA_JOIN_SEVERAL", file, f"{at}.join.{name}", message, hint)


def closed(mapping: Mapping, joins: Iterable[str]) -> tuple[str, ...]:
    """Some joins and those that they hang on, in the order of the mapping."""
    wanted = set(joins)
    for join in reversed(list(mapping.joins.values())):
        if join.name in wanted:
            wanted |= {own.rpartition(".")[0] for _, own in join.on} - {""}
    return tuple(name for name in mapping.joins if name in wanted)


def _figures(found: Repeated) -> str:
    examples = ", ".join(f"{key} ({count} times)" for key, count in found.examples)
    among = f" among the first {BOUND:,}" if found.rows >= BOUND else ""
    return f"{several(found.keys, 'key')} in {several(found.rows, 'row')}{among}, like {examples}"
