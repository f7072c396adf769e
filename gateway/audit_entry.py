"""From what one request brought to what the audit says of it: never a value, no id in clear."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from gateway.audit_seal import Seal
from gateway.audit_time import moment
from gateway.documents import Document
from resolvers.context import Context
from resolvers.disclosure import asked_by, disclosure, tested
from resolvers.fetch import Fetch, Row

AT_ONCE = 2_000  # rows that are looked at before others may run


class Answered(NamedTuple):
    """One answered operation, before anything of it was looked at. future: who waits for its entry to be kept."""

    context: Context
    document: Document
    operation: str | None
    request: str
    future: asyncio.Future[None] | None


@dataclass(slots=True)
class _Group:
    """What was brought of one entity of one partner. keys, personal: of its rows, by mapping id."""

    fields: set[str] = field(default_factory=set)
    tested: set[str] = field(default_factory=set)
    agreements: set[str] = field(default_factory=set)
    keys: dict[str, set[str]] = field(default_factory=dict)
    personal: dict[str, set[str]] = field(default_factory=dict)
    counted: bool = False


def is_personal(context: Context) -> bool:
    """Whether a request asked for more than plain fields, or chose records by them; its rows do not decide it."""
    model = context.catalog.model
    for fetch, access, _ in context.seen:
        if disclosure(fetch, context).personal or asked_by(fetch, access, model).personal:
            return True
    return any(
        tested(fetch, model, demand.looks, (key.path for key in demand.order)).personal
        for fetch, demand, _ in context.tests
    )


class Scribe:
    """Writes what the audit says of answered operations."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._hashes: WeakKeyDictionary[Document, str] = WeakKeyDictionary()

    async def entry(self, answered: Answered) -> dict[str, Any]:
        """What an entry says, but for its place in the chain."""
        context = answered.context
        viewer = context.viewer
        groups = await _groups(context)
        versions: dict[tuple[str, str], list[str]] = {}
        for provider, code, version in context.grant.agreements:
            versions.setdefault((provider, code), []).append(f"{code}@{version}")
        return {
            "kind": "read",
            "at": moment(context.now),
            "partner": viewer.partner,
            "subject": self._seal.subject(viewer.partner, viewer.subject),
            "purpose": viewer.purpose,
            "operation": {"hash": self._hash(answered.document), "name": _name(answered)},
            "request": answered.request,
            "reads": [self._read(*place, groups[place], versions) for place in sorted(groups)],
        }

    def _read(
        self, partner: str, entity: str, group: _Group, versions: dict[tuple[str, str], list[str]]
    ) -> dict[str, Any]:
        keys = {mapping: sorted(found) for mapping, found in group.keys.items()}
        told: dict[str, Any] = {
            "partner": partner,
            "entity": entity,
            "agreements": sorted(one for code in group.agreements for one in versions.get((partner, code), [code])),
            "fields": sorted(group.fields),
            "tested": sorted(group.tested),
            "rows": sum(map(len, keys.values())),
            "digest": self._seal.rows(keys),
        }
        if group.counted:
            told["counted"] = True
        if group.personal:
            told["records"] = sorted(one for m, found in group.personal.items() for one in self._seal.records(m, found))
        return told

    def _hash(self, document: Document) -> str:
        found = self._hashes.get(document)
        if found is None:
            found = self._hashes[document] = hashlib.sha256(document.text.encode()).hexdigest()
        return found


def _name(answered: Answered) -> str | None:
    operation = answered.document.operation(answered.operation)
    return operation.name.value if operation is not None and operation.name is not None else None


async def _groups(context: Context) -> dict[tuple[str, str], _Group]:
    """What was brought, by partner and entity; those of which nothing came and nothing was tested are left out."""
    model = context.catalog.model
    groups: dict[tuple[str, str], _Group] = {}
    looked = 0

    def group(fetch: Fetch) -> _Group:
        found = disclosure(fetch, context)
        return groups.setdefault((found.partner, found.entity), _Group())

    for fetch, access, rows in context.seen:
        if paths := asked_by(fetch, access, model).paths:
            group(fetch).tested.update(paths)
        for there, some in _portions(fetch, rows):
            for inner, part in _joined(there, some, context):
                _gather(group(inner), inner, part, context)
                looked += len(part)
            if looked >= AT_ONCE:
                looked = 0
                await asyncio.sleep(0)
    for fetch, demand, counted in context.tests:
        paths = tested(fetch, model, demand.looks, (key.path for key in demand.order)).paths
        if paths or counted:
            found = group(fetch)
            found.tested.update(paths)
            found.counted = found.counted or counted
    return groups


def _portions(fetch: Fetch, rows: Sequence[Row]) -> Iterator[tuple[Fetch, Sequence[Row]]]:
    for start in range(0, len(rows), AT_ONCE):
        yield fetch, rows[start : start + AT_ONCE] if len(rows) > AT_ONCE else rows


def _joined(fetch: Fetch, rows: Sequence[Row], context: Context) -> Iterator[tuple[Fetch, Sequence[Row]]]:
    """Rows, and those that stand in them."""
    yield fetch, rows
    for index, inner in disclosure(fetch, context).joins:
        there = [value for row in rows if (value := row[2][index]).__class__ is Row]
        if there:
            yield from _joined(inner, there, context)


def _gather(group: _Group, fetch: Fetch, rows: Sequence[Row], context: Context) -> None:
    arms = disclosure(fetch, context).arms
    if len(arms) == 1:
        views = {next(iter(arms)): [row[1] for row in rows]}
    else:
        views = {}
        for row in rows:
            views.setdefault(row[0].view, []).append(row[1])
    for view, keys in views.items():
        arm = arms[view]
        group.fields.update(arm.fields)
        group.agreements.update(arm.agreements)
        group.keys.setdefault(arm.mapping, set()).update(keys)
        if arm.personal:
            group.personal.setdefault(arm.mapping, set()).update(keys)
