"""Random operations on the graph, drawn from its SDL, with a tree that tells what each answered value is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

SCHEMA = build_schema((Path(__file__).parent.parent / "schema" / "schema.graphql").read_text("utf-8"))
ENTITIES = ("Asset", "Person", "Policy", "Coverage", "Site", "Booking", "Authorisation")
ROOTS = ("assets", "people", "policies", "coverages", "sites", "bookings", "node", "nodes", "partners", "viewer")
ROOTS += ("assetBy",)
# Of the demonstration's things; the first is in two partners' books.
NAMES = (("LICENSE_PLATE", "fe 941 de"), ("LICENSE_PLATE", "GK.482.TR"), ("SERIAL", "FA6ED2058"), ("VIN", "nobody's"))
MOMENTS = ("2026-11-20T18:00:00+01:00", "2025-06-01T00:00:00Z", "2026-11-23T05:00:00Z")
# What filters compare with, by type; enums with their own values.
VALUES: dict[str, tuple[Any, ...]] = {
    "String": ("", "a", "e", "B", "FR", "poste", "Nanterre", "Renault"),
    "Int": (0, 1, 3, 2020),
    "Float": (0, 100.5, 3500),
    "Boolean": (True, False),
    "Decimal": ("0", "1000.00", "10000"),
    "DateTime": MOMENTS,
    "Date": ("2024-01-01", "2026-11-20"),
    "LocalTime": ("06:00", "18:00"),
    "CurrencyCode": ("EUR",),
    "RegionCode": ("FR", "EEA"),
}
# What tells of other requests, not of this one.
UNSTEADY = {("Source", "health"), ("Source", "asOf"), ("Source", "message"), ("Query", "accessLog")}


@dataclass(frozen=True, slots=True)
class Selection:
    """One field of an operation, or with name "" the fields for one type. many: whether its value is a list."""

    key: str
    name: str
    type: str
    many: bool
    arguments: str
    children: tuple[Selection, ...]

    def text(self) -> str:
        inner = f" {{ {' '.join(child.text() for child in self.children)} }}" if self.children else ""
        if not self.name:
            return f"... on {self.type}{inner}"
        return f"{'' if self.key == self.name else self.key + ': '}{self.name}{self.arguments}{inner}"


@dataclass(frozen=True, slots=True)
class Operation:
    """whole: whether every list is asked for whole."""

    selections: tuple[Selection, ...]
    whole: bool

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # how Hypothesis shows it
        printer.text(self.text)

    @property
    def text(self) -> str:
        return f"{{ {' '.join(selection.text() for selection in self.selections)} }}"


def type_of(parent: str, name: str) -> tuple[str, bool]:
    """The named type of a field, and whether it is a list."""
    field = _fields(parent)[name]
    nullable: Any = field.type.of_type if is_non_null_type(field.type) else field.type
    return get_named_type(field.type).name, is_list_type(nullable)


def is_required(parent: str, name: str) -> bool:
    """Whether a field is never null."""
    return is_non_null_type(_fields(parent)[name].type)


def members(type_name: str) -> dict[str, str]:
    """The fields of a type: name -> named type."""
    return {name: get_named_type(field.type).name for name, field in _fields(type_name).items()}


def is_leaf(type_name: str) -> bool:
    """Whether values of a type have no fields."""
    return not hasattr(SCHEMA.type_map[type_name], "fields")


@st.composite
def operations(draw: st.DrawFn, ids: Sequence[str]) -> Operation:
    """An operation of at most about forty fields, no deeper than six objects, three of them lists."""
    whole = draw(st.sampled_from([True, True, False]))
    drawing = _Drawing(draw, ids, whole)
    roots = draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=3, unique=True))
    return Operation(tuple(drawing.field("Query", name, f"r{n}", 6) for n, name in enumerate(roots)), whole)


class _Drawing:
    def __init__(self, draw: st.DrawFn, ids: Sequence[str], whole: bool) -> None:
        self._draw = draw
        self._ids = ids
        self._whole = whole
        self._left = 25  # fields, before no more edges are drawn
        self._aliases = 0

    def field(self, parent: str, name: str, key: str, depth: int, lists: int = 3) -> Selection:
        self._left -= 1
        type_name, many = type_of(parent, name)
        arguments = self._arguments(parent, name)
        children = (
            ()
            if is_leaf(type_name)
            else tuple(self._children(type_name, depth - 1, lists - type_name.endswith("Connection")))
        )
        return Selection(key, name, type_name, many, arguments, children)

    def _children(self, type_name: str, depth: int, lists: int) -> Iterator[Selection]:
        if type_name == "Node":
            yield Selection("__typename", "__typename", "String", False, "", ())
            yield Selection("id", "id", "ID", False, "", ())
            for name in self._some([*ENTITIES[:-1], "Partner"], 3):
                yield Selection("", "", name, False, "", tuple(self._children(name, depth, lists)))
            return
        known = {"Authorisation": "provenance", "Partner": "code"}.get(type_name, "id" if type_name in ENTITIES else "")
        if known == "provenance":
            code = Selection("code", "code", "String", False, "", ())
            partner = Selection("partner", "partner", "Partner", False, "", (code,))
            yield Selection("provenance", "provenance", "Provenance", False, "", (partner,))
        elif known:
            yield Selection(known, known, "String", False, "", ())
        names = [
            name
            for name, inner in members(type_name).items()
            if name != known
            and (type_name, name) not in UNSTEADY
            and (depth > 0 or is_leaf(inner))
            and (lists > 0 or not inner.endswith("Connection"))
        ]
        if type_name.endswith("Connection"):
            yield self.field(type_name, "nodes", "nodes", depth + 1, lists)  # the list itself is no level
            names = ["totalCount", "partial", "pageInfo", "edges", "missing"]
        inner = members(type_name)
        leaves = [name for name in names if is_leaf(inner[name])]
        edges = [name for name in names if inner[name] in ENTITIES or inner[name].endswith("Connection")]
        parts = [name for name in names if name not in leaves and name not in edges]
        chosen = self._some(leaves, 4)
        if self._left > 0:
            chosen += [*self._some(edges, 3, min(1, len(edges))), *self._some(parts, 2)]
        if not chosen and not known and not type_name.endswith("Connection"):
            yield Selection("__typename", "__typename", "String", False, "", ())
        for name in chosen:
            yield self.field(type_name, name, self._alias(name, 5), depth, lists)
            if self._left > 0 and (again := self._alias("", 9)):
                yield self.field(type_name, name, again, depth, lists)

    def _alias(self, name: str, rarely: int) -> str:
        if self._aliases < 25 and self._draw(st.integers(0, rarely)) == 0:
            self._aliases += 1
            return f"x{self._aliases}"
        return name

    def _some(self, names: Sequence[str], most: int, least: int = 0) -> list[str]:
        if not names:
            return []
        return self._draw(st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True))

    def _arguments(self, parent: str, name: str) -> str:
        known = _fields(parent)[name].args
        given: dict[str, str] = {}
        draw: Callable[[st.SearchStrategy[Any]], Any] = self._draw
        if "first" in known:
            given["first"] = "1000" if self._whole else str(draw(st.integers(1, 3)))
        if "orderBy" in known and draw(st.booleans()):
            order: Any = get_named_type(known["orderBy"].type)
            values = list(get_named_type(order.fields["field"].type).values)
            direction = draw(st.sampled_from(["ASC", "DESC"]))
            given["orderBy"] = f"[{{field: {draw(st.sampled_from(values))}, direction: {direction}}}]"
        if "filter" in known and not self._whole and draw(st.integers(0, 2)):
            given["filter"] = self._filter(get_named_type(known["filter"].type), 5)
        if "at" in known and draw(st.booleans()):
            given["at"] = json.dumps(draw(st.sampled_from(MOMENTS)))
        if "start" in known:
            given |= {"start": '"2026-01-01T00:00:00Z"', "end": '"2027-01-01T00:00:00Z"'}
        if "scheme" in known:
            given["scheme"], value = draw(st.sampled_from(NAMES))
            given["value"] = json.dumps(value)
        if "id" in known:
            given["id"] = json.dumps(draw(st.sampled_from(self._ids)))
        if "ids" in known:
            given["ids"] = json.dumps(draw(st.lists(st.sampled_from(self._ids), min_size=1, max_size=6)))
        return f"({', '.join(f'{key}: {value}' for key, value in given.items())})" if given else ""

    def _filter(self, type_: Any, depth: int) -> str:
        """One condition, through parts and edges, with others beside it at times."""
        fields = type_.fields
        names = [
            n for n, f in fields.items() if depth > 0 or not isinstance(get_named_type(f.type), GraphQLInputObjectType)
        ]
        asked = []
        for name in self._some(names, 1 + (self._draw(st.integers(0, 3)) == 0), min(1, len(names))):
            named = get_named_type(fields[name].type)
            if isinstance(named, GraphQLInputObjectType):
                value = self._filter(named, depth - 1)
            elif isinstance(named, GraphQLEnumType):
                value = self._draw(st.sampled_from(list(named.values)))
            else:
                value = json.dumps(self._draw(st.sampled_from(VALUES[named.name])))
            asked.append(f"{name}: [{value}]" if is_list_type(fields[name].type) else f"{name}: {value}")
        return f"{{{', '.join(asked)}}}"


def _fields(type_name: str) -> dict[str, GraphQLField]:
    found = SCHEMA.type_map[type_name]
    assert isinstance(found, GraphQLObjectType) or hasattr(found, "fields")
    return dict(found.fields)
