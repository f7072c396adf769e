"""The total order of a list: sort keys, then partner, mapping and the source's own key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from resolvers.fetch import OrderKey, Row


def merge(rows: Iterable[Row], order: Sequence[OrderKey]) -> list[Row]:
    """Rows in the total order. Rows of one mapping must come in that order already: only their source knows its keys'.

    Nulls are greatest, so they are last ascending and first descending. Sorting is stable, so that sorting by the least
    key first leaves ties as they were.
    """
    found = sorted(rows, key=lambda row: (row.mapping.partner, row.mapping.name))
    for index in reversed(range(len(order))):
        found.sort(key=lambda row: (row.sort[index] is None, row.sort[index]), reverse=order[index].descending)
    return found
