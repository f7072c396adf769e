"""What a fetch selects of the rows of one mapping, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Label

from resolvers.border import reading
from resolvers.coercion import text_of
from resolvers.composition import ASSUMED
from resolvers.connectors.sql.dangling import dangling
from resolvers.connectors.sql.decoder import Decode, Layout, Member, each
from resolvers.connectors.sql.follow import Followed, follow
from resolvers.connectors.sql.granted import GrantedRows
from resolvers.connectors.sql.leading import From, Leads
from resolvers.connectors.sql.order import Ordered, ordered
from resolvers.connectors.sql.placeholder import told
from resolvers.connectors.sql.render import Renderer
from resolvers.entity import Model
from resolvers.fetch import Arm, Fetch, Row
from resolvers.leaf import Reading
from resolvers.mapping import ByKey, Mapping, Value


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns over the tables of one source. there: every mapping of the source. start: puts a mapping's tables under a
    select. granted: says which rows a grant shows."""

    model: Model
    zone: str
    there: Map[str, Mapping]
    start: From
    granted: GrantedRows

    def of(
        self,
        fetch: Fetch,
        arm: Arm,
        renderer: Renderer,
        order: Ordered,
        leads: Leads | None,
    ) -> tuple[tuple[Label[Any], ...], Decode, tuple[Followed, ...]]:
        """A row's columns, how to read them, and the references that are followed. Those of the rows they lead to come
        last."""
        elements, layout, _ = self._laid(fetch, arm, renderer, order, leads)
        if fetch.issues:
            lost = []
            for path, element in self._lost(arm, renderer):
                lost.append((path, len(elements)))
                elements.append(element)
            decode = each(self._noted(fetch, replace(layout, width=len(elements)), lost))
            return labels(elements), decode, ()
        followed = []
        members, shown = list(layout.members), list(layout.members)
        for index, along in enumerate(fetch.joins):
            place = fetch.paths.index(along.path)
            found = follow(along, index, renderer, arm, members[place], self._laid, self.granted)
            if found is not None:
                members[place] = found.member(len(elements))
                shown[place] = found.member(len(elements), along.fetch.show)
                elements += found.elements
                followed.append(found)
        whole = replace(layout, width=len(elements), members=tuple(members))
        decode = whole.every()
        if fetch.show is not None:
            decode = replace(whole, members=tuple(shown), show=fetch.show).or_else(whole)
        return labels(elements), decode, tuple(followed)

    def _laid(
        self, fetch: Fetch, arm: Arm, renderer: Renderer, order: Ordered | None = None, leads: Leads | None = None
    ) -> tuple[list[ColumnElement[Any]], Layout, list[Value]]:
        """What a row is made of, how it is read, and what its paths are read from: its key, computed sort keys, parent,
        then what each path needs."""
        mapping = arm.mapping
        order = order or ordered(self.model, arm, renderer, (), self.zone)
        elements: list[ColumnElement[Any]] = []
        known: dict[int, int] = {}

        def place(element: ColumnElement[Any]) -> int:
            """Where an element stands; what two paths read is selected once."""
            found = known.setdefault(id(element), len(elements))
            if found == len(elements):
                elements.append(element)
            return found

        key = tuple(map(place, order.own))
        sort = tuple(place(one.element) for one in order.computed)
        parent = None
        if leads is not None:
            parent = Member(tuple(map(place, leads.parents)), Reading((), leads.build, leads.inline))
        members = []
        read: list[Value] = []
        for path in fetch.paths:
            default = self._own_fallback(mapping, path)
            if path not in arm.given or path not in mapping.fields:
                members.append(Member((), None, default))
                continue
            found = reading(self.model, mapping, path, self.zone)
            read += [value for value in found.values if told(value, fetch.issues)]
            places = tuple(
                place(renderer.value(value)) if told(value, fetch.issues) else None for value in found.values
            )
            members.append(Member(places, found, default))
        layout = Layout(mapping, len(elements), key, sort, tuple(one for one, _ in order.keys), tuple(members), parent)
        return elements, layout, read

    def _noted(
        self, fetch: Fetch, layout: Layout, lost: Sequence[tuple[str, int]]
    ) -> Callable[[Sequence[Any]], Row | None]:
        """Row by row, with what could not be understood. lost: where it stands that a reference leads nowhere."""
        mapping = layout.mapping
        # What is assumed of a part that is not there is nobody's mistake.
        beside = {
            path: [fetch.paths.index(guard) if guard in fetch.paths else -1 for guard in guards]
            for path, binding in mapping.fields.items()
            if isinstance(binding, Value) and binding.assumed is not None
            for guards in [self.model.guards(mapping.entity, path)]
        }

        def decode(raw: Sequence[Any]) -> Row | None:
            issues: list[tuple[str, str, str]] = []
            row = layout.row(raw, issues)
            if row is None:
                return None
            issues = [
                issue
                for issue in issues
                if issue[0] != ASSUMED or all(at >= 0 and row.values[at] is not None for at in beside.get(issue[1], ()))
            ]
            issues += [("DANGLING_REFERENCE", path, text_of(raw[at])) for path, at in lost if raw[at] is not None]
            return row._replace(issues=tuple(issues))

        return decode

    def _lost(self, arm: Arm, renderer: Renderer) -> list[tuple[str, ColumnElement[Any]]]:
        """What tells that a reference leads nowhere, by path."""
        return [
            (path, element)
            for path, binding in arm.mapping.fields.items()
            if path in arm.given and isinstance(binding, ByKey | tuple)
            for element in dangling(arm.mapping, path, renderer, self.there, self.start)
        ]

    def _own_fallback(self, mapping: Mapping, path: str) -> str | None:
        """What a required leaf of the entity reads where the partner has nothing; "" for the local key."""
        return None if "." in path else self.model.entities[mapping.entity].fallback.get(path)


def labels(elements: Sequence[ColumnElement[Any]]) -> tuple[Label[Any], ...]:
    """The elements as c0, c1, ..."""
    return tuple(element.label(f"c{index}") for index, element in enumerate(elements))
