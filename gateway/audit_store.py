"""Where the audit is kept: chains of entries that are only ever added to, their signed heads, and what finds them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit_seal import SHORT, Seal, canonical
from gateway.audit_time import micros
from resolvers.access_log import Place

METADATA = MetaData()
NOTHING = "0" * 64  # what the first entry of a chain follows
PAGE = 1_000  # entries that are read at once

ENTRIES = Table(
    "audit_entries",
    METADATA,
    Column("chain", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
# kind: "head", or "cut" where everything up to there was deleted because it was old enough.
HEADS = Table(
    "audit_heads",
    METADATA,
    Column("chain", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(4), primary_key=True),
    Column("at", BigInteger, nullable=False),  # Unix microseconds
    Column("body", Text, nullable=False),
)
# What follows only finds entries: whatever it says is in them.
READS = Table(
    "audit_reads",
    METADATA,
    Column("chain", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("provider", String(255), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("id", String(16), nullable=False),
    Index("audit_reads_of", "provider", "at", "id"),
    sqlite_with_rowid=False,
)
RECORDS = Table(
    "audit_records",
    METADATA,
    Column("record", String(2 * SHORT), primary_key=True),
    Column("chain", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Index("audit_records_at", "chain", "seq"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain. hash: of the entry there."""

    chain: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it lies in the store."""

    chain: str
    seq: int
    body: str
    hash: str


def chained(tail: Link, told: Sequence[Mapping[str, Any]]) -> tuple[list[Stored], Link]:
    """Entries in their places after a tail, and the new tail. A hash is the SHA-256 of an entry's canonical JSON."""
    found = []
    for each in told:
        body = canonical({**each, "chain": tail.chain, "seq": tail.seq + 1, "prev": tail.hash})
        tail = Link(tail.chain, tail.seq + 1, hashlib.sha256(body).hexdigest())
        found.append(Stored(tail.chain, tail.seq, body.decode(), tail.hash))
    return found, tail


def read_id(chain: str, seq: int, place: int) -> str:
    """What tells one read apart from all others, and says nothing of how many there are."""
    return hashlib.sha256(f"{chain} {seq} {place}".encode()).hexdigest()[:16]


def rows_of(stored: Sequence[Stored], told: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any], list[Any]]:
    """What entries are in ENTRIES, READS and RECORDS, in the order of their columns. told: what they say."""
    reads: list[Any] = []
    records: list[Any] = []
    for entry, each in zip(stored, told, strict=True):
        at = micros(each["at"])
        for place, read in enumerate(each.get("reads", ())):
            where = entry.chain, entry.seq, place
            reads.append((*where, read["partner"], at, read_id(*where)))
            records += [(record, *where) for record in read.get("records", ())]
    return [(e.chain, e.seq, e.body, e.hash) for e in stored], reads, records


async def append(connection: AsyncConnection, stored: Sequence[Stored], told: Sequence[Mapping[str, Any]]) -> None:
    """Add entries. told: what they say, in the same order."""
    for table, rows in zip((ENTRIES, READS, RECORDS), rows_of(stored, told), strict=True):
        if rows:
            names = table.columns.keys()
            await connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])


async def tail(connection: AsyncConnection, chain: str) -> Link:
    """Where a chain ends; before its first entry where it has none."""
    statement = select(ENTRIES.c.seq, ENTRIES.c.hash).where(ENTRIES.c.chain == chain)
    row = (await connection.execute(statement.order_by(ENTRIES.c.seq.desc()).limit(1))).first()
    return Link(chain, 0, NOTHING) if row is None else Link(chain, row[0], row[1])


async def tails(connection: AsyncConnection) -> list[Link]:
    """Where every chain ends that has an entry left, in order of chain."""
    last = select(ENTRIES.c.chain, func.max(ENTRIES.c.seq).label("seq")).group_by(ENTRIES.c.chain).subquery()
    statement = select(ENTRIES.c.chain, ENTRIES.c.seq, ENTRIES.c.hash).join(
        last, and_(ENTRIES.c.chain == last.c.chain, ENTRIES.c.seq == last.c.seq)
    )
    return [Link(*row) for row in await connection.execute(statement.order_by(ENTRIES.c.chain))]


async def heads(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every signed head and cut, in order of chain and place."""
    statement = select(HEADS.c.body).order_by(HEADS.c.chain, HEADS.c.seq, HEADS.c.kind)
    return [orjson.loads(row[0]) for row in await connection.execute(statement)]


async def sign_tails(connection: AsyncConnection, seal: Seal, at: int, text: str) -> list[dict[str, Any]]:
    """Sign where each chain ends now, where it did not end there before. at, text: the time, in both forms."""
    known = {row[0]: row[1] for row in await connection.execute(_last_heads())}
    ended = [link for link in await tails(connection) if link.seq > known.get(link.chain, 0)]
    return [await _sign(connection, seal, "head", link, at, text) for link in ended]


def _last_heads() -> Any:
    return select(HEADS.c.chain, func.max(HEADS.c.seq)).group_by(HEADS.c.chain)


async def _sign(connection: AsyncConnection, seal: Seal, kind: str, link: Link, at: int, text: str) -> dict[str, Any]:
    told = seal.sign({"kind": kind, "chain": link.chain, "seq": link.seq, "hash": link.hash, "at": text})
    row = {"chain": link.chain, "seq": link.seq, "kind": kind, "at": at, "body": canonical(told).decode()}
    await connection.execute(HEADS.insert(), [row])
    return told


async def prune(connection: AsyncConnection, seal: Seal, before: int, at: int, text: str) -> int:
    """Delete what is older than a moment: of each chain all entries up to its last head that was signed before it.

    What is left says so: the place is signed as a cut, from which the rest of the chain can be verified. The number of
    entries that went.
    """
    statement = (
        select(HEADS.c.chain, func.max(HEADS.c.seq))
        .where(HEADS.c.kind == "head", HEADS.c.at < before)
        .group_by(HEADS.c.chain)
    )
    gone = 0
    for chain, seq in (await connection.execute(statement)).all():
        here = and_(HEADS.c.chain == chain, HEADS.c.seq == seq)
        if (await connection.execute(select(HEADS.c.seq).where(here, HEADS.c.kind == "cut"))).first() is not None:
            continue
        body = (await connection.execute(select(HEADS.c.body).where(here, HEADS.c.kind == "head"))).scalar_one()
        await connection.execute(delete(HEADS).where(HEADS.c.chain == chain, HEADS.c.seq <= seq))
        await _sign(connection, seal, "cut", Link(chain, seq, orjson.loads(body)["hash"]), at, text)
        for table in (RECORDS, READS, ENTRIES):
            found = await connection.execute(delete(table).where(table.c.chain == chain, table.c.seq <= seq))
            if table is ENTRIES:
                gone += found.rowcount
    return gone


async def entries(connection: AsyncConnection, chain: str, after: int = 0) -> AsyncIterator[Stored]:
    """The entries of a chain in order, some at a time."""
    while True:
        statement = select(ENTRIES).where(ENTRIES.c.chain == chain, ENTRIES.c.seq > after)
        rows = (await connection.execute(statement.order_by(ENTRIES.c.seq).limit(PAGE))).all()
        for row in rows:
            yield Stored(*row)
        if len(rows) < PAGE:
            return
        after = rows[-1][1]


async def hash_at(connection: AsyncConnection, chain: str, seq: int) -> str | None:
    """The hash of an entry, if it is there."""
    statement = select(ENTRIES.c.hash).where(ENTRIES.c.chain == chain, ENTRIES.c.seq == seq)
    return (await connection.execute(statement)).scalar_one_or_none()


async def indexed(connection: AsyncConnection, chain: str, low: int, high: int) -> tuple[set[Any], set[Any]]:
    """What finds the entries of a part of a chain: (seq, place, provider, at, id), and (seq, place, record)."""
    r, k = READS.c, RECORDS.c
    reads = select(r.seq, r.place, r.provider, r.at, r.id).where(r.chain == chain, r.seq.between(low, high))
    records = select(k.seq, k.place, k.record).where(k.chain == chain, k.seq.between(low, high))
    found = [{tuple(row) for row in (await connection.execute(one)).all()} for one in (reads, records)]
    return found[0], found[1]


async def accesses(
    connection: AsyncConnection, provider: str, record: str | None, after: Place | None, limit: int
) -> list[tuple[Place, dict[str, Any], dict[str, Any]]]:
    """Reads of what a provider holds, newest first: where each stands, the entry, and its part that is the read."""
    r, k = READS.c, RECORDS.c
    statement = select(r.at, r.id, r.place, ENTRIES.c.body).join(
        ENTRIES, and_(ENTRIES.c.chain == r.chain, ENTRIES.c.seq == r.seq)
    )
    statement = statement.where(r.provider == provider)
    if record is not None:
        same = and_(k.chain == r.chain, k.seq == r.seq, k.place == r.place)
        statement = statement.join(RECORDS, same).where(k.record == record)
    if after is not None:
        statement = statement.where(or_(r.at < after.at, and_(r.at == after.at, r.id < after.id)))
    statement = statement.order_by(r.at.desc(), r.id.desc()).limit(limit)
    found = []
    for at, id_, place, body in (await connection.execute(statement)).all():
        entry = orjson.loads(body)
        found.append((Place(at, id_), entry, entry["reads"][place]))
    return found
