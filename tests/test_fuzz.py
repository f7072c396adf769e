"""Requests that are wrong in some place never break the gateway: each is answered as it should be, and soon."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.demo import environment, prepare
from gateway.demo.federation import PARTNERS
from resolvers.errors import CODES
from tests import page
from tests.gateway_process import Apart, apart
from tests.gateways import CONFIG
from tests.mutations import Asked, request
from tests.worlds import law

PAGES = sorted((Path(__file__).parent / "pages").glob("*.md"))
ID = re.compile(r"<(\w+\.[^:~<>\s]+)[:~]([^<>\s]*)>")
STILL = 0.25  # seconds that the loop may stand still
# New texts are all that comes here.
FREE = '[limits]\nnew_texts = 1000000\nnew_texts_saved = "1h"\n'
REQUESTS = 2_500
AT_A_TIME = 25


def seeds() -> list[tuple[str, Mapping[str, Any]]]:
    """The operations of the behaviour pages, with their variables."""
    found = []
    for path in PAGES:
        if path.name != "README.md":
            for ask in page.read(path).asks:
                known = json.dumps([ask.query, ask.variables or {}])
                query, variables = json.loads(ID.sub(_id, known))
                found.append((query, variables))
    return found


def _id(found: re.Match[str]) -> str:
    return base64.urlsafe_b64encode(f"{found[1]}:{found[2]}".encode()).rstrip(b"=").decode()


SEEDS = seeds()
IDS = sorted({_id(found) for path in PAGES for found in ID.finditer(path.read_text("utf-8"))})


@dataclass(slots=True)
class Line:
    """A connection to the gateway, opened again where the gateway closed it."""

    port: int
    _socket: socket.socket | None = None
    _rest: bytes = b""

    def ask(self, sent: bytes, no_body: bool = False) -> tuple[int, bytes]:
        """Status and body of the answer to some bytes."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        with suppress(OSError):  # refused by what came first; the answer says why
            self._socket.sendall(sent)
        head = self._until(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 1"):  # an interim answer
            head = self._until(b"\r\n\r\n")
        lower = head.lower()
        length = re.search(rb"content-length: (\d+)", lower)
        assert length, head
        body = b"" if no_body else self._some(int(length[1]))
        if b"connection: close" in lower:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            self._more()
        found, _, self._rest = self._rest.partition(end)
        return found + end

    def _some(self, length: int) -> bytes:
        while len(self._rest) < length:
            self._more()
        found, self._rest = self._rest[:length], self._rest[length:]
        return found

    def _more(self) -> None:
        assert self._socket is not None
        got = self._socket.recv(1 << 18)
        assert got, "the gateway closes the connection without an answer"
        self._rest += got


def wrong(status: int, body: bytes) -> str:
    """What is wrong with an answer, whatever was asked."""
    if status >= 500:
        return f"status {status}"
    try:
        answer = json.loads(body)
    except ValueError:
        return "no JSON"
    if not isinstance(answer, dict) or not ({"data", "errors"} & set(answer)):
        return "no GraphQL answer"
    for error in answer.get("errors", []):
        code = error.get("extensions", {}).get("code")
        if code not in CODES or code == "INTERNAL":
            return f"code {code}: {error.get('message')}"
        if code.startswith("SOURCE_"):  # all sources are well
            return f"code {code}: {error.get('message')}"
        if not isinstance(error.get("message"), str) or len(error["message"]) > 2_000:
            return f"a message of {len(str(error.get('message')))} characters"
    return ""


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Apart]:
    folder = tmp_path_factory.mktemp("fuzz")
    await prepare(folder)
    files = {file.stem: file.read_text("utf-8") for file in PARTNERS.glob("*.toml")}
    async with apart(files, environment(folder), CONFIG + FREE) as found:
        yield found


async def check(gateway: Apart, line: Line, asked: Asked, partner: str = "poste") -> str:
    """Send it; what is wrong with how it is answered."""
    sent = asked.written(gateway.port, gateway.token(partner))
    found = wrong(*await asyncio.to_thread(line.ask, sent))
    still = (await gateway.state()).still
    return found or (f"the loop stood still for {1000 * still:.0f} ms" if still > STILL else "")


@pytest.mark.timeout(300)
@settings(law(REQUESTS // AT_A_TIME), phases=[Phase.generate])
@given(seed=st.integers(0, 2**64 - 1))
async def test_whatever_is_sent_is_answered_well_and_soon(gateway: Apart, seed: int) -> None:
    random = Random(seed)
    line = Line(gateway.port)
    try:
        for _ in range(AT_A_TIME):
            asked = request(random, SEEDS, IDS)
            assert not (found := await check(gateway, line, asked)), (found, asked)
    finally:
        line.close()
