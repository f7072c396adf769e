"""Conditions over canonical paths in SQL: exactly what the border would make of the rows, or Unpushable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, and_, false, func, literal, or_, true
from sqlalchemy.types import Boolean, Float, Numeric, Text

from resolvers.border import stand_in
from resolvers.coercion import ALIASES
from resolvers.connectors.sql.bound import among
from resolvers.connectors.sql.circle import box
from resolvers.connectors.sql.column_type import can_hold, is_text, python_type
from resolvers.connectors.sql.edge_condition import EdgeConditions, constant_of
from resolvers.connectors.sql.identifier_asked import asked_of
from resolvers.connectors.sql.leading import named
from resolvers.connectors.sql.render import Renderer, Unpushable, as_bound, compared
from resolvers.connectors.sql.sort_key import SortColumn, SortConstant, sort_key
from resolvers.entity import Field, Kind, Model
from resolvers.expression import Case, Column, Constant, Value
from resolvers.fetch import Arm
from resolvers.folding import pattern
from resolvers.glance import compares
from resolvers.identifier import NameToken, normalize
from resolvers.mapping import ByIdentifier, Parts, pushable
from resolvers.predicate import And, Compare, LeadsTo, Near, Not, OneOf, Or, Predicate, Some, names

Element = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Renders conditions over one arm's tables. zone: of the source's times without an offset. along: what renders that
    an edge leads to some record; without it no condition follows edges."""

    model: Model
    arm: Arm
    renderer: Renderer
    zone: str
    along: Callable[[str, Predicate], Element] | None = None

    def exact(self, predicate: Predicate) -> Element:
        """A condition in negation normal form, no row more and no row less than it means."""
        return self._element(predicate)

    def element(self, predicate: Predicate) -> Element:
        """A condition in negation normal form; of parts and places, some more rows than it means."""
        members = predicate.members if isinstance(predicate, And) else (predicate,)
        return and_(true(), *(self._box(m) if isinstance(m, Near) else self._wide(m) for m in members))

    def _wide(self, predicate: Predicate) -> Element:
        match predicate:
            case And(members=members):
                return and_(true(), *map(self._wide, members))
            case Or(members=members):
                return or_(false(), *map(self._wide, members))
            case Some(path=path, predicate=inner) if not self._unknown(predicate):
                return self._some(path, inner, wide=True)
            case _:
                return self._element(predicate)

    def _element(self, predicate: Predicate) -> Element:
        match predicate:
            case And(members=members):
                return and_(true(), *map(self._element, members))
            case Or(members=members):
                return or_(false(), *map(self._element, members))
            case Not(member=member):
                if isinstance(member, And | Or | Not):
                    raise Unpushable("not before what is no atom")
                if self._unknown(member):
                    return false()
                return func.coalesce(self._atom(member), false(), type_=Boolean()).is_(false())
            case _:
                return false() if self._unknown(predicate) else self._atom(predicate)

    def _unknown(self, atom: Predicate) -> bool:
        return not self.arm.withheld.isdisjoint(names(atom))

    def _atom(self, atom: Predicate) -> Element:
        match atom:
            case Compare(name=path, operator=operator, value=wanted):
                return self._compare(path, operator, wanted)
            case Some(path=path, predicate=inner):
                if self.along is not None and self.model.field(self.arm.mapping.entity, path).kind is not Kind.PART:
                    return self.along(path, inner)
                return self._some(path, inner)
            case LeadsTo(path=path, tokens=tokens):
                return self._edges.leads_to(path, tokens)
            case OneOf(tokens=tokens):
                return self._edges.one_of(tokens)
            case _:
                raise Unpushable(type(atom).__name__)

    @property
    def _edges(self) -> EdgeConditions:
        return EdgeConditions(self.model, self.arm, self.renderer, self.zone)

    # values ----------------------------------------------------------------------------------------------------------

    def _compare(self, path: str, operator: str, wanted: Any) -> Element:
        mapping = self.arm.mapping
        if not path:
            return _constant(compares(mapping.partner, operator, wanted))
        outer = path.rpartition(".")[0]
        if outer and not mapping.holds(outer):
            return _constant(compares(None, operator, wanted))
        guards = [guard for guard in self.model.guards(mapping.entity, path) if guard != path]
        present = [self._leaf(guard, "isNull", False) for guard in guards]
        if operator != "isNull":
            return and_(self._leaf(path, operator, wanted), *present)
        found = and_(self._leaf(path, "isNull", False), *present)
        return func.coalesce(found, false(), type_=Boolean()).is_(false()) if wanted else found

    def _leaf(self, path: str, operator: str, wanted: Any) -> Element:
        mapping = self.arm.mapping
        field = self.model.field(mapping.entity, path)
        binding = mapping.fields.get(path)
        fallback = self.model.entities[mapping.entity].fallback.get(path)
        default: Any = fallback if fallback is not None else stand_in(self.model, mapping.entity, path, field)
        if binding is None and default != "":
            return _constant(compares(default, operator, wanted))
        if isinstance(binding, Value) and isinstance(binding.expression, Constant) and default != "":
            found = constant_of(field, binding, self.zone)
            return _constant(compares(default if found is None else found, operator, wanted))
        if field.many or (binding is not None and not isinstance(binding, Value)):
            raise Unpushable(path)
        if field.kind is Kind.PARTNER and self.along is not None:  # of others, whom the caller may know is to be heeded
            return self._partner(path, binding, operator, wanted)
        if field.values:
            return self._enum(path, field, binding, default, operator, wanted)
        match field.type:
            case "Boolean":
                return self._boolean(path, binding, operator, wanted)
            case "Int" | "Decimal":
                return self._exact(path, field, binding, operator, wanted)
            case "Date" if not self._is_day(binding):
                raise Unpushable(path)
            case "Float" | "Date" | "DateTime":
                return self._sorted(path, operator, wanted)
            case "String" | "ID":
                return self._text(path, binding, operator, wanted)
            case _:
                raise Unpushable(path)

    def _partner(self, path: str, binding: Value | None, operator: str, wanted: Any) -> Element:
        if binding is None or not pushable(binding):
            raise Unpushable(path)
        code = self.renderer.code_point(self.renderer.translated(self.renderer.value(binding), binding))
        if operator == "isNull":
            return code.is_(None) if wanted else code.is_not(None)
        return code.in_(wanted) if operator == "in" else compared(code, operator, wanted)

    def _key(self, path: str) -> SortColumn:
        found = sort_key(self.model, self.arm, self.renderer, path, self.zone)
        if isinstance(found, SortConstant):
            raise Unpushable(path)
        return found

    def _sorted(self, path: str, operator: str, wanted: Any) -> Element:
        """A comparison by what rows are sorted by."""
        key = self._key(path)
        if operator == "isNull":
            return key.element.is_(None) if wanted else key.element.is_not(None)
        if operator == "in":
            bounds = [bound for bound, exact in map(key.bind, wanted) if exact]
            return among(key.element, bounds)
        return self._bound(key, operator, wanted)

    def _bound(self, key: SortColumn, operator: str, wanted: Any) -> Element:
        bound, exact = key.bind(wanted)
        if not exact:  # the bound is the greatest value under the one that was meant, which no row can have
            if operator in ("eq", "ne"):
                return false() if operator == "eq" else key.element.is_not(None)
            operator = {"ge": "gt", "lt": "le"}.get(operator, operator)
        return compared(key.element, operator, bound)

    def _text(self, path: str, binding: Value | None, operator: str, wanted: Any) -> Element:
        element = self._key(path).element
        match operator:
            case "startsWith":
                return self._starts(element, wanted)
            case "contains":
                return self._contains(element, wanted)
            case "in":
                found = among(element, [item for item in wanted if "\0" not in item])
                return and_(found, self._plain(path, binding, wanted))
            case "eq":
                return and_(self._equal(element, wanted), self._plain(path, binding, (wanted,)))
            case _:
                return self._sorted(path, operator, wanted)

    def _equal(self, element: ColumnElement[Any], wanted: str) -> Element:
        return false() if "\0" in wanted else element == wanted

    def _plain(self, path: str, binding: Value | None, wanted: Iterable[str]) -> Element:
        """The column itself, which an index may serve: no stricter than by code point, so that no row is lost."""
        found = [text for text in wanted if "\0" not in text]
        column = self._own_column(path, binding)
        if column is None or self.renderer.dialect == "sqlite":  # where a text may be kept as bytes
            return true()
        if not is_text(column.type) or not found or not all(can_hold(column.type, item) for item in found):
            return true()
        return column.in_(found)

    def _own_column(self, path: str, binding: Value | None) -> ColumnElement[Any] | None:
        """The column that a text is, where it is nothing but a column."""
        if binding is None or not isinstance(binding.expression, Column):
            return None
        own_key = self.model.entities[self.arm.mapping.entity].fallback.get(path) == ""
        if own_key or binding != Value(binding.expression):
            return None
        return self.renderer.tables.column(binding.expression.name)

    def _starts(self, element: ColumnElement[Any], wanted: str) -> Element:
        if "\0" in wanted:
            return false()
        if not wanted:
            return element.is_not(None)
        if self.renderer.dialect == "sqlite":
            return func.substr(element, 1, len(wanted), type_=Text()) == literal(wanted, Text())
        return element.like(_liked(wanted) + "%", escape="!")

    def _contains(self, element: ColumnElement[Any], wanted: str) -> Element:
        if "\0" in wanted:
            return false()
        if not wanted:
            return element.is_not(None)
        if self.renderer.dialect == "sqlite":
            return func.gateway_contains(element, literal(wanted, Text()), type_=Boolean()) == literal(1, Integer())
        if len(wanted) > _SEARCHED:
            raise Unpushable("a text so long that MariaDB takes no pattern for it")
        return element.regexp_match(pattern(wanted))

    def _enum(
        self, path: str, field: Field, binding: Value | None, default: Any, operator: str, wanted: Any
    ) -> Element:
        key = self._key(path)
        if operator == "isNull":
            return key.element.is_(None) if wanted else key.element.is_not(None)
        order = {name: index for index, name in enumerate(field.values)}
        asked = [order[name] for name in (wanted if operator == "in" else (wanted,)) if name in order]
        if operator == "ne":
            return key.element != asked[0] if asked else key.element.is_not(None)
        if not asked:
            return false()
        found: Element = key.element.in_(asked)
        codes = self._codes(binding, {field.values[index] for index in asked}, default)
        return found if codes is None else and_(codes, found)

    def _codes(self, binding: Value | None, meant: set[str], default: Any) -> Element | None:
        """The column by the codes that mean some values, in its own type, so that an index serves; None where rows
        that hold none of these codes may mean them too."""
        if binding is None or not isinstance(binding.expression, Column) or default in meant:
            return None
        if not binding.strict and binding.otherwise in meant:
            return None
        if replace(binding, values=None, otherwise=None, strict=True, closed=False) != Value(binding.expression):
            return None
        column = self.renderer.tables.column(binding.expression.name)
        values = binding.values if binding.values is not None else {name: name for name in meant}
        codes = [code for code, value in values.items() if value in meant]
        if python_type(column.type) is bool or any(
            code in ALIASES for code in codes if python_type(column.type) is not int
        ):
            return None
        if self.renderer.dialect == "sqlite" and not is_text(column.type):
            return None
        bound = [found for code in codes if (found := as_bound(column.type, code)) is not None]
        if is_text(column.type) and not all(can_hold(column.type, code) for code in codes):
            return None
        return column.in_(bound) if bound else false()

    def _boolean(self, path: str, binding: Value | None, operator: str, wanted: Any) -> Element:
        if binding is None or not pushable(binding):
            raise Unpushable(path)
        element = self.renderer.value(binding)
        words = dict(binding.values) if binding.values is not None else {}
        if isinstance(binding.expression, Case) or python_type(element.type) is bool:
            words |= {"true": True, "false": False}
        elif binding.values is None and python_type(element.type) is int:
            words |= {"1": True, "0": False}
        elif binding.values is None or not binding.strict:
            raise Unpushable(path)
        known = list(self.renderer.coded(element, words))
        if operator == "isNull":
            found = or_(false(), *(holds for holds, _ in known))
            return func.coalesce(found, false(), type_=Boolean()).is_(false()) if wanted else found
        meant = wanted if operator == "in" else (wanted,)
        if operator == "ne":
            meant = (not wanted,)
        return or_(false(), *(holds for holds, value in known if value in meant))

    def _exact(self, path: str, field: Field, binding: Value | None, operator: str, wanted: Any) -> Element:
        """Numbers that are compared in their own type, because a double may not tell them apart."""
        if binding is None or binding != Value(Column(getattr(binding.expression, "name", "")), null=binding.null):
            raise Unpushable(path)
        element = self.renderer.value(binding)
        kind = python_type(element.type)
        if operator == "isNull" and kind in (int, Decimal) and self.renderer.dialect != "sqlite":
            return element.is_(None) if wanted else element.is_not(None)
        if kind is int and self.renderer.dialect != "sqlite":
            meant = wanted if operator == "in" else (wanted,)
            if any(abs(Decimal(item)) >= 2**63 for item in meant):
                raise Unpushable(path)
        elif not (kind is Decimal and isinstance(element.type, Numeric) and not isinstance(element.type, Float)):
            raise Unpushable(path)
        if self.renderer.dialect == "sqlite":
            raise Unpushable(path)
        if field.type == "Int" and kind is not int:
            raise Unpushable(path)

        def bound(item: Any) -> ColumnElement[Any]:
            return literal(Decimal(item), Numeric()) if kind is Decimal or isinstance(item, Decimal) else literal(item)

        if operator == "in":
            return or_(false(), *(element == bound(item) for item in wanted))
        return compared(element, operator, bound(wanted))

    def _is_day(self, binding: Value | None) -> bool:
        """Whether a day is kept as a day: of a time, the day depends on where one looks at it."""
        if binding is None or not pushable(binding):
            return False
        written = self.renderer.dialect == "sqlite" and binding.zone is None
        return written or isinstance(self.renderer.value(binding).type, Date)

    # parts and places ------------------------------------------------------------------------------------------------

    def _some(self, path: str, inner: Predicate, *, wide: bool = False) -> Element:
        """Some entry of a list of identifiers, by scheme and normal form or spelling. Other lists are read whole.

        wide: with some more rows, as those whose spelling is not ASCII, of which only SQLite can make the normal form.
        """
        parts = self.arm.mapping.fields.get(path)
        if parts is None:
            return false()
        asked = asked_of(inner)
        if not isinstance(parts, Parts) or parts.gathered or asked is None:
            raise Unpushable(path)
        schemes, spellings, spelt, countries = asked
        if spelt and not wide:
            raise Unpushable(path)
        found = []
        for member in parts.members:
            if "scheme" not in member or "value" not in member:
                raise Unpushable(path)
            known = ByIdentifier(member["scheme"], member["value"]).schemes
            wanted = known & schemes if schemes is not None else known
            # of a spelling that is looked for, the database leaves out only what surrounds it, and case
            tokens = [
                NameToken(scheme, normalize(text, True), value=text) if spelt else NameToken(scheme, text)
                for scheme in sorted(wanted)
                for text in sorted(spellings)
                if "\0" not in text
            ]
            if not tokens:
                continue
            if not (pushable(member["scheme"]) and pushable(member["value"], text=True)):
                raise Unpushable(path)
            if spelt and member["value"] != Value(member["value"].expression, null=member["value"].null):
                raise Unpushable(path)
            if countries is not None:
                country = member.get("country")
                if country is None:
                    continue
                if not isinstance(country.expression, Constant):
                    raise Unpushable(path)
                if constant_of(self.model.parts["Identifier"].fields["country"], country, self.zone) not in countries:
                    continue
            kept = wanted if spelt else self.model.kept
            found.append(named(self.renderer, member["scheme"], member["value"], False, tokens, kept))
            if self.renderer.dialect != "sqlite":
                if not wide:
                    raise Unpushable(path)
                written = self.renderer.code_point(self.renderer.value(member["value"]))
                found.append(written.regexp_match(_NOT_ASCII))
        return or_(false(), *found)

    def _box(self, near: Near) -> Element:
        if self._unknown(near):
            return false()
        if not self.arm.mapping.holds(near.path):
            return false()
        return box(near, self._key(f"{near.path}.lat").element, self._key(f"{near.path}.lon").element)


_NOT_ASCII = "[^\x01-\x7f]"
_SEARCHED = 100  # characters of a text in a pattern: of the letter with the most forms MariaDB takes less than 200


def _constant(holds: bool) -> Element:
    return true() if holds else false()


def _liked(text: str) -> str:
    return "".join(f"!{c}" if c in "!%_" else c for c in text)
