"""Sources that take less of a condition or an order than they could, so that the gateway does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from resolvers.connectors.sql import SqlSource
from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.fetch import Accepted, Fetch, OrderKey
from resolvers.predicate import Predicate


@contextmanager
def taking(conditions: bool, orders: bool) -> Iterator[None]:
    """Sources take nothing of some kind, so that the gateway must do it itself."""
    honest = StatementBuilder.accept

    def accept(
        builder: StatementBuilder, fetch: Fetch, wanted: Predicate | None, order: Sequence[OrderKey]
    ) -> Accepted:
        found = honest(builder, fetch, wanted, order)
        taken, left = (found.taken, found.left) if conditions else (None, wanted)
        return Accepted(taken, left, found.ordered and (orders or not order))

    # what honest sources said is not asked for anew as long as their tables look the same
    with patch.object(StatementBuilder, "accept", accept), patch.object(SqlSource, "looks", None):
        yield
