"""Filters over edges: what records an edge must lead to is asked first, and becomes keys; or the other way round.

`assets(filter: {custodian: {department: {eq: "Sales"}}})` asks people, then assets by custodian. Where too many people
fit, the assets that fit the rest of the filter are asked first, and only their custodians. Where both are too many, it
is an error that names the edge: never a wrong or cut list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from resolvers.context import Context
from resolvers.entity import Field, Kind
from resolvers.errors import RequestError, SourceError
from resolvers.fetch import Children, Listing, Row, Window
from resolvers.glance import Glance, looked_at
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.level import Level
from resolvers.lookups import find, linked, meant, sorted_out
from resolvers.mapping import Mapping, Target
from resolvers.plan import Step
from resolvers.predicate import TRUE, And, LeadsTo, Not, OneOf, Or, Predicate, Some, names
from resolvers.record import Record
from resolvers.residual import ROWS_MOST, Asking
from resolvers.sight import targets_of

# Keys that one source is asked for at once, and so records that one end of an edge may have.
KEYS_MOST = 5_000
_PARENTS = 5_000
_EDGES = (Kind.REFERENCE, Kind.LINKS, Kind.REVERSE)


class _TooWide(Exception):
    """More records at the far end of an edge than may be turned into keys."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """An edge that a filter goes along. follow: the mappings it may be followed from. child: the level it leads to.

    via: of a reverse edge, the path on the child's entity that leads back. named: whether it goes by identifiers.
    """

    some: Some
    field: Field
    follow: tuple[Mapping, ...]
    child: Level
    via: str
    named: bool
    inner: Predicate


@dataclass(frozen=True, slots=True)
class _Way:
    """Of an edge what no request changes. blocked: the mappings that lead here but do not show it."""

    field: Field
    follow: tuple[Mapping, ...]
    child: Level
    blocked: Level
    via: str
    named: bool


class SemiJoin:
    """Resolves a filter's edges for one request.

    tell: is told which levels the far ends are looked at in, and at which paths. places: of the list. failures: sources
    that did not answer, by id.
    """

    def __init__(
        self,
        context: Context,
        tell: Callable[[Level, Iterable[str]], None],
        places: Sequence[tuple[str, ...]] = (),
    ) -> None:
        self.context = context
        self._tell = tell
        self._places = list(places)
        self.failures: dict[str, SourceError] = {}
        self._model = context.catalog.model
        self._sight = context.sight

    async def resolve(self, level: Level, predicate: Predicate, within: str = "") -> Predicate:
        """The predicate (in negation normal form) without edges; itself where it has none. RequestError
        FILTER_TOO_WIDE names the edge.

        within: the edges that lead to the level, with a dot after each.
        """
        entity = level.entity
        edges = [some for some in somes(predicate) if self._model.field(entity, some.path).kind in _EDGES]
        if not edges:
            return predicate
        prepared = await asyncio.gather(*(self._prepare(level, some, within) for some in edges))
        found: dict[int, Predicate] = {}
        wide: list[_Edge] = []
        answers = await asyncio.gather(*(self._far_end(edge) for edge in prepared), return_exceptions=True)
        for edge, answer in zip(prepared, answers, strict=True):
            if isinstance(answer, _TooWide):
                wide.append(edge)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[id(edge.some)] = answer
        if wide:
            await self._near_end(entity, tuple(level.mappings.values()), predicate, wide, found)
        return _replaced(predicate, found)

    async def _prepare(self, level: Level, some: Some, within: str) -> _Edge:
        way = level.once((_Way, some.path, within), lambda: self._way(level, some.path, within))
        if way.blocked.mappings:
            self._tell(way.blocked, (way.via,))
        self._tell(way.child, names(some.predicate))
        inner = await self.resolve(way.child, some.predicate, f"{way.child.aim}.")
        return _Edge(some, way.field, way.follow, way.child, way.via, way.named, inner)

    def _way(self, level: Level, path: str, within: str) -> _Way:
        mappings = tuple(level.mappings.values())
        field = self._model.field(level.entity, path)
        names_ = self._sight.names(field.type)
        child = Level(field.type, names_, places=self._places, aim=within + path)
        blocked = Level(field.type)
        via, named = "", False
        if field.kind is Kind.REVERSE:
            via = (field.via or "").partition(".")[2]
            follow = [m for m in mappings if self._sight.refusal(m, path) is None]
            leading = self._sight.leading(follow, level.entity, field)
            named = leading.named
            blocked.allow(leading.blocked)
            child.want(via, child.allow(leading.mappings))
        else:
            follow = self._sight.followers(mappings, path)
            reached = self._sight.reach(field.type, _targets(follow, path))
            named = bool(reached.named)
            if names_ is not None and named:
                child.want(names_, reached.named)
            child.allow(reached.mappings)
        child.close(self._model, self._sight.refusal)
        return _Way(field, tuple(follow), child, blocked, via, named)

    # the far end first ------------------------------------------------------------------------------------------------

    async def _far_end(self, edge: _Edge) -> Predicate:
        asking = Asking.of(self.context, edge.child, edge.inner)
        limit = Window(limit=KEYS_MOST + 1)
        if edge.field.kind is Kind.REVERSE:
            rows = await self._rows(asking, Children(edge.via, None, limit))
            tokens = [row.parent for row in rows if row.parent is not None]
        else:
            rows = await self._rows(asking, Listing(limit))
            tokens = list(self._own_tokens(rows, edge))
        unique = tuple(dict.fromkeys(tokens))
        if len(unique) > KEYS_MOST:
            raise _TooWide
        if edge.field.kind is Kind.REVERSE:
            return OneOf(edge.some.path, unique)
        if edge.field.kind is Kind.REFERENCE and await self._ambiguous(edge, unique):
            raise _TooWide  # a reference that fits several records leads to none: which do, its own country may decide
        return LeadsTo(edge.some.path, unique)

    async def _rows(self, asking: Asking, access: Listing | Children) -> list[Row]:
        async def ask(index: int) -> list[Row]:
            fetch = asking.fetches[index]
            try:
                return await asking.rows(fetch, access)
            except SourceError as error:
                self.failures[fetch.source] = error
                return []
            except RequestError as error:
                if error.code in ("FILTER_TOO_WIDE", "LIST_TOO_WIDE"):
                    raise _TooWide from error
                raise

        found = await asyncio.gather(*map(ask, range(len(asking.fetches))), return_exceptions=True)
        rows: list[Row] = []
        for answer in found:
            if isinstance(answer, BaseException):
                raise answer
            rows += answer
        if access.window.limit is not None and len(rows) >= access.window.limit:
            raise _TooWide
        return rows

    def _own_tokens(self, rows: Iterable[Row], edge: _Edge) -> Iterable[Token]:
        field = edge.child.names
        for row in rows:
            names_ = field if edge.named and field in edge.child.given.get(row.mapping.view, ()) else None
            yield from Record(self.context, edge.child, row).tokens(names_)

    async def _ambiguous(self, edge: _Edge, tokens: Sequence[Token]) -> bool:
        """Whether several records that an identifier could mean carry one of these."""
        asked = [token for token in tokens if isinstance(token, NameToken)]
        if not asked:
            return False
        anybody = [NameToken(token.scheme, token.normalized, None, None, token.value) for token in asked]
        rows, failed = await find(self.context, edge.child, anybody)
        self.failures.update(failed)
        return any(len(meant(token, rows, edge.child)) > 1 for token in anybody)

    # the near end first -----------------------------------------------------------------------------------------------

    async def _near_end(
        self,
        entity: str,
        mappings: Sequence[Mapping],
        predicate: Predicate,
        edges: Sequence[_Edge],
        found: dict[int, Predicate],
    ) -> None:
        """Ask for what fits the rest of the filter, and of that what the edges lead to."""
        names_ = self._sight.names(entity)
        level = Level(entity, names_, places=self._places, aim=" and ".join(edge.child.aim for edge in edges))
        level.allow(mappings)
        for edge in edges:
            if edge.field.kind is not Kind.REVERSE:
                level.want(edge.some.path, edge.follow)
            elif edge.named and names_ is not None:
                level.want(names_, edge.follow)
        level.close(self._model, self._sight.refusal)
        rest = _replaced(predicate, found | {id(edge.some): TRUE for edge in edges}, wide=True)
        field = edges[0].some.path
        try:
            rows = await self._rows(Asking.of(self.context, level, rest), Listing(Window(limit=ROWS_MOST + 1)))
            for edge in edges:
                field = edge.some.path
                follow = {m.view for m in edge.follow}
                records = [Record(self.context, level, row) for row in rows if row.mapping.view in follow]
                led = await self._leading(edge, records)
                keys = tuple(KeyToken(record.row.mapping.id, record.row.key) for record in led)
                found[id(edge.some)] = OneOf(field, keys)
        except _TooWide:
            message = f"Too many records on both ends of `{field}`; narrow the list by other fields."
            raise RequestError(message, code="FILTER_TOO_WIDE", field=field, allowed=ROWS_MOST) from None

    async def _leading(self, edge: _Edge, records: list[Record]) -> list[Record]:
        """Of some records those from which the edge leads to one that fits."""
        if not records:
            return []
        if edge.field.kind is Kind.REVERSE:
            return await self._led_back(edge, records)
        if edge.field.kind is Kind.REFERENCE:
            tokens = [[token] if (token := record.value(edge.some.path)) is not None else [] for record in records]
        else:
            step = Step(Kind.LINKS, edge.field.type, edge.child, edge.some.path)
            tokens, errors = await linked(self.context, step, records)
            self.failures.update({f"{e.partner}.{e.source}": e for found in errors for e in found})
        level = edge.child.looking(
            self._model,
            self._sight.refusal,
            frozenset(names(edge.inner)) - {""},
            tuple(sorted(set(looked_at(self._model, edge.field.type, edge.inner, edge.child.names)))),
        )
        wanted = list(dict.fromkeys(token for mine in tokens for token in mine))
        rows, failed = await find(self.context, level, wanted)
        self.failures.update(failed)
        withheld = {arm.mapping.view: arm.withheld for fetch in level.fetches for arm in fetch.arms}
        glance = Glance(self._model, edge.field.type, level.paths, withheld, names=level.names)
        led = []
        for record, mine in zip(records, tokens, strict=True):
            for token in mine:
                leads = rows.get(token, [])[:1] if isinstance(token, KeyToken) else meant(token, rows, level)
                if edge.field.kind is Kind.REFERENCE and len(leads) != 1:
                    continue
                if any(glance.holds(edge.inner, row) for row in leads):
                    led.append(record)
                    break
        return led

    async def _led_back(self, edge: _Edge, records: list[Record]) -> list[Record]:
        asking = Asking.of(self.context, edge.child, edge.inner)
        level = records[0].level
        place = level.paths.get(level.names) if edge.named and level.names is not None else None
        led = []
        for start in range(0, len(records), _PARENTS):
            some = records[start : start + _PARENTS]
            tokens, sort_out = sorted_out([record.row for record in some], place)
            rows = await self._rows(asking, Children(edge.via, tokens, Window()))
            led += [record for record, mine in zip(some, sort_out(rows), strict=True) if mine]
        return led


def _targets(follow: Iterable[Mapping], path: str) -> list[Target]:
    return [target for mapping in follow for target in targets_of(mapping.fields.get(path))]


def somes(predicate: Predicate) -> list[Some]:
    """What is asked of some entry or of some record, on the outside."""
    match predicate:
        case And(members=members) | Or(members=members):
            return [some for member in members for some in somes(member)]
        case Not(member=member):
            return somes(member)
        case Some():
            return [predicate]
        case _:
            return []


def _replaced(predicate: Predicate, found: dict[int, Predicate], wide: bool = False) -> Predicate:
    """With other atoms in the place of some. wide: what is not known holds, negated or not."""
    match predicate:
        case And(members=members):
            return And(tuple(_replaced(member, found, wide) for member in members))
        case Or(members=members):
            return Or(tuple(_replaced(member, found, wide) for member in members))
        case Not(member=member):
            inner = _replaced(member, found, wide)
            return inner if wide and inner is TRUE else Not(inner)
        case _:
            return found.get(id(predicate), predicate)
