"""CompleteValue of the GraphQL specification (6.4.3), for all objects of a place at once: nulls, lists, non-null.

A raw value may be an exception in place of what could not be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLOutputType, is_list_type, is_non_null_type

from resolvers.engine.outcome import Marked, Trouble, below, failed


@dataclass(frozen=True, slots=True)
class Position:
    """A field of a type: where it is declared and asked for, which its errors tell. type: with its wrappers."""

    parent: str
    name: str
    nodes: tuple[FieldNode, ...]
    type: GraphQLOutputType

    @property
    def required(self) -> bool:
        """Whether its null makes the object around it null."""
        return is_non_null_type(self.type)

    @property
    def bare(self) -> Any:
        """The type, nullable."""
        type_: Any = self.type
        return type_.of_type if is_non_null_type(type_) else type_

    def null(self) -> Marked:
        """What a null is where there may be none."""
        message = f"Cannot return null for non-nullable field {self.parent}.{self.name}."
        return failed(TypeError(message), self.nodes)


def sources(type_: GraphQLOutputType, raws: Sequence[Any]) -> list[Any]:
    """What there is to be completed in raw values: the innermost, in order, without nulls and failures."""
    bare: Any = type_
    while is_non_null_type(bare) or is_list_type(bare):
        if is_list_type(bare):
            inner = [raw for raw in raws if raw is not None and not isinstance(raw, Exception)]
            return sources(bare.of_type, [item for raw in inner for item in raw])
        bare = bare.of_type
    return [raw for raw in raws if raw is not None and not isinstance(raw, Exception)]


def completed(position: Position, raws: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """The position of each raw value, given what became of its `sources`."""
    if len(values) == len(raws) and not is_list_type(position.bare):
        return list(values)  # nothing is null or failed
    found = iter(values)
    return [_one(position, position.type, raw, found) for raw in raws]


def _one(position: Position, type_: Any, raw: Any, values: Iterator[Any]) -> Any:
    if isinstance(raw, Exception):
        return failed(raw, position.nodes)
    if is_non_null_type(type_):
        value = _one(position, type_.of_type, raw, values)
        return position.null() if value is None else value
    if raw is None:
        return None
    if not is_list_type(type_):
        return next(values)
    items = []
    errors: list[Trouble] = []
    broken = False
    for index, each in enumerate(raw):
        item = _one(position, type_.of_type, each, values)
        if isinstance(item, Marked):
            errors += below(index, item.errors)
            broken = broken or (item.failed and is_non_null_type(type_.of_type))
            item = item.value
        items.append(item)
    if not errors:
        return items
    return Marked(None if broken else items, errors, failed=broken)
