"""Reads lists of parts whose entries are rows of another table (docs/partners.md)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Map

from resolvers.expression import Gathered, Tree
from resolvers.mapping import Entries, Value
from resolvers.rows_form import rows_of
from resolvers.section import Section


def read_entries(form: Section, read: Callable[[Section], Map[str, Value]]) -> Entries | None:
    """Entries out of rows. read: what an entry's table of fields says."""
    told = form.section("rows", required=True)
    fields = form.section("fields", required=True)
    form.done()
    if told is None or fields is None:
        return None
    if not fields.data:
        form.mistake("CATALOG_WRONG_VALUE", "fields", "what is an entry made of?", 'like { number = "no" }')
    forms = {}
    for name, value in read(fields).items():
        if isinstance(value.expression, Gathered | Tree):
            message = "a row of another table has no rows of its own: `join.NAME` in `rows` is for what lies beside it."
            fields.mistake("CATALOG_WRONG_VALUE", name, message)
        else:
            forms[name] = value
    rows = rows_of(told, [(fields.at(name), value) for name, value in forms.items()])
    return None if rows is None else Entries(rows, forms)
