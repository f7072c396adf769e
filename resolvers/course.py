"""The course of one answer: what was asked of which source for which place of the response, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from resolvers.catalog import Catalog
from resolvers.entity import Kind, Model
from resolvers.fetch import Accepted, Access, Arm, Children, Fetch, LinkRows, Listing, OrderKey
from resolvers.level import Level
from resolvers.mapping import columns_of
from resolvers.observation import SourceCall
from resolvers.plan import Plan
from resolvers.predicate import Predicate, names
from resolvers.wording import condition_text

Path = tuple[str, ...]
COUNT = "Count"  # the access of a call that asks for a number


@dataclass(frozen=True, slots=True)
class Part:
    """What one mapping has to say in a question. columns: of its table, or "table.column"; paths: what they are for.

    unknown: paths that the condition looks at and that the mapping's partner does not show; no such row passes. rows:
    those that agreements show, in words; None for all.
    """

    mapping: str
    table: str
    columns: tuple[str, ...]
    paths: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    rows: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One call of a source. aim: the edge of a filter that it is for. access: None where it was asked what it can do.

    taken, left: of the condition, what the source does and what the gateway does itself. ordered: whether the rows come
    in the order from the source. limit: rows at most (per parent, where there are parents).
    """

    call: SourceCall
    places: tuple[Path, ...]
    aim: str
    access: Access | LinkRows | None
    parts: tuple[Part, ...] = ()
    taken: Predicate | None = None
    left: Predicate | None = None
    order: tuple[OrderKey, ...] = ()
    ordered: bool = True
    limit: int | None = None


@dataclass(slots=True)
class Stop:
    """One place of the response that holds records. kind: None where any id may lead to any entity.

    level: what was planned for it. together: the place whose questions are this one's too. heard: its questions as
    they were answered. accepting: the sources that said what they do of its list. along: those that may have brought
    its records with what leads to them.
    """

    path: Path
    kind: Kind | None
    entity: str
    edge: str
    level: Level
    together: Path | None = None
    heard: list[Question] = field(default_factory=list)
    accepting: set[str] = field(default_factory=set)
    along: set[str] = field(default_factory=set)

    @property
    def questions(self) -> list[Question]:
        """Its questions: what was asked for the same end at once in the order of the sources, whoever was quicker."""
        ends = list(dict.fromkeys((question.aim, question.call.access) for question in self.heard))
        return sorted(self.heard, key=lambda found: (ends.index((found.aim, found.call.access)), found.call.source))


class Course:
    """Watches one request. `stops` in the order of the selection, parents before what hangs on them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.stops: list[Stop] = []
        self._accepted: list[tuple[Fetch, tuple[OrderKey, ...], Accepted]] = []

    @property
    def questions(self) -> list[Question]:
        return [question for stop in self.stops for question in stop.questions]

    def planned(self, plan: Plan) -> None:
        """Take up the places of the response."""
        for (place, entity), level in plan.nodes.items():
            self._stop(_path(place), None, entity, "", level)
        for place, step in plan.steps.items():
            if step.kind is not Kind.DERIVED:
                self._stop(_path(place), step.kind, step.entity, step.edge, step.level)

    def accepted(self, fetch: Fetch, order: Sequence[OrderKey], answer: Accepted) -> None:
        """Keep what a source said that it does."""
        self._accepted.append((fetch, tuple(order), answer))
        for stop in self.stops:
            if (stop.path,) == fetch.places[:1] and stop.entity == fetch.entity and not fetch.aim:
                stop.accepting.add(fetch.source)

    def asked(self, fetch: Fetch | None, access: Access | LinkRows | None, call: SourceCall) -> None:
        """Put a call to its place."""
        if not call.sent and call.error is None:
            return  # nothing that could be there
        if fetch is None:
            assert isinstance(access, LinkRows)
            self._put(Question(call, access.places, access.aim, access, self._links(access)))
            return
        paths = () if call.access == COUNT else fetch.paths
        parts = tuple(part(self._catalog.model, arm, paths) for arm in fetch.arms)
        question = Question(call, fetch.places, fetch.aim, access, parts)
        for along in fetch.joins:
            for stop in self.stops:
                if (stop.path,) == along.fetch.places[:1] and stop.entity == along.fetch.entity:
                    stop.along.add(fetch.source)
        if isinstance(access, Listing | Children):
            question = self._conditioned(question, fetch, access)
        self._put(question)

    def _conditioned(self, question: Question, fetch: Fetch, access: Listing | Children) -> Question:
        left, order, ordered = None, access.window.order, True
        counted = question.call.access == COUNT
        for asked, wanted, answer in reversed(self._accepted):
            same = (asked.source, asked.places, asked.aim) == (fetch.source, fetch.places, fetch.aim)
            if same and answer.taken is access.condition:
                left, order, ordered = answer.left, () if counted else wanted, counted or answer.ordered
                break
        looks = {name for found in (access.condition, left) if found is not None for name in names(found)}
        parts = (
            replace(each, unknown=tuple(sorted(looks & arm.withheld)))
            for each, arm in zip(question.parts, fetch.arms, strict=True)
        )
        return replace(
            question,
            parts=tuple(parts),
            taken=access.condition,
            left=left,
            order=order,
            ordered=ordered,
            limit=access.window.limit,
        )

    def _links(self, access: LinkRows) -> tuple[Part, ...]:
        found = []
        for id_, index in access.owners:
            partner, _, name = id_.partition(".")
            binding = self._catalog.partners[partner].mappings[name].fields[access.path]
            assert isinstance(binding, tuple)
            link = binding[index]
            read = dict.fromkeys(column for table, column in columns_of((link,)) if table is not None)
            found.append(Part(id_, link.table or "", tuple(read), (access.path,)))
        return tuple(found)

    def _put(self, question: Question) -> None:
        first = question.places[:1]
        for stop in self.stops:
            if (stop.path,) == first and (question.aim or stop.entity == question.call.entity):
                stop.heard.append(question)
                return

    def _stop(self, path: Path, kind: Kind | None, entity: str, edge: str, level: Level) -> None:
        first = level.places[0]
        self.stops.append(Stop(path, kind, entity, edge, level, first if first != path else None))


def _path(place: tuple[tuple[str, str], ...]) -> Path:
    return tuple(key for _, key in place)


def part(model: Model, arm: Arm, wanted: Sequence[str]) -> Part:
    """What a mapping is asked for of some paths."""
    mapping = arm.mapping
    paths = tuple(path for path in wanted if path in arm.given and path in mapping.fields)
    read = dict.fromkeys(mapping.key)
    for path in paths:
        binding = mapping.fields[path]
        linked = {link.table for link in binding} if isinstance(binding, tuple) else frozenset[str]()
        for table, name in columns_of(binding):
            if table is None:
                read[name] = None
            elif table not in linked:  # those of link tables are asked for on their own
                read[f"{table}.{name}"] = None
    granted = mapping.granted
    rows = None if granted is None else condition_text(model, mapping.entity, granted.condition)
    return Part(mapping.id, mapping.table, tuple(read), paths, rows=rows)
