"""Connections: the pages of all objects of a place, and what is selected of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from resolvers.engine.completion import Position
from resolvers.engine.edges import Edge, every
from resolvers.engine.objects import Column, Inner, Run, Selected
from resolvers.pages import Page


class Nodes(Selected):
    """`nodes`: the rows of all pages are completed together. A page may be the list of its rows."""

    def __init__(self, key: str, position: Position, inner: Inner) -> None:
        super().__init__(key, position, inner)
        self.awaits = inner.awaits

    def raws(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        return [page if page.__class__ is list else page.rows for page in objects]

    def column(self, run: Run, objects: Sequence[Page]) -> Column:
        raws = self.raws(run, objects)
        return self.finished(run, raws, self.inner.complete(run, _together(raws)))

    async def fetched(self, run: Run, objects: Sequence[Page]) -> Column:
        raws = self.raws(run, objects)
        return self.finished(run, raws, await self.inner.resolve(run, _together(raws)))

    def finished(self, run: Run, raws: Sequence[Any], values: Sequence[Any]) -> Column:
        if run.troubled:
            return super().finished(run, raws, values)
        if len(raws) == 1:
            return [values]
        rest = iter(values)
        return [list(islice(rest, len(rows))) for rows in raws]


def _together(lists: Sequence[Any]) -> Any:
    return lists[0] if len(lists) == 1 else [row for rows in lists for row in rows]


class Edges(Nodes):
    """`edges`: each a page and one of its rows."""

    def raws(self, run: Run, objects: Sequence[Page]) -> list[Any]:
        return [[(page, row) for row in page.rows] for page in objects]


class EdgeNode(Selected):
    """The record of an edge."""

    def __init__(self, key: str, position: Position, inner: Inner) -> None:
        super().__init__(key, position, inner)
        self.awaits = inner.awaits

    def raws(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        return [row for _, row in objects]


class Count(Edge):
    """`totalCount`."""

    async def reached(self, run: Run, objects: Sequence[Page]) -> Column:
        raws = await every([page.count() for page in objects])
        found = [raw for raw in raws if raw is not None and not isinstance(raw, Exception)]
        return self.finished(run, raws, await self.inner.resolve(run, found))
