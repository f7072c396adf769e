"""From raw columns to the canonical value of one leaf, with what stands in for it where its source says nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from resolvers.composition import Composer, Issues, Rules
from resolvers.entity import Field, Model
from resolvers.expression import Constant
from resolvers.inline import Function, Inline, called, or_else
from resolvers.mapping import Value

Build = Callable[[Sequence[Any], Issues], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """values: what to select, in order. build: those raw values (and a list for issues) -> the canonical value.

    inline: how a function that reads many rows says the same, where nobody asks for issues; None where it calls
    `build`.
    """

    values: tuple[Value, ...]
    build: Build
    inline: Inline | None = None

    def write(self, function: Function, raws: Sequence[str]) -> str:
        """Say it inside a function, of raw values by their names. The name of the canonical value."""
        return (self.inline or called(self.build))(function, raws)


def stand_in(model: Model, entity: str, path: str, field: Field) -> Any:
    """What a required leaf reads where its source says nothing; None where there is no such thing."""
    declared = model.entities[entity].fallback.get(path, "")
    if declared != "":
        return declared
    if field.required and field.values:
        return next((name for name in ("UNKNOWN", "OTHER") if name in field.values), None)
    return None


def leaf(
    field: Field,
    value: Value,
    zone: str,
    path: str,
    fallback: Any = None,
    rules: Rules = (),
    *,
    telling: bool = True,
) -> Reading:
    """How a leaf is read; `fallback` where its source says nothing."""
    found = Composer(field, zone, path, rules, telling).leaf(value)
    if fallback is None or isinstance(value.expression, Constant):
        return Reading(found.values, found.make, found.inline)

    def build(raws: Sequence[Any], issues: Issues) -> Any:
        known = found.make(raws, issues)
        return fallback if known is None else known

    def inline(function: Function, raws: Sequence[str]) -> str:
        return or_else(function, (found.inline or called(found.make))(function, raws), fallback)

    return Reading(found.values, build, inline)


def several(readings: Map[str, Reading]) -> tuple[tuple[Value, ...], list[tuple[str, int, int, Build]]]:
    """The values of several readings in a row, and where each one's begin and end."""
    values: list[Value] = []
    spans = []
    for name, inner in readings.items():
        spans.append((name, len(values), len(values) + len(inner.values), inner.build))
        values += inner.values
    return tuple(values), spans


def write_several(readings: Map[str, Reading], function: Function, raws: Sequence[str]) -> dict[str, str]:
    """Say several readings in a row inside a function. The names of what they read."""
    written = {}
    start = 0
    for name, inner in readings.items():
        written[name] = inner.write(function, raws[start : start + len(inner.values)])
        start += len(inner.values)
    return written


def model_field(model: Model, fields: Map[str, Field], path: str) -> Field:
    """The field of a part at a dotted path."""
    *outer, last = path.split(".")
    for name in outer:
        fields = model.parts[fields[name].type].fields
    return fields[last]
