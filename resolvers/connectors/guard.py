"""One total deadline around a source call, whatever its driver does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
# Seconds between one push and the next for a call that nobody waits for and that does not end: the first cancellation
# lets a driver say goodbye, to a peer that does not answer it would talk for ever.
PUSH = 0.4
_lingering: set[asyncio.Task[object]] = set()


class DeadlinePassed(Exception):
    """The call took longer than its deadline; it was cancelled and goes its own way."""


class Watch:
    """One call that is watched: whose task, until when on the loop's clock; passed: whether its time is up."""

    __slots__ = ("before", "passed", "task", "until")

    def __init__(self, task: asyncio.Task[Any], until: float) -> None:
        self.task = task
        self.until = until
        self.before = task.cancelling()
        self.passed = False


class Deadline:
    """The same deadline for many calls, each in its own task: one timer for all of them, as a timer each is dear.

    For what lets go at once when its task is cancelled; for everything else there is `within`.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._watches: dict[Watch, None] = {}  # in the order of their ends
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Watch:
        """Watch the call that the task begins now: it is cancelled when its time is up. `end` it in any case."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        watch = Watch(task, loop.time() + self.seconds)
        self._watches[watch] = None
        if self._timer is None:
            self._timer = loop.call_at(watch.until, self._look)
        return watch

    def end(self, watch: Watch) -> None:
        """The call is over."""
        self._watches.pop(watch, None)

    def cancelled_by(self, watch: Watch) -> bool:
        """Whether it was this deadline, and nobody else, that cancelled the task. To be asked once."""
        return watch.passed and watch.task.uncancel() <= watch.before

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        now = loop.time()
        for watch in list(self._watches):
            if watch.until > now:
                self._timer = loop.call_at(watch.until, self._look)
                break
            del self._watches[watch]
            watch.passed = True
            watch.task.cancel()


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
