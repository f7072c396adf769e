"""Callers that ask and wait, one request on each connection at a time, with as little work of their own as can be."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from benchmarks.workload import Operation


class Client:
    """Some connections to one server on the loopback. ConnectionRefusedError where nobody listens."""

    def __init__(self, port: int, token: str, lines: int = 1) -> None:
        self._head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n"
            "content-type: application/json\r\naccept: application/json\r\ncontent-length: "
        ).encode()
        self._lines: list[socket.socket] = []
        try:
            for _ in range(lines):
                self._lines.append(socket.create_connection(("127.0.0.1", port), timeout=120))
                self._lines[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for line in self._lines:
            line.close()

    def request(self, operation: Operation, variables: Mapping[str, Any]) -> bytes:
        """The bytes of a request, the same for each server."""
        asked = {"query": operation.text, "operationName": operation.name, "variables": dict(variables)}
        body = json.dumps(asked).encode()
        return self._head + str(len(body)).encode() + b"\r\n\r\n" + body

    def ask(self, operation: Operation, variables: Mapping[str, Any]) -> Any:
        """The JSON of one answer; SystemExit where it is an error."""
        line = self._lines[0]
        line.sendall(self.request(operation, variables))
        status, body = _read(line)
        answer = json.loads(body) if body[:1] == b"{" else {}
        if status != 200 or "errors" in answer or "extensions" in answer:
            raise SystemExit(f"{operation.name}: status {status}, {body[:2000].decode(errors='replace')}")
        return answer

    def status(self, operation: Operation, variables: Mapping[str, Any]) -> int:
        """The status of one answer."""
        self._lines[0].sendall(self.request(operation, variables))
        return _read(self._lines[0])[0]

    def load(self, request: bytes, seconds: float, least: int = 1) -> Sequence[float]:
        """Ask on all connections for so long, and at least so often on each; the latencies, in seconds."""
        if len(self._lines) == 1:
            return self._alone(request, seconds, least)
        latencies: list[float] = []
        with selectors.DefaultSelector() as waiting:
            sent = {}
            limit = time.perf_counter() + seconds
            for line in self._lines:
                waiting.register(line, selectors.EVENT_READ)
                sent[line] = time.perf_counter()
                line.sendall(request)
            while waiting.get_map():
                for key, _ in waiting.select(120):
                    line = key.fileobj
                    assert isinstance(line, socket.socket)
                    _read(line)
                    now = time.perf_counter()
                    latencies.append(now - sent[line])
                    if now < limit or len(latencies) < least * len(self._lines):
                        sent[line] = now
                        line.sendall(request)
                    else:
                        waiting.unregister(line)
        return latencies

    def _alone(self, request: bytes, seconds: float, least: int) -> Sequence[float]:
        line, latencies = self._lines[0], []
        limit = time.perf_counter() + seconds
        while True:
            sent = time.perf_counter()
            line.sendall(request)
            _read(line)
            now = time.perf_counter()
            latencies.append(now - sent)
            if now >= limit and len(latencies) >= least:
                return latencies


def _read(line: socket.socket) -> tuple[int, bytes]:
    """Status and body of one answer, whose length its headers tell."""
    found = bytearray()
    while (end := found.find(b"\r\n\r\n")) < 0:
        found += _more(line)
    head = bytes(found[:end]).lower()
    start = head.index(b"content-length:") + 15
    length = int(head[start:].split(b"\r\n", 1)[0])
    while len(found) < end + 4 + length:
        found += _more(line)
    return int(head[9:12]), bytes(found[end + 4 :])


def _more(line: socket.socket) -> bytes:
    got = line.recv(1 << 18)
    if not got:
        raise SystemExit("the server closed the connection")
    return got
