"""Names that the outside world knows a thing by, and the key on which they are compared."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import NamedTuple

from resolvers.memo import Memo

# What is left out of the compare key: every ASCII character that is no letter and no digit, the blanks and dashes that
# word processors put in, and every character that NFKC makes one of these (wide, small, raised and so on). A finite
# list, so that every database can leave out exactly the same. First and last code of each range:
_RANGES = """
00-2f 3a-40 5b-60 7b-7f a0-a0 37e-37e 1fef-1fef 2000-200a 2010-2014 2024-2026 202f-202f 203c-203c 2047-2049 205f-205f
207a-207a 207c-207e 208a-208a 208c-208e 2a74-2a76 3000-3000 fb29-fb29 fe10-fe10 fe13-fe16 fe19-fe19 fe30-fe38 fe47-fe48
fe4d-fe50 fe52-fe52 fe54-fe5c fe5f-fe66 fe68-fe6b ff01-ff0f ff1a-ff20 ff3b-ff40 ff5b-ff5e
"""
SEPARATORS = "".join(
    chr(code)
    for first, last in (r.split("-") for r in _RANGES.split())
    for code in range(int(first, 16), int(last, 16) + 1)
)
# What goes at both ends where separators are kept: what Python calls white space.
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_UPPER = {ord(character): character.upper() for character in "abcdefghijklmnopqrstuvwxyz"}
_ASCII_UPPER = bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ASCII_SEPARATORS = bytes(ord(character) for character in SEPARATORS if character.isascii())
_BARE = dict.fromkeys(map(ord, SEPARATORS)) | _UPPER


def normalize(value: str, kept: bool = False) -> str:
    """The compare key: 'AB-123-CD' and 'ab 123 cd ' -> 'AB123CD'. Only ASCII letters change case.

    kept: for schemes in which separators tell names apart, only blanks at the ends go: 'Jo.Doe@x.fr ' -> 'JO.DOE@X.FR'.
    """
    return (KEPT if kept else BARE)[value]  # type: ignore[no-any-return]


def _normalized(value: str, kept: bool) -> str:
    if not value.isascii():
        return squeezed(unicodedata.normalize("NFKC", value), kept)
    if kept:
        return value.strip(BLANKS).upper()
    return value.encode("ascii").translate(_ASCII_UPPER, _ASCII_SEPARATORS).decode("ascii")


BARE, KEPT = Memo(partial(_normalized, kept=False), 16_384), Memo(partial(_normalized, kept=True), 16_384)
"""Compare keys by value, of schemes in which separators do not count, and of those in which they do."""


def squeezed(value: str, kept: bool = False) -> str:
    """What a database can make of a value that it stores in the same spelling: the compare key without NFKC."""
    return value.strip(BLANKS).translate(_UPPER) if kept else value.translate(_BARE)


class KeyToken(NamedTuple):
    """Leads to one record: mapping id and local key as text."""

    mapping: str
    key: str


class NameToken(NamedTuple):
    """Leads to the records that carry an identifier. country, partner: None where unsaid. value: as spelt."""

    scheme: str
    normalized: str
    country: str | None = None
    partner: str | None = None
    value: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """What both ends must share."""
        return self.scheme, self.normalized

    def meets(self, country: str | None, partner: str) -> bool:
        """Whether a record of `partner` that carries the pair with `country` is meant; an unsaid country fits any."""
        return (self.country is None or country is None or self.country == country) and (
            self.partner is None or self.partner == partner
        )


Token = KeyToken | NameToken
