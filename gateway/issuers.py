"""Who may vouch for whom: the identity providers of the partners, each with its own keys."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from gateway import jwks, key_sets, tokens
from gateway.carried import Vocabulary
from gateway.key_sets import Clock, FileKeys, FixedKeys, KeySet, UrlKeys
from gateway.tokens import OwnIssuer
from resolvers.errors import Mistake
from resolvers.identity import Identity
from resolvers.partner_file import Partner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider. partner: whom it speaks for; None for the gateway's own, whose tokens say it."""

    identity: Identity
    partner: str | None
    keys: KeySet

    async def close(self) -> None:
        """End a fetch of its keys that is under way."""
        if isinstance(self.keys, UrlKeys):
            await self.keys.close()


class Issuers:
    """Issuers by their exact name, the partners that exist, and the words that credentials may carry.

    Each issuer has its own keys: equal key names never mix.
    """

    def __init__(self, own: OwnIssuer | None = None, clock: Clock = time.monotonic) -> None:
        self._own = Issuer(tokens.IDENTITY, None, FixedKeys([own.key])) if own else None
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._by_name: dict[str, Issuer] = {}
        self.partners: frozenset[str] = frozenset()
        self.vocabulary = Vocabulary()

    def vouch(self, own: OwnIssuer) -> None:
        """From the next `adopt` on, this is the gateway's own issuer, where it has one."""
        if self._own is not None:
            self._own = Issuer(tokens.IDENTITY, None, FixedKeys([own.key]))

    def get(self, name: str) -> Issuer | None:
        return self._by_name.get(name)

    def adopt(self, identities: Mapping[str, Identity | None], scopes: Iterable[str] = ()) -> list[Issuer]:
        """Take over the partners of a catalog, by code; the issuers that are gone are returned, to be closed.

        Keys of an identity that did not change are kept. scopes: those that the catalog's agreements ask for, besides
        the gateway's own.

        A name that two partners claim, or that is the gateway's own, would let one speak for another: it is refused to
        both, and said in the log.
        """
        names = Counter(identity.issuer for identity in identities.values() if identity)
        names[tokens.ISSUER] += 1
        old, new = self._by_name, {self._own.identity.issuer: self._own} if self._own else {}
        for partner, identity in identities.items():
            if identity is None:
                continue
            if names[identity.issuer] > 1:
                log.error("issuer %r of partner %s is claimed twice and refused", identity.issuer, partner)
                continue
            known = old.get(identity.issuer)
            kept = known and known.identity == identity and known.partner == partner
            new[identity.issuer] = known if known and kept else Issuer(identity, partner, self._keys(identity))
        self._by_name, self.partners, self.vocabulary = new, frozenset(identities), Vocabulary.of(scopes)
        return [issuer for name, issuer in old.items() if new.get(name) is not issuer]

    async def close(self) -> None:
        for issuer in self._by_name.values():
            await issuer.close()
        if self._session is not None:
            await self._session.close()

    def _keys(self, identity: Identity) -> KeySet:
        if identity.jwks_file is not None:
            return FileKeys(identity.jwks_file, identity.algorithms, self._clock)
        assert identity.jwks_url is not None
        return UrlKeys(identity.jwks_url, identity.algorithms, self._client, self._clock)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = key_sets.session()
        return self._session


async def check(partners: Iterable[Partner], *, offline: bool) -> list[Mistake]:
    """What is wrong with the places where the partners' keys are; URLs are asked unless offline."""
    mistakes = []
    async with key_sets.session() as client:
        for partner in partners:
            identity = partner.identity
            if identity is None or (offline and identity.jwks_url is not None):
                continue
            key = "identity.jwks_url" if identity.jwks_url is not None else "identity.jwks_file"
            try:
                if not jwks.keys(await _published(identity, client), identity.algorithms):
                    hint = "each needs `kid`, a known `kty` and one of the algorithms allowed"
                    mistakes.append(Mistake("IDENTITY_NO_KEYS", partner.file, key, "no key there can be used.", hint))
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                reason = str(error) or type(error).__name__
                mistakes.append(Mistake("IDENTITY_NO_KEYS", partner.file, key, f"no keys can be read: {reason}."))
    return mistakes


async def _published(identity: Identity, client: aiohttp.ClientSession) -> bytes:
    if identity.jwks_file is not None:
        return identity.jwks_file.read_bytes()
    assert identity.jwks_url is not None
    return await key_sets.fetch(client, identity.jwks_url)
