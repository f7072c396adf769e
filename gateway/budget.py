"""What each partner's operations may cost over time: a budget that refills."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from gateway.limits import Limits, exceeded

HINT = "Ask for fewer records at once (`first`), or wait: what an answer did not cost of its estimate is given back."


class Account:
    """What one partner has left. at: the time of it, in seconds."""

    __slots__ = ("at", "left")

    def __init__(self, left: float, at: float) -> None:
        self.left = left
        self.at = at


class Budgets:
    """The accounts of all partners. An operation pays its estimate before it is answered, and gets back what it did
    not cost."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = limits.budget
        self._rate = limits.budget_refill
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    def pay(self, partner: str, cost: int) -> None:
        """Pay from a partner's budget. RequestError BUDGET_EXHAUSTED, with the seconds to wait, where it lacks that."""
        now = self._clock()
        account = self._accounts.get(partner)
        if account is None:
            account = self._accounts[partner] = Account(self._most, now)
        left = account.left + (now - account.at) * self._rate
        if left > self._most:
            left = self._most
        account.at = now
        # What costs more than a whole budget may run on a full one.
        lacking = min(cost, self._most) - left
        if lacking > 0:
            account.left = left
            what = "The partner's budget does not hold what this operation is estimated to cost"
            refused = exceeded("BUDGET_EXHAUSTED", "budget", self._most, what, cost, status=429)
            refused.facts["left"] = int(left)
            refused.hint = HINT
            refused.headers = {"Retry-After": str(math.ceil(lacking / self._rate))}
            raise refused
        account.left = left - cost

    def settle(self, partner: str, unused: int) -> int:
        """Give back what was paid too much, or take what was paid too little; what is left then."""
        account = self._accounts[partner]
        account.left += unused
        return int(min(account.left, self._most))
