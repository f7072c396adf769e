"""Manifests of operations, as the tools of clients write them: texts by id."""

from __future__ import annotations

import json
from typing import Any

APOLLO = "apollo-persisted-query-manifest"
MOST = 16 * 1024 * 1024  # bytes


def read(text: bytes) -> dict[str, str]:
    """The documents of a manifest by id. ValueError, saying why, where it is none.

    Three forms: GraphQL Code Generator's `persisted-documents.json` and Relay's persisted queries, both an object of
    id -> text, and Apollo's manifest, a list of operations with `id` and `body`.
    """
    if len(text) > MOST:
        raise ValueError(f"it has more than {MOST} bytes")
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("an object of id and text is expected")
    pairs = _operations(found) if "format" in found else list(found.items())
    documents: dict[str, str] = {}
    for name, document in pairs:
        if not isinstance(name, str) or not name or not isinstance(document, str) or not document.strip():
            raise ValueError(f"the operation {str(name)[:80]!r} has no text")
        if not _sound(name + document):
            raise ValueError(f"the operation {name[:80]!a} holds half a character")
        if documents.setdefault(name, document) != document:
            raise ValueError(f"two operations have the id {name[:80]!r}")
    return documents


def _operations(found: dict[str, Any]) -> list[tuple[Any, Any]]:
    if found["format"] != APOLLO or found.get("version") != 1:
        raise ValueError(f"of the forms with a `format`, only {APOLLO!r} of version 1 is known")
    operations = found.get("operations")
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise ValueError("`operations` must be a list of objects")
    return [(each.get("id"), each.get("body")) for each in operations]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _sound(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
