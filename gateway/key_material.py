"""The gateway's secrets: given by the environment, or made on first start and kept beside the state."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from resolvers.errors import GatewayError

log = logging.getLogger(__name__)


class SecretError(GatewayError):
    """The operator must act: a secret is not usable, or its file cannot be read or made."""

    default = "SECRET_UNUSABLE"


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A key for each use. ids: 64 bytes (AES-SIV). cursors: 32 bytes (HMAC). tokens: 32 bytes (Ed25519 seed). audit:
    64 bytes, for digests and as an Ed25519 seed (`audit_seal`)."""

    ids: bytes = field(repr=False)
    cursors: bytes = field(repr=False)
    tokens: bytes = field(repr=False)
    audit: bytes = field(repr=False)


LENGTHS = {"ids": 64, "cursors": 32, "tokens": 32, "audit": 64}
LEAST = 32  # bytes of a given secret


def load(folder: Path, given: Mapping[str, str]) -> KeyMaterial:
    """Secrets by name: as given (base64 text), else from `NAME.key` in the folder, made on first start.

    SecretError where a given secret is too short or a file cannot be used.
    """
    found = {}
    for name, length in LENGTHS.items():
        text = given.get(name) or _kept(folder / f"{name}.key")
        try:
            material = decode_secret(text)
        except ValueError as error:
            raise SecretError(f"The secret `{name}` cannot be used: {error}.") from error
        # Whatever the form or length that was given, each use gets its own key of the right length.
        found[name] = HKDF(SHA256(), length, None, f"partner-gateway {name}".encode()).derive(material)
    return KeyMaterial(**found)


def decode_secret(text: str) -> bytes:
    """The bytes of a secret: base64 in either alphabet, at least 32 bytes. ValueError where it is not."""
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        material = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error
    if len(material) < LEAST:
        raise ValueError(f"it has {len(material)} bytes, {LEAST} are needed")
    return material


def _kept(path: Path) -> str:
    """The text in a secret file; a new one on first start."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return _read(path)
        text = base64.b64encode(secrets.token_bytes(LEAST)).decode()
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
        log.info("made a new secret in %s", path)
        return text
    except OSError as error:
        raise SecretError(f"The secret file {path} cannot be used: {error.strerror}.") from error


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        log.warning("%s can be read by other accounts: chmod 600", path)
    for _ in range(20):
        if text := path.read_text("ascii", "replace").strip():
            return text
        time.sleep(0.02)  # another process has made the file and is about to fill it
    return ""
