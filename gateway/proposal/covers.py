"""Fields of policies and of the coverages that the same rows tell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gateway.proposal.bench import Bench, Codes
from gateway.proposal.draft import Draft, Line
from gateway.proposal.meanings import COVERAGES, INSURANCE, POLICIES, meaning
from gateway.proposal.patterns import FIELDS
from gateway.proposal.words import plain
from resolvers.survey import Table


async def policy(bench: Bench, draft: Draft) -> None:
    """Fill in the draft of a policy mapping."""
    bench.filter(draft, active=True)
    kinds = await _insurance(bench, draft)
    _number(bench, draft)
    for name in ("insurer", "holder"):
        for column in bench.columns(draft, "Policy", name):
            value = await bench.named(draft, column, name)
            if value is not None:
                draft.put(name, value)
                break
    if "holder" not in draft.fields:
        draft.put("holderPartner", {"const": bench.partner}, "or does somebody else hold some of them?")
    choices = await bench.codes(draft, FIELDS["Policy"]["status"][1][0])
    best = max(choices, key=lambda codes: codes.share(POLICIES), default=None)
    if best is not None and best.share(POLICIES) > 0.2:
        line, source = bench.coded(draft, best, POLICIES, "state")
        draft.fields["status"] = line
        draft.put("sourceStatus", source)
    _period(bench, draft)
    renewal = next(iter(bench.columns(draft, "Policy", "tacitRenewal")), None)
    if renewal is not None:
        codes = await bench.database.codes(draft.table.name, [], renewal)
        notes = [f"{code}: {count} rows" for code, count in codes.most_common(6)]
        values = {str(code): str(code) == "1" for code in codes if code is not None}
        draft.put("tacitRenewal", {"column": renewal, "values": values}, "which codes mean yes?", notes)
    if draft.off or len(draft.table.key) != 1:
        return
    await _coverage(bench, draft, kinds)


async def _insurance(bench: Bench, draft: Draft) -> Codes | None:
    """Keep to insurance where contracts are of several types; the codes that tell the types."""
    choices = await bench.codes(draft, FIELDS["Policy"]["kind"][1][0])
    kinds = max(choices, key=lambda codes: codes.share(COVERAGES), default=None)
    named = re.search(INSURANCE, plain(draft.table.name))
    if kinds is None or not kinds.counts:
        if not named:
            draft.off = "nothing says which of these contracts are insurance"
        return None
    found = {code: kinds.told(code) for code in kinds.counts if code not in (None, "", 0, "0")}
    guarantees = set(kinds.meant(COVERAGES).values())
    insured = [code for code, told in found.items() if re.search(INSURANCE, plain(told))]
    if named:  # the kinds of cover that such a table tells are insurance, too
        insured = list(dict.fromkeys([*insured, *kinds.meant(COVERAGES)]))
    if len(guarantees) > 2:  # a list of guarantees, not of kinds of contracts
        insured = list(kinds.meant(COVERAGES))
    if not insured and not named:
        draft.off = "none of its types reads as insurance: " + ", ".join(list(found.values())[:8])
        return None
    if insured and len(insured) < len(found):
        ref, _ = bench.place(draft, kinds, "kind")
        draft.where[ref] = {"in": sorted(insured, key=str)}
        rest = ", ".join(told for code, told in found.items() if code not in insured)
        draft.where_unsure = f"only what reads as insurance; left out: {rest}"
    return replace(
        kinds, counts=type(kinds.counts)({c: n for c, n in kinds.counts.items() if c in insured or not insured})
    )


def _number(bench: Bench, draft: Draft) -> None:
    column = next(iter(bench.columns(draft, "Policy", "number")), None)
    if column is not None:
        draft.put("number", bench.form(draft, column))


def _period(bench: Bench, draft: Draft) -> None:
    for name in ("start", "end"):
        column = next(iter(bench.columns(draft, "Policy", name)), None)
        if column is None or draft.table.columns[column].type not in ("date", "datetime", "text"):
            continue
        if draft.table.columns[column].type == "date" and name == "end":
            draft.put(name, {"column": column, "inclusive": True}, "does the last day itself still count?")
        else:
            draft.put(name, column)
    if "start" in draft.fields and "end" not in draft.fields:
        months = next(
            (c for c in draft.table.columns if re.search(r"^(duration|duree|dauer|duracion)", plain(c))), None
        )
        if months is not None:
            draft.fields["end"] = Line(
                {"date": str(draft.fields["start"].value), "plus": {"months": months}},
                [],
                f"the period is {draft.fields['start'].value} and {months}, in months?",
            )


async def _coverage(bench: Bench, draft: Draft, kinds: Codes | None) -> None:
    name = draft.name.rstrip("s") + "_coverages"
    found = Draft(
        name[:40],
        "Coverage",
        draft.table,
        draft.content,
        draft.score,
        f"each row of {draft.table.name} covers something",
    )
    listed = await _listed(bench, draft)
    found.joins, found.where, found.where_unsure = {}, dict(draft.where), draft.where_unsure
    for ref in found.where:  # joins that the filter looks at
        while "." in ref and (join := ref.partition(".")[0]) in draft.joins and join not in found.joins:
            found.joins[join] = draft.joins[join]
            ref = next(iter(draft.joins[join]["on"].values()))
    found.joins = dict(reversed(found.joins.items()))
    several = len(bench.live("Policy")) > 1
    found.put("policy", {"key": draft.table.key[0], **({"to": draft.name} if several else {})})
    if kinds is not None:
        line, source = bench.coded(found, kinds, COVERAGES, "kind", "OTHER")
        found.fields["kind"] = line
        found.put("label", source)
    else:
        guess = meaning(draft.table.name, COVERAGES)
        found.put("kind", {"const": guess or "OTHER"}, "no column says what is covered")
    if (label := next(iter(bench.columns(found, "Policy", "label")), None)) is not None:
        found.put("label", bench.form(found, label))
    for part in ("start", "end"):
        if part in draft.fields:
            line = draft.fields[part]
            found.fields[part] = Line(line.value, [], line.unsure, line.off)
    if listed:
        found.put("insuredAssets", {"scope": {"const": "LISTED"}, "listed": listed})
    terms = next(iter(bench.columns(found, "Policy", "terms")), None)
    if terms is not None:
        found.put("unparsedTerms", bench.form(found, terms))
    bench.drafts.append(found)


async def _listed(bench: Bench, draft: Draft) -> list[dict[str, Any]]:
    """How a contract names the assets that it covers: in its own row, or in a table between."""
    found = [
        {"key": lead.column} if len(bench.live("Asset")) == 1 else {"key": lead.column, "to": to.name}
        for lead in await bench.links.leads(draft.table)
        if (to := bench.draft_of("Asset", lead.table)) is not None
    ]
    for table in bench.links.tables.values():
        if not table.rows or table.name == draft.table.name or len(table.columns) > 12:
            continue
        backs = [lead.column for lead in await bench.links.leads(table) if lead.table.name == draft.table.name]
        if backs:
            on: dict[str, Any] = {"table": table.name, "on": {backs[0]: draft.table.key[0]}}
            found += [{**on, **target} for target in await _targets(bench, table)]
    return found


async def _targets(bench: Bench, table: Table) -> list[dict[str, Any]]:
    for pair in await bench.links.pairs(table):
        decided = bench.decided("Asset", pair.column, pair.code, pair.tables)
        if decided is not None:
            return [decided]
    leads = [lead for lead in await bench.links.leads(table) if bench.draft_of("Asset", lead.table)]
    return [reference for lead in leads if (reference := bench.reference("Asset", lead.column, lead.table))]
