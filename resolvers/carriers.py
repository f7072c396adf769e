"""Records by the identifiers that they carry: whoever carries one, and those that are the same thing as others."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any

from aiodataloader import DataLoader

from resolvers.context import Context
from resolvers.entity import Strong
from resolvers.errors import RequestError
from resolvers.fetch import Row
from resolvers.identifier import NameToken
from resolvers.level import Level
from resolvers.loaders import LINKS_MOST, cut_found
from resolvers.lookups import find, meant
from resolvers.pages import Page, Slice, slice_of
from resolvers.plan import Step
from resolvers.record import Record

# What two records that are the same share: scheme, normal form, country where it counts, and what else must agree.
Mark = tuple[str | None, ...]


async def carriers(context: Context, level: Level, arguments: Map[str, Any]) -> Page:
    """The page of the records that carry an identifier (arguments scheme, value, country), in any spelling."""
    cut = slice_of(context, level.entity, dict(arguments), f"{level.entity}#")
    value = arguments["value"]
    scheme = str(arguments["scheme"])
    normalized = context.catalog.model.compared(value, scheme)
    token = NameToken(scheme, normalized, arguments.get("country"), None, value)
    if not normalized:  # nothing but blanks and dashes names nothing
        return cut_found(context, level, cut, (), ())
    names = context.catalog.model.identifiers(level.entity)  # what may be read, and not what links may go by
    rows, failed = await find(context, level, [token], names)
    found = meant(token, rows, level, names)
    if len(found) > LINKS_MOST:
        raise RequestError("Too many carry this.", code="LIST_TOO_WIDE", field="value", allowed=LINKS_MOST)
    return cut_found(context, level, cut, found, failed.values())


def same(context: Context, step: Step, arguments: dict[str, Any]) -> DataLoader[Record, Page]:
    """The loader of what is the same thing: record -> page of the records of other mappings that are."""
    found = context.loaders.get(step)
    if found is not None:
        return found
    cut = same_cut(context, step, arguments)

    async def load(parents: list[Record]) -> list[Page]:
        return await same_of(context, step, cut, parents)

    found = context.loaders[step] = DataLoader(load)
    return found


def same_cut(context: Context, step: Step, arguments: dict[str, Any]) -> Slice:
    """What the arguments of such an edge mean. RequestError where they mean nothing."""
    return slice_of(context, step.entity, arguments, f"{step.entity}.{step.edge}")


async def same_of(context: Context, step: Step, cut: Slice, parents: Sequence[Record]) -> list[Page]:
    """For each record the page of the records of other mappings that share a mark with it.

    What counts is what both carry themselves: nothing goes over a third record.
    """
    model = context.catalog.model
    rules = {rule.scheme: rule for rule in model.field(step.entity, step.edge).strong}
    names = step.level.names or ""
    carried = [_marks(parent, names, rules) for parent in parents]
    tokens = {token for marks in carried for token in marks.values()}
    if len(tokens) > LINKS_MOST:
        message = "Too many records to look for others that are the same."
        raise RequestError(message, code="LIST_TOO_WIDE", field=step.edge, allowed=LINKS_MOST)
    rows, failed = await find(context, step.level, tokens)
    by_mark: dict[Mark, dict[tuple[str, str], Row]] = {}
    for row in {id(row): row for found in rows.values() for row in found}.values():
        for mark in _marks(Record(context, step.level, row), names, rules):
            by_mark.setdefault(mark, {})[row.mapping.id, row.key] = row
    pages = []
    for parent, marks in zip(parents, carried, strict=True):
        alike = {place: row for mark in marks for place, row in by_mark.get(mark, {}).items()}
        others = [row for row in alike.values() if row.mapping.id != parent.row.mapping.id]
        pages.append(cut_found(context, step.level, cut, others, failed.values() if marks else ()))
    return pages


def _marks(record: Record, names: str, rules: Map[str, Strong]) -> dict[Mark, NameToken]:
    """The marks of a record, each with what finds others that have it."""
    found: dict[Mark, NameToken] = {}
    for name in record.value(names) or ():
        rule = rules.get(name["scheme"])
        if rule is None or (rule.country and name["country"] is None):
            continue
        others = [record.value(path) for path in rule.also]
        if None in others:
            continue
        country = name["country"] if rule.country else None
        mark = (rule.scheme, name["normalized"], country, *(text.casefold() for text in others))
        found[mark] = NameToken(rule.scheme, name["normalized"], None, None, name["value"])
    return found
