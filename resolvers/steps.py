"""Steps that make a text of a source readable, in a fixed order, before it is understood as a value."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from resolvers.safe_pattern import LONGEST, taken

CASES = ("upper", "lower", "title")
# What `str.split` takes for blanks, as (first, last) code points.
BLANKS = (
    *((0x9, 0xD), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)


class NotFound(Exception):
    """No pattern matched a text that is there. args: the text."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one value. Trimming and null tokens, which are options of their own, stand between them.

    repair: UTF-8 that was read as another encoding. html: entities become characters and tags blanks. entities:
    entities become characters, and what then stands in angle brackets stays. nfc: composed letters. collapse: runs of
    blanks of any kind become one, none at the ends. any_case: null tokens are compared without case. case: one of
    CASES. extract: the first pattern that matches gives the text; optional: it is no issue where none does. replace:
    texts by texts, in a row.
    """

    repair: bool = False
    html: bool = False
    entities: bool = False
    nfc: bool = False
    collapse: bool = False
    any_case: bool = False
    case: str | None = None
    extract: tuple[re.Pattern[str], ...] = ()
    optional: bool = False
    replace: tuple[tuple[str, str], ...] = ()

    @property
    def literal(self) -> bool:
        """Whether they are only such as every database takes exactly alike."""
        return self == Steps(collapse=self.collapse, replace=self.replace)

    def tidy(self, text: str) -> str:
        """The text after the steps that only mend its spelling."""
        if self.repair:
            text = repaired(text)
        if self.html:
            text = html.unescape(_TAG.sub(" ", text)) if "<" in text else html.unescape(text)
            if "<" in text:  # GLPI escapes the tags as well
                text = html.unescape(_TAG.sub(" ", text))
        if self.entities:
            text = html.unescape(text)
        if self.nfc:
            text = unicodedata.normalize("NFC", text)
        return " ".join(text.split()) if self.collapse else text

    def shaped(self, text: str) -> str | None:
        """The text after the steps that change what it says; None where nothing is left. NotFound."""
        match self.case:
            case "upper":
                text = text.upper()
            case "lower":
                text = text.lower()
            case "title":
                text = _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:].lower(), text)
        if self.extract:
            match = first_match(self.extract, text)
            if match is None:
                if self.optional or not text.strip():
                    return None
                raise NotFound(text)
            text = (taken(match) or "").strip()
        for old, new in self.replace:
            text = text.replace(old, new)
        return text or None

    def run(self, text: str, trim: bool, tokens: tuple[object, ...]) -> str | None:
        """All steps, with trimming and null tokens in their place. NotFound."""
        text = self.tidy(text)
        if trim:
            text = text.strip(" ")
            if not text:
                return None
        return None if self._is_token(text, tokens) else self.shaped(text)

    def placeholder(self, text: str, trim: bool, tokens: tuple[object, ...]) -> str | None:
        """The null token that a text is; None where it is none, or nothing at all."""
        text = self.tidy(text).strip(" ") if trim else self.tidy(text)
        return text if text and self._is_token(text, tokens) else None

    def _is_token(self, text: str, tokens: tuple[object, ...]) -> bool:
        told = text.casefold() if self.any_case else text
        return any(told == (str(token).casefold() if self.any_case else str(token)) for token in tokens)


def written_steps(steps: Steps, trim: bool, tokens: tuple[object, ...]) -> str:
    """Literal steps as a text, for `run_written`."""
    return orjson.dumps([steps.collapse, steps.replace, trim, [str(token) for token in tokens]]).decode()


def run_written(text: str, written: str) -> str | None:
    """`Steps.run` by what `written_steps` wrote."""
    steps, trim, tokens = _read(written)
    return steps.run(text, trim, tokens)


@cache
def _read(written: str) -> tuple[Steps, bool, tuple[Any, ...]]:
    collapse, replace, trim, tokens = orjson.loads(written)
    return Steps(collapse=collapse, replace=tuple((old, new) for old, new in replace)), trim, tuple(tokens)


def repaired(text: str) -> str:
    """A text whose UTF-8 was read as Windows-1252, as it was meant; any other as it is."""
    if not _MISREAD.search(text):
        return text
    try:
        return text.encode("cp1252").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def first_match(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    """Where the first pattern that matches does."""
    return next((match for pattern in patterns if (match := pattern.search(text, 0, LONGEST)) is not None), None)


def unread(text: str, rules: tuple[tuple[re.Pattern[str], ...], ...]) -> str | None:
    """A text without what the rules took of it, each by its first pattern that matches; None where no word is left."""
    spans = sorted(match.span() for patterns in rules if (match := first_match(patterns, text)) is not None)
    pieces = []
    at = 0
    for start, end in spans:
        if start > at:
            pieces.append(text[at:start])
        at = max(at, end)
    pieces.append(text[at:])
    if not spans:
        return text if text.strip() else None
    shown = [piece.strip(_AROUND) for piece in pieces]
    return ", ".join(piece for piece in shown if _WORDLY.search(piece)) or None


_MISREAD = re.compile("[\u00c2-\u00c5\u00e2][\u0080-\u00bf\u0152-\u0178\u0192\u02c6-\u02dc\u2013-\u203a\u20ac\u2122]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_](?![^\W_]))?")  # the s of "it's" begins no word
_WORDLY = re.compile(r"\w")
_AROUND = " \t\r\n\u00a0,;:.-\u2013/|"
