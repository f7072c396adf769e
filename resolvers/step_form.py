"""Reads the steps, numbers, units and formats of a value form (docs/partners.md, Values)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from typing import Any

from resolvers.entity import Field
from resolvers.safe_pattern import Unsafe, compile_pattern
from resolvers.section import Section, nearest, shown
from resolvers.steps import CASES, Steps
from resolvers.unit import units_of
from resolvers.written import COUNTED, date_format

STEPS = ("repair", "html", "entities", "nfc", "collapse", "any_case", "case", "extract", "optional", "replace")
_NUMERIC = frozenset({"Int", "Float", "Decimal"})


def read_steps(form: Section) -> Steps | None:
    """The steps of a form; None where it has none."""
    names = ("repair", "html", "entities", "nfc", "collapse", "any_case", "optional")
    flags = {name: bool(form.boolean(name)) for name in names}
    case = form.text("case", choices=CASES)
    extract = _patterns(form)
    replace = _replacements(form)
    if flags["optional"] and "extract" not in form.data:
        form.mistake("CATALOG_WRONG_VALUE", "optional", "`optional` does nothing without `extract`.")
    if flags["any_case"] and "null" not in form.data:
        form.mistake("CATALOG_WRONG_VALUE", "any_case", "`any_case` does nothing without `null`.")
    found = Steps(**flags, case=case, extract=extract, replace=replace)
    return None if found == Steps() else found


def _patterns(form: Section) -> tuple[re.Pattern[str], ...]:
    found = []
    for text in form.texts("extract") or ():
        try:
            found.append(compile_pattern(text))
        except Unsafe as error:
            message, hint = error.args
            form.mistake("CATALOG_WRONG_VALUE", "extract", f"{shown(text)} cannot be used: {message}", hint)
    return tuple(found)


def _replacements(form: Section) -> tuple[tuple[str, str], ...]:
    raw = form.take("replace")
    if raw is None:
        return ()
    if not isinstance(raw, dict) or not all(old and isinstance(new, str) for old, new in raw.items()):
        form.mistake(
            "CATALOG_WRONG_TYPE", "replace", "a table from text to text is expected here.", 'like { "," = "." }'
        )
        return ()
    return tuple((str(old), new) for old, new in raw.items())


def read_decimal(form: Section) -> str | None:
    """What begins the fraction of a written number."""
    found = form.text("decimal")
    if found is not None and found not in (",", "."):
        form.mistake("CATALOG_WRONG_VALUE", "decimal", f"{shown(found)} is neither a comma nor a dot.")
        return None
    return found


def read_factor(form: Section) -> float:
    """A number to multiply with."""
    found = form.take("factor")
    if found is None:
        return 1.0
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 < abs(found) < 1e12:
        form.mistake("CATALOG_WRONG_VALUE", "factor", "a number is expected here, not zero.", "like 1.609344")
        return 1.0
    return float(found)


def read_unit(form: Section, field: Field) -> tuple[float, Any, Map[str, float]]:
    """The factor of a unit, or the form of the column that tells it (else None), and what units there are.

    The path of a field ends in its own unit, so `km` of an odometer in miles is told by `unit = "mi"`.
    """
    units = units_of(field.name) if field.type in _NUMERIC else {}
    raw = form.take("unit")
    if raw is None:
        return 1.0, None, units
    if not units:
        if field.type in _NUMERIC:
            form.mistake(
                "CATALOG_WRONG_VALUE", "unit", f"`{field.name}` has no unit of its own.", "`factor` multiplies"
            )
        return 1.0, None, units
    if isinstance(raw, str):
        factor = units.get(raw.strip().lower())
        if factor is None:
            hint = nearest(raw, units) or "one of: " + ", ".join(units)
            form.mistake("CATALOG_WRONG_VALUE", "unit", f"{shown(raw)} is no unit of `{field.name}`.", hint)
        return factor or 1.0, None, units
    if not isinstance(raw, dict):
        hint = 'like "mi", or { column = "unit" }'
        form.mistake("CATALOG_WRONG_TYPE", "unit", "a unit, or the form of a column that tells it, is expected.", hint)
        return 1.0, None, units
    return 1.0, raw, units


def read_formats(form: Section, field: Field) -> tuple[str, ...]:
    """The formats of days and times in texts."""
    found = form.texts("format") or ()
    if field.type not in ("Date", "DateTime", "LocalTime"):
        return ()
    for text in found:
        if date_format(text) is None:
            hint = 'like "DD/MM/YYYY", "YYYYMMDD", "D.M.YY HH:mm", "epoch", "epoch_ms" or "excel"'
            form.mistake("CATALOG_WRONG_VALUE", "format", f"{shown(text)} is no format of a day or time.", hint)
            return ()
    if len(found) > 1 and any(text in COUNTED or text == "excel" for text in found):
        form.mistake("CATALOG_WRONG_VALUE", "format", "a format that counts stands alone.")
    return found
