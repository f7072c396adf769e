"""A statement compiled once: what it is asked is filled in, and SQLAlchemy is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Map
from typing import Any, NamedTuple

from sqlalchemy import BindParameter
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from resolvers.connectors.sql.piece import Statement
from resolvers.connectors.sql.shape import Shape
from resolvers.connectors.sql.structure import FEW
from resolvers.operand import CLOCKS, FORMS, Clock

Process = Callable[[Any], Any]
Reader = Callable[[Sequence[Sequence[Any]]], Sequence[Sequence[Any]]]
# What is kept for one statement: texts by the lengths of its lists.
TEXTS = 64
# A longer list is given as it is: few are, and databases bound how many values a statement may have.
LONGEST = 4096
_CLOCKS = frozenset(Clock(name[1:]).parameter(form) for name in CLOCKS for form in FORMS)


class Unfit(Exception):
    """The statement has something that cannot be filled in this way; SQLAlchemy executes it each time."""


class Prepared:
    """A statement for one shape. sent: what is told of it."""

    __slots__ = (
        "_compiled",
        "_dialect",
        "_fill",
        "_lists",
        "_readers",
        "_types",
        "clocks",
        "sent",
        "shape",
        "statement",
    )

    def __init__(self, statement: Statement, shape: Shape, dialect: Dialect) -> None:
        compiled = statement.clause.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        if not compiled.positional or compiled.literal_execute_params:
            raise Unfit
        self.shape = shape
        self.statement = statement
        self.sent: tuple[object, ...] = (compiled.string,)
        self._dialect = dialect
        self._types: list[TypeEngine[Any]] = [column.type for column in compiled._result_columns]
        self._readers: dict[tuple[Any, ...], Reader | None] = {}
        parameters = {name: _Parameter(name, compiled.binds[name], statement) for name in compiled.positiontup or ()}
        self.clocks = any(parameter.clock for parameter in parameters.values())
        lists = [parameter for parameter in parameters.values() if parameter.expands]
        if lists:
            self._fill: _Line | _Lists = _Lists(compiled, parameters)
        else:
            self._fill = _Line(compiled.string, compiled.positiontup or (), parameters, dialect)

    def filled(self, asked: Any, clocks: Map[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The text for what is asked, and its values as the driver takes them. clocks: needed where it has `clocks`."""
        return self._fill.filled(asked, clocks)

    def read(self, rows: Sequence[Sequence[Any]], types: tuple[Any, ...]) -> list[Any]:
        """What raw rows of the driver say."""
        try:
            reader = self._readers[types]
        except KeyError:
            reader = self._readers[types] = _reader(self._types, types, self._dialect)
        return self.statement.read(rows if reader is None else reader(rows))


class _Parameter:
    """One parameter: a constant, a clock, or filled from what is asked. expands: into as many as it has values."""

    __slots__ = ("bind", "clock", "constant", "expands", "fill", "name")

    def __init__(self, name: str, bind: BindParameter[Any], statement: Statement) -> None:
        self.name = name
        self.bind = bind
        self.expands = bind.expanding
        self.fill = statement.fills.by_name.get(bind.key)
        self.clock = bind.key in _CLOCKS
        self.constant = None if self.fill or self.clock else bind.value
        if self.fill is None and not self.clock and (bind.callable is not None or bind.required):
            raise Unfit
        if self.expands and self.clock:
            raise Unfit

    def process(self, dialect: Dialect) -> Process | None:
        found: Process | None = self.bind.type.dialect_impl(dialect).bind_processor(dialect)
        return found


class _Places:
    """The values of a text: its constants are there, the rest has places among them. names: whose each place is; a
    value for each place of a list's is put there by who knows the list."""

    __slots__ = ("_clocks", "_constants", "_fills")

    def __init__(self, names: Sequence[str], parameters: Iterable[_Parameter], dialect: Dialect) -> None:
        self._constants: list[Any] = [None] * len(names)
        self._fills: list[tuple[tuple[int, ...], Callable[[Any], Any], Process | None]] = []
        self._clocks: list[tuple[tuple[int, ...], str, Process | None]] = []
        for parameter in parameters:
            places = tuple(place for place, other in enumerate(names) if other == parameter.name)
            process = parameter.process(dialect)
            if parameter.fill is not None:
                self._fills.append((places, parameter.fill, process))
            elif parameter.clock:
                self._clocks.append((places, parameter.bind.key, process))
            else:
                value = parameter.constant if process is None else process(parameter.constant)
                for place in places:
                    self._constants[place] = value

    def put(self, place: int, values: Sequence[Any]) -> None:
        """Constants from a place on."""
        self._constants[place : place + len(values)] = values

    def filled(self, asked: Any, clocks: Map[str, Any]) -> list[Any]:
        values = self._constants.copy()
        for places, fill, process in self._fills:
            value = fill(asked)
            if process is not None:
                value = process(value)
            for place in places:
                values[place] = value
        for places, key, process in self._clocks:
            value = clocks[key] if process is None else process(clocks[key])
            for place in places:
                values[place] = value
        return values


class _Line:
    """A text that is always the same."""

    def __init__(self, text: str, names: Sequence[str], parameters: Map[str, _Parameter], dialect: Dialect) -> None:
        self._text = text
        self._places = _Places(names, parameters.values(), dialect)

    def filled(self, asked: Any, clocks: Map[str, Any]) -> tuple[str, tuple[Any, ...]]:
        return self._text, tuple(self._places.filled(asked, clocks))


class _Lists:
    """A text with lists in it: one for each of their lengths, as SQLAlchemy expands it."""

    def __init__(self, compiled: SQLCompiler, parameters: Map[str, _Parameter]) -> None:
        self._compiled = compiled
        self._parameters = list(parameters.values())
        self._lists = [parameter for parameter in self._parameters if parameter.expands and parameter.fill]
        self._texts: dict[tuple[int, ...], _Expanded] = {}

    def filled(self, asked: Any, clocks: Map[str, Any]) -> tuple[str, tuple[Any, ...]]:
        lists = [list(parameter.fill(asked)) for parameter in self._lists]  # type: ignore[misc]
        lengths = _padded(lists)
        known = self._texts.get(lengths)
        if known is None:
            if len(self._texts) >= TEXTS:
                self._texts.clear()
            known = self._texts[lengths] = self._expanded(lists)
        values = known.places.filled(asked, clocks)
        for place, which, make in known.lists:
            listed = lists[which] if make is None else make(lists[which])
            values[place : place + len(listed)] = listed
        return known.text, tuple(values)

    def _expanded(self, lists: Sequence[list[Any]]) -> _Expanded:
        """The text for lists of these lengths."""
        compiled, dialect = self._compiled, self._compiled.dialect
        constant = {p.name: list(p.constant or ()) for p in self._parameters if p.expands and not p.fill}
        given = constant | {p.name: listed for p, listed in zip(self._lists, lists, strict=True)}
        state = compiled.construct_expanded_state(
            {p.bind.key: given.get(p.name, p.constant) for p in self._parameters}, escape_names=False
        )
        whole = {name: list(state.parameter_expansion[name]) for name in given}
        first = {keys[0]: name for name, keys in whole.items() if keys}
        order = list(state.positiontup or ())
        places = _Places(order, [p for p in self._parameters if not p.expands], dialect)
        which = {parameter.name: index for index, parameter in enumerate(self._lists)}
        makers = {
            parameter.name: _list_maker(parameter, [state.processors.get(key) for key in whole[parameter.name]])
            for parameter in self._parameters
            if parameter.expands
        }
        plain = {parameter.name for parameter in self._parameters if not parameter.expands}
        spread: list[tuple[int, int, Maker | None]] = []
        at = 0
        while at < len(order):
            if order[at] in plain:
                at += 1
                continue
            name = first[order[at]]
            if order[at : at + len(whole[name])] != whole[name]:
                raise Unfit
            make = makers[name]
            if name in which:
                spread.append((at, which[name], make))
            else:
                places.put(at, list(constant[name] if make is None else make(constant[name])))
            at += len(whole[name])
        return _Expanded(state.statement, places, tuple(spread))


Maker = Callable[[list[Any]], Sequence[Any]]


class _Expanded(NamedTuple):
    """A text for lists of some lengths. lists: the first place of each, which it is, and what makes values of it."""

    text: str
    places: _Places
    lists: tuple[tuple[int, int, Maker | None], ...]


def _list_maker(parameter: _Parameter, processes: Sequence[Process | None]) -> Maker | None:
    rows = bool(parameter.bind.type._is_tuple_type)
    if not any(processes):
        return _flat if rows else None
    if not rows:
        process = processes[0]
        assert process is not None
        return lambda listed: list(map(process, listed))
    kept = list(processes)
    return lambda listed: [
        value if process is None else process(value) for process, value in zip(kept, _flat(listed), strict=True)
    ]


def _flat(listed: list[Any]) -> list[Any]:
    return [value for row in listed for value in row]


def _padded(lists: Sequence[list[Any]]) -> tuple[int, ...]:
    """Make each list one of few lengths, so that texts come again: one of its values more often changes nothing.

    The lengths; short lists of one text are of one length.
    """
    longest = max(map(len, lists), default=0)
    if longest <= FEW:
        short = 1 << (longest - 1).bit_length() if longest else 0
        for listed in lists:
            if listed:
                listed += listed[-1:] * (short - len(listed))
    else:
        for listed in lists:
            length = len(listed)
            if 2 < length <= LONGEST:
                step = 1 << max(0, (length - 1).bit_length() - 3)
                listed += [listed[-1]] * (-length % step)
    return tuple(map(len, lists))


def _reader(wanted: Sequence[TypeEngine[Any]], types: tuple[Any, ...], dialect: Dialect) -> Reader | None:
    """What makes of raw rows those that SQLAlchemy would give; None where they are the same."""
    if types and len(types) != len(wanted):
        raise ValueError("another number of columns than was asked for")
    told = types or (None,) * len(wanted)
    processes: list[Process | None] = [
        type_.dialect_impl(dialect).result_processor(dialect, told_type)
        for type_, told_type in zip(wanted, told, strict=True)
    ]
    if not any(processes):
        return None
    return lambda rows: [
        tuple([value if process is None else process(value) for process, value in zip(processes, row, strict=True)])
        for row in rows
    ]
