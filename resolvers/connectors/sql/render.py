"""Mapping expressions, predicates and sort keys as SQLAlchemy elements over one mapping's tables."""

from __future__ import annotations

import operator
import uuid
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Double,
    String,
    Table,
    and_,
    case,
    cast,
    collate,
    false,
    func,
    literal,
    null,
    or_,
    true,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import BigInteger, Boolean, Enum, Integer, SmallInteger, Text, TypeEngine

from resolvers.coercion import text_of
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Field
from resolvers.errors import GatewayError
from resolvers.expression import Case, Coalesce, Column, Constant, Expression, JsonPath, Template
from resolvers.identifier import SEPARATORS
from resolvers.local_key import native
from resolvers.mapping import Mapping, Value
from resolvers.predicate import And, Compare, Not, Or, Predicate


class Drifted(GatewayError):
    """The mapping names a table or column that the live database does not have."""

    default = "SOURCE_SCHEMA_DRIFT"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one arm of a statement: "" is the mapped one, others by join name; `link` where a link leads."""

    shape: Shape
    named: Map[str, Table]

    def column(self, name: str) -> ColumnElement[Any]:
        """The column "own" or "join.column"."""
        join, _, column = name.rpartition(".")
        table = self.named.get(join)
        if table is None or column not in table.c:
            raise Drifted(f"no column {name!r}")
        return table.c[column]


def python_type(type_: TypeEngine[Any]) -> type:
    """The Python type that the driver takes for a column of this type."""
    try:
        return type_.python_type
    except NotImplementedError:
        return str


def is_text(type_: TypeEngine[Any]) -> bool:
    return isinstance(type_, String) and not isinstance(type_, Enum)


class Renderer:
    """Renders for one dialect. Everything that comes from a caller or a file's values is a bound parameter."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.dialect = tables.shape.dialect

    # values ----------------------------------------------------------------------------------------------------------

    def value(self, value: Value) -> ColumnElement[Any]:
        """The raw value of a leaf, null tokens and blanks seen to by the database."""
        found = self.expression(value.expression)
        if value.trim:
            found = func.nullif(func.trim(self.text(found)), "")
        for token in value.null:
            if isinstance(token, str) == (is_text(found.type) or value.trim):
                found = func.nullif(found, token, type_=found.type)
        return found

    def expression(self, expression: Expression) -> ColumnElement[Any]:
        match expression:
            case Column(name=name):
                return self.tables.column(name)
            case JsonPath(name=name, path=path):
                return self._json(self.tables.column(name), path)
            case Constant(value=constant):
                return literal(constant) if constant is not None else null()
            case Coalesce(members=members):
                found = [self.expression(member) for member in members]
                if len({python_type(element.type) for element in found}) > 1:
                    found = [self.text(element) for element in found]
                return func.coalesce(*found, type_=found[0].type)
            case Template():
                return self._template(expression)
            case Case(cases=cases, otherwise=otherwise):
                return case(
                    *((self.predicate(condition), literal(outcome)) for condition, outcome in cases),
                    else_=literal(otherwise) if otherwise is not None else null(),
                )

    def text(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """The element as text; texts stay as they are."""
        if is_text(element.type):
            return element
        if self.dialect in ("mysql", "mariadb"):
            return cast(element, mysql.CHAR(charset="utf8mb4"))
        return cast(element, Text())

    def same(self, left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether two columns hold the same key; as text where their types differ."""
        if python_type(left.type) is python_type(right.type):
            return left == right
        return self.text(left) == self.text(right)

    def _json(self, column: ColumnElement[Any], path: tuple[str, ...]) -> ColumnElement[Any]:
        if self.dialect == "postgresql":
            for key in path[:-1]:
                column = column.op("->")(literal(key))
            return column.op("->>", return_type=Text())(literal(path[-1]))
        quoted = "$" + "".join('."' + key.replace('"', '\\"') + '"' for key in path)
        if self.dialect == "sqlite":
            return func.json_extract(column, quoted, type_=Text())
        return func.json_unquote(func.json_extract(column, quoted), type_=Text())

    def _template(self, template: Template) -> ColumnElement[Any]:
        columns = [self.tables.column(part.name) for part in template.members if isinstance(part, Column)]
        whole: ColumnElement[Any] | None = None
        for part in template.members:
            piece: ColumnElement[Any] = literal(part, Text()) if isinstance(part, str) else self._or_blank(part.name)
            whole = piece if whole is None else self._concat(whole, piece)
        assert whole is not None
        tidy = func.trim(func.replace(func.replace(whole, "  ", " "), "  ", " "), type_=Text())
        return case((and_(*(column.is_(None) for column in columns)), null()), else_=tidy)

    def _or_blank(self, name: str) -> ColumnElement[Any]:
        return func.coalesce(self.text(self.tables.column(name)), "")

    def _concat(self, left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
        if self.dialect in ("mysql", "mariadb"):
            return func.concat(left, right, type_=Text())
        return left.op("||", return_type=Text())(right)

    # predicates ------------------------------------------------------------------------------------------------------

    def predicate(self, predicate: Predicate) -> ColumnElement[bool]:
        """Two-valued: a comparison with null is false, `not` is the complement."""
        match predicate:
            case And(members=members):
                return and_(true(), *(self.predicate(member) for member in members))
            case Or(members=members):
                return or_(false(), *(self.predicate(member) for member in members))
            case Not(member=member):
                return func.coalesce(self.predicate(member), false(), type_=Boolean()).is_(false())
            case Compare():
                return self._compare(self.tables.column(predicate.name), predicate.operator, predicate.value)

    def _compare(self, column: ColumnElement[Any], name: str, value: Any) -> ColumnElement[bool]:
        if name == "isNull":
            return column.is_(None) if value else column.is_not(None)
        if name == "in":
            found = [bound for bound in (as_column(column.type, item) for item in value) if bound is not None]
            return column.in_(found) if found else false()
        if name in ("startsWith", "contains"):
            text = self.text(column)
            if name == "startsWith":
                return text.startswith(value, autoescape=True)
            return text.icontains(value, autoescape=True)
        bound = as_column(column.type, value)
        if bound is None:
            return false()
        return compared(column, name, bound)

    # compare keys ----------------------------------------------------------------------------------------------------

    def normalized(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """The compare key of an identifier, as `identifier.normalize` makes it (for what is spelled in ASCII)."""
        text = self.text(element)
        if self.dialect == "postgresql":
            return func.upper(func.translate(text, SEPARATORS.replace("\0", ""), ""), type_=Text())
        if self.dialect in ("mysql", "mariadb"):
            return func.upper(func.regexp_replace(text, "[^0-9A-Za-z\u0080-\U0010ffff]", ""), type_=Text())
        return func.gateway_normalize(text, type_=Text())

    def code_point(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """Text that sorts and compares by code point, whatever the database's collation."""
        text = self.text(element)
        if self.dialect == "postgresql":
            return collate(text, "C")
        if self.dialect in ("mysql", "mariadb"):
            collation = "utf8mb4_nopad_bin" if self.tables.shape.mariadb else "utf8mb4_0900_bin"
            return collate(cast(text, mysql.CHAR(charset="utf8mb4")), collation)
        return collate(text, "BINARY")


_OPERATORS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def compared(left: ColumnElement[Any], name: str, right: Any) -> ColumnElement[bool]:
    """`left` compared with a bound value by one of the operators of order."""
    return _OPERATORS[name](left, right)


def as_column(type_: TypeEngine[Any], value: Any) -> Any:
    """A value of a partner file as the driver wants it for a column; None where no row can hold it."""
    wanted = python_type(type_)
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    try:
        if wanted is bool:
            return {"true": True, "false": False, "1": True, "0": False}.get(text_of(value).lower())
        if wanted is int:
            return int(value)
        if wanted in (float, Decimal, uuid.UUID):
            return wanted(text_of(value))
        if wanted is datetime and isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - compared with naive columns
        if wanted in (date, datetime):
            return wanted.fromisoformat(text_of(value))
    except (ValueError, ArithmeticError):
        return None
    return text_of(value) if wanted is str else value


# sort keys -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A sort key that the database computes.

    element: what it sorts by. decode: raw -> canonical. bind: canonical -> (bound, exact); not exact means that the
    bound is the greatest value at or under it that the column can hold. nullable: whether nulls must be seen to.
    """

    element: ColumnElement[Any]
    decode: Callable[[Any], Any]
    bind: Callable[[Any], tuple[Any, bool]]
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class SortConstant:
    """A sort key that is the same for every row of an arm: the partner, a constant, or nothing at all (None)."""

    value: Any


def sort_column(
    renderer: Renderer, field: Field, value: Value, zone: str, stand_in: ColumnElement[Any] | Any | None
) -> SortColumn:
    """What a leaf sorts by: code points of texts, declared order of enums, numbers, instants."""
    element = renderer.value(value)
    if field.values:
        rank = _rank(renderer, field, value, element, stand_in)
        return SortColumn(rank, lambda raw: None if raw is None else int(raw), _as_is)
    match field.type:
        case "Int" | "Float" | "Decimal":
            # MariaDB compares FLOAT inexactly, so that keyset would repeat a row: everything is compared as DOUBLE.
            number: ColumnElement[Any] = (
                cast(element, Double()) * literal(10.0**value.scale) if value.scale else cast(element, Double())
            )
            return SortColumn(number, lambda raw: None if raw is None else float(raw), lambda v: (float(v), True))
        case "Date" | "DateTime":
            return _moments(element, field, value, ZoneInfo(value.zone or zone))
        case _:
            text = renderer.text(element)
            if stand_in is not None:
                text = func.coalesce(text, renderer.text(stand_in) if isinstance(stand_in, ColumnElement) else stand_in)
            return SortColumn(renderer.code_point(text), lambda raw: None if raw is None else text_of(raw), _as_is)


def _as_is(value: Any) -> tuple[Any, bool]:
    return value, True


def _rank(
    renderer: Renderer, field: Field, value: Value, element: ColumnElement[Any], stand_in: Any
) -> ColumnElement[Any]:
    order = {name: index for index, name in enumerate(field.values)}
    text = renderer.code_point(element)
    codes = value.values if value.values is not None else {name: name for name in field.values}
    boolean = isinstance(element.type, Boolean)
    words = {"1": "true", "0": "false"} if boolean and renderer.dialect == "postgresql" else {}
    ranks = [(text == words.get(code, code), order[name]) for code, name in codes.items() if name in order]
    if value.values is not None and isinstance(value.expression, Case):
        ranks += [(text == name, rank) for name, rank in order.items() if name not in codes]
    unknown = value.otherwise if not value.strict else None
    missing = order.get(stand_in) if isinstance(stand_in, str) else None
    other: Any = literal(order[unknown]) if unknown in order else literal(missing) if missing is not None else null()
    if unknown in order:  # a null code is not an unknown one
        nothing: Any = literal(missing) if missing is not None else null()
        ranks.insert(0, (element.is_(None), nothing))
    return case(*ranks, else_=other) if ranks else cast(other, Integer())


def _moments(element: ColumnElement[Any], field: Field, value: Value, zone: ZoneInfo) -> SortColumn:
    from resolvers.coercion import NotUnderstood, converter

    convert = converter(field, value, str(zone))
    aware = isinstance(element.type, DateTime) and bool(element.type.timezone)
    day_column = isinstance(element.type, Date)

    def decode(raw: Any) -> Any:
        try:
            return convert(raw)
        except NotUnderstood:
            return None

    def bind(canonical: Any) -> tuple[Any, bool]:
        if not isinstance(canonical, datetime):
            if not day_column:
                return datetime(canonical.year, canonical.month, canonical.day), True  # noqa: DTZ001
            return canonical, True
        local = canonical.astimezone(zone)
        if day_column:
            day = local.date() - timedelta(days=1) if value.inclusive else local.date()
            return day, local.time().replace(tzinfo=None) == datetime.min.time()
        if aware:
            return canonical.astimezone(UTC), True
        return local.replace(tzinfo=None), True

    return SortColumn(element, decode, bind)


def as_key(type_: TypeEngine[Any], text: str) -> Any:
    """A part of a key as the column's own type; None where no row can have it."""
    found = native(text, python_type(type_))
    if isinstance(found, int):
        bits = 15 if isinstance(type_, SmallInteger) else 63 if isinstance(type_, BigInteger) else 31
        if bits == 31 and not isinstance(type_, Integer):
            bits = 63
        return found if -(2**bits) <= found < 2**bits else None
    return found


def mapping_tables(shape: Shape, mapping: Mapping) -> Tables:
    """The mapped table under the alias "t" and its joins under their own names."""
    named: dict[str, Table] = {}
    for name, table in [("", mapping.table), *((join.name, join.table) for join in mapping.joins.values())]:
        found = shape.tables.get(table)
        if found is None:
            raise Drifted(f"no table {table!r}")
        named[name] = found.alias(f"j_{name}" if name else "t")  # type: ignore[assignment]
    return Tables(shape, named)
