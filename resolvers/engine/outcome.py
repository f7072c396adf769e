"""What became of one position of the response where it is not simply a value: an error there, or somewhere below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLError, Node

from resolvers.errors import GatewayError


class Trouble(NamedTuple):
    """An error at a place of the response. nodes: the field's places in the document."""

    path: tuple[str | int, ...]
    error: Exception
    nodes: tuple[Node, ...]

    @property
    def shown(self) -> GatewayError | None:
        """The error as its cause; None where it is one of ours to mask."""
        found: BaseException | None = self.error
        while isinstance(found, GraphQLError) and found.original_error is not None:
            found = found.original_error
        return found if isinstance(found, GatewayError) else None


class Marked:
    """A completed position with errors: null because of one (failed), or a value with some below it.

    errors: with paths from here.
    """

    __slots__ = ("errors", "failed", "value")

    def __init__(self, value: Any, errors: list[Trouble], *, failed: bool) -> None:
        self.value = value
        self.errors = errors
        self.failed = failed


class OddError(Exception):
    """A fast way met what only the careful one can complete."""


def odd() -> Any:
    """Give up the fast way."""
    raise OddError


def failed(error: Exception, nodes: Sequence[FieldNode]) -> Marked:
    """A position that an error made null."""
    return Marked(None, [Trouble((), error, tuple(nodes))], failed=True)


def below(key: str | int, errors: list[Trouble]) -> list[Trouble]:
    """Errors of a position as its parent sees them."""
    return [trouble._replace(path=(key, *trouble.path)) for trouble in errors]
