"""The account of one answer, in words: its places, and what was asked for each of them, as far as somebody may know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.paint import sql_lines
from resolvers.catalog import Catalog
from resolvers.course import COUNT, Part, Question, Stop
from resolvers.entity import Kind
from resolvers.fetch import OrderKey
from resolvers.predicate import And, Predicate, conjuncts
from resolvers.wording import Naming, access_text, enums_of, predicate_text, tokens_text

KINDS = {
    None: "by id",
    Kind.COLLECTION: "list",
    Kind.REFERENCE: "reference",
    Kind.LINKS: "links",
    Kind.REVERSE: "reverse edge",
    Kind.NAMED: "by identifier",
    Kind.SAME: "same thing",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a source, or all of them for one place together, in words.

    partner, label: whose source, and its public label. source: its id. access: the kind of call, what: the same with
    what it was for. reads: table and columns of each mapping. fields: what of the entity is read. withheld: what the
    condition looks at and none of the mappings shows. taken, left: what of the condition the source does, and what the
    gateway does. statements: each in lines. rows: that came. seconds: until they did. error: a code. detail: in the
    driver's own words. None is what is not told.
    """

    partner: str
    label: str
    entity: str
    access: str
    what: str
    source: str | None = None
    aim: str = ""
    reads: tuple[Part, ...] | None = None
    fields: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    taken: str | None = None
    left: str | None = None
    order: tuple[OrderKey, ...] = ()
    ordered: bool = True
    limit: int | None = None
    statements: tuple[tuple[str, ...], ...] | None = None
    rows: int | None = None
    seconds: float | None = None
    error: str | None = None
    detail: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As documented in docs/explain.md."""
        return {
            "partner": self.partner,
            "label": self.label,
            "source": self.source,
            "entity": self.entity,
            "access": self.access,
            "filtersBy": self.aim or None,
            "reads": None if self.reads is None else [_read(part) for part in self.reads],
            "fields": list(self.fields),
            "withheld": list(self.withheld),
            "taken": self.taken,
            "left": self.left,
            "order": [{"field": key.path or "partner", "descending": key.descending} for key in self.order],
            "orderedBy": "source" if self.ordered else "gateway",
            "limit": self.limit,
            "statements": None if self.statements is None else ["\n".join(lines) for lines in self.statements],
            "rows": self.rows,
            "milliseconds": None if self.seconds is None else round(self.seconds * 1000, 2),
            "error": self.error,
            "detail": self.detail,
        }


def _read(part: Part) -> dict[str, Any]:
    return {
        "mapping": part.mapping,
        "table": part.table,
        "columns": list(part.columns),
        "fields": list(part.paths),
        "withheld": list(part.unknown),
        "rows": part.rows,
    }


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the response, with what leads there and what was asked for it.

    along: the sources that were asked nothing for it, and may have brought its records with what leads to them.
    """

    stop: Stop
    asked: Sequence[Asked]
    along: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """As documented in docs/explain.md."""
        return {
            "path": list(self.stop.path),
            "kind": KINDS[self.stop.kind],
            "entity": self.stop.entity,
            "edge": self.stop.edge or None,
            "together": None if self.stop.together is None else list(self.stop.together),
            "along": list(self.along),
            "questions": [asked.as_json() for asked in self.asked],
        }


def along(stop: Stop) -> tuple[str, ...]:
    """The sources that may have brought a place's records with what leads to them: they had no question of its own."""
    asked = {question.call.source for question in stop.questions}
    return tuple(sorted(stop.along - asked))


def totals(places: Sequence[Place], seconds: float) -> dict[str, Any]:
    """All that is told together. seconds: from the plan to the response."""
    asked = [each for place in places for each in place.asked]
    return {
        "sources": len({(each.partner, each.label) for each in asked}),
        "statements": sum(len(each.statements or ()) for each in asked),
        "rows": sum(each.rows or 0 for each in asked if each.access != COUNT),
        "failed": sum(each.error is not None for each in asked),
        "milliseconds": round(seconds * 1000, 1),
    }


def whole(question: Question, catalog: Catalog, naming: Naming = tokens_text, detailed: bool = True) -> Asked:
    """A question as it was asked: for who may know its source. detailed: with what a driver said of a failure."""
    call = question.call
    source = catalog.source(call.source)
    said = words(catalog, call.entity, naming)
    return Asked(
        partner=source.partner,
        label=source.label,
        source=call.source,
        entity=call.entity,
        access=call.access,
        what="Count" if call.access == COUNT else access_text(question.access),
        aim=question.aim,
        reads=question.parts,
        fields=tuple(dict.fromkeys(path for part in question.parts for path in part.paths)),
        withheld=kept_out(question),
        taken=taken(question, said),
        left=None if question.left is None else said(question.left),
        order=question.order,
        ordered=question.ordered,
        limit=question.limit,
        statements=tuple(tuple(sql_lines(str(sent))) for sent in call.sent),
        rows=call.rows,
        seconds=call.seconds,
        error=call.error,
        detail=(call.detail or None) if detailed else None,
    )


def kept_out(question: Question) -> tuple[str, ...]:
    """What the condition looks at and none of the mappings shows, so that none of their rows passes."""
    unknown = [set(part.unknown) for part in question.parts]
    return tuple(sorted(set.intersection(*unknown))) if unknown else ()


def words(catalog: Catalog, entity: str, naming: Naming = tokens_text) -> Callable[[Predicate], str]:
    """How conditions on an entity are put in words."""
    bare = enums_of(catalog.model, entity)
    return lambda predicate: predicate_text(predicate, bare, naming)


def taken(question: Question, said: Callable[[Predicate], str]) -> str | None:
    """What of a question's condition the source does, in words; what it does roughly, the gateway does again."""
    if question.taken is None:
        return None
    rest, found = conjuncts(question.left), conjuncts(question.taken)
    if not any(member in rest for member in found):
        return said(question.taken)
    return " and ".join(f"{said(And((member,)))}{' (roughly)' if member in rest else ''}" for member in found)
