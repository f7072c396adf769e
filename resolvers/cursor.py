"""Cursors: an opaque, versioned, tamper-evident place in a list, and the sources that were missing up to there."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from resolvers.errors import RequestError
from resolvers.global_id import URL_SAFE, GlobalIds

_VERSION = b"\x01"
_MAC = 16
_STANDARD = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the total order (sort values, view of a mapping, key). missing: (partner, source) not heard so far."""

    values: tuple[Any, ...]
    mapping: str
    key: str
    missing: frozenset[tuple[str, str]] = frozenset()


class Cursors:
    """Writes and reads cursors. The signature covers what the cursor was given for: list, order and asking partner."""

    def __init__(self, secret: bytes, ids: GlobalIds) -> None:
        self._secret = secret
        self._ids = ids

    def write(self, position: Position, entity: str, personal: bool, context: str) -> str:
        """The cursor of a position; `context` names the list, its order and the viewer's partner."""
        place = self._ids.write(entity, position.mapping, position.key, personal)
        missing = sorted(position.missing)
        body = _VERSION + orjson.dumps([[_plain(value) for value in position.values], place, missing])
        return _text(body + self._sign(body, context))

    def read(self, text: str, context: str) -> Position:
        """The position of a cursor. RequestError BAD_USER_INPUT where it is none, or one of another list."""
        try:
            raw = a2b_base64(text.encode("ascii").translate(_STANDARD) + b"=" * (-len(text) % 4))
        except (UnicodeEncodeError, binascii.Error, ValueError):
            raise _refusal() from None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if not body.startswith(_VERSION) or not hmac.compare_digest(mac, self._sign(body, context)):
            raise _refusal()
        if _text(raw) != text:
            raise _refusal()
        values, place, missing = orjson.loads(body[1:])
        named = self._ids.read(place)
        unheard = frozenset((partner, source) for partner, source in missing)
        return Position(tuple(_rich(value) for value in values), named.mapping, named.key, unheard)

    def _sign(self, body: bytes, context: str) -> bytes:
        return hmac.digest(self._secret, body + b"\0" + context.encode(), hashlib.sha256)[:_MAC]


def _text(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=").decode()


def _refusal() -> RequestError:
    return RequestError(
        "This cursor does not belong to this list.",
        code="BAD_USER_INPUT",
        hint="Use a cursor only with the arguments, order and partner that it was given for.",
    )


def _plain(value: Any) -> Any:
    """JSON that keeps the type: times, days and decimals in a list of (mark, text)."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return ["t", value.astimezone(UTC).isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, Decimal):
        return ["n", str(value)]
    return value


def _rich(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, list):
        return value
    mark, text = value
    if mark == "t":
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if mark == "d" else Decimal(text)
