"""How the graph's enums say what each of their values means."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Self, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

W = TypeVar("W", bound="Word")


class Word(StrEnum):
    """A value of an enum of the graph: a text equal to its name, with its meaning.

    Members are written `NAME = "NAME", "meaning"`; their order is the order in which values of the enum sort.
    Resolvers return the plain text.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        word = str.__new__(cls, value)
        word._value_ = value
        word.meaning = meaning
        return word


def vocabulary(description: str) -> Callable[[type[W]], type[W]]:
    """Make a `Word` class an enum of the graph, each value described by its meaning."""

    def decorate(cls: type[W]) -> type[W]:
        made = strawberry.enum(cls, description=description)
        definition: StrawberryEnumDefinition = made.__strawberry_definition__  # type: ignore[attr-defined]
        for value in definition.values:
            value.description = cls[value.name].meaning
        return made

    return decorate
