"""Reads the forms that look at rows of other tables: lists out of rows, and trees (docs/partners.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from resolvers.entity import Field
from resolvers.expression import Gathered, Rows, Tree, Value, columns
from resolvers.join_form import joins_of, known_join, on_of
from resolvers.predicate import names as predicate_names
from resolvers.predicate_form import predicate
from resolvers.section import Section
from resolvers.value_form import read_value

DEPTH, DEEPEST = 10, 20


def reads_rows(raw: Any) -> bool:
    """Whether a form, or one of a list of forms, looks at rows of other tables."""
    return any(isinstance(item, dict) and "rows" in item for item in (raw if isinstance(raw, list) else [raw]))


def read_rows(section: Section, name: str, raw: Any, field: Field) -> Value | None:
    """A list out of rows, or out of several kinds of rows one after the other."""
    found = []
    several = isinstance(raw, list)
    for index, item in enumerate(raw if several else [raw]):
        path = f"{section.at(name)}[{index}]" if several else section.at(name)
        if not isinstance(item, dict) or not isinstance(item.get("rows"), dict):
            message = (
                'rows are expected here, like { rows = { table = "tags", on = { thing = "id" } }, column = "name" }.'
            )
            section.mistakes.add("CATALOG_WRONG_TYPE", path, message)
            continue
        rows = _rows(Section(item["rows"], f"{path}.rows", section.mistakes), section, path, item, field)
        if rows is not None:
            found.append(rows)
    return Value(Gathered(tuple(found))) if found else None


def _rows(form: Section, outer: Section, path: str, item: dict[str, Any], field: Field) -> Rows | None:
    rest = {key: value for key, value in item.items() if key != "rows"}
    parent, _, last = path.rpartition(".")
    each = read_value(Section({last: rest}, parent, outer.mistakes), last, rest, replace(field, many=False))
    return rows_of(form, [(path, each)] if each is not None else [])


def rows_of(form: Section, forms: Sequence[tuple[str, Value]]) -> Rows | None:
    """Which rows of which table. forms: what is read of each, with where it stands."""
    table = form.text("table", required=True)
    on = on_of(form)
    where = predicate(form, "where")
    order = form.texts("order") or ()
    joins = joins_of(form)
    form.done()
    looked = [(form.at("where"), column) for column in (predicate_names(where) if where is not None else ())]
    looked += [(form.at("order"), column) for column in order]
    looked += [(path, column) for path, each in forms for column in columns(each)]
    for at, column in looked:
        known_join(form, at, column, joins)
    if table is None or not on or not forms:
        return None
    known = {join.name: join for join in joins.values() if join is not None}
    return Rows(table, on, where, known, order, tuple(each for _, each in forms))


def read_tree(section: Section, name: str, raw: dict[str, Any], field: Field, own: tuple[str, ...]) -> Value | None:
    """The way down to a node. own: the mapped table's key, where the way of the mapped row itself is meant."""
    form = Section(raw, section.at(name), section.mistakes)
    if not field.many or field.type != "String":
        form.mistake("CATALOG_WRONG_VALUE", "tree", f"`tree` gives a list of names, and `{field.name}` is none.")
    tree = form.section("tree", required=True)
    form.done()
    if tree is None:
        return None
    table, key, parent, label = (tree.text(part, required=True) for part in ("table", "key", "parent", "name"))
    start = tree.text("start", required=len(own) != 1) or (own[0] if len(own) == 1 else None)
    depth = tree.integer("depth", low=1, high=DEEPEST) or DEPTH
    tree.done()
    if table is None or key is None or parent is None or label is None or start is None:
        return None
    return Value(Tree(table, key, parent, label, start, depth))
