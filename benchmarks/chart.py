"""A bar chart in SVG: processor time a request, for each operation and server, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP = 760, 46, 70, 62
BAR, GAP = 15, 16
COLOURS = {"limit": "#8a939e", "gateway": "#1f6feb", "usual": "#d29a3a"}
LABELS = {"limit": "written by hand (limit)", "gateway": "this gateway", "usual": "Strawberry, ORM, data loaders"}


def chart(told: Mapping[str, Any]) -> str:
    """The whole picture. It stands on white, so that it can be read on pages of any colour."""
    operations = told["operations"]
    height = TOP + len(operations) * (3 * BAR + GAP) + 30
    lines = [*_frame(height), *_legend()]
    found = [cost["cpu_ms"] for operation in operations.values() for cost in operation["servers"].values()]
    first = math.floor(math.log10(min(found)))
    last = max(first + 1, math.ceil(math.log10(max(found))))
    lines += _axis(first, last, height)
    scale = (WIDTH - LEFT - RIGHT) / (last - first)
    top = TOP + GAP / 2
    for name, operation in operations.items():
        lines.append(f'<text x="12" y="{top + 1.5 * BAR + 4}" font-weight="600">{escape(name)}</text>')
        for server, colour in COLOURS.items():
            spent = operation["servers"][server]["cpu_ms"]
            width = (math.log10(spent) - first) * scale
            lines.append(f'<rect x="{LEFT}" y="{top:.1f}" width="{width:.1f}" height="{BAR - 2}" fill="{colour}"/>')
            lines.append(f'<text x="{LEFT + width + 5:.1f}" y="{top + BAR - 4:.1f}">{spent:.3g}</text>')
            top += BAR
        top += GAP
    return "\n".join([*lines, "</svg>"]) + "\n"


def _frame(height: int) -> Iterator[str]:
    title = "Processor time a request, in milliseconds (each line is ten times the last); less is better"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#1c2128" role="img" aria-label="{title}">'
    )
    yield f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    yield f'<text x="12" y="22" font-size="14" font-weight="600">{title}</text>'


def _legend() -> Iterator[str]:
    left = 12
    for server, label in LABELS.items():
        yield f'<rect x="{left}" y="35" width="11" height="11" fill="{COLOURS[server]}"/>'
        yield f'<text x="{left + 16}" y="45">{label}</text>'
        left += 40 + 7 * len(label)


def _axis(first: int, last: int, height: int) -> Iterator[str]:
    step = (WIDTH - LEFT - RIGHT) / (last - first)
    for power in range(first, last + 1):
        at = LEFT + (power - first) * step
        yield f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{height - 24}" stroke="#d0d7de"/>'
        yield f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle" fill="#59636e">{10.0**power:g}</text>'
