"""From the raw columns of a row to the canonical value of a path, by what the partner's mapping says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from resolvers.coercion import text_of
from resolvers.composition import Composer, Issues, keeps_rest, rules_of
from resolvers.entity import Field, Kind, Model
from resolvers.entry import Entry, write_compared
from resolvers.expression import Case, Column
from resolvers.fetch import Seed
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.inline import NULL, Function, there, write_tuple
from resolvers.leaf import Build as Build
from resolvers.leaf import Reading as Reading
from resolvers.leaf import leaf, several, write_several
from resolvers.leaf import model_field as model_field
from resolvers.leaf import stand_in as stand_in
from resolvers.local_key import key_text, write_key
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Names, Parts, Target, Value, leaves


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A model, compared by identity."""

    model: Model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.model is self.model


def reading(model: Model, mapping: Mapping, path: str, zone: str) -> Reading:
    """How a mapping delivers a path. The path must be mapped."""
    return _reading(_Same(model), mapping, path, zone)


@lru_cache(2_048)
def _reading(same: _Same, mapping: Mapping, path: str, zone: str) -> Reading:
    model = same.model
    binding = mapping.fields[path]
    field = model.field(mapping.entity, path)
    match binding:
        case Value():
            fallback = stand_in(model, mapping.entity, path, field)
            rules = rules_of(leaves(mapping)) if keeps_rest(binding) else ()
            return leaf(field, binding, zone, path, fallback, rules)
        case Parts():
            return _parts(model, mapping.entity, field, binding, zone, path)
        case Names():
            return _names(binding, zone, path)
        case ByKey() | ByIdentifier():
            return target_reading(model, binding, zone, path)
        case _:
            return _links(model, binding, zone, path)


def _parts(model: Model, entity: str, field: Field, binding: Parts, zone: str, path: str) -> Reading:
    entry = Entry(model, entity, field, zone, path)
    values: list[Value] = []
    beside: list[tuple[int, int, Build]] = []
    entries_beside = [entry.reading(form) for form in binding.members]
    for found in entries_beside:
        beside.append((len(values), len(values) + len(found.values), found.build))
        values += found.values
    elsewhere: list[tuple[int, int, Build]] = []
    for entries in binding.gathered:
        elsewhere.append((len(values), len(entries.rows.order), entry.reading(entries.fields, telling=False).build))
        values.append(Value(entries.read))
    listed = Composer(field, zone, path).rows()
    # What no row says is unknown, not none; but a thing without a name is known to have none here.
    unsaid: list[dict[str, Any]] | None = [] if entry.compared else None

    def build(raws: Sequence[Any], issues: Issues) -> list[dict[str, Any]] | None:
        found = [inner(raws[start:end], issues) for start, end, inner in beside]
        for place, skipped, inner in elsewhere:
            rows = listed(raws[place : place + 1], issues) or ()
            found += [inner(row[skipped:], issues) for row in rows]
        return [item for item in found if item is not None] or unsaid

    def inline(function: Function, raws: Sequence[str]) -> str:
        each = write_several({str(index): one for index, one in enumerate(entries_beside)}, function, raws)
        if len(each) == 1:
            return function.list_of(each["0"], NULL if unsaid is None else "[]")
        found = function.keep("[]", "list")
        for one in each.values():
            with function.under(there(function, [one])):
                function.line(f"{found}.append({one})")
        return found if unsaid is not None else function.keep(f"{found} or None")

    return Reading(tuple(values), build, None if elsewhere else inline)


def _names(binding: Names, zone: str, path: str) -> Reading:
    readings = {
        name: leaf(Field(name, Kind.LEAF, "JSON"), value, zone, f"{path}.{name}")
        for name, value in binding.members.items()
    }
    values, spans = several(readings)

    def build(raws: Sequence[Any], issues: Issues) -> dict[str, Any] | None:
        found = {name: inner(raws[start:end], issues) for name, start, end, inner in spans}
        shown = {name: value for name, value in found.items() if value is not None}
        return shown or None

    return Reading(values, build)


def target_reading(model: Model, target: Target, zone: str, path: str) -> Reading:
    """raw columns -> Token or None."""
    if isinstance(target, ByKey):
        return _key_reading(target)
    identifier = model.parts["Identifier"].fields
    readings = {
        "scheme": leaf(identifier["scheme"], target.scheme, zone, path, telling=False),
        "value": leaf(identifier["value"], target.value, zone, path, telling=False),
    }
    if target.country is not None:
        readings["country"] = leaf(identifier["country"], target.country, zone, path, telling=False)
    if target.whose is not None:
        readings["partner"] = leaf(Field("partner", Kind.LEAF, "String"), target.whose, zone, path, telling=False)
    values, spans = several(readings)

    def build(raws: Sequence[Any], issues: Issues) -> Token | None:
        found = {name: inner(raws[start:end], issues) for name, start, end, inner in spans}
        scheme, value, partner = found["scheme"], found["value"], found.get("partner", target.partner)
        if scheme is None or value is None or (partner is None and target.whose is not None):
            return None
        normalized = model.compared(value, scheme)
        return NameToken(scheme, normalized, found.get("country"), partner, value.strip()) if normalized else None

    def inline(function: Function, raws: Sequence[str]) -> str:
        found = write_several(readings, function, raws)
        scheme, value = found["scheme"], found["value"]
        partner = found.get("partner") or function.given(target.partner)
        needed = [scheme, value] if target.whose is None else [scheme, value, partner]
        token = function.keep("None", "token")
        with function.under(there(function, needed)):
            normalized = write_compared(model, function, value, scheme)
            members = f"{scheme}, {normalized}, {found.get('country', 'None')}, {partner}, {value}.strip()"
            with function.under(f"if {normalized}"):
                function.line(f"{token} = {write_tuple(function, NameToken, members)}")
        return token

    return Reading(values, build, inline)


def _key_reading(target: ByKey) -> Reading:
    columns = tuple(Value(Column(name)) for name in target.columns)
    nothing = target.null
    if target.code is None:
        mapping = target.to[""]

        def plain(raws: Sequence[Any], _issues: Issues) -> Token | None:
            key = key_text(raws)
            return None if key is None or key in nothing else KeyToken(mapping, key)

        def inline(function: Function, raws: Sequence[str]) -> str:
            key = write_key(function, raws)
            token = function.keep("None", "token")
            empty = f" and {key} not in {function.given(nothing, 'nothing')}" if nothing else ""
            with function.under(f"if {key} is not None{empty}"):
                members = f"{function.given(mapping, 'mapping')}, {key}"
                function.line(f"{token} = {write_tuple(function, KeyToken, members)}")
            return token

        return Reading(columns, plain, inline)
    to = target.to

    def coded(raws: Sequence[Any], _issues: Issues) -> Token | None:
        key = key_text(raws[1:])
        mapping = None if raws[0] is None else to.get(text_of(raws[0]))
        return None if key is None or mapping is None or key in nothing else KeyToken(mapping, key)

    return Reading((target.code, *columns), coded)


def _links(model: Model, links: tuple[Link, ...], zone: str, path: str) -> Reading:
    """What a row itself says of its links: a Seed."""
    values: list[Value] = []
    inner = []
    owners = []
    for index, link in enumerate(links):
        leads = None
        if link.only is not None:
            leads = len(values)
            values.append(Value(Case(((link.only, 1),), None)))
        start = len(values)
        if link.table is None:
            found = target_reading(model, link.target, zone, path)
            values += found.values
            inner.append((leads, start, len(values), found.build))
        else:
            values += [Value(Column(own)) for _, own in link.on]
            owners.append((leads, index, start, len(values)))

    def build(raws: Sequence[Any], issues: Issues) -> Seed:
        def passes(leads: int | None) -> bool:
            return leads is None or raws[leads] is not None

        tokens = (make(raws[start:end], issues) for leads, start, end, make in inner if passes(leads))
        wanted = ((index, key_text(raws[start:end])) for leads, index, start, end in owners if passes(leads))
        return Seed(
            tuple(token for token in tokens if token is not None),
            tuple((index, owner) for index, owner in wanted if owner is not None),
        )

    return Reading(tuple(values), build)
