"""One total deadline around a source call, and every way it can fail as one of the published codes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_lingering: set[asyncio.Task[object]] = set()


class DeadlinePassed(Exception):
    """The call took longer than its deadline; it was cancelled and goes its own way."""


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """The call's result, within the deadline in any case.

    A driver may not react to cancellation at once (a black-holed peer, a thread), so nobody waits for it: the task is
    cancelled and left to end by itself. A cancelled caller cancels the call.
    """

    async def run() -> T:
        return await call()

    task = asyncio.ensure_future(run())
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _let_go(task)
        raise
    if not done:
        _let_go(task)
        raise DeadlinePassed
    return task.result()


def _let_go(task: asyncio.Task[T]) -> None:
    task.cancel()
    _lingering.add(task)

    def ended(finished: asyncio.Task[object]) -> None:
        _lingering.discard(finished)
        if not finished.cancelled():
            finished.exception()  # seen, so that nothing warns about it

    task.add_done_callback(ended)
