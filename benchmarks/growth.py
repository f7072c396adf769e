"""How the gateway's cost grows: with rows, with partners in the catalog, with callers, with a second process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contenders import PROCESSORS, Contender, Stage
from benchmarks.workload import FOLDER, OPERATIONS, PARTNERS, Operation


@dataclass(frozen=True, slots=True)
class Steps:
    """How far to go. seconds: of each measurement."""

    rows: tuple[int, ...]
    partners: tuple[int, ...]
    callers: tuple[int, ...]
    seconds: float


FAR, NEAR = (
    Steps((10, 100, 1_000, 10_000), (3, 5, 10, 50), (1, 4, 16, 64, 256), 1.0),
    Steps((10, 100), (3, 5), (1, 4), 0.05),
)

_ROWS = Operation(
    "Rows",
    "so many vans of one partner, nested as Q2",
    OPERATIONS[1].text.replace("query Q2", "query Rows($first: Int!)").replace("first: 50", "first: $first"),
    {},
)
_ALL = Operation(
    "All",
    "the first 50 of one list over all partners",
    "query All { assets(first: 50) { nodes { id name kind partner { code } } } }",
    {},
)


def grown(stage: Stage, urls: Mapping[str, str], steps: Steps) -> dict[str, Any]:
    """ms of processor time a request by rows, partners and processes; requests a second by callers and processes."""
    told: dict[str, Any] = {"rows": {}, "callers": {}, "partners": {}, "processes": {}}
    with stage.running("gateway", urls) as gateway:
        for rows in steps.rows:
            told["rows"][rows] = _spent(gateway, _ROWS, {"first": rows}, steps.seconds)
        for callers in steps.callers:
            with gateway.client(callers) as client:
                request = client.request(OPERATIONS[0], OPERATIONS[0].variables)
                began = time.perf_counter()
                latencies = sorted(client.load(request, steps.seconds))
                lasted = time.perf_counter() - began
            told["callers"][callers] = {
                "rate": round(len(latencies) / lasted, 1),
                "latency_ms": round(1000 * latencies[len(latencies) // 2], 2),
                "worst_ms": round(1000 * latencies[int(0.99 * len(latencies))], 2),
            }
        with stage.running("gateway", urls, processor=-1) as second:
            together = (gateway, second)
            for _ in range(3):  # by turns, since others may use the machine
                for name, servers in (("alone", together[:1]), ("together", together)):
                    told["processes"].setdefault(name, []).append(_at_work(servers, steps.seconds))
    told["processes"] = {
        name: {key: round(median(turn[key] for turn in turns), 3) for key in turns[0]}
        for name, turns in told["processes"].items()
    }
    told["processes"]["parted"] = bool(PROCESSORS)
    for partners in steps.partners:
        _copies(stage.partners, partners - len(PARTNERS))
        with stage.running("gateway", urls) as gateway:
            told["partners"][partners] = {
                "one_ms": _spent(gateway, OPERATIONS[1], {}, steps.seconds),
                "all_ms": _spent(gateway, _ALL, {}, steps.seconds),
                "cold_ms": round(gateway.cold_ms),
            }
    return told


def _at_work(servers: Sequence[Contender], seconds: float) -> dict[str, float]:
    """Processor time a request and requests a second of some processes, each asked Q1 by four callers."""

    def load(server: Contender) -> tuple[int, float]:
        with server.client(4) as client:
            used = server.processor_time
            latencies = client.load(client.request(OPERATIONS[0], OPERATIONS[0].variables), seconds)
            return len(latencies), server.processor_time - used

    began = time.perf_counter()
    with ThreadPoolExecutor(len(servers)) as callers:
        found = [*callers.map(load, servers)]
    lasted, requests = time.perf_counter() - began, sum(count for count, _ in found)
    return {"cpu_ms": 1000 * sum(used for _, used in found) / requests, "rate": requests / lasted}


def _copies(folder: Path, number: int) -> None:
    """So many partners more that are all like coop."""
    text = (FOLDER / "coop.toml").read_text("utf-8")
    for copy in range(number):
        code = f"coop{copy:02d}"
        (folder / f"{code}.toml").write_text(text.replace('code = "coop"', f'code = "{code}"'), "utf-8")


def _spent(gateway: Contender, operation: Operation, variables: Mapping[str, Any], seconds: float) -> float:
    with gateway.client() as client:
        client.ask(operation, variables)
        request = client.request(operation, variables)
        client.load(request, seconds / 4)
        used = gateway.processor_time
        latencies = client.load(request, seconds, least=2)
        return round(1000 * (gateway.processor_time - used) / len(latencies), 2)
