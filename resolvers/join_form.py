"""Reads `join.NAME` of a partner file: more tables beside the mapped one, one row of each (docs/partners.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map

from resolvers.mapping import Join, Pivot
from resolvers.predicate import names as predicate_names
from resolvers.predicate_form import predicate
from resolvers.section import Section, nearest, shown

JOIN_NAME = r"[a-z][a-z0-9_-]{0,40}"
PIVOT_NAME = r"[a-z][a-z0-9_-]{0,18}"
_PICK = re.compile(r"(first|latest)(?:\s+by\s+(\S+))?")
_PICKS = '"first by rank", "latest by date" or { by = "date", order = "desc" }'


def joins_of(section: Section) -> dict[str, Join | None]:
    """The joins of a mapping, in the order of the file: each hangs on the mapped table or on earlier ones. None under
    the name of one that is not understood."""
    found: dict[str, Join | None] = {}
    for item in section.sections("join"):
        if not re.fullmatch(JOIN_NAME, item.name):
            item.mistake("CATALOG_WRONG_VALUE", "", f"{item.name!r} is no name for a join.", f"pattern: {JOIN_NAME}")
        found[item.name] = _join(item, found)
    return found


def known_join(section: Section, at: str, column: str, joins: Map[str, Join | None]) -> None:
    """Note it where a column is of a join, or of a pivot's columns, that is not there."""
    name, dot, short = column.rpartition(".")
    if dot and name not in joins:
        hint = nearest(name, joins) or "joins here: " + (", ".join(joins) or "none")
        section.mistakes.add("CATALOG_UNKNOWN_REFERENCE", at, f"{column!r}: there is no join {name!r}.", hint)
    elif dot and (join := joins[name]) is not None and join.pivot is not None and short not in join.pivot.columns:
        hint = nearest(short, join.pivot.columns) or "columns here: " + ", ".join(join.pivot.columns)
        section.mistakes.add("CATALOG_UNKNOWN_REFERENCE", at, f"{column!r}: the pivot has no column {short!r}.", hint)


def on_of(section: Section, prefix: str | None = None) -> tuple[tuple[str, str], ...]:
    """`on`: pairs of the joined table's column and a column of what is there already."""
    pairs = section.take("on", required=True)
    if not isinstance(pairs, dict) or not pairs or not all(isinstance(v, str) and v for v in pairs.values()):
        if pairs is not None:
            section.mistake("CATALOG_WRONG_TYPE", "on", 'columns in pairs are expected: { "sites.id" = "site_id" }.')
        return ()
    found = []
    for joined, own in pairs.items():
        column = joined.removeprefix(f"{prefix}.") if prefix else joined.rsplit(".", 1)[-1]
        if "." in column or not column:
            section.mistake("CATALOG_WRONG_VALUE", "on", f"{joined!r}: the joined table's own column comes first.")
        found.append((column, own))
    return tuple(found)


def _join(item: Section, earlier: Map[str, Join | None]) -> Join | None:
    name = item.name
    table = item.text("table", required=True)
    on = on_of(item, prefix=name)
    for _, own in on:
        known_join(item, item.at("on"), own, earlier)
    where = predicate(item, "where")
    for column in predicate_names(where) if where is not None else ():
        if "." in column:
            message = f"{column!r}: `where` of a join looks at columns of the joined table, without its name."
            item.mistake("CATALOG_UNKNOWN_REFERENCE", "where", message)
    key = tuple(_own(item, "key", column, name) for column in item.texts("key") or ())
    by, descending = _pick(item, name)
    if "pick" in item.data and "key" not in item.data:
        hint = 'key = "id": with equal or no values, the key decides'
        item.mistake("CATALOG_MISSING_KEY", "key", "a pick needs the joined table's key.", hint)
    pivot = item.section("pivot")
    if pivot is None and "key" in item.data and "pick" not in item.data:
        item.mistake("CATALOG_MISSING_KEY", "pick", "which row is picked?", "like " + _PICKS)
    told = None if pivot is None else _pivot(item, pivot)
    item.done()
    return Join(name, table, on, where, key, by, descending, told) if table and on else None


def _own(item: Section, at: str, column: str, name: str) -> str:
    """A column of the joined table, with or without its name before it."""
    found = column.removeprefix(f"{name}.")
    if "." in found:
        message = f"{column!r}: a column of the joined table is expected, without its name."
        item.mistake("CATALOG_UNKNOWN_REFERENCE", at, message)
    return found


def _pick(item: Section, name: str) -> tuple[str | None, bool]:
    """The column that decides (None: the key alone), and whether the greatest is picked."""
    raw = item.take("pick")
    if raw is None:
        return None, False
    if isinstance(raw, dict):
        form = Section(raw, item.at("pick"), item.mistakes)
        by = form.text("by", required=True)
        order = form.text("order", choices=("asc", "desc"))
        form.done()
        return None if by is None else _own(item, "pick", by, name), order == "desc"
    matched = _PICK.fullmatch(raw) if isinstance(raw, str) else None
    if matched is None:
        item.mistake("CATALOG_WRONG_VALUE", "pick", f"{shown(raw)} says no row.", "like " + _PICKS)
        return None, False
    return None if matched[2] is None else _own(item, "pick", matched[2], name), matched[1] == "latest"


def _pivot(item: Section, pivot: Section) -> Pivot | None:
    if "key" not in item.data:
        hint = 'key = "id": of several rows with one code, the one with the least key is taken'
        item.mistake("CATALOG_MISSING_KEY", "key", "a pivot needs the joined table's key.", hint)
    key = pivot.text("key", required=True)
    value = pivot.text("value", required=True)
    columns = pivot.section("columns", required=True)
    pivot.done()
    if key is None or value is None or columns is None:
        return None
    found: dict[str, str | int] = {}
    for short, code in columns.data.items():
        if not re.fullmatch(PIVOT_NAME, short):
            columns.mistake("CATALOG_WRONG_VALUE", short, f"{short!r} is no name.", f"pattern: {PIVOT_NAME}")
        elif isinstance(code, bool) or not isinstance(code, str | int):
            columns.mistake("CATALOG_WRONG_TYPE", short, f"a code is expected here, not {shown(code)}.")
        else:
            found[short] = code
    return Pivot(key, value, found)
