"""How a leaf is read from raw values of its row: whole, where the database can put it together, else piece by piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from resolvers.coercion import MOMENT, converter, text_of
from resolvers.entity import Field, Kind
from resolvers.expression import (
    Case,
    Coalesce,
    Column,
    Constant,
    Expression,
    Gathered,
    Plus,
    Template,
    Tree,
    Unread,
    Value,
    inner,
    light,
    placeholders,
)
from resolvers.inline import Function, Inline
from resolvers.listing import in_order, way_down
from resolvers.mask import MASKS
from resolvers.noted import (
    PLACEHOLDER,
    Make,
    guarded,
    quiet,
    repairs_told,
    tell_token,
    tokened,
    tokens_told,
    understood,
    unquoted,
)
from resolvers.noted import Issues as Issues
from resolvers.predicate import Predicate
from resolvers.shortcut import shortcut
from resolvers.steps import unread
from resolvers.written import plus

Rules = tuple[tuple[Expression, tuple[re.Pattern[str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """values: what to select, in order. make: those raw values (and a list for issues) -> the canonical value. inline:
    how it is said inside a function that reads many rows, and asks for no issues; None where `make` is called."""

    values: tuple[Value, ...]
    make: Make
    inline: Inline | None = None


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes for one field. zone: of the source's times. path: told with issues. rules: what the patterns of the
    whole mapping take, by the text that they look at. telling: null tokens that a database finds are issues too."""

    field: Field
    zone: str
    path: str
    rules: Rules = ()
    telling: bool = False

    def leaf(self, value: Value) -> Composition:
        """The canonical value of a form."""
        if value.mask is not None:
            whole_ = self.leaf(replace(value, mask=None))
            return Composition(whole_.values, unquoted(whole_.make, MASKS[value.mask].show))
        if isinstance(value.expression, Gathered):
            return self._gathered(value.expression)
        if isinstance(value.expression, Tree):
            return Composition((value,), self._read(way_down))
        read = converter(self.field, value, self.zone)
        convert = guarded(read, self.path)
        if isinstance(value.expression, Constant):
            constant = value.expression.value
            same = None if self.field.many or self.field.type == "JSON" else _always(quiet(read)(constant))
            return Composition((), lambda _raws, issues: convert(constant, issues), same)
        noted = repairs_told(value, tokens_told(value, self._noted(value, convert), self.path), self.path)
        if whole(value.expression):
            raw = value if value.steps is None else Value(value.expression)
            inline = shortcut(self.field, value, quiet(read))
            found = Composition((raw,), lambda raws, issues: noted(raws[0], issues), inline)
            found = self._told(raw, found)
        else:
            put = replace(self, zone=value.zone or self.zone).raw(value.expression)
            make = understood(tokened(value, put.make, self.path) if value.steps is None else put.make, self.path)
            found = Composition(put.values, lambda raws, issues: noted(make(raws, issues), issues))
        if value.assumed is not None:
            return self._assumed(value, found)
        return found if value.unit is None else self._measured(value, found)

    def _noted(self, value: Value, convert: Make) -> Make:
        """With a note where a local time is one that clocks showed twice or never."""
        if self.field.type != "DateTime" or self.field.many:
            return convert
        there = ZoneInfo(value.zone or self.zone)
        path = self.path
        local = converter(self.field, replace(value, zone="UTC"), "UTC")

        def noted(raw: Any, issues: Issues) -> Any:
            found = convert(raw, issues)
            if issues is not None and found is not None:
                shown = local(raw)
                first = shown.replace(tzinfo=there)
                if shown != found and first.utcoffset() != first.replace(fold=1).utcoffset():
                    issues.append(("AMBIGUOUS_ZONE", path, text_of(raw)[:80]))
            return found

        return noted

    def _told(self, value: Value, found: Composition) -> Composition:
        """With a note where the database found a null token that says something."""
        tokens = tuple(Value(one) for one in placeholders(value)) if self.telling else ()
        if not tokens:
            return found
        width, path = len(found.values), self.path

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            if issues is not None:
                for raw in raws[width:]:
                    tell_token(raw, path, issues)
            return found.make(raws[:width], issues)

        return Composition((*found.values, *tokens), make, found.inline)

    def _measured(self, value: Value, number_: Composition) -> Composition:
        """A number in the unit that another column names."""
        assert value.unit is not None
        unit = Composer(_TEXT, self.zone, self.path).leaf(value.unit)
        width, units, path = len(number_.values), value.units or {}, self.path
        kind = round if self.field.type == "Int" else float

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            found = number_.make(raws[:width], issues)
            if found is None:
                return None
            name = unit.make(raws[width:], issues)
            if name is None or not name.strip(" "):
                if issues is not None:
                    issues.append(("UNIT_ASSUMED", path, str(found)[:80]))
                return found
            factor = units.get(name.strip(" ").lower())
            if factor is None:
                if issues is not None:
                    issues.append(("UNPARSEABLE_VALUE", path, f"{found} {name}"[:80]))
                return None
            return found if factor == 1.0 else kind(float(found) * factor)

        return Composition((*number_.values, *unit.values), make)

    def _assumed(self, value: Value, told: Composition) -> Composition:
        """With what stands for a value where the source says nothing; what cannot be understood stays null."""
        path, assumed = self.path, value.assumed

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            wrong: list[tuple[str, str, str]] = []
            found = told.make(raws, wrong)
            if found is None and all(code == PLACEHOLDER for code, _, _ in wrong):
                wrong.append((ASSUMED, path, ""))
                found = assumed
            if issues is not None:
                issues += wrong
            return found

        if told.inline is None:
            return Composition(told.values, make)
        known = told.inline

        def inline(function: Function, raws: Sequence[str]) -> str:
            found = known(function, raws)
            again = f"{function.given(make, 'make')}(({', '.join(raws)},), None)"
            stand_in = function.given(assumed)
            return function.keep(f"{found} if {found} is not None else {stand_in} if {raws[0]} is None else {again}")

        return Composition(told.values, make, inline)

    # rows of other tables --------------------------------------------------------------------------------------------

    def _gathered(self, gathered: Gathered) -> Composition:
        """What the rows say one by one, equal values once."""
        each_ = replace(self._single(), telling=False)
        makes = [(len(rows.order), each_.leaf(rows.each[0]).make) for rows in gathered.members]

        def make(raws: Sequence[Any], issues: Issues) -> list[Any] | None:
            found: dict[Any, None] = {}
            for raw, (skipped, each) in zip(raws, makes, strict=True):
                rows = self._read(in_order)((raw,), issues) or []
                found |= dict.fromkeys(each(row[skipped:], issues) for row in rows)
            return [value for value in found if value is not None]

        return Composition(tuple(Value(rows) for rows in gathered.members), make)

    def rows(self) -> Make:
        """What a source hands over of rows of another table: their raw values, in order."""
        return self._read(in_order)

    def _read(self, reader: Callable[[Any], list[Any] | None]) -> Make:
        """The JSON text of a source, as a reader reads it."""

        def make(raws: Sequence[Any], issues: Issues) -> list[Any] | None:
            if raws[0] is None:
                return None
            try:
                return reader(orjson.loads(raws[0]))
            except orjson.JSONDecodeError:  # longer than the database makes a text, or no characters
                if issues is not None:
                    issues.append(("UNPARSEABLE_VALUE", self.path, str(raws[0])[:80]))
                return None

        return make

    # raw values of composites ----------------------------------------------------------------------------------------

    def _member(self, member: Any) -> Composition:
        """A member of a composite: raw, or canonical where it has options of its own."""
        if isinstance(member, Value):
            return self._raw_value(member) if light(member) else self._single().leaf(member)
        if isinstance(member, Expression):
            return self.raw(member)
        return Composition((), lambda _raws, _issues: member)

    def _single(self) -> Composer:
        return replace(self, field=replace(self.field, many=False))

    def _raw_value(self, value: Value) -> Composition:
        if whole(value.expression):
            return self._told(value, Composition((value,), lambda raws, _issues: raws[0]))
        found = self.raw(value.expression)
        return Composition(found.values, tokened(value, found.make, self.path))

    def raw(self, expression: Expression) -> Composition:
        if isinstance(expression, Constant):
            return self._member(expression.value)
        if whole(expression):
            return Composition((Value(expression),), lambda raws, _issues: raws[0])
        match expression:
            case Coalesce(members=members):
                return self._first(members)
            case Template(members=members):
                return replace(self, field=_TEXT, rules=()).template(members)
            case Case():
                return self._case(expression)
            case Plus():
                return self._plus(expression)
            case Unread(text=text):
                return self._unread(text)
        raise AssertionError(expression)

    def _first(self, members: Sequence[Any]) -> Composition:
        found = [self._member(member) for member in members]
        values, spans = _placed(found)

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            for start, end, read in spans:
                raw = read(raws[start:end], issues)
                if raw is not None:
                    return raw
            return None

        return Composition(values, make)

    def template(self, members: Sequence[str | Column | Value]) -> Composition:
        """Texts and texts of forms in a row."""
        found = [self._member(member) for member in members]
        values, spans = _placed(found)
        said = [not isinstance(member, str) for member in members]

        def make(raws: Sequence[Any], issues: Issues) -> str | None:
            pieces = [read(raws[start:end], issues) for start, end, read in spans]
            if all(piece is None for piece, told in zip(pieces, said, strict=True) if told):
                return None
            whole_ = "".join("" if piece is None else text_of(piece) for piece in pieces)
            return whole_.replace("  ", " ").replace("  ", " ").strip(" ")

        return Composition(values, make)

    def _case(self, case: Case) -> Composition:
        """The database tells which case holds, the outcomes are read one by one."""
        ways: list[tuple[Predicate, Any]] = [(condition, index) for index, (condition, _) in enumerate(case.cases)]
        which = Value(Case(tuple(ways), None if case.otherwise is None else len(ways)))
        found = [self._member(outcome) for outcome in (*(outcome for _, outcome in case.cases), case.otherwise)]
        values, spans = _placed(found, 1)

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            if raws[0] is None:
                return None
            start, end, read = spans[int(raws[0])]
            return read(raws[start:end], issues)

        return Composition((which, *values), make)

    def _plus(self, sum_: Plus) -> Composition:
        """A day or time later. Counts that are no whole numbers are an issue."""
        begin = self._begin(sum_.begin)
        months, days = (self._count(count) for count in (sum_.months, sum_.days))
        values, spans = _placed([begin, months, days])

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            first, more, further = (read(raws[start:end], issues) for start, end, read in spans)
            return None if first is None or more is None or further is None else plus(first, more, further)

        return Composition(values, make)

    def _begin(self, value: Value) -> Composition:
        """The day or time to count from, as the source's own clocks show it."""
        return replace(self, field=Field(self.field.name, Kind.LEAF, MOMENT)).leaf(value)

    def _count(self, count: Value | int) -> Composition:
        if isinstance(count, int):
            return Composition((), lambda _raws, _issues: count)
        return replace(self, field=Field(self.field.name, Kind.LEAF, "Int")).leaf(count)

    def _unread(self, text: Value) -> Composition:
        prose = Composer(_TEXT, self.zone, self.path).leaf(text)
        rules = tuple(patterns for expression, patterns in self.rules if expression == text.expression)
        many = self.field.many

        def make(raws: Sequence[Any], issues: Issues) -> Any:
            found = prose.make(raws, issues)
            rest = None if found is None else unread(found, rules)
            return [rest] if many and rest is not None else rest

        return Composition(prose.values, make)


def _always(value: Any) -> Inline:
    """The same in every row."""
    return lambda function, _raws: function.given(value)


_TEXT = Field("", Kind.LEAF, "String")
ASSUMED = "CURRENCY_ASSUMED"


def whole(expression: Expression) -> bool:
    """Whether a database puts the expression together itself, without a form inside that has options of its own."""
    match expression:
        case Coalesce(members=members) | Template(members=members):
            return all(_raw_member(member) for member in members)
        case Case(cases=cases, otherwise=otherwise):
            return all(_raw_member(outcome) for outcome in (*(found for _, found in cases), otherwise))
        case Plus() | Unread():
            return False
        case _:
            return True


def _raw_member(member: Any) -> bool:
    if isinstance(member, Value):
        return light(member) and whole(member.expression)
    return whole(member) if isinstance(member, Expression) else not isinstance(member, tuple)


def _placed(found: Sequence[Composition], start: int = 0) -> tuple[tuple[Value, ...], list[tuple[int, int, Make]]]:
    """The values of several in a row, and where each one's begin and end."""
    values: list[Value] = []
    spans = []
    for one in found:
        spans.append((start + len(values), start + len(values) + len(one.values), one.make))
        values += one.values
    return tuple(values), spans


def keeps_rest(value: Value) -> bool:
    """Whether a form keeps somewhere what no pattern took."""
    return isinstance(value.expression, Unread) or any(
        keeps_rest(member if isinstance(member, Value) else Value(member)) for member in inner(value.expression)
    )


def rules_of(values: Iterable[Value]) -> Rules:
    """What the patterns of some forms take, and of which text."""
    found: list[tuple[Expression, tuple[re.Pattern[str], ...]]] = []
    for value in values:
        if value.steps is not None and value.steps.extract:
            found.append((value.expression, value.steps.extract))
        found += rules_of(member for member in inner(value.expression) if isinstance(member, Value))
    return tuple(found)
