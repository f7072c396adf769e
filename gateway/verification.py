"""Whether a token is good: signed by a key that its issuer publishes, for us, now, and in the form RFC 7519 asks."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import jwt

from gateway.carried import purposes_in
from gateway.issuers import Issuer, Issuers
from gateway.jwks import Key
from gateway.key_sets import KeySet
from gateway.tokens import PARTNER_CLAIM
from resolvers.identity import Identity
from resolvers.viewer import Viewer

LEEWAY = 60.0  # s by which clocks may differ
MAX_SUBJECT = 255

# RFC 8725 section 3.11: what is another kind of token (a logout, a proof of possession) is not a credential.
_TYPES = frozenset({"jwt", "at+jwt"})
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")


class RefusedError(Exception):
    """Why a credential is refused: for the log only, the caller never learns it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that was found good. It stays so until `expires` (Unix time), while its key is still published."""

    viewer: Viewer
    expires: float
    key: Key
    published: KeySet


async def verify(token: bytes, issuers: Issuers) -> Verified:
    """The caller that a token speaks for. RefusedError where it does not.

    Keys come from where the issuer's partner file says and from nowhere else: `jku`, `x5u`, `jwk` and `x5c` in a header
    are not looked at.
    """
    header, claims = _unverified(token)
    # What is read before the signature is checked decides nothing but which keys it is checked with.
    name = claims.get("iss")
    issuer = issuers.get(name) if isinstance(name, str) else None
    if issuer is None:
        raise RefusedError(f"unknown issuer {_shown(name)}")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in issuer.identity.algorithms:
        raise RefusedError(f"algorithm {_shown(algorithm)} is not one of {issuer.identity.issuer}")
    if not isinstance(kid, str):
        raise RefusedError(f"no `kid` in a token of {issuer.identity.issuer}")
    found = await issuer.keys.find(kid)
    if issuers.get(issuer.identity.issuer) is not issuer:
        raise RefusedError(f"{issuer.identity.issuer} is not what it was when its keys were asked for")
    for key in found:
        if algorithm in key.algorithms:
            try:
                claims = _decode(token, key, algorithm, issuer.identity)
            except jwt.InvalidSignatureError:
                continue  # a set may hold several keys of one name (RFC 7517 section 4.5)
            return _verified(issuer, key, claims, issuers)
    raise RefusedError(f"no key {_shown(kid)} of {issuer.identity.issuer} made this signature")


def _unverified(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.split(b".")
    if len(parts) != 3:
        raise RefusedError("not a signed token")
    header, claims, _ = (_bytes(part) for part in parts)
    return _header(_json_object(header)), _json_object(claims)


def _header(header: dict[str, Any]) -> dict[str, Any]:
    if "crit" in header or "b64" in header:
        raise RefusedError("header with extensions")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES:
        raise RefusedError(f"type {_shown(kind)}")
    return header


def _bytes(part: bytes) -> bytes:
    """What a part says. RFC 7515 section 2 knows no padding, which PyJWT takes: one token had several texts."""
    if not _BASE64URL.fullmatch(part) or len(part) % 4 == 1:
        raise RefusedError("a part is not base64url")
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError("a part is not JSON") from error
    if not isinstance(value, dict):
        raise RefusedError("a part is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _decode(token: bytes, key: Key, algorithm: str, identity: Identity) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key.public,
            algorithms=[algorithm],
            audience=identity.audience,
            issuer=identity.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
        )
    except jwt.InvalidSignatureError:
        raise
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise RefusedError(f"token of {identity.issuer}: {error}") from error


def _verified(issuer: Issuer, key: Key, claims: dict[str, Any], issuers: Issuers) -> Verified:
    identity = issuer.identity
    for name in ("exp", "nbf", "iat"):
        # PyJWT takes "1700000000" and true for numbers; RFC 7519 section 2 does not.
        if name in claims and not (type(claims[name]) in (int, float) and abs(claims[name]) < 2**53):
            raise RefusedError(f"`{name}` is not a number")
    subject = claims.get(identity.subject_claim)
    # Not printable are control characters, which sources and logs take ill, and halves of characters.
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise RefusedError(f"`{identity.subject_claim}` names no subject")
    # The issuer decides the partner; only the gateway's own may speak for several.
    partner = issuer.partner if issuer.partner is not None else claims.get(PARTNER_CLAIM)
    if not isinstance(partner, str) or partner not in issuers.partners:
        raise RefusedError(f"no partner {_shown(partner)}")
    scopes, purposes = _words(claims, identity.scopes_claim), _words(claims, identity.purposes_claim)
    viewer = Viewer(partner, subject, issuers.vocabulary.scopes_in(scopes), purposes_in(purposes))
    return Verified(viewer, float(claims["exp"]) + LEEWAY, key, issuer.keys)


def _words(claims: dict[str, Any], name: str) -> list[str]:
    """A list of texts, or one text of words with blanks between (RFC 8693 section 4.2)."""
    value = claims.get(name)
    if value is None:
        return []
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    raise RefusedError(f"`{name}` is neither a text nor a list of texts")


def _shown(value: object) -> str:
    """Something a stranger sent, short and on one line."""
    return repr(value)[:80]
