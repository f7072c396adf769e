"""A well-behaved client: asks a cheap operation again and again, and notes how long it waited at the longest."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.hostile.case import Aim

EVERY = 0.02  # seconds
CHEAP = "query Cheap { viewer { subject } }"


@dataclass(slots=True)
class Neighbour:
    """waits: seconds for each answer. wrong: answers that were not what was asked for."""

    aim: Aim
    partner: str
    waits: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def worst(self) -> float:
        """The longest wait since it was last asked, in seconds."""
        found, self.waits = self.waits, []
        return max(found, default=0.0)

    def run(self) -> None:
        """Ask until told to stop."""
        asked = self.aim.post(CHEAP, partner=self.partner)
        with socket.create_connection(("127.0.0.1", self.aim.port), timeout=30) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self._stop.wait(EVERY):
                began = time.perf_counter()
                line.sendall(asked)
                answer = line.recv(65_536)
                while (answer and b"\r\n\r\n{" not in answer) or answer[-1:] != b"}":
                    answer += line.recv(65_536)
                self.waits.append(time.perf_counter() - began)
                if b" 200 " not in answer[:20] or b'"subject":"neighbour"' not in answer:
                    self.wrong.append(answer[:500])

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def neighbour(aim: Aim, partner: str) -> Iterator[Neighbour]:
    """One that asks in a thread of its own as long as the context lasts."""
    found = Neighbour(aim, partner)
    thread = threading.Thread(target=found.run)
    thread.start()
    try:
        yield found
    finally:
        found.stop()
        thread.join(40)
