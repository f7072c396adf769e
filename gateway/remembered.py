"""Tokens that were found good, by the hash of their text, so that a signature is verified once and not per request."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from gateway.verification import Verified
from resolvers.viewer import Viewer

MOST = 10_000  # tokens


@dataclass(frozen=True, slots=True)
class Known:
    """A token that was found good. chosen: its viewer, by the purpose asked for."""

    verified: Verified
    chosen: dict[str, Viewer] = field(default_factory=dict)


class Remembered:
    """At most so many tokens. A partner that brings very many pushes out its own, not those of others."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[bytes, Known] = {}
        self._of_partner: dict[str, OrderedDict[bytes, None]] = {}  # oldest first

    def __len__(self) -> int:
        return len(self._known)

    def get(self, digest: bytes) -> Known | None:
        """The token of this hash, while it has not expired and its key is still published."""
        known = self._known.get(digest)
        if known is None:
            return None
        verified = known.verified
        if verified.expires > time.time() and verified.published.holds(verified.key):
            return known
        self._forget(digest)
        return None

    def put(self, digest: bytes, verified: Verified) -> Known:
        """Remember a token."""
        if digest in self._known:  # verified twice at the same time
            self._forget(digest)
        while len(self._known) >= self._most:
            most = max(self._of_partner.values(), key=len)
            self._forget(next(iter(most)))
        known = self._known[digest] = Known(verified)
        self._of_partner.setdefault(verified.viewer.partner, OrderedDict())[digest] = None
        return known

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._of_partner.clear()

    def _forget(self, digest: bytes) -> None:
        partner = self._known.pop(digest).verified.viewer.partner
        order = self._of_partner[partner]
        del order[digest]
        if not order:
            del self._of_partner[partner]
