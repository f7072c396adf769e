"""Public keys of a JSON Web Key Set (RFC 7517), read strictly."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
MAX_KEYS = 100
RSA_BITS = 2048

# Members that make the public key, in the order of its thumbprint (RFC 7638 section 3.2), and the signatures it can
# verify (RFC 7518 section 3.1, RFC 8037 section 3.1).
_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_SIGNATURES = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ("EdDSA",),
    "OKP Ed448": ("EdDSA",),
}


@dataclass(frozen=True, slots=True)
class Key:
    """One public key. thumbprint: RFC 7638, SHA-256. public: what the cryptography library verifies with."""

    kid: str
    thumbprint: str
    algorithms: frozenset[str]
    public: Any


def keys(text: bytes, algorithms: Iterable[str]) -> tuple[Key, ...]:
    """The keys of a set that can verify one of these algorithms.

    A member that is not such a key (another use, an unknown type, too short, without `kid`) is passed over, as RFC 7517
    section 5 asks. ValueError where the text is not a key set at all.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES} bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    members = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(members, list):
        raise ValueError("without a list `keys`")
    if len(members) > MAX_KEYS:
        raise ValueError(f"more than {MAX_KEYS} keys")
    allowed = frozenset(algorithms)
    found = []
    for index, member in enumerate(members):
        try:
            found.append(_key(member, allowed))
        except ValueError as error:
            log.warning("key %d of a set is passed over: %s", index, error)
    return tuple(found)


def _key(member: Any, allowed: frozenset[str]) -> Key:
    if not isinstance(member, dict):
        raise ValueError("not an object")
    kid, kty = member.get("kid"), str(member.get("kty"))
    if not isinstance(kid, str) or not kid:
        raise ValueError("no `kid`")
    # Only public members are read: a symmetric key, or a private one published by mistake, is not taken in.
    signatures = _SIGNATURES.get(f"{kty} {member.get('crv')}" if kty != "RSA" else "RSA")
    if signatures is None:
        raise ValueError("unknown type or curve")
    names = _MEMBERS[kty]
    if not all(isinstance(member.get(name), str) for name in names):
        raise ValueError("incomplete")
    if member.get("use", "sig") != "sig" or "verify" not in member.get("key_ops", ("verify",)):
        raise ValueError("not for signatures")
    usable = allowed & ({member["alg"]} if "alg" in member else allowed).intersection(signatures)
    if not usable:
        raise ValueError("for no allowed algorithm")
    public = {name: member[name] for name in names}
    return Key(kid, thumbprint(public), usable, _public(public, next(iter(usable))))


def _public(public: Mapping[str, str], algorithm: str) -> Any:
    try:
        key = jwt.PyJWK(dict(public), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ValueError("not a valid key") from error
    if public["kty"] == "RSA" and key.key_size < RSA_BITS:
        raise ValueError(f"shorter than {RSA_BITS} bits")
    return key


def thumbprint(public: Mapping[str, str]) -> str:
    """The key's own name, from its public members alone: RFC 7638, SHA-256, base64url."""
    text = json.dumps(dict(sorted(public.items())), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
