"""Reads predicates of a partner file: `{ column = { operator = value } }` (docs/partners.md, Predicates)."""

from __future__ import annotations

from typing import Any

from resolvers.predicate import OPERATORS, And, Compare, Not, Or, Predicate
from resolvers.section import Section, nearest


def predicate(section: Section, key: str, required: bool = False) -> Predicate | None:
    """The predicate at a key, or None."""
    raw = section.take(key, required)
    if raw is None:
        return None
    return _predicate(raw, section, section.at(key))


def _predicate(raw: Any, section: Section, at: str) -> Predicate | None:
    mistakes = section.mistakes
    if not isinstance(raw, dict) or not raw:
        mistakes.add("CATALOG_WRONG_TYPE", at, "a predicate is expected here.", "like { status = { eq = 1 } }")
        return None
    members: list[Predicate] = []
    for name, operand in raw.items():
        if name in ("and", "or") and isinstance(operand, list):
            inner = [_predicate(item, section, f"{at}.{name}[{index}]") for index, item in enumerate(operand)]
            found = tuple(item for item in inner if item is not None)
            members.append(And(found) if name == "and" else Or(found))
        elif name == "not" and isinstance(operand, dict):
            negated = _predicate(operand, section, f"{at}.not")
            if negated is not None:
                members.append(Not(negated))
        elif not isinstance(operand, dict) or not operand:
            hint = f"{{ {name} = {{ eq = {operand!r} }} }}"
            mistakes.add("CATALOG_WRONG_TYPE", f"{at}.{name}", "an operator is expected here.", f"like {hint}")
        else:
            for operator, value in operand.items():
                if operator not in OPERATORS:
                    hint = nearest(operator, OPERATORS) or "known: " + ", ".join(OPERATORS)
                    mistakes.add("CATALOG_UNKNOWN_KEY", f"{at}.{name}", f"{operator!r} is no operator.", hint)
                elif OPERATORS[operator] != isinstance(value, list) or (
                    operator == "isNull" and not isinstance(value, bool)
                ):
                    wanted = "a list" if OPERATORS[operator] else "true or false" if operator == "isNull" else "a value"
                    mistakes.add("CATALOG_WRONG_TYPE", f"{at}.{name}.{operator}", f"{wanted} is expected here.")
                else:
                    members.append(Compare(name, operator, tuple(value) if isinstance(value, list) else value))
    return members[0] if len(members) == 1 else And(tuple(members))
