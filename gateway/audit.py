"""The audit of a running gateway: who was answered what, written off the path of requests, never silently lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import audit_store
from gateway.audit_entry import Answered, Scribe, is_personal
from gateway.audit_seal import Seal
from gateway.audit_settings import AuditSettings
from gateway.audit_store import METADATA, NOTHING, Link
from gateway.audit_time import micros, moment
from gateway.audit_writer import writer_of
from gateway.documents import Document
from gateway.state import State, StateError
from resolvers.access_log import Accessed, Place
from resolvers.context import Context
from resolvers.errors import RequestError

log = logging.getLogger("gateway")

PAUSE = 0.25  # s that an entry nobody waits for may wait for others
BATCH = 500  # entries that are committed together
DEADLINE = 3.0  # s for one commit
RETRY = 1.0  # s after which a store that failed is tried again
BACKLOG = 100_000  # rows not yet looked at, beyond which answers wait for the writer
FOLLOWED = 20  # chains whose ends a new chain names


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An entry that is to be kept, and who waits for it."""

    told: dict[str, Any]
    future: asyncio.Future[None] | None


class Audit:
    """One chain of entries: this process's. Nothing is opened before there is something to write or to read."""

    def __init__(self, settings: AuditSettings, secret: bytes) -> None:
        self._settings = settings
        self._seal = Seal(secret)
        self._scribe = Scribe(self._seal)
        self._state = State(settings.url, METADATA, "audit.url", durable=True)
        self._writer = writer_of(self._state)
        now = datetime.now(UTC)
        self._tail = Link(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}", 0, NOTHING)
        self._answered: deque[Answered] = deque()
        self._waiting: deque[_Waiting] = deque()
        self._rows = 0
        self._lost = 0
        # Where commits led to of which nobody knows whether they were made: how many of those that still wait were in
        # them, and how many lost ones they told.
        self._unsure: dict[Link, tuple[int, int]] = {}
        self._down: str | None = None  # since when the store is
        self._wake = asyncio.Event()
        self._noted = 0
        self._flushes: list[tuple[int, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._signed = time.monotonic()

    # while requests are answered --------------------------------------------------------------------------------------

    def note(
        self, context: Context, document: Document, operation: str | None, request: str
    ) -> asyncio.Future[None] | None:
        """Take note of an operation before its answer is sent. What is returned is to be waited for first: it ends when
        the entry is kept, with RequestError AUDIT_UNAVAILABLE where it cannot be."""
        personal = is_personal(context)
        if personal and self._down is not None:  # the writer sees when the store is back: nobody else waits for it
            raise _unavailable()
        if len(self._answered) + len(self._waiting) >= self._settings.buffer:
            if personal:
                raise _unavailable()
            self._lose()
            return None
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] | None = loop.create_future() if personal else None
        first = not self._answered
        self._answered.append(Answered(context, document, operation, request, future))
        self._noted += 1
        if self._task is None:
            self._task = loop.create_task(self._write())
        for _, _, rows in context.seen:
            self._rows += len(rows)
        if personal or self._rows > BACKLOG or len(self._answered) >= BATCH:
            self._wake.set()
        elif first:
            loop.call_later(PAUSE, self._wake.set)
        if self._rows > BACKLOG and future is None:
            return asyncio.ensure_future(self._caught_up())
        return future

    async def flush(self) -> None:
        """Wait until all that was noted so far is kept. RequestError AUDIT_UNAVAILABLE where it cannot be."""
        if not self._answered and not self._waiting:
            return
        future = asyncio.get_running_loop().create_future()
        self._flushes.append((self._noted, future))
        self._wake.set()
        await future

    async def accesses(
        self, provider: str, record: tuple[str, str] | None, after: Place | None, limit: int
    ) -> Sequence[Accessed]:
        """See `AccessLog`."""
        await self.flush()
        digest = None if record is None else self._seal.record(*record)
        try:
            found = await self._state.run(lambda c: audit_store.accesses(c, provider, digest, after, limit), DEADLINE)
        except StateError as error:
            raise _unavailable() from error
        return [accessed(*each) for each in found]

    async def close(self) -> None:
        """Write what waits, sign the end of the chain, and end."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
            if self._waiting or self._lost:
                log.error("audit: %d entries are lost: the store is down", len(self._waiting) + self._lost)
            if self._tail.seq:
                await self._sign()
        if self._writer is not None:
            await self._writer.close()
        await self._state.close()

    async def _caught_up(self) -> None:
        with contextlib.suppress(RequestError):
            await self.flush()

    # beside them ------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._until_next())
            self._wake.clear()
            while self._answered or self._waiting or self._down is not None or (self._lost and self._closing):
                for _ in range(min(BATCH, len(self._answered))):
                    await self._digest(self._answered[0])
                    self._answered.popleft()
                if not await self._commit():
                    break
            if self._closing:
                return
            if time.monotonic() - self._signed >= self._settings.heads and self._down is None:
                await self._sign()

    def _until_next(self) -> float:
        if self._closing:
            return 0.0
        if self._down is not None:
            return RETRY
        return max(0.0, self._signed + self._settings.heads - time.monotonic())

    async def _digest(self, answered: Answered) -> None:
        rows = sum(len(rows) for _, _, rows in answered.context.seen)
        try:
            told = await self._scribe.entry(answered)
        except Exception as error:  # an answer that nobody can account for is none
            log.exception("audit: no entry could be made of request %s", answered.request)
            if answered.future is None:
                self._lost += 1
            elif not answered.future.done():
                answered.future.set_exception(error)
        else:
            self._waiting.append(_Waiting(told, answered.future))
        self._rows -= rows

    async def _commit(self) -> bool:
        """Keep what waits, as far as it goes into one batch; whether that could be done. The short way is for entries
        that follow what is known to be there."""
        batch = list(islice(self._waiting, BATCH))
        ends: list[tuple[Link, int]] = []

        async def work(connection: AsyncConnection) -> None:
            done, told_lost, tail = 0, 0, self._tail
            if self._unsure:
                there = await audit_store.tail(connection, tail.chain)
                if there in self._unsure:
                    tail, (done, told_lost) = there, self._unsure[there]
            told = [one.told for one in batch[done:]]
            if self._lost > told_lost or self._down is not None:
                now = moment(datetime.now(UTC))
                told.insert(0, {"kind": "gap", "since": self._down, "at": now, "lost": self._lost - told_lost})
            if tail.seq == 0:
                told.insert(0, await _opening(connection))
            stored, end = audit_store.chained(tail, told)
            ends[:] = [(end, self._lost)]
            await audit_store.append(connection, stored, told)

        try:
            if self._writer is not None and self._tail.seq and not (self._unsure or self._lost or self._down):
                told = [one.told for one in batch]
                stored, end = audit_store.chained(self._tail, told)
                ends[:] = [(end, 0)]
                await self._state.bounded(self._writer.append(audit_store.rows_of(stored, told)), DEADLINE)
            else:
                await self._state.run(work, DEADLINE)
        except Exception as error:
            self._fail(error, ends, batch)
            return False
        [(self._tail, lost)] = ends
        self._unsure.clear()
        self._lost -= lost
        for one in batch:
            self._waiting.popleft()
            if one.future is not None and not one.future.done():
                one.future.set_result(None)
        if self._down is not None:
            self._down = None
            log.warning("audit: the store answers again%s", f"; {lost} entries were lost" if lost else "")
        self._end_flushes(None)
        return True

    def _fail(self, error: Exception, ends: Sequence[tuple[Link, int]], batch: Sequence[_Waiting]) -> None:
        """Refuse who waits; keep the rest for later."""
        if not isinstance(error, StateError):
            log.error("audit: entries cannot be kept", exc_info=error)
        elif self._down is None:
            why = error.hint or error.message
            log.error("audit: the store is down, answers with more than plain fields are refused: %s", why)
        self._down = self._down or moment(datetime.now(UTC))
        for end, lost in ends:  # without an answer it may have been made after all: then not twice
            self._unsure[end] = (sum(one.future is None for one in batch), lost)
        refused = [one.future for one in self._waiting if one.future is not None]
        self._waiting = deque(one for one in self._waiting if one.future is None)
        for future in refused:
            if not future.done():
                future.set_exception(_unavailable())
        self._end_flushes(_unavailable())

    def _end_flushes(self, error: Exception | None) -> None:
        kept = self._noted - len(self._answered) - len(self._waiting)
        left = []
        for number, future in self._flushes:
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            elif number <= kept:
                future.set_result(None)
            else:
                left.append((number, future))
        self._flushes = left

    def _lose(self) -> None:
        if self._lost == 0:
            log.error("audit: %d entries wait for the store, no more can: further ones are lost", len(self._waiting))
        self._lost += 1

    async def _sign(self) -> None:
        now = datetime.now(UTC)
        text, at = moment(now), micros(moment(now))
        before = micros(moment(now - timedelta(seconds=self._settings.retention)))

        async def work(connection: AsyncConnection) -> int:
            await audit_store.sign_tails(connection, self._seal, at, text)
            return await audit_store.prune(connection, self._seal, before, at, text)

        self._signed = time.monotonic()
        try:
            gone = await self._state.run(work, DEADLINE)
        except StateError as error:
            log.error("audit: the ends of the chains are not signed: %s", error.hint or error.message)
        else:
            if gone:
                log.info("audit: %d entries were older than the retention and are deleted", gone)


async def _opening(connection: AsyncConnection) -> dict[str, Any]:
    """What a chain begins with: where the last others end, so that none of them can vanish whole."""
    ends = (await audit_store.tails(connection))[-FOLLOWED:]
    return {
        "kind": "open",
        "at": moment(datetime.now(UTC)),
        "follows": [[link.chain, link.seq, link.hash] for link in ends],
    }


def accessed(place: Place, entry: dict[str, Any], read: dict[str, Any]) -> Accessed:
    """One read of an entry."""
    return Accessed(
        place=place,
        at=datetime.fromisoformat(entry["at"]),
        partner=entry["partner"],
        subject=entry["subject"],
        purpose=entry["purpose"],
        operation=entry["operation"]["name"],
        entity=read["entity"],
        fields=read["fields"],
        tested=read["tested"],
        rows=read["rows"],
        agreements=read["agreements"],
    )


def _unavailable() -> RequestError:
    return RequestError(
        "The audit cannot be written, and without it nothing personal is answered.",
        code="AUDIT_UNAVAILABLE",
        status=503,
        hint="Ask again later, or for plain fields only.",
        headers={"retry-after": "5"},
    )
