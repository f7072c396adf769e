"""Codes of a source and what the mapping makes of them: those that it does not know, those that do not occur."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

from resolvers.border import model_field
from resolvers.checks.report import figure, several
from resolvers.coercion import ALIASES, NotUnderstood, converter
from resolvers.connectors.sql.survey import CODES, Survey
from resolvers.entity import Field, Model
from resolvers.errors import Mistake
from resolvers.expression import Case, Column, Constant, JsonPath, Value
from resolvers.mapping import Mapping, Parts

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a mapping. key: in its file. path: as issues name it."""

    key: str
    path: str
    value: Value
    field: Field


def leaves(model: Model, mapping: Mapping) -> Iterable[Leaf]:
    """Every leaf of a mapping, members of lists of parts one by one."""
    at = f"mapping.{mapping.name}.fields"
    for path, binding in mapping.fields.items():
        if isinstance(binding, Value):
            yield Leaf(f"{at}.{path}", path, binding, model.field(mapping.entity, path))
        elif isinstance(binding, Parts):
            fields = model.parts[model.field(mapping.entity, path).type].fields
            for index, member in enumerate(binding.members):
                for name, value in member.items():
                    key = f"{at}.{path}[{index}].{name}"
                    yield Leaf(key, f"{path}.{name}", value, model_field(model, fields, name))


def is_coded(leaf: Leaf) -> bool:
    """Whether a leaf translates codes of its source."""
    if leaf.field.many or not isinstance(leaf.value.expression, Column | JsonPath):
        return False
    return leaf.value.values is not None or bool(leaf.field.values)


async def codes(
    file: str, mapping: Mapping, model: Model, zone: str, survey: Survey, whole: bool
) -> AsyncIterator[Mistake]:
    """What stands in coded columns, against the mapping's `values`. whole: whether every row is looked at."""
    for leaf in leaves(model, mapping):
        if is_coded(leaf):
            found = await survey.codes(mapping, replace(leaf.value, steps=None))
            for mistake in _judged(file, leaf, zone, found[:CODES], whole and len(found) <= CODES):
                yield mistake
        elif isinstance(leaf.value.expression, Constant | Case):
            continue


def _judged(file: str, leaf: Leaf, zone: str, found: list[tuple[str | None, int]], whole: bool) -> Iterable[Mistake]:
    convert = converter(leaf.field, leaf.value, zone)
    values = leaf.value.values or {}
    unknown: list[tuple[str, int]] = []
    others: list[tuple[str, int]] = []
    met: set[str] = set()
    for code, count in found:
        if code is None:
            continue
        known = next((name for name in (code, ALIASES.get(code)) if name in values), None)
        if known is not None:
            met.add(known)
            continue
        try:
            canonical = convert(code)
        except NotUnderstood:
            unknown.append((code, count))
            continue
        if leaf.value.steps is not None and canonical is not None:
            met |= {name for name, meaning in values.items() if meaning == canonical}
        if not leaf.value.strict and code not in values and canonical == leaf.value.otherwise:
            others.append((code, count))
    if unknown:
        rows = sum(count for _, count in unknown)
        message = f"{several(len(unknown), 'code')} without a meaning, in {several(rows, 'row')}: {_listed(unknown)}."
        hint = f"add them to `values`, or say `otherwise`; {_a(leaf.field.type)} is one of: "
        hint += ", ".join(leaf.field.values) if leaf.field.values else "what its type says"
        yield Mistake("DATA_CODE_UNKNOWN", file, leaf.key, message, hint, "warning")
    if others:
        rows = sum(count for _, count in others)
        told = "nothing" if leaf.value.otherwise is None else str(leaf.value.otherwise)
        message = f"{several(len(others), 'code')} read as {told}, in {several(rows, 'row')}: {_listed(others)}."
        yield Mistake("DATA_CODE_OTHERWISE", file, leaf.key, message, "", "info")
    unused = [name for name in values if name not in met]
    if whole and unused and leaf.value.values is not None:
        message = f"{several(len(unused), 'code')} of `values` in no row: {', '.join(map(repr, unused[:SHOWN]))}"
        yield Mistake("DATA_CODE_UNUSED", file, leaf.key, message + (", ..." if unused[SHOWN:] else "."), "", "info")


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'AEIO' else 'a'} {word}"


def _listed(codes: list[tuple[str, int]]) -> str:
    rest = f" and {len(codes) - SHOWN} more" if codes[SHOWN:] else ""
    return ", ".join(figure(count, repr(code)) for code, count in codes[:SHOWN]) + rest
