"""Patterns of partner files: what is allowed ends soon on any text, what may never end is refused."""

from __future__ import annotations

import time

import pytest

from resolvers import safe_pattern
from resolvers.steps import first_match

NASTY = ["a" * 5000, "1" * 5000, " " * 5000, "a1 " * 2000, "marchandises " * 400, "aab" * 1500 + "!"]
ALLOWED = [r"(\w+)\s*:\s*(\w+)", r"x?[0-9]+ ?k", r"[^0-9]*([0-9]+)x", r"a.{0,60}b.{0,60}c", r"(\w+) (\w+) (\w+)!"]
ALLOWED += [r"marchandises[^0-9]*([0-9][0-9 .,]*)", r"[0-9]{1,3}(?:[ .][0-9]{3})*x", r"[a-z]+[0-9]+[a-z]+z"]


@pytest.mark.parametrize("pattern", ALLOWED)
def test_what_is_allowed_as_a_pattern_ends_soon(pattern: str) -> None:
    compiled = safe_pattern.compile_pattern(pattern)
    began = time.process_time()
    for text in NASTY:
        first_match((compiled,), text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\w+)*x",
        r"(a|a)+x",
        r"\w+\w+x",
        r".*a.*b",
        r"(\d+\s?)+x",
        r"\s*,?\s*x",
        r"(?=a)b",
        r"(a)\1",
        r"a?",
        r"(?:a?){30}a{30}",
        r"\w+(\w+x|y)",
    ],
)
def test_what_may_never_end_is_no_pattern(pattern: str) -> None:
    with pytest.raises(safe_pattern.Unsafe):
        safe_pattern.compile_pattern(pattern)
