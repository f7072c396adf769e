"""Work that nobody waits for any more, and work that takes too long, is ended: no web server does that by itself."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Receive

PATIENCE = 0.05  # seconds: most requests are answered before anybody needs to look after them


class DepartedError(Exception):
    """The client closed its connection before it was answered."""


class LateError(Exception):
    """The work took longer than it may."""


class Vigil:
    """`with Vigil(receive, allowed)`: cancels what is inside once the client left or `allowed` seconds went by.

    DepartedError or LateError then takes the place of the cancellation. Whether the client is still there can be seen
    only when it has nothing more to say: `heard` tells that the body of the request was received.
    """

    __slots__ = ("_allowed", "_cancelled", "_end", "_heard", "_loop", "_receive", "_task", "_timer", "_watch")

    _task: asyncio.Task[object]
    _timer: asyncio.TimerHandle

    def __init__(self, receive: Receive, allowed: float) -> None:
        self._receive = receive
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._heard = False
        self._end: type[Exception] | None = None
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> Vigil:
        task = asyncio.current_task()
        assert task
        self._task = task
        self._cancelled = task.cancelling()
        # One timer, and most requests end before it: a timer each for the client and for the deadline costs double.
        first = min(PATIENCE, self._allowed)
        self._timer = self._loop.call_later(first, self._look, self._allowed - first)
        return self

    def heard(self) -> None:
        """The request was received whole."""
        self._heard = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch:
            self._watch.cancel()
        if self._end is None or self._task.uncancel() > self._cancelled:
            return  # more cancellations than ours: somebody else ends the work too
        if kind is asyncio.CancelledError or self._end is DepartedError:
            raise self._end from error

    def _look(self, left: float) -> None:
        if self._heard and self._watch is None:
            self._watch = self._loop.create_task(self._wait())
        if left <= 0:
            self._stop(LateError)
            return
        # While the body is on its way there is nothing to watch but the time.
        step = left if self._heard else min(PATIENCE, left)
        self._timer = self._loop.call_later(step, self._look, left - step)

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._stop(DepartedError)

    def _stop(self, why: type[Exception]) -> None:
        if self._end is None:
            self._end = why
            self._task.cancel()
