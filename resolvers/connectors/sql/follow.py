"""A reference that the database follows itself: the row that it leads to, beside the row that leads there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column as TableColumn
from sqlalchemy import ColumnElement, FromClause, Select, Subquery, and_
from sqlalchemy.types import CHAR, TEXT, VARCHAR, Integer, TypeEngine, Uuid

from resolvers.connectors.sql.column_type import Untyped
from resolvers.connectors.sql.decoder import Layout, Member
from resolvers.connectors.sql.granted import GrantedRows
from resolvers.connectors.sql.render import Drifted, Renderer, Unpushable, mapping_tables
from resolvers.expression import Coalesce, Column, Constant, Placeholder, Template
from resolvers.fetch import Along, Arm, Fetch, Show
from resolvers.inline import NULL, Function
from resolvers.leaf import Reading
from resolvers.mapping import ByKey, Value

Lay = Callable[[Fetch, Arm, Renderer], tuple[Sequence[ColumnElement[Any]], Layout, Sequence[Value]]]
"""What the rows of an arm are made of: elements, how their raw values are read, and what paths are read from."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The row of a reference's target. references: the columns that lead there. elements: what is selected of the
    target, read by `layout`. kinds: of the references' raw values that are joined as they are looked up, None for all;
    what is of another kind is still to be looked up."""

    there: Renderer
    keys: tuple[ColumnElement[Any], ...]
    references: tuple[ColumnElement[Any], ...]
    conditions: tuple[ColumnElement[bool], ...]
    elements: tuple[ColumnElement[Any], ...]
    layout: Layout
    kinds: tuple[type | None, ...]
    token: Member

    def member(self, start: int, show: Show | None = None) -> Member:
        """Where the reference then stands, the elements from `start` on, and how it reads. show: of the target."""
        assert self.token.reading is not None
        places = (*self.token.places, *range(start, start + len(self.elements)))
        layout = self.layout if show is None else replace(self.layout, show=show)
        return Member(places, self._reading(self.token.reading, layout), self.token.default)

    def join(self, base: Select[Any], kept: Subquery | None = None) -> Select[Any]:
        """The target's row, or nulls, beside each row of a select. kept: what has the columns, by their places."""
        references = self.references
        if kept is not None:
            references = tuple(kept.c[f"c{place}"] for place in self.token.places)
        there: FromClause = self.there.tables.named[""]
        pairs = zip(self.keys, references, strict=True)
        return base.outerjoin(there, and_(*(self._same(*pair) for pair in pairs), *self.conditions))

    def _same(self, key: ColumnElement[Any], reference: ColumnElement[Any]) -> ColumnElement[bool]:
        if self.there.dialect == "sqlite" and not isinstance(key.type, Integer):  # whatever the columns' collations
            return self.there.code_point(key) == self.there.code_point(reference)
        return key == reference

    def _reading(self, token: Reading, layout: Layout) -> Reading:
        """How the reference reads, of its own raw values and then the elements': the Row, None, or the token where a
        value has to be looked up."""
        width = len(self.references)

        def build(raws: Sequence[Any], _issues: Any) -> Any:
            led: Any = token.build(raws[:width], None)
            if led is None or not all(_joined(raw, kind) for raw, kind in zip(raws, self.kinds, strict=False)):
                return led
            row = layout.row(raws[width:])
            # The database may take two texts for one.
            return row if row is not None and row.key == led[1] else None

        def inline(function: Function, raws: Sequence[str]) -> str:
            led = token.write(function, raws[:width])
            found = function.keep(led, "led")
            tests = [_test(raw, kind) for raw, kind in zip(raws, self.kinds, strict=False) if kind is not None]
            with function.under(f"if {' and '.join([f'{led} is not None', *tests])}"):
                row = layout.write(function, raws[width:])
                function.line(f"{found} = {row} if {row} is not None and {row}[1] == {led}[1] else {NULL}")
            return found

        return Reading((), build, inline)


def follow(
    along: Along, place: int, own: Renderer, arm: Arm, token: Member, lay: Lay, granted: GrantedRows
) -> Followed | None:
    """How the database follows a reference of an arm's rows; None where that would not be what a lookup brings.

    place: of the reference among those of its fetch, for the names of tables. token: how the reference itself is read.
    """
    binding, target = arm.mapping.fields[along.path], along.fetch.arms[0]
    mapping = target.mapping
    if not isinstance(binding, ByKey) or along.fetch.issues or mapping.distinct or len(along.fetch.arms) != 1:
        return None
    shape = own.tables.shape
    if not any(columns <= set(mapping.key) for columns in shape.unique.get(mapping.table, ())):
        return None
    try:
        there = Renderer(mapping_tables(shape, mapping, f"f{place}_"))
        keys = [there.tables.column(name) for name in mapping.key]
        references = [own.tables.column(name) for name in binding.columns]
        if len(keys) != len(references) or not all(isinstance(one, TableColumn) for one in [*keys, *references]):
            return None
        if not all(_alike(*pair, own.dialect) for pair in zip(keys, references, strict=True)):
            return None
        elements, layout, read = lay(along.fetch, target, there)
        conditions = [] if mapping.where is None else [there.predicate(mapping.where)]
        if mapping.granted is not None:
            conditions.append(granted.element(mapping.granted, there))
    except (Drifted, Unpushable):  # who looks it up says so, of the reference alone
        return None
    if not there.tables.used <= {""} or not all(map(_plain, read)):
        return None
    kinds = tuple(_kind(key.type, own.dialect) for key in keys)
    return Followed(there, tuple(keys), tuple(references), tuple(conditions), tuple(elements), layout, kinds, token)


def beside(base: Select[Any], followed: Sequence[Followed], kept: Subquery | None = None) -> Select[Any]:
    """A select with what its references lead to; see `Followed.join`."""
    for one in followed:
        base = one.join(base, kept)
    return base


def _alike(key: ColumnElement[Any], reference: ColumnElement[Any], dialect: str) -> bool:
    """Whether two columns that are equal are so for a lookup too, by the text of the one."""
    types = key.type, reference.type
    if all(isinstance(type_, Integer) for type_ in types):
        return True
    if all(isinstance(type_, Uuid) for type_ in types):
        return dialect != "sqlite"
    if dialect == "sqlite":
        return all(isinstance(type_, VARCHAR | TEXT | CHAR) and not isinstance(type_, Untyped) for type_ in types)
    if dialect == "postgresql" and not all(type(type_) in (VARCHAR, TEXT) for type_ in types):
        return False
    return all(isinstance(type_, VARCHAR | TEXT | CHAR) and _held(type_, dialect) for type_ in types) and (
        types[0].stored == types[1].stored  # type: ignore[attr-defined]
    )


def _held(type_: TypeEngine[Any], dialect: str) -> bool:
    """Whether it is known how its texts compare, and that a lookup can say each of them."""
    if getattr(type_, "stored", None) is None:
        return False
    return dialect == "postgresql" or getattr(type_, "charset", None) in ("utf8mb4", "utf8", "utf8mb3", "ascii")


def _kind(type_: TypeEngine[Any], dialect: str) -> type | None:
    """What raw values of a reference must be to be joined; None where they can be nothing else."""
    if dialect == "postgresql":
        return None
    if isinstance(type_, Integer):
        return int if dialect == "sqlite" else None
    return None if isinstance(type_, Uuid) else str


def _joined(raw: Any, kind: type | None) -> bool:
    return kind is None or (type(raw) is kind and (kind is not str or "\0" not in str(raw)))


def _test(raw: str, kind: type | None) -> str:
    assert kind is not None
    return f"{raw}.__class__ is int" if kind is int else f'{raw}.__class__ is str and "\\0" not in {raw}'


def _plain(value: Any) -> bool:
    """Whether reading it can never fail in the database, where it would take other rows' values with it."""
    if value is None or isinstance(value, str | int | float):
        return True
    if isinstance(value, Value):
        return value.steps is None and _plain(value.expression)
    match value:
        case Column() | Constant():
            return True
        case Placeholder(value=found):
            return _plain(found)
        case Coalesce(members=members) | Template(members=members):
            return all(map(_plain, members))
        case _:
            return False
