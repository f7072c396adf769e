"""The commands that look into the audit: verify it, show it, print its signed heads."""

# ruff: noqa: T201 - commands print
from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import audit_proof, audit_store, key_material
from gateway.audit_seal import Seal
from gateway.audit_store import METADATA
from gateway.audit_time import micros, moment
from gateway.settings import Settings
from gateway.state import State, StateError
from resolvers.access_log import Place
from resolvers.errors import GatewayError

T = TypeVar("T")
BROKEN = "AUDIT_BROKEN"
PAGE = 500
PATIENCE = 3600.0  # s for a whole verification


def verify(chosen: Namespace, settings: Settings) -> int:
    """Verify every chain; 1 where one is broken."""
    public = Seal(key_material.load(settings.state_folder, settings.secrets).audit).public
    kept = _heads(chosen.heads) if chosen.heads is not None else []
    proof = _with(settings, lambda connection: audit_proof.prove(connection, public, kept))
    if chosen.json:
        broken = [{"chain": one.chain, "seq": one.seq, "what": one.what} for one in proof.broken]
        told = {"chains": proof.chains, "entries": proof.entries, "heads": proof.heads, "broken": broken}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for one in proof.broken:
            print(f"error {BROKEN} chain {one.chain}, entry {one.seq}\n    {one.what}.")
        if not proof.broken:
            print(
                f"{proof.entries} entries in {proof.chains} chains are as they were written; {proof.heads} heads hold."
            )
    return 1 if proof.broken else 0


def show(chosen: Namespace, settings: Settings) -> None:
    """Who read what of a partner, newest first."""
    since = micros(moment(chosen.since)) if chosen.since is not None else None
    found = _with(settings, lambda connection: _reads(connection, chosen.partner, since))
    if chosen.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for read in found:
        what = f"{read['rows']} {read['entity']}"
        print(f"{read['at']}  {read['by']}  {read['subject']}  {read['operation']['name'] or '-'}  {what}")
        for name in ("purpose", "fields", "tested", "agreements", "request"):
            value = ", ".join(read[name]) if isinstance(read[name], list) else read[name]
            if value:
                print(f"    {name}: {value}")


def heads(_: Namespace, settings: Settings) -> None:
    """The last signed head of each chain, one JSON object a line."""
    last: dict[str, dict[str, Any]] = {}
    for head in _with(settings, audit_store.heads):
        last[head["chain"]] = head
    for name in sorted(last):
        print(json.dumps(last[name], sort_keys=True))


async def _reads(connection: AsyncConnection, provider: str, since: int | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: Place | None = None
    while True:
        page = await audit_store.accesses(connection, provider, None, after, PAGE)
        for place, entry, read in page:
            if since is not None and place.at < since:
                return found
            told = {name: entry[name] for name in ("at", "subject", "purpose", "operation", "request")}
            what = {name: read[name] for name in ("entity", "rows", "fields", "tested", "agreements")}
            found.append({**told, "by": entry["partner"], **what})
        if len(page) < PAGE:
            return found
        after = page[-1][0]


def _heads(path: Path) -> list[dict[str, Any]]:
    """Heads that somebody kept: one JSON object a line."""
    try:
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except ValueError:
        found = [None]
    if not all(isinstance(head, dict) for head in found):
        raise GatewayError(
            f"{path.name} does not hold heads.", code="CATALOG_SYNTAX", hint="as `gateway audit heads` prints them"
        )
    return found


def _with(settings: Settings, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def run() -> T:
        state = State(settings.audit.url, METADATA, "audit.url", durable=True)
        try:
            return await state.run(work, PATIENCE)
        except StateError as error:
            message = error.message.replace("state database", "audit's database")
            raise GatewayError(message, code="AUDIT_UNAVAILABLE", hint=error.hint) from error
        finally:
            await state.close()

    return asyncio.run(run())
