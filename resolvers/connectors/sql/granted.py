"""Which rows of a mapping a grant shows, as a condition of every statement that reads them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select

from resolvers.connectors.sql.condition import Conditions
from resolvers.connectors.sql.joined import with_join
from resolvers.connectors.sql.leading import link_tables
from resolvers.connectors.sql.render import Renderer, Unpushable, mapping_tables
from resolvers.entity import Model
from resolvers.fetch import Arm
from resolvers.mapping import ByKey, Granted, Link, Mapping
from resolvers.predicate import Predicate

Element = ColumnElement[bool]
From = Callable[[Select[Any], Mapping, Renderer], Select[Any]]


@dataclass(frozen=True, slots=True)
class GrantedRows:
    """Renders what grants say of rows. there: every mapping of the source, whole, by id. start: puts a mapping's tables
    under a select. depth: how many edges were followed so far, for the names of tables."""

    model: Model
    zone: str
    there: Map[str, Mapping]
    start: From
    depth: int = 0

    def element(self, granted: Granted, renderer: Renderer) -> Element:
        """What a grant says of a mapping's rows. Unpushable where the database cannot tell exactly: then the rows must
        not be read at all."""
        return self._condition(granted.condition, granted.whole, renderer)

    def _condition(self, condition: Predicate, whole: Mapping, renderer: Renderer) -> Element:
        arm = Arm(whole, frozenset(whole.fields))

        def along(path: str, inner: Predicate) -> Element:
            return self._along(whole, renderer, path, inner)

        return Conditions(self.model, arm, renderer, self.zone, along).exact(condition)

    def _along(self, mapping: Mapping, renderer: Renderer, path: str, inner: Predicate) -> Element:
        """Whether a reference or a link leads to a record of the same source that fulfils a condition."""
        binding = mapping.fields.get(path)
        if binding is None:
            return false()
        links = binding if isinstance(binding, tuple) else (Link(binding),) if isinstance(binding, ByKey) else None
        if links is None:
            raise Unpushable("an edge by identifiers")
        return or_(false(), *(self._link(link, renderer, inner) for link in links))

    def _link(self, link: Link, renderer: Renderer, inner: Predicate) -> Element:
        target = link.target
        if not isinstance(target, ByKey) or not target.mappings <= self.there.keys():
            raise Unpushable("an edge that leaves the source")
        only = [] if link.only is None else [renderer.predicate(link.only)]
        if link.table is None:
            return and_(*only, self._target(target, renderer, inner))
        through = Renderer(link_tables(renderer.tables.shape, link))
        wanted = [through.same(through.tables.column(c), renderer.tables.column(own)) for c, own in link.on]
        wanted.append(self._target(target, through, inner))
        if link.where is not None:
            wanted.append(through.predicate(link.where))
        rows = select(literal(1)).select_from(through.tables.named[""])
        for join in link.joins.values():
            rows = with_join(rows, join, through)
        return and_(*only, rows.where(*wanted).correlate_except(*through.tables.named.values()).exists())

    def _target(self, target: ByKey, renderer: Renderer, inner: Predicate) -> Element:
        led = []
        for code, name in target.to.items():
            mapping = self.there[name]
            found = Renderer(mapping_tables(renderer.tables.shape, mapping, f"g{self.depth}_"))
            same = [
                found.same(found.tables.column(key), renderer.tables.column(own))
                for key, own in zip(mapping.key, target.columns, strict=True)
            ]
            below = GrantedRows(self.model, self.zone, self.there, self.start, self.depth + 1)
            fits = below._condition(inner, mapping, found)
            row = self.start(select(literal(1)), mapping, found).where(*same, fits)
            exists = row.correlate_except(*found.tables.named.values()).exists()
            coded = [] if target.code is None else [renderer.code_point(renderer.value(target.code)) == code]
            led.append(and_(*coded, exists))
        said = [renderer.code_point(renderer.tables.column(target.columns[0])) != token for token in target.null]
        return and_(*said, or_(false(), *led))
