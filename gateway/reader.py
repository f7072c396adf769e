"""New texts are read one at a time, in turn for each partner, and each partner pays for its own."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable

from gateway.documents import Document, Documents
from gateway.limits import Limits, exceeded
from resolvers.errors import RequestError

HINT = "Send few texts again and again, with variables for what differs: a text that is known costs nothing."
Clock = Callable[[], float]


class Purse:
    """The processor time that one partner's new texts may still take, in seconds; it fills up as time goes by.

    It may be overdrawn by one text, since nobody knows what a text costs before it is read.
    """

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, limits: Limits, now: float) -> None:
        self._rate = limits.new_texts / 1000
        self._most = self._left = limits.new_texts_saved
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until it holds something again; 0 while it does."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._left > 0 else -self._left / self._rate + 0.001

    def pay(self, seconds: float) -> None:
        self._left -= seconds


class Reader:
    """Reads texts that are not known yet.

    Between two of them the event loop does whatever else is to be done. clock, used: seconds that went by, and
    seconds of processor time of this thread.
    """

    def __init__(
        self, documents: Documents, limits: Limits, clock: Clock = time.monotonic, used: Clock = time.thread_time
    ) -> None:
        self._documents = documents
        self._limits = limits
        self._clock = clock
        self._used = used
        self._purses: dict[str, Purse] = {}
        self._waiting: dict[str, deque[tuple[str, bool, asyncio.Future[Document]]]] = {}
        self._work: asyncio.Task[None] | None = None

    async def read(self, partner: str, text: str, *, trusted: bool = False) -> Document:
        """The document of a text that a caller of `partner` sends. RequestError where the partner has no time left.

        trusted: it stands in the partner's manifest; it takes its turn like any other, and costs the partner nothing.
        """
        if not trusted:
            self._check(partner)
        wanted: asyncio.Future[Document] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(partner, deque()).append((text, trusted, wanted))
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        return await wanted

    async def _run(self) -> None:
        while self._waiting:
            partner = next(iter(self._waiting))
            queue = self._waiting.pop(partner)
            text, trusted, wanted = queue.popleft()
            if queue:
                self._waiting[partner] = queue  # behind the others
            if not wanted.done() and self._answer(partner, text, wanted, trusted):
                await asyncio.sleep(0)
        self._work = None

    def _answer(self, partner: str, text: str, wanted: asyncio.Future[Document], trusted: bool) -> bool:
        """Whether it took work: meanwhile the text may have been read for another caller, or the purse be empty."""
        if known := self._documents.known(text):
            wanted.set_result(known)
            return False
        try:
            if not trusted:
                self._check(partner)
        except RequestError as refusal:
            wanted.set_exception(refusal)
            return False
        began = self._used()
        try:
            wanted.set_result(self._documents.read(text))
        except Exception as error:
            wanted.set_exception(error)
        if not trusted:
            self._purses[partner].pay(self._used() - began)
        return True

    def _check(self, partner: str) -> None:
        now = self._clock()
        purse = self._purses.get(partner)
        if purse is None:
            purse = self._purses[partner] = Purse(self._limits, now)
        if wait := purse.wait(now):
            what = "Too many new texts, in milliseconds of reading them in each second"
            refused = exceeded("TOO_MANY_NEW_DOCUMENTS", "new_texts", self._limits.new_texts, what, status=429)
            refused.hint = HINT
            refused.headers = {"Retry-After": str(math.ceil(wait))}
            raise refused
