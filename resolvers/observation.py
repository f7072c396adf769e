"""What happened while a request was answered, as data for whoever listens: statements counted, time and rows told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from resolvers.fetch import Accepted, Access, Fetch, LinkRows, OrderKey
    from resolvers.plan import Plan


class SourceCall(NamedTuple):
    """One call of a source. access: what kind of call. seconds: all of it. error: a code, or None. No values in it.

    sent: what was sent, each with a text that is made when it is asked for.
    """

    source: str
    entity: str
    access: str
    sent: tuple[object, ...]
    rows: int
    seconds: float
    error: str | None = None
    detail: str = ""

    @property
    def statement(self) -> str:
        """What was sent, as one text; "" where nothing was."""
        return "; ".join(map(str, self.sent))


Observe = Callable[[SourceCall], None]


class Watcher(Protocol):
    """Whoever wants to know how an answer comes about, with values: for the operator only."""

    def planned(self, plan: Plan) -> None:
        """What the answer will be made of."""

    def accepted(self, fetch: Fetch, order: Sequence[OrderKey], answer: Accepted) -> None:
        """What a source does of a condition and an order itself."""

    def asked(self, fetch: Fetch | None, access: Access | LinkRows | None, call: SourceCall) -> None:
        """What a source was asked. fetch: None for link tables. access: None where it was asked what it accepts."""
