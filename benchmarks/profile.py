"""Where the gateway's processor time goes, operation by operation."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Stage
from benchmarks.workload import OPERATIONS, Operation

PLACES = 12


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of one operation's processor time in percent, the greatest first. samples: that they were made of."""

    samples: int
    whose: Mapping[str, float]
    module: Mapping[str, float]
    place: Mapping[str, float]
    within: Mapping[str, float]


def profiles(
    stage: Stage,
    urls: Mapping[str, str],
    after: str,
    folder: Path,
    seconds: float,
    operations: Sequence[Operation] = OPERATIONS,
) -> dict[str, Profile]:
    """By operation. after: the gateway's cursor of the deep page. seconds: of load for each."""
    path = folder / "samples"
    os.environ["BENCH_SAMPLES"] = str(path)
    found = {}
    with stage.running("gateway", urls, profile=True) as gateway, gateway.client() as client:
        for number, operation in enumerate(operations):
            request = client.request(
                operation, {**operation.variables, **({"after": after} if operation.paged else {})}
            )
            client.load(request, seconds / 4, least=2)
            _written(gateway.process.pid, Path(f"{path}.{2 * number}"))
            client.load(request, seconds, least=3)
            found[operation.name] = _profile(_written(gateway.process.pid, Path(f"{path}.{2 * number + 1}")))
    return found


def _written(pid: int, path: Path) -> dict[str, dict[str, int]]:
    os.kill(pid, signal.SIGUSR1)
    limit = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > limit:
            raise SystemExit("the gateway does not say where it spent its time")
        time.sleep(0.01)
    told: dict[str, dict[str, int]] = json.loads(path.read_text("utf-8"))
    return told


def _profile(told: Mapping[str, Mapping[str, int]]) -> Profile:
    samples = sum(told["whose"].values())

    def shares(name: str, most: int = PLACES) -> dict[str, Any]:
        ordered = sorted(told[name].items(), key=lambda item: (-item[1], item[0]))
        return {key: round(100 * count / samples, 1) for key, count in ordered[:most]}

    return Profile(samples, shares("whose"), shares("module"), shares("place"), shares("within", 40))
