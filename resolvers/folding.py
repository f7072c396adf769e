"""Case- and accent-insensitive search: what counts as the same letter, the same on every engine."""

from __future__ import annotations

import re
import unicodedata

# Latin letters with marks (Latin-1 Supplement to Latin Extended Additional) read as their base letter in lower case.
# One character for one character, so that any engine can search by it; what is outside reads as itself.
_RANGES = ((0x41, 0x5B), (0xC0, 0x250), (0x1E00, 0x1F00))


def _base(character: str) -> str:
    letter = unicodedata.normalize("NFD", character)[0].lower()
    return letter if len(letter) == 1 else character


_TABLE = {code: base for low, high in _RANGES for code in range(low, high) if (base := _base(chr(code))) != chr(code)}
_SAME: dict[str, str] = {}
for _code, _letter in _TABLE.items():
    _SAME[_letter] = _SAME.get(_letter, _letter) + chr(_code)


def fold(text: str) -> str:
    """The text as it is searched: 'Île-de-France' -> 'ile-de-france'."""
    return text.translate(_TABLE)


def pattern(needle: str) -> str:
    """A regular expression, in words that PCRE and PostgreSQL share, for texts whose fold holds the needle's."""
    return "".join(_class(character) for character in fold(needle))


def _class(character: str) -> str:
    same = _SAME.get(character)
    if same is not None:
        return f"[{same}]"
    return re.escape(character) if character.isascii() and not character.isalnum() else character
