"""Conditions on what a record leads to, and on which record it is: by keys and identifiers, in rows and link tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select
from sqlalchemy.types import Boolean, Text

from resolvers.coercion import NotUnderstood, converter
from resolvers.connectors.sql.joined import with_join
from resolvers.connectors.sql.leading import Tokens, link_tables, named, targets_rows
from resolvers.connectors.sql.own_key import key_in
from resolvers.connectors.sql.render import Renderer, Unpushable
from resolvers.entity import LINKED, Field, Model
from resolvers.expression import Case, Constant
from resolvers.fetch import Arm
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.mapping import ByIdentifier, ByKey, Link, Parts, Target, Value, pushable

Element = ColumnElement[bool]
_COUNTRY = "^(EEA|[A-Z]{2}(-[A-Z0-9]{1,3})?)$"


@dataclass(frozen=True, slots=True)
class EdgeConditions:
    """Renders what one arm's rows lead to. zone: of the source's times without an offset."""

    model: Model
    arm: Arm
    renderer: Renderer
    zone: str

    def leads_to(self, path: str, tokens: Sequence[Token]) -> Element:
        binding = self.arm.mapping.fields.get(path)
        if binding is None:
            return false()
        if isinstance(binding, ByKey | ByIdentifier):
            return self._target(self.renderer, binding, tokens)
        if not isinstance(binding, tuple):
            raise Unpushable(path)
        return or_(false(), *(self._linked(link, tokens) for link in binding))

    def _linked(self, link: Link, tokens: Sequence[Token]) -> Element:
        led = self._led(link, tokens)
        return led if link.only is None else and_(self.renderer.predicate(link.only), led)

    def _led(self, link: Link, tokens: Sequence[Token]) -> Element:
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
            led = targets_rows(renderer, target, Tokens(lambda _: tokens))
            return false() if led is None else led
        asked = [
            token
            for token in tokens
            if isinstance(token, NameToken) and (target.partners is None or token.partner in target.partners)
        ]
        if not (pushable(target.scheme) and pushable(target.value, text=True)):
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

    def one_of(self, tokens: Sequence[Token]) -> Element:
        mapping = self.arm.mapping
        keys = [token.key for token in tokens if isinstance(token, KeyToken) and token.mapping == mapping.id]
        own = [self.renderer.key(name) for name in mapping.key]
        found = [key_in(own, keys, self.renderer.dialect)] if keys else []
        asked = [t for t in tokens if isinstance(t, NameToken) and t.partner in (None, mapping.partner)]
        path = LINKED if LINKED in mapping.fields else self.model.identifiers(mapping.entity)
        parts = mapping.fields.get(path) if path is not None and path not in self.arm.withheld else None
        if asked and isinstance(parts, Parts):
            for index, member in enumerate(parts.members):
                if "scheme" not in member or "value" not in member:
                    continue
                if not (pushable(member["scheme"]) and pushable(member["value"], text=True)):
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
            return named(renderer, scheme, value, exact, asked, self.model.kept)
        field = self.model.parts["Identifier"].fields["country"]
        found = []
        for name in dict.fromkeys(token.country for token in asked):
            mine = [token for token in asked if token.country == name]
            some = named(renderer, scheme, value, exact, mine, self.model.kept)
            if name is None:
                found.append(some)
            elif isinstance(country.expression, Constant):
                if constant_of(field, country, self.zone) in (None, name):
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


def constant_of(field: Field, value: Value, zone: str) -> Any:
    """The canonical value of a constant; None where it cannot be understood."""
    assert isinstance(value.expression, Constant)
    try:
        return converter(field, value, zone)(value.expression.value)
    except NotUnderstood:
        return None
