"""Who asks: one Authorization header, a token of a partner's identity provider or an API key, becomes a Viewer."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway import keys
from gateway.issuers import Issuers
from gateway.keyring import Keyring
from gateway.verification import RefusedError, Verified, verify
from resolvers.errors import RequestError
from resolvers.identity import Identity
from resolvers.viewer import Viewer

log = logging.getLogger(__name__)

MAX_CREDENTIAL = 16 * 1024  # bytes of the Authorization header
MAX_VERIFIED = 10_000  # tokens remembered

CHALLENGE = 'Bearer realm="partner-gateway"'
# RFC 9110 section 11.4 and RFC 6750 section 2.1: the scheme in any case, then one token68.
_BEARER = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)")


class Authenticator:
    """Turns headers into a Viewer, or into one of two refusals that never say more than they must."""

    def __init__(self, issuers: Issuers, keyring: Keyring | None = None) -> None:
        self._issuers = issuers
        self._keyring = keyring
        # By SHA-256 of the header, oldest first; with each, its viewer by the purpose asked for.
        self._verified: dict[bytes, tuple[Verified, dict[str, Viewer]]] = {}

    async def adopt(self, identities: Mapping[str, Identity | None]) -> None:
        """Take over the partners of a new catalog, by code: from now on only they, and only as it says."""
        await self._issuers.adopt(identities)
        self._verified.clear()

    async def close(self) -> None:
        """End what runs for the issuers. The keyring's database is not the authenticator's to close."""
        await self._issuers.close()

    async def authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> Viewer:
        """The caller of a request with these headers (ASGI form: lower-case names, raw values).

        Raises RequestError: UNAUTHENTICATED (401, with WWW-Authenticate as RFC 6750 section 3 asks), in the same words
        for every reason, or PURPOSE_REFUSED (403).
        """
        authorizations, purposes = [], []
        for name, value in headers:
            if name == b"authorization":
                authorizations.append(value)
            elif name == b"x-purpose":
                purposes.append(value)
        try:
            if len(authorizations) != 1:
                raise RefusedError(f"{len(authorizations)} Authorization headers")
            found, chosen = await self._viewer(authorizations[0])
        except RefusedError as reason:
            log.info("credential refused: %s", reason)
            raise _unauthenticated() from None
        purpose = _purpose(found, purposes)
        if purpose is None:
            return found
        viewer = chosen.get(purpose)
        if viewer is None:
            viewer = chosen[purpose] = replace(found, purpose=purpose)
        return viewer

    async def _viewer(self, authorization: bytes) -> tuple[Viewer, dict[str, Viewer]]:
        """The viewer of a credential, and the same with each of its purposes that was asked for before."""
        digest = hashlib.sha256(authorization).digest()
        known = self._verified.get(digest)
        if known is not None:
            verified = known[0]
            if verified.expires > time.time() and verified.published.holds(verified.key):
                return verified.viewer, known[1]
            del self._verified[digest]
        if len(authorization) > MAX_CREDENTIAL:
            raise RefusedError(f"{len(authorization)} bytes are too many")
        match = _BEARER.fullmatch(authorization)
        if match is None:
            raise RefusedError("not a bearer credential")
        if match[1].startswith(keys.PREFIX.encode()):
            return await self._of_key(match[1].decode()), {}
        verified = await verify(match[1], self._issuers)
        while len(self._verified) >= MAX_VERIFIED:
            del self._verified[next(iter(self._verified))]
        chosen: dict[str, Viewer] = {}
        self._verified[digest] = verified, chosen
        return verified.viewer, chosen

    async def _of_key(self, text: str) -> Viewer:
        key = await self._keyring.find(text) if self._keyring else None
        if key is None:
            raise RefusedError("an API key that is unknown, revoked or expired")
        if key.partner not in self._issuers.partners:
            raise RefusedError(f"API key {key.id} of a partner that is not in the catalog")
        return Viewer(key.partner, f"key:{key.id}", frozenset(key.scopes), key.purposes)


def _unauthenticated() -> RequestError:
    """The one answer to a missing, wrong, expired, revoked or unknown credential."""
    return RequestError(
        "A valid credential is needed.",
        code="UNAUTHENTICATED",
        status=401,
        hint="Send one header `Authorization: Bearer ...` with a token of your identity provider or an API key.",
        headers={"WWW-Authenticate": CHALLENGE},
    )


def _purpose(viewer: Viewer, asked: Sequence[bytes]) -> str | None:
    """The purpose that X-Purpose picks of those carried; without it the only one, if there is only one."""
    if not asked:
        return viewer.purposes[0] if len(viewer.purposes) == 1 else None
    purpose = asked[0].decode("latin-1")
    if len(asked) > 1 or purpose not in viewer.purposes:
        carried = ", ".join(viewer.purposes) or "none"
        raise RequestError(
            "The purpose asked for is not one that the credential carries.",
            code="PURPOSE_REFUSED",
            status=403,
            hint=f"One header X-Purpose, with one of: {carried}.",
        )
    return purpose
