"""Who is answered now and who waits: a bounded number of operations at once, shared fairly between partners."""

from __future__ import annotations

import asyncio
from collections import deque

from gateway.limits import Limits, exceeded
from resolvers.errors import RequestError

RETRY = {"Retry-After": "1"}


class Turns:
    """The turns of one event loop.

    While there is room an operation gets its turn at once. Otherwise it waits; of the partners that wait, the one with
    the fewest operations under way comes next. One partner alone never has all turns, so that others find one. Where
    too many wait, the latest of the partner with the most of them is refused.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._share = min(limits.share, limits.concurrent)
        self._free = limits.concurrent
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._queued = 0

    def take(self, partner: str) -> bool:
        """Take a turn for an operation of a partner, if there is one."""
        running = self._running.get(partner, 0)
        # Whoever waits while a turn is free has as many as it may have.
        if self._free and running < self._share:
            self._free -= 1
            self._running[partner] = running + 1
            return True
        return False

    async def wait(self, partner: str) -> None:
        """Wait for a turn. RequestError OVERLOADED or TOO_MANY_REQUESTS where too many wait."""
        if self._queued >= self._limits.waiting:
            self._make_room(partner)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(partner, deque()).append(turn)
        self._queued += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(partner, turn)
            elif turn.exception() is None:
                self.leave(partner)  # it came in the moment in which nobody wanted it any more
            raise

    def leave(self, partner: str) -> None:
        """An operation of a partner is answered."""
        self._free += 1
        left = self._running[partner] - 1
        if left:
            self._running[partner] = left
        else:
            del self._running[partner]
        while self._queued and self._free and (following := self._following()) is not None:
            queue = self._waiting.pop(following)
            turn = queue.popleft()
            self._queued -= 1
            if queue:
                self._waiting[following] = queue  # behind the others
            if not turn.done():
                self.take(following)
                turn.set_result(None)

    def _following(self) -> str | None:
        """The partner whose turn it is."""
        fewest, found = self._share, None
        for partner in self._waiting:
            running = self._running.get(partner, 0)
            if running < fewest:
                fewest, found = running, partner
        return found

    def _forget(self, partner: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(partner)
        if queue and turn in queue:
            queue.remove(turn)
            self._queued -= 1
            if not queue:
                del self._waiting[partner]

    def _make_room(self, partner: str) -> None:
        """Refuse the latest of the partner that waits most; RequestError where it is this one that is too much."""
        mine = len(self._waiting.get(partner, ()))
        greedy = max(self._waiting, key=lambda each: len(self._waiting[each]))
        if len(self._waiting[greedy]) > mine + 1:
            latest = self._waiting[greedy].pop()
            self._queued -= 1
            if not latest.done():
                latest.set_exception(self._too_many())
            return
        others = (self._waiting.keys() | self._running.keys()) - {partner}
        if any(len(self._waiting.get(each, ())) < mine for each in others):
            raise self._too_many()
        what = "The gateway has as many operations waiting as it takes"
        refused = exceeded("OVERLOADED", "waiting", self._limits.waiting, what, status=503)
        refused.headers = dict(RETRY)
        raise refused

    def _too_many(self) -> RequestError:
        what = "More operations of the partner wait than its share of what the gateway takes"
        refused = exceeded("TOO_MANY_REQUESTS", "waiting", self._limits.waiting, what, status=429)
        refused.headers = dict(RETRY)
        return refused
