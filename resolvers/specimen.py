"""One field of one mapping as its live source has it: what the source can do with it, and what one row makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from resolvers.coercion import NotUnderstood
from resolvers.connectors.sql import SqlSource
from resolvers.connectors.sql.raw_row import raw_row
from resolvers.entity import Field, Kind, Model
from resolvers.explanation import Stage, stages
from resolvers.expression import Column
from resolvers.fetch import Arm, Fetch, Lookup, OrderKey
from resolvers.identifier import KeyToken
from resolvers.mapping import FIRST, ByIdentifier, Mapping, Parts, Value, columns_of
from resolvers.predicate import And, Compare, LeadsTo, Predicate, Some

_SAMPLES: dict[str, Any] = {
    "Int": 1,
    "Float": 1.0,
    "Decimal": Decimal(1),
    "Boolean": True,
    "Date": date(2026, 1, 1),
    "DateTime": datetime(2026, 1, 1, tzinfo=UTC),
    "LocalTime": time(12),
    "JSON": None,  # nothing is filtered by it
}
_ORDERED = ("Int", "Float", "Decimal", "Date", "DateTime", "LocalTime")


@dataclass(frozen=True, slots=True)
class Listed:
    """Who does it when lists are sorted and filtered by a field: `source`, `gateway`, or `both`, the source roughly and
    the gateway exactly.

    orders: by the name of the order. filters: by what is asked, e.g. "eq", or "number eq" of a list's entries.
    """

    orders: Map[str, str]
    filters: Map[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One row. columns: raw values by column. made: what came out of each stage, by its place; value: at the end.

    issues: code, path and raw text of what could not be understood.
    """

    key: str
    columns: Map[str, Any]
    made: Map[int, Any]
    value: Any
    issues: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Specimen:
    """A mapped field, with the source's connector; each question is asked of the live source. SourceError."""

    source: SqlSource
    mapping: Mapping
    path: str

    @property
    def model(self) -> Model:
        return self.source.model

    @property
    def field(self) -> Field:
        return self.model.field(self.mapping.entity, self.path)

    @property
    def stages(self) -> list[Stage]:
        """How its value comes about."""
        return stages(self.model, self.mapping, self.path, self.source.source.zone)

    async def listed(self) -> Listed:
        """What the source does when lists are sorted and filtered by it."""
        orders, filters = {}, {}
        for name, path in self.model.entities[self.mapping.entity].orders.items():
            if path == self.path:
                found = await self.source.accept(self._fetch(), None, (OrderKey(path),), lambda _: None)
                orders[name] = "source" if found.ordered else "gateway"
        for name, condition in _conditions(self.model, self.mapping, self.path, self.field):
            found = await self.source.accept(self._fetch(), condition, (), lambda _: None)
            rest = "gateway" if found.taken is None else "both"
            filters[name] = "source" if found.left is None else rest
        return Listed(orders, filters)

    async def seen(self, key: str) -> Seen | None:
        """What the row with a key makes of it; None where there is no such row."""
        now = datetime.now(UTC)
        steps = self.stages
        names = dict.fromkeys(
            name
            for table, column in columns_of(self.mapping.fields[self.path])
            if table is None
            for name in column.split(FIRST)
        )
        wanted = [Value(Column(name)) for name in names]
        spans = {}
        for number, stage in enumerate(steps):
            if stage.made is not None:
                spans[number] = (len(wanted), len(wanted) + len(stage.made.values), stage.made.make)
                wanted += stage.made.values
        raws = await raw_row(self.source, self.mapping, wanted, key, now)
        rows = await self.source.rows(self._fetch(), Lookup({self.mapping.id: (key,)}), lambda _: None, now)
        if raws is None or not rows:
            return None
        made = {}
        for number, (start, end, make) in spans.items():
            try:
                made[number] = make(raws[start:end], None)
            except NotUnderstood:
                made[number] = None
        issues = tuple(issue for issue in rows[0].issues if issue[1] == self.path or self._inside(issue[1]))
        return Seen(rows[0].key, dict(zip(names, raws, strict=False)), made, rows[0].values[0], issues)

    def _inside(self, path: str) -> bool:
        return path.startswith(self.path + ".")

    def _fetch(self) -> Fetch:
        given = frozenset([self.path, *self.model.guards(self.mapping.entity, self.path)])
        arms = (Arm(self.mapping, given),)
        return Fetch(self.mapping.source_id, self.mapping.entity, (self.path,), arms, issues=True)


def _conditions(model: Model, mapping: Mapping, path: str, field: Field) -> Iterator[tuple[str, Predicate]]:
    binding = mapping.fields[path]
    if field.kind in (Kind.REFERENCE, Kind.LINKS):
        yield "edge", LeadsTo(path, (KeyToken(mapping.id, "1"),))
    elif isinstance(binding, Parts):
        members = dict.fromkeys(name for form in binding.forms for name in form)
        part = model.parts[field.type].fields
        if "normalized" in part:
            schemes = [ByIdentifier(member["scheme"], member["scheme"]).schemes for member in binding.members]
            for scheme in sorted(frozenset[str]().union(*schemes)):
                named = Compare("scheme", "eq", scheme), Compare("normalized", "eq", "A")
                yield f"{scheme} normalized eq", Some(path, And(named))
        for name in members:
            inner = part.get(name)
            if inner is not None and inner.kind is Kind.LEAF and not inner.many and _sample(inner) is not None:
                yield f"{name} eq", Some(path, Compare(name, "eq", _sample(inner)))
    elif _sample(field) is not None:
        sample = _sample(field)
        if field.many:
            yield "has", Compare(path, "has", sample)
            return
        yield "eq", Compare(path, "eq", sample)
        yield "in", Compare(path, "in", (sample,))
        if field.type in ("String", *_ORDERED) and not field.values:
            yield "lt", Compare(path, "lt", sample)
        if field.type == "String" and not field.values:
            yield "startsWith", Compare(path, "startsWith", sample)
            yield "contains", Compare(path, "contains", sample)
        yield "isNull", Compare(path, "isNull", True)


def _sample(field: Field) -> Any:
    return field.values[0] if field.values else _SAMPLES.get(field.type, "a")
