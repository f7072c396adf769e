"""How the course of an answer is told: to people place by place, to machines as JSON (docs/explain.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.paint import Paint, plain, sql_lines
from resolvers.course import COUNT, Course, Question, Stop
from resolvers.entity import Kind, Model
from resolvers.predicate import And, Predicate, conjuncts
from resolvers.viewer import Grant, Viewer
from resolvers.wording import access_text, enums_of, order_text, predicate_text

VERSION = 1  # of the JSON: a higher one is not read like this one
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
class Told:
    """answer: the GraphQL response. seconds: from the plan to the response."""

    viewer: Viewer
    grant: Grant
    model: Model
    course: Course
    answer: Mapping[str, Any]
    seconds: float

    @property
    def withheld(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.answer.get("extensions", {}).get("withheld", ())
        return found

    @property
    def errors(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.answer.get("errors", ())
        return found

    def taken(self, question: Question) -> str | None:
        """What of a question's condition the source does, in words; what it does roughly, the gateway does again."""
        rest = conjuncts(question.left)
        found = conjuncts(question.taken)
        if not any(member in rest for member in found):
            return self._words(question, question.taken)
        texts = (f"{self._words(question, And((m,)))}{' (roughly)' if m in rest else ''}" for m in found)
        return " and ".join(texts)

    def left(self, question: Question) -> str | None:
        """What of it the gateway does, in words."""
        return self._words(question, question.left)

    def _words(self, question: Question, predicate: Predicate | None) -> str | None:
        if predicate is None:
            return None
        return predicate_text(predicate, enums_of(self.model, question.call.entity))

    @property
    def totals(self) -> dict[str, Any]:
        """All questions together."""
        questions = self.course.questions
        return {
            "sources": len({question.call.source for question in questions}),
            "statements": sum(len(question.call.sent) for question in questions),
            "rows": sum(question.call.rows for question in questions if question.call.access != COUNT),
            "failed": sum(question.call.error is not None for question in questions),
            "milliseconds": round(self.seconds * 1000, 1),
        }


def as_text(told: Told, paint: Paint, brief: bool = False) -> str:
    """For people; in brief without statements."""
    return "\n".join(_lines(told, paint, brief))


def _lines(told: Told, paint: Paint, brief: bool) -> Iterator[str]:
    viewer = told.viewer
    purpose = f", for {viewer.purpose}" if viewer.purpose else ""
    yield f"as {paint(viewer.partner, 'head')}, {viewer.subject}: {' '.join(sorted(viewer.scopes))}{purpose}"
    if told.grant.agreements:
        names = (f"{provider} {code} {version}" for provider, code, version in told.grant.agreements)
        yield "agreements: " + ", ".join(names)
    for stop in told.course.stops:
        if stop.kind is None and not stop.questions:
            continue  # what no id led to
        yield ""
        yield f"{paint('.'.join(stop.path), 'head')}: {KINDS[stop.kind]} of {stop.entity}"
        if stop.together is not None:
            yield f"  asked together with {'.'.join(stop.together)}"
        elif not stop.questions:
            yield "  nothing to ask"
        for question in stop.questions:
            yield from _question(told, stop, question, paint, brief)
    if told.withheld:
        yield ""
        yield paint("withheld", "head")
        rows = [(".".join(w["path"]), w["partner"], w["field"], w["code"], w.get("usedIn", "")) for w in told.withheld]
        yield from _table(rows)
    if told.errors:
        yield ""
        yield paint("errors", "head")
        for error in told.errors:
            path = ".".join(map(str, error.get("path") or ())) or "the operation"
            count = error["extensions"].get("count")
            times = f" ({count} times)" if count else ""
            yield f"  {path}: {paint(error['extensions']['code'], 'bad')} {error['message']}{times}"
    totals = told.totals
    yield ""
    yield (
        f"{_several(totals['statements'], 'statement')} to {_several(totals['sources'], 'source')}, "
        f"{_several(totals['rows'], 'row')}, {totals['milliseconds']:g} ms"
        + (f", {paint(_several(totals['failed'], 'failure'), 'bad')}" if totals["failed"] else "")
    )


def _question(told: Told, stop: Stop, question: Question, paint: Paint, brief: bool) -> Iterator[str]:
    call = question.call
    why = f", to filter by {question.aim}" if question.aim else ""
    what = "Count" if call.access == COUNT else access_text(question.access)
    entity = f" of {call.entity}" if call.entity != stop.entity else ""
    yield f"  {paint(call.source, 'note')}: {what}{entity}{why}"
    for part in question.parts:
        yield _said("reads", f"{part.mapping.partition('.')[2]}: {part.table}({', '.join(part.columns)})", paint)
        if part.paths:
            yield _said("", f"for {', '.join(part.paths)}", paint)
        if part.unknown:
            yield _said("", f"{paint('withheld', 'warn')}: {', '.join(part.unknown)}, so that no row passes", paint)
    taken, left = told.taken(question), told.left(question)
    if taken is not None:
        yield _said("filter", f"by the source: {taken}", paint)
    if left is not None:
        yield _said("" if taken else "filter", paint(f"by the gateway: {left}", "warn"), paint)
    if question.order:
        by = "by the source" if question.ordered else paint("by the gateway", "warn")
        yield _said("order", f"{by}: {order_text(question.order)}", paint)
    if question.limit is not None:
        yield _said("limit", f"{question.limit:,}", paint)
    lines = () if brief else tuple(line for sent in call.sent for line in sql_lines(str(sent)))
    for number, line in enumerate(lines):
        yield _said("" if number else "sql", paint(line, "dim"), paint)
    spent = f"in {call.seconds * 1000:.1f} ms"
    if call.error is not None:
        yield _said("answer", f"{paint(call.error, 'bad')} {spent}: {plain(call.detail)}", paint)
    else:
        rows = "one number" if call.access == COUNT else _several(call.rows, "row")
        yield _said("answer", f"{rows} {spent}", paint)


def _said(name: str, text: str, paint: Paint) -> str:
    return f"    {paint(f'{name:7}', 'dim') if name else ' ' * 7} {text}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def as_machine(told: Told) -> str:
    """JSON: who asks, places with their questions, what is withheld, errors and totals."""
    return json.dumps(
        {
            "version": VERSION,
            "as": {
                "partner": told.viewer.partner,
                "subject": told.viewer.subject,
                "scopes": sorted(told.viewer.scopes),
                "purpose": told.viewer.purpose,
                "agreements": [
                    {"partner": provider, "code": code, "version": version}
                    for provider, code, version in told.grant.agreements
                ],
            },
            "places": [_place(told, stop) for stop in told.course.stops],
            "withheld": list(told.withheld),
            "errors": list(told.errors),
            "totals": told.totals,
        },
        ensure_ascii=False,
        indent=2,
    )


def _place(told: Told, stop: Stop) -> dict[str, Any]:
    return {
        "path": list(stop.path),
        "kind": KINDS[stop.kind],
        "entity": stop.entity,
        "edge": stop.edge or None,
        "together": None if stop.together is None else list(stop.together),
        "questions": [_asked(told, question) for question in stop.questions],
    }


def _asked(told: Told, question: Question) -> dict[str, Any]:
    call = question.call
    return {
        "source": call.source,
        "entity": call.entity,
        "access": call.access,
        "filtersBy": question.aim or None,
        "reads": [
            {
                "mapping": part.mapping,
                "table": part.table,
                "columns": list(part.columns),
                "fields": list(part.paths),
                "withheld": list(part.unknown),
            }
            for part in question.parts
        ],
        "taken": told.taken(question),
        "left": told.left(question),
        "order": [{"field": key.path or "partner", "descending": key.descending} for key in question.order],
        "orderedBy": "source" if question.ordered else "gateway",
        "limit": question.limit,
        "statements": ["\n".join(sql_lines(str(sent))) for sent in call.sent],
        "rows": call.rows,
        "milliseconds": round(call.seconds * 1000, 2),
        "error": call.error,
        "detail": call.detail or None,
    }
