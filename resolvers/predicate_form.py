"""Reads predicates of a partner file: `{ column = { operator = value } }` (docs/partners.md, Predicates)."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from resolvers.operand import CLOCKS, Clock, OtherColumn
from resolvers.predicate import OPERATORS, And, Compare, Not, Or, Predicate
from resolvers.section import Section, nearest, shown


def predicate(section: Section, key: str, required: bool = False) -> Predicate | None:
    """The predicate at a key, or None."""
    raw = section.take(key, required)
    return None if raw is None else _predicate(raw, section, key)


def _predicate(raw: Any, outer: Section, key: str) -> Predicate | None:
    if not isinstance(raw, dict) or not raw:
        outer.mistake("CATALOG_WRONG_TYPE", key, "a predicate is expected here.", "like { status = { eq = 1 } }")
        return None
    section = Section(raw, outer.at(key), outer.mistakes)
    members: list[Predicate] = []
    for name, operand in raw.items():
        if name in ("and", "or"):
            if not isinstance(operand, list):
                section.mistake("CATALOG_WRONG_TYPE", name, f"`{name}` takes a list of predicates.")
                continue
            inner = [_predicate(item, section, f"{name}[{index}]") for index, item in enumerate(operand)]
            found = tuple(item for item in inner if item is not None)
            members.append(And(found) if name == "and" else Or(found))
        elif name == "not":
            negated = _predicate(operand, section, name)
            if negated is not None:
                members.append(Not(negated))
        else:
            members += _comparisons(section, name, operand)
    return members[0] if len(members) == 1 else And(tuple(members))


def _comparisons(section: Section, column: str, operand: Any) -> list[Predicate]:
    if not isinstance(operand, dict) or not operand:
        hint = f"like {{ {column} = {{ eq = {shown(operand)} }} }}" if _single(operand) else ""
        section.mistake("CATALOG_WRONG_TYPE", column, "an operator is expected here.", hint)
        return []
    inner = Section(operand, section.at(column), section.mistakes)
    found: list[Predicate] = []
    for operator, value in operand.items():
        if operator not in OPERATORS:
            hint = nearest(operator, OPERATORS) or "known: " + ", ".join(OPERATORS)
            inner.mistake("CATALOG_UNKNOWN_KEY", operator, f"{operator!r} is no operator.", hint)
        elif (operand_ := _operand(inner, operator, value)) is not None:
            found.append(Compare(column, operator, operand_))
        elif (wanted := _unfit(operator, value)) is not None:
            inner.mistake("CATALOG_WRONG_TYPE", operator, f"{wanted} is expected here, not {shown(value)}.")
        else:
            found.append(Compare(column, operator, tuple(value) if isinstance(value, list) else value))
    return found


def _operand(section: Section, operator: str, value: Any) -> Clock | OtherColumn | None:
    """What stands for a value that is not in the file: `$now`, `$today`, `{ column = "x" }`."""
    if OPERATORS[operator] or operator in ("startsWith", "contains", "isNull"):
        return None
    if isinstance(value, dict) and value.keys() == {"column"} and isinstance(value["column"], str) and value["column"]:
        return OtherColumn(value["column"])
    if isinstance(value, str) and value.startswith("$"):
        if value in CLOCKS:
            return Clock(value[1:])
        hint = nearest(value, CLOCKS) or "known: " + ", ".join(CLOCKS)
        section.mistake("CATALOG_WRONG_VALUE", operator, f"{value!r} is no clock.", hint)
        return Clock("now")
    return None


def _unfit(operator: str, value: Any) -> str | None:
    """What an operator wants instead of a value; None where the value will do."""
    if OPERATORS[operator]:
        return None if isinstance(value, list) and all(map(_single, value)) else "a list of values"
    if operator == "isNull":
        return None if isinstance(value, bool) else "true or false"
    if operator in ("startsWith", "contains"):
        texts = value if isinstance(value, list) else [value]
        return None if all(isinstance(text, str) for text in texts) else "a text or a list of texts"
    return None if _single(value) else "a value"


def _single(value: Any) -> bool:
    return isinstance(value, str | int | float | date | time)
