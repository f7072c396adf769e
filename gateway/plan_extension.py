"""`extensions.plan`: how an answer came about, told to a caller who may ask, and nothing that its answer hides.

Of its own partner's sources a caller is told what they were asked. Of all others it is told what follows from the plan
and from records that it may see: a question that was asked only because of something hidden (a reference to a record
that is not shared, a link between two others) is told in the same words as one that was not. docs/explain.md has the
rules for those who ask.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode

from gateway.explain_account import Asked, Place, along, kept_out, taken, totals, whole, words
from gateway.explain_report import VERSION, place_lines, several
from gateway.paint import Paint
from resolvers.catalog import Catalog
from resolvers.course import COUNT, Course, Question, Stop, part
from resolvers.entity import Kind
from resolvers.errors import RequestError
from resolvers.fetch import Children, Fetch, LinkRows, Listing, Lookup
from resolvers.level import Level
from resolvers.mapping import ByIdentifier, Target, id_of
from resolvers.plan import Plan, Step
from resolvers.predicate import And, Not, OneOf, Or, Predicate
from resolvers.selected_fields import selected_fields
from resolvers.selection import Selections
from resolvers.sight import Sight, targets_of
from resolvers.viewer import Grant, Viewer
from resolvers.wording import access_text, unnamed

NAME = "plan"
SCOPE = "explain"
REFUSED: Mapping[str, Any] = {"code": "SCOPE_REQUIRED", "scopes": [SCOPE]}
# Whether and of how much is asked at the end of such an edge depends on what the records at its start hold.
FOLLOWED = (Kind.REFERENCE, Kind.LINKS, Kind.SAME)
ACCESS = {Kind.COLLECTION: "Listing", Kind.NAMED: "Listing", Kind.REVERSE: "Children"}


class PlanExtension:
    """A caller's wish to be told. course: what watches its request; None where it may not be told."""

    def __init__(self, viewer: Viewer, catalog: Catalog) -> None:
        self.course = Course(catalog) if SCOPE in viewer.scopes else None
        self._catalog = catalog
        self._began = time.perf_counter()

    @classmethod
    def asked(cls, extensions: Mapping[str, Any], viewer: Viewer, catalog: Catalog) -> PlanExtension | None:
        """That of a request's extensions, if they ask. RequestError BAD_USER_INPUT where they are not understood."""
        wish = extensions.get(NAME)
        if wish is None or wish is False:
            return None
        if wish is not True:
            raise RequestError("`extensions.plan` must be true or false.", code="BAD_USER_INPUT")
        return cls(viewer, catalog)

    def told(
        self,
        schema: GraphQLSchema,
        plan: Plan,
        grant: Grant,
        selections: Selections,
        operation: OperationDefinitionNode,
    ) -> Mapping[str, Any]:
        """What stands in the answer: steps, totals, and the same as text for people."""
        if self.course is None:
            return REFUSED
        seconds = time.perf_counter() - self._began
        fields = selected_fields(schema, self._catalog.model, plan, selections, operation)
        disclosure = Disclosure(self._catalog, grant, plan, fields)
        steps = (disclosure.place(stop) for stop in self.course.stops)
        places = [step for step in steps if step.asked or step.stop.kind is not None]
        found = totals(places, seconds)
        plain = Paint(False)
        texts = ["\n".join(place_lines(place, plain)) for place in places]
        texts.append(
            f"{several(found['sources'], 'source')} in {found['milliseconds']:g} ms; "
            f"told: {several(found['statements'], 'statement')}, {several(found['rows'], 'row')}"
        )
        return {
            "version": VERSION,
            "steps": [place.as_json() for place in places],
            "totals": found,
            "text": "\n\n".join(texts),
        }


class Disclosure:
    """What a grant's caller may know of what was asked for each place. fields: what it selected of each level."""

    def __init__(self, catalog: Catalog, grant: Grant, plan: Plan, fields: Mapping[Level, frozenset[str]]) -> None:
        self._catalog = catalog
        self._own = grant.partner
        self._sight = Sight.of(catalog, grant)
        self._fields = fields
        self._steps: dict[Level, list[Step]] = {}
        for step in plan.steps.values():
            self._steps.setdefault(step.level, []).append(step)

    def place(self, stop: Stop) -> Place:
        """A place with what may be known of its questions, those of its filter's edges first."""
        beside = (source for source in along(stop) if self._mine(source) and not self._fed(stop.level, source))
        return Place(stop, tuple(self._asked(stop)), tuple(beside))

    def _asked(self, stop: Stop) -> Iterator[Asked]:
        if stop.together is not None:
            return
        questions = stop.questions
        yield from self._aims([question for question in questions if question.aim])
        main = [question for question in questions if not question.aim]
        for question in main:
            if isinstance(question.access, LinkRows) and self._mine(question.call.source):
                yield self._whole(question)
        main = [question for question in main if not isinstance(question.access, LinkRows)]
        hidden = any(map(self._by_hidden, main))
        certain = not hidden and not self._followed(stop.level)
        heard = {question.call.source for question in main} | stop.accepting
        for fetch in stop.level.fetches:
            asked = [question for question in main if question.call.source == fetch.source]
            open_ = self._mine(fetch.source) and not hidden and not self._fed(stop.level, fetch.source)
            if open_ and (asked or heard or not certain):
                yield from map(self._whole, asked)
            elif fetch.source in heard or not certain or not (heard or stop.kind is None):
                yield self._planned(stop, fetch, asked, hidden, certain)

    def _whole(self, question: Question) -> Asked:
        return whole(question, self._catalog, unnamed, detailed=False)

    def _planned(self, stop: Stop, fetch: Fetch, asked: Sequence[Question], hidden: bool, certain: bool) -> Asked:
        """All questions of one source for a place together: what was planned, and what its visible records tell."""
        source = self._catalog.source(fetch.source)
        read = [question for question in asked if question.call.access != COUNT and question.access is not None]
        exact = not hidden and not self._named(stop.level) and all(question.left is None for question in read)
        rows = sum(question.call.rows for question in read) if exact and asked else None
        if not certain:
            rows = rows or None  # nothing that came, and nothing that was asked for, are alike
        open_ = bool(asked) and (certain or rows is not None)
        error = next((question.call.error for question in asked if question.call.error is not None), None)
        listed = next((q for q in read if open_ and isinstance(q.access, Listing | Children)), None)
        said = words(self._catalog, fetch.entity, unnamed)
        mine = self._mine(fetch.source)
        return Asked(
            partner=source.partner,
            label=source.label,
            entity=fetch.entity,
            access=ACCESS.get(stop.kind, "Lookup") if stop.kind is not None else "Lookup",
            what=ACCESS.get(stop.kind, "Lookup") if stop.kind is not None else "Lookup",
            source=fetch.source if mine else None,
            reads=tuple(part(self._catalog.model, arm, fetch.paths) for arm in fetch.arms) if mine else None,
            fields=self._selected(stop.level, fetch),
            withheld=kept_out(listed) if listed else (),
            taken=taken(listed, said) if listed else None,
            left=said(listed.left) if listed and listed.left is not None else None,
            order=listed.order if listed else (),
            ordered=listed.ordered if listed else True,
            limit=listed.limit if listed else None,
            rows=rows,
            seconds=sum(question.call.seconds for question in asked) if open_ or error else None,
            error=error,
        )

    def _selected(self, level: Level, fetch: Fetch) -> tuple[str, ...]:
        """The fields of a fetch that the operation selects; what is computed by its own name."""
        asked = self._fields.get(level, frozenset())
        read = [path for path in fetch.paths if path in asked and any(path in arm.given for arm in fetch.arms)]
        views = {arm.mapping.view for arm in fetch.arms}
        read += [s.edge for s in self._steps.get(level, ()) if s.kind is Kind.DERIVED and s.follow & views]
        return tuple(dict.fromkeys(read))

    # edges of filters ------------------------------------------------------------------------------------------------

    def _aims(self, questions: Sequence[Question]) -> Iterator[Asked]:
        """What the edges of a filter asked: of others only what every such filter asks first, and no number of rows."""
        entities: dict[str, str] = {}
        told: set[tuple[str, str]] = set()
        for question in questions:
            call, access = question.call, question.access
            first = entities.setdefault(question.aim, call.entity) == call.entity
            if self._by_hidden(question) or isinstance(access, Lookup):
                continue
            if self._mine(call.source):
                yield self._whole(question)
            elif (
                first
                and (question.aim, call.source) not in told
                and (isinstance(access, Listing) or (isinstance(access, Children) and access.tokens is None))
            ):
                told.add((question.aim, call.source))
                source = self._catalog.source(call.source)
                said = words(self._catalog, call.entity, unnamed)
                yield Asked(
                    partner=source.partner,
                    label=source.label,
                    entity=call.entity,
                    access=call.access,
                    what=access_text(access),
                    aim=question.aim,
                    withheld=kept_out(question),
                    taken=taken(question, said),
                    left=None if question.left is None else said(question.left),
                    limit=question.limit,
                    seconds=call.seconds,
                    error=call.error,
                )

    # what would tell of what is hidden -------------------------------------------------------------------------------

    def _mine(self, source: str) -> bool:
        return self._catalog.source(source).partner == self._own

    def _followed(self, level: Level) -> bool:
        return any(step.kind in FOLLOWED and step.edge for step in self._steps.get(level, ()))

    def _targets(self, level: Level) -> Iterator[tuple[str, Target | None]]:
        """The partners whose records lead to a level by what they hold, each with where to; None is anywhere."""
        for step in self._steps.get(level, ()):
            if step.kind not in FOLLOWED or not step.edge:
                continue
            for id_ in sorted(set(map(id_of, step.follow))):
                mapping = self._catalog.mapping(id_)
                assert mapping is not None
                if step.kind is Kind.SAME:
                    yield mapping.partner, None
                else:
                    yield from ((mapping.partner, target) for target in targets_of(mapping.fields.get(step.edge)))

    def _fed(self, level: Level, source: str) -> bool:
        """Whether a source of the caller's own may be asked for what other partners' records name."""
        ids = {mapping.id for mapping in level.mappings.values() if mapping.source_id == source}
        for partner, target in self._targets(level):
            if partner == self._own:
                continue
            if target is None:
                return True
            if isinstance(target, ByIdentifier):
                if target.partners is None or self._own in target.partners:
                    return True
            elif target.mappings & ids:
                return True
        return False

    def _named(self, level: Level) -> bool:
        """Whether records are looked for by identifiers here: more may come than those that are meant."""
        if any(step.kind is Kind.REVERSE and step.named for step in self._steps.get(level, ())):
            return True
        return any(target is None or isinstance(target, ByIdentifier) for _, target in self._targets(level))

    def _by_hidden(self, question: Question) -> bool:
        """Whether it asks for what the records of other partners lead to, shown or not: a reverse edge in a filter."""
        entity = question.call.entity
        for atom in (*_one_ofs(question.taken), *_one_ofs(question.left)):
            field = self._catalog.model.field(entity, atom.path)
            if field.kind is Kind.REVERSE:
                leading = self._sight.leading(self._sight.shown(entity), entity, field)
                if any(mapping.partner != self._own for mapping in leading.mappings):
                    return True
        return False


def _one_ofs(predicate: Predicate | None) -> Iterator[OneOf]:
    match predicate:
        case And(members=members) | Or(members=members):
            for member in members:
                yield from _one_ofs(member)
        case Not(member=member):
            yield from _one_ofs(member)
        case OneOf():
            yield predicate
