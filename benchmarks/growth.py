"""How the gateway's cost grows: with rows asked for, with partners in the catalog, with callers at the same time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, Stage
from benchmarks.workload import FOLDER, OPERATIONS, PARTNERS, Operation


@dataclass(frozen=True, slots=True)
class Steps:
    """How far to go. seconds: of each measurement."""

    rows: tuple[int, ...]
    partners: tuple[int, ...]
    callers: tuple[int, ...]
    seconds: float


FAR, NEAR = Steps((10, 100, 1_000), (3, 10, 50), (1, 4, 16, 64, 256), 1.0), Steps((10, 100), (3, 5), (1, 4), 0.05)

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
    """ms of processor time a request by rows and by partners, requests a second and ms of latency by callers."""
    told: dict[str, Any] = {"rows": {}, "callers": {}, "partners": {}}
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
    for partners in steps.partners:
        _copies(stage.partners, partners - len(PARTNERS))
        with stage.running("gateway", urls) as gateway:
            told["partners"][partners] = {
                "one_ms": _spent(gateway, OPERATIONS[1], {}, steps.seconds),
                "all_ms": _spent(gateway, _ALL, {}, steps.seconds),
                "cold_ms": round(gateway.cold_ms),
            }
    return told


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
