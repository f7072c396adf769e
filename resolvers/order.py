"""The total order of a list: sort keys, then partner, mapping and the source's own key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any

from resolvers.fetch import OrderKey, Row


def merge(rows: Iterable[Row], order: Sequence[OrderKey]) -> list[Row]:
    """Rows in the total order. Rows of one mapping must come by its own key already: only their source knows its order.

    Nulls are greatest, so they are last ascending and first descending. Sorting is stable, so that sorting by the least
    key first leaves ties as they were.
    """
    found = list(rows)
    mappings = [next(run).mapping for _, run in groupby(found, _whose)]
    names = [mapping.rank for mapping in mappings]
    if any(left > right for left, right in pairwise(names)):
        places = {id(mapping): name for mapping, name in zip(mappings, names, strict=True)}
        found = _by([places[id(row.mapping)] for row in found], found)
    for index in reversed(range(len(order))):
        values: list[Any] = [row.sort[index] for row in found]  # sources do not tell apart what differs very late
        if None in values:
            values = [(value is None, value) for value in values]
        found = _by(values, found, descending=order[index].descending)
    return found


def _whose(row: Row) -> int:
    return id(row.mapping)


def _by(values: Sequence[Any], rows: Sequence[Row], *, descending: bool = False) -> list[Row]:
    """Rows sorted by a value of each."""
    return [rows[place] for place in sorted(range(len(rows)), key=values.__getitem__, reverse=descending)]
