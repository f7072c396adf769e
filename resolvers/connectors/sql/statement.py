"""One statement for one fetch: a select per mapping, and per link form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    func,
    or_,
    select,
)

from resolvers.border import target_reading
from resolvers.connectors.sql.columns import Columns, labels
from resolvers.connectors.sql.condition import Conditions
from resolvers.connectors.sql.decoder import each
from resolvers.connectors.sql.fills import Fills
from resolvers.connectors.sql.first_rows import alone, found_again, told_apart
from resolvers.connectors.sql.follow import beside
from resolvers.connectors.sql.granted import GrantedRows
from resolvers.connectors.sql.joined import may_double, with_join, with_used
from resolvers.connectors.sql.leading import Carried, Leading, Leads, Tokens, link_tables
from resolvers.connectors.sql.order import Ordered, ordered
from resolvers.connectors.sql.own_key import keys_in
from resolvers.connectors.sql.piece import Piece, put_together
from resolvers.connectors.sql.piece import Statement as Statement
from resolvers.connectors.sql.render import Drifted, Renderer, Unpushable, mapping_tables
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Model
from resolvers.expression import Constant
from resolvers.fetch import Accepted, Access, Arm, Children, Fetch, LinkRows, Listing, Lookup, OrderKey, Window
from resolvers.identifier import NameToken
from resolvers.local_key import key_text
from resolvers.mapping import Mapping, Parts, Value
from resolvers.predicate import And, Near, Or, Predicate, Some, conjunction, conjuncts, typical


class StatementBuilder:
    """Builds the statement of a fetch for one database's shape. zone: of the source's times without an offset. there:
    every mapping of the source."""

    def __init__(self, model: Model, shape: Shape, zone: str, there: Map[str, Mapping]) -> None:
        self._there = there
        self.model = model
        self.shape = shape
        self.zone = zone
        self._fills = Fills()
        self._leading = Leading(model, shape, zone, self._fills)
        self._granted = GrantedRows(model, zone, self._there, self._from)
        self._columns = Columns(model, zone, self._there, self._from, self._granted)

    def rows(self, fetch: Fetch, access: Access) -> Statement | None:
        """The rows of an access; the only statement that a builder makes."""
        pieces = []
        for arm in fetch.arms:
            match access:
                case Listing(window=window, condition=wanted):
                    pieces.append(self._listing(fetch, arm, window, wanted))
                case Lookup():
                    piece = self._lookup(fetch, arm, access)
                    if piece is not None:
                        pieces.append(piece)
                case Children():
                    piece = self._children(fetch, arm, access)
                    if piece is not None:
                        pieces.append(piece)
        return put_together(pieces, self.shape.dialect, self._fills)

    def count(self, fetch: Fetch, wanted: Predicate | None) -> Select[Any]:
        """How many rows a listing has, whole."""
        counts = []
        for arm in fetch.arms:
            tables = mapping_tables(self.shape, arm.mapping)
            renderer = Renderer(tables)
            keys = [renderer.key(name).label(f"k{index}") for index, name in enumerate(arm.mapping.key)]
            condition = () if wanted is None else (self._conditions(arm, renderer).element(wanted),)
            base = self._from(select(func.count().label("n")), arm.mapping, renderer).where(*condition)
            if may_double(arm.mapping.joins, renderer):
                base = base.with_only_columns(*keys).distinct()
                base = select(func.count().label("n")).select_from(base.subquery("records"))
            counts.append(base.scalar_subquery())
        total = counts[0]
        for other in counts[1:]:
            total = total + other  # type: ignore[assignment]
        return select(total)

    def records(
        self,
        mapping: Mapping,
        elements: Callable[[Renderer], Iterable[ColumnElement[Any]]],
        limit: int,
        whole: bool = False,
    ) -> Select[Any]:
        """Some elements over a mapping's rows, as c0, c1, ...; of as many rows as the limit, whichever come first.

        whole: each as often as its joins double it.
        """
        renderer = Renderer(mapping_tables(self.shape, mapping))
        return self._from(select(*labels(tuple(elements(renderer)))), mapping, renderer, whole).limit(limit)

    def accept(self, fetch: Fetch, wanted: Predicate | None, order: Sequence[OrderKey]) -> Accepted:
        """What SQL can do for every arm: conjuncts of the condition (of what is loose not all), the order."""
        taken: list[Predicate] = []
        left: list[Predicate] = []
        for member in conjuncts(wanted):
            few = typical(member)
            if all(self._can(arm, lambda c, m=few: c.element(m)) for arm in fetch.arms):  # type: ignore[misc]
                taken.append(member)
                if _loose(member):
                    left.append(member)
            else:
                left.append(member)
        sortable = all(
            self._can(arm, lambda c: ordered(self.model, c.arm, c.renderer, order, self.zone)) for arm in fetch.arms
        )
        return Accepted(conjunction(tuple(taken)), conjunction(tuple(left)), sortable)

    def _can(self, arm: Arm, render: Callable[[Conditions], object]) -> bool:
        try:
            render(self._conditions(arm, Renderer(mapping_tables(self.shape, arm.mapping))))
        except Unpushable:
            return False
        except Drifted:  # the statement itself will say so
            return True
        return True

    def _conditions(self, arm: Arm, renderer: Renderer) -> Conditions:
        return Conditions(self.model, arm, renderer, self.zone)

    # pieces ----------------------------------------------------------------------------------------------------------

    def _listing(self, fetch: Fetch, arm: Arm, window: Window, wanted: Predicate | None) -> Piece:
        renderer = Renderer(mapping_tables(self.shape, arm.mapping))
        order = ordered(self.model, arm, renderer, window.order, self.zone)
        conditions = [order.bounds(window, self._fills)]
        if wanted is not None:
            conditions.append(self._condition(arm, renderer, wanted))
        clauses = tuple(order.clauses(window.backward))
        start: FromClause | None = None
        looks = wanted is not None or len(clauses) > len(order.own) or len(fetch.arms) > 1
        if window.limit is not None and looks and found_again(arm.mapping, renderer):
            keys = select(*(own.label(f"k{index}") for index, own in enumerate(order.own)))
            keys = self._from(keys, arm.mapping, renderer).where(*conditions)
            found = keys.order_by(*clauses).limit(window.limit).subquery("first_rows")
            start = alone(found, arm.mapping, renderer)
        seen = len(renderer.tables.used)
        columns, decode, followed = self._columns.of(fetch, arm, renderer, order, None)
        if not fetch.issues and not followed and len(renderer.tables.used) == seen:
            start = None
        base = self._from(select(*columns), arm.mapping, renderer, fetch.issues, start).where(*conditions)
        return Piece(beside(base, followed), columns, decode, clauses, window.limit)

    def _lookup(self, fetch: Fetch, arm: Arm, access: Lookup) -> Piece | None:
        renderer = Renderer(mapping_tables(self.shape, arm.mapping))
        own = [renderer.key(name) for name in arm.mapping.key]
        mapping = arm.mapping.id
        wanted = []
        if access.keys.get(mapping):
            wanted.append(keys_in(own, lambda asked: asked.keys[mapping], renderer.dialect, self._fills, access))
        wanted += [
            Carried(value["scheme"], value["value"], index in binding.exact, self.model.kept).among(
                renderer, lambda asked: asked.names, self._fills, access
            )
            for path, binding in arm.mapping.fields.items()
            if isinstance(binding, Parts) and path in arm.given and access.names
            for index, value in enumerate(binding.members)
            if "scheme" in value and _may_be(value["scheme"], access.names)
        ]
        if not wanted:
            return None
        order = ordered(self.model, arm, renderer, (), self.zone)
        columns, decode, followed = self._columns.of(fetch, arm, renderer, order, None)
        base = self._from(select(*columns), arm.mapping, renderer, fetch.issues)
        return Piece(beside(base.where(or_(*wanted)), followed), columns, decode)

    def _children(self, fetch: Fetch, arm: Arm, access: Children) -> Piece | None:
        renderer = Renderer(mapping_tables(self.shape, arm.mapping))
        tokens = None if access.tokens is None else Tokens(lambda asked: asked.tokens, access)
        leads = self._leading.leads(arm.mapping, renderer, access.via, tokens, self._from)
        if leads is None:
            return None
        order = ordered(self.model, arm, renderer, access.window.order, self.zone)
        conditions = [order.bounds(access.window, self._fills)]
        if access.condition is not None:
            conditions.append(self._condition(arm, renderer, access.condition))
        clauses = tuple(order.clauses(access.window.backward))
        each = access.window.limit is not None and access.tokens is not None and not access.whole
        if each and (arm.mapping.joins or fetch.issues) and told_apart(arm.mapping, renderer):
            return self._few_children(fetch, arm, access, renderer, order, leads, conditions)
        columns, decode, followed = self._columns.of(fetch, arm, renderer, order, leads)
        own = columns[: len(columns) - sum(len(one.elements) for one in followed)] if each else columns
        base = leads.attach(self._from(select(*own), arm.mapping, renderer, fetch.issues)).where(*conditions)
        if not each:
            return Piece(beside(base, followed), columns, decode, clauses, access.window.limit)
        inner = _ranked(base, leads.parents, clauses)
        outer = (*(inner.c[column.name].label(column.name) for column in own), *columns[len(own) :])
        limited = select(*outer).select_from(inner).where(inner.c.rank <= access.window.limit)
        return Piece(beside(limited, followed, inner), outer, decode, (inner.c.ord.asc(),))

    def _few_children(
        self,
        fetch: Fetch,
        arm: Arm,
        access: Children,
        renderer: Renderer,
        order: Ordered,
        leads: Leads,
        conditions: Sequence[ColumnElement[bool]],
    ) -> Piece:
        """As many rows for each parent as the window says, and then what is beside these."""
        clauses = tuple(order.clauses(access.window.backward))
        names = [
            *(f"k{index}" for index in range(len(order.own))),
            *(f"p{index}" for index in range(len(leads.parents))),
        ]
        told = [element.label(name) for name, element in zip(names, [*order.own, *leads.parents], strict=True)]
        keys = leads.attach(self._from(select(*told), arm.mapping, renderer)).where(*conditions)
        ranked = _ranked(keys, leads.parents, clauses)
        few = select(*(ranked.c[name] for name in [*names, "ord"])).where(ranked.c.rank <= access.window.limit)
        first = few.subquery("first_rows")
        there = replace(leads, parents=[first.c[name] for name in names if name.startswith("p")])
        columns, decode, followed = self._columns.of(fetch, arm, renderer, order, there)
        start = alone(first, arm.mapping, renderer)
        base = self._from(select(*columns), arm.mapping, renderer, fetch.issues, start).where(*conditions)
        return Piece(beside(base, followed), columns, decode, (first.c.ord.asc(),))

    def _condition(self, arm: Arm, renderer: Renderer, wanted: Predicate) -> ColumnElement[bool]:
        """A condition, whose values are the text's own: equal ones need not mean the same, as 1 and true."""
        told: list[str] = []

        def same(asked: Listing | Children) -> bool:
            if asked.condition is wanted:
                return True
            told[:] = told or [repr(wanted)]
            return repr(asked.condition) == told[0]

        self._fills.checks.append(same)
        return self._conditions(arm, renderer).element(wanted)

    def links(self, mapping: Mapping, path: str, index: int, wanted: LinkRows) -> Piece:
        """The rows of one link table for some owners: (owner, token)."""
        binding = mapping.fields[path]
        assert isinstance(binding, tuple)
        link = binding[index]
        renderer = Renderer(link_tables(self.shape, link))
        on = [renderer.key(column) for column, _ in link.on]
        target = target_reading(self.model, link.target, self.zone, path)
        elements = [*on, *(renderer.value(value) for value in target.values)]
        columns = labels(elements)
        width = len(on)

        def decode(raw: Sequence[Any]) -> Any:
            token = target.build(raw[width:], None)
            owner = key_text(raw[:width])
            return None if token is None or owner is None else ((mapping.id, index, owner), token)

        base = select(*columns).select_from(renderer.tables.named[""])
        for join in link.joins.values():
            base = with_join(base, join, renderer)
        of = mapping.id, index
        base = base.where(keys_in(on, lambda asked: asked.owners[of], renderer.dialect, self._fills, wanted))
        if link.where is not None:
            base = base.where(renderer.predicate(link.where))
        return Piece(base, columns, each(decode))

    def link_rows(self, mappings: Iterable[Mapping], wanted: LinkRows) -> Statement | None:
        """All link rows of one source for one path."""
        pieces = [
            self.links(mapping, wanted.path, index, wanted)
            for mapping in mappings
            for mapping_id, index in wanted.owners
            if mapping_id == mapping.id
        ]
        return put_together(pieces, self.shape.dialect, self._fills)

    # parts of a select -----------------------------------------------------------------------------------------------

    def _from(
        self,
        base: Select[Any],
        mapping: Mapping,
        renderer: Renderer,
        whole: bool = False,
        start: FromClause | None = None,
    ) -> Select[Any]:
        """A mapping's rows under a select, with the joins that anything rendered so far reads.

        whole: each row as often as the other joins would double it, too. start: what stands for the mapped table.
        """
        conditions = [] if mapping.where is None else [renderer.predicate(mapping.where)]
        if mapping.granted is not None:
            conditions.append(self._granted.element(mapping.granted, renderer))
        keys = [renderer.tables.column(name) for name in mapping.key]  # a row without its key is no record
        conditions += [column.is_not(None) for column in keys if getattr(column, "nullable", True)]
        base = with_used(
            base.select_from(renderer.tables.named[""] if start is None else start), mapping.joins, renderer, whole
        )
        return base.where(*conditions)


def _loose(predicate: Predicate) -> bool:
    """Whether SQL only narrows it down, so that the rows have to be looked at again."""
    match predicate:
        case Near() | Some():
            return True
        case And(members=members) | Or(members=members):
            return any(map(_loose, members))
        case _:
            return False


def _may_be(scheme: Value, names: Iterable[NameToken]) -> bool:
    """Whether an identifier's scheme may be one of these. SQLite uses no index beside what is never true."""
    expression = scheme.expression
    return not isinstance(expression, Constant) or any(name.scheme == expression.value for name in names)


def _ranked(
    base: Select[Any], parents: Sequence[ColumnElement[Any]], clauses: Sequence[ColumnElement[Any]]
) -> Subquery:
    """The rows with their place in the order (ord), and their place among those of the same parent (rank)."""
    # dense_rank, so that a link that stands twice does not use up a place
    rank = func.dense_rank().over(partition_by=parents or None, order_by=clauses).label("rank")
    place = func.row_number().over(order_by=clauses).label("ord")
    return base.add_columns(rank, place).subquery("w")
