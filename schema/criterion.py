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
    is compared in its normal form, so that any spelling will do."""

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
        return self._all(given, "", (self.argument,), 0, False)

    def _all(self, given: Any, path: str, place: tuple[str, ...], depth: int, spelling: bool) -> Predicate:
        """The conditions of one object, on what stands at `path`; `place` is where the caller wrote it."""
        if depth > DEEPEST:
            raise _too_complex(f"is nested deeper than {DEEPEST}", "depth", DEEPEST, place[: DEEPEST + 1])
        members = []
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
            members.append(self._one(criterion, value, path, at, depth, spelling))
        return members[0] if len(members) == 1 else And(tuple(members))

    def _one(
        self, criterion: Criterion, value: Any, path: str, at: tuple[str, ...], depth: int, spelling: bool
    ) -> Predicate:
        match criterion.role:
            case Role.OPERATOR:
                return self._compare(path, criterion.name, value, at, spelling)
            case Role.INSIDE:
                inside = f"{path}.{criterion.name}" if path else criterion.name
                return self._all(value, inside, at, depth, criterion.spelling)
            case Role.OWNER:
                return self._all(value, "", at, depth, False)
            case Role.EDGE:
                edge = f"{path}.{criterion.name}" if path else criterion.name
                return Some(edge, self._all(value, "", at, depth + 1, False))
            case Role.SOME:
                return Some(path, self._all(value, "", at, depth + 1, False))
            case Role.ALL:
                return And(self._each(value, path, at, depth))
            case Role.ANY:
                return Or(self._each(value, path, at, depth))
            case _:
                return Not(self._all(value, path, at, depth + 1, False))

    def _each(self, values: list[Any], path: str, at: tuple[str, ...], depth: int) -> tuple[Predicate, ...]:
        return tuple(self._all(value, path, (*at, str(index)), depth + 1, False) for index, value in enumerate(values))

    def _compare(self, path: str, operator: str, value: Any, at: tuple[str, ...], spelling: bool) -> Predicate:
        self.count += 1
        if self.count > MOST:
            raise _too_complex(f"has more than {MOST} comparisons", "comparisons", MOST, at[:1])
        if isinstance(value, list):
            if len(value) > LONGEST:
                raise _too_complex(f"has more than {LONGEST} values", "values", LONGEST, at)
            return Compare(path, operator, tuple(canonical(each, spelling) for each in value))
        return Compare(path, operator, canonical(value, spelling))


def canonical(value: Any, spelling: bool) -> Any:
    """An argument's value as rows hold it: an enum's as its name, an identifier's in its normal form."""
    plain = str(value.value) if isinstance(value, Enum) else value
    return normalize(plain) if spelling and isinstance(plain, str) else plain


def _too_complex(what: str, limit: str, allowed: int, at: tuple[str, ...]) -> RequestError:
    where = ".".join(at)
    message = f"`{where}` {what}."
    return RequestError(message, code="FILTER_TOO_COMPLEX", limit=limit, allowed=allowed, field=where)
