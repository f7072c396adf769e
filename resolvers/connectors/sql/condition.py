"""Conditions over canonical paths in SQL: exactly what the border would make of the rows, or Unpushable."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, and_, false, func, literal, or_, select, true
from sqlalchemy.types import Boolean, Float, Numeric, Text

from resolvers.border import stand_in
from resolvers.coercion import ALIASES, NotUnderstood, converter
from resolvers.connectors.sql.column_type import can_hold, is_text, python_type
from resolvers.connectors.sql.joined import with_join
from resolvers.connectors.sql.leading import link_tables, named, targets_rows
from resolvers.connectors.sql.own_key import key_in
from resolvers.connectors.sql.render import Renderer, Unpushable, as_bound, compared
from resolvers.connectors.sql.sort_key import SortColumn, SortConstant, sort_key
from resolvers.entity import Field, Model
from resolvers.expression import Case, Column, Constant
from resolvers.fetch import Arm
from resolvers.folding import pattern
from resolvers.glance import EARTH_KM, compares
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.mapping import ByIdentifier, ByKey, Link, Parts, Target, Value, pushable
from resolvers.predicate import And, Compare, LeadsTo, Near, Not, OneOf, Or, Predicate, Some, names

Element = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Renders conditions over one arm's tables. zone: of the source's times without an offset."""

    model: Model
    arm: Arm
    renderer: Renderer
    zone: str

    def element(self, predicate: Predicate) -> Element:
        """A condition in negation normal form. Near, where it must hold of every row, is its bounding box."""
        members = predicate.members if isinstance(predicate, And) else (predicate,)
        return and_(true(), *(self._box(m) if isinstance(m, Near) else self._element(m) for m in members))

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
                return self._some(path, inner)
            case LeadsTo(path=path, tokens=tokens):
                return self._leads_to(path, tokens)
            case OneOf(tokens=tokens):
                return self._one_of(tokens)
            case _:
                raise Unpushable(type(atom).__name__)

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
            found = self._canonical(field, binding)
            return _constant(compares(default if found is None else found, operator, wanted))
        if field.many or (binding is not None and not isinstance(binding, Value)):
            raise Unpushable(path)
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

    def _canonical(self, field: Field, value: Value) -> Any:
        assert isinstance(value.expression, Constant)
        try:
            return converter(field, value, self.zone)(value.expression.value)
        except NotUnderstood:
            return None

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
            return or_(false(), *(self._bound(key, "eq", item) for item in wanted))
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
                found = or_(false(), *(self._equal(element, item) for item in wanted))
                return and_(found, self._plain(path, binding, wanted))
            case "eq":
                return and_(self._equal(element, wanted), self._plain(path, binding, (wanted,)))
            case _:
                return self._sorted(path, operator, wanted)

    def _equal(self, element: ColumnElement[Any], wanted: str) -> Element:
        return false() if "\0" in wanted else element == wanted

    def _plain(self, path: str, binding: Value | None, wanted: Iterable[str]) -> Element:
        """The column itself, which an index may serve: no stricter than by code point, so that no row is lost."""
        found = list(wanted)
        column = self._own_column(path, binding)
        if column is None or (self.renderer.dialect != "mysql" and self.renderer.dialect != "mariadb"):
            return true()
        if not is_text(column.type) or not found or not all(can_hold(column.type, item) for item in found):
            return true()
        return column.in_(found)

    def _own_column(self, path: str, binding: Value | None) -> ColumnElement[Any] | None:
        """The column that a text is, where it is nothing but a column."""
        if binding is None or not isinstance(binding.expression, Column):
            return None
        if (
            binding != Value(binding.expression)
            or self.model.entities[self.arm.mapping.entity].fallback.get(path) == ""
        ):
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
        if binding != Value(binding.expression, binding.values, binding.otherwise, binding.strict):
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
        return self.renderer.dialect == "sqlite" or isinstance(self.renderer.value(binding).type, Date)

    # parts and places ------------------------------------------------------------------------------------------------

    def _some(self, path: str, inner: Predicate) -> Element:
        """Some entry of a list of identifiers, by scheme and normal form. Other lists are read whole."""
        parts = self.arm.mapping.fields.get(path)
        if parts is None:
            return false()
        asked = _identifier_asked(inner)
        if not isinstance(parts, Parts) or asked is None:
            raise Unpushable(path)
        schemes, normals, countries = asked
        found = []
        for index, member in enumerate(parts.members):
            if "scheme" not in member or "value" not in member:
                raise Unpushable(path)
            known = ByIdentifier(member["scheme"], member["value"]).schemes
            wanted = known & schemes if schemes is not None else known
            tokens = [NameToken(scheme, normal) for scheme in sorted(wanted) for normal in sorted(normals)]
            if not tokens:
                continue
            if not (pushable(member["scheme"]) and pushable(member["value"])) or index in parts.exact:
                raise Unpushable(path)
            if countries is not None:
                country = member.get("country")
                if country is None:
                    continue
                if not isinstance(country.expression, Constant):
                    raise Unpushable(path)
                if self._canonical(self.model.parts["Identifier"].fields["country"], country) not in countries:
                    continue
            found.append(named(self.renderer, member["scheme"], member["value"], False, tokens))
        return or_(false(), *found)

    def _box(self, near: Near) -> Element:
        if self._unknown(near):
            return false()
        if not self.arm.mapping.holds(near.path):
            return false()
        up = math.degrees(near.km / EARTH_KM) + 1e-9
        lat = self._key(f"{near.path}.lat").element
        lon = self._key(f"{near.path}.lon").element
        south, north = near.lat - up, near.lat + up
        found: list[Element] = [lat >= south, lat <= north]
        if south > -90 and north < 90:
            ratio = math.sin(near.km / EARTH_KM) / math.cos(math.radians(near.lat))
            across = math.degrees(math.asin(min(1.0, ratio))) + 1e-9
            west, east = near.lon - across, near.lon + across
            if west < -180:
                found.append(or_(lon >= west + 360, lon <= east))
            elif east > 180:
                found.append(or_(lon >= west, lon <= east - 360))
            else:
                found.append(lon.between(west, east))
        return and_(*found)

    # edges -----------------------------------------------------------------------------------------------------------

    def _leads_to(self, path: str, tokens: Sequence[Token]) -> Element:
        binding = self.arm.mapping.fields.get(path)
        if binding is None:
            return false()
        if isinstance(binding, ByKey | ByIdentifier):
            return self._target(self.renderer, binding, tokens)
        if not isinstance(binding, tuple):
            raise Unpushable(path)
        return or_(false(), *(self._linked(link, tokens) for link in binding))

    def _linked(self, link: Link, tokens: Sequence[Token]) -> Element:
        if link.table is None:
            return self._target(self.renderer, link.target, tokens)
        there = Renderer(link_tables(self.renderer.tables.shape, link))
        wanted = [self._target(there, link.target, tokens)]
        wanted += [there.same(there.tables.column(c), self.renderer.tables.column(own)) for c, own in link.on]
        if link.where is not None:
            wanted.append(there.predicate(link.where))
        rows = select(literal(1)).select_from(there.tables.named[""])
        for join in link.joins.values():
            rows = with_join(rows, join, there)
        return rows.where(*wanted).correlate_except(*there.tables.named.values()).exists()

    def _target(self, renderer: Renderer, target: Target, tokens: Sequence[Token]) -> Element:
        if not isinstance(target, ByIdentifier):
            led = targets_rows(renderer, target, tokens)
            return false() if led is None else led
        asked = [
            token
            for token in tokens
            if isinstance(token, NameToken) and (target.partners is None or token.partner in target.partners)
        ]
        if not (pushable(target.scheme) and pushable(target.value)):
            raise Unpushable("an identifier that the border reads")
        if target.whose is None:
            return self._named(renderer, target.scheme, target.value, target.country, target.exact, asked)
        if not pushable(target.whose):
            raise Unpushable("a partner that the border reads")
        whose = renderer.code_point(renderer.translated(renderer.value(target.whose), target.whose))
        found = []
        for partner in sorted(target.partners or ()):
            mine = [token for token in asked if token.partner == partner]
            told = self._named(renderer, target.scheme, target.value, target.country, target.exact, mine)
            found.append(and_(whose == partner, told))
        return or_(false(), *found)

    def _one_of(self, tokens: Sequence[Token]) -> Element:
        mapping = self.arm.mapping
        keys = [token.key for token in tokens if isinstance(token, KeyToken) and token.mapping == mapping.id]
        own = [self.renderer.key(name) for name in mapping.key]
        found = [key_in(own, keys, self.renderer.dialect)] if keys else []
        asked = [t for t in tokens if isinstance(t, NameToken) and t.partner in (None, mapping.partner)]
        path = self.model.identifiers(mapping.entity)
        parts = mapping.fields.get(path) if path is not None and path not in self.arm.withheld else None
        if asked and isinstance(parts, Parts):
            for index, member in enumerate(parts.members):
                if "scheme" not in member or "value" not in member:
                    continue
                if not (pushable(member["scheme"]) and pushable(member["value"])):
                    raise Unpushable("an identifier that the border reads")
                exact, country = index in parts.exact, member.get("country")
                found.append(self._named(self.renderer, member["scheme"], member["value"], country, exact, asked))
        return or_(false(), *found)

    def _named(
        self,
        renderer: Renderer,
        scheme: Value,
        value: Value,
        country: Value | None,
        exact: bool,
        tokens: Sequence[NameToken],
    ) -> Element:
        """Whether a row names one of the tokens, in a country that fits: an unsaid one fits any."""
        known = ByIdentifier(scheme, value).schemes
        asked = [token for token in tokens if token.scheme in known]
        if not asked:
            return false()
        if country is None or all(token.country is None for token in asked):
            return named(renderer, scheme, value, exact, asked)
        field = self.model.parts["Identifier"].fields["country"]
        found = []
        for name in dict.fromkeys(token.country for token in asked):
            some = named(renderer, scheme, value, exact, [token for token in asked if token.country == name])
            if name is None:
                found.append(some)
            elif isinstance(country.expression, Constant):
                if self._canonical(field, country) in (None, name):
                    found.append(some)
            else:
                found.append(and_(some, self._fits(renderer, country, name)))
        return or_(false(), *found)

    def _fits(self, renderer: Renderer, country: Value, name: str) -> Element:
        """Whether a row's country is this, or none; written in letters of any case."""
        if not pushable(country):
            raise Unpushable("a country that the border reads")
        element = renderer.value(country)
        if isinstance(country.expression, Case):
            return or_(element.is_(None), renderer.code_point(element) == name)
        if country.values is not None:
            known = list(renderer.coded(element, country.values))
            other = or_(false(), *(holds for holds, value in known if value != name))
            return func.coalesce(other, false(), type_=Boolean()).is_(false())
        text = renderer.code_point(func.upper(func.trim(renderer.text(element)), type_=Text()))
        # anything but a country's code reads as none
        return or_(element.is_(None), text == name, func.coalesce(text.regexp_match(_COUNTRY), false()).is_(false()))


_COUNTRY = "^(EEA|[A-Z]{2}(-[A-Z0-9]{1,3})?)$"


def _constant(holds: bool) -> Element:
    return true() if holds else false()


def _liked(text: str) -> str:
    return "".join(f"!{c}" if c in "!%_" else c for c in text)


def _identifier_asked(inner: Predicate) -> tuple[frozenset[str] | None, frozenset[str], frozenset[str] | None] | None:
    """The schemes (None: any), normal forms and countries (None: any) that an entry must have; None where it is more
    than that."""
    found: dict[str, frozenset[str]] = {}
    for member in inner.members if isinstance(inner, And) else (inner,):
        if not isinstance(member, Compare) or member.operator not in ("eq", "in"):
            return None
        values = frozenset(member.value if member.operator == "in" else (member.value,))
        found[member.name] = found.get(member.name, values) & values
    if not found.keys() <= {"scheme", "normalized", "country"} or "normalized" not in found:
        return None
    return found.get("scheme"), found["normalized"], found.get("country")
