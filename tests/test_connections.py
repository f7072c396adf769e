"""What clients do to connections, by raw sockets: too many, too slow, too much ahead, or another protocol."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from gateway.limits import Limits
from tests.stand_in import Door, door

LIMITS = Limits(connections=8, headers=10, pipelined=3, header_time=1.0, body_time=1.0, write_time=1.0, idle=1.0)
HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\ncontent-type: application/json\r\n"
GET = b"GET /graphql?query=%s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\n%s\r\n"
HELLO = b'{"query": "{ hello }"}'


@pytest.fixture(scope="module")
def gate() -> Iterator[Door]:
    with door(LIMITS) as running:
        yield running


def _refusal(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["errors"][0]["extensions"]["code"]


def test_one_connection_too_many_is_told_so_and_the_others_go_on(gate: Door) -> None:
    with contextlib.ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", gate.port), timeout=5))
            for _ in range(LIMITS.connections)
        ]
        for each in held:
            each.sendall(b"GET ")
        time.sleep(0.2)
        answer = gate.raw(GET % (b"{hello}", b""))
        assert _refusal(answer) == (503, "OVERLOADED")
        assert b"\r\nretry-after: 1\r\n" in answer.lower()
        held[0].sendall((GET % (b"{hello}", b""))[4:])
        assert held[0].recv(65_536).startswith(b"HTTP/1.1 200 ")
    time.sleep(0.2)
    assert gate.query("{ hello }").status == 200


def test_header_fields_are_counted(gate: Door) -> None:
    assert _refusal(gate.raw(GET % (b"{hello}", b"a: b\r\n" * 9))) == (431, "TOO_MANY_HEADERS")
    assert gate.raw(GET % (b"{hello}", b"a: b\r\n" * 7), wait=0.5).startswith(b"HTTP/1.1 200 ")


def test_what_stands_behind_a_body_is_no_header(gate: Door) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n"
    body = b"%x\r\n%s\r\n0\r\n" % (len(HELLO), HELLO)
    credential = b"authorization: Bearer right\r\n"
    assert _refusal(gate.raw(head + b"\r\n" + body + credential + b"\r\n", wait=0.5)) == (401, "UNAUTHENTICATED")
    assert b" 200 " in gate.raw(head + credential + b"\r\n" + body + credential + b"\r\n", wait=0.5)


def test_bytes_that_belong_to_no_body_end_the_connection(gate: Door) -> None:
    head = HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\nx: "
    with socket.create_connection(("127.0.0.1", gate.port), timeout=5) as connection:
        connection.sendall(head)
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe|abort"):
            for _ in range(100):
                connection.sendall(b"x" * 65_536)
                time.sleep(0.005)


def test_requests_sent_far_ahead_of_their_answers_are_refused(gate: Door) -> None:
    slow = GET % (b"{wait(seconds:0.3)}", b"")
    within = gate.raw(slow * (1 + LIMITS.pipelined), wait=2)
    assert within.count(b"HTTP/1.1 200 ") == 1 + LIMITS.pipelined
    assert b"TOO_MANY_REQUESTS" in gate.raw(slow * (2 + LIMITS.pipelined), wait=2)


def test_a_body_that_trickles_is_not_waited_for(gate: Door) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", gate.port), timeout=5) as connection:
        connection.sendall(HEAD + b"content-length: 22\r\n\r\n")
        answer = b""
        with contextlib.suppress(OSError):
            for letter in HELLO[:20]:
                time.sleep(0.2)
                connection.sendall(bytes([letter]))
        with contextlib.suppress(OSError):
            answer = connection.recv(65_536)
    assert time.monotonic() - began < 4.5
    assert _refusal(answer) == (408, "DEADLINE_EXCEEDED")


def test_who_does_not_take_an_answer_loses_it(gate: Door) -> None:
    def ask(size: int) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", gate.port))
        connection.sendall(GET % (b"{long(size:%d)}" % size, b""))
        return connection

    size = 12_000_000
    with ask(size) as never:
        time.sleep(3.5)
        got = 0
        with contextlib.suppress(OSError):
            while came := never.recv(1_000_000):
                got += len(came)
        assert got < size, "the gateway held an answer that nobody took"
    with ask(size) as slow:  # slower than it is sent, and never still
        got = 0
        while got < size and (came := slow.recv(100_000)):
            got += len(came)
            time.sleep(0.002)
        assert got >= size


def test_a_connection_without_requests_is_closed(gate: Door) -> None:
    began = time.monotonic()
    assert gate.raw(GET % (b"{hello}", b""), wait=4).startswith(b"HTTP/1.1 200 ")
    assert 0.9 < time.monotonic() - began < 3


def test_there_is_no_second_door(gate: Door) -> None:
    socket_wanted = (
        b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
    )
    assert _refusal(gate.raw(GET % (b"{hello}", socket_wanted), wait=1)) == (400, "UPGRADE_REFUSED")
    # Java's client offers this with each request, and does without.
    offered = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAA\r\n"
    assert b" 200 " in gate.raw(HEAD + offered + b"content-length: 22\r\n\r\n" + HELLO, wait=0.5)
