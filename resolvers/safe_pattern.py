"""Regular expressions of partner files that cannot run away: what could take very long on some text is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 1000  # characters of a text that patterns look at
MOST = 100  # ways to divide one run of characters among repeats that lie side by side
_SAMPLES = tuple(map(chr, (*range(0x250), 0x2009, 0x202F, 0x2019, 0x20AC, 0x4E00)))
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


class Unsafe(Exception):
    """A pattern that is none, or that could take very long. args: why, and what to do."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """The pattern, without regard to case. Unsafe."""
    try:
        tree = parser.parse(text, re.IGNORECASE)
        pattern = re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unsafe(f"it is no regular expression: {error}.", "") from None
    _judge(tree, repeated=False)
    if pattern.match(""):
        raise Unsafe("it matches the empty text.", "say what must stand there, like [0-9]+")
    return pattern


def taken(match: re.Match[str]) -> str | None:
    """What a pattern takes: its first named group, else its first group, else the whole."""
    if match.re.groupindex:
        return match[next(iter(match.re.groupindex))]
    return match[1] if match.re.groups else match[0]


def _judge(tree: Iterable[tuple[Any, Any]], repeated: bool) -> None:
    """Refuse repeats in repeats, references back, and side by side repeats that can share one text in many ways."""
    before: frozenset[str] = frozenset()  # what the open repeats so far could still take
    bound = ways = 1
    for code, argument in _flat(tree):
        if code in _REPEATS or code is codes.POSSESSIVE_REPEAT:
            low, high, inner = argument
            if repeated and low != high:
                raise Unsafe("it has a repeat inside a repeat.", "like [0-9 ]+ in place of ([0-9]+ ?)+")
            _judge(inner, repeated or high > 1)
            own = _first(inner)
            if low != high:
                shared = before & own
                if shared:
                    ways = _counted(ways * min(bound, LONGEST, max(high, 2)))
                apart = low and not shared
                bound = max(2, high, 1 if apart else bound)
                before = own if apart else before | own
            elif not own & before:
                before = frozenset()
        elif code is codes.BRANCH:
            if repeated:
                raise Unsafe("it has a choice inside a repeat.", "like [ab]+ in place of (a|b)+")
            for branch in argument[1]:
                _judge(branch, repeated)
            if any(_open(branch) for branch in argument[1]):
                own = frozenset[str]().union(*map(_first, argument[1]))
                if before & own:
                    ways = _counted(ways * min(bound, LONGEST))
                bound, before = LONGEST, before | own
        elif code in (codes.GROUPREF, codes.GROUPREF_EXISTS, codes.ASSERT, codes.ASSERT_NOT):
            raise Unsafe("it looks back or ahead.", "take what stands around as well, and the part meant in (...)")
        elif code is not codes.AT and not _characters(code, argument) & before:
            before = frozenset()


def _counted(ways: int) -> int:
    if ways > MOST:
        message = "two of its repeats can take the same characters, which may take very long."
        raise Unsafe(message, "give the second a bound, like .{0,60}, or set them apart, like [^0-9]*[0-9]+")
    return ways


def _open(tree: Iterable[tuple[Any, Any]]) -> bool:
    """Whether there is something in it that may take more or less."""
    return any(code in _REPEATS and argument[0] != argument[1] for code, argument in _flat(tree))


def _flat(tree: Iterable[tuple[Any, Any]]) -> Iterable[tuple[Any, Any]]:
    """The items in a row, those of plain groups among them."""
    for code, argument in tree:
        if code is codes.SUBPATTERN:
            yield from _flat(argument[3])
        elif code is codes.ATOMIC_GROUP:
            yield from _flat(argument)
        else:
            yield code, argument


def _first(tree: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Every character that can stand in it."""
    found: frozenset[str] = frozenset()
    for code, argument in _flat(tree):
        if code in _REPEATS or code is codes.POSSESSIVE_REPEAT:
            found |= _first(argument[2])
        elif code is codes.BRANCH:
            for branch in argument[1]:
                found |= _first(branch)
        else:
            found |= _characters(code, argument)
    return found


def _characters(code: Any, argument: Any) -> frozenset[str]:
    if code is codes.LITERAL:
        return frozenset({chr(argument), chr(argument).lower(), chr(argument).upper()})
    if code is codes.NOT_LITERAL:
        return frozenset(_SAMPLES) - {chr(argument).lower(), chr(argument).upper()}
    if code is codes.ANY:
        return frozenset(_SAMPLES)
    if code is not codes.IN:
        return frozenset()
    negated = argument[0][0] is codes.NEGATE
    found = {sample for sample in _SAMPLES if any(_within(sample, *item) for item in argument)}
    return frozenset(set(_SAMPLES) - found if negated else found)


def _within(sample: str, code: Any, argument: Any) -> bool:
    if code is codes.LITERAL:
        return sample.lower() == chr(argument).lower()
    if code is codes.RANGE:
        return any(
            argument[0] <= ord(letter) <= argument[1] for letter in {sample, sample.lower()[0], sample.upper()[0]}
        )
    if code is codes.CATEGORY:
        return _CATEGORIES[argument](sample)
    return False


def _word(sample: str) -> bool:
    return sample.isalnum() or sample == "_"


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    codes.CATEGORY_DIGIT: str.isdecimal,
    codes.CATEGORY_NOT_DIGIT: lambda sample: not sample.isdecimal(),
    codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_NOT_SPACE: lambda sample: not sample.isspace(),
    codes.CATEGORY_WORD: _word,
    codes.CATEGORY_NOT_WORD: lambda sample: not _word(sample),
}
