"""The live API keys in memory: a request costs no database call, a revocation by any process is noticed at once."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import keys
from gateway.keys import ApiKey
from gateway.state import State, StateError

log = logging.getLogger(__name__)

# "At once" is half a second: no key whose revocation was committed longer ago is taken, while the database answers.
LOOK_EVERY = 0.5  # s between two looks at the revision while requests come
UNKNOWN_EVERY = 0.05  # s between two looks for a key that is not known, so that a new key works at once
WHOLE_EVERY = 60.0  # s between two readings of everything: for changes made by hand in the database
PATIENCE = 0.5  # s that a request waits for a look while there are keys in memory
DOWN_FOR = 5.0  # s that the database is taken to be down for, after a look that found it so
GRACE = 86400.0  # s that keys in memory are good while the database does not answer


@dataclass(frozen=True, slots=True)
class _Read:
    """The keys at one moment (monotonic seconds): when read whole, when last found unchanged."""

    revision: tuple[int, int]
    live: Mapping[str, ApiKey]
    whole: float
    confirmed: float


class Keyring:
    """Verifies API keys. With the state database down, keys that were live when it was last seen go on working."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._read: _Read | None = None
        self._looked = float("-inf")
        self._down = False
        self._hopeful = True
        self._flight: asyncio.Task[None] | None = None

    async def find(self, text: str) -> ApiKey | None:
        """The key of this text if it is live, else None."""
        parts = keys.parse(text)
        if parts is None:
            return None
        identifier, secret = parts
        await self._look(LOOK_EVERY)
        key = self._live().get(identifier)
        if key is None:
            await self._look(UNKNOWN_EVERY)
            key = self._live().get(identifier)
        # Compared in constant time, also where there is nothing to compare with.
        same = hmac.compare_digest(keys.digest(secret), key.hash if key else bytes(32))
        return key if key is not None and same and key.condition(time.time()) == "live" else None

    async def close(self) -> None:
        """End a look that is under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    def _live(self) -> Mapping[str, ApiKey]:
        if self._read is None or time.monotonic() - self._read.confirmed > GRACE:
            return {}
        return self._read.live

    async def _look(self, every: float) -> None:
        """Come back with keys that were live at most `every` seconds ago, or as good as can be had soon."""
        now = time.monotonic()
        if self._read is not None and now - self._read.confirmed < every:
            return
        if self._flight is None and (not self._down or now - self._looked >= LOOK_EVERY):
            self._hopeful = not self._down or now - self._looked > DOWN_FOR
            self._looked = now
            self._flight = asyncio.create_task(self._refresh(now))
        if self._flight is None:
            return
        if self._read is None:
            await asyncio.wait({self._flight})
        elif self._hopeful:  # else nobody waits: the look that finds the database back is made on the side
            _, late = await asyncio.wait({self._flight}, timeout=PATIENCE)
            if late:
                self._hopeful = False
                self._fell("no answer")

    async def _refresh(self, now: float) -> None:
        known = self._read

        async def work(connection: AsyncConnection) -> _Read:
            revision = await keys.revision(connection)
            if known is not None and known.revision == revision and now - known.whole < WHOLE_EVERY:
                return replace(known, confirmed=now)
            return _Read(revision, await keys.live(connection), whole=now, confirmed=now)

        try:
            self._read = await self._state.run(work)
            if self._down:
                log.warning("the state database answers again")
            self._down = False
        except StateError as error:
            self._fell(error.message)
        finally:
            self._flight = None

    def _fell(self, reason: str) -> None:
        if not self._down:
            log.error("the state database is down, API keys are verified from memory: %s", reason)
        self._down = True
