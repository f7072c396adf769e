"""One proposed mapping, line by line, before it is text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gateway.proposal.spelling import formats, plain_number
from gateway.proposal.words import plain
from resolvers.survey import Content, Table


@dataclass(slots=True)
class Line:
    """One field. value: as in the file. notes: what was seen, a comment each. unsure: what to look at, or nothing.
    off: why the line is commented out, or nothing."""

    value: Any
    notes: list[str] = field(default_factory=list)
    unsure: str = ""
    off: str = ""


@dataclass(slots=True)
class Draft:
    """A mapping that is being proposed. content: what stands in its table's columns. why: what spoke for it."""

    name: str
    entity: str
    table: Table
    content: dict[str, Content]
    score: float
    why: str
    where: dict[str, Any] = field(default_factory=dict)
    where_unsure: str = ""
    joins: dict[str, dict[str, Any]] = field(default_factory=dict)
    fields: dict[str, Line] = field(default_factory=dict)
    off: str = ""

    def join(self, name: str, table: str, on: dict[str, str], **more: Any) -> str:
        """The name of a join to a table; the same join is made once. on: joined column -> own column."""
        short = re.sub(r"[^a-z0-9]+", "_", plain(name)).strip("_")[:30] or "more"
        short = short if short[0].isalpha() else f"j_{short}"
        number, chosen = 1, short
        while True:
            wanted = {"table": table, "on": {f"{chosen}.{joined}": own for joined, own in on.items()}, **more}
            if self.joins.setdefault(chosen, wanted) == wanted:
                return chosen
            number += 1
            chosen = f"{short}_{number}"

    def put(self, name: str, value: Any, unsure: str = "", notes: list[str] | None = None) -> None:
        """Propose a field, where it is not yet."""
        self.fields.setdefault(name, Line(value, notes or [], unsure))


def form(column: str, content: Content | None, type_: str = "text", wanted: str = "", **options: Any) -> Any:
    """How a column's value is read, with the options that its content asks for. wanted: "date" or "number"."""
    found: dict[str, Any] = {"column": column}
    if content is not None and content.languages:
        each = [language for language, _ in content.languages.most_common()]
        forms = [{"json": column, "path": [language]} for language in each[:4]]
        return forms[0] if len(forms) == 1 else {"coalesce": forms}
    if content is not None and type_ == "text":
        if content.entities:
            found["html"] = True
        if content.blanks or "" in content.nothing:
            found["trim"] = True
        tokens = [text for text, _ in content.nothing.most_common() if text]
        if tokens:
            found["null"] = tokens
    found |= options
    if content is not None and content.filled and type_ == "text":
        found |= _written(content, wanted)
    return column if len(found) == 1 else found


def _written(content: Content, wanted: str) -> dict[str, Any]:
    """How the days and numbers of a text column are written."""
    if wanted == "date" and (found := formats(content)):
        return {"format": found[0] if len(found) == 1 else found}
    if wanted == "number" and content.share(plain_number) < 1:
        return {"decimal": "," if content.share(lambda text: "," in text or " " in text) else "."}
    return {}
