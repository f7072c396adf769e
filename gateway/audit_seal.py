"""What keeps the audit honest and discreet: pseudonyms and digests under one key, signatures under another."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SHORT = 8  # bytes of a record's digest: enough to find it again, and no more


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no blanks, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


class Seal:
    """The audit's keys. secret: 64 bytes, 32 for digests (HMAC-SHA-256, BLAKE2b) and 32 for signatures (Ed25519)."""

    def __init__(self, secret: bytes) -> None:
        self._digests = secret[:32]
        self._private = Ed25519PrivateKey.from_private_bytes(secret[32:])
        self.public = base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def subject(self, partner: str, subject: str) -> str:
        """The pseudonym of who asks: 128 bits in hexadecimal."""
        text = f"subject\0{partner}\0{subject}".encode()
        return hmac.digest(self._digests, text, "sha256")[:16].hex()

    def record(self, mapping: str, key: str) -> str:
        """The digest of one record: 64 bits in hexadecimal."""
        text = f"{mapping}\0{key}".encode()
        return hashlib.blake2b(text, key=self._digests, digest_size=SHORT).hexdigest()

    def records(self, mapping: str, keys: Iterable[str]) -> list[str]:
        """The digests of a mapping's records."""
        blake, secret = hashlib.blake2b, self._digests
        head = f"{mapping}\0"
        return [blake((head + key).encode(), key=secret, digest_size=SHORT).hexdigest() for key in keys]

    def rows(self, keys: Mapping[str, list[str]]) -> str:
        """One digest of many records, by mapping id, whose keys are sorted."""
        found = hmac.new(self._digests, b"rows", "sha256")
        for mapping in sorted(keys):
            found.update("\0".join(("", mapping, str(len(keys[mapping])), *keys[mapping])).encode())
        return found.hexdigest()

    def sign(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The same with the public key and a signature over all of it."""
        whole = {**told, "key": self.public}
        return {**whole, "signature": base64.b64encode(self._private.sign(canonical(whole))).decode()}


def signed(told: Mapping[str, Any], public: str) -> bool:
    """Whether something carries a signature of its other members by this public key (base64 of 32 bytes)."""
    whole = dict(told)
    try:
        signature = base64.b64decode(whole.pop("signature"), validate=True)
        if whole["key"] != public:
            return False
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(signature, canonical(whole))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True
