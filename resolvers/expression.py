"""Where a value comes from inside one row of a source, and how it is read there."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from typing import Any

from resolvers.predicate import Predicate, names
from resolvers.steps import Steps


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the mapped table, or "join.column"."""

    name: str


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A member of a JSON column, as text: `path` holds object keys and places in lists from the outside in."""

    name: str
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first member that is not null."""

    members: tuple[Expression | Value, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Texts (str) and columns in a row; null when all columns are null, surplus blanks removed."""

    members: tuple[str | Column | Value, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The outcome of the first predicate that holds, else `otherwise`: a value as it is, several (a tuple), or a form
    that reads one."""

    cases: tuple[tuple[Predicate, Any], ...]
    otherwise: Any


@dataclass(frozen=True, slots=True)
class Plus:
    """A day or time some calendar months and then days later; null when any of them is."""

    begin: Value
    months: Value | int = 0
    days: Value | int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """What no pattern of the same mapping took of a text."""

    text: Value


@dataclass(frozen=True, slots=True)
class Raw:
    """SQL by dialect, in pieces: texts, and columns that it names in braces. type: of the field that it is for."""

    sql: Map[str, tuple[str | Column, ...]] = field(hash=False)
    type: str = "String"


@dataclass(frozen=True, slots=True)
class Rows:
    """One text for all rows of another table that belong to the mapped row: JSON, a list for each.

    on: (its column, column of the mapped table). joins: more tables beside it (`mapping.Join` by name). order, each:
    what is read of a row, first what the rows are in the order of; names are of its own columns and joins. each: one
    form, or one for each member of an entry.
    """

    table: str
    on: tuple[tuple[str, str], ...]
    where: Predicate | None
    joins: Map[str, Any] = field(hash=False)
    order: tuple[str, ...]
    each: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A list out of the rows of other tables, equal values once."""

    members: tuple[Rows, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """The names on the way down to a node of a tree, from its root, as a list. table: with a `key`, the key of the
    `parent`, and a `name`. start: the mapped table's column with the node's key. depth: of the longest way."""

    table: str
    key: str
    parent: str
    name: str
    start: str
    depth: int


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What stands where a form reads null though the same form without its null tokens does not; null elsewhere."""

    value: Value
    bare: Expression


Expression = (
    Column
    | JsonPath
    | Constant
    | Coalesce
    | Template
    | Case
    | Plus
    | Unread
    | Raw
    | Rows
    | Gathered
    | Tree
    | Placeholder
)


@dataclass(frozen=True, slots=True)
class Value:
    """One leaf: an expression, then how its text or number becomes a canonical value.

    values: source code (as text) -> canonical value; otherwise: for codes not in it (with `strict` false; else such a
    code is null and a data issue); closed: with `strict`, any text that is no code is null too, as for an enum.
    null: raw values that mean nothing. split: separator of a list in one cell.
    scale: decimal exponent. factor: into the field's own unit; units: factor by unit, which `unit` tells where it is
    given, else the text of the number itself. decimal: what begins the fraction of numbers written by people.
    formats: of days and times in texts. zone: of times without an offset. inclusive: the day itself belongs to the
    period it ends. steps: on texts, before all that. assumed: what stands for it where the source says nothing, which
    is a data issue. mask: of `resolvers.mask`, under which an agreement shows the canonical value.
    """

    expression: Expression
    values: Map[str, Any] | None = None
    otherwise: Any = None
    strict: bool = True
    null: tuple[Any, ...] = ()
    trim: bool = False
    split: str | None = None
    scale: int = 0
    zone: str | None = None
    inclusive: bool = False
    steps: Steps | None = None
    decimal: str | None = None
    factor: float = 1.0
    unit: Value | None = None
    units: Map[str, float] | None = None
    formats: tuple[str, ...] = ()
    closed: bool = False
    assumed: Any = None
    mask: str | None = None


def light(value: Value) -> bool:
    """Whether nothing is done to it but trimming and null tokens: what comes out is raw still."""
    return value == Value(value.expression, null=value.null, trim=value.trim)


def pushable(value: Value, text: bool = False) -> bool:
    """Whether a database can compute exactly what the border makes of it, so that rows can be sorted and filtered.

    text: any text is a value of its field, so that none is lost at the border.
    """
    if value.mask is not None or value.decimal is not None or value.formats not in ((), ("epoch",)):
        return False
    if value.steps is not None and not value.steps.literal:
        return False
    if value.unit is not None and not _inner_pushable(value.unit, True):
        return False
    expression = value.expression
    match expression:
        case Coalesce(members=members):
            return all(_inner_pushable(member, text) for member in members)
        case Template(members=members):
            return all(_inner_pushable(member, True) for member in members)
        case Case(cases=cases, otherwise=otherwise):
            return all(_inner_pushable(outcome, text) for outcome in (*(found for _, found in cases), otherwise))
        case Plus(begin=begin, months=months, days=days):
            return light(begin) and all(
                pushable(member) and light(member) for member in (begin, months, days) if isinstance(member, Value)
            )
        case Raw(type=type_):
            return type_ not in ("Date", "DateTime", "LocalTime", "Boolean")
        case Unread() | Rows() | Gathered() | Tree() | Placeholder():
            return False
        case _:
            return True


def _inner_pushable(member: Any, text: bool) -> bool:
    """The same for a member of a composite: besides raw ones only codes with texts for meanings, and texts."""
    if isinstance(member, Expression):
        return pushable(Value(member), text)
    if not isinstance(member, Value):
        return not isinstance(member, tuple)
    if not pushable(member, text):
        return False
    if light(member):
        return True
    plain = Value(
        member.expression,
        values=member.values,
        otherwise=member.otherwise,
        strict=member.strict,
        null=member.null,
        trim=member.trim,
        closed=member.closed,
        steps=member.steps if text else None,
    )
    meanings = [*(member.values or {}).values(), *(() if member.strict else (member.otherwise,))]
    return member == plain and all(meaning is None or isinstance(meaning, str) for meaning in meanings)


def placeholders(value: Value) -> Iterator[Placeholder]:
    """What tells the null tokens that a database finds, of those that say something, in a form that is whole there."""
    expression = value.expression
    if _says_something(value):
        yield Placeholder(Value(expression, null=value.null, trim=value.trim), expression)
    if isinstance(expression, Coalesce | Template):
        for member in inner(expression):
            yield from placeholders(member if isinstance(member, Value) else Value(member))
    elif isinstance(expression, Case) and any(isinstance(o, Value) and _says_something(o) for o in inner(expression)):
        cases = tuple((condition, _bare(outcome)) for condition, outcome in expression.cases)
        yield Placeholder(Value(expression), Case(cases, _bare(expression.otherwise)))


def _says_something(value: Value) -> bool:
    return any(token not in NOTHING for token in value.null)


def _bare(outcome: Any) -> Any:
    return Value(outcome.expression) if isinstance(outcome, Value) else outcome


NOTHING = ("", 0)  # how systems leave a text or a number out; any other null token is somebody's word for none


def hoisted(value: Value) -> Value:
    """The same with `zone` and `inclusive` outside, where all outcomes of a case have them alike and nothing else: a
    database can compute it then."""
    if not isinstance(value.expression, Case):
        return value
    case = value.expression
    found = [outcome for outcome in (*(outcome for _, outcome in case.cases), case.otherwise) if outcome is not None]
    told = {(form.zone, form.inclusive) for form in found if isinstance(form, Value)}
    if len(told) != 1 or (value.zone, value.inclusive) != (None, False):
        return value
    zone, inclusive = told.pop()
    bare = {id(form): replace(form, zone=None, inclusive=False) for form in found if isinstance(form, Value)}
    if len(bare) != len(found) or not all(map(light, bare.values())):
        return value
    cases = tuple((condition, bare.get(id(outcome))) for condition, outcome in case.cases)
    return replace(value, expression=Case(cases, bare.get(id(case.otherwise))), zone=zone, inclusive=inclusive)


def inner(expression: Expression) -> Iterator[Value | Expression]:
    """The forms directly inside an expression."""
    found: tuple[Any, ...] = ()
    match expression:
        case Coalesce(members=members) | Template(members=members):
            found = members
        case Case(cases=cases, otherwise=otherwise):
            found = (*(outcome for _, outcome in cases), otherwise)
        case Plus(begin=begin, months=months, days=days):
            found = (begin, months, days)
        case Unread(text=text):
            found = (text,)
        case Placeholder(value=value, bare=bare):
            found = (value, bare)
        case Gathered(members=rows):
            found = rows
        case Raw(sql=sql):
            found = tuple(piece for pieces in sql.values() for piece in pieces)
    for member in found:
        if isinstance(member, Value | Expression):
            yield member


def columns(expression: Expression | Value) -> Iterator[str]:
    """Every column that the expression reads."""
    if isinstance(expression, Value):
        if expression.unit is not None:
            yield from columns(expression.unit)
        expression = expression.expression
    match expression:
        case Column(name=name) | JsonPath(name=name):
            yield name
        case Case(cases=cases):
            for predicate, _ in cases:
                yield from names(predicate)
        case Rows(on=on):
            yield from (own for _, own in on)
        case Tree(start=start):
            yield start
    for member in inner(expression):
        yield from columns(member)


def outcomes(value: Value) -> Iterator[Any]:
    """The canonical values that a form names itself: constants, meanings of codes, outcomes of cases."""
    yield from (value.values or {}).values()
    if value.otherwise is not None:
        yield value.otherwise
    expression = value.expression
    if isinstance(expression, Constant):
        yield from expression.value if isinstance(expression.value, tuple) else (expression.value,)
    elif isinstance(expression, Case):
        found = (*(outcome for _, outcome in expression.cases), expression.otherwise)
        for outcome in found:
            if not isinstance(outcome, Value) and outcome is not None:
                yield from outcome if isinstance(outcome, tuple) else (outcome,)
    elif isinstance(expression, Rows):
        for each in expression.each:
            yield from outcomes(each)
    for member in inner(expression):
        yield from outcomes(member if isinstance(member, Value) else Value(member))


def other_tables(value: Value) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The tables beside the mapped one that a form reads itself, each with the columns of its own that it reads."""
    match value.expression:
        case Gathered(members=members):
            for rows in members:
                read = [*(column for column, _ in rows.on), *rows.order]
                read += [column for each in rows.each for column in columns(each)]
                looked = names(rows.where) if rows.where is not None else ()
                joined = [own for join in rows.joins.values() for _, own in join.on]
                every = dict.fromkeys((*read, *looked, *joined))
                yield rows.table, tuple(name for name in every if "." not in name)
                for join in rows.joins.values():
                    wanted = dict.fromkeys([column for column, _ in join.on])
                    yield join.table, tuple(wanted)
        case Tree(table=table, key=key, parent=parent, name=name):
            yield table, (key, parent, name)


def escapes(value: Value) -> Iterator[Raw]:
    """The partner's own SQL in a form, which nobody can check but the database."""
    if isinstance(value.expression, Raw):
        yield value.expression
    for member in (*inner(value.expression), *(() if value.unit is None else (value.unit,))):
        yield from escapes(member if isinstance(member, Value) else Value(member))
