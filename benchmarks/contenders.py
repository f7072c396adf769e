"""The servers that are compared: one process each, the same databases, tokens and processor."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.client import Client
from benchmarks.workload import AUDIENCE, FOLDER, ISSUER, OPERATIONS, PARTNERS

PROJECT = Path(__file__).parent.parent
NAMES = ("limit", "gateway", "usual")
START_SECONDS = 60.0
PAGE_MOST = 10_000
"""Rows that the gateway lets a list have here; the growth of its cost is measured so far."""
KEY_ID = "bench"
PROCESSORS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
if len(PROCESSORS) < 2:
    PROCESSORS = []  # nothing to part
"""The first is the servers', the others everybody else's; empty where the system cannot part them."""


FREELY = "cost = 1000000000\nbudget = 2000000000\nbudget_refill = 2000000000\n"
"""What operations may cost here: the costs are counted, and refuse nobody."""


@dataclass(slots=True)
class Contender:
    """A running server. cold_ms: from its start to its first answer."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    token: str
    cold_ms: float = 0.0

    @property
    def processor_time(self) -> float:
        """Seconds of processor time of the whole process so far, user and system."""
        if sys.platform == "linux":  # the clock of another process, in nanoseconds (clock_getcpuclockid)
            return time.clock_gettime((~self.process.pid << 3) | 2)
        import psutil

        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    @property
    def peak_mb(self) -> float:
        """The most memory that the process has held, in megabytes of 2^20; now where the system does not keep it."""
        try:
            kept = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text("ascii"))
            return int(kept[1]) / 1024 if kept else 0.0
        except OSError:
            import psutil

            return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def client(self, lines: int = 1) -> Client:
        """Callers of this server, each on a connection of its own."""
        return Client(self.port, self.token, lines)


class Stage:
    """A folder with partner files and keys, from which servers are started. partners: where the files are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.partners = folder / "partners"
        self.partners.mkdir(parents=True)
        for code in PARTNERS:
            (self.partners / f"{code}.toml").write_text((FOLDER / f"{code}.toml").read_text("utf-8"), "utf-8")
        private = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
        self._jwks = self.partners / "poste.jwks.json"
        self._jwks.write_text(json.dumps({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "ES256"}]}), "utf-8")
        now = int(time.time())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "bench", "iat": now, "exp": now + 7200}
        claims["scope"] = "read read:contact read:personal"
        claims["purposes"] = "lending"
        self.token = jwt.encode(claims, private, "ES256", {"kid": KEY_ID})

    @contextmanager
    def running(
        self, name: str, urls: Mapping[str, str], profile: bool = False, processor: int = 0
    ) -> Iterator[Contender]:
        """One of the servers, over databases by partner.

        profile: the gateway notes where it is while it works (`benchmarks/profiled.py`). processor: which of
        PROCESSORS it has.
        """
        port = _free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "BENCH_PORT": str(port),
            "BENCH_JWKS": str(self._jwks),
            **{f"{code.upper()}_URL": url for code, url in urls.items()},
        }
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if name == "gateway":
            for code, url in urls.items():
                environment[f"{code.upper()}_URL"] = url.replace("postgresql:", "postgresql+asyncpg:")
            config = self._folder / f"gateway-{port}.toml"
            config.write_text(
                f'partners = "partners"\n[listen]\nport = {port}\n[limits]\npage = {PAGE_MOST}\n{FREELY}', "utf-8"
            )
            module = "benchmarks.profiled" if profile else "gateway"
            command = [sys.executable, "-m", module, "serve", "--config", str(config)]
        log = self._folder / f"{name}-{port}.log"
        began = time.perf_counter()
        with log.open("wb") as sink:
            process = subprocess.Popen(  # noqa: S603
                command, cwd=self._folder, env=environment, stdout=sink, stderr=sink, start_new_session=True
            )
        try:
            _tie(process.pid, processor)
            contender = Contender(name, process, port, self.token)
            _wait(contender, log)
            contender.cold_ms = (time.perf_counter() - began) * 1000
            yield contender
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(contender: Contender, log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while contender.process.poll() is None and time.monotonic() < limit:
        try:
            with contender.client() as client:
                client.ask(OPERATIONS[0], OPERATIONS[0].variables)
                return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise SystemExit(f"{contender.name} did not start:\n{log.read_text('utf-8', 'replace')[-4000:]}")


def _tie(pid: int, processor: int) -> None:
    if PROCESSORS:
        os.sched_setaffinity(pid, [PROCESSORS[processor]])


def keep_apart() -> None:
    """Leave the servers' processor to them: this process, and what it starts from now on, takes the others."""
    if PROCESSORS:
        os.sched_setaffinity(0, PROCESSORS[1:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
