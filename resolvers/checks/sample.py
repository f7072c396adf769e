"""What the border makes of some rows: what it could not understand, and texts that read badly."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from resolvers.checks.report import several
from resolvers.entity import FieldClass, Model
from resolvers.errors import Mistake
from resolvers.expression import Column, Constant, Value
from resolvers.fetch import Row
from resolvers.mapping import Mapping

HINTS = {
    "ZERO_DATE": ("DATA_ZERO_DATE", "info", "they read as null, as they should"),
    "PLACEHOLDER_VALUE": ("DATA_PLACEHOLDER", "info", "they read as null, as they should"),
    "ENCODING_REPAIRED": ("DATA_ENCODING", "warning", "these are no texts in the encoding that the database names"),
    "UNKNOWN_ENUM": ("DATA_CODE_UNKNOWN", "warning", "add them to `values`, or say `otherwise`"),
}
ELSEWHERE = ("DANGLING_REFERENCE", "DUPLICATE_KEY")  # looked at over all rows, not only in a sample
# What reads a value that is none of its type, by type.
_NUMBERS = '`decimal = ","` reads numbers that people write, `null` takes words for none'
_DATES = '`format` names how they are written, like "DD/MM/YYYY"; `null` takes words for none'
OPTIONS = {
    **dict.fromkeys(("Int", "Float", "Decimal"), _NUMBERS),
    **dict.fromkeys(("Date", "DateTime", "LocalTime"), _DATES),
    "Boolean": "`values` says which words mean true and false",
}
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_ODD = re.compile(r"[^\x00-\x7f]{2,}")
_PERSONAL = {
    "e-mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE),
    "number plates": re.compile(
        r"[A-Z]{2}[- ]?\d{3}[- ]?[A-Z]{2}|\d{1,4}[- ]?[A-Z]{2,3}[- ]?\d{2}|\d-[A-Z]{3}-\d{3}"
        r"|[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} \d{1,4}",
        re.IGNORECASE,
    ),
    "telephone numbers": re.compile(r"(\+\d{2}|0)[1-9]([ .-]?\d{2}){4}"),
}


@dataclass(slots=True)
class _Seen:
    """Rows that one thing was seen in, and the first example."""

    rows: set[int] = field(default_factory=set)
    example: str = ""

    def note(self, row: int, example: str) -> None:
        self.rows.add(row)
        self.example = self.example or example


def understood(
    file: str, mapping: Mapping, model: Model, paths: Sequence[str], rows: Sequence[Row], counted: Collection[str]
) -> Iterable[Mistake]:
    """Issues and ugly texts of a sample, by field, each with how many rows and one example.

    counted: paths whose codes were counted over all rows already.
    """
    issues: dict[tuple[str, str], _Seen] = {}
    texts: dict[tuple[str, str], _Seen] = {}
    constant = {path for path, binding in mapping.fields.items() if _is_constant(binding)}
    for number, row in enumerate(rows):
        for code, path, raw in row.issues:
            if code not in ELSEWHERE and (code != "UNKNOWN_ENUM" or path not in counted):
                issues.setdefault((code, path), _Seen()).note(number, raw)
        for path, value in zip(paths, row.values, strict=True):
            if path in constant:
                continue
            for text in _texts(value):
                for kind in uglinesses(text):
                    texts.setdefault((kind, path), _Seen()).note(number, text)
    among = f"of {several(len(rows), 'row')} looked at"
    for (code, path), seen in issues.items():
        own, level, hint = HINTS.get(code, ("DATA_UNPARSEABLE", "warning", _reads(model, mapping, path)))
        message = f"{code} in {len(seen.rows):,} {among}, like {_short(seen.example)}."
        yield Mistake(own, file, _key(mapping, path), message, hint, level)
    for (kind, path), seen in texts.items():
        code, level, what, hint = UGLY[kind]
        message = f"{what} in {len(seen.rows):,} {among}, like {_short(seen.example)}."
        yield Mistake(code, file, _key(mapping, path), message, hint, level)


UGLY = {
    "mojibake": (
        "DATA_ENCODING",
        "warning",
        "texts that were read in a wrong encoding once",
        "mend them in the source: no option can tell them from what is meant",
    ),
    "replaced": (
        "DATA_ENCODING",
        "warning",
        "characters that were lost (U+FFFD)",
        "what they were stands nowhere: mend them in the source",
    ),
    "html": ("DATA_HTML", "warning", "HTML entities", "`html = true` beside the column reads them"),
    "blanks": (
        "DATA_BLANKS",
        "info",
        "blanks around texts",
        "`trim = true` takes spaces off, `collapse = true` blanks of every kind",
    ),
}


def _reads(model: Model, mapping: Mapping, path: str) -> str:
    """What would read a value of the field at a path that is not understood yet."""
    try:
        found = OPTIONS.get(model.field(mapping.entity, path).type, "")
    except KeyError:  # a member of the partner's own choice
        found = ""
    return "they read as null" + (f"; {found}" if found else "")


def uglinesses(text: str) -> Iterator[str]:
    """What is wrong with how a text is written: keys of UGLY."""
    if "\ufffd" in text:
        yield "replaced"
    if not text.isascii() and any(map(_is_mojibake, _ODD.findall(text))):
        yield "mojibake"
    if "&" in text and any(html.unescape(found[0]) != found[0] for found in _ENTITY.finditer(text)):
        yield "html"
    if text != text.strip():
        yield "blanks"


def _is_mojibake(run: str) -> bool:
    """UTF-8 that was taken for the usual one-byte encoding: read back, it makes sense again."""
    try:
        return run.encode("cp1252").decode("utf-8") != run
    except UnicodeError:
        pass
    try:
        return run.encode("latin-1").decode("utf-8") != run
    except UnicodeError:
        return False


def personal_keys(file: str, mapping: Mapping, model: Model, rows: Sequence[Row]) -> Iterable[Mistake]:
    """Keys that tell who somebody is, and that callers of other partners would be told."""
    if mapping.key_is_personal:
        return
    key = f"mapping.{mapping.name}.key"
    hint = "key_is_personal = true keeps it to the partner itself; or take a key that means nothing"
    for what, pattern in _PERSONAL.items():
        met = [row.key for row in rows if pattern.fullmatch(row.key.strip())]
        if rows and len(met) * 2 > len(rows):
            message = f"the key is made of {what}, like {_short(met[0])}."
            yield Mistake("DATA_KEY_PERSONAL", file, key, message, hint, "warning")
            return
    for path, binding in mapping.fields.items():
        private = model.field(mapping.entity, path).field_class is not FieldClass.PLAIN
        column = binding.expression if isinstance(binding, Value) else None
        if private and isinstance(column, Column) and column.name in mapping.key:
            message = f"the key holds what `{path}` shows, which not everybody may read."
            yield Mistake("DATA_KEY_PERSONAL", file, key, message, hint, "warning")
            return


def _is_constant(binding: object) -> bool:
    return isinstance(binding, Value) and isinstance(binding.expression, Constant)


def _texts(value: Any) -> Iterator[str]:
    """The texts in a canonical value; what is made of a text for comparing is none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            if name != "normalized":
                yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


def _key(mapping: Mapping, path: str) -> str:
    return f"mapping.{mapping.name}.fields.{path}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
