"""Which rows lead to given records: by key or identifier, in the row itself or through a link table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from sqlalchemy.types import Integer

from resolvers.border import Build, target_reading
from resolvers.connectors.sql.column_type import can_hold
from resolvers.connectors.sql.joined import with_join
from resolvers.connectors.sql.own_key import among, key_in
from resolvers.connectors.sql.render import Renderer, Tables, mapping_tables
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Model
from resolvers.expression import Constant
from resolvers.identifier import KeyToken, NameToken, Token, squeezed
from resolvers.inline import Inline
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Target, Value, pushable

From = Callable[[Select[Any], Mapping, Renderer], Select[Any]]
"""Puts a mapping's tables, joins and condition under a select."""


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

    def leads(
        self, mapping: Mapping, renderer: Renderer, via: str, tokens: Sequence[Token] | None, start: From
    ) -> Leads | None:
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

    def _way(self, link: Link, renderer: Renderer, tokens: Sequence[Token] | None, via: str) -> Leads | None:
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
        tokens: Sequence[Token] | None,
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

    def _leads_to(self, renderer: Renderer, target: Target, tokens: Sequence[Token]) -> ColumnElement[bool] | None:
        """Whether a row's target is one of the tokens; None where it cannot be."""
        if isinstance(target, ByIdentifier):
            names = [
                token
                for token in tokens
                if isinstance(token, NameToken)
                and token.scheme in target.schemes
                and (target.partners is None or token.partner in target.partners)
            ]
            if target.whose is not None and names:
                return or_(*(self._of_partner(renderer, target, names, partner) for partner in target.partners or ()))
            return self._named(renderer, target, names) if names else None
        return targets_rows(renderer, target, tokens)

    def _of_partner(
        self, renderer: Renderer, target: ByIdentifier, names: Sequence[NameToken], partner: str
    ) -> ColumnElement[bool]:
        """Whether a row leads to one of the identifiers of a partner."""
        assert target.whose is not None
        told = self._named(renderer, target, [token for token in names if token.partner == partner])
        return and_(_coded(renderer, target.whose, partner), told)

    def _named(self, renderer: Renderer, target: ByIdentifier, names: Sequence[NameToken]) -> ColumnElement[bool]:
        return named(renderer, target.scheme, target.value, target.exact, names, self.model.kept)


def targets_rows(renderer: Renderer, target: ByKey, tokens: Sequence[Token]) -> ColumnElement[bool] | None:
    """Whether a row's key leads to one of the tokens; None where it cannot."""
    columns = [renderer.key(name) for name in target.columns]
    wanted = []
    for code, mapping in target.to.items():
        keys = [token.key for token in tokens if isinstance(token, KeyToken) and token.mapping == mapping]
        if keys and target.code is not None:
            known = renderer.code_point(renderer.value(target.code)) == code
            wanted.append(and_(known, key_in(columns, keys, renderer.dialect)))
        elif keys:
            wanted.append(key_in(columns, keys, renderer.dialect))
    return or_(*wanted) if wanted else None


def named(
    renderer: Renderer, scheme: Value, value: Value, exact: bool, names: Sequence[NameToken], kept: frozenset[str]
) -> ColumnElement[bool]:
    """Whether a row carries one of the identifiers: by raw spelling where there is one, else by compare key.

    kept: the schemes in which separators count.

    True of every row where the database cannot compute them: who reads the rows must look at what they carry anyway.
    """
    if not (pushable(scheme) and pushable(value, text=True)):
        return true()
    by_scheme: dict[str, set[str]] = {}
    for token in names:
        spellings = by_scheme.setdefault(token.scheme, set())
        spellings.add(token.normalized)
        if token.value and (exact or not token.value.isascii()):  # of ASCII the two forms are the same
            spellings.add(token.value if exact else squeezed(token.value, token.scheme in kept))
    if not exact and renderer.dialect in ("mysql", "mariadb"):  # which turns every letter to upper case
        by_scheme = {name: found | {spelling.upper() for spelling in found} for name, found in by_scheme.items()}
    told = renderer.value(value)
    found: list[ColumnElement[bool]] = []
    for name, spellings in sorted(by_scheme.items()):
        element = renderer.text(told) if exact else renderer.normalized(told, name in kept)
        wanted = among(
            element, [spelling for spelling in sorted(spellings) if can_hold(told.type, spelling)], renderer.dialect
        )
        if not isinstance(scheme.expression, Constant):
            found.append(and_(_coded(renderer, scheme, name), wanted))
        elif scheme.expression.value == name:
            found.append(wanted)
    return or_(false(), *found)


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
