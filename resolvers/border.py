"""From the raw columns of a row to the canonical value of a path, by what the partner's mapping says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from resolvers.coercion import text_of
from resolvers.composition import ASSUMED, Composer, Issues, Rules, keeps_rest, rules_of
from resolvers.entity import Field, Kind, Model
from resolvers.expression import Case, Column, Constant
from resolvers.fetch import Seed
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.local_key import key_text
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping, Names, Parts, Target, Value, leaves

Build = Callable[[Sequence[Any], Issues], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """values: what to select, in order. build: those raw values (and a list for issues) -> the canonical value."""

    values: tuple[Value, ...]
    build: Build


def reading(model: Model, mapping: Mapping, path: str, zone: str) -> Reading:
    """How a mapping delivers a path. The path must be mapped."""
    binding = mapping.fields[path]
    field = model.field(mapping.entity, path)
    match binding:
        case Value():
            fallback = stand_in(model, mapping.entity, path, field)
            rules = rules_of(leaves(mapping)) if keeps_rest(binding) else ()
            return _leaf(field, binding, zone, path, fallback, rules)
        case Parts():
            return _parts(model, mapping.entity, field, binding, zone, path)
        case Names():
            return _names(binding, zone, path)
        case ByKey() | ByIdentifier():
            return target_reading(model, binding, zone, path)
        case _:
            return _links(model, binding, zone, path)


def stand_in(model: Model, entity: str, path: str, field: Field) -> Any:
    """What a required leaf reads where its source says nothing; None where there is no such thing."""
    declared = model.entities[entity].fallback.get(path, "")
    if declared != "":
        return declared
    if field.required and field.values:
        return next((name for name in ("UNKNOWN", "OTHER") if name in field.values), None)
    return None


def _leaf(
    field: Field,
    value: Value,
    zone: str,
    path: str,
    fallback: Any = None,
    rules: Rules = (),
    *,
    telling: bool = True,
) -> Reading:
    found = Composer(field, zone, path, rules, telling).leaf(value)
    if fallback is None or isinstance(value.expression, Constant):
        return Reading(found.values, found.make)

    def build(raws: Sequence[Any], issues: Issues) -> Any:
        known = found.make(raws, issues)
        return fallback if known is None else known

    return Reading(found.values, build)


def _several(readings: Map[str, Reading]) -> tuple[tuple[Value, ...], list[tuple[str, int, int, Build]]]:
    """The values of several readings in a row, and where each one's begin and end."""
    values: list[Value] = []
    spans = []
    for name, inner in readings.items():
        spans.append((name, len(values), len(values) + len(inner.values), inner.build))
        values += inner.values
    return tuple(values), spans


def _parts(model: Model, entity: str, field: Field, binding: Parts, zone: str, path: str) -> Reading:
    entry = _Entry(model, entity, field, zone, path)
    values: list[Value] = []
    beside: list[tuple[int, int, Build]] = []
    for form in binding.members:
        found = entry.reading(form)
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

    return Reading(tuple(values), build)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What reads the entries of one list of parts."""

    model: Model
    entity: str
    field: Field
    zone: str
    path: str

    @property
    def compared(self) -> bool:
        """Whether they are identifiers."""
        return "normalized" in self.model.parts[self.field.type].fields

    def reading(self, form: Map[str, Value], *, telling: bool = True) -> Reading:
        """How a row delivers one; None where it says nothing of it, or not all that it must have."""
        model, path, compared = self.model, self.path, self.compared
        fields = model.parts[self.field.type].fields
        names = list(fields)
        required = [name for name, inner in fields.items() if inner.required and inner.mapped]
        nested = {
            name: [leaf for leaf, declared in model.parts[inner.type].fields.items() if declared.required]
            for name, inner in fields.items()
            if inner.type in model.parts and not inner.many
        }
        said = [
            name for name, value in form.items() if not isinstance(value.expression, Constant) and value.assumed is None
        ]
        readings, defaults = {}, {}
        for name, value in form.items():
            inner = model_field(model, fields, name)
            where = f"{path}.{name}"
            readings[name] = _leaf(inner, value, self.zone, where, telling=telling)
            defaults[name] = stand_in(model, self.entity, where, inner)
        values, spans = _several(readings)

        def build(raws: Sequence[Any], issues: Issues) -> dict[str, Any] | None:
            before = len(issues) if issues is not None else 0
            read = {name: inner(raws[start:end], issues) for name, start, end, inner in spans}
            if said and all(read[name] is None for name in said):
                _tell(issues, before, None, path)
                return None  # the row says nothing of this entry: constants and stand-ins alone make none
            item: dict[str, Any] = dict.fromkeys(names)
            for name, value in read.items():
                _put(item, name, defaults[name] if value is None else value)
            for name, needed in nested.items():
                if item[name] is not None and any(item[name].get(leaf) is None for leaf in needed):
                    item[name] = None
            _tell(issues, before, item, path)
            if compared and item["value"] is not None:
                item["value"] = item["value"].strip()
                item["normalized"] = model.compared(item["value"], item["scheme"])
                if not item["normalized"]:
                    return None
            return item if all(item.get(name) is not None for name in required) else None

        return Reading(values, build)


def _tell(issues: Issues, start: int, item: dict[str, Any] | None, path: str) -> None:
    """Leave out what was assumed for a part that is not there after all."""
    if issues is None or len(issues) == start:
        return

    def there(at: str) -> bool:
        return item is not None and item.get(at.removeprefix(path + ".").partition(".")[0]) is not None

    issues[start:] = [issue for issue in issues[start:] if issue[0] != ASSUMED or there(issue[1])]


def model_field(model: Model, fields: Map[str, Field], path: str) -> Field:
    """The field of a part at a dotted path."""
    *outer, last = path.split(".")
    for name in outer:
        fields = model.parts[fields[name].type].fields
    return fields[last]


def _put(item: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted member of nested objects; an inner object without its value is null."""
    *outer, last = path.split(".")
    for name in outer:
        inner = item.get(name)
        if inner is None:
            inner = item[name] = {}
        item = inner
    item[last] = value


def _names(binding: Names, zone: str, path: str) -> Reading:
    readings = {
        name: _leaf(Field(name, Kind.LEAF, "JSON"), value, zone, f"{path}.{name}")
        for name, value in binding.members.items()
    }
    values, spans = _several(readings)

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
        "scheme": _leaf(identifier["scheme"], target.scheme, zone, path, telling=False),
        "value": _leaf(identifier["value"], target.value, zone, path, telling=False),
    }
    if target.country is not None:
        readings["country"] = _leaf(identifier["country"], target.country, zone, path, telling=False)
    if target.whose is not None:
        readings["partner"] = _leaf(Field("partner", Kind.LEAF, "String"), target.whose, zone, path, telling=False)
    values, spans = _several(readings)

    def build(raws: Sequence[Any], issues: Issues) -> Token | None:
        found = {name: inner(raws[start:end], issues) for name, start, end, inner in spans}
        scheme, value, partner = found["scheme"], found["value"], found.get("partner", target.partner)
        if scheme is None or value is None or (partner is None and target.whose is not None):
            return None
        normalized = model.compared(value, scheme)
        return NameToken(scheme, normalized, found.get("country"), partner, value.strip()) if normalized else None

    return Reading(values, build)


def _key_reading(target: ByKey) -> Reading:
    columns = tuple(Value(Column(name)) for name in target.columns)
    nothing = target.null
    if target.code is None:
        mapping = target.to[""]

        def plain(raws: Sequence[Any], _issues: Issues) -> Token | None:
            key = key_text(raws)
            return None if key is None or key in nothing else KeyToken(mapping, key)

        return Reading(columns, plain)
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
