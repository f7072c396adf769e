"""A list's condition and order put to each source; what a source cannot do is done here, over bounded rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from resolvers.context import Context
from resolvers.cursor import Position
from resolvers.entity import Kind, Model
from resolvers.errors import RequestError
from resolvers.fetch import Accepted, Children, Fetch, Listing, OrderKey, Row, Window
from resolvers.glance import Glance, Index, looked_at, possible, side
from resolvers.level import Level, Refusal
from resolvers.lookups import linked
from resolvers.order import merge
from resolvers.outline import outline
from resolvers.plan import Step
from resolvers.predicate import And, LeadsTo, Not, Or, Predicate, conjunction, conjuncts, names
from resolvers.record import Record

# Rows of one source that the gateway filters or sorts itself for one list; over it is an error, never a silent cut.
ROWS_MOST = 10_000
Keys = frozenset[tuple[str, str]]


class Demand:
    """A condition (in negation normal form, edges resolved) and an order, put to the sources of a level by any request.

    fetches: to be used in place of the level's; the condition's paths are judged by the grant in them. They are those
    of the partners whose records can fulfil the condition. answers: what sources said that they take, by source.
    """

    __slots__ = ("answers", "condition", "fetches", "level", "looks", "order")

    def __init__(
        self, model: Model, refusal: Refusal, level: Level, condition: Predicate | None, order: Sequence[OrderKey] = ()
    ) -> None:
        self.condition = condition
        self.order = tuple(order)
        self.looks = frozenset(names(condition)) - {""} if condition is not None else frozenset()
        self.level = level if condition is None else level.looking(model, refusal, self.looks)
        self.fetches = self.level.fetches
        if condition is not None:
            self.fetches = tuple(f for f in self.fetches if possible(condition, f.arms[0].mapping.partner))
        outlines = tuple(map(outline, conjuncts(condition)))
        self.answers: dict[str, _Answer] = self.level.once((_Answer, outlines, self.order), dict)


class Asking:
    """What is put to the sources of a level in one request. fetches: see Demand."""

    __slots__ = ("_model", "condition", "context", "demand", "fetches", "order")

    def __init__(self, context: Context, demand: Demand) -> None:
        self.context = context
        self.demand = demand
        self.condition = demand.condition
        self.order = demand.order
        self.fetches = demand.fetches
        self._model = context.catalog.model

    @classmethod
    def of(cls, context: Context, level: Level, condition: Predicate | None) -> Asking:
        """A condition (in negation normal form, edges resolved) that no later request puts again."""
        return cls(context, Demand(context.catalog.model, context.sight.refusal, level, condition))

    async def rows(self, fetch: Fetch, access: Listing | Children) -> list[Row]:
        """The rows of an access that fulfil the condition, in the window's order. SourceError where the source fails,
        RequestError FILTER_TOO_WIDE or LIST_TOO_WIDE where the gateway would have to look at too many."""
        if self.condition is not None or self.order:
            self.context.tests.append((fetch, self.demand, False))
        accepted = await self._accepted(fetch)
        if accepted.left is None and accepted.ordered:
            if accepted.taken is not access.condition:
                access = replace(access, condition=accepted.taken)
            if self.context.direct:  # who asks is the engine, which shows them so
                fetch = self.demand.level.shown(fetch)
            return await self.context.rows(fetch, access)
        return await self._here(fetch, access, accepted)

    async def count(self, fetch: Fetch) -> int:
        """How many rows of a listing fulfil the condition."""
        self.context.tests.append((fetch, self.demand, True))
        accepted = await self._accepted(fetch)
        if accepted.left is None:
            return await self.context.count(fetch, accepted.taken)
        return len(await self._here(fetch, Listing(Window()), replace(accepted, ordered=False)))

    async def _accepted(self, fetch: Fetch) -> Accepted:
        if self.condition is None and not self.order:
            return Accepted(None, None, True)
        # A source that was asked for the like before, and whose tables are as they were then, is not asked again.
        shape = self.context.sources[fetch.source].looks
        known = self.demand.answers.get(fetch.source)
        if known is not None and known.shape is shape:
            found = known.of(self.condition)
            if self.context.watcher is not None:
                self.context.watcher.accepted(fetch, self.order, found)
            return found
        found = await self.context.accept(fetch, self.condition, self.order)
        if shape is not None and shape is self.context.sources[fetch.source].looks:
            answer = _Answer.to(self.condition, found, shape)
            if answer is not None:
                self.demand.answers[fetch.source] = answer
        return found

    # what the source cannot do ---------------------------------------------------------------------------------------

    async def _here(self, fetch: Fetch, access: Listing | Children, accepted: Accepted) -> list[Row]:
        window = access.window
        linked = self.demand.level.names
        needed: set[str] = set()
        if accepted.left is not None:
            needed.update(looked_at(self._model, fetch.entity, accepted.left, linked))
        if not accepted.ordered:
            for key in self.order:
                needed |= {key.path, *self._model.guards(fetch.entity, key.path)} - {""}
        level = self._widened(frozenset(needed))
        wide = next(found for found in level.fetches if found.source == fetch.source)
        read = replace(window, limit=ROWS_MOST + 1) if accepted.ordered else Window(limit=ROWS_MOST + 1)
        rows = await self.context.rows(wide, _asked(access, read, accepted.taken))
        known = await self._known(wide, access, accepted, level, rows)
        withheld = {arm.mapping.view: arm.withheld for arm in wide.arms}
        glance = Glance(self._model, fetch.entity, level.paths, withheld, known, linked)
        cut = len(rows) > ROWS_MOST
        if cut and accepted.ordered and isinstance(access, Listing):
            rows = _certain(rows, wide, window)
        left = accepted.left
        found = [row for row in rows if left is None or glance.holds(left, row)]
        enough = isinstance(access, Listing) and window.limit is not None and len(found) >= window.limit
        if cut and not (accepted.ordered and enough):
            raise self._too_wide(fetch, accepted)
        width = len(fetch.paths)
        if accepted.ordered:
            return [row._replace(values=row.values[:width]) for row in found]
        found = [row._replace(values=row.values[:width], sort=glance.sort(row, self.order)) for row in found]
        for bound, wanted in ((window.after, 1), (window.before, -1)):
            if bound is not None:
                beyond = await self._beyond(wide, access, accepted, bound, after=wanted == 1)
                found = [row for row in found if _lies(row, bound, self.order, wanted, beyond)]
        found = merge(found, self.order)
        if isinstance(access, Listing) and window.limit is not None:
            found = found[-window.limit :] if window.backward else found[: window.limit]
        return found[::-1] if window.backward else found

    async def _known(
        self, fetch: Fetch, access: Listing | Children, accepted: Accepted, level: Level, rows: Sequence[Row]
    ) -> dict[int, Keys]:
        """The rows that fulfil an atom that they do not tell themselves: what link tables lead to."""
        known: dict[int, Keys] = {}
        for atom in _atoms(accepted.left):
            if not isinstance(atom, LeadsTo) or not _linked(fetch, atom.path):
                continue
            if (await self.context.accept(fetch, atom, ())).left is not None:
                known[id(atom)] = await self._leading(atom, level, rows)
            else:
                wanted = conjunction((*conjuncts(accepted.taken), atom))
                known[id(atom)] = await self._keys(fetch, _asked(access, Window(limit=ROWS_MOST + 1), wanted))
        return known

    async def _leading(self, atom: LeadsTo, level: Level, rows: Sequence[Row]) -> Keys:
        """The rows whose links lead to one of the tokens, where their source cannot tell what the links name."""
        step = Step(Kind.LINKS, self._model.field(level.entity, atom.path).type, level, atom.path)
        records = [Record(self.context, level, row) for row in rows]
        tokens, failed = await linked(self.context, step, records)
        for error in (error for errors in failed for error in errors):
            raise error
        index = Index(atom.tokens)
        return frozenset(
            (row.mapping.id, row.key) for row, mine in zip(rows, tokens, strict=True) if any(map(index.leads, mine))
        )

    async def _beyond(
        self, fetch: Fetch, access: Listing | Children, accepted: Accepted, position: Position, *, after: bool
    ) -> Keys:
        """The rows of the position's mapping that its source puts on the far side of the position's key."""
        arms = tuple(arm for arm in fetch.arms if arm.mapping.view == position.mapping)
        if not arms:
            return frozenset()
        place = replace(position, values=())
        window = Window(after=place if after else None, before=None if after else place, limit=ROWS_MOST + 1)
        return await self._keys(replace(fetch, arms=arms), _asked(access, window, accepted.taken))

    async def _keys(self, fetch: Fetch, access: Listing | Children) -> Keys:
        rows = await self.context.rows(replace(fetch, paths=(), issues=False), access)
        if len(rows) > ROWS_MOST:
            raise self._too_wide(fetch, Accepted(None, access.condition, True))
        return frozenset((row.mapping.id, row.key) for row in rows)

    def _widened(self, needed: frozenset[str]) -> Level:
        demand = self.demand
        return demand.level.looking(self._model, self.context.sight.refusal, demand.looks, tuple(sorted(needed)))

    def _too_wide(self, fetch: Fetch, accepted: Accepted) -> RequestError:
        partner = fetch.arms[0].mapping.partner
        if accepted.left is not None:
            field = next(iter(sorted(set(names(accepted.left)) - {""})), "")
            message = f"Too many records to filter by `{field}`; narrow the list by other fields."
            return RequestError(message, code="FILTER_TOO_WIDE", field=field, partner=partner, allowed=ROWS_MOST)
        field = next(key.path for key in self.order if key.path)
        message = f"Too many records to sort by `{field}`; filter the list."
        return RequestError(message, code="LIST_TOO_WIDE", field=field, partner=partner, allowed=ROWS_MOST)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Which conjuncts of a condition a source takes and leaves, by their places. shape: of its tables then."""

    shape: object
    taken: tuple[int, ...]
    left: tuple[int, ...]
    whole: bool
    ordered: bool

    @classmethod
    def to(cls, condition: Predicate | None, accepted: Accepted, shape: object) -> _Answer | None:
        """None where the conjuncts are not found again."""
        members = conjuncts(condition)
        taken, left = (
            tuple(index for index, member in enumerate(members) if any(member is one for one in conjuncts(part)))
            for part in (accepted.taken, accepted.left)
        )
        if len({*taken, *left}) < len(members):
            return None
        whole = bool(members) and len(taken) == len(members)
        return cls(shape, taken, left, whole, accepted.ordered)

    def of(self, condition: Predicate | None) -> Accepted:
        """The same for another condition of the same outline."""
        members = conjuncts(condition)
        taken = condition if self.whole else conjunction(tuple(members[index] for index in self.taken))
        return Accepted(taken, conjunction(tuple(members[index] for index in self.left)), self.ordered)


def _asked(access: Listing | Children, window: Window, condition: Predicate | None) -> Listing | Children:
    """The access with another window and condition; a limit is for all parents together."""
    if isinstance(access, Children):
        return replace(access, window=window, condition=condition, whole=True)
    return replace(access, window=window, condition=condition)


def _atoms(predicate: Predicate | None) -> list[Predicate]:
    match predicate:
        case None:
            return []
        case And(members=members) | Or(members=members):
            return [atom for member in members for atom in _atoms(member)]
        case Not(member=member):
            return _atoms(member)
        case _:
            return [predicate]


def _linked(fetch: Fetch, path: str) -> bool:
    return any(isinstance(arm.mapping.fields.get(path), tuple) for arm in fetch.arms)


def _lies(row: Row, position: Position, order: Sequence[OrderKey], wanted: int, beyond: Keys) -> bool:
    """Whether a row lies strictly on one side (1 after, -1 before) of a position."""
    found = side(row, position, order)
    if found is None:
        return row.key != position.key and (row.mapping.id, row.key) in beyond
    return found == wanted


def _certain(rows: Sequence[Row], fetch: Fetch, window: Window) -> list[Row]:
    """Of rows that came in the window's order, mapping by mapping, those before the first place where one of the
    mappings was cut off: after it, rows of that mapping would be missing between the others'."""
    ends: list[Row] = []
    for arm in fetch.arms:
        mine = [row for row in rows if row.mapping.view == arm.mapping.view]
        if len(mine) > ROWS_MOST:
            ends.append(mine[-1])
    merged = merge(rows[::-1] if window.backward else rows, window.order)
    if window.backward:
        merged.reverse()
    places = {(row.mapping.id, row.key): index for index, row in enumerate(merged)}
    first = min((places[end.mapping.id, end.key] for end in ends), default=len(merged))
    return merged[: first + 1]
