"""Records made response objects while the rows of their source are read, without a look at each row in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import is_list_type

from resolvers.engine.completion import Position
from resolvers.engine.edges import Many, Reference
from resolvers.engine.objects import Named, Object, Selected
from resolvers.engine.places import Owner, Part
from resolvers.engine.projection import Writer
from resolvers.entity import Kind
from resolvers.fetch import UnshownError
from resolvers.global_id import GlobalIds
from resolvers.inline import NULL, Function
from resolvers.level import Level
from resolvers.mapping import Mapping


class Shown:
    """The fields of the records of a level, as a `Show`. filled: those that are null in it until somebody fills them
    in, by place: what has to be waited for, and what needs more than the row."""

    def __init__(self, fields: Sequence[Selected], level: Level, ids: GlobalIds, before: Sequence[int]) -> None:
        self._fields = fields
        self._level = level
        self._ids = ids
        self.filled = [at for at, each in enumerate(fields) if at in before or isinstance(each, Owner)]
        self.kept = _kept([fields[at] for at in self.filled], level)

    def write(self, function: Function, mapping: Mapping, key: str, values: Sequence[str]) -> str:
        """See `Show`."""
        writer = _Inside(self._level, self._ids, function, mapping, key, values)
        members = [
            f"{each.key!r}: {NULL if at in self.filled else writer.field(each)}" for at, each in enumerate(self._fields)
        ]
        return f"{{{', '.join(members)}}}"


def _kept(filled: Sequence[Selected], level: Level) -> frozenset[int] | None:
    """The places of values that fields look at which are filled in; None where that is not known."""
    found = {level.paths[level.names]} if level.names in level.paths else set()
    for each in filled:
        if isinstance(each, Reference):
            found.add(each.at)
        elif not isinstance(each, Named | Owner) and not (isinstance(each, Many) and each.kind is Kind.REVERSE):
            return None
    return frozenset(found)


class _Inside(Writer):
    """Writes inside the function that reads the rows of one mapping."""

    def __init__(
        self, level: Level, ids: GlobalIds, function: Function, mapping: Mapping, key: str, values: Sequence[str]
    ) -> None:
        super().__init__(level, ids)
        self._function = function
        self._mapping = mapping
        self._key = key
        self._values = values

    def field(self, field: Selected) -> str:
        """The expression of a field. UnshownError where there is none."""
        return _there(self._of_record(field, frozenset()))

    def _put(self, value: Any) -> str:
        return self._function.given(value)

    def _word(self, word: str, value: Any) -> str:
        return self._function.given(value, word)

    def _value(self, at: int) -> str:
        return self._values[at]

    def _null(self, position: Position) -> str:
        return super()._null(position)

    def _id(self) -> str:
        mapping = self._mapping
        if not mapping.key_is_personal:
            return self._written(mapping, self._key)
        return f"{self._put(self._ids.writer(mapping.entity, mapping.id, personal=True))}({self._key})"

    def _part(self, field: Part) -> str | None:
        if self._mapping.view not in field.holding or any(self._values[at] == NULL for at in field.needed):
            return self._never(field.position)
        sure = frozenset(field.needed)
        members = [f"{each.key!r}: {_there(self._of_record(each, sure))}" for each in field.inner.fields]
        made = f"{{{', '.join(members)}}}"
        tests = [f"{self._values[at]} is not None" for at in field.needed if not self._function.known(self._values[at])]
        return f"({made} if {' and '.join(tests)} else {self._null(field.position)})" if tests else made

    def _entries(self, position: Position, name: str, inner: Object) -> str | None:
        if name == NULL:
            return self._never(position)
        if name not in self._function.only:
            return super()._entries(position, name, inner)
        entry, empty = self._function.only[name]
        made = self._known(inner, entry)
        if made is None:
            return super()._entries(position, name, inner)
        return f"([{made}] if {entry} is not None else {self._null(position) if empty == NULL else empty})"

    def _known(self, inner: Object, name: str) -> str | None:
        """An entry, or a part of one, of what stands in its dictionary."""
        inside = self._function.inside.get(name)
        if inside is None:
            return None
        members = []
        for each in inner.fields:
            if isinstance(each, Named):
                members.append(f"{each.key!r}: {each.position.parent!r}")
                continue
            found = inside.get(each.position.name, NULL)
            text: str | None
            if not isinstance(each.inner, Object):
                text = self._leaf(each.position, found)
            elif is_list_type(each.position.bare):
                text = self._entries(each.position, found, each.inner)
            elif found == NULL:
                text = self._never(each.position)
            else:
                made = self._known(each.inner, found)
                text = made and f"({made} if {found} is not None else {self._null(each.position)})"
            if text is None:
                return None
            members.append(f"{each.key!r}: {text}")
        return f"{{{', '.join(members)}}}"

    def _leaf(self, position: Position, name: str, *, sure: bool = False) -> str:
        if name == NULL:
            return self._never(position)
        return super()._leaf(position, name, sure=sure or self._function.known(name))

    def _never(self, position: Position) -> str:
        """What is null in every row."""
        if position.required:
            raise UnshownError
        return NULL


def _there(text: str | None) -> str:
    if text is None:
        raise UnshownError
    return text
