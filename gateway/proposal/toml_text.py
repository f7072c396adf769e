"""Writes values as TOML, on one line or as lists of lines; comments are the caller's."""

from __future__ import annotations

import json
import re
from typing import Any

WIDE = 110


def key(name: object) -> str:
    """A key, quoted where it must be."""
    text = str(name)
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else string(text)


def string(text: str) -> str:
    """A basic string. What TOML does not take is escaped; JSON's escapes are TOML's, but for the delete sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(found: Any) -> str:
    """A value on one line."""
    match found:
        case bool():
            return "true" if found else "false"
        case int() | float():
            return repr(found)
        case dict():
            return "{ " + ", ".join(f"{key(name)} = {value(inner)}" for name, inner in found.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(value, found)) + "]"
        case _:
            return string(str(found))


def lines(name: str, found: Any) -> list[str]:
    """`name = value`; a list of tables that is long has a line for each."""
    whole = f"{key(name)} = {value(found)}"
    if isinstance(found, list) and len(whole) > WIDE and all(isinstance(item, dict) for item in found):
        return [f"{key(name)} = [", *(f"  {value(item)}," for item in found), "]"]
    return [whole]


def comment(text: str) -> str:
    """A comment of one line: control characters would end it or be refused."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"# {shown}"
