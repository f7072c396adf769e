"""Before an operation is answered: its cost must be within the limits, and it must be its turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.budget import Budgets
from gateway.documents import Document
from gateway.http import OperationRequest
from gateway.limits import Limits, exceeded
from gateway.turns import Turns
from resolvers.errors import RequestError
from resolvers.viewer import Viewer

NAME = "cost"
HINT = "Ask for fewer records at once: lists inside lists multiply, and each has 50 records where `first` says nothing."

Execute = Callable[[Viewer, Document, OperationRequest], Awaitable[dict[str, Any]]]


class Admission:
    """Lets operations through to `execute`, and charges each partner what its answers cost."""

    def __init__(self, execute: Execute, limits: Limits) -> None:
        self._execute = execute
        self._most = limits.cost
        self._budgets = Budgets(limits)
        self._turns = Turns(limits)

    async def answer(self, viewer: Viewer, document: Document, request: OperationRequest) -> dict[str, Any]:
        """The GraphQL response. RequestError COST_TOO_HIGH, BUDGET_EXHAUSTED, TOO_MANY_REQUESTS or OVERLOADED where
        nothing was done for it."""
        told = _asked(request) if request.extensions else False
        cost = document.cost(request.operation_name)
        estimated = cost.estimated(request.variables)
        if estimated > self._most:
            what = "The operation is estimated to cost too much"
            refused = exceeded("COST_TOO_HIGH", "cost", self._most, what, estimated)
            refused.hint = HINT
            raise refused
        partner = viewer.partner
        self._budgets.pay(partner, estimated)
        spent = 0
        try:
            if not self._turns.take(partner):
                await self._turns.wait(partner)
            spent = estimated  # what is cut short has cost what it was estimated to
            try:
                answer = await self._execute(viewer, document, request)
            finally:
                self._turns.leave(partner)
            spent = cost.actual(answer.get("data"))
        finally:
            left = self._budgets.settle(partner, estimated - spent)
        if told:
            answer.setdefault("extensions", {})[NAME] = {"estimated": estimated, "actual": spent, "left": left}
        return answer


def _asked(request: OperationRequest) -> bool:
    """Whether a request wants to be told what it costs."""
    wish = request.extensions.get(NAME)
    if wish is None or wish is False:
        return False
    if wish is not True:
        raise RequestError("`extensions.cost` must be true or false.", code="BAD_USER_INPUT")
    return True
