"""Mapping expressions, predicates and compare keys as SQLAlchemy elements over one mapping's tables."""

from __future__ import annotations

import math
import operator
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import ColumnElement, Double, Table, and_, case, cast, collate, false, func, literal, null, or_, true
from sqlalchemy.dialects import mysql
from sqlalchemy.types import BigInteger, Boolean, LargeBinary, Text, TypeEngine

from resolvers.coercion import ALIASES, NUMBER, text_of
from resolvers.connectors.sql.column_type import Padded, Untyped, is_text, python_type
from resolvers.connectors.sql.shape import Shape
from resolvers.errors import GatewayError
from resolvers.expression import Case, Coalesce, Column, Constant, Expression, JsonPath, Template
from resolvers.identifier import SEPARATORS
from resolvers.mapping import Mapping, Value
from resolvers.predicate import And, Compare, Not, Or, Predicate

MOST = 2**63  # what no whole number of a database reaches


class Drifted(GatewayError):
    """The mapping names a table or column that the live database does not have."""

    default = "SOURCE_SCHEMA_DRIFT"


class Unpushable(Exception):
    """The database cannot compute exactly what the border would make of a value: the gateway sees to it itself."""


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
        texts = is_text(found.type) or value.trim
        for token in value.null:
            if isinstance(token, str) == texts or self.dialect == "sqlite":
                told = self.code_point(found) if isinstance(token, str) else found
                found = case((or_(found.is_(None), told != token), found))
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
        if is_text(element.type) and not isinstance(element.type, Padded | Untyped):
            return element
        if self.dialect in ("mysql", "mariadb"):
            if isinstance(element.type, mysql.BIT):  # as a text it would be the character of that number
                element = cast(element, mysql.INTEGER(unsigned=True))
            return cast(element, mysql.CHAR(charset="utf8mb4"))
        return cast(element, Text())

    def readable(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """The element as SQLite can hand it to a function: a text as its bytes, for they may not be UTF-8."""
        return case((func.typeof(element) == "text", cast(element, LargeBinary())), else_=element)

    def key(self, name: str) -> ColumnElement[Any]:
        """A column of a key, as keys are compared and ordered: in its own type where it has one."""
        column = self.tables.column(name)
        return self.text(column) if isinstance(column.type, Untyped) else column

    def key_text(self, names: Sequence[str]) -> ColumnElement[Any]:
        """The key as `local_key.key_text` writes it."""
        parts = [self._key_part(self.tables.column(name)) for name in names]
        if len(parts) == 1:
            return parts[0]
        first, *others = (func.replace(func.replace(part, "%", "%25"), ":", "%3A", type_=Text()) for part in parts)
        whole: ColumnElement[Any] = first
        for part in others:
            whole = self._concat(self._concat(whole, literal(":", Text())), part)
        return whole

    def _key_part(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        if python_type(column.type) is not bytes:
            return self.text(column)
        if self.dialect == "postgresql":
            return func.encode(column, "hex", type_=Text())
        return func.lower(func.hex(column), type_=Text())

    def number(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """The element as a double, null where it is no finite number."""
        if self.dialect == "sqlite":
            return func.gateway_number(self.readable(element), type_=Double())
        if is_text(element.type):
            text = self.text(element)
            return case((text.regexp_match(f"^[ \t\r\n]*({NUMBER})[ \t\r\n]*$"), cast(text, Double())))
        found: ColumnElement[Any] = cast(element, Double())
        if self.dialect != "postgresql":
            return found
        return case((found.between(-sys.float_info.max, sys.float_info.max), found))

    def coded(self, element: ColumnElement[Any], values: Map[str, Any]) -> Iterator[tuple[ColumnElement[bool], Any]]:
        """Whether the element is each of some codes, and what that code means."""
        text = self.code_point(element)
        for code, meaning in values.items():
            alias = ALIASES.get(code)
            spellings = [code] if alias is None or alias in values else [code, alias]
            yield or_(*(text == spelling for spelling in spellings)), meaning

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
        if self.dialect in ("mysql", "mariadb"):  # columns of several collations, or of none, have none together
            whole = collate(cast(whole, mysql.CHAR(charset="utf8mb4")), "utf8mb4_bin")
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
            case _:
                raise Unpushable(f"{type(predicate).__name__} over columns")

    def _compare(self, column: ColumnElement[Any], name: str, value: Any) -> ColumnElement[bool]:
        if name == "isNull":
            return column.is_(None) if value else column.is_not(None)
        if self.dialect == "sqlite" and is_text(column.type):
            if isinstance(value, date):
                return _compare_written(column, name, value)
            if name == "in" and any(isinstance(item, date) for item in value):
                return or_(*(self._compare(column, "eq", item) for item in value))
        if name == "in":
            found = [bound for bound in (as_bound(column.type, item) for item in value) if bound is not None]
            return column.in_(found) if found else false()
        if name in ("startsWith", "contains"):
            text = self.text(column)
            if name == "startsWith":
                return text.startswith(value, autoescape=True)
            return text.icontains(value, autoescape=True)
        bound = as_bound(column.type, value)
        return _unheld(column, name, value) if bound is None else compared(column, name, bound)

    # compare keys ----------------------------------------------------------------------------------------------------

    def normalized(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """The compare key of an identifier, as `identifier.normalize` makes it (for what is spelled in ASCII)."""
        text = self.text(element)
        if self.dialect == "postgresql":
            gone = SEPARATORS.replace("\0", "")
            return func.translate(text, ascii_lowercase + gone, ascii_uppercase, type_=Text())
        if self.dialect in ("mysql", "mariadb"):
            return func.upper(func.regexp_replace(text, _SEPARATOR, ""), type_=Text())
        return func.gateway_normalize(self.readable(text), type_=Text())

    def code_point(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """Text that sorts and compares by code point, whatever the database's collation."""
        text = self.text(element)
        if self.dialect == "postgresql":
            return collate(text, "C")
        if self.dialect in ("mysql", "mariadb"):
            collation = "utf8mb4_nopad_bin" if self.tables.shape.mariadb else "utf8mb4_0900_bin"
            return collate(cast(text, mysql.CHAR(charset="utf8mb4")), collation)
        return collate(text, "BINARY")


# MariaDB's regular expressions (PCRE) and MySQL's (ICU) read a class of characters alike when it is written in numbers.
_SEPARATOR = "[" + "".join(f"\\x{{{ord(character):x}}}" for character in SEPARATORS) + "]"

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
    if isinstance(value, wanted) and wanted is not int:
        return value
    try:
        if wanted is bool:
            return {"true": True, "false": False, "1": True, "0": False}.get(text_of(value).lower())
        if wanted is int:
            number = Decimal(value if isinstance(value, int) else text_of(value))
            return int(number) if number == number.to_integral_value() and abs(number) < MOST else None
        if wanted in (float, Decimal, uuid.UUID):
            return wanted(text_of(value))
        if wanted is datetime and isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - compared with naive columns
        if wanted in (date, datetime):
            return wanted.fromisoformat(text_of(value))
    except (ValueError, ArithmeticError):
        return None
    return text_of(value) if wanted is str else value


def as_bound(type_: TypeEngine[Any], value: Any) -> Any:
    """`as_column` as it is bound: PostgreSQL refuses a whole number that its column is too narrow for."""
    found = as_column(type_, value)
    return literal(found, BigInteger()) if isinstance(found, int) and not isinstance(found, bool) else found


def _compare_written(column: ColumnElement[Any], name: str, value: date) -> ColumnElement[bool]:
    """A day or time with a column of SQLite, which keeps them as texts of more than one form; compared in one."""
    written = func.strftime("%Y-%m-%d %H:%M:%f", column, type_=Text())
    time = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return compared(written, name, f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03}")


def _unheld(column: ColumnElement[Any], name: str, value: Any) -> ColumnElement[bool]:
    """A comparison with a value that no row of the column can hold."""
    if name == "ne":
        return column.is_not(None)
    if name == "eq" or python_type(column.type) is not int:
        return false()
    try:
        number = Decimal(value if isinstance(value, int) else text_of(value))
        under = math.floor(number)
    except (ValueError, ArithmeticError):
        return false()
    if abs(number) >= MOST:
        return column.is_not(None) if (number > 0) == (name in ("lt", "le")) else false()
    return column <= literal(under, BigInteger()) if name in ("lt", "le") else column > literal(under, BigInteger())


def mapping_tables(shape: Shape, mapping: Mapping) -> Tables:
    """The mapped table under the alias "t" and its joins under their own names."""
    named: dict[str, Table] = {}
    for name, table in [("", mapping.table), *((join.name, join.table) for join in mapping.joins.values())]:
        found = shape.tables.get(table)
        if found is None:
            raise Drifted(f"no table {table!r}")
        named[name] = found.alias(f"j_{name}" if name else "t")  # type: ignore[assignment]
    return Tables(shape, named)
