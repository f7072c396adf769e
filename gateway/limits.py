"""How much a caller may ask for, before any work is done for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resolvers.errors import RequestError


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit is checked before the work that it bounds.

    connections: open at once; more are answered 503. header: bytes of request line and headers. headers: header fields.
    pipelined: requests of a connection that wait for their turn. body: bytes of a request body. tokens: of a GraphQL
    document; so many comments may come besides. depth: fields inside each other, introspection not counted. fields,
    aliases, directives: over all operations of a document, fragments expanded at each use. repeats: pairs of selections
    with one name in one place, since validation compares each pair. page: `first` and `last`. ids: ids in one call.
    errors: in one answer. header_time, body_time: seconds for headers and body to arrive. deadline: seconds for the
    whole request once its headers came. write_time: seconds in which a client must take something of its answer. idle:
    seconds that a connection may stay open between requests. cost: of one operation, as estimated. budget,
    budget_refill: what a partner's operations may cost at most at once, and in each second over time. concurrent:
    operations that are answered at once. share: as many of them as one partner may have. waiting: operations that wait
    for one. texts, tokens_kept: documents kept for their next use, in number and in tokens. new_texts: milliseconds of
    processor time in each second that the texts of one partner may take which are not kept; new_texts_saved: seconds of
    it that it can save up. lines: of a document, since each error tells its line, and lines are counted from the top.
    """

    connections: int = 1_000
    header: int = 32_768
    headers: int = 100
    pipelined: int = 16
    body: int = 262_144
    tokens: int = 1_000
    depth: int = 12
    fields: int = 1_000
    aliases: int = 30
    directives: int = 20
    repeats: int = 2_000
    page: int = 1_000
    ids: int = 100
    errors: int = 20
    header_time: float = 10.0
    body_time: float = 10.0
    deadline: float = 10.0
    write_time: float = 30.0
    idle: float = 75.0
    cost: int = 200_000
    budget: int = 5_000_000
    budget_refill: int = 100_000
    concurrent: int = 100
    share: int = 75
    waiting: int = 1_000
    texts: int = 1_000
    tokens_kept: int = 100_000
    new_texts: int = 100
    new_texts_saved: float = 2.0
    lines: int = 5_000


def exceeded(
    code: str, limit: str, allowed: float, what: str, value: int | None = None, status: int = 400
) -> RequestError:
    """The refusal of a request over a limit: names the limit, what is allowed and, where it was counted, the value."""
    found = "" if value is None else f" ({value})"
    counted: dict[str, Any] = {} if value is None else {"value": value}
    message = f"{what}{found}; the limit is {allowed:g}."
    return RequestError(message, code=code, status=status, limit=limit, allowed=allowed, **counted)
