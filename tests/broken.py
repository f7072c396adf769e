"""Data broken anywhere, and the TOML of it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = ["", "x", "id", "${X}", "*", "2s", "UTC", "a.b", "{a}", "\0", "[", "2026-13-01"]
FORMS: list[dict[str, Any]] = [
    {"x": 1},
    {"column": 1},
    {"column": "id"},
    {"const": 1},
    {"const": ["x"]},
    {"key": "id"},
    {"when": [{"if": {"id": {"eq": 1}}, "is": "x"}]},
    {"coalesce": ["id", {"const": 1.5}]},
    {"template": "{id} {x}"},
    {"json": "id", "path": ["a"]},
    {"eq": "x"},
    {"lt": 1},
    {"isNull": True},
]
ODD = st.sampled_from([None, True, 0, -1, 1.5, 10**30, float("nan"), [], [1], [[]], ["x"], {}, *TEXTS, *FORMS])
KEYS = st.sampled_from(["x", "id", "columns", "entity", "name", "kind", "", "a.b", "const", "when", "values", "null"])

Place = tuple[Any, ...]


def places(data: Any, path: Place = ()) -> list[Place]:
    """Every place in nested tables and lists."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def toml(value: Any, inside: bool = False) -> str:
    """TOML of nested data; None as a text, since TOML has none."""
    if isinstance(value, dict):
        pairs = [f"{quoted(key)} = {toml(item, True)}" for key, item in value.items()]
        return "{ " + ", ".join(pairs) + " }" if inside else "\n".join(pairs)
    if isinstance(value, list):
        return "[" + ", ".join(toml(item, True) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return str(value.isoformat()) if hasattr(value, "isoformat") else quoted(str(value))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\u0000")
    return f'"{escaped}"'
