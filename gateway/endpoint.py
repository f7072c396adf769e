"""The one door: what happens to a request, from its bytes to the bytes of its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from gateway import http
from gateway.departure import DepartedError, Departure
from gateway.documents import Document, Documents
from gateway.http import OperationRequest
from gateway.limits import Limits, exceeded
from resolvers.errors import RequestError
from resolvers.viewer import Viewer

ExecutionMap = dict[str, Any]
"""A GraphQL response: data, errors, extensions; no `data` where the request failed before its execution began."""

Execute = Callable[[Viewer, Document, OperationRequest], Awaitable[ExecutionMap]]

log = logging.getLogger("gateway")


class Authentication(Protocol):
    """Tells who asks, from the raw headers of a request; RequestError with status 401 where they do not say."""

    async def authenticate(self, headers: Sequence[tuple[bytes, bytes]]) -> Viewer: ...


class Endpoint:
    """The ASGI application behind the GraphQL path; `execute` answers one operation."""

    def __init__(self, authentication: Authentication, documents: Documents, execute: Execute, limits: Limits) -> None:
        self._authentication = authentication
        self._documents = documents
        self._execute = execute
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = http.headers(scope)
        request_id = http.identify(headers)
        request = None
        try:
            async with asyncio.timeout(self._limits.deadline) as deadline:
                viewer = await self._authentication.authenticate(scope["headers"])
                request = await http.decode(scope, headers, receive, self._limits.body, request_id)
                document = self._documents.get(request)
                async with Departure(receive):
                    answer = await self._execute(viewer, document, request)
            status, body = http.encode(answer, request, self._limits.errors)
        except DepartedError:
            return
        except RequestError as error:
            await http.refuse(send, headers, error, request_id, request)
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                refused = _late(self._limits.deadline, request)
            else:
                log.exception("request %s failed", request_id)
                refused = RequestError("The gateway failed.", code="INTERNAL", status=500)
            await http.refuse(send, headers, refused, request_id)
        else:
            await http.write(send, headers, status, body, http.FIELDS[request.accepts], request_id)


def _late(allowed: float, request: OperationRequest | None) -> RequestError:
    refused = exceeded("DEADLINE_EXCEEDED", "deadline", allowed, "The request took too long, in seconds", status=504)
    if request is None:  # it was the client that kept us waiting; RFC 9110 15.5.9
        refused.status = 408
        refused.headers = {"connection": "close"}
    return refused
