"""Whole lists out of a gateway over a true system, by what each record is in its source, to hold against plain SQL."""

from __future__ import annotations

import html
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.gateways import Gateway

Node = dict[str, Any]
Key = tuple[str, str]  # mapping, own key

NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)  # the day of the figures that came with the dumps
GREATEST_PAGE = 1000


async def whole(
    gateway: Gateway, partner: str, field: str, text: str, arguments: str = "", issues: bool = False
) -> dict[Key, Node]:
    """A partner's own list to its end, with the data issues where asked (provenance.issues); no record twice."""
    provenance = "provenance { localId issues { code field value } }" if issues else "provenance { localId }"
    document = (
        f"query Whole($after: String) {{ {field}(first: {GREATEST_PAGE}, after: $after {arguments}) "
        f"{{ nodes {{ id {provenance} {text} }} totalCount missing {{ code }} pageInfo {{ hasNextPage endCursor }} "
        "} }"
    )
    found: dict[Key, Node] = {}
    variables: dict[str, Any] = {}
    while True:
        page = (await gateway.data(document, variables, partner=partner))[field]
        assert page["missing"] == []
        for node in page["nodes"]:
            key = key_of(node)
            assert key not in found, f"{key} twice in {field}"
            found[key] = node
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        variables["after"] = page["pageInfo"]["endCursor"]


def key_of(node: Mapping[str, Any]) -> Key:
    """(mapping, own key) of a record with its id."""
    encoded = node["id"]
    _, _, mapping, key = (
        urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode().replace(":", ".", 1).split(".", 3)
    )
    return mapping, key


def counted(nodes: Iterable[Node]) -> Counter[tuple[str, str]]:
    """How many data issues there are, by (code, field)."""
    return Counter((issue["code"], issue["field"]) for node in nodes for issue in node["provenance"]["issues"] or ())


def agree(found: Mapping[Key, Node], wanted: Mapping[Key, Node]) -> None:
    """The same records with the same values, or AssertionError with the first that differ. Only wanted fields count."""
    lost, extra = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    assert not lost and not extra, f"{len(lost)} lost: {sorted(lost)[:3]}, {len(extra)} too many: {sorted(extra)[:3]}"
    wrong = [
        (key, name, found[key][name], value)
        for key, row in wanted.items()
        for name, value in row.items()
        if found[key][name] != value
    ]
    shown: dict[str, list[str]] = {}
    for key, name, seen, value in wrong:
        shown.setdefault(name, []).append(f"{key} {name}: {seen!r} where SQL says {value!r}")
    told = "\n".join(f"{len(lines)} times, e.g. {line}" for lines in shown.values() for line in lines[:2])
    assert not wrong, f"{len(wrong)} values differ:\n{told}"


def tidy(text: str | None) -> str | None:
    """A text without entities, surplus blanks, tabs and no-break spaces; None where nothing is left."""
    return None if text is None else " ".join(html.unescape(text).split()) or None


def moment(seconds: float | None) -> str | None:
    """POSIX time as the graph writes it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(float(seconds), UTC).isoformat().removesuffix("+00:00") + "Z"
