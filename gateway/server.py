"""The web server: uvicorn, on httptools and uvloop where there is one."""

from __future__ import annotations

import contextlib
import gc
import math
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from gateway.connection import Connection
from gateway.limits import Limits


def serve(
    app: ASGIApp, host: str, port: int, *, limits: Limits | None = None, started: Callable[[str], None] | None = None
) -> None:
    """Answer requests until SIGINT or SIGTERM, then finish those in flight.

    port: 0 for any free one. started: called with the URL once requests are taken. OSError where the address cannot
    be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=2048) as listener:
        server = Server(configured(app, limits or Limits()))
        if started:
            name = f"[{host}]" if ":" in host else host
            url = f"http://{name}:{listener.getsockname()[1]}"
            server.on_start = lambda: started(url)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def configured(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    """The server's settings; it logs warnings to the log of the process, and no requests."""
    return uvicorn.Config(
        app,
        http=type("LimitedConnection", (Connection,), {"limits": limits}),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=math.ceil(limits.idle),
        timeout_graceful_shutdown=int(limits.deadline) + 5,
    )


class Server(uvicorn.Server):
    """uvicorn's server, with a word when it is up."""

    on_start: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What exists by now stays. Not to look at it again and again is a third of the work of wide answers.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 3, 50)
        if self.on_start:
            self.on_start()
