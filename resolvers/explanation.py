"""How one value comes about, step by step: raw columns, what is done to them and where, the canonical value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from resolvers.border import model_field, reading, stand_in
from resolvers.composition import Composer, Composition, rules_of, whole
from resolvers.entity import Field, Kind, Model
from resolvers.expression import (
    Case,
    Coalesce,
    Column,
    Constant,
    Expression,
    Gathered,
    JsonPath,
    Plus,
    Raw,
    Rows,
    Template,
    Tree,
    Unread,
    Value,
    pushable,
)
from resolvers.mapping import FIRST, ByIdentifier, ByKey, Mapping, Names, Parts, Target, leaves
from resolvers.steps import Steps
from resolvers.wording import predicate_text

DATABASE, BORDER = "in the database", "at the border"
_TEXT = Field("", Kind.LEAF, "String")
_NUMBER = Field("", Kind.LEAF, "Decimal")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step. depth: of what it is a part. where: DATABASE, BORDER, or "" for a heading. made: what comes out of it,
    of the raw values of a row; None where that is told elsewhere."""

    depth: int
    text: str
    where: str = ""
    made: Composition | None = None

    def __str__(self) -> str:
        return "  " * self.depth + self.text + (f"  ({self.where})" if self.where else "")


def explain_value(model: Model, mapping: Mapping, path: str) -> list[str]:
    """The steps to a path, outermost last: lines of text, each with where it is done. The path must be mapped."""
    return [*map(str, stages(model, mapping, path, "UTC")), f"-> {type_of(model.field(mapping.entity, path))}"]


def type_of(field: Field) -> str:
    """A field's type in words."""
    return f"{field.type}{' list' if field.many else ''}"


def stages(model: Model, mapping: Mapping, path: str, zone: str) -> list[Stage]:
    """The steps to a path, outermost last. The path must be mapped. zone: of the source's times without an offset."""
    binding = mapping.fields[path]
    field = model.field(mapping.entity, path)
    way = _Way(mapping, zone, path)
    match binding:
        case Value():
            found = list(way.value(field, binding, 0))
            default = stand_in(model, mapping.entity, path, field)
            if default is not None:
                text = "the row's own key where it is null" if default == "" else f"{default!r} where it is null"
                whole_ = reading(model, mapping, path, zone)
                found.append(Stage(0, text, BORDER, Composition(whole_.values, whole_.build)))
            return found
        case Parts(members=members, gathered=gathered):
            found = []
            fields = model.parts[field.type].fields
            for number, member in enumerate(members, 1):
                found.append(Stage(0, f"entry {number}:"))
                for name, value in member.items():
                    found.append(Stage(1, f"{name}:"))
                    found += way.value(model_field(model, fields, name), value, 2)
            for entries in gathered:
                found.append(Stage(0, f"an entry of each row of {_rows_text(entries.rows)}:", DATABASE))
                for name, value in entries.fields.items():
                    found.append(Stage(1, f"{name}:"))
                    found += replace(way, seen=False).value(model_field(model, fields, name), value, 2)
            return found
        case Names(members=named):
            found = []
            for name, value in named.items():
                found.append(Stage(0, f"{name}:"))
                found += way.value(Field(name, Kind.LEAF, "JSON"), value, 1)
            return found
        case ByKey() | ByIdentifier():
            return list(_target(way, binding, 0))
        case _:
            found = []
            for number, link in enumerate(binding, 1):
                through = f", of the rows of {link.table} where {_on(link.on)}" if link.table is not None else ""
                limit = f" and {predicate_text(link.where)}" if link.where is not None else ""
                limit += f", if {predicate_text(link.only)}" if link.only is not None else ""
                found.append(Stage(0, f"link {number}{through}{limit}:"))
                found += _target(way if link.table is None else replace(way, seen=False), link.target, 1)
            return found


def _target(way: _Way, target: Target, depth: int) -> Iterator[Stage]:
    if isinstance(target, ByKey):
        columns = " and ".join(name.replace(FIRST, ", else ") for name in target.columns)
        if target.code is None:
            yield Stage(depth, f"column {columns} is a key of {target.to['']}", DATABASE)
        else:
            yield Stage(depth, f"column {columns} is a key, and a code says of what:", DATABASE)
            yield from way.value(_TEXT, target.code, depth + 1)
            yield Stage(depth + 1, ", ".join(f"{code} = {name}" for code, name in target.to.items()), BORDER)
        if target.null:
            yield Stage(depth, f"{', '.join(map(repr, target.null))} leads nowhere", BORDER)
        return
    whose = f" of {target.partner}" if target.partner is not None else ""
    yield Stage(depth, f"the record{whose} that carries the identifier", BORDER)
    for name in ("scheme", "value", "country", "whose"):
        value: Value | None = getattr(target, name)
        if value is not None:
            yield Stage(depth + 1, f"{'partner' if name == 'whose' else name}:")
            yield from way.value(_TEXT, value, depth + 2)


def _rows_text(rows: Rows) -> str:
    limit = f" and {predicate_text(rows.where)}" if rows.where is not None else ""
    return f"{rows.table} where {_on(rows.on)}{limit}"


def _on(on: tuple[tuple[str, str], ...]) -> str:
    return " and ".join(f"{theirs} = {own}" for theirs, own in on)


@dataclass(frozen=True, slots=True)
class _Way:
    """The way of the values of one path. seen: whether its columns are those of the mapped row."""

    mapping: Mapping
    zone: str
    path: str
    seen: bool = True

    def value(self, field: Field, value: Value, depth: int) -> Iterator[Stage]:
        """A leaf: its expression, then what is done to it."""
        yield from self.expression(field, value.expression, depth)
        there = whole(value.expression) and value.steps is None
        before = Value(value.expression)
        pushed = pushable(value, text=field.type in ("String", "ID")) and not field.many
        also = f"{BORDER}; {DATABASE} too, to sort and filter" if pushed else BORDER
        for text, before in _shaped(value):
            made = self._selected(before) if there else self._leaf(_TEXT, before)
            yield Stage(depth, text, DATABASE if there else also, made)
        meanings = list(_meanings(value, before))
        for number, (text, counted) in enumerate(meanings, 1):
            last = number == len(meanings)
            ends = counted if counted is None else self._leaf(_NUMBER, counted)
            made = self._leaf(field, value) if last else ends
            yield Stage(depth, text, also, made)

    def _leaf(self, field: Field, value: Value) -> Composition | None:
        return Composer(field, self.zone, self.path, self._rules()).leaf(value) if self.seen else None

    def _selected(self, value: Value) -> Composition | None:
        """A value as the database hands it over."""
        return Composition((value,), lambda raws, _issues: raws[0]) if self.seen else None

    def _rules(self) -> Any:
        return rules_of(leaves(self.mapping))

    def _raw(self, field: Field, expression: Expression) -> Composition | None:
        """What an expression comes to, before the options around it."""
        if not self.seen or isinstance(expression, Constant):
            return None
        return Composer(field, self.zone, self.path, self._rules()).raw(expression)

    def expression(self, field: Field, expression: Expression, depth: int) -> Iterator[Stage]:
        """An expression: for one of several forms, what is inside first."""
        where = DATABASE if whole(expression) else BORDER
        made = self._raw(field, expression)
        match expression:
            case Column() | JsonPath() | Constant():
                constant = isinstance(expression, Constant)
                yield Stage(depth, _shown(expression), BORDER if constant else DATABASE, made)
            case Coalesce(members=members) | Template(members=members):
                text = "the first that is not null of" if isinstance(expression, Coalesce) else "texts in a row"
                yield Stage(depth, text, where, made)
                for member in members:
                    yield from self._member(field, member, depth + 1)
            case Case(cases=cases, otherwise=otherwise):
                yield Stage(depth, "the first case that holds", where, made)
                for condition, outcome in cases:
                    yield Stage(depth, f"if {predicate_text(condition)}:", DATABASE)
                    yield from self._member(field, outcome, depth + 1)
                yield Stage(depth, "else:", DATABASE)
                yield from self._member(field, otherwise, depth + 1)
            case Plus(begin=begin, months=months, days=days):
                text = f"{_shown(months)} months, then {_shown(days)} days after"
                yield Stage(depth, text, where, made)
                yield from self.value(field, begin, depth + 1)
            case Unread(text=prose):
                yield from self.value(_TEXT, prose, depth)
                for other, patterns in self._rules():
                    if other == prose.expression:
                        taken = " or ".join(pattern.pattern for pattern in patterns)
                        yield Stage(depth, f"without what {taken} takes", BORDER)
            case Raw(sql=sql):
                for dialect, pieces in sql.items():
                    shown = "".join(piece if isinstance(piece, str) else "{" + piece.name + "}" for piece in pieces)
                    yield Stage(depth, f"the partner's own SQL for {dialect}: {shown}", DATABASE, made)
            case Gathered(members=rows):
                for number, each in enumerate(rows, 1):
                    yield from self._rows(field, each, depth, number, len(rows))
            case Tree(table=table, name=name, start=start):
                yield Stage(depth, f"{name} of the rows of {table} from the root down to {start}", DATABASE)

    def _rows(self, field: Field, rows: Rows, depth: int, number: int, of: int) -> Iterator[Stage]:
        kind = f"rows {number}: " if of > 1 else ""
        yield Stage(depth, f"{kind}of each row of {_rows_text(rows)}:", DATABASE)
        yield from replace(self, seen=False).value(replace(field, many=False), rows.each[0], depth + 1)

    def _member(self, field: Field, member: Any, depth: int) -> Iterator[Stage]:
        if isinstance(member, Value):
            yield from self.value(field, member, depth)
        elif isinstance(member, Expression):
            yield from self.expression(field, member, depth)
        else:
            yield Stage(depth, repr(list(member) if isinstance(member, tuple) else member))


def _shaped(value: Value) -> Iterator[tuple[str, Value]]:
    """The steps on the text, each with the form that ends there."""
    steps = value.steps
    so_far, done = Value(value.expression, steps=None if steps is None else Steps()), Steps()
    if steps is not None:
        for name, text in (
            ("repair", "UTF-8 that was read as another encoding is repaired"),
            ("html", "HTML entities become characters, tags blanks"),
            ("entities", "HTML entities become characters"),
            ("nfc", "letters are composed (NFC)"),
            ("collapse", "runs of blanks become one"),
        ):
            if getattr(steps, name):
                flag: dict[str, Any] = {name: True}
                done = replace(done, **flag)
                so_far = replace(so_far, steps=done)
                yield text, so_far
    if value.trim:
        so_far = replace(so_far, trim=True)
        yield "blanks around it go, an empty text is null", so_far
    if value.null:
        any_case = steps is not None and steps.any_case
        done = replace(done, any_case=any_case)
        so_far = replace(so_far, null=value.null, steps=None if steps is None else done)
        yield f"{', '.join(map(repr, value.null))} is null{' in any case' if any_case else ''}", so_far
    if steps is None:
        return
    if steps.case is not None:
        done = replace(done, case=steps.case)
        so_far = replace(so_far, steps=done)
        yield f"letters in {steps.case} case", so_far
    for number, pattern in enumerate(steps.extract, 1):
        done = replace(done, extract=steps.extract[:number], optional=True)
        so_far = replace(so_far, steps=done)
        yield f"what {pattern.pattern} takes, if no pattern before did", so_far
    for number, (old, new) in enumerate(steps.replace, 1):
        done = replace(done, replace=steps.replace[:number])
        so_far = replace(so_far, steps=done)
        yield f"{old!r} becomes {new!r}", so_far


def _meanings(value: Value, before: Value) -> Iterator[tuple[str, Value | None]]:
    """What the text or number means, each with the form that ends there where that is a number. before: the text."""
    coded = value.values is not None or not value.strict
    number = replace(before, units=value.units if value.unit is None else None)
    if value.split is not None:
        yield f"a list, split at {value.split!r}", None
    if value.values is not None:
        yield "codes: " + ", ".join(f"{code} = {meaning}" for code, meaning in value.values.items()), None
    if not value.strict:
        yield f"any other code: {value.otherwise}", None
    if value.decimal is not None:
        number = replace(number, decimal=value.decimal)
        text = f"a number as people write it, its fraction after {value.decimal!r}"
        yield text, None if coded else number
    if value.scale:
        number = replace(number, scale=value.scale)
        yield f"times 10^{value.scale}", None if coded else number
    if value.factor != 1.0:
        number = replace(number, factor=value.factor)
        yield f"times {value.factor}", None if coded else number
    if value.unit is not None:
        yield f"times what its unit says: {_shown(value.unit)}", None
    if value.formats:
        yield "format " + " or ".join(value.formats), None
    if value.zone is not None:
        yield f"times without an offset are of {value.zone}", None
    if value.inclusive:
        yield "the day itself belongs to it", None
    if value.assumed is not None:
        yield f"{value.assumed!r} where the source says nothing", None


def _shown(form: Any) -> str:
    match form:
        case Value(expression=expression):
            return _shown(expression)
        case Column(name=name):
            return f"column {name}"
        case JsonPath(name=name, path=path):
            return f"column {name}, member {'.'.join(map(str, path))}"
        case Constant(value=value):
            return f"always {value!r}"
        case int():
            return str(form)
        case _:
            return "a form"
