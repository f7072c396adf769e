"""What an input of a filter asks, as one predicate: each input type says of its fields what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from strawberry import UNSET
from strawberry.types.base import get_object_definition

from resolvers.errors import RequestError
from resolvers.identifier import normalize
from resolvers.predicate import And, Compare, Not, Or, Predicate, Some
from schema.scheme import KEPT

CRITERION = "partner-gateway-criterion"
DEEPEST = 10
"""How deep conditions may stand in each other: every `and`, `or`, `not`, `some` and edge is one step."""
MOST = 200
"""How many comparisons a filter may have."""
LONGEST = 1_000
"""How many values an `in` may have."""


class Role(Enum):
    """What a field of a filter's input stands for.

    OPERATOR: a comparison of the value that the input is about. INSIDE: conditions on a value or a part of the record.
    OWNER: conditions on the code of the record's partner. EDGE: the record that the reference leads to. SOME: some
    entry of the list, or some record of the edge, that the input is about. ALL, ANY, NONE: `and`, `or`, `not`.
    """

    OPERATOR = "operator"
    INSIDE = "inside"
    OWNER = "owner"
    EDGE = "edge"
    SOME = "some"
    ALL = "and"
    ANY = "or"
    NONE = "not"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A field of a filter's input. name: of the operator, or of the canonical field. spelling: whether what is given
    is an identifier, compared in its normal form, so that any spelling will do."""

    role: Role
    name: str
    spelling: bool = False


def criteria(of: type[Any]) -> Iterator[tuple[str, Criterion]]:
    """The fields of a filter's input: attribute -> what it stands for. Nothing of any other type."""
    definition = get_object_definition(of)
    for field in definition.fields if definition is not None else ():
        found = field.metadata.get(CRITERION)
        if found is not None:
            yield field.python_name, found


Forms = tuple[bool, ...]
"""In which normal forms an identifier is compared: without its separators (False) or with them (True), in both where
its scheme is not known; in none what is no identifier."""
EITHER: Forms = (False, True)


class Reading:
    """Reads one filter, and counts what it asks for.

    argument: the filter's name, for errors. RequestError BAD_USER_INPUT for an explicit null, FILTER_TOO_COMPLEX where
    the filter goes beyond a bound.
    """

    def __init__(self, argument: str) -> None:
        self.argument = argument
        self.count = 0

    def predicate(self, given: Any) -> Predicate:
        """What an input object asks of a record; an empty one asks nothing."""
        return self._all(given, "", (self.argument,), 0, EITHER)

    def _all(self, given: Any, path: str, place: tuple[str, ...], depth: int, forms: Forms) -> Predicate:
        """The conditions of one object, on what stands at `path`; `place` is where the caller wrote it. forms: of the
        identifiers in it."""
        if depth > DEEPEST:
            raise _too_complex(f"is nested deeper than {DEEPEST}", "depth", DEEPEST, place[: DEEPEST + 1])
        members = []
        forms = _forms(given) or forms
        for attribute, criterion in criteria(type(given)):
            value = getattr(given, attribute)
            if value is UNSET:
                continue
            at = (*place, criterion.name)
            if value is None:
                raise RequestError(
                    f"`{'.'.join(at)}` is null: leave it out where nothing is asked, or ask `isNull`.",
                    field=".".join(at),
                )
            members.append(self._one(criterion, value, path, at, depth, forms))
        return members[0] if len(members) == 1 else And(tuple(members))

    def _one(
        self, criterion: Criterion, value: Any, path: str, at: tuple[str, ...], depth: int, forms: Forms
    ) -> Predicate:
        match criterion.role:
            case Role.OPERATOR:
                return self._compare(path, criterion.name, value, at, forms)
            case Role.INSIDE:
                inside = f"{path}.{criterion.name}" if path else criterion.name
                return self._all(value, inside, at, depth, forms if criterion.spelling else ())
            case Role.OWNER:
                return self._all(value, "", at, depth, ())
            case Role.EDGE:
                edge = f"{path}.{criterion.name}" if path else criterion.name
                return Some(edge, self._all(value, "", at, depth + 1, EITHER))
            case Role.SOME:
                return Some(path, self._all(value, "", at, depth + 1, EITHER))
            case Role.ALL:
                return And(self._each(value, path, at, depth, forms))
            case Role.ANY:
                return Or(self._each(value, path, at, depth, forms))
            case _:
                return Not(self._all(value, path, at, depth + 1, forms))

    def _each(
        self, values: list[Any], path: str, at: tuple[str, ...], depth: int, forms: Forms
    ) -> tuple[Predicate, ...]:
        return tuple(self._all(value, path, (*at, str(index)), depth + 1, forms) for index, value in enumerate(values))

    def _compare(self, path: str, operator: str, value: Any, at: tuple[str, ...], forms: Forms) -> Predicate:
        self.count += 1
        if self.count > MOST:
            raise _too_complex(f"has more than {MOST} comparisons", "comparisons", MOST, at[:1])
        if isinstance(value, list):
            if len(value) > LONGEST:
                raise _too_complex(f"has more than {LONGEST} values", "values", LONGEST, at)
            return Compare(path, operator, tuple(dict.fromkeys(form for each in value for form in _held(each, forms))))
        found = tuple(dict.fromkeys(_held(value, forms)))
        if len(found) == 1:
            return Compare(path, operator, found[0])
        if operator == "eq":
            return Compare(path, "in", found)
        members = tuple(Compare(path, operator, form) for form in found)
        return And(members) if operator == "ne" else Or(members)


def _forms(given: Any) -> Forms:
    """The forms of the schemes that an object's identifiers must have; none where it says nothing of them."""
    asked = {criterion.name: getattr(given, attribute) for attribute, criterion in criteria(type(given))}
    schemes = asked.get("scheme", UNSET)
    told = dict(criteria(type(schemes))) if schemes is not UNSET else {}
    for attribute, criterion in told.items():
        found = getattr(schemes, attribute)
        if criterion.name in ("eq", "in") and found:
            return tuple(sorted({str(one.value) in KEPT for one in (found if isinstance(found, list) else [found])}))
    return ()


def _held(value: Any, forms: Forms) -> tuple[Any, ...]:
    """An argument's value as rows hold it: an enum's as its name, an identifier's in its normal forms."""
    plain = str(value.value) if isinstance(value, Enum) else value
    return tuple(normalize(plain, kept) for kept in forms) if forms and isinstance(plain, str) else (plain,)


def _too_complex(what: str, limit: str, allowed: int, at: tuple[str, ...]) -> RequestError:
    where = ".".join(at)
    message = f"`{where}` {what}."
    return RequestError(message, code="FILTER_TOO_COMPLEX", limit=limit, allowed=allowed, field=where)
