"""Identifiers of assets: which columns hold plates, VINs, serial numbers, by name and by what stands in them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.proposal.bench import Bench, Codes, masked
from gateway.proposal.draft import Draft, Line
from gateway.proposal.patterns import FIELDS, matching
from gateway.proposal.spelling import PLATES, SCHEMES, bicycode, plate, scheme
from resolvers.survey import Content

PERSONAL = {"LICENSE_PLATE", "VIN", "IMEI", "EMAIL"}


async def identifiers(bench: Bench, draft: Draft, kind: Codes | None) -> None:
    """Propose the identifiers. kind: where the asset's kind stands."""
    named = _by_name(draft)
    for column, held in draft.content.items():  # what is called otherwise, but is spelled so
        if column not in named and draft.table.columns[column].type == "text" and held.filled >= 3:
            found = scheme(held)
            if found is not None and found[1] >= 0.6 and found[0] in ("VIN", "LICENSE_PLATE", "IMEI"):
                named[column] = found[0]
    forms, notes, unsure = [], [], []
    for column, called in named.items():
        held = draft.content[column]
        entry, doubt = await _entry(bench, draft, column, called, held, kind)
        forms.append(entry)
        personal = called in PERSONAL or ((found := scheme(held)) is not None and found[0] in PERSONAL)
        nothing = f", means nothing: {dict(held.nothing)}" if any(held.nothing) else ""
        notes.append(f"{column}: {held.filled} of {held.rows} filled, like {masked(held, personal)}{nothing}")
        unsure += [f"{column}: {doubt}"] if doubt else []
    if forms:
        draft.fields["identifiers"] = Line(forms, notes, "; ".join(unsure))


def _by_name(draft: Draft) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, (type_, patterns) in FIELDS["Asset"].items():
        if name.startswith("id:"):
            for column in matching(draft.table, draft.content, type_, patterns):
                if draft.content[column].filled and column not in found:
                    found[column] = name[3:]
                    break
    return found


async def _entry(
    bench: Bench, draft: Draft, column: str, called: str, held: Content, kind: Codes | None
) -> tuple[dict[str, Any], str]:
    spelled = scheme(held)
    doubt = ""
    chosen: Any = called
    country: Any = None
    other = {"VIN": "SERIAL", "LICENSE_PLATE": "INVENTORY_NO"}.get(called, called)
    if called == "LICENSE_PLATE" and held.share(bicycode) > 0.02:
        other = "BICYCODE"
    if spelled is not None and spelled[0] in ("VIN", "LICENSE_PLATE", "IMEI"):
        wanted, share = spelled
        told = f"{share:.0%} look like {wanted}"
        codes = [] if kind is None or share >= 0.9 else await _codes_of(bench, draft, column, kind, wanted)
        if share >= 0.9:
            chosen, doubt = wanted, told if wanted != called else ""
        elif codes and kind is not None:
            ref, _ = bench.place(draft, kind, "kind")
            chosen = {"when": [{"if": {ref: {"in": codes}}, "is": wanted}], "otherwise": other}
            doubt = f"{told}: those whose {ref} is one of {', '.join(map(str, codes))}"
        else:
            doubt = told
    elif called in ("VIN", "IMEI"):
        chosen, doubt = other, f"by its name, but nothing looks like {called}"
    if "LICENSE_PLATE" in (chosen, *((spelled[0],) if isinstance(chosen, dict) and spelled else ())):
        country, told = _country(column, held)
        if isinstance(chosen, dict) and country is not None:
            only = chosen["when"][0]["if"]
            cases = country["when"] if isinstance(country, dict) else []
            last = country["otherwise"] if isinstance(country, dict) else country
            country = {
                "when": [
                    *({"if": {**only, **case["if"]}, "is": case["is"]} for case in cases),
                    {"if": only, "is": last},
                ]
            }
        doubt = "; ".join(filter(None, (doubt, told)))
    entry: dict[str, Any] = {"scheme": chosen, "value": bench.form(draft, column)}
    if country is not None:
        entry["country"] = country
    exact = not isinstance(chosen, dict) and called in ("ASSET_TAG",) and not held.blanks
    return {**entry, "spelling": "exact" if exact else "loose"}, doubt


def _country(column: str, held: Content) -> tuple[Any, str]:
    counts: Counter[str] = Counter()
    for text, count in held.values.items():
        counts[plate(str(text)) or "none"] += count
    known = [country for country, _ in counts.most_common() if country in PLATES]
    if not known:
        return None, "no plate of a known country"
    rest = ", ".join(f"{country} {count}" for country, count in counts.most_common())
    chosen: Any = known[0]
    if known[0] != "BE" and counts["BE"] * 50 > held.filled:  # Belgian plates begin with a digit and a dash
        chosen = {"when": [{"if": {column: {"startsWith": "1-"}}, "is": "BE"}], "otherwise": known[0]}
    return chosen, f"country by spelling: {rest}" if len(counts) > 1 else ""


async def _codes_of(bench: Bench, draft: Draft, column: str, kind: Codes, wanted: str) -> list[Any]:
    """The codes of the asset's kind for which a column mostly holds what is wanted."""
    passed: Counter[Any] = Counter()
    filled: Counter[Any] = Counter()
    path = kind.path[:-1] if kind.label is not None else kind.path
    for code, value in await bench.database.beside(draft.table, path, kind.column, column):
        text = str(value).strip()
        if text and code not in (None, "", 0, "0"):
            filled[code] += 1
            passed[code] += bool(SCHEMES[wanted](text))
    return sorted((code for code in filled if passed[code] >= 0.5 * filled[code]), key=str)
