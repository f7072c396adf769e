"""How a request names a document instead of sending it: GraphQL over HTTP appendix A, Relay's, and Apollo's hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from resolvers.errors import RequestError

NAMES = ("documentId", "doc_id")  # the specification's, and Relay's


class Persisted(NamedTuple):
    """The name of a document. hashed: it is the SHA-256 of an automatic persisted query, to be kept with its text."""

    identifier: str
    hashed: bool


def named(given: Mapping[str, Any]) -> Persisted | None:
    """The document that a request without a text names; None where it names none. RequestError BAD_REQUEST."""
    found = {name: given[name] for name in NAMES if given.get(name) is not None}
    if found:
        if len(found) > 1:
            raise _malformed("`documentId` and `doc_id` are two names for one thing: send one.")
        ((name, identifier),) = found.items()
        if not isinstance(identifier, str) or not identifier:
            raise _malformed(f"`{name}` must be a string that says something.")
        return Persisted(identifier, hashed=False)
    extensions = given.get("extensions")
    return hashed(extensions, None) if isinstance(extensions, dict) else None


def hashed(extensions: Mapping[str, Any], text: str | None) -> Persisted | None:
    """The hash that `extensions` carries; None where it carries none. RequestError where it is not that of `text`."""
    found = extensions.get("persistedQuery")
    if found is None:
        return None
    digest = found.get("sha256Hash") if isinstance(found, dict) else None
    if not isinstance(digest, str) or not digest:
        raise _malformed("`extensions.persistedQuery` must be an object with `version` and `sha256Hash`.")
    if found.get("version") != 1 or found["version"] is True:
        raise _malformed("Only version 1 of `extensions.persistedQuery` is known.")
    if text is not None and hashlib.sha256(text.encode()).hexdigest() != digest.lower():
        raise _malformed("`sha256Hash` is not the SHA-256 of `query`.")
    return Persisted(digest, hashed=True)


def _malformed(message: str) -> RequestError:
    return RequestError(message, code="BAD_REQUEST")
