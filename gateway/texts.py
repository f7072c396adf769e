"""From what a request names to the text that it runs: an id of a manifest, a hash registered before, or the text."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping

from gateway.http import OperationRequest
from gateway.registered import REGISTERED, Registered
from gateway.trusted import SHA256, Trusted, digest
from resolvers.documents_form import ENFORCE, LOG
from resolvers.errors import RequestError

log = logging.getLogger("gateway")

TOLD = 1_000  # texts that are remembered as told: each is told once
NOT_FOUND = "PersistedQueryNotFound"  # these words are what clients look for


class Texts:
    """The texts that partners trust, and those that their callers registered. No partner meets another's.

    bound: the partners whose callers' every request has to come through `settle`. registered: bytes for each partner.
    """

    def __init__(self, registered: int = REGISTERED) -> None:
        self._most = registered
        self._trusted: Mapping[str, Trusted] = {}
        self._registered: dict[str, Registered] = {}
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.bound: frozenset[str] = frozenset()

    def adopt(self, partners: frozenset[str], trusted: Mapping[str, Trusted]) -> None:
        """Take over the partners of a new catalog, and what holds for those that have a manifest or a mode."""
        self._trusted = trusted
        self._registered = {code: kept for code, kept in self._registered.items() if code in partners}
        self.bound = frozenset(trusted)

    def settle(self, partner: str, request: OperationRequest) -> tuple[OperationRequest, bool]:
        """The request with its text, and whether its partner trusts it.

        RequestError: DOCUMENT_NOT_TRUSTED, or PERSISTED_QUERY_NOT_FOUND, after which a client sends the text.
        """
        trusted = self._trusted.get(partner)
        named, text = request.persisted, request.query
        if named is not None and not text:
            found = trusted.find(named.identifier) if trusted is not None else None
            if found is not None:
                return request._replace(query=found), True
            if trusted is not None and trusted.mode == ENFORCE:
                raise _untrusted()
            kept = self._registered.get(partner)
            found = kept.find(named.identifier.removeprefix(SHA256).lower()) if kept is not None else None
            if found is None:
                raise _unknown(hashed=named.hashed)
            text, request = found, request._replace(query=found)
        if trusted is None:
            return request, False
        if text in trusted.all:
            return request, True
        if trusted.mode == ENFORCE:
            raise _untrusted()
        if trusted.mode == LOG:
            self._tell(partner, text)
        return request, False

    def register(self, partner: str, request: OperationRequest) -> None:
        """Keep the text of a request that can be run by the hash that came with it."""
        named, trusted = request.persisted, self._trusted.get(partner)
        if named is None or not named.hashed or (trusted is not None and trusted.mode == ENFORCE):
            return
        kept = self._registered.get(partner)
        if kept is None:
            kept = self._registered[partner] = Registered(self._most)
        kept.keep(named.identifier.lower(), request.query)

    def _tell(self, partner: str, text: str) -> None:
        what = (partner, digest(text))
        if what in self._told:
            return
        self._told[what] = None
        if len(self._told) > TOLD:
            self._told.popitem(last=False)
        log.warning("a document of partner %s is not in its manifest: sha256 %s", *what)


def _untrusted() -> RequestError:
    return RequestError(
        "Callers of this partner may only run documents of its manifest.",
        code="DOCUMENT_NOT_TRUSTED",
        status=403,
        hint="Send the text exactly as the manifest has it, or its id as `documentId`.",
    )


def _unknown(*, hashed: bool) -> RequestError:
    hint = "Send the text beside the hash once." if hashed else "The id is in no manifest of the caller's partner."
    return RequestError(NOT_FOUND, code="PERSISTED_QUERY_NOT_FOUND", hint=hint)
