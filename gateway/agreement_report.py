"""What `gateway agreement` prints, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from gateway.agreement_change import GENERAL, OTHER_ROWS, Changed, Renewed
from gateway.paint import Paint, plain
from resolvers.mask import MASKS
from resolvers.simulation import GRANTED, MASKED, WITHHELD, Named, Outcome
from resolvers.viewer import Grant, Viewer

VERSION = 1
_COLOURS = {GRANTED: "good", MASKED: "warn", WITHHELD: "bad", OTHER_ROWS: "warn"}
_WHY = {
    "FIELD_NOT_SHARED": "no agreement names it",
    "PURPOSE_REQUIRED": "for a purpose only",
    "SCOPE_REQUIRED": "the credential lacks",
}
_BECOMES = {GRANTED: "granted", WITHHELD: "withheld", MASKED: "masked", OTHER_ROWS: "other rows"}
_RENEWED = {"NEW": "new", "GONE": "gone", "OTHERWISE": "otherwise than it was"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, on which day, and what that amounts to."""

    viewer: Viewer
    grant: Grant
    day: date


def simulation_text(caller: Caller, found: Sequence[tuple[str, Sequence[Outcome]]], paint: Paint) -> str:
    """Operations with their outcomes, for people."""
    who, in_force = caller.viewer, caller.grant.agreements
    lines = [
        f"{who.partner} asks for {who.purpose or 'no purpose'}, with {' '.join(sorted(who.scopes))}, on {caller.day}",
        "in force: " + (", ".join(f"{of} {code} {version}" for of, code, version in in_force) or "nothing"),
    ]
    for name, outcomes in found:
        lines += ["", *([paint(plain(name), "head")] if len(found) > 1 else [])]
        for path, here in _placed(outcomes):
            lines.append(paint(path, "head"))
            alike: dict[str, list[str]] = {}
            for one in here:
                alike.setdefault(_outcome(one, paint), []).append(one.partner)
            lines += [f"  {', '.join(partners)}: {told}" for told, partners in alike.items()]
    return "\n".join(lines)


def _placed(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """The outcomes of each place in the order of the response, records before the field that leads to them."""
    order = {path: number for number, path in enumerate(dict.fromkeys(one.path for one in outcomes))}
    ranked = sorted(outcomes, key=lambda one: (order[one.path], one.field != "", one.entity, one.field))
    for (path, entity, field), here in groupby(ranked, key=lambda one: (one.path, one.entity, one.field)):
        last = field.rpartition(".")[2]
        what = f"records of {entity}" if not field else f"{entity}.{field}"
        known = field and path[-1] == last
        yield ".".join(path) + ("" if known else f" ({what})"), list(here)


def _outcome(one: Outcome, paint: Paint) -> str:
    named = _named(one.agreements)
    if not one.field:
        if one.outcome == WITHHELD:
            return paint("no record", "bad") + ", no agreement in force shows one"
        told = "all" if one.rows is None else f"those where {one.rows}"
        return f"{paint(told, 'good')}{named or ', its own'}"
    text = _BECOMES[one.outcome]
    if one.mask is not None:
        text += f" as {MASKS[one.mask].meaning} ({one.mask})"
    if one.schemes:
        text += f", {', '.join(one.schemes)} only"
    if one.code is not None:
        lacking = " ".join(one.scopes)
        text += f", {_WHY.get(one.code, one.code)}{f' {lacking}' if lacking else ''}"
    told = paint(text, _COLOURS[one.outcome])
    if one.rows is not None:
        told += f" in some records: {one.rows}"
    return told + (named if one.outcome != WITHHELD else "")


def _named(agreements: Sequence[Named]) -> str:
    return f" ({', '.join(f'{code} {version}' for code, version in agreements)})" if agreements else ""


def simulation_json(caller: Caller, found: Sequence[tuple[str, Sequence[Outcome]]]) -> str:
    """The same for machines."""
    who = caller.viewer
    return _json(
        {
            "version": VERSION,
            "as": {
                "partner": who.partner,
                "scopes": sorted(who.scopes),
                "purpose": who.purpose,
                "day": caller.day.isoformat(),
                "agreements": [
                    {"partner": provider, "code": code, "version": version}
                    for provider, code, version in caller.grant.agreements
                ],
            },
            "operations": [{"name": name, "outcomes": [_told(one) for one in outcomes]} for name, outcomes in found],
        }
    )


def _told(one: Outcome) -> dict[str, Any]:
    return {
        "path": list(one.path),
        "partner": one.partner,
        "entity": one.entity,
        "field": one.field or None,
        "outcome": one.outcome,
        "rows": one.rows,
        "mask": one.mask,
        "schemes": list(one.schemes) or None,
        "code": one.code,
        "scopes": list(one.scopes),
        "agreements": [{"code": code, "version": version} for code, version in one.agreements],
    }


def change_text(agreements: Sequence[Renewed], found: Sequence[Changed], paint: Paint) -> str:
    """What changes, for people."""
    lines = []
    for one in agreements:
        note = paint(" under the same version", "warn") if one.unversioned else ""
        lines.append(f"{one.provider}: agreement {one.code} {one.version} is {_RENEWED[one.what]}{note}")
    for caller, those in groupby(found, key=lambda each: each.caller):
        lines += ["", paint(f"for callers of {caller}", "head")]
        for each in those:
            purposes = f", for {' and '.join(each.purposes)}" if each.purposes else ""
            what = "all that is shared" if each.operation == GENERAL else plain(each.operation)
            lines.append(f"  {paint(what, 'note')}{purposes}")
            for change in each.changes:
                at = ".".join(change.path)
                if not change.field:
                    at += f", records of {change.entity}"
                elif change.path[-1] != change.field.rpartition(".")[2]:
                    at += f" ({change.entity}.{change.field})"
                to = paint(_BECOMES[change.to], _COLOURS[change.to])
                lines.append(f"    {at}, of {change.partner}: {to}. Was: {change.was}. Is: {change.now}.")
    return "\n".join(lines or ["nothing changes"])


def change_json(agreements: Sequence[Renewed], found: Sequence[Changed]) -> str:
    """The same for machines."""
    return _json(
        {
            "version": VERSION,
            "agreements": [
                {
                    "partner": one.provider,
                    "code": one.code,
                    "version": one.version,
                    "is": one.what,
                    "sameVersion": one.unversioned,
                }
                for one in agreements
            ],
            "operations": [
                {
                    "caller": each.caller,
                    "operation": None if each.operation == GENERAL else each.operation,
                    "purposes": list(each.purposes) or None,
                    "changes": [
                        {
                            "path": list(change.path),
                            "partner": change.partner,
                            "entity": change.entity,
                            "field": change.field or None,
                            "becomes": change.to,
                            "was": change.was,
                            "is": change.now,
                        }
                        for change in each.changes
                    ],
                }
                for each in found
            ],
        }
    )


def _json(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2)
