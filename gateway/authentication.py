"""Who asks: one Authorization header, a token of a partner's identity provider or an API key, becomes a Viewer."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway import keys
from gateway.carried import purposes_in
from gateway.issuers import Issuers
from gateway.keyring import Keyring
from gateway.remembered import Remembered
from gateway.verification import RefusedError, verify
from resolvers.errors import RequestError
from resolvers.identity import Identity
from resolvers.viewer import Viewer

log = logging.getLogger(__name__)

MAX_CREDENTIAL = 16 * 1024  # bytes of the Authorization header

CHALLENGE = 'Bearer realm="partner-gateway"'
# RFC 9110 section 11.4 and RFC 6750 section 2.1: the scheme in any case, then one token68.
_BEARER = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)")


class Authenticator:
    """Turns headers into a Viewer, or into one of two refusals that never say more than they must."""

    def __init__(self, issuers: Issuers, keyring: Keyring | None = None) -> None:
        self._issuers = issuers
        self._keyring = keyring
        self._remembered = Remembered()

    async def adopt(self, identities: Mapping[str, Identity | None], scopes: Iterable[str] = ()) -> None:
        """Take over the partners of a new catalog, by code: from now on only they, and only as it says.

        scopes: those that its agreements ask for, besides the gateway's own.
        """
        gone = self._issuers.adopt(identities, scopes)
        self._remembered.clear()  # before anything is waited for: nobody is let in as it was
        for issuer in gone:
            await issuer.close()

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
            raise unauthenticated() from None
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
        known = self._remembered.get(digest)
        if known is not None:
            return known.verified.viewer, known.chosen
        if len(authorization) > MAX_CREDENTIAL:
            raise RefusedError(f"{len(authorization)} bytes are too many")
        match = _BEARER.fullmatch(authorization)
        if match is None:
            raise RefusedError("not a bearer credential")
        if match[1].startswith(keys.PREFIX.encode()):
            return await self._of_key(match[1].decode()), {}
        usual = b"Bearer " + match[1]
        if usual != authorization:  # one token is remembered once, in whatever ways its scheme is written
            digest = hashlib.sha256(usual).digest()
            known = self._remembered.get(digest)
        if known is None:
            known = self._remembered.put(digest, await verify(match[1], self._issuers))
        return known.verified.viewer, known.chosen

    async def _of_key(self, text: str) -> Viewer:
        key = await self._keyring.find(text) if self._keyring else None
        if key is None:
            raise RefusedError("an API key that is unknown, revoked or expired")
        if key.partner not in self._issuers.partners:
            raise RefusedError(f"API key {key.id} of a partner that is not in the catalog")
        scopes, purposes = self._issuers.vocabulary.scopes_in(key.scopes), purposes_in(key.purposes)
        return Viewer(key.partner, f"key:{key.id}", scopes, purposes)


def unauthenticated() -> RequestError:
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
