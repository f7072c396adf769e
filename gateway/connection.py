"""One connection of the web server, with the bounds on heads and idleness that uvicorn lacks."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway import http
from gateway.limits import Limits, exceeded
from gateway.media import JSON
from resolvers.errors import RequestError

UNREAD = 1_048_576  # bytes of a body that come after its request was answered, before the connection is closed


class Connection(HttpToolsProtocol):
    """A head is a request line and its headers: it must be short and arrive in time. `limits` are set by a subclass."""

    limits: ClassVar[Limits] = Limits()

    _in_head = False
    _chunk = 0  # bytes received at once just now
    _waited = 0  # bytes of an unfinished head that came after its first chunk
    _unread = 0
    _refusal: RequestError | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._chunk = len(data)
        if self._in_head:
            self._waited += self._chunk
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._waited > self.limits.header:
                self._refuse(self._too_large())
            elif self._timer is None:
                self._await_head()
        elif self.cycle and self.cycle.response_complete and not self.timeout_keep_alive_task:
            # What came belongs to a request that was answered before; uvicorn would now wait for ever.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        self._in_head = True
        self._waited = self._unread = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_came()
        if self._waited + self._chunk > self.limits.header:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > self.limits.header:
                self._refusal = self._too_large()
                raise self._refusal  # httptools ends its work, and send_400_response is called
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.cycle.response_complete:
            super().on_body(body)
            return
        self._unread += len(body)
        if self._unread > UNREAD:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or RequestError("This is not HTTP.", code="BAD_REQUEST"))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: the request is answered as if it had not asked for another protocol."""

    def _too_large(self) -> RequestError:
        what = "The request line and headers are too large, in bytes"
        return exceeded("HEADER_TOO_LARGE", "header", self.limits.header, what, status=431)

    def _refuse(self, error: RequestError) -> None:
        body = orjson.dumps({"errors": http.signed(http.told(error), http.identify({}))})
        fields = [*http.FIELDS[JSON], (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        head = b"".join([name + b": " + value + b"\r\n" for name, value in fields])
        self.transport.write(STATUS_LINE[error.status] + head + b"\r\n" + body)
        self.transport.close()

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(self.limits.header_time, self._late)

    def _head_came(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._in_head:
            what = "The headers took too long, in seconds"
            self._refuse(exceeded("DEADLINE_EXCEEDED", "header_time", self.limits.header_time, what, status=408))
        else:
            self.transport.close()
