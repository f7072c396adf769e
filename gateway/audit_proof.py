"""Whether the audit is as it was written: what does not hold, and where each chain breaks first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import audit_store
from gateway.audit_seal import signed
from gateway.audit_store import NOTHING, PAGE, Stored, read_id
from gateway.audit_time import micros


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain breaks first, and how."""

    chain: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and what is broken: of each chain its first broken entry, in order of chain."""

    chains: int
    entries: int
    heads: int
    broken: tuple[Broken, ...]


@dataclass(slots=True)
class _Chain:
    """What is known of a chain apart from its entries. heads: hashes that were signed, by place, and where; named:
    those that later chains name."""

    cut: int = 0
    cut_hash: str = NOTHING
    heads: dict[int, tuple[str, str]] = field(default_factory=dict)
    named: dict[int, tuple[str, str]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)


async def prove(connection: AsyncConnection, public: str, kept: Iterable[Mapping[str, Any]] = ()) -> Proof:
    """Verify every chain. public: the gateway's key of signatures. kept: heads that somebody kept elsewhere."""
    chains: dict[str, _Chain] = {}
    count = 0
    for source, heads in (("the store", await audit_store.heads(connection)), ("the kept heads", kept)):
        for head in heads:
            count += 1
            _take(chains, head, public, source)
    for link in await audit_store.tails(connection):
        chains.setdefault(link.chain, _Chain())
    looked = 0
    for name in sorted(chains):
        looked += await _walk(connection, name, chains)
    await _ends(connection, chains)
    broken = [min(chains[name].broken, key=lambda one: one.seq) for name in sorted(chains) if chains[name].broken]
    return Proof(len(chains), looked, count, tuple(broken))


def _take(chains: dict[str, _Chain], head: Mapping[str, Any], public: str, source: str) -> None:
    try:
        name, seq, hash_, kind = str(head["chain"]), int(head["seq"]), str(head["hash"]), head["kind"]
    except (KeyError, TypeError, ValueError):
        chains.setdefault("", _Chain()).broken.append(Broken("", 0, f"{source} have something that is no head"))
        return
    chain = chains.setdefault(name, _Chain())
    if not signed(head, public):
        chain.broken.append(Broken(name, seq, f"a head in {source} is not signed by this gateway's key"))
        return
    if kind == "cut":
        if seq > chain.cut:
            chain.cut, chain.cut_hash = seq, hash_
        return
    known = chain.heads.setdefault(seq, (hash_, source))
    if known[0] != hash_:
        chain.broken.append(Broken(name, seq, "two heads were signed of different entries"))


async def _walk(connection: AsyncConnection, name: str, chains: dict[str, _Chain]) -> int:
    """Look at the entries of one chain up to the first that does not hold; how many that were."""
    chain = chains[name]
    if chain.cut in chain.heads and chain.heads[chain.cut][0] != chain.cut_hash:
        chain.broken.append(Broken(name, chain.cut, "two heads were signed of different entries"))
    seq, previous = chain.cut, chain.cut_hash
    page: list[Stored] = []
    async for entry in audit_store.entries(connection, name):
        if entry.seq <= chain.cut:
            chain.broken.append(Broken(name, entry.seq, "it was deleted once, and stands there again"))
            return seq - chain.cut
        what = _wrong(entry, name, seq + 1, previous)
        if what is None and (said := chain.heads.get(entry.seq)) is not None and said[0] != entry.hash:
            what = entry.seq, f"it is not the one that was signed ({said[1]})"
        if what is not None:
            chain.broken.append(Broken(name, *what))
            await _found(connection, page, chain)
            return seq - chain.cut
        seq, previous = entry.seq, entry.hash
        page.append(entry)
        _follow(chains, name, entry)
        if len(page) == PAGE:
            await _found(connection, page, chain)
            page = []
    await _found(connection, page, chain)
    last = max(chain.heads, default=0)
    if last > seq:
        who = chain.heads[last][1]
        chain.broken.append(Broken(name, seq + 1, f"it is missing: the chain was signed up to {last} ({who})"))
    return seq - chain.cut


def _wrong(entry: Stored, chain: str, expected: int, previous: str) -> tuple[int, str] | None:
    if entry.seq != expected:
        return expected, "it is missing"
    try:
        said = orjson.loads(entry.body)
        place, before = (said["chain"], said["seq"]), said["prev"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return entry.seq, "it was changed: it is no entry"
    if hashlib.sha256(entry.body.encode()).hexdigest() != entry.hash:
        return entry.seq, "it was changed: it does not have its hash"
    if place != (chain, entry.seq):
        return entry.seq, f"it was written as entry {place[1]} of {place[0]}: entries were moved"
    if before != previous:
        if expected == 1:
            return entry.seq, "it was changed: a chain begins with nothing before it"
        return entry.seq - 1, "it was changed: the next entry follows another one"
    return None


def _follow(chains: dict[str, _Chain], name: str, entry: Stored) -> None:
    """An entry that begins a chain says where others ended then."""
    if entry.seq != 1:
        return
    for other, seq, hash_ in orjson.loads(entry.body).get("follows", ()):
        chains.setdefault(other, _Chain()).named.setdefault(seq, (hash_, f"chain {name}"))


async def _ends(connection: AsyncConnection, chains: dict[str, _Chain]) -> None:
    """What chains say of those before them, which were walked already."""
    for name in sorted(chains):
        chain = chains[name]
        for seq in sorted(seq for seq in chain.named if seq > chain.cut):
            hash_, who = chain.named[seq]
            there = await audit_store.hash_at(connection, name, seq)
            if there is None:
                chain.broken.append(Broken(name, seq, f"it is missing: {who} names it"))
            elif there != hash_:
                chain.broken.append(Broken(name, seq, f"it is not the one that {who} names"))


async def _found(connection: AsyncConnection, page: Sequence[Stored], chain: _Chain) -> None:
    """Whether what finds entries says what they say: else the account would leave something out."""
    if not page:
        return
    reads: set[Any] = set()
    records: set[Any] = set()
    for entry in page:
        said = orjson.loads(entry.body)
        for place, read in enumerate(said.get("reads", ())):
            id_ = read_id(entry.chain, entry.seq, place)
            reads.add((entry.seq, place, read["partner"], micros(said["at"]), id_))
            records.update((entry.seq, place, record) for record in read.get("records", ()))
    there = await audit_store.indexed(connection, page[0].chain, page[0].seq, page[-1].seq)
    different = sorted(one[0] for mine, found in zip((reads, records), there, strict=True) for one in mine ^ found)
    if different:
        chain.broken.append(Broken(page[0].chain, different[0], "what the account finds it by was changed"))
