"""One total deadline around a source call, whatever its driver does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
# Seconds between one push and the next for a call that nobody waits for and that does not end: the first cancellation
# lets a driver say goodbye, to a peer that does not answer it would talk for ever.
PUSH = 0.4
_lingering: set[asyncio.Task[object]] = set()


class DeadlinePassed(Exception):
    """The call took longer than its deadline; it was cancelled and goes its own way."""


async def within(seconds: float, call: Callable[[], Awaitable[T]], stop: Callable[[], None]) -> T:
    """The call's result, within the deadline in any case.

    A driver may not react to cancellation at once (a black-holed peer, a thread), so nobody waits for it: the call is
    cancelled and left to end by itself, and is cancelled again until it does. A cancelled caller cancels the call.
    stop: called before each cancellation; ends what the call has set going elsewhere.
    """

    async def run() -> T:
        return await call()

    task = asyncio.ensure_future(run())
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _let_go(task, stop)
        raise
    if not done:
        _let_go(task, stop)
        raise DeadlinePassed
    return task.result()


def _let_go(task: asyncio.Task[T], stop: Callable[[], None]) -> None:
    async def push() -> None:
        while not task.done():
            stop()
            task.cancel()
            await asyncio.wait({task}, timeout=PUSH)
        if not task.cancelled():
            task.exception()  # seen, so that nothing warns about it

    pushing = asyncio.ensure_future(push())
    _lingering.add(pushing)
    pushing.add_done_callback(_lingering.discard)
