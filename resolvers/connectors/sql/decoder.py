"""How the raw rows of one select become Rows: row by row, or all in one function made for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.connectors.sql.sort_key import Key, SortColumn
from resolvers.fetch import Row, Show, UnshownError
from resolvers.inline import NULL, Function, or_else, write_tuple
from resolvers.leaf import Reading
from resolvers.local_key import key_text, write_key
from resolvers.mapping import Mapping
from resolvers.noted import Issues

log = logging.getLogger("gateway")
Decode = Callable[[Sequence[Sequence[Any]]], list[Any]]


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a row.

    places: of its raw values in a raw row; None for what is not selected and reads as null. reading: None where the
    mapping has no such thing. default: what it is where the source says nothing; "" for the row's own key.
    """

    places: tuple[int | None, ...]
    reading: Reading | None
    default: Any = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a Row stand in a raw row of `width` columns, and how each is read.

    key, sort: places of the key's columns and of the computed sort keys. parent: what the row leads to; None where
    nobody asks. show: how the row is shown at once, by the function made for all rows.
    """

    mapping: Mapping
    width: int
    key: tuple[int, ...]
    sort: tuple[int, ...]
    keys: tuple[Key, ...]
    members: tuple[Member, ...]
    parent: Member | None = None
    show: Show | None = None

    def row(self, raw: Sequence[Any], issues: Issues = None) -> Row | None:
        """One row. None where its key is null, so that it is no record, or where it leads nowhere."""
        key = key_text([raw[place] for place in self.key])
        if key is None:
            return None
        values = []
        for member in self.members:
            found = None if member.reading is None else member.reading.build(_taken(raw, member.places), issues)
            values.append((key if member.default == "" else member.default) if found is None else found)
        computed = iter(self.sort)
        sort = tuple(one.decode(raw[next(computed)]) if isinstance(one, SortColumn) else one.value for one in self.keys)
        token = None
        if self.parent is not None and self.parent.reading is not None:
            token = self.parent.reading.build(_taken(raw, self.parent.places), None)
            if token is None:
                return None
        return Row(self.mapping, key, tuple(values), sort, token)

    def write(self, function: Function, raws: Sequence[str]) -> str:
        """Say `row` inside a function, of the raw values by their names. The name of the Row, or of None."""
        row = function.keep(NULL, "row")
        key = write_key(function, [raws[place] for place in self.key])
        with function.under(f"if {key} is not None"):
            values = [self._value(function, member, key, raws) for member in self.members]
            sort = self._sort(function, raws)
            token = NULL
            if self.parent is not None:
                token = _written(function, self.parent, raws)
            with function.under("" if self.parent is None else f"if {token} is not None"):
                shown = NULL
                if self.show is not None:
                    text = self.show.write(function, self.mapping, key, values)
                    shown = function.keep(text, "shown")
                    values = _left(function, self.show, values, text)
                held = f"({''.join(f'{value}, ' for value in values)})"
                parts = f"{function.given(self.mapping, 'of')}, {key}, {held}, {sort}, {token}, (), {shown}"
                function.line(f"{row} = {write_tuple(function, Row, parts)}")
        return row

    def every(self) -> Decode:
        """What reads all rows, made when the first come."""
        made: list[Decode] = []

        def decode(raws: Sequence[Sequence[Any]]) -> list[Any]:
            if not made:
                made.append(self.function().made("raws"))
            return made[0](raws)

        return decode

    def or_else(self, plain: Layout) -> Decode:
        """What reads all rows and shows them, or by another layout where one of them cannot be shown."""
        showing, reading = self.every(), plain.every()
        unfit: list[UnshownError] = []

        def decode(raws: Sequence[Sequence[Any]]) -> list[Any]:
            if not unfit:
                try:
                    return showing(raws)
                except UnshownError as error:
                    unfit.append(error)
                except Exception as odd:  # it knows nothing of errors: who reads the rows without it tells
                    log.debug("read anew: %s", type(odd).__name__)
            return reading(raws)

        return decode

    def function(self) -> Function:
        """A function of raw rows that gives the Rows, without those that are none."""
        function = Function()
        found = function.keep("[]", "rows")
        add = function.keep(f"{found}.append", "add")
        names = [f"r{place}" for place in range(self.width)]
        with function.under(f"for {', '.join(names)}, in raws"):
            row = self.write(function, names)
            with function.under(f"if {row} is not None"):
                function.line(f"{add}({row})")
        function.line(f"return {found}")
        return function

    def reading(self) -> Reading:
        """The row as a value of another one, of raw values of its own."""
        return Reading((), lambda raws, _issues: self.row(raws), self.write)

    def _value(self, function: Function, member: Member, key: str, raws: Sequence[str]) -> str:
        own = member.default == ""
        if member.reading is None:
            return key if own else function.given(member.default)
        found = _written(function, member, raws)
        if own:
            return function.keep(f"{key} if {found} is None else {found}")
        return or_else(function, found, member.default)

    def _sort(self, function: Function, raws: Sequence[str]) -> str:
        if not any(isinstance(key, SortColumn) for key in self.keys):
            return function.given(tuple(key.value for key in self.keys if not isinstance(key, SortColumn)), "sort")
        computed = iter(self.sort)
        return "(" + "".join(f"{_sorted(function, key, computed, raws)}, " for key in self.keys) + ")"


def each(decode: Callable[[Sequence[Any]], Any]) -> Decode:
    """Row by row, without those that are None."""
    return lambda raws: [found for found in map(decode, raws) if found is not None]


def _taken(raw: Sequence[Any], places: Sequence[int | None]) -> tuple[Any, ...]:
    return tuple(None if place is None else raw[place] for place in places)


def _written(function: Function, member: Member, raws: Sequence[str]) -> str:
    assert member.reading is not None
    return member.reading.write(function, [NULL if place is None else raws[place] for place in member.places])


def _sorted(function: Function, key: Key, computed: Any, raws: Sequence[str]) -> str:
    if not isinstance(key, SortColumn):
        return function.given(key.value, "sort")
    raw = raws[next(computed)]
    decoded = f"{function.given(key.decode, 'sort')}({raw})"
    return function.keep(f"{raw} if {raw}.__class__ is str else {decoded}" if key.text else decoded)


def _left(function: Function, show: Show, values: Sequence[str], used: str) -> list[str]:
    """The values that somebody looks at besides what is shown; others are null, and their lists are not made."""
    if show.kept is None:
        return list(values)
    kept = {value for place, value in enumerate(values) if place in show.kept}
    for value in values:
        if value not in kept:
            function.unmade(value, used)
    return [value if place in show.kept else NULL for place, value in enumerate(values)]
