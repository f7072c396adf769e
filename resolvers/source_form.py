"""Reads the forms that go into a column or past the mapping language: members of JSON, and a partner's own SQL."""

from __future__ import annotations

import re
from typing import Any

from resolvers.entity import Field
from resolvers.expression import Coalesce, Column, Expression, JsonPath, Raw
from resolvers.section import Section, nearest, shown

DIALECTS = ("postgresql", "mariadb", "mysql", "sqlite")
_WRITING = (
    "alter analyze attach benchmark begin call cluster commit copy create deallocate delete detach do drop execute "
    "exec explain for grant handler insert into listen load load_file lock merge notify outfile pragma prepare "
    "pg_read_file pg_sleep reindex release rename reset revoke rollback savepoint set show "
    "sleep start truncate union unlisten update vacuum dblink lo_import lo_export setval nextval set_config "
    "pg_terminate_backend pg_cancel_backend get_lock load_extension writefile readfile"
)
_WORD = re.compile(r"\b(?:" + "|".join(_WRITING.split()) + r")\b", re.IGNORECASE)
_COLUMN = re.compile(r"\{([A-Za-z_][A-Za-z0-9_ $.]*)\}")


def read_json(form: Section) -> Expression | None:
    """A member of a JSON column, or the first of several that is there."""
    column = form.text("json")
    raw = form.take("path", required=True)
    path = None if raw is None else _path(form, "path", raw)
    other = form.take("else")
    others = other if isinstance(other, list) and any(isinstance(item, list) for item in other) else [other]
    more = [] if other is None else [_path(form, "else", item) for item in others]
    if not column or path is None:
        return None
    paths = [path, *(found for found in more if found is not None)]
    members = tuple(JsonPath(column, found) for found in paths)
    return members[0] if len(members) == 1 else Coalesce(members)


def _path(form: Section, key: str, raw: Any) -> tuple[str | int, ...] | None:
    steps = raw if isinstance(raw, list) else [raw]
    good = all((isinstance(step, str) and step) or (type(step) is int and step >= 0) for step in steps)
    if not steps or not good:
        form.mistake("CATALOG_WRONG_TYPE", key, f"`{key}` must hold texts or places in lists, at least one.")
        return None
    return tuple(steps)


def read_raw(form: Section, field: Field) -> Raw | None:
    """SQL by dialect. What writes, waits, or could end the expression is refused."""
    section = form.section("raw", required=True)
    if section is None:
        return None
    found = {}
    for dialect in section.data:
        if dialect not in DIALECTS:
            hint = nearest(dialect, DIALECTS) or "one of: " + ", ".join(DIALECTS)
            section.mistake("CATALOG_UNKNOWN_KEY", dialect, f"{dialect!r} is no dialect.", hint)
            continue
        text = section.text(dialect)
        if text is None:
            continue
        wrong = _wrong(text)
        if wrong:
            section.mistake("CATALOG_WRONG_VALUE", dialect, wrong, "one expression over columns, like lower({name})")
        found[dialect] = _pieces(text)
    if not section.data:
        form.mistake("CATALOG_WRONG_VALUE", "raw", "an expression for at least one dialect is expected here.")
    return Raw(found, field.type) if found else None


def _wrong(text: str) -> str:
    """Why an expression is refused; "" where it is not."""
    for sign in (";", "--", "/*", "#", "\\"):
        if sign in text and not (sign == "#" and ("#>" in text)):
            return f"{sign!r} cannot stand in `raw`."
    word = _WORD.search(text)
    if word is not None:
        return f"{shown(word[0])} cannot stand in `raw`: it reads, and nothing else."
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "", text)
    depth = 0
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    if depth or any(quote in bare for quote in "'\"`"):
        return "a bracket or quote in `raw` has no partner."
    return ""


def _pieces(text: str) -> tuple[str | Column, ...]:
    found: list[str | Column] = []
    at = 0
    for match in _COLUMN.finditer(text):
        found += [text[at : match.start()], Column(match[1])]
        at = match.end()
    return tuple(piece for piece in (*found, text[at:]) if piece != "")
