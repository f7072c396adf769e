"""How the account of an answer is told: to people place by place, to machines as JSON (docs/explain.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.explain_account import KINDS, Asked, Place, along, totals, whole
from gateway.paint import Paint, plain
from resolvers.catalog import Catalog
from resolvers.course import COUNT, Course
from resolvers.viewer import Grant, Viewer
from resolvers.wording import order_text

VERSION = 1  # of the JSON: a higher one is not read like this one


@dataclass(frozen=True, slots=True)
class Told:
    """answer: the GraphQL response. seconds: from the plan to the response."""

    viewer: Viewer
    grant: Grant
    catalog: Catalog
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

    @property
    def places(self) -> list[Place]:
        """Everything: for the operator."""
        return [
            Place(stop, [whole(question, self.catalog) for question in stop.questions], along(stop))
            for stop in self.course.stops
        ]

    @property
    def totals(self) -> dict[str, Any]:
        """All questions together."""
        return totals(self.places, self.seconds)


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
    for place in told.places:
        if place.stop.kind is None and not place.asked:
            continue  # what no id led to
        yield ""
        yield from place_lines(place, paint, brief)
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
    yield ""
    yield totals_text(told.totals, paint)


def place_lines(place: Place, paint: Paint, brief: bool = False) -> Iterator[str]:
    """One place and its questions, for people; in brief without statements."""
    stop = place.stop
    yield f"{paint('.'.join(stop.path), 'head')}: {KINDS[stop.kind]} of {stop.entity}"
    if stop.together is not None:
        yield f"  asked together with {'.'.join(stop.together)}"
    elif not place.asked and not place.along:
        yield "  nothing to ask"
    for source in place.along:
        yield f"  {paint(source, 'note')}: came along with what leads here, or nothing to ask"
    for asked in place.asked:
        yield from _question(asked, stop.entity, paint, brief)


def totals_text(found: Mapping[str, Any], paint: Paint) -> str:
    """All questions together, in one line."""
    return (
        f"{several(found['statements'], 'statement')} to {several(found['sources'], 'source')}, "
        f"{several(found['rows'], 'row')}, {found['milliseconds']:g} ms"
        + (f", {paint(several(found['failed'], 'failure'), 'bad')}" if found["failed"] else "")
    )


def _question(asked: Asked, entity: str, paint: Paint, brief: bool) -> Iterator[str]:
    why = f", to filter by {asked.aim}" if asked.aim else ""
    other = f" of {asked.entity}" if asked.entity != entity else ""
    whose = asked.source or f"{asked.partner}, {asked.label}"
    yield f"  {paint(whose, 'note')}: {asked.what}{other}{why}"
    for part in asked.reads or ():
        yield _said("reads", f"{part.mapping.partition('.')[2]}: {part.table}({', '.join(part.columns)})", paint)
        if part.paths:
            yield _said("", f"for {', '.join(part.paths)}", paint)
        if part.rows is not None:
            yield _said("", f"rows that are shared: {part.rows}", paint)
        if part.unknown:
            yield _said("", f"{paint('withheld', 'warn')}: {', '.join(part.unknown)}, so that no row passes", paint)
    if asked.reads is None and asked.fields:
        yield _said("reads", f"for {', '.join(asked.fields)}", paint)
    if asked.reads is None and asked.withheld:
        yield _said("", f"{paint('withheld', 'warn')}: {', '.join(asked.withheld)}, so that no row passes", paint)
    if asked.taken is not None:
        yield _said("filter", f"by the source: {asked.taken}", paint)
    if asked.left is not None:
        yield _said("" if asked.taken else "filter", paint(f"by the gateway: {asked.left}", "warn"), paint)
    if asked.order:
        by = "by the source" if asked.ordered else paint("by the gateway", "warn")
        yield _said("order", f"{by}: {order_text(asked.order)}", paint)
    if asked.limit is not None:
        yield _said("limit", f"{asked.limit:,}", paint)
    lines = () if brief else tuple(line for statement in asked.statements or () for line in statement)
    for number, line in enumerate(lines):
        yield _said("" if number else "sql", paint(line, "dim"), paint)
    yield _said("answer", _outcome(asked, paint), paint)


def _outcome(asked: Asked, paint: Paint) -> str:
    """What came, of how many statements where it was not one, and after how long."""
    spent = "" if asked.seconds is None else f"in {asked.seconds * 1000:.1f} ms"
    if asked.error is not None:
        return f"{paint(asked.error, 'bad')} {spent}" + (f": {plain(asked.detail)}" if asked.detail else "")
    rows = "" if asked.rows is None else "one number" if asked.access == COUNT else several(asked.rows, "row")
    count = len(asked.statements or (0,))
    sent = "" if count == 1 else f"by {several(count, 'statement')}"
    return " ".join(filter(None, (rows, sent, spent))) or "not told"


def _said(name: str, text: str, paint: Paint) -> str:
    return f"    {paint(f'{name:7}', 'dim') if name else ' ' * 7} {text}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def several(count: int, what: str) -> str:
    """A number of things."""
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
            "places": [place.as_json() for place in told.places],
            "withheld": list(told.withheld),
            "errors": list(told.errors),
            "totals": told.totals,
        },
        ensure_ascii=False,
        indent=2,
    )
