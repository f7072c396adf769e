"""Fields of people."""

from __future__ import annotations

import re
from typing import Any

from gateway.proposal.bench import Bench, masked
from gateway.proposal.draft import Draft, Line, form
from gateway.proposal.meanings import ACTIVE, EMPLOYMENTS
from gateway.proposal.patterns import FIELDS, MANAGER, SITE, matching
from gateway.proposal.spelling import email
from gateway.proposal.words import spaced
from resolvers.survey import Table


async def person(bench: Bench, draft: Draft) -> None:
    """Fill in the draft of a person mapping."""
    bench.filter(draft, active=False)
    _names(bench, draft)
    mail = next(iter(bench.columns(draft, "Person", "email")), None)
    address: Any = None if mail is None else bench.form(draft, mail)
    if mail is None:
        address = await _address_beside(bench, draft)
    _identifiers(bench, draft, address)
    if address is not None:
        draft.put("email", address)
    bench.plain(draft, "Person", "phone")
    bench.plain(draft, "Person", "birthDate")
    choices = await bench.codes(
        draft, r"employee type|employment|type contrat|user category|categorie agent|statut agent"
    )
    best = max(choices, key=lambda codes: codes.share(EMPLOYMENTS), default=None)
    if best is not None:
        line, _ = bench.coded(draft, best, EMPLOYMENTS, "category")
        line.off = "" if line.value["values"] else "no code is understood"
        draft.fields["employment"] = line
    for name in ("employedFrom", "employedUntil"):
        bench.plain(draft, "Person", name)
    await _active(bench, draft)
    for name, join in (("jobTitle", "job"), ("department", "department")):
        for column in bench.columns(draft, "Person", name):
            value = await bench.named(draft, column, join)
            if value is not None:
                draft.put(name, value)
                break
    await bench.refer(draft, "manager", "Person", MANAGER)
    await bench.refer(draft, "site", "Site", SITE)
    bench.updated(draft)


def _names(bench: Bench, draft: Draft) -> None:
    given = next(iter(bench.columns(draft, "Person", "givenName")), None)
    family = next((c for c in bench.columns(draft, "Person", "familyName") if c != given), None)
    shown = next(iter(bench.columns(draft, "Person", "displayName")), None)
    if given is not None and family is not None:
        template = {"template": f"{{{given}}} {{{family}}}"}
        login = next((c for c in bench.columns(draft, "Person", "id:USERNAME") if c not in (given, family)), None)
        draft.put("displayName", template if login is None else {"coalesce": [template, login]})
        draft.put("givenName", _name(bench, draft, given))
        draft.put("familyName", _name(bench, draft, family))
    elif shown is not None:
        draft.put("displayName", bench.form(draft, shown))
        if family is not None and family != shown:
            draft.put("familyName", bench.form(draft, family))


def _name(bench: Bench, draft: Draft, column: str) -> Any:
    """A part of a name: people are called Null, and X, too."""
    value = bench.form(draft, column)
    if isinstance(value, dict) and "null" in value:
        kept = [text for text in value["null"] if not any(letter.isalpha() for letter in text)]
        value = {name: inner for name, inner in value.items() if name != "null"} | ({"null": kept} if kept else {})
    return value


def _identifiers(bench: Bench, draft: Draft, address: Any) -> None:
    forms: list[dict[str, Any]] = []
    notes = []
    shown = repr(draft.fields.get("displayName", Line("")).value)
    whole_name = draft.fields.get("givenName") is None
    for scheme in ("EMPLOYEE_NO", "USERNAME"):
        for column in bench.columns(draft, "Person", f"id:{scheme}"):
            if column == "name" and ((whole_name and "'name'" in shown) or shown == "'name'"):
                continue  # what people are called is no user name
            held = draft.content[column]
            forms.append({"scheme": scheme, "value": bench.form(draft, column), "spelling": "exact"})
            notes.append(f"{column}: {held.filled} of {held.rows} filled, like {masked(held, True)}")
            break
    if address is not None:
        forms.append({"scheme": "EMAIL", "value": address, "spelling": "loose"})
    if forms:
        draft.fields["identifiers"] = Line(forms, notes)


async def _address_beside(bench: Bench, draft: Draft) -> Any:
    """The e-mail address from a table that has some for each person: only where one of them is marked as the one."""
    for table in bench.links.tables.values():
        if not table.rows or not re.search(r"mail", spaced(table.name)):
            continue
        back = await _back(bench, table, draft)
        if back is None:
            continue
        held = await bench.database.contents(table)
        mail = next(
            (name for name in matching(table, held, *FIELDS["Person"]["email"]) if held[name].share(email) > 0.5), None
        )
        mark = next(
            (name for name in table.columns if re.search(r"default|primary|principal|main", spaced(name))), None
        )
        if mail is None or mark is None:
            continue
        flag: Any = True if table.columns[mark].type == "boolean" and bench.database.dialect == "postgresql" else 1
        name = draft.join("mail", table.name, {back: draft.table.key[0]}, where={mark: {"eq": flag}})
        return form(f"{name}.{mail}", held[mail])
    return None


async def _back(bench: Bench, table: Table, draft: Draft) -> str | None:
    for lead in await bench.links.leads(table):
        if lead.table.name == draft.table.name:
            return lead.column
    return None


async def _active(bench: Bench, draft: Draft) -> None:
    for name, column in draft.table.columns.items():
        if column.type not in ("boolean", "integer"):
            continue
        if re.search(r"^(active|is active|actif|activated|enabled|aktiv|activo|en activite)$", spaced(name)):
            draft.put("active", name)
            return
    choices = await bench.codes(draft, r"^(status|state|statut|etat|estado)( id)?$")
    best = max(choices, key=lambda codes: codes.share(ACTIVE), default=None)
    if best is not None and best.share(ACTIVE) > 0.5:
        draft.fields["active"] = bench.coded(draft, best, ACTIVE, "state")[0]
