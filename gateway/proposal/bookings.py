"""Fields of bookings: what is booked and for whom may stand a table or two away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.proposal.bench import Bench
from gateway.proposal.draft import Draft
from gateway.proposal.meanings import BOOKINGS
from gateway.proposal.patterns import WHOM
from gateway.proposal.words import spaced
from resolvers.survey import Table


async def booking(bench: Bench, draft: Draft) -> None:
    """Fill in the draft of a booking mapping."""
    bench.filter(draft, active=True)
    for name in ("asset", "bookedFor"):
        await _near(bench, draft, name)
    bench.plain(draft, "Booking", "start")
    bench.plain(draft, "Booking", "end")
    choices = await bench.codes(draft, r"\b(status|state|statut|etat)( id)?$", deeper=True)
    best = max(choices, key=lambda codes: (codes.share(BOOKINGS), -len(codes.path)), default=None)
    if best is not None and best.share(BOOKINGS) > 0.3:
        draft.fields["status"] = bench.coded(draft, best, BOOKINGS, "state")[0]
    else:
        draft.put("status", {"const": "CONFIRMED"}, "no column says how far a booking has come")


async def _near(bench: Bench, draft: Draft, name: str) -> None:
    """The reference from the booking's own row, from a row that it leads to, or from rows that lead there."""
    own = await _in(bench, draft.table, "", name)
    if own is not None:
        draft.put(name, own)
        return
    for lead in await bench.links.leads(draft.table):
        if lead.table.name == draft.table.name or any(lead.table.name == d.table.name for d in bench.drafts):
            continue
        found = await _in(bench, lead.table, "\0", name)
        if found is not None:
            join = draft.join(re.sub(r"(_id|s_id)$", "", lead.column), lead.table.name, {lead.key: lead.column})
            draft.put(name, _rename(found, join))
            return
        if await _between(bench, draft, name, lead.table, lead.key, lead.column):
            return
    await _between(bench, draft, name, draft.table, draft.table.key[0], draft.table.key[0])


async def _between(bench: Bench, draft: Draft, name: str, table: Table, key: str, own: str) -> bool:
    """A table that links what is booked, or for whom, to a row: the first of several is taken."""
    for linking in bench.links.tables.values():
        if not linking.rows or linking.name in (draft.table.name, table.name) or len(linking.columns) > 6:
            continue
        back = next((lead for lead in await bench.links.leads(linking) if lead.table.name == table.name), None)
        if back is None or back.key != key:
            continue
        found = await _in(bench, linking, "\0", name)
        if found is None:
            continue
        several = await bench.database.repeats(linking.name, (back.column,))
        if several and len(linking.key) != 1:
            choose = [column for column in linking.key if column != back.column]
        else:
            choose = list(linking.key)
        more: dict[str, Any] = {"pick": f"first by {choose[0]}", "key": list(linking.key)} if several and choose else {}
        join = draft.join("line", linking.name, {back.column: own}, **more)
        draft.put(name, _rename(found, join), "only the first, where there are several" if several else "")
        return True
    return False


async def _in(bench: Bench, table: Table, prefix: str, name: str) -> dict[str, Any] | None:
    entity = {"asset": "Asset", "bookedFor": "Person"}[name]
    if name == "asset":
        for pair in await bench.links.pairs(table):
            found = bench.decided(entity, f"{prefix}{pair.column}", f"{prefix}{pair.code}", pair.tables)
            if found is not None:
                return found
    leads = [lead for lead in await bench.links.leads(table) if bench.draft_of(entity, lead.table)]
    for pattern in WHOM if name == "bookedFor" else (".",):
        for lead in leads:
            if re.search(pattern, spaced(lead.column)):
                return bench.reference(entity, f"{prefix}{lead.column}", lead.table)
    return None


def _rename(found: Any, join: str) -> Any:
    if isinstance(found, Mapping):
        return {key: _rename(value, join) for key, value in found.items()}
    return found.replace("\0", f"{join}.") if isinstance(found, str) else found
