"""Public keys of a JSON Web Key Set (RFC 7517), read strictly."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
MAX_KEYS = 100
OF_A_NAME = 4  # keys of one `kid`: each may be tried on a signature
RSA_BITS = range(2048, 8193)

# Who publishes these has given the key away: anybody may sign with it now (RFC 7518 sections 6.2.2, 6.3.2, 6.4).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

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

    A member that is not such a key (another use, an unknown type, too short, private, without `kid`) is passed over, as
    RFC 7517 section 5 asks, and so is what comes after OF_A_NAME keys of one name. ValueError where the text is not a
    key set at all.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES} bytes")
    try:
        data = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON, or with a name twice") from error
    members = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(members, list):
        raise ValueError("without a list `keys`")
    if len(members) > MAX_KEYS:
        raise ValueError(f"more than {MAX_KEYS} keys")
    allowed = frozenset(algorithms)
    found: list[Key] = []
    names: Counter[str] = Counter()
    for index, member in enumerate(members):
        try:
            key = _key(member, allowed)
            if names[key.kid] == OF_A_NAME:
                raise ValueError(f"more than {OF_A_NAME} keys of one name")
        except ValueError as error:
            log.warning("key %d of a set is passed over: %s", index, error)
            continue
        names[key.kid] += 1
        found.append(key)
    return tuple(found)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _key(member: Any, allowed: frozenset[str]) -> Key:
    if not isinstance(member, dict):
        raise ValueError("not an object")
    kid, kty = member.get("kid"), str(member.get("kty"))
    if not isinstance(kid, str) or not kid:
        raise ValueError("no `kid`")
    if not _PRIVATE.isdisjoint(member):
        raise ValueError("a private or symmetric key, which must not be published; replace it")
    signatures = _SIGNATURES.get(f"{kty} {member.get('crv')}" if kty != "RSA" else "RSA")
    if signatures is None:
        raise ValueError("unknown type or curve")
    names = _MEMBERS[kty]
    if not all(isinstance(member.get(name), str) for name in names):
        raise ValueError("incomplete")
    operations = member.get("key_ops", ["verify"])
    if member.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("not for signatures")
    usable = allowed.intersection(signature for signature in signatures if member.get("alg", signature) == signature)
    if not usable:
        raise ValueError("for no allowed algorithm")
    public = {name: member[name] for name in names}
    return Key(kid, thumbprint(public), usable, _public(public, min(usable)))


def _public(public: Mapping[str, str], algorithm: str) -> Any:
    try:
        key = jwt.PyJWK(dict(public), algorithm).key
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise ValueError("not a valid key") from error
    if public["kty"] == "RSA" and key.key_size not in RSA_BITS:
        raise ValueError(f"not of {RSA_BITS.start} to {RSA_BITS.stop - 1} bits")
    return key


def thumbprint(public: Mapping[str, str]) -> str:
    """The key's own name, from its public members alone: RFC 7638, SHA-256, base64url."""
    text = json.dumps(dict(sorted(public.items())), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
