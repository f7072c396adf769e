"""Rows to response objects by one generated expression: what the careful way makes of rows in which nothing is odd.

The text of a projection is made of names of our own and of response keys and names as literals of Python's own making;
values come through its namespace.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from graphql import GraphQLEnumType, get_named_type, is_list_type, is_non_null_type

from resolvers.engine.completion import Position
from resolvers.engine.objects import Fast, Named, Object, Run, Selected
from resolvers.engine.outcome import Marked, OddError, odd
from resolvers.engine.places import Entries, Id, Member, Owner, Part, Value
from resolvers.global_id import URL_SAFE, GlobalIds
from resolvers.level import Level
from resolvers.mapping import Mapping

# Their canonical values are shown as they are.
_PLAIN = frozenset({"String", "ID", "Boolean", "Int", "Float", "CurrencyCode", "RegionCode", "JSON"})
# Of these equal values are shown alike, and there are few of them.
_REPEATED = frozenset({"DateTime", "Date", "LocalTime"})
KEPT = 4_096


class Shown(dict[Any, Any]):
    """Values as they are shown, by value; the first ones are kept."""

    def __init__(self, coerce: Callable[[Any], Any]) -> None:
        super().__init__({None: None})
        self._coerce = coerce

    def __missing__(self, value: Any) -> Any:
        shown = self._coerce(value)
        if len(self) < KEPT:
            self[value] = shown
        return shown


class _Owners(dict[str, Any]):
    """Partners as they are shown in one run, by code."""

    def __init__(self, run: Run, field: Owner) -> None:
        super().__init__()
        self._run = run
        self._field = field

    def __missing__(self, code: str) -> Any:
        shown = self._field.inner.complete(self._run, [self._run.context.partners[code]])[0]
        if isinstance(shown, Marked) or (shown is None and self._field.position.required):
            raise OddError
        self[code] = shown
        return shown


def projection(fields: Sequence[Selected], level: Level, ids: GlobalIds) -> tuple[Fast, list[int]]:
    """A generated way for records of a level, and the fields that it is given complete, by place."""
    return Writer(level, ids).function(fields)


class Writer:
    """Writes one function."""

    def __init__(self, level: Level, ids: GlobalIds) -> None:
        self._level = level
        self._ids = ids
        self._space: dict[str, Any] = {}
        self._read: set[int] = set()
        self._shared: list[str] = []
        self._before: list[int] = []
        self._bound = 0

    def function(self, fields: Sequence[Selected]) -> tuple[Fast, list[int]]:
        """The function of a record's fields."""
        members = []
        for index, each in enumerate(fields):
            text = self._of_record(each, frozenset())
            if text is None:
                text = f"a{len(self._before)}"
                self._before.append(index)
            members.append(f"{each.key!r}: {text}")
        names = [f"v{at}" if at in self._read else "_" for at in range(len(self._level.paths))]
        values = f"({', '.join(names)},)" if self._read else "_v"
        row = f"m, k, {values}, *_"
        columns = [f"c{index}" for index in range(len(self._before))]
        loop = f"{row} in objects"
        if columns:
            loop = f"({row}), {', '.join(f'a{i}' for i in range(len(columns)))} in zip(objects, {', '.join(columns)})"
        lines = [
            f"def fast({', '.join(['run', 'objects', *columns])}):",
            *(f"    {line}" for line in self._shared),
            f"    return [{{{', '.join(members)}}} for {loop}]",
        ]
        exec(compile("\n".join(lines), "<projection>", "exec"), self._space)  # noqa: S102 - our own text, see above
        fast: Fast = self._space["fast"]
        return fast, self._before

    def _put(self, value: Any) -> str:
        name = f"g{len(self._space)}"
        self._space[name] = value
        return name

    def _word(self, word: str, value: Any) -> str:
        """A name for a value that all texts call alike."""
        self._space[word] = value
        return word

    def _value(self, at: int) -> str:
        """A value of the row by its place."""
        self._read.add(at)
        return f"v{at}"

    # records ---------------------------------------------------------------------------------------------------------

    def _of_record(self, field: Selected, sure: frozenset[int]) -> str | None:
        """The expression of a field of a record; None where its column is to be given. sure: values that are there."""
        match field:
            case Named():
                return repr(field.position.parent)
            case Id():
                return self._id()
            case Owner() if not field.awaits:
                name = f"q{len(self._shared)}"
                self._shared.append(f"{name} = {self._put(_shared(field))}(run)")
                return f"{name}[m.partner]"
            case Part() if not field.awaits:
                return self._part(field)
            case Entries() if not field.awaits:
                return self._entries(field.position, self._value(field.at), field.inner)
            case Value():
                return self._leaf(field.position, self._value(field.at), sure=field.at in sure)
            case _:
                return None

    def _id(self) -> str:
        mappings = list(self._level.mappings.values())
        writers = {m.id: self._ids.writer(m.entity, m.id, m.key_is_personal) for m in mappings}
        if len(mappings) == 1 and not mappings[0].key_is_personal:
            return self._written(mappings[0], "k")
        return f"{self._put(writers)}[m.id](k)"

    def _written(self, mapping: Mapping, key: str) -> str:
        """An id, as `GlobalIds.writer` writes it, without a call for each row."""
        head = self._put(self._ids.head(mapping.entity, mapping.id))
        base64, safe = self._word("base64", b2a_base64), self._word("safe", URL_SAFE)
        return f'{base64}({head} + {key}.encode(), newline=False).translate({safe}, b"=").decode()'

    def _part(self, field: Part) -> str | None:
        sure = frozenset(field.needed)
        members = []
        for each in field.inner.fields:
            text = self._of_record(each, sure)
            if text is None:
                return None
            members.append(f"{each.key!r}: {text}")
        tests = [f"{self._value(at)} is not None" for at in field.needed]
        if not field.holding >= self._level.mappings.keys():
            tests.insert(0, f"m.view in {self._put(field.holding)}")
        made = f"{{{', '.join(members)}}}"
        if not tests:
            return made
        return f"({made} if {' and '.join(tests)} else {self._null(field.position)})"

    def _null(self, position: Position) -> str:
        """What a null is at a position."""
        return f"{self._word('odd', odd)}()" if position.required else "None"

    # entries ---------------------------------------------------------------------------------------------------------

    def _entries(self, position: Position, name: str, inner: Object) -> str | None:
        binds: list[str] = []
        entry = f"e{self._bound}"
        self._bound += 1
        made = self._entry(inner, entry, binds, sure=True)
        if made is None:
            return None
        # `for x in [y]` is an assignment inside a comprehension, and compiled as one.
        listed = f"[{made} for {entry} in {name}{''.join(binds)}]"
        return f"({listed} if {name} is not None else {self._null(position)})"

    def _entry(self, inner: Object, name: str, binds: list[str], *, sure: bool = False) -> str | None:
        members = []
        for each in inner.fields:
            text = self._member(each, name, binds, sure)
            if text is None:
                return None
            members.append(f"{each.key!r}: {text}")
        return f"{{{', '.join(members)}}}"

    def _member(self, field: Selected, name: str, binds: list[str], sure: bool) -> str | None:
        if isinstance(field, Named):
            return repr(field.position.parent)
        if not isinstance(field, Member) or field.awaits:
            return None
        bound = f"x{self._bound}"
        self._bound += 1
        got = f"{name}.get({field.name!r})"
        binds.append(f" for {bound} in [{got if sure else f'None if {name} is None else {got}'}]")
        if not isinstance(field.inner, Object):
            return self._leaf(field.position, bound)
        if is_list_type(field.position.bare):
            return self._entries(field.position, bound, field.inner)
        made = self._entry(field.inner, bound, binds)
        return None if made is None else f"({made} if {bound} is not None else {self._null(field.position)})"

    # leaves ----------------------------------------------------------------------------------------------------------

    def _leaf(self, position: Position, name: str, *, sure: bool = False) -> str:
        shown = self._shown(position, name)
        if not position.required or sure:
            return shown
        return f"({shown} if {name} is not None else {self._null(position)})"

    def _shown(self, position: Position, name: str) -> str:
        named: Any = get_named_type(position.type)
        listed = is_list_type(position.bare)
        if listed and is_non_null_type(position.bare.of_type):
            name = f"({name} if {name} is None or None not in {name} else {self._word('odd', odd)}())"
        if named.name in _PLAIN or isinstance(named, GraphQLEnumType):
            return name
        if listed:
            return f"(None if {name} is None else [{self._one(named, 'i')} for i in {name}])"
        return self._one(named, name)

    def _one(self, named: Any, name: str) -> str:
        coerce = named.coerce_output_value
        if named.name == "Decimal":  # the border's are finite
            text, decimal = self._word("format", format), self._word("Decimal", Decimal)
            made = f'{text}({name}, "f") if {name}.__class__ is {decimal} else {self._put(coerce)}({name})'
            return f"(None if {name} is None else {made})"
        if named.name in _REPEATED:
            return f"{self._put(Shown(coerce))}[{name}]"
        return f"(None if {name} is None else {self._put(coerce)}({name}))"


def _shared(field: Owner) -> Callable[[Run], _Owners]:
    def shared(run: Run) -> _Owners:
        found: _Owners | None = run.shared.get(field)
        if found is None:
            found = run.shared[field] = _Owners(run, field)
        return found

    return shared
