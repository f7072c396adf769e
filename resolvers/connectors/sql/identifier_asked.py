"""What a condition on an entry of a list of identifiers comes to, where it is one that a database can look for."""

from __future__ import annotations

from resolvers.predicate import And, Compare, Predicate


def asked_of(
    inner: Predicate,
) -> tuple[frozenset[str] | None, frozenset[str], bool, frozenset[str] | None] | None:
    """The schemes (None: any), values, whether these are spellings or normal forms, and the countries (None: any) that
    an entry must have; None where it is more than that."""
    found: dict[str, frozenset[str]] = {}
    for member in inner.members if isinstance(inner, And) else (inner,):
        if not isinstance(member, Compare) or member.operator not in ("eq", "in"):
            return None
        values = frozenset(member.value if member.operator == "in" else (member.value,))
        found[member.name] = found.get(member.name, values) & values
    if not found.keys() <= {"scheme", "value", "normalized", "country"} or not found.keys() & {"value", "normalized"}:
        return None
    spelt = "value" in found
    return found.get("scheme"), found["value" if spelt else "normalized"], spelt, found.get("country")
