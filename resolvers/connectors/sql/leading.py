"""Which rows lead to given records: by key or identifier, in the row itself or through a link table."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    cast,
    false,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.types import Integer, TypeEngine

from resolvers.border import Build, target_reading
from resolvers.connectors.sql.column_type import can_hold
from resolvers.connectors.sql.fills import Fills
from resolvers.connectors.sql.joined import with_join
from resolvers.connectors.sql.own_key import among, keys_in
from resolvers.connectors.sql.render import Renderer, Tables, mapping_tables
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Model
from resolvers.expression import Constant
from resolvers.identifier import KeyToken, NameToken, Token, squeezed
from resolvers.inline import Inline
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Target, Value, pushable

From = Callable[[Select[Any], Mapping, Renderer], Select[Any]]
"""Puts a mapping's tables, joins and condition under a select."""


Names = Callable[[Any], Sequence[NameToken]]
"""What is asked -> the identifiers that are looked for."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of what is asked: now, and each time that a statement is filled anew."""

    of: Callable[[Any], Sequence[Token]]
    asked: Any = None


@dataclass(frozen=True, slots=True)
class Leads:
    """How the rows of a mapping lead to some records.

    attach: leaves the rows that do in a select from the mapping's tables, once for each way. parents, build: what to
    select of the way, and the token that it means. inline: `build` as a function of many rows says it.
    """

    attach: Callable[[Select[Any]], Select[Any]]
    parents: Sequence[ColumnElement[Any]]
    build: Build
    inline: Inline | None = None


@dataclass(frozen=True, slots=True)
class Leading:
    """Makes `Leads` for the tables of one database."""

    model: Model
    shape: Shape
    zone: str
    fills: Fills = field(default_factory=Fills)

    def leads(self, mapping: Mapping, renderer: Renderer, via: str, tokens: Tokens | None, start: From) -> Leads | None:
        """How the rows of `renderer`'s tables lead to the tokens (None: to anything) through `via`; None where they
        cannot."""
        binding = mapping.fields.get(via)
        links: tuple[Link, ...] = ()
        if isinstance(binding, ByKey | ByIdentifier):
            links = (Link(binding),)
        elif isinstance(binding, tuple):
            links = binding
        found = [link for link in links if self._way(link, renderer, tokens, via) is not None]
        if len(found) < 2:
            return self._way(found[0], renderer, tokens, via) if found else None
        return self._ways(mapping, renderer, found, tokens, via, start)

    def _way(self, link: Link, renderer: Renderer, tokens: Tokens | None, via: str) -> Leads | None:
        """One form of link."""
        there = renderer if link.table is None else Renderer(link_tables(self.shape, link))
        wanted = true() if tokens is None else self._leads_to(there, link.target, tokens)
        if wanted is None:
            return None
        parent = target_reading(self.model, link.target, self.zone, via)
        # said before the joins are put under the rows, which are those that somebody reads
        on = [there.same(there.tables.column(column), renderer.tables.column(own)) for column, own in link.on]
        only = () if link.only is None else (renderer.predicate(link.only),)

        def attach(base: Select[Any]) -> Select[Any]:
            if link.table is not None:
                base = base.join_from(renderer.tables.named[""], there.tables.named[""], and_(*on))
                for join in link.joins.values():
                    base = with_join(base, join, there)
                if link.where is not None:
                    base = base.where(there.predicate(link.where))
            return base.where(wanted, *only)

        return Leads(attach, [there.value(value) for value in parent.values], parent.build, parent.inline)

    def _ways(
        self,
        mapping: Mapping,
        renderer: Renderer,
        links: Sequence[Link],
        tokens: Tokens | None,
        via: str,
        start: From,
    ) -> Leads:
        """Several forms of link. Together in one table of (key, form, parent), so that the rows keep one order."""
        every: list[tuple[Renderer, Leads]] = []
        for link in links:
            own = Renderer(mapping_tables(self.shape, mapping))
            way = self._way(link, own, tokens, via)
            assert way is not None
            every.append((own, way))
        selects = []
        for form, (own, way) in enumerate(every):
            columns = [own.key(name).label(f"k{index}") for index, name in enumerate(mapping.key)]
            columns.append(literal(form, Integer()).label("form"))
            for other, (_, padded) in enumerate(every):
                for index, parent in enumerate(padded.parents):
                    columns.append(
                        (parent if other == form else padding(parent, own.dialect)).label(f"p{other}_{index}")
                    )
            selects.append(way.attach(start(select(*columns), mapping, own)))
        ways = union_all(*selects).subquery("ways")
        names = [[f"p{form}_{index}" for index in range(len(way.parents))] for form, (_, way) in enumerate(every)]
        builds = []
        begin = 1
        for form, (_, way) in enumerate(every):
            builds.append((begin, begin + len(names[form]), way.build))
            begin += len(names[form])

        def attach(base: Select[Any]) -> Select[Any]:
            keys = (renderer.key(name) == ways.c[f"k{index}"] for index, name in enumerate(mapping.key))
            return base.join_from(renderer.tables.named[""], ways, and_(*keys))

        def build(raws: Sequence[Any], issues: Any) -> Token | None:
            first, last, inner = builds[raws[0]]
            token: Token | None = inner(raws[first:last], issues)
            return token

        return Leads(attach, [ways.c.form, *(ways.c[name] for found in names for name in found)], build)

    def _leads_to(self, renderer: Renderer, target: Target, tokens: Tokens) -> ColumnElement[bool] | None:
        """Whether a row's target is one of the tokens; None where it cannot be."""
        if isinstance(target, ByIdentifier):
            schemes, partners = target.schemes, target.partners

            def names(asked: Any) -> list[NameToken]:
                return [
                    token
                    for token in tokens.of(asked)
                    if isinstance(token, NameToken)
                    and token[0] in schemes
                    and (partners is None or token[3] in partners)
                ]

            if not names(tokens.asked):
                return None
            if target.whose is not None:
                codes = sorted(partners or ())
                return or_(*(self._of_partner(renderer, target, names, tokens, partner) for partner in codes))
            return self._named(renderer, target, names, tokens)
        return targets_rows(renderer, target, tokens, self.fills)

    def _of_partner(
        self, renderer: Renderer, target: ByIdentifier, names: Names, tokens: Tokens, partner: str
    ) -> ColumnElement[bool]:
        """Whether a row leads to one of the identifiers of a partner."""
        assert target.whose is not None
        told = self._named(
            renderer, target, lambda asked: [token for token in names(asked) if token.partner == partner], tokens
        )
        return and_(_coded(renderer, target.whose, partner), told)

    def _named(self, renderer: Renderer, target: ByIdentifier, names: Names, tokens: Tokens) -> ColumnElement[bool]:
        carried = Carried(target.scheme, target.value, target.exact, self.model.kept)
        return carried.among(renderer, names, self.fills, tokens.asked)


def targets_rows(
    renderer: Renderer, target: ByKey, tokens: Tokens, fills: Fills | None = None
) -> ColumnElement[bool] | None:
    """Whether a row's key leads to one of the tokens; None where it cannot."""
    columns = [renderer.key(name) for name in target.columns]
    fills = fills or Fills(lasting=False)
    known = {token.mapping for token in tokens.of(tokens.asked) if isinstance(token, KeyToken)}
    wanted = []
    for code, mapping in target.to.items():
        if mapping not in known:
            continue
        led = keys_in(
            columns,
            partial(_keys, tokens, mapping, target.null),
            renderer.dialect,
            fills or Fills(lasting=False),
            tokens.asked,
        )
        if target.code is not None:
            led = and_(renderer.code_point(renderer.value(target.code)) == code, led)
        wanted.append(led)
    return or_(*wanted) if wanted else None


def _keys(tokens: Tokens, mapping: str, null: Container[str], asked: Any) -> list[str]:
    """The keys that are asked for, without those that stand for none."""
    found = (token.key for token in tokens.of(asked) if isinstance(token, KeyToken) and token.mapping == mapping)
    return [key for key in found if key not in null]


@dataclass(frozen=True, slots=True)
class Carried:
    """An identifier that rows carry. kept: the schemes in which separators count."""

    scheme: Value
    value: Value
    exact: bool
    kept: frozenset[str]

    def among(self, renderer: Renderer, names: Names, fills: Fills, asked: Any) -> ColumnElement[bool]:
        """Whether a row carries one of the identifiers: by raw spelling where there is one, else by compare key.

        True of every row where the database cannot compute them: who reads rows must look at what they carry anyway.
        """
        scheme, value = self.scheme, self.value
        if not (pushable(scheme) and pushable(value, text=True)):
            return true()
        told = renderer.value(value)
        found: list[ColumnElement[bool]] = []
        for name in sorted({token.scheme for token in names(asked)}):
            constant = isinstance(scheme.expression, Constant)
            if constant and scheme.expression.value != name:  # type: ignore[union-attr]
                continue
            element = renderer.text(told) if self.exact else renderer.normalized(told, name in self.kept)
            spelt = partial(self._spellings, names, name, renderer.dialect, told.type)
            wanted = among(element, spelt, renderer.dialect, fills, asked)
            found.append(wanted if constant else and_(_coded(renderer, scheme, name), wanted))
        return or_(false(), *found)

    def _spellings(self, names: Names, scheme: str, dialect: str, type_: TypeEngine[Any], asked: Any) -> set[str]:
        """How the identifiers of a scheme may be written in the column."""
        found: set[str] = set()
        exact, kept = self.exact, scheme in self.kept
        for token in names(asked):
            if token.scheme != scheme:
                continue
            found.add(token.normalized)
            value = token.value
            if value and (exact or not value.isascii()):  # of ASCII the two forms are the same
                found.add(value if exact else squeezed(value, kept))
        if not exact and dialect in ("mysql", "mariadb"):  # which turns every letter to upper case
            found |= {spelling.upper() for spelling in found}
        if getattr(type_, "charset", None) is None:
            return found
        return {spelling for spelling in found if can_hold(type_, spelling)}


def named(
    renderer: Renderer, scheme: Value, value: Value, exact: bool, names: Sequence[NameToken], kept: frozenset[str]
) -> ColumnElement[bool]:
    """Whether a row carries one of some identifiers. See `Carried.among`."""
    return Carried(scheme, value, exact, kept).among(renderer, lambda _: names, Fills(lasting=False), None)


def _coded(renderer: Renderer, scheme: Value, name: str) -> ColumnElement[bool]:
    """Whether a row's scheme is the named one."""
    element = renderer.value(scheme)
    if scheme.values is None:
        return renderer.text(element) == name
    codes = [code for code, canonical in scheme.values.items() if canonical == name]
    known = renderer.text(element).in_(codes)
    if scheme.strict or scheme.otherwise != name:
        return known
    return or_(known, and_(element.is_not(None), renderer.code_point(element).not_in(list(scheme.values))))


def link_tables(shape: Shape, link: Link) -> Tables:
    """The table of a link, and its joins."""
    return mapping_tables(shape, link, "l_")


def padding(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """A null of a column's type."""
    return cast(null(), column.type) if dialect == "postgresql" else type_coerce(null(), column.type)
