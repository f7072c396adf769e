"""Whether the gateway lives and can answer: for those who run it, without a credential and without any detail."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Ready = Callable[[], Awaitable[bool]]
"""Whether requests can be answered now."""

NOT_KEPT = {"cache-control": "no-store"}

log = logging.getLogger("gateway")


def routes(ready: Ready, stale: Callable[[], bool] | None = None) -> list[Route]:
    """`/health/live` answers 200 as long as the process does; `/health/ready` 200 or, not ready, 503.

    stale: whether files were changed and cannot be taken up; ready all the same, with `"configuration": "stale"`.
    """

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"}, headers=NOT_KEPT)

    async def readiness(_: Request) -> Response:
        try:
            yes = await ready()
        except Exception:
            log.exception("the readiness check failed")
            yes = False
        told = {"status": "ready" if yes else "not ready"}
        if stale is not None and stale():
            told["configuration"] = "stale"
        return JSONResponse(told, 200 if yes else 503, headers=NOT_KEPT)

    return [Route("/health/live", live), Route("/health/ready", readiness)]
