"""Where an issuer's public keys come from: a file, a URL, or the gateway itself; kept fresh, and kept when it fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import aiohttp

from gateway import jwks
from gateway.jwks import Key
from resolvers.identity import url_mistake

log = logging.getLogger(__name__)

UNKNOWN_EVERY = 30.0  # s between two looks for a kid that is not known
EMPTY_EVERY = 5.0  # s between two tries while no set was ever read
FRESH = 600.0  # s after which a set is fetched anew without being asked, so that a withdrawn key goes
FILE_EVERY = 1.0  # s between two looks at a file's date
DEADLINE = 5.0  # s for one fetch, everything included

Clock = Callable[[], float]


class KeySet(Protocol):
    """The public keys of one issuer, as published now."""

    async def find(self, kid: str) -> tuple[Key, ...]:
        """The keys of that name, after a look at the source if there is none and a look is due."""

    def holds(self, key: Key) -> bool:
        """Whether a key is still published; never waits."""


class Held:
    """The keys last read."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._by_kid: dict[str, tuple[Key, ...]] = {}
        self._thumbprints: frozenset[str] = frozenset()
        self.replace(keys)

    def replace(self, keys: Iterable[Key]) -> None:
        by_kid: dict[str, tuple[Key, ...]] = {}
        for key in keys:
            by_kid[key.kid] = (*by_kid.get(key.kid, ()), key)
        self._by_kid = by_kid
        self._thumbprints = frozenset(key.thumbprint for found in by_kid.values() for key in found)

    def get(self, kid: str) -> tuple[Key, ...]:
        return self._by_kid.get(kid, ())

    def holds(self, key: Key) -> bool:
        return key.thumbprint in self._thumbprints


class FixedKeys:
    """Keys that cannot change while the process runs: the gateway's own."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._held = Held(keys)

    async def find(self, kid: str) -> tuple[Key, ...]:
        return self._held.get(kid)

    def holds(self, key: Key) -> bool:
        return self._held.holds(key)


class FileKeys:
    """A JWKS file. Read anew when it changed; a broken or missing one leaves the keys that were known."""

    def __init__(self, path: Path, algorithms: Iterable[str], clock: Clock = time.monotonic) -> None:
        self._path = path
        self._algorithms = tuple(algorithms)
        self._clock = clock
        self._held = Held()
        self._looked = float("-inf")
        self._seen: tuple[int, ...] | None = None
        self._complaint = ""
        self._look()

    async def find(self, kid: str) -> tuple[Key, ...]:
        self._look()
        return self._held.get(kid)

    def holds(self, key: Key) -> bool:
        self._look()
        return self._held.holds(key)

    def _look(self) -> None:
        # Not on a thread: a local file of a few kB, and only when it changed.
        now = self._clock()
        if now - self._looked < FILE_EVERY:
            return
        self._looked = now
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen == self._seen:
                return
            self._seen = seen
            if stat.st_size > jwks.MAX_BYTES:
                raise ValueError(f"larger than {jwks.MAX_BYTES} bytes")
            self._held.replace(jwks.keys(self._path.read_bytes(), self._algorithms))
            self._complaint = ""
        except (OSError, ValueError) as error:
            if str(error) != self._complaint:  # once, not every second
                log.error("keys in %s cannot be read, those known stay: %s", self._path, error)
            self._complaint = str(error)


class UrlKeys:
    """A JWKS URL. Fetched on first use, on an unknown kid, and now and then; while it fails, the keys known stay."""

    def __init__(
        self,
        url: str,
        algorithms: Iterable[str],
        session: Callable[[], aiohttp.ClientSession],
        clock: Clock = time.monotonic,
    ) -> None:
        self._url = url
        self._algorithms = tuple(algorithms)
        self._session = session
        self._clock = clock
        self._held = Held()
        self._tried = self._fetched = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> tuple[Key, ...]:
        if found := self._held.get(kid):
            self._freshen()
            return found
        never = self._fetched == float("-inf")
        if self._flight is None and self._clock() - self._tried >= (EMPTY_EVERY if never else UNKNOWN_EVERY):
            self._start()
        if self._flight is not None:
            # Shared by all who wait: a caller that goes away does not end it for the others.
            await asyncio.wait({self._flight})
        return self._held.get(kid)

    def holds(self, key: Key) -> bool:
        self._freshen()
        return self._held.holds(key)

    async def close(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    def _freshen(self) -> None:
        now = self._clock()
        if self._flight is None and now - self._fetched >= FRESH and now - self._tried >= UNKNOWN_EVERY:
            self._start()

    def _start(self) -> None:
        self._tried = self._clock()
        self._flight = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            self._held.replace(jwks.keys(await fetch(self._session(), self._url), self._algorithms))
            self._fetched = self._clock()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.error("keys at %s cannot be fetched, those known stay: %s", self._url, error or type(error).__name__)
        finally:
            self._flight = None


def session() -> aiohttp.ClientSession:
    """An HTTP client that carries nothing from one issuer to another."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None),  # `fetch` has one of its own
    )


async def fetch(client: aiohttp.ClientSession, url: str) -> bytes:
    """The text at a URL that may be asked (`url_mistake`), of at most `jwks.MAX_BYTES`; redirects are not followed.

    ValueError, OSError, TimeoutError or aiohttp.ClientError where there is none.
    """
    if mistake := url_mistake(url):
        raise ValueError(mistake)
    async with asyncio.timeout(DEADLINE), client.get(url, allow_redirects=False) as answer:
        if answer.status != 200:
            raise ValueError(f"HTTP status {answer.status}")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise ValueError("a compressed answer")
        text = b""
        async for chunk in answer.content.iter_any():
            text += chunk
            if len(text) > jwks.MAX_BYTES:
                raise ValueError(f"larger than {jwks.MAX_BYTES} bytes")
        return text
