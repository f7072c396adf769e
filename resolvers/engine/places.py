"""What the objects of a place hold in themselves: a record's values and parts, the entries of its lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.engine.completion import Position
from resolvers.engine.objects import Got, Inner, Object, Run, Selected, read
from resolvers.fetch import Row


class Value(Selected):
    """A leaf of a record, or a list of leaves. at: where it stands in a row's values."""

    def __init__(self, key: str, position: Position, inner: Inner, at: int) -> None:
        super().__init__(key, position, inner)
        self.at = at

    def raws(self, run: Run, objects: Sequence[Row]) -> list[Any]:
        at = self.at
        return [row[2][at] for row in objects]


class Part(Selected):
    """A part of a record: null for mappings that hold nothing of it, and where a leaf that it must have is null.

    holding: views of mappings. needed: where those leaves stand in a row's values.
    """

    inner: Object

    def __init__(
        self, key: str, position: Position, inner: Object, holding: frozenset[str], needed: Sequence[int]
    ) -> None:
        super().__init__(key, position, inner)
        self.holding = holding
        self.needed = tuple(needed)
        self.awaits = inner.awaits

    def raws(self, run: Run, objects: Sequence[Row]) -> list[Any]:
        return [row if self._there(row) else None for row in objects]

    def _there(self, row: Row) -> bool:
        return row.mapping.view in self.holding and all(row.values[at] is not None for at in self.needed)


class Entries(Value):
    """A list of parts."""

    inner: Object


class Member(Selected):
    """What an entry of a list of parts holds under a name: a leaf, a part of its own, or a list."""

    def __init__(self, key: str, position: Position, inner: Inner, attribute: str) -> None:
        super().__init__(key, position, inner)
        self.name = position.name
        self._attribute = attribute
        self.awaits = inner.awaits

    def raws(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        return [read(each, self.name, self._attribute) for each in objects]


class Id(Selected):
    """A record's global id."""

    def raws(self, run: Run, objects: Sequence[Row]) -> list[Any]:
        write = run.context.ids.write
        return [write(row.mapping.entity, row.mapping.id, row.key, row.mapping.key_is_personal) for row in objects]


class Owner(Got):
    """The partner whose record it is."""

    def __init__(self, key: str, position: Position, inner: Inner) -> None:
        super().__init__(key, position, inner, lambda run, row: run.context.partners[row.mapping.partner])
