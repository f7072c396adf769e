"""A statement compiled once: what it is asked is filled in, and SQLAlchemy is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Map
from typing import Any

from sqlalchemy import BindParameter
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from resolvers.connectors.sql.piece import Statement
from resolvers.connectors.sql.shape import Shape
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
        if any(parameter.expands for parameter in parameters.values()):
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

    def value(self, asked: Any, clocks: Map[str, Any]) -> Any:
        if self.fill is not None:
            return self.fill(asked)
        return clocks[self.bind.key] if self.clock else self.constant

    def process(self, dialect: Dialect) -> Process | None:
        found: Process | None = self.bind.type.dialect_impl(dialect).bind_processor(dialect)
        return found


class _Line:
    """A text that is always the same: its constants are there, the rest has places among them."""

    def __init__(self, text: str, names: Sequence[str], parameters: Map[str, _Parameter], dialect: Dialect) -> None:
        self._text = text
        self._constants: list[Any] = [None] * len(names)
        self._fills: list[tuple[tuple[int, ...], Callable[[Any], Any], Process | None]] = []
        self._clocks: list[tuple[tuple[int, ...], str, Process | None]] = []
        for name, parameter in parameters.items():
            places = tuple(place for place, other in enumerate(names) if other == name)
            process = parameter.process(dialect)
            if parameter.fill is not None:
                self._fills.append((places, parameter.fill, process))
            elif parameter.clock:
                self._clocks.append((places, parameter.bind.key, process))
            else:
                value = parameter.constant if process is None else process(parameter.constant)
                for place in places:
                    self._constants[place] = value

    def filled(self, asked: Any, clocks: Map[str, Any]) -> tuple[str, tuple[Any, ...]]:
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
        return self._text, tuple(values)


class _Lists:
    """A text with lists in it: one for each of their lengths, as SQLAlchemy expands it."""

    def __init__(self, compiled: SQLCompiler, parameters: Map[str, _Parameter]) -> None:
        self._compiled = compiled
        self._parameters = list(parameters.values())
        self._lists = [parameter for parameter in self._parameters if parameter.expands]
        self._texts: dict[tuple[int, ...], tuple[str, list[tuple[str, Any]]]] = {}

    def filled(self, asked: Any, clocks: Map[str, Any]) -> tuple[str, tuple[Any, ...]]:
        given = {parameter.name: parameter.value(asked, clocks) for parameter in self._parameters}
        lengths = []
        for parameter in self._lists:
            listed = list(given[parameter.name])
            if parameter.fill is not None:
                _pad(listed)
            given[parameter.name] = listed
            lengths.append(len(listed))
        known = self._texts.get(tuple(lengths))
        if known is None:
            if len(self._texts) >= TEXTS:
                self._texts.clear()
            known = self._texts[tuple(lengths)] = self._expanded(given)
        text, names = known
        values: list[Any] = []
        for name, process in names:
            value = given[name]
            if process.__class__ is tuple:
                values += process[0](value)
            else:
                values.append(value if process is None else process(value))
        return text, tuple(values)

    def _expanded(self, given: dict[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
        """The text, and in its order the names of its parameters, each with what makes values of what it is given;
        (in a tuple) of all of a list."""
        state = self._compiled.construct_expanded_state(
            {parameter.bind.key: given[parameter.name] for parameter in self._parameters}, escape_names=False
        )
        dialect = self._compiled.dialect
        whole = {parameter.name: list(state.parameter_expansion[parameter.name]) for parameter in self._lists}
        lists = {
            parameter.name: (_list_maker(parameter, [state.processors.get(key) for key in whole[parameter.name]]),)
            for parameter in self._lists
        }
        first = {keys[0]: name for name, keys in whole.items() if keys}
        plain = {parameter.name: parameter.process(dialect) for parameter in self._parameters if not parameter.expands}
        names: list[tuple[str, Any]] = []
        places = list(state.positiontup or ())
        at = 0
        while at < len(places):
            name = places[at]
            if name in plain:
                names.append((name, plain[name]))
                at += 1
                continue
            listed = first[name]
            if places[at : at + len(whole[listed])] != whole[listed]:
                raise Unfit
            names.append((listed, lists[listed]))
            at += len(whole[listed])
        return state.statement, names


def _list_maker(parameter: _Parameter, processes: Sequence[Process | None]) -> Callable[[list[Any]], Iterable[Any]]:
    rows = bool(parameter.bind.type._is_tuple_type)
    if not any(processes):
        return _flat if rows else _as_it_is
    if not rows:
        process = processes[0]
        assert process is not None
        return lambda listed: map(process, listed)
    kept = list(processes)
    return lambda listed: [
        value if process is None else process(value) for process, value in zip(kept, _flat(listed), strict=True)
    ]


def _flat(listed: list[Any]) -> list[Any]:
    return [value for row in listed for value in row]


def _as_it_is(listed: list[Any]) -> list[Any]:
    return listed


def _pad(listed: list[Any]) -> None:
    """Make a list one of few lengths, so that texts come again: one of its values more often changes nothing."""
    length = len(listed)
    if 2 < length <= LONGEST:
        step = 1 << max(0, (length - 1).bit_length() - 3)
        listed += [listed[-1]] * (-length % step)


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
