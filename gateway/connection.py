"""One connection of the web server, with the bounds on size and time that uvicorn lacks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from gateway import http
from gateway.limits import Limits, exceeded
from gateway.media import JSON
from resolvers.errors import RequestError

UNREAD = 1_048_576  # bytes that are no part of any body that is still wanted, before the connection is closed
LEAST = 16_384  # bytes of an answer that a client must take in each `write_time`
UNSENT = 65_536  # bytes that the system may hold before it sends them: how fast a client reads is seen by what it takes
SURPLUS_TIME = 1.0  # seconds for the head of a request on a connection that is one too many


class Connection(HttpToolsProtocol):
    """A head is a request line and its headers: it must be short and arrive in time. `limits` are set by a subclass."""

    limits: ClassVar[Limits] = Limits()

    _surplus = False  # one connection too many: its request is refused, so that the client knows why
    _in_head = False
    _data = b""  # received just now
    _offers = False  # whether a request offers to go on in another protocol
    _chunk = 0  # bytes received at once just now
    _waited = 0  # bytes of an unfinished head that came after its first chunk
    _unread = 0
    _refusal: RequestError | None = None
    _timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        with contextlib.suppress(AttributeError, OSError):  # not every system has it
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        self._surplus = len(self.connections) > self.limits.connections
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._body_came()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._data = data
        self._chunk = len(data)
        if self._in_head:
            self._waited += self._chunk
        else:
            self._unread += self._chunk
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._waited > self.limits.header:
                self._refuse(self._too_large())
            elif self._timer is None:
                self._await_head()
        elif self._unread > UNREAD:
            self.transport.close()
        elif self.cycle and self.cycle.more_body and not self.cycle.response_complete:
            if self._body_timer is None:
                self._body_timer = self.loop.call_later(self.limits.body_time, self._late_body)
        elif self.cycle and self.cycle.response_complete and not self.timeout_keep_alive_task:
            # What came belongs to a request that was answered before; uvicorn would now wait for ever.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        self._in_head = True
        self._waited = self._unread = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind a body is no header: it would get past whoever looks at headers before us.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_came()
        if self._surplus or len(self.headers) > self.limits.headers or self.parser.should_upgrade() or self.pipeline:
            self._refusal = self._unwelcome()
            if self._refusal:
                raise self._refusal  # as below
        if self._waited + self._chunk > self.limits.header:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > self.limits.header:
                self._refusal = self._too_large()
                raise self._refusal  # httptools ends its work, and send_400_response is called
        # A CONNECT is no offer; it has no path either, and is refused for that.
        self._offers = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self._offers:
            return
        super().on_headers_complete()
        self.scope["extensions"] = {http.WHOLE: partial(self._write_whole, self.cycle)}  # type: ignore[dict-item]

    def _write_whole(
        self, cycle: RequestResponseCycle, status: int, fields: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> bool:
        """An `http.Whole`: as the cycle's own `send` would write it, which looks at each header of ours twice."""
        if cycle.response_started or cycle.disconnected or not cycle.keep_alive or self.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        head = [name + b": " + value + b"\r\n" for name, value in (*cycle.default_headers, *fields)]
        self.transport.write(b"".join([STATUS_LINE[status], *head, b"\r\n", body]))
        cycle.message_event.set()
        cycle.on_response()
        return True

    def on_body(self, body: bytes) -> None:
        if not self.cycle.response_complete:
            self._unread -= len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_came()
        if not self._offers:
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._await_taking()

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or RequestError("This is not HTTP.", code="BAD_REQUEST"))

    def _unsupported_upgrade_warning(self) -> None:
        """Read the request again as if it had not offered another protocol: the parser left its body unread."""
        upgrade = sys.exception()
        if not isinstance(upgrade, httptools.HttpParserUpgrade) or not self._offers:
            return
        self._offers = False
        kept = []
        for name, value in self.headers:
            if name == b"connection":
                kept.append(b"connection: close\r\n" if b"close" in value.lower() else b"")
            elif name != b"upgrade":
                kept.append(name + b": " + value + b"\r\n")
        version = self.parser.get_http_version().encode()
        line = self.parser.get_method() + b" " + self.url + b" HTTP/" + version + b"\r\n"
        rest = self._data[upgrade.args[0] :]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join([line, *kept, b"\r\n", rest]))

    def _unwelcome(self) -> RequestError | None:
        """Why a request whose head came is not taken, if so."""
        limits = self.limits
        if self._surplus:
            what = "The gateway has as many connections open as it takes"
            refused = exceeded("OVERLOADED", "connections", limits.connections, what, status=503)
            refused.headers = {"Retry-After": "1"}
            return refused
        if len(self.headers) > limits.headers:
            what = "Too many header fields"
            return exceeded("TOO_MANY_HEADERS", "headers", limits.headers, what, len(self.headers), status=431)
        if len(self.pipeline) >= limits.pipelined:
            what = "Too many requests sent ahead of their answers"
            return exceeded("TOO_MANY_REQUESTS", "pipelined", limits.pipelined, what, status=429)
        # Other protocols may be offered, and need not be taken; one who wants a WebSocket wants nothing else.
        if self.parser.should_upgrade() and self._get_upgrade() == b"websocket":
            return RequestError("The gateway speaks HTTP only: send operations by POST.", code="UPGRADE_REFUSED")
        return None

    def _too_large(self) -> RequestError:
        what = "The request line and headers are too large, in bytes"
        return exceeded("HEADER_TOO_LARGE", "header", self.limits.header, what, status=431)

    def _refuse(self, error: RequestError) -> None:
        body = orjson.dumps({"errors": http.signed(http.told(error), http.identify({}))})
        own = [(name.encode(), value.encode()) for name, value in error.headers.items()]
        fields = [*http.FIELDS[JSON], *own, (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        head = b"".join([name + b": " + value + b"\r\n" for name, value in fields])
        self.transport.write(STATUS_LINE[error.status] + head + b"\r\n" + body)
        self.transport.close()

    def _await_head(self) -> None:
        allowed = min(self.limits.header_time, SURPLUS_TIME) if self._surplus else self.limits.header_time
        self._timer = self.loop.call_later(allowed, self._late)

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

    def _body_came(self) -> None:
        if self._body_timer:
            self._body_timer.cancel()
            self._body_timer = None

    def _late_body(self) -> None:
        self._body_timer = None
        if self.cycle.response_started:
            self.transport.close()
        else:
            what = "The body took too long, in seconds"
            self._refuse(exceeded("DEADLINE_EXCEEDED", "body_time", self.limits.body_time, what, status=408))

    def _await_taking(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._write_timer = self.loop.call_later(self.limits.write_time, self._look, unsent)

    def _taken(self) -> None:
        if self._write_timer:
            self._write_timer.cancel()
            self._write_timer = None

    def _look(self, unsent: int) -> None:
        if self.transport.get_write_buffer_size() > unsent - LEAST:
            self.transport.abort()
        else:
            self._await_taking()
