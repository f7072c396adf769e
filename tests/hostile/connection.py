"""Sends what a case says on a connection of its own, and reads all that comes back."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from contextlib import suppress

from tests.hostile.case import Part, Reply

ANSWER_SECONDS = 20.0
QUIET = 0.1  # seconds without a further answer: there is none


def play(port: int, parts: Sequence[Part]) -> Reply:
    """What comes back to some bytes, until the gateway closes the connection or says no more."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        got, closed = bytearray(), False
        for part in parts:
            if closed:
                break
            if isinstance(part, float):
                closed = _listen(line, got, part)
            else:
                try:
                    line.sendall(part)
                except OSError:
                    break
        deadline = time.monotonic() + ANSWER_SECONDS
        while not closed and time.monotonic() < deadline:
            before = len(got)
            answers, rest = answered(bytes(got))
            whole = bool(answers) and not rest
            closed = _listen(line, got, QUIET if whole else deadline - time.monotonic(), once=True)
            if whole and len(got) == before:
                break
        return Reply(answered(bytes(got))[0], closed)


def _listen(line: socket.socket, got: bytearray, seconds: float, once: bool = False) -> bool:
    """Read for some time, or (once) until something comes; whether the other end closed the connection."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        line.settimeout(left)
        try:
            found = line.recv(1 << 18)
        except TimeoutError:
            break
        except OSError:
            return True
        if not found:
            return True
        got += found
        if once:
            break
    with suppress(OSError):
        line.settimeout(ANSWER_SECONDS)
    return False


def answered(got: bytes) -> tuple[list[tuple[int, bytes, bytes]], bytes]:
    """The answers in some bytes (status, head, body), and what is left of them."""
    found = []
    while True:
        head, end, rest = got.partition(b"\r\n\r\n")
        if not end or not head.startswith(b"HTTP/1."):
            return found, got
        length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
        status = int(head[9:12])
        size = int(length[1]) if length and status >= 200 else 0
        if status == 405 and not rest:  # of HEAD: a length, and nothing of it
            size = 0
        if len(rest) < size:
            return found, got
        if status >= 200:
            found.append((status, head, rest[:size]))
        got = rest[size:]
