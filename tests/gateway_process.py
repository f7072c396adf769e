"""A whole gateway in a process of its own, which also says how it is: memory, tasks, and how long its loop stood still.

Run as a command (`python -m tests.gateway_process FOLDER`) it is that process.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from gateway import app, key_material, settings
from gateway.federation import Federation
from gateway.server import serve
from gateway.tokens import OwnIssuer
from tests.gateways import CONFIG, SCOPES

BEAT = 0.01
START_SECONDS = 30.0
STATE = "/test/state"


@dataclass(frozen=True, slots=True)
class State:
    """How the process is.

    still: seconds that its loop stood still at the longest since it was last asked, of the loop's own processor time.
    A machine with other work makes it no longer. memory: megabytes held; 0 where the system does not tell. objects:
    that can be reached, where they were counted, which rids the process of the others. tasks: that have not ended.
    used: seconds of processor time so far.
    """

    still: float
    memory: float
    objects: int
    tasks: int
    used: float


@dataclass(slots=True)
class Apart:
    """A gateway in its own process."""

    url: str
    pid: int
    session: aiohttp.ClientSession
    issuer: OwnIssuer
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def token(self, partner: str, subject: str = "tester") -> str:
        """A token of the gateway's own issuer, with every scope."""
        return self.issuer.issue(
            partner=partner, subject=subject, scopes=list(SCOPES), purposes=["lending"], lifetime=3600
        )

    async def ask(self, query: str, variables: Mapping[str, Any], token: str) -> dict[str, Any]:
        """The response to one operation, which must be answered with 200."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        body = orjson.dumps({"query": query, "variables": variables})
        async with self.session.post(f"{self.url}/graphql", data=body, headers=headers) as response:
            text = await response.read()
            assert response.status == 200, text
            answer: dict[str, Any] = orjson.loads(text)
            return answer

    async def state(self, count: bool = False) -> State:
        """How the process is now. count: its objects too."""
        async with self.session.get(f"{self.url}{STATE}", params={"count": int(count)}) as response:
            return State(**orjson.loads(await response.read()))


@asynccontextmanager
async def apart(
    partner_files: Mapping[str, str], environ: Mapping[str, str], config: str = CONFIG
) -> AsyncIterator[Apart]:
    """A gateway over partner files (code -> text) whose variables come from `environ`."""
    with tempfile.TemporaryDirectory(prefix="gw-") as name:
        folder = Path(name)
        (folder / "partners").mkdir()
        for code, text in partner_files.items():
            (folder / "partners" / f"{code}.toml").write_text(text, "utf-8")
        (folder / "gateway.toml").write_text(config, "utf-8")
        chosen = settings.load(folder / "gateway.toml", environ)
        secrets = key_material.load(chosen.state_folder, chosen.secrets)
        log = folder / "log"
        process = _start(folder, environ, log)
        try:
            assert process.stdout is not None
            url = (await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), START_SECONDS)).decode().strip()
            assert url, log.read_text("utf-8", "replace")[-4000:]
            unbounded = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=unbounded, timeout=aiohttp.ClientTimeout(90)) as session:
                yield Apart(url, process.pid, session, OwnIssuer.from_seed(secrets.tokens), log)
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _start(folder: Path, environ: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.gateway_process", str(folder)]
    project = Path(__file__).parent.parent
    with log.open("wb") as sink:
        return subprocess.Popen(
            command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=sink, cwd=project
        )


def _say(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


class Heart:
    """Beats on the loop, and notes the longest time between two beats."""

    def __init__(self) -> None:
        self._beating: asyncio.Task[None] | None = None
        self._still = 0.0

    def tell(self, request: Request) -> JSONResponse:
        """The state since the last time; the heart begins to beat with the first."""
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        still, self._still = self._still, 0.0
        objects = _reachable() if request.query_params.get("count") == "1" else 0
        told = State(still, _memory(), objects, len(asyncio.all_tasks()), time.process_time())
        return JSONResponse(asdict(told))

    async def _beat(self) -> None:
        while True:
            began, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            still = min(time.perf_counter() - began - BEAT, time.thread_time() - used)
            self._still = max(self._still, still)


def _reachable() -> int:
    gc.collect()
    return len(gc.get_objects())


def _memory() -> float:
    try:
        held = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    except OSError:
        return 0.0
    return int(held[1]) / 1024 if held else 0.0


def main(folder: Path) -> None:
    """Serve what the folder describes, until told to stop; prints the URL."""
    chosen = settings.load(folder / "gateway.toml", os.environ)
    federation = Federation(chosen)
    application = app.compose(federation, chosen)
    heart = Heart()

    async def beside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == STATE:
            request = Request(scope)
            if request.query_params.get("count") == "1":
                await federation.audit.flush()  # what is not written yet is not left behind
            told = heart.tell(request)
            await told(scope, receive, send)
        else:
            await application(scope, receive, send)

    serve(beside, "127.0.0.1", 0, limits=chosen.limits, started=_say)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
