"""Lists that a source hands over in one text: in an order that is the same on every engine."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

MOST = 1_000  # entries of one record's list


def in_order(rows: Sequence[Sequence[str | None]]) -> list[Sequence[str | None]]:
    """The rows by their texts from left to right: numbers by value, then other texts by code point, nulls last."""
    return sorted(rows, key=lambda row: [_place(text) for text in row])[:MOST]


def _place(text: str | None) -> tuple[int, Decimal, str]:
    if text is None:
        return 2, Decimal(), ""
    bare = text.removeprefix("-")
    if bare.isascii() and bare.replace(".", "", 1).isdigit() and len(bare) < 40:
        return 0, Decimal(text), text
    return 1, Decimal(), text


def way_down(steps: Sequence[str | None]) -> list[str]:
    """The names of a node's ancestors and its own, from the root, out of (key, name) from the node up."""
    found: dict[str, str | None] = {}
    for key, name in zip(steps[::2], steps[1::2], strict=True):
        if key is None or key in found:
            break
        found[key] = name
    return [name for name in reversed(found.values()) if name is not None and name.strip()]
