"""Fields of assets and sites."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from gateway.proposal.bench import Bench, Codes
from gateway.proposal.draft import Draft, Line
from gateway.proposal.identifiers import identifiers
from gateway.proposal.meanings import FUELS, KINDS, STATUSES, meaning
from gateway.proposal.patterns import CUSTODIAN, FIELDS, KIND, LAT, LON, PART_OF, SITE, STATUS, matching
from gateway.proposal.words import ENTITIES, spaced, words


async def asset(bench: Bench, draft: Draft) -> None:
    """Fill in the draft of an asset mapping."""
    bench.filter(draft, active=True)
    bench.plain(draft, "Asset", "name")
    kind = await _kind(bench, draft)
    await _status(bench, draft)
    bench.plain(draft, "Asset", "description")
    await identifiers(bench, draft, kind)
    for name, more in (("manufacturer", True), ("model", False)):
        await _label(bench, draft, name, more)
    for name in ("modelYear", "seats", "payloadKg", "grossWeightKg", "volumeM3"):
        zero = {"null": [0]} if any(draft.content[c].zeros for c in bench.columns(draft, "Asset", name)[:1]) else {}
        bench.plain(draft, "Asset", name, **zero)
    await _propulsion(bench, draft)
    await _through_model(bench, draft, "seats")
    await _odometer(bench, draft)
    for name in ("purchaseDate", "inServiceDate", "inspectionDueDate", "lendable", "bookingUrl"):
        bench.plain(draft, "Asset", name)
    if draft.fields.get("purchaseDate") and draft.fields["purchaseDate"].value == "":
        del draft.fields["purchaseDate"]
    _value(bench, draft)
    columns = [_filled(draft, patterns) for patterns in (LAT, LON)]
    if all(columns):
        draft.put("position", _position(bench, draft, "", columns))
    await bench.refer(draft, "site", "Site", SITE)
    await bench.refer(draft, "custodian", "Person", CUSTODIAN)
    await bench.refer(draft, "partOf", "Asset", PART_OF)
    _attributes(bench, draft)
    await _purchase(bench, draft)
    bench.updated(draft)


async def _kind(bench: Bench, draft: Draft) -> Codes | None:
    """Propose the kind; where it stands, or None."""
    by_table = meaning(" ".join(draft.table.name.split("_")), KINDS)
    choices = await bench.codes(draft, KIND, deeper=True)
    best = max(choices, key=lambda codes: (round(codes.share(KINDS), 1), -len(codes.path)), default=None)
    for codes in choices:
        coded = [codes.told(code) for code in codes.counts if code is not None]
        if not codes.path and coded and all(set(words(told)) & set(ENTITIES["Person"]) for told in coded):
            draft.off = f"its rows are people: {codes.column} is {', '.join(coded[:4])}"
    share = best.share(KINDS) if best is not None else 0.0
    if by_table in ("PHONE", "TABLET", "PERIPHERAL", "BICYCLE") and share < 0.5:
        draft.put("kind", {"const": by_table}, f"by the table's name {draft.table.name}")
        return None
    if best is None or not share:
        told = None if by_table else _by_names(draft)
        if told is not None and (best is None or not best.share(KINDS)):
            draft.fields["kind"] = told
            return None
        guess = by_table or "OTHER"
        draft.put("kind", {"const": guess}, "by the table's name" if by_table else "no column says which")
        if best is not None and by_table is None:  # codes that mean nothing here may mean something to the reader
            line, source = bench.coded(draft, best, KINDS, "kind", "OTHER")
            draft.fields["kind"] = line
            draft.put("sourceKind", source)
        return None
    line, source = bench.coded(draft, best, KINDS, "kind", by_table or "OTHER")
    draft.fields["kind"] = line
    draft.put("sourceKind", source)
    return best


def _by_names(draft: Draft) -> Line | None:
    """The kind by words in the assets' names, where nothing else tells it."""
    name = draft.fields["name"].value if "name" in draft.fields else None
    column = name.get("column") if isinstance(name, dict) else name
    held = draft.content.get(str(column))
    if held is None:
        return None
    found: dict[str, Counter[str]] = {}
    for text, count in held.values.items():
        for token in re.split(r"[^\w-]+", str(text)):
            if len(token) > 2 and (kind := meaning(token, KINDS)) is not None:
                found.setdefault(kind, Counter())[token] += count
                break
    rows = sum(sum(tokens.values()) for tokens in found.values())
    if rows < 0.3 * held.filled:
        return None
    cases = [
        {"if": {"or": [{column: {"contains": token}} for token in sorted(tokens)]}, "is": kind}
        for kind, tokens in sorted(found.items())
    ]
    notes = [
        f"{kind}: {', '.join(f'{t} {n}' for t, n in tokens.most_common(8))}" for kind, tokens in sorted(found.items())
    ]
    told = f"by words in the names, of {rows} of {held.filled}; no column says which"
    return Line({"when": cases, "otherwise": "OTHER"}, notes, told)


async def _status(bench: Bench, draft: Draft) -> None:
    choices = await bench.codes(draft, STATUS)
    best = max(choices, key=lambda codes: codes.share(STATUSES), default=None)
    if best is None:
        return
    line, source = bench.coded(draft, best, STATUSES, "state")
    if not line.value["values"]:
        line.off = "no code is understood"
    draft.fields["status"] = line
    if best.label is not None or draft.table.columns[best.column].type == "text":
        draft.put("sourceStatus", source)


async def _label(bench: Bench, draft: Draft, name: str, through_model: bool) -> None:
    found = []
    for column in bench.columns(draft, "Asset", name):
        value = await bench.named(draft, column, {"manufacturer": "maker"}.get(name, name))
        if value is not None:
            found.append(value)
    found.sort(key=lambda value: "." not in repr(value))  # a list to choose from before what somebody wrote
    if found:
        draft.put(name, found[0] if len(found) == 1 else {"coalesce": found[:2]})
        return
    if not through_model:
        return
    for lead in await bench.links.leads(draft.table):
        if not re.search(r"model", spaced(lead.column)):
            continue
        held = await bench.database.contents(lead.table)
        inner = Draft("", "Asset", lead.table, held, 0, "")
        for column in bench.columns(inner, "Asset", name):
            further = await bench.links.lead(lead.table, column)
            label = None if further is None else await bench.label_of(further.table)
            if further is not None and label is not None:
                first = draft.join("model", lead.table.name, {lead.key: lead.column})
                second = draft.join("maker", further.table.name, {further.key: f"{first}.{column}"})
                draft.put(name, f"{second}.{label}")
                return


async def _propulsion(bench: Bench, draft: Draft) -> None:
    choices = await bench.codes(
        draft, r"\b(fuel|energie|energy|carburant|kraftstoff|antrieb|motorisation|combustible)\b"
    )
    best = max(choices, key=lambda codes: codes.share(FUELS), default=None)
    if best is not None and best.share(FUELS) > 0.2:
        draft.fields["propulsion"] = bench.coded(draft, best, FUELS, "fuel")[0]


async def _through_model(bench: Bench, draft: Draft, name: str) -> None:
    """What stands with the model, where it does not stand with the asset."""
    if name in draft.fields and not draft.fields[name].off:
        return
    for lead in await bench.links.leads(draft.table):
        if re.search(r"model", spaced(lead.column)) and lead.table.name != draft.table.name:
            inner = Draft("", "Asset", lead.table, await bench.database.contents(lead.table), 0, "")
            for column in bench.columns(inner, "Asset", name)[:1]:
                join = draft.join("model", lead.table.name, {lead.key: lead.column})
                draft.fields[name] = Line({"column": f"{join}.{column}", "null": [0]})


async def _odometer(bench: Bench, draft: Draft) -> None:
    """The odometer: a column, or the latest of the readings in a table of them."""
    columns = [c for c in bench.columns(draft, "Asset", "odometerKm") if not re.search(r"unit|date", spaced(c))]
    if columns:
        miles = re.search(r"mile", columns[0])
        draft.put("odometerKm", bench.form(draft, columns[0], "number"), "miles or kilometres?" if miles else "")
        return
    for table in bench.links.tables.values():
        if not table.rows or len(table.key) != 1 or not re.search(r"odometer|kilometrage|mileage", spaced(table.name)):
            continue
        back = next((lead for lead in await bench.links.leads(table) if lead.table.name == draft.table.name), None)
        held = await bench.database.contents(table)
        reading = next(matching(table, held, "number", (r"^(value|valeur|km|odometer|kilometrage|mileage)$",)), None)
        when = next(matching(table, held, "date", (r"^(date|read at|releve le)$", r"date")), None)
        if back is not None and reading is not None and when is not None:
            pick = {"pick": f"latest by {when}", "key": table.key[0]}
            join = draft.join("reading", table.name, {back.column: back.key}, **pick)
            unit = next((c for c in draft.table.columns if re.search(r"odometer unit|unite", spaced(c))), None)
            value: Any = f"{join}.{reading}"
            if unit is not None:
                meant = {str(v): "mi" if "mi" in str(v).lower() else "km" for v in draft.content[unit].values}
                value = {"column": value, "unit": {"column": unit, "values": meant}}
            draft.put("odometerKm", value, "" if unit else "in kilometres?")
            return


def _value(bench: Bench, draft: Draft) -> None:
    for column in bench.columns(draft, "Asset", "value"):
        zero = {"null": [0]} if draft.content[column].zeros else {}
        draft.put("value", {"amount": bench.form(draft, column, "number", **zero)}, f"in {bench.currency}?")
        return


def _attributes(bench: Bench, draft: Draft) -> None:
    """Fields that the users of the software added themselves."""
    used = repr([line.value for line in draft.fields.values()])
    found = {}
    for column in draft.table.columns:
        match = re.match(r"_?(snipeit|custom|x|cf|perso|plugin)_(.+?)(_\d+)?$", column)
        if match and column not in ("x", "y") and draft.content[column].filled and f"'{column}'" not in used:
            found[match[2]] = bench.form(draft, column)
    if found:
        draft.put("attributes", found, "only what may be shared; delete the rest")


async def _purchase(bench: Bench, draft: Draft) -> None:
    """What a table beside it tells of the purchase: its rows name the asset's table and key."""
    for table in bench.links.tables.values():
        if not table.rows or table.name == draft.table.name:
            continue
        dates = list(matching(table, {}, "date", (r"buy date|date achat|purchase date",)))
        if not dates:
            continue
        for pair in await bench.links.pairs(table):
            codes = [code for code, target in pair.tables.items() if target.name == draft.table.name]
            if not codes or await bench.database.repeats(table.name, (pair.column, pair.code)):
                continue
            held = await bench.database.contents(table)
            where = {pair.code: {"eq": codes[0]}}
            name = draft.join("purchase", table.name, {pair.column: draft.table.key[0]}, where=where)
            draft.put("purchaseDate", f"{name}.{dates[0]}")
            used = next(matching(table, held, "date", (r"use date|mise service",)), None)
            if used is not None:
                draft.put("inServiceDate", f"{name}.{used}")
            for tag in matching(table, held, *FIELDS["Asset"]["id:ASSET_TAG"]):
                line = draft.fields.setdefault("identifiers", Line([]))
                if held[tag].filled and not any(form["scheme"] == "ASSET_TAG" for form in line.value):
                    line.value.append({"scheme": "ASSET_TAG", "value": f"{name}.{tag}", "spelling": "exact"})
            worth = next(matching(table, held, "number", (r"^(value|valeur|price|prix|cost)$",)), None)
            if worth is not None:
                draft.put("value", {"amount": {"column": f"{name}.{worth}", "null": [0]}}, f"in {bench.currency}?")
            return


async def site(bench: Bench, draft: Draft) -> None:
    """Fill in the draft of a site mapping."""
    bench.filter(draft, active=True)
    bench.plain(draft, "Site", "name")
    table, held = draft.table, draft.content
    path = next(matching(table, held, "text", (r"^(completename|complete name|full path|chemin)$",)), None)
    if path is not None and held[path].filled:
        marks = ("&#62;", "&gt;", " > ", " / ", "/")
        separator = next((mark for mark in marks if held[path].share(re.compile(re.escape(mark)).search) > 0.2), None)
        if separator is not None:
            draft.put("path", {"column": path, "split": separator})
    if "name" not in draft.fields:
        return
    await _tree(bench, draft)
    address: dict[str, Any] = {}
    home = draft
    prefix = ""
    if not bench.columns(draft, "Site", "city"):
        for lead in await bench.links.leads(draft.table):
            other = Draft("", "Site", lead.table, await bench.database.contents(lead.table), 0, "")
            own = draft.content.get(lead.column)
            if own is not None and own.filled and bench.columns(other, "Site", "city"):
                home, prefix = other, draft.join("place", lead.table.name, {lead.key: lead.column}) + "."
                break
    for name in ("lines", "postcode", "city", "region"):
        column = next(iter(bench.columns(home, "Site", name)), None)
        if column is not None:
            value = bench.form(home, column)
            if isinstance(value, dict) and "column" in value:
                value["column"] = prefix + column
            elif isinstance(value, str):
                value = prefix + column
            if name == "lines" and home.content[column].several_lines:
                value = {"column": prefix + column, "split": "\n"}
            address[name] = value
    country = next(iter(bench.columns(home, "Site", "country")), None)
    notes = []
    if country is not None:
        values = {str(text): code for text in home.content[country].values if (code := _country(str(text))) is not None}
        notes = [f"country {text}: {count}" for text, count in home.content[country].values.most_common(10)]
        if values:
            address["country"] = {"column": prefix + country, "values": values}
    if address:
        draft.put("address", address, "", notes)
    for place, before in ((draft, ""), (home, prefix)):
        columns = [next(iter(bench.columns(place, "Site", name)), None) for name in ("lat", "lon")]
        if all(columns):
            draft.put("position", _position(bench, place, before, [str(column) for column in columns]))
    zone = next(iter(bench.columns(home, "Site", "timeZone")), None)
    if zone is not None:
        draft.put("timeZone", prefix + zone)
    draft.fields.setdefault("kind", Line({"const": "OTHER"}, [], "DEPOT, OFFICE, ROOM, STATION ...? see SiteKind"))


async def _tree(bench: Bench, draft: Draft) -> None:
    """The way down to a site, where each names the one that it is in."""
    name = draft.fields["name"].value
    column = name if isinstance(name, str) else name.get("column")
    for lead in await bench.links.leads(draft.table):
        if lead.table.name == draft.table.name and column is not None and draft.content[lead.column].filled:
            tree = {"table": draft.table.name, "key": lead.key, "parent": lead.column, "name": column}
            draft.put("path", {"tree": tree}, "" if lead.sure else lead.seen)
            return


def _filled(draft: Draft, patterns: tuple[str, ...]) -> str:
    """The first column of numbers that fits and holds something, or ""."""
    found = matching(draft.table, draft.content, "number", patterns)
    return next((name for name in found if name in draft.content and draft.content[name].filled), "")


def _position(bench: Bench, place: Draft, before: str, columns: list[str]) -> dict[str, Any]:
    found = {}
    for name, column in zip(("lat", "lon"), columns, strict=True):
        text = place.table.columns[column].type == "text" and place.content[column].share(lambda each: "," in each) > 0
        options: dict[str, Any] = {"replace": {",": "."}} if text else {}
        value = bench.form(place, column, "", **options)
        found[name] = {**value, "column": before + column} if isinstance(value, dict) else before + value
    return found


def _country(text: str) -> str | None:
    if re.fullmatch(r"[A-Z]{2}", text):
        return text
    named = {
        "FR": r"^france", "BE": r"^belgi", "DE": r"^(allemagne|germany|deutschland)", "ES": r"^(espa|spain)",
        "CH": r"^(suisse|switz|schweiz)", "LU": r"^luxem", "IT": r"^ital", "NL": r"^(pays-bas|nether|nieder)",
        "GB": r"^(royaume-uni|united kingdom)", "AT": r"^(austria|autriche|.sterreich)", "PT": r"^portugal",
    }  # fmt: skip
    return next((code for code, pattern in named.items() if re.match(pattern, text.strip().lower())), None)
