"""Mapping expressions, predicates and compare keys as SQLAlchemy elements over one mapping's tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
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
    select,
    true,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import Boolean, LargeBinary, Text

from resolvers.coercion import ALIASES
from resolvers.connectors.sql.bound import as_bound as as_bound
from resolvers.connectors.sql.bound import compare_written, unheld, written_time
from resolvers.connectors.sql.bound import compared as compared
from resolvers.connectors.sql.clock import clock_parameter
from resolvers.connectors.sql.column_type import Padded, Stamp, Untyped, is_text, python_type
from resolvers.connectors.sql.escape import escaped
from resolvers.connectors.sql.gathered import gathered, tree
from resolvers.connectors.sql.json_member import json_member
from resolvers.connectors.sql.later import later
from resolvers.connectors.sql.placeholder import placeholder
from resolvers.connectors.sql.refusal import Drifted as Drifted
from resolvers.connectors.sql.refusal import Unpushable as Unpushable
from resolvers.connectors.sql.shape import Shape
from resolvers.connectors.sql.stepped import stepped, trimmed
from resolvers.expression import Case, Coalesce, Column, Constant, Expression, JsonPath, Plus, Raw, Rows, Template, Tree
from resolvers.expression import Placeholder as Placeholder
from resolvers.identifier import BLANKS, SEPARATORS
from resolvers.mapping import FIRST, Link, Mapping, Value, columns_of, pushable
from resolvers.operand import Clock, OtherColumn
from resolvers.predicate import And, Compare, Not, Or, Predicate
from resolvers.written import NUMBER


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one arm of a statement: "" is the mapped one, others by join name.

    pivots: "join.column" of a pivot -> the column with its value, in the table of that name. used: the names of those
    of which a column was asked for so far, and other tables in parentheses.
    """

    shape: Shape
    named: Map[str, Table]
    pivots: Map[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set, compare=False)

    def column(self, name: str) -> ColumnElement[Any]:
        """The column "own" or "join.column"; of several in one name, the first that is not null."""
        if FIRST in name:
            found = [self.column(part) for part in name.split(FIRST)]
            if len({python_type(element.type) for element in found}) > 1:
                found = [Renderer(self).text(element) for element in found]
            return func.coalesce(*found, type_=found[0].type)
        join, _, column = name.rpartition(".")
        if name in self.pivots:
            join, column = name, self.pivots[name]
        table = self.named.get(join)
        if table is None or column not in table.c:
            raise Drifted(f"no column {name!r}")
        self.used.add(join)
        return table.c[column]


class Renderer:
    """Renders for one dialect. Everything that comes from a caller or a file's values is a bound parameter."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.dialect = tables.shape.dialect

    # values ----------------------------------------------------------------------------------------------------------

    def value(self, value: Value) -> ColumnElement[Any]:
        """The raw value of a leaf, steps, null tokens and blanks seen to by the database."""
        found = self.expression(value.expression)
        if value.steps is not None:
            return stepped(self, found, value)
        if value.trim:
            found = trimmed(self, self.text(found))
        texts = is_text(found.type) or value.trim
        others: list[ColumnElement[bool]] = []
        for words in (True, False):
            tokens = [token for token in value.null if isinstance(token, str) == words]
            if tokens and (words == texts or self.dialect == "sqlite"):
                told = self.code_point(found) if words else found
                # all at once: a case in a case for each would be a statement three times as long with each
                others.append(told.not_in(tokens) if len(tokens) > 1 else told != tokens[0])
        return case((or_(found.is_(None), and_(*others)), found)) if others else found

    def expression(self, expression: Expression) -> ColumnElement[Any]:
        match expression:
            case Column(name=name):
                return self.tables.column(name)
            case JsonPath(name=name, path=path):
                return json_member(self.dialect, self.tables.column(name), path)
            case Constant(value=constant):
                return literal(constant) if constant is not None else null()
            case Coalesce(members=members):
                found = [self._inner(member) for member in members]
                if len({python_type(element.type) for element in found}) > 1:
                    found = [self.text(element) for element in found]
                return func.coalesce(*found, type_=found[0].type)
            case Template():
                return self._template(expression)
            case Case(cases=cases, otherwise=otherwise):
                return self._case(cases, otherwise)
            case Plus():
                return later(self, expression)
            case Raw(sql=sql):
                return escaped(self, sql)
            case Rows():
                return gathered(self, expression)
            case Tree():
                return tree(self, expression)
            case Placeholder():
                return placeholder(self, expression)
            case _:
                raise Unpushable("what the gateway puts together itself")

    def _inner(self, member: Expression | Value) -> ColumnElement[Any]:
        """A member of a composite; where it has codes, by what they mean."""
        if not isinstance(member, Value):
            return self.expression(member)
        if not pushable(member, text=True):  # who asks has seen to what it is for
            raise Unpushable("a form with options inside another")
        found = self.value(member)
        return found if member.values is None and member.strict else self.translated(found, member)

    def translated(self, element: ColumnElement[Any], value: Value) -> ColumnElement[Any]:
        """A text by what its code means, where the form translates codes."""
        text = self.text(element)
        known = [(holds, literal(str(meaning), Text())) for holds, meaning in self.coded(text, value.values or {})]
        unknown: Any = null() if value.closed else text
        if not value.strict:
            otherwise = null() if value.otherwise is None else literal(str(value.otherwise), Text())
            unknown = case((text.is_not(None), otherwise))
        return case(*known, else_=unknown) if known else unknown

    def _case(self, cases: Sequence[tuple[Predicate, Any]], otherwise: Any) -> ColumnElement[Any]:
        outcomes = [*(outcome for _, outcome in cases), otherwise]
        found = {
            index: self._inner(outcome) if isinstance(outcome, Value) else literal(outcome)
            for index, outcome in enumerate(outcomes)
            if outcome is not None
        }
        if len({python_type(element.type) for element in found.values()}) > 1:
            found = {index: self.text(element) for index, element in found.items()}
        ways = ((self.predicate(condition), found.get(index, null())) for index, (condition, _) in enumerate(cases))
        return case(*ways, else_=found.get(len(cases), null()))

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
            kind, most = func.typeof(element), sys.float_info.max
            return case(  # what is a number already needs no Python
                (and_(kind == "real", element.between(literal(-most, Double()), literal(most, Double()))), element),
                (kind == "integer", cast(element, Double())),
                else_=func.gateway_number(self.readable(element), type_=Double()),
            )
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
        alike = python_type(left.type) is python_type(right.type)
        if self.dialect in ("mysql", "mariadb") and (is_text(left.type) or is_text(right.type)):
            # which refuses to compare texts of two collations
            alike = alike and getattr(left.type, "stored", None) == getattr(right.type, "stored", None)
            return left == right if alike else self.code_point(left) == self.code_point(right)
        return left == right if alike else self.text(left) == self.text(right)

    def _template(self, template: Template) -> ColumnElement[Any]:
        parts = [part if isinstance(part, str) else self._inner(part) for part in template.members]
        columns = [part for part in parts if not isinstance(part, str)]
        whole: ColumnElement[Any] | None = None
        for part in parts:
            blank = part if isinstance(part, str) else func.coalesce(self.text(part), "")
            piece: ColumnElement[Any] = literal(blank, Text()) if isinstance(blank, str) else blank
            whole = piece if whole is None else self._concat(whole, piece)
        assert whole is not None
        if self.dialect in ("mysql", "mariadb"):  # columns of several collations, or of none, have none together
            whole = self.code_point(whole)
        tidy = func.trim(func.replace(func.replace(whole, "  ", " "), "  ", " "), type_=Text())
        return case((and_(*(column.is_(None) for column in columns)), null()), else_=tidy)

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
        if isinstance(value, Clock):
            return self._timed(column, name, value)
        if isinstance(value, OtherColumn):
            return self._between(column, name, self.tables.column(value.name))
        if self.dialect == "sqlite" and is_text(column.type):
            if isinstance(value, date):
                return compare_written(column, name, value)
            if name == "in" and any(isinstance(item, date) for item in value):
                return or_(*(self._compare(column, "eq", item) for item in value))
        if name == "in":
            found = [bound for bound in (as_bound(column.type, item) for item in value) if bound is not None]
            return column.in_(found) if found else false()
        if name in ("startsWith", "contains"):
            text = self.text(column)
            if isinstance(value, tuple):
                return or_(false(), *(self._compare(text, name, one) for one in value))
            if name == "startsWith":
                return text.startswith(value, autoescape=True)
            return text.icontains(value, autoescape=True)
        bound = as_bound(column.type, value)
        return unheld(column, name, value) if bound is None else compared(column, name, bound)

    def _timed(self, column: ColumnElement[Any], name: str, clock: Clock) -> ColumnElement[bool]:
        """A comparison with the request's clock, which the statement gets as a parameter when it is executed."""
        wanted = python_type(column.type)
        if wanted is datetime:
            aware = isinstance(column.type, Stamp) or bool(getattr(column.type, "timezone", False))
            return compared(column, name, clock_parameter(clock, "instant" if aware else "wall", column.type))
        if wanted is date:
            return compared(column, name, clock_parameter(clock, "day", column.type))
        if wanted in (int, float, Decimal):
            return compared(self.number(column), name, clock_parameter(clock, "seconds", Double()))
        if self.dialect == "sqlite":
            return compared(written_time(column), name, clock_parameter(clock, "wall_text", Text()))
        form = "day_text" if clock.name == "today" else "wall_text"
        return compared(self.code_point(column), name, clock_parameter(clock, form, Text()))

    def _between(self, column: ColumnElement[Any], name: str, other: ColumnElement[Any]) -> ColumnElement[bool]:
        """A comparison of two columns: as numbers, times or, where their types differ, as texts."""
        kinds = {python_type(column.type), python_type(other.type)}
        if kinds <= {int, float, Decimal} or kinds <= {date, datetime} or (len(kinds) == 1 and str not in kinds):
            return compared(column, name, other)
        return compared(self.code_point(column), name, self.code_point(other))

    # compare keys ----------------------------------------------------------------------------------------------------

    def normalized(self, element: ColumnElement[Any], kept: bool) -> ColumnElement[Any]:
        """The compare key of an identifier, as `identifier.normalize` makes it (for what is spelled in ASCII)."""
        text = self.text(element)
        if self.dialect == "postgresql":
            # `translate` could do it all, at ten times the cost; under "C", `upper` changes ASCII letters only
            text = func.btrim(text, BLANKS) if kept else func.regexp_replace(collate(text, "C"), _CODED, "", "g")
            return func.upper(collate(text, "C"), type_=Text())
        if self.dialect in ("mysql", "mariadb"):
            return func.upper(func.regexp_replace(text, _ENDS if kept else _SEPARATOR, ""), type_=Text())
        return func.gateway_normalize(self.readable(text), int(kept), type_=Text())

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
def _class_of(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(character):x}}}" for character in characters) + "]"


_SEPARATOR = _class_of(SEPARATORS)
_CODED = "[" + "".join(f"\\u{ord(character):04x}" for character in SEPARATORS.replace("\0", "")) + "]"  # PostgreSQL's
_ENDS = f"^{_class_of(BLANKS)}+|{_class_of(BLANKS)}+$"


def mapping_tables(shape: Shape, mapping: Mapping | Rows | Link, prefix: str = "") -> Tables:
    """The mapped table under the alias "t" and its joins under their own names, each after the prefix."""
    wanted = [("", mapping.table or "")]
    pivots: dict[str, str] = {}
    for join in mapping.joins.values():
        if join.pivot is None:
            wanted.append((join.name, join.table))
        else:
            wanted += [(f"{join.name}.{short}", join.table) for short in join.pivot.columns]
            pivots |= {f"{join.name}.{short}": join.pivot.value for short in join.pivot.columns}
    named: dict[str, Table] = {}
    for name, table in wanted:
        named[name] = shape.alias(table, prefix + (f"j_{name}" if name else "t"))
    if isinstance(mapping, Mapping) and mapping.distinct:
        named[""] = _distinct(shape, mapping, named[""], prefix)
    return Tables(shape, named, pivots)


def _distinct(shape: Shape, mapping: Mapping, table: Table, prefix: str) -> Table:
    """The first row of each key among those that pass the mapping's condition, by the texts of what is read of it."""
    found = Renderer(Tables(shape, {"": table}))
    read = dict.fromkeys(name for binding in mapping.fields.values() for _, name in columns_of(binding))
    order = [found.code_point(table.c[name]) for name in sorted(read) if name in table.c]
    key = [found.tables.column(name) for name in mapping.key]
    keys = [found.code_point(column) if is_text(column.type) else column for column in key]
    place = func.row_number().over(partition_by=keys, order_by=order or keys).label("gateway_place")
    passing = true() if mapping.where is None else found.predicate(mapping.where)
    rows = select(*table.c, place).where(passing, *(column.is_not(None) for column in key)).subquery(f"{prefix}rows")
    firsts = select(*(rows.c[column.name] for column in table.c)).where(rows.c.gateway_place == 1)
    return firsts.subquery(f"{prefix}t")  # type: ignore[return-value]
