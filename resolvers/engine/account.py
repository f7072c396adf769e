"""The account of who read what: a list that stands in no source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.access_log import access_page
from resolvers.engine.arguments import Arguments
from resolvers.engine.completion import Position
from resolvers.engine.edges import Edge
from resolvers.engine.objects import Column, Inner, Run


class Accesses(Edge):
    """`accessLog`."""

    def __init__(self, key: str, position: Position, inner: Inner, arguments: Arguments) -> None:
        super().__init__(key, position, inner)
        self._arguments = arguments

    async def reached(self, run: Run, objects: Sequence[Any]) -> Column:
        page = await access_page(run.context, self._arguments.given(run))
        return self.finished(run, [page] * len(objects), await self.inner.resolve(run, [page] * len(objects)))
