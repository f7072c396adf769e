"""Work for a client that has left is ended: no web server does that by itself."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Receive

PATIENCE = 0.05  # seconds: most requests are answered before anybody needs to look whether the client is still there


class DepartedError(Exception):
    """The client closed its connection before it was answered."""


class Departure:
    """`async with Departure(receive)`: cancels what is inside when the client leaves, and raises DepartedError instead.

    The body of the request must have been received before.
    """

    __slots__ = ("_left", "_receive", "_task", "_timer", "_watch")

    _task: asyncio.Task[object]
    _timer: asyncio.TimerHandle

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = False
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch:
            self._watch.cancel()
        # More cancellations than ours: somebody else, such as the deadline, ends the work too.
        if self._left and self._task.uncancel() == 0:
            raise DepartedError from error

    def _look(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        self._task.cancel()
