"""Names that the outside world knows a thing by, and the key on which they are compared."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

# What is left out of the compare key: every ASCII character that is no letter and no digit, and the blanks and dashes
# that word processors put in. A finite list, so that every database can leave out exactly the same.
SEPARATORS = "".join(chr(code) for code in range(128) if not chr(code).isalnum())
SEPARATORS += "\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014"
_TABLE = {ord(character): None for character in SEPARATORS} | {
    ord(character): character.upper() for character in "abcdefghijklmnopqrstuvwxyz"
}


def normalize(value: str) -> str:
    """The compare key: 'AB-123-CD' and 'ab 123 cd ' -> 'AB123CD'. Only ASCII letters change case."""
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    return value.translate(_TABLE)


@dataclass(frozen=True, slots=True)
class KeyToken:
    """Leads to one record: mapping id and local key as text."""

    mapping: str
    key: str


@dataclass(frozen=True, slots=True)
class NameToken:
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
