"""How one value of a partner file is told: its steps, what the source can do, and what one row makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.paint import Paint, plain
from resolvers.errors import SourceError
from resolvers.explanation import DATABASE, Stage, type_of
from resolvers.fetch import Seed
from resolvers.identifier import KeyToken, NameToken
from resolvers.mapping import Value
from resolvers.residual import ROWS_MOST
from resolvers.specimen import Listed, Seen, Specimen
from resolvers.wording import token_text, value_text

VERSION = 1  # of the JSON: a higher one is not read like this one
BY = {
    "source": "by the source",
    "both": f"roughly by the source, then by the gateway over at most {ROWS_MOST:,} rows",
    "gateway": f"by the gateway over at most {ROWS_MOST:,} rows",
}
LONG = 60  # characters of a step that still leave room for what comes out of it


@dataclass(frozen=True, slots=True)
class Told:
    """listed: None where the source was not reached, which `failure` tells. seen: the row that was asked for."""

    specimen: Specimen
    listed: Listed | None = None
    failure: SourceError | None = None
    seen: Seen | None = None


def as_text(told: Told, paint: Paint) -> str:
    """For people."""
    return "\n".join(_lines(told, paint))


def _lines(told: Told, paint: Paint) -> Iterator[str]:
    specimen, seen = told.specimen, told.seen
    mapping = specimen.mapping
    yield (
        f"{paint(f'{mapping.entity}.{specimen.path}', 'head')} of {mapping.id}: "
        f"table {mapping.table} of {mapping.source_id}"
    )
    if seen is not None:
        yield ""
        yield paint(f"row {seen.key}", "head")
        width = max(map(len, seen.columns), default=0)
        for name, raw in seen.columns.items():
            yield f"  {name:{width}}  {_shown(raw)}"
    yield ""
    yield from _steps(specimen.stages, seen, paint)
    end = f"  -> {type_of(specimen.field)}"
    yield end if seen is None else f"{end}: {_shown(seen.value)}"
    binding = mapping.fields[specimen.path]
    if specimen.field.type == "DateTime" and isinstance(binding, Value) and binding.zone is None:
        yield f"     times without an offset are of {specimen.source.source.zone}"
    if seen is not None:
        for code, path, raw in seen.issues:
            yield f"  {paint(code, 'warn')} {path}: {value_text(raw)}"
    yield ""
    if told.failure is not None:
        yield f"{paint(told.failure.code, 'bad')}: {plain(told.failure.detail or told.failure.message)}"
        yield "What lists can do with it is known once the source answers."
    elif told.listed is not None:
        yield _listed("sorted", told.listed.orders, "no order of lists goes by it")
        yield _listed("filtered", told.listed.filters, "no filter looks at it")


def _steps(steps: Sequence[Stage], seen: Seen | None, paint: Paint) -> Iterator[str]:
    texts = ["  " * stage.depth + stage.text for stage in steps]
    width = max(
        (len(text) for text, stage in zip(texts, steps, strict=True) if stage.where and len(text) < LONG), default=0
    )
    for number, (text, stage) in enumerate(zip(texts, steps, strict=True)):
        if not stage.where:
            yield f"  {text}"
            continue
        if len(text) > width:
            yield f"  {text}"
            text = ""
        made = "" if seen is None or number not in seen.made else f"  {_shown(seen.made[number])}"
        yield f"  {text:{width}}  {paint(f'{stage.where:{len(DATABASE)}}', 'note')}{made}".rstrip()


def _listed(what: str, found: Mapping[str, str], nothing: str) -> str:
    if not found:
        return f"{what:8}  {nothing}"
    said = []
    for by, text in BY.items():
        names = [name for name, does in found.items() if does == by]
        if names:
            said.append(f"{text} ({', '.join(names)})")
    return f"{what:8}  {'; '.join(said)}"


def _shown(value: Any) -> str:
    match value:
        case KeyToken() | NameToken():
            return token_text(value)
        case Seed(tokens=tokens, owners=owners):
            return "; ".join([*map(token_text, tokens), *(f"rows of link {at + 1} for {own}" for at, own in owners)])
        case _:
            return value_text(value)


def as_machine(told: Told) -> str:
    """JSON, as docs/explain.md says."""
    specimen, seen = told.specimen, told.seen
    mapping = specimen.mapping
    failure = told.failure
    return json.dumps(
        {
            "version": VERSION,
            "mapping": mapping.id,
            "source": mapping.source_id,
            "table": mapping.table,
            "entity": mapping.entity,
            "field": specimen.path,
            "type": type_of(specimen.field),
            "steps": [_step(stage, number, seen) for number, stage in enumerate(specimen.stages)],
            "lists": None if told.listed is None else {"orders": told.listed.orders, "filters": told.listed.filters},
            "error": None if failure is None else {"code": failure.code, "detail": failure.detail},
            "row": None if seen is None else _row(seen),
        },
        ensure_ascii=False,
        indent=2,
    )


def _step(stage: Stage, number: int, seen: Seen | None) -> dict[str, Any]:
    found: dict[str, Any] = {"depth": stage.depth, "text": stage.text, "where": stage.where or None}
    if seen is not None and number in seen.made:
        found["value"] = _plain(seen.made[number])
    return found


def _row(seen: Seen) -> dict[str, Any]:
    return {
        "key": seen.key,
        "columns": {name: _plain(raw) for name, raw in seen.columns.items()},
        "value": _plain(seen.value),
        "issues": [{"code": code, "field": path, "value": raw} for code, path, raw in seen.issues],
    }


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: what it has no type for as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case KeyToken() | NameToken() | Seed():
            return _shown(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _:
            return value_text(value)
