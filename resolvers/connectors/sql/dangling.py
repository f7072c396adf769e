"""Which references of a row lead to no record, where the same database could tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, literal, null, or_, select

from resolvers.connectors.sql.render import Renderer, mapping_tables
from resolvers.mapping import ByKey, Link, Mapping

From = Callable[[Select[Any], Mapping, Renderer], Select[Any]]


def dangling(
    mapping: Mapping, path: str, renderer: Renderer, there: Map[str, Mapping], start: From
) -> Iterator[ColumnElement[Any]]:
    """The key at a path, as a text, where it leads to no record; null elsewhere. One for each reference or link of the
    row itself. there: the mappings of the same source."""
    binding = mapping.fields[path]
    links = binding if isinstance(binding, tuple) else (Link(binding),) if isinstance(binding, ByKey) else ()
    for link in links:
        target = link.target
        if link.table is not None:
            continue
        if not isinstance(target, ByKey):
            continue
        lost = [
            and_(*_coded(renderer, target, code), _lost(renderer, target, there[found], start))
            for code, found in target.to.items()
            if found in there
        ]
        if lost:
            said: list[ColumnElement[bool]] = [renderer.tables.column(name).is_not(None) for name in target.columns]
            if link.only is not None:
                said.append(renderer.predicate(link.only))
            said += [renderer.code_point(renderer.tables.column(target.columns[0])) != token for token in target.null]
            yield case((and_(*said, or_(*lost)), renderer.key_text(target.columns)), else_=null())


def _coded(renderer: Renderer, target: ByKey, code: str) -> list[ColumnElement[bool]]:
    return [] if target.code is None else [renderer.code_point(renderer.value(target.code)) == code]


def _lost(renderer: Renderer, target: ByKey, mapping: Mapping, start: From) -> ColumnElement[bool]:
    """Whether no row of a mapping has the key."""
    # whichever of the rows with that key: a look for the first of each would be a look at all
    mapping = replace(mapping, distinct=False)
    found = Renderer(mapping_tables(renderer.tables.shape, mapping, "d_"))
    same = [
        found.same(found.tables.column(name), renderer.tables.column(own))
        for name, own in zip(mapping.key, target.columns, strict=True)
    ]
    row = start(select(literal(1)), mapping, found).where(*same)
    return ~row.correlate_except(*found.tables.named.values()).exists()
