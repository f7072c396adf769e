"""Which raw values are canonical as they are, and which come again so often that what they read is worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from resolvers.coercion import FIRST_YEAR, LAST_YEAR
from resolvers.entity import Field
from resolvers.expression import Value
from resolvers.inline import NULL, Function, Inline
from resolvers.memo import Memo

Ways = Sequence[tuple[type, str]]
_YEARS = f"{FIRST_YEAR} <= {{0}}.year <= {LAST_YEAR}"
_INTEGER = f"{-(2**31)} <= {{0}} < {2**31}"
_NAMED = {"UTC": UTC, "least": float("-inf"), "most": float("inf")}


def shortcut(field: Field, value: Value, read: Callable[[Any], Any]) -> Inline:
    """How a raw value of a leaf is read; what is neither canonical nor kept by a call of `read`, null too."""
    same = _same(field, value)
    kept = _kept(field, value)
    memo = Memo(read)

    def inline(function: Function, raws: Sequence[str]) -> str:
        raw = raws[0]
        if raw == NULL:
            return NULL
        tests = [f"{raw} is None"]
        for kind, further in same:
            test = f"{raw}.__class__ is {function.given(kind, 'type')}"
            named = {name: function.given(bound) for name, bound in _NAMED.items() if name in further}
            tests.append(f"{test} and {further.format(raw, **named)}" if further else test)
        way = f"{function.given(read, 'read')}({raw})"
        if kept:
            known = " or ".join(f"{raw}.__class__ is {function.given(kind, 'type')}" for kind in kept)
            way = f"{function.given(memo, 'memo')}[{raw}] if {known} else {way}"
        return function.keep(f"{raw} if {' or '.join(tests)} else {way}")

    return inline


def _coded(value: Value) -> bool:
    return value.values is not None or not value.strict


def _bare(value: Value) -> bool:
    """Whether a number is read as it stands."""
    return not value.scale and value.factor == 1.0 and value.decimal is None


def _same(field: Field, value: Value) -> Ways:
    """What is canonical as it is: the type, and the test of a value besides."""
    if field.many or field.values or _coded(value) or value.steps is not None:
        return ()
    match field.type:
        case "Int":
            return [(int, _INTEGER)] if _bare(value) else ()
        case "Float":
            return [(float, "{least} < {0} < {most}")] if _bare(value) else ()
        case "Decimal":
            return [(Decimal, "{0}.is_finite()")] if _bare(value) else ()
        case "Boolean":
            return [(bool, "")]
        case "Date":
            return [(date, _YEARS)]
        case "DateTime":
            return [(datetime, "{0}.tzinfo is {UTC} and " + _YEARS)]
        case "LocalTime":
            return [(time, "")]
        case "RegionCode" | "CurrencyCode" | "JSON" | "Moment":
            return ()
        case _:
            return [(str, "")]


def _kept(field: Field, value: Value) -> Sequence[type]:
    """The types of which equal values always read alike, where few values stand in many rows."""
    if field.many or field.type == "JSON":
        return ()
    if field.values or _coded(value):
        return (str, int)
    if value.steps is not None:
        return ()
    match field.type:
        case "Decimal" | "Boolean":
            return (int, str) if value.decimal is None else ()
        case "Int" | "Float":
            return () if _bare(value) or value.decimal is not None else (int,)
        case "RegionCode" | "CurrencyCode":
            return (str,)
        case "DateTime":
            return (date,)
        case "Date":
            return (str,)
        case _:
            return ()
