"""Content negotiation: what a client sends, what it can read, and whether compressed (RFC 9110 section 12)."""

from __future__ import annotations

import re
from functools import lru_cache

JSON = b"application/json; charset=utf-8"
GRAPHQL = b"application/graphql-response+json; charset=utf-8"

QUALITY = re.compile(rb"0(\.\d{0,3})?|1(\.0{0,3})?")

# The same few header values come again and again, so each is read once.
_remembered = lru_cache(maxsize=256)


@_remembered
def answerable(accept: bytes) -> bytes | None:
    """The Content-Type to answer an Accept header with, JSON or GRAPHQL; None where neither is accepted."""
    ranges = [_range(part) for part in accept.lower().split(b",")]
    offers = []
    for media in (GRAPHQL, JSON):
        name = media.partition(b";")[0]
        # The most specific range that fits a type says its quality.
        fits = [
            (specific, quality)
            for specific, wanted in enumerate((b"*/*", b"application/*", name))
            for given, quality in ranges
            if given == wanted
        ]
        specific, quality = max(fits, default=(0, 0.0))
        if quality > 0:
            # Asked for alike by name, the newer type tells more; by a wildcard, JSON is safe with old clients.
            offers.append((quality, specific, (media is GRAPHQL) == (specific == 2), media))
    return max(offers)[-1] if offers else None


@_remembered
def is_json(content_type: bytes) -> bool:
    """Whether a Content-Type is application/json in UTF-8, said or unsaid, and nothing else."""
    media, *parameters = [part.strip().lower() for part in content_type.split(b";")]
    return media == b"application/json" and parameters in ([], [b"charset=utf-8"], [b'charset="utf-8"'])


@_remembered
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether an Accept-Encoding asks for gzip by name."""
    return any(name == b"gzip" and quality > 0 for name, quality in map(_range, accept_encoding.lower().split(b",")))


def _range(part: bytes) -> tuple[bytes, float]:
    """Name and quality of one element. A charset other than UTF-8, or a malformed quality, cannot be met: 0."""
    name, *parameters = [each.strip() for each in part.split(b";")]
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition(b"=")
        if key == b"q":
            quality = float(value) if QUALITY.fullmatch(value) else 0.0
        elif key == b"charset" and value.strip(b'"') != b"utf-8":
            return name, 0.0
    return name, quality
