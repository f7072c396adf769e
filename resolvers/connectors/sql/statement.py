"""One statement for one fetch: a select per mapping (and per link form), put together with UNION ALL where several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Label,
    Select,
    and_,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from resolvers.border import Build, reading, target_reading
from resolvers.connectors.sql.column_type import can_hold
from resolvers.connectors.sql.order import Ordered, condition, ordered
from resolvers.connectors.sql.own_key import key_in
from resolvers.connectors.sql.render import Drifted, Renderer, Tables, mapping_tables
from resolvers.connectors.sql.shape import Shape
from resolvers.entity import Model
from resolvers.expression import Constant
from resolvers.fetch import Access, Arm, Children, Fetch, LinkRows, Listing, Lookup, Row, Window
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.local_key import key_text
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Parts, Target, Value
from resolvers.predicate import Predicate

Decode = Callable[[Sequence[Any]], Row | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """One select and how its raw rows are read. None from `decode`: the row's key is null, so it is no record."""

    select: Select[Any]
    columns: tuple[Label[Any], ...]
    decode: Callable[[Sequence[Any]], Any]
    order: tuple[ColumnElement[Any], ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What to execute, and how to read what comes back: in each piece's own order, piece after piece."""

    clause: Select[Any] | CompoundSelect[Any]
    pieces: tuple[Piece, ...]

    def read(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """Raw rows -> decoded ones. Of several pieces, a row names its piece and its place in it."""
        if len(self.pieces) == 1:
            decode = self.pieces[0].decode
            return [found for found in map(decode, rows) if found is not None]
        starts = []
        start = 2
        for piece in self.pieces:
            starts.append((start, start + len(piece.columns)))
            start += len(piece.columns)
        found = []
        for row in sorted(rows, key=lambda raw: (raw[0], raw[1])):
            begin, end = starts[row[0]]
            decoded = self.pieces[row[0]].decode(row[begin:end])
            if decoded is not None:
                found.append(decoded)
        return found


def put_together(pieces: Sequence[Piece], dialect: str) -> Statement | None:
    """UNION ALL with columns of each piece's own, so that types never clash; None where nothing is to be asked."""
    if not pieces:
        return None
    if len(pieces) == 1:
        piece = pieces[0]
        return Statement(piece.select.order_by(*piece.order).limit(piece.limit), (piece,))
    arms = []
    for index, piece in enumerate(pieces):
        place: ColumnElement[Any] = literal(0, Integer())
        if piece.order:
            place = func.row_number().over(order_by=piece.order)
        placed = piece.select.add_columns(place.label("place")).order_by(*piece.order).limit(piece.limit)
        inner = placed.subquery(f"p{index}")
        columns: list[ColumnElement[Any]] = [literal(index, Integer()).label("piece"), inner.c.place.label("place")]
        for other, padded in enumerate(pieces):
            for number, column in enumerate(padded.columns):
                value = inner.c[column.name] if other == index else _padding(column, dialect)
                columns.append(value.label(f"p{other}_{number}"))
        arms.append(select(*columns))
    return Statement(union_all(*arms), tuple(pieces))


def _padding(column: Label[Any], dialect: str) -> ColumnElement[Any]:
    return cast(null(), column.type) if dialect == "postgresql" else type_coerce(null(), column.type)


class StatementBuilder:
    """Builds the statement of a fetch for one database's shape. zone: of the source's times without an offset."""

    def __init__(self, model: Model, shape: Shape, zone: str) -> None:
        self.model = model
        self.shape = shape
        self.zone = zone

    def rows(self, fetch: Fetch, access: Access) -> Statement | None:
        """The rows of an access."""
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
                    pieces += self._children(fetch, arm, access)
        return put_together(pieces, self.shape.dialect)

    def count(self, fetch: Fetch, wanted: Predicate | None) -> Select[Any]:
        """How many rows a listing has, whole."""
        counts = []
        for arm in fetch.arms:
            tables = mapping_tables(self.shape, arm.mapping)
            renderer = Renderer(tables)
            base = self._from(select(func.count().label("n")), arm.mapping, renderer, joined=wanted is not None)
            if wanted is not None:
                base = base.where(condition(self.model, arm, renderer, wanted, self.zone))
            counts.append(base.scalar_subquery())
        total = counts[0]
        for other in counts[1:]:
            total = total + other  # type: ignore[assignment]
        return select(total)

    # pieces ----------------------------------------------------------------------------------------------------------

    def _listing(self, fetch: Fetch, arm: Arm, window: Window, wanted: Predicate | None) -> Piece:
        renderer = Renderer(mapping_tables(self.shape, arm.mapping))
        order = ordered(self.model, arm, renderer, window.order, self.zone)
        columns, decode = self._columns(fetch, arm, renderer, order, None)
        base = self._from(select(*columns), arm.mapping, renderer).where(order.bounds(window))
        if wanted is not None:
            base = base.where(condition(self.model, arm, renderer, wanted, self.zone))
        return Piece(base, columns, decode, tuple(order.clauses(window.backward)), window.limit)

    def _lookup(self, fetch: Fetch, arm: Arm, access: Lookup) -> Piece | None:
        renderer = Renderer(mapping_tables(self.shape, arm.mapping))
        own = [renderer.key(name) for name in arm.mapping.key]
        keys = access.keys.get(arm.mapping.id, ())
        wanted = [key_in(own, keys, renderer.dialect)] if keys else []
        wanted += [
            self._named(renderer, value["scheme"], value["value"], index in binding.exact, access.names)
            for path, binding in arm.mapping.fields.items()
            if isinstance(binding, Parts) and path in arm.given and access.names
            for index, value in enumerate(binding.members)
            if "scheme" in value
        ]
        if not wanted:
            return None
        order = ordered(self.model, arm, renderer, (), self.zone)
        columns, decode = self._columns(fetch, arm, renderer, order, None)
        return Piece(self._from(select(*columns), arm.mapping, renderer).where(or_(*wanted)), columns, decode)

    def _children(self, fetch: Fetch, arm: Arm, access: Children) -> Iterable[Piece]:
        binding = arm.mapping.fields.get(access.via)
        links: tuple[Link, ...] = ()
        if isinstance(binding, ByKey | ByIdentifier):
            links = (Link(binding),)
        elif isinstance(binding, tuple):
            links = binding
        for link in links:
            piece = self._child_piece(fetch, arm, access, link)
            if piece is not None:
                yield piece

    def _child_piece(self, fetch: Fetch, arm: Arm, access: Children, link: Link) -> Piece | None:
        tables = mapping_tables(self.shape, arm.mapping)
        renderer = Renderer(tables)
        there = renderer if link.table is None else Renderer(self._link_tables(link))
        wanted = self._leads_to(there, link.target, access.tokens)
        if wanted is None:
            return None
        order = ordered(self.model, arm, renderer, access.window.order, self.zone)
        parent = target_reading(self.model, link.target, self.zone, access.via)
        parents = [there.value(value) for value in parent.values]
        columns, decode = self._columns(fetch, arm, renderer, order, (parents, parent.build))
        base = self._from(select(*columns), arm.mapping, renderer)
        if link.table is not None:
            base = base.join_from(tables.named[""], there.tables.named[""], _on(renderer, there, link))
            if link.where is not None:
                base = base.where(there.predicate(link.where))
        base = base.where(wanted, order.bounds(access.window))
        if access.condition is not None:
            base = base.where(condition(self.model, arm, renderer, access.condition, self.zone))
        clauses = tuple(order.clauses(access.window.backward))
        if access.window.limit is None:
            return Piece(base, columns, decode, clauses)
        # dense_rank, so that a link that stands twice does not use up a place
        rank = func.dense_rank().over(partition_by=parents or None, order_by=clauses).label("rank")
        place = func.row_number().over(order_by=clauses).label("ord")
        inner = base.add_columns(rank, place).subquery("w")
        outer = tuple(inner.c[column.name].label(column.name) for column in columns)
        limited = select(*outer).where(inner.c.rank <= access.window.limit)
        return Piece(limited, outer, decode, (inner.c.ord.asc(),))

    def links(self, mapping: Mapping, path: str, index: int, owners: Sequence[tuple[Any, ...]]) -> Piece:
        """The rows of one link table for some owners: (owner, token or None)."""
        binding = mapping.fields[path]
        assert isinstance(binding, tuple)
        link = binding[index]
        renderer = Renderer(self._link_tables(link))
        on = [renderer.tables.column(column) for column, _ in link.on]
        target = target_reading(self.model, link.target, self.zone, path)
        elements = [*on, *(renderer.value(value) for value in target.values)]
        columns = _labels(elements)
        width = len(on)

        def decode(raw: Sequence[Any]) -> Any:
            token = target.build(raw[width:], None)
            return None if token is None else ((mapping.id, index, tuple(raw[:width])), token)

        base = select(*columns).where(on[0].in_([o[0] for o in owners]) if width == 1 else tuple_(*on).in_(owners))
        if link.where is not None:
            base = base.where(renderer.predicate(link.where))
        return Piece(base, columns, decode)

    def link_rows(self, mappings: Iterable[Mapping], wanted: LinkRows) -> Statement | None:
        """All link rows of one source for one path."""
        pieces = [
            self.links(mapping, wanted.path, index, owners)
            for mapping in mappings
            for (mapping_id, index), owners in wanted.owners.items()
            if mapping_id == mapping.id
        ]
        return put_together(pieces, self.shape.dialect)

    # parts of a select -----------------------------------------------------------------------------------------------

    def _columns(
        self,
        fetch: Fetch,
        arm: Arm,
        renderer: Renderer,
        order: Ordered,
        parent: tuple[list[ColumnElement[Any]], Build] | None,
    ) -> tuple[tuple[Label[Any], ...], Decode]:
        """A row's columns: its key, computed sort keys, parent, then what each path needs; and how to read them."""
        mapping = arm.mapping
        elements: list[ColumnElement[Any]] = list(order.own)
        sort_at = len(elements)
        elements += [key.element for key in order.computed]
        parent_at = len(elements)
        elements += parent[0] if parent else []
        value_at = len(elements)
        builds: list[tuple[int, int, Build] | None] = []
        for path in fetch.paths:
            if path not in arm.given or path not in mapping.fields:
                builds.append(None)
                continue
            found = reading(self.model, mapping, path, self.zone)
            builds.append((len(elements), len(elements) + len(found.values), found.build))
            elements += [renderer.value(value) for value in found.values]
        fallback = [self._own_fallback(mapping, path) for path in fetch.paths]
        keep_issues = fetch.issues
        decode_sort = order.values
        build_parent = parent[1] if parent else None

        def decode(raw: Sequence[Any]) -> Row | None:
            key = key_text(raw[:sort_at])
            if key is None:
                return None
            issues: list[tuple[str, str, str]] | None = [] if keep_issues else None
            values = []
            for build, default in zip(builds, fallback, strict=True):
                found = None if build is None else build[2](raw[build[0] : build[1]], issues)
                values.append((key if default == "" else default) if found is None else found)
            token = build_parent(raw[parent_at:value_at], None) if build_parent else None
            if build_parent and token is None:
                return None
            return Row(mapping, key, tuple(values), decode_sort(raw[sort_at:parent_at]), token, tuple(issues or ()))

        return _labels(elements), decode

    def _own_fallback(self, mapping: Mapping, path: str) -> str | None:
        """What a required leaf of the entity reads where the partner has nothing; "" for the local key."""
        return None if "." in path else self.model.entities[mapping.entity].fallback.get(path)

    def _from(self, base: Select[Any], mapping: Mapping, renderer: Renderer, joined: bool = True) -> Select[Any]:
        named = renderer.tables.named
        base = base.select_from(named[""])
        for join in mapping.joins.values():
            there = Renderer(Tables(self.shape, {"": named[join.name]}))
            on = [renderer.same(there.tables.column(column), renderer.tables.column(own)) for column, own in join.on]
            if join.where is not None:
                on.append(there.predicate(join.where))
            base = base.outerjoin(named[join.name], and_(*on))
        if mapping.where is not None:
            base = base.where(renderer.predicate(mapping.where))
        keys = (renderer.tables.column(name) for name in mapping.key)  # a row without its key is no record
        return base.where(*(column.is_not(None) for column in keys if getattr(column, "nullable", True)))

    def _link_tables(self, link: Link) -> Tables:
        found = self.shape.tables.get(link.table or "")
        if found is None:
            raise Drifted(f"no table {link.table!r}")
        return Tables(self.shape, {"": found.alias("l")})  # type: ignore[dict-item]

    def _leads_to(self, renderer: Renderer, target: Target, tokens: Sequence[Token]) -> ColumnElement[bool] | None:
        """Whether a row's target is one of the tokens; None where it cannot be."""
        if isinstance(target, ByIdentifier):
            names = [
                token
                for token in tokens
                if isinstance(token, NameToken)
                and token.scheme in target.schemes
                and (target.partner is None or target.partner == token.partner)
            ]
            return self._named(renderer, target.scheme, target.value, target.exact, names) if names else None
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

    def _named(
        self, renderer: Renderer, scheme: Value, value: Value, exact: bool, names: Sequence[NameToken]
    ) -> ColumnElement[bool]:
        """Whether a row carries one of the identifiers: by raw spelling where there is one, else by compare key."""
        found: list[ColumnElement[bool]] = []
        by_scheme: dict[str, set[str]] = {}
        for token in names:
            spellings = by_scheme.setdefault(token.scheme, set())
            spellings.add(token.normalized)
            if exact and token.value:
                spellings.add(token.value)
        told = renderer.value(value)
        raw = renderer.text(told)
        element = raw if exact else renderer.normalized(raw)
        for name, every in sorted(by_scheme.items()):
            wanted = [spelling for spelling in sorted(every) if can_hold(told.type, spelling)]
            if isinstance(scheme.expression, Constant):
                if scheme.expression.value == name:
                    found.append(element.in_(wanted))
                continue
            codes = [code for code, canonical in (scheme.values or {name: name}).items() if canonical == name]
            coded = renderer.text(renderer.value(scheme))
            if codes:
                found.append(and_(coded.in_(codes), element.in_(wanted)))
        return or_(false(), *found)


def _on(renderer: Renderer, there: Renderer, link: Link) -> ColumnElement[bool]:
    return and_(*(renderer.same(there.tables.column(column), renderer.tables.column(own)) for column, own in link.on))


def _labels(elements: Sequence[ColumnElement[Any]]) -> tuple[Label[Any], ...]:
    return tuple(element.label(f"c{index}") for index, element in enumerate(elements))
