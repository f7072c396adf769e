"""Objects of the response: what is selected of one, and how it is put together for all objects of a place at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import FieldNode

from resolvers.context import Context
from resolvers.engine.completion import Position, completed, sources
from resolvers.engine.outcome import Marked, OddError, Trouble, below, failed

Column = list[Any]
"""What became of one field, an entry for each object: a value, or Marked."""


@dataclass(slots=True, eq=False)
class Run:
    """One execution of a plan. variables: as graphql-core coerced them; given: as they came. shared: what is made once
    for a run, by what makes it. troubled: whether anything is Marked so far."""

    context: Context
    variables: Any
    given: Mapping[str, Any] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)
    troubled: bool = False


class Inner(Protocol):
    """What completes the objects of a field."""

    @property
    def awaits(self) -> bool:
        """Whether something below it has to be waited for."""

    def complete(self, run: Run, found: Sequence[Any]) -> Column:
        """What became of each object, where nothing has to be waited for."""

    async def resolve(self, run: Run, found: Sequence[Any]) -> Column:
        """What became of each object."""


class Leaf:
    """A scalar or an enum."""

    awaits = False

    def __init__(self, coerce: Callable[[Any], Any], nodes: tuple[FieldNode, ...]) -> None:
        self._coerce = coerce
        self._nodes = nodes

    def complete(self, run: Run, found: Sequence[Any]) -> Column:
        """Each value as it is shown."""
        try:
            shown = list(map(self._coerce, found))
        except Exception:
            return [self._one(run, value) for value in found]
        if None in shown:
            return [self._one(run, value) for value in found]
        return shown

    async def resolve(self, run: Run, found: Sequence[Any]) -> Column:
        """As `complete`."""
        return self.complete(run, found)

    def _one(self, run: Run, value: Any) -> Any:
        try:
            shown = self._coerce(value)
            if shown is None:
                raise TypeError("a leaf was shown as null")
        except Exception as error:
            run.troubled = True
            return failed(error, self._nodes)
        return shown


class Selected:
    """A field of an object that is asked for. `raws` says what the objects hold there."""

    awaits = False

    def __init__(self, key: str, position: Position, inner: Inner) -> None:
        self.key = key
        self.position = position
        self.inner = inner

    def raws(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        """What each object holds: raw values of the field's type, exceptions in place of what could not be had."""
        raise NotImplementedError

    def at_once(self, run: Run, objects: Sequence[Any]) -> Column | None:
        """What became of a field that may have to be waited for, where there is nothing to wait for after all."""
        return None

    def column(self, run: Run, objects: Sequence[Any]) -> Column:
        """What became of the field in each object, where nothing has to be waited for."""
        raws = self.raws(run, objects)
        return self.finished(run, raws, self.inner.complete(run, sources(self.position.type, raws)))

    async def fetched(self, run: Run, objects: Sequence[Any]) -> Column:
        """What became of the field in each object."""
        raws = self.raws(run, objects)
        return self.finished(run, raws, await self.inner.resolve(run, sources(self.position.type, raws)))

    def finished(self, run: Run, raws: Sequence[Any], values: Sequence[Any]) -> Column:
        """The field's positions, given what became of the sources in its raw values."""
        found = completed(self.position, raws, values)
        if not run.troubled:
            run.troubled = any(isinstance(value, Marked) for value in found)
        return found


class Got(Selected):
    """A field that one function reads from its object."""

    def __init__(self, key: str, position: Position, inner: Inner, get: Callable[[Run, Any], Any]) -> None:
        super().__init__(key, position, inner)
        self._get = get
        self.awaits = inner.awaits

    def raws(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        get = self._get
        try:
            return [get(run, each) for each in objects]
        except Exception:
            return [self._one(run, each) for each in objects]

    def _one(self, run: Run, each: Any) -> Any:
        try:
            return self._get(run, each)
        except Exception as error:
            return error


class Named(Selected):
    """`__typename`."""

    def raws(self, run: Run, objects: Sequence[Any]) -> list[Any]:
        return [self.position.parent] * len(objects)


Fast = Callable[..., Column]


class Object:
    """An object type at a place of the response, with what is selected of it, in response order.

    fast: a generated function (run, objects, one column for each of `before`) -> the objects, OddError where
    one of them needs care. before: the fields that it is given complete, by place in `fields`. filled: those that are
    still to be filled in where rows were shown while they were read.
    """

    def __init__(
        self,
        fields: Sequence[Selected],
        fast: Fast | None = None,
        before: Sequence[int] = (),
        filled: Sequence[int] = (),
    ) -> None:
        self.fields = tuple(fields)
        self.fast = fast
        self.before = tuple(before)
        self._filled = tuple(filled)
        self._waiting = tuple(index for index, each in enumerate(self.fields) if each.awaits)

    @property
    def awaits(self) -> bool:
        """Whether something in it has to be waited for."""
        return bool(self._waiting)

    def complete(self, run: Run, found: Sequence[Any]) -> Column:
        """What became of each object, where nothing has to be waited for."""
        return self._made(run, found, {}) if found else []

    async def resolve(self, run: Run, found: Sequence[Any]) -> Column:
        """What became of each object: what has to be waited for is asked for at the same time."""
        if not found:
            return []
        columns: dict[int, Column] = {}
        waiting = []
        for index in self._waiting:
            column = self.fields[index].at_once(run, found)
            if column is None:
                waiting.append(index)
            else:
                columns[index] = column
        if len(waiting) == 1:
            columns[waiting[0]] = await self.fields[waiting[0]].fetched(run, found)
        elif waiting:
            got = await asyncio.gather(*(self.fields[index].fetched(run, found) for index in waiting))
            columns.update(zip(waiting, got, strict=True))
        return self._made(run, found, columns)

    def _made(self, run: Run, found: Sequence[Any], columns: dict[int, Column]) -> Column:
        if not self.fields:
            return [{} for _ in found]
        if self.fast is not None:
            shown = [row[6] for row in found]
            if None not in shown:
                return self._filled_in(run, found, shown, columns)
            if any(each is not None for each in shown):
                return self._parted(run, found, shown, columns)
            for index in self.before:
                if index not in columns:
                    columns[index] = self.fields[index].column(run, found)
            if not run.troubled:
                try:
                    return self.fast(run, found, *(columns[index] for index in self.before))
                except OddError:
                    pass
        for index, each in enumerate(self.fields):
            if index not in columns:
                columns[index] = each.column(run, found)
        return self._together(run, columns)

    def _filled_in(self, run: Run, found: Sequence[Any], shown: Column, columns: dict[int, Column]) -> Column:
        """Of rows that are shown already."""
        for index in self._filled:
            if index not in columns:
                columns[index] = self.fields[index].column(run, found)
        if run.troubled:
            for index, each in enumerate(self.fields):
                if index not in columns:
                    columns[index] = [made[each.key] for made in shown]
            return self._together(run, columns)
        for index in self._filled:
            key = self.fields[index].key
            for made, value in zip(shown, columns[index], strict=True):
                made[key] = value
        return shown

    def _parted(self, run: Run, found: Sequence[Any], shown: Column, columns: dict[int, Column]) -> Column:
        """Of rows some of which are shown already."""
        made: Column = [None] * len(found)
        for there in (True, False):
            some = [place for place, each in enumerate(shown) if (each is not None) is there]
            mine = {index: [column[place] for place in some] for index, column in columns.items()}
            for place, one in zip(some, self._made(run, [found[place] for place in some], mine), strict=True):
                made[place] = one
        return made

    def _together(self, run: Run, columns: dict[int, Column]) -> Column:
        keys = [each.key for each in self.fields]
        if len(keys) == 1 and not run.troubled:
            key = keys[0]
            return [{key: value} for value in columns[0]]
        rows = zip(*(columns[index] for index in range(len(self.fields))), strict=True)
        if not run.troubled:
            return [dict(zip(keys, row, strict=True)) for row in rows]
        required = [each.position.required for each in self.fields]
        return [_assembled(keys, required, row) for row in rows]


def _assembled(keys: Sequence[str], required: Sequence[bool], values: Sequence[Any]) -> Any:
    made: dict[str, Any] = {}
    errors: list[Trouble] = []
    lost: list[Trouble] | None = None
    for key, must, value in zip(keys, required, values, strict=True):
        if not isinstance(value, Marked):
            made[key] = value
            continue
        told = below(key, value.errors)
        if must and value.failed:
            lost = told if lost is None else lost
        errors += told
        made[key] = value.value
    if lost is not None:
        return Marked(None, lost, failed=True)
    return Marked(made, errors, failed=False) if errors else made


def answer(found: Any) -> tuple[Any, list[Trouble]]:
    """Data and errors of a completed root."""
    if isinstance(found, Marked):
        return found.value, found.errors
    return found, []


def read(source: Any, name: str, attribute: str) -> Any:
    """What an entry of a list of parts, or another object that is no record, holds under a name."""
    return source.get(name) if source.__class__ is dict else getattr(source, attribute)
