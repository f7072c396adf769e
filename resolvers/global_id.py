"""Global ids: one canonical text for (entity, mapping, key); enciphered where the key itself is personal."""

from __future__ import annotations

import binascii
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from resolvers.errors import RequestError

URL_SAFE = bytes.maketrans(b"+/", b"-_")
STANDARD = bytes.maketrans(b"-_", b"+/")


class Named(NamedTuple):
    """What an id names. mapping: "partner.mapping", or a partner's code for the entity Partner (then key is "").

    enciphered: how the key was written; a mapping knows one way only.
    """

    entity: str
    mapping: str
    key: str
    enciphered: bool = False


class GlobalIds:
    """Writes and reads ids: base64url of `entity.partner.mapping:key`, with `~` for `:` where the key is enciphered.

    secret: 64 bytes for AES-SIV (RFC 5297), which is deterministic, so that an id stays one text. Reading accepts only
    the text that writing gives: decode, encode again, compare.
    """

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(secret)

    def write(self, entity: str, mapping: str, key: str, personal: bool = False) -> str:
        """The id of a record."""
        head = f"{entity}.{mapping}"
        if personal:
            raw = f"{head}~".encode() + self._siv.encrypt(key.encode(), [head.encode()])
        else:
            raw = f"{head}:{key}".encode()
        return _written(raw)

    @staticmethod
    def head(entity: str, mapping: str) -> bytes:
        """What an id that is not enciphered begins with, before it is written in base64."""
        return f"{entity}.{mapping}:".encode()

    def writer(self, entity: str, mapping: str, personal: bool = False) -> Callable[[str], str]:
        """What writes the ids of one mapping, key -> id."""
        if personal:
            return lambda key: self.write(entity, mapping, key, personal)
        head = self.head(entity, mapping)

        def write(key: str) -> str:
            return _written(head + key.encode())

        return write

    def read(self, text: str) -> Named:
        """What an id names. RequestError BAD_USER_INPUT where it is no id."""
        try:
            raw = a2b_base64(text.encode("ascii").translate(STANDARD) + b"=" * (-len(text) % 4))
        except (UnicodeEncodeError, binascii.Error, ValueError):
            raise _refusal() from None
        personal_at, plain_at = raw.find(b"~"), raw.find(b":")
        personal = personal_at >= 0 and (plain_at < 0 or personal_at < plain_at)
        cut = personal_at if personal else plain_at
        try:
            entity, dot, mapping = raw[:cut].decode("ascii").partition(".")
            rest = raw[cut + 1 :]
            key = (self._siv.decrypt(rest, [raw[:cut]]) if personal else rest).decode()
        except (UnicodeDecodeError, InvalidTag, ValueError):
            raise _refusal() from None
        if cut < 0 or not dot:
            raise _refusal()
        again = self.write(entity, mapping, key, personal) if personal else _written(raw)
        if again != text:
            raise _refusal()
        return Named(entity, mapping, key, personal)


def _written(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=").decode()


def _refusal() -> RequestError:
    return RequestError("This is not an id that the gateway gave out.", code="BAD_USER_INPUT")
