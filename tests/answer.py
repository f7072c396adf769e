"""An answer held against what the caller may see: values that nobody granted, and what a lost agreement changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.granted import SYSTEM, Granted, owner
from tests.operations import ENTITIES, Selection, is_leaf

# Edges that lead back: the field of the other record that leads here, and whether by identifiers.
BACK = {
    ("Asset", "bookings"): ("asset", False),
    ("Asset", "coverages"): ("insuredAssets.listed", True),
    ("Person", "authorisations"): ("person", False),
    ("Person", "assets"): ("custodian", False),
    ("Person", "coverages"): ("insuredPersons.named", True),
    ("Policy", "coverages"): ("policy", False),
    ("Site", "assets"): ("site", False),
}
PLAIN = {"Viewer", "Agreement", "SharedEntity", "Source", "PageInfo", "MissingSource"}


@dataclass(frozen=True, slots=True)
class At:
    """The record that a value belongs to, and the dotted path to it inside the record ("" or with a dot at its end)."""

    partner: str
    entity: str
    prefix: str = ""


def excess(selections: Sequence[Selection], data: Any, granted: Granted) -> Iterator[str]:
    """Every value of an answer that the caller should not have got."""
    yield from _object(selections, data, "Query", None, granted)


def _object(children: Sequence[Selection], value: Any, type_name: str, at: At | None, g: Granted) -> Iterator[str]:
    if type_name == "Node":
        type_name = value["__typename"]
        children = [
            inner for child in children if child.type == type_name and not child.name for inner in child.children
        ]
    if type_name in ENTITIES:
        at = record(type_name, value, children)
        if not g.exists(at.partner, at.entity):
            yield f"a record of {at}"
    elif type_name == "Partner":
        at = None
        if value.get("code", g.partner) not in g.neighbours():
            yield f"the partner {value['code']}"
    for child in children:
        found = value.get(child.key)
        if found is None or child.name == "__typename":
            continue
        if at is not None and type_name not in PLAIN:
            yield from _of_record(child, found, type_name, at, g)
        elif not is_leaf(child.type):
            yield from _each(child, found, at, g)


def _each(child: Selection, found: Any, at: At | None, g: Granted) -> Iterator[str]:
    for item in found if child.many else [found]:
        if item is not None:
            yield from _object(child.children, item, child.type, at, g)


def _of_record(child: Selection, found: Any, type_name: str, at: At, g: Granted) -> Iterator[str]:
    path = at.prefix + child.name
    if type_name == "Provenance":
        yield from _provenance(child, found, at, g)
        return
    if type_name == "Identifier" and child.name == "normalized":
        path = at.prefix + "value"
    if not at.prefix and child.name in SYSTEM:
        if child.name == "provenance":
            yield from _each(child, found, at, g)
        elif child.name == "partner":
            yield from _each(child, found, None, g)
        return
    if child.name == "sameAs":
        path = "identifiers.value"  # what it comes from is all that it takes
    if not g.reads(at.partner, at.entity, path):
        yield f"{at.partner} {at.entity}.{path}"
    if child.type == "Partner" or is_leaf(child.type):
        if child.type == "Partner":
            yield from _each(child, found, None, g)
    elif child.type in ENTITIES or child.type.endswith("Connection"):
        for other in records(child, found):
            yield from _edge(type_name, child.name, at, other, g)
        yield from _each(child, found, None, g)
    else:
        yield from _each(child, found, At(at.partner, at.entity, path + "."), g)


def _edge(type_name: str, name: str, at: At, other: At, g: Granted) -> Iterator[str]:
    if not linked(type_name, name, at, other, g):
        yield f"the edge from {at} by {name} to {other}"


def linked(type_name: str, name: str, at: At, other: At, g: Granted) -> bool:
    """Whether an edge from one record to another is open at both of its ends."""
    if (type_name, name) in BACK:
        via, named = BACK[type_name, name]
        ends = g.reads(other.partner, other.entity, via)
        return ends and (not named or g.reads(at.partner, at.entity, "identifiers.value"))
    if name == "sameAs":
        return all(g.reads(end.partner, end.entity, "identifiers.value") for end in (at, other))
    if type_name in ("InsuredAssets", "InsuredPersons"):
        return g.reads(other.partner, other.entity, "identifiers.value")
    return g.exists(other.partner, other.entity)


def _provenance(child: Selection, found: Any, at: At, g: Granted) -> Iterator[str]:
    own = at.partner == g.partner
    match child.name:
        case "partner":
            yield from _each(child, found, None, g)
        case "source" | "localId":
            if not own:
                yield f"{child.name} of {at}"
        case "updatedAt":
            if not g.reads(at.partner, at.entity, "updatedAt"):
                yield f"when {at} changed"
        case "issues":
            names = {inner.name: inner.key for inner in child.children}
            for issue in found:
                field = issue.get(names.get("field", ""))
                if field is not None and not g.reads(at.partner, at.entity, field):
                    yield f"an issue of {at}: {field}"
                if not own and issue.get(names.get("value", "")) is not None:
                    yield f"the raw value of an issue of {at}"


def record(type_name: str, value: Any, children: Sequence[Selection]) -> At:
    """Whose record a value is."""
    if type_name == "Authorisation":
        return At(value["provenance"]["partner"]["code"], type_name)
    entity, partner = owner(value["id"])
    assert entity == type_name, f"{entity} is shown as {type_name}"
    return At(partner, entity)


def records(child: Selection, found: Any) -> Iterator[At]:
    """The records of an edge's value."""
    if child.type in ENTITIES:
        for item in found if child.many else [found]:
            yield record(child.type, item, child.children)
        return
    for inner in child.children:
        if inner.name == "nodes":
            for item in found[inner.key]:
                yield record(inner.type, item, inner.children)


# what a lost agreement changes ----------------------------------------------------------------------------------------


def changes(
    children: Sequence[Selection], less: Any, more: Any, type_name: str, at: At | None, g: Granted
) -> Iterator[str]:
    """What the answer under fewer agreements (`g`) has that the one under more has not, or lacks though granted."""
    if type_name == "Node":
        type_name = less["__typename"]
        children = [
            inner for child in children if child.type == type_name and not child.name for inner in child.children
        ]
    if type_name in ENTITIES:
        at = record(type_name, less, children)
        if record(type_name, more, children) != at or less.get("id") != more.get("id"):
            yield f"another record: {less} for {more}"
            return
    elif type_name == "Partner":
        at = None
    for child in children:
        if child.name not in _UNLIKE:
            yield from _change(child, less.get(child.key), more.get(child.key), type_name, at, g)


# Numbers of records, what is computed from whatever is shared, and the agreements themselves.
_UNLIKE = {"totalCount", "agreements", "pageInfo", "edges", "issues", "status", "missing", "partners", "cursor"}


def _change(child: Selection, less: Any, more: Any, type_name: str, at: At | None, g: Granted) -> Iterator[str]:
    path = (at.prefix if at else "") + child.name
    if more is None:
        if less is not None:
            yield f"{path}: {less} out of nothing"
    elif is_leaf(child.type):
        if less is None and at is not None and type_name not in PLAIN | {"Provenance"}:
            if g.reads(at.partner, at.entity, path) and not at.prefix:
                yield f"{path}: {more} was lost, though it is shared"
        elif less is not None and less != more:
            yield f"{path}: {less} is not {more}"
    elif less is None:
        if at is not None and child.type in ENTITIES and not child.many:
            other = record(child.type, more, child.children)
            if g.reads(at.partner, at.entity, path) and linked(type_name, child.name, at, other, g):
                yield f"{path}: a record was lost, though it is shared"
    elif child.many:
        yield from _list(child, less, more, path, at, g)
    elif child.type in ENTITIES or child.type.endswith("Connection"):
        if child.type.endswith("Connection"):
            for other in set(records(child, more)) - set(records(child, less)):
                if _stays(child, type_name, at, other, g):
                    yield f"{path}: {other} was lost, though it is shared"
        yield from changes(child.children, less, more, child.type, None, g)
    else:
        inner = None if at is None or child.type in ("Partner", *PLAIN) else At(at.partner, at.entity, path + ".")
        yield from changes(child.children, less, more, child.type, inner, g)


def _stays(child: Selection, type_name: str, at: At | None, other: At, g: Granted) -> bool:
    """Whether a record must still be in a list."""
    if child.name == "assetBy":
        return g.reads(other.partner, other.entity, "identifiers.value")
    if at is None:
        return g.exists(other.partner, other.entity)
    if child.name == "sameAs" and not all(g.reads(end.partner, end.entity, "manufacturer") for end in (at, other)):
        return False  # it may have been by a serial number
    return linked(type_name, child.name, at, other, g)


def _list(child: Selection, less: Any, more: Any, path: str, at: At | None, g: Granted) -> Iterator[str]:
    if child.name in ("nodes", "ids") and all(item is None or "id" in item for item in more):
        known = {item["id"]: item for item in more if item is not None}
        for item in less:
            if item is not None and item["id"] not in known:
                yield f"{path}: {item['id']} out of nothing"
            elif item is not None:
                yield from changes(child.children, item, known[item["id"]], child.type, at, g)
    elif len(less) > len(more):
        yield f"{path}: {len(less)} entries out of {len(more)}"
    elif len(less) == len(more):
        inner = None if at is None else At(at.partner, at.entity, path + ".")
        for small, large in zip(less, more, strict=True):
            if child.type in ENTITIES or child.type == "Partner":
                yield from changes(child.children, small, large, child.type, None, g)
            elif isinstance(small, dict):
                yield from changes(child.children, small, large, child.type, inner, g)
