"""The one door: what happens to a request, from its bytes to the bytes of its answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from gateway import http
from gateway.admission import Admission
from gateway.documents import Document, Documents
from gateway.http import Headers, OperationRequest, Whole
from gateway.limits import Limits, exceeded
from gateway.reader import Reader
from gateway.texts import Texts
from gateway.vigil import DepartedError, LateError, Vigil
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

    def __init__(
        self,
        authentication: Authentication,
        documents: Documents,
        execute: Execute,
        limits: Limits,
        texts: Texts | None = None,
    ) -> None:
        self._authentication = authentication
        self._documents = documents
        self._reader = Reader(documents, limits)
        self._admission = Admission(execute, limits)
        self._limits = limits
        self._texts = texts or Texts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(scope, http.headers(scope), receive, send)

    async def answer(
        self, scope: Scope, headers: Headers, receive: Receive, send: Send, whole: Whole | None = None
    ) -> None:
        """Answer a request whose headers were read before. It raises nothing but a cancellation.

        whole: where the server has a shorter way for an answer, and nobody between it and us wants to see it.
        """
        request_id = http.identify(headers)
        request = None
        try:
            with Vigil(receive, self._limits.deadline) as vigil:
                viewer = await self._authentication.authenticate(scope["headers"])
                request = await http.decode(scope, headers, receive, self._limits.body, request_id)
                vigil.heard()
                trusted = False
                if request.persisted is not None or viewer.partner in self._texts.bound:
                    request, trusted = self._texts.settle(viewer.partner, request)
                document = self._documents.known(request.query)
                if document is None:
                    document = await self._reader.read(viewer.partner, request.query, trusted=trusted)
                self._documents.check(document, request)
                if request.persisted is not None:
                    self._texts.register(viewer.partner, request)
                answer = await self._admission.answer(viewer, document, request)
            status, body = http.encode(answer, request, self._limits.errors)
            await http.write(send, headers, status, body, http.FIELDS[request.accepts], request_id, whole)
        except DepartedError:
            return
        except RequestError as error:
            await http.refuse(send, headers, error, request_id, request)
        except LateError:
            await http.refuse(send, headers, _late(self._limits.deadline, request), request_id)
        except Exception:
            log.exception("request %s failed", request_id)
            refused = RequestError("The gateway failed.", code="INTERNAL", status=500)
            await http.refuse(send, headers, refused, request_id)


def _late(allowed: float, request: OperationRequest | None) -> RequestError:
    refused = exceeded("DEADLINE_EXCEEDED", "deadline", allowed, "The request took too long, in seconds", status=504)
    if request is None:  # it was the client that kept us waiting; RFC 9110 15.5.9
        refused.status = 408
        refused.headers = {"connection": "close"}
    return refused
