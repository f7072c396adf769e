"""How fast the gateway answers, beside a server written by hand for the same operations and one made the usual way.

    python -m benchmarks.speed [--quick] [--url postgresql://USER:PASSWORD@HOST:PORT] [--out FOLDER]
    python -m benchmarks.speed --only Q1,Q3 [--rounds 3] [--quick] [--url ... [--filled]]

writes benchmarks/results.json, docs/benchmarks.svg and the figures of docs/benchmarks.md; with --out, into that folder.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from benchmarks import report
from benchmarks.client import Client
from benchmarks.contenders import NAMES, PROCESSORS, Contender, Stage, keep_apart
from benchmarks.growth import FAR, NEAR, Steps, grown
from benchmarks.profile import profiles
from benchmarks.statements import counted
from benchmarks.workload import FULL, OPERATIONS, PARTNERS, QUICK, WALK, Operation, Size, fill
from tests.servers import running_postgres


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure. rounds: in which each server has its turn with one caller; crowds: with several at once,
    callers. seconds: of a turn."""

    size: Size
    rounds: int
    crowds: int
    callers: int
    seconds: float
    growth: Steps


THOROUGH, BRIEF = Effort(FULL, 7, 3, 16, 0.6, FAR), Effort(QUICK, 1, 1, 4, 0.05, NEAR)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one operation on one server, medians over rounds.

    cpu_ms: processor time of the server's process a request, asked by one caller; latency_ms, worst_ms: half and 99 of
    100 requests were faster. crowd_cpu_ms, rate, crowd_ms: asked by several callers at once, processor time, requests a
    second, and the latency that 99 of 100 stay below. statements: sent to the databases a request. peak_mb: the most
    memory held since the server's start. to_limit: cpu_ms by that of the limit in the same round.
    """

    cpu_ms: float
    latency_ms: float
    worst_ms: float
    crowd_cpu_ms: float
    rate: float
    crowd_ms: float
    statements: int
    peak_mb: float
    to_limit: float
    requests: int


Cursors = Mapping[str, str]
_COMPACT = (",", ":")


def variables(operation: Operation, cursors: Cursors, name: str) -> dict[str, Any]:
    """An operation's variables for a server."""
    return {**operation.variables, **({"after": cursors[name]} if operation.paged else {})}


def cursors_to(gateway: Contender, deep: int) -> Cursors:
    """Cursors of one place in the list over all partners, some rows down, as each server writes it."""
    after, left, last = None, deep, {"id": "", "name": ""}
    with gateway.client() as client:
        while left > 0 or not last["name"] or not _key(last["id"]).startswith("Asset.poste."):
            size = max(1, min(left, 1000))
            assets = client.ask(WALK, {"first": size, "after": after})["data"]["assets"]
            after, last, left = assets["pageInfo"]["endCursor"], assets["nodes"][-1], left - size
    own = json.dumps([last["name"], int(_key(last["id"]).rpartition(":")[2])])
    plain = base64.urlsafe_b64encode(own.encode()).decode()
    return {"limit": plain, "usual": plain, "gateway": str(after)}


def _key(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def alike(
    stage: Stage,
    urls: dict[str, str],
    deep: int,
    operations: Sequence[Operation] = OPERATIONS,
    names: Sequence[str] = NAMES,
) -> tuple[Cursors, dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """The cursors; how many statements each server sends for each operation; how great its answer is.

    names: of the servers, the one that the others must be like first.

    SystemExit where answers differ, or a server does not check tokens.
    """
    answers: dict[str, dict[str, str]] = {}
    sent: dict[str, dict[str, int]] = {}
    with ExitStack() as stack:
        statements, through = stack.enter_context(counted(urls))
        servers = {name: stack.enter_context(stage.running(name, through)) for name in names}
        paged = any(operation.paged for operation in operations)
        cursors = cursors_to(servers["gateway"], deep) if paged else {}
        for name, server in servers.items():
            client = stack.enter_context(server.client())
            _checks_tokens(server)
            for operation in operations:
                asked = variables(operation, cursors, name)
                for _ in range(3):  # later ones find their connections open and their statements known
                    statements.total = 0
                    answer = client.ask(operation, asked)
                sent.setdefault(operation.name, {})[name] = statements.total
                answers.setdefault(operation.name, {})[name] = json.dumps(
                    answer, ensure_ascii=False, separators=_COMPACT
                )
    for asked_for, found in answers.items():
        for name in names[1:]:
            if found[name] != found[names[0]]:
                raise SystemExit(f"{asked_for}: {name} answers otherwise than {names[0]}: {_difference(found, name)}")
    sizes = {
        name: {"bytes": len(found["limit"].encode()), "objects": found["limit"].count("{") - 1}
        for name, found in answers.items()
    }
    return cursors, sent, sizes


def _checks_tokens(server: Contender) -> None:
    """SystemExit where a token counts whose signature is not the partner's: that work must be in the figures."""
    head, _, signature = server.token.rpartition(".")
    with Client(server.port, f"{head}.{signature[::-1]}") as stranger:
        if stranger.status(OPERATIONS[0], OPERATIONS[0].variables) != 401:
            raise SystemExit(f"{server.name} does not check tokens")


def _difference(found: Mapping[str, str], name: str) -> str:
    ours, theirs = found[name], found[NAMES[0]]
    at = next((i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), 0)
    return f"...{ours[max(0, at - 100) : at + 100]}... for ...{theirs[max(0, at - 100) : at + 100]}..."


def costs(
    servers: Mapping[str, Contender], operation: Operation, cursors: Cursors, sent: Mapping[str, int], effort: Effort
) -> dict[str, Cost]:
    """What an operation costs on each server: turns taken in rounds, each round in another order."""
    alone: dict[str, list[tuple[float, Sequence[float]]]] = {name: [] for name in servers}
    crowds: dict[str, list[tuple[float, Sequence[float], float]]] = {name: [] for name in servers}
    for name, server in servers.items():
        with server.client() as client:
            client.load(client.request(operation, variables(operation, cursors, name)), effort.seconds / 2)
    for turn in range(effort.rounds + effort.crowds):
        names = list(servers)
        names = names[turn % len(names) :] + names[: turn % len(names)]
        for name in names:
            crowd = turn >= effort.rounds
            with servers[name].client(effort.callers if crowd else 1) as client:
                request = client.request(operation, variables(operation, cursors, name))
                began, used = time.perf_counter(), servers[name].processor_time
                latencies = client.load(request, effort.seconds, least=1)
                used, lasted = servers[name].processor_time - used, time.perf_counter() - began
            if crowd:
                crowds[name].append((used / len(latencies), latencies, len(latencies) / lasted))
            else:
                alone[name].append((used / len(latencies), latencies))
    found = {}
    for name in servers:
        every = sorted(latency for _, latencies in alone[name] for latency in latencies)
        crowded = sorted(latency for _, latencies, _ in crowds[name] for latency in latencies)
        ratios = [own[0] / limit[0] for own, limit in zip(alone[name], alone["limit"], strict=True)]
        found[name] = Cost(
            cpu_ms=round(1000 * median(used for used, _ in alone[name]), 3),
            latency_ms=round(1000 * median(every), 3),
            worst_ms=round(1000 * every[int(0.99 * len(every))], 3),
            crowd_cpu_ms=round(1000 * median(used for used, _, _ in crowds[name]), 3),
            rate=round(median(rate for _, _, rate in crowds[name]), 1),
            crowd_ms=round(1000 * crowded[int(0.99 * len(crowded))], 3),
            statements=sent[name],
            peak_mb=round(servers[name].peak_mb, 1),
            to_limit=round(median(ratios), 2),
            requests=len(every) + len(crowded),
        )
    return found


def measured(server: str, effort: Effort) -> dict[str, Any]:
    """All figures. server: URL of a PostgreSQL without a database."""
    told: dict[str, Any] = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "machine": _machine()}
    _tell(f"filling three databases, about {effort.size.rows:,} rows")
    urls = asyncio.run(fill(server, effort.size))
    told["machine"]["postgresql"] = asyncio.run(_version(urls["poste"]))
    told["workload"] = asdict(effort)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        stage = Stage(folder / "stage")
        _tell("comparing answers, counting statements")
        cursors, sent, sizes = alike(stage, urls, effort.size.deep)
        servers = {name: stack.enter_context(stage.running(name, urls)) for name in NAMES}
        told["operations"] = {}
        for operation in OPERATIONS:
            found = costs(servers, operation, cursors, sent[operation.name], effort)
            own = found["gateway"]
            times = f"limit {found['limit'].cpu_ms:.2f}, usual {found['usual'].cpu_ms:.2f}"
            _tell(f"{operation.name}: gateway {own.cpu_ms:.2f} ms of processor time a request, {times}")
            told["operations"][operation.name] = {
                "what": operation.what,
                **sizes[operation.name],
                "servers": {name: asdict(cost) for name, cost in found.items()},
            }
        told["servers"] = {name: {"cold_ms": round(server.cold_ms)} for name, server in servers.items()}
        stack.close()
        _tell("looking where the gateway spends its time")
        found_profiles = profiles(stage, urls, cursors["gateway"], folder, effort.seconds * 6)
        told["profile"] = {name: asdict(profile) for name, profile in found_profiles.items()}
        _tell("asking for more rows, by more callers, with more partners")
        told["growth"] = grown(stage, urls, effort.growth)
    return told


def some(server: str, effort: Effort, names: Sequence[str], filled: bool) -> str:
    """What some operations cost, and where the gateway spends its time in them, as text. filled: as the last run did.

    server: as for `measured`. SystemExit for a name that no operation has.
    """
    operations = [operation for operation in OPERATIONS if operation.name in names]
    if unknown := set(names) - {operation.name for operation in operations}:
        raise SystemExit(f"no operation is called {', '.join(sorted(unknown))}")
    if not filled:
        _tell(f"filling three databases, about {effort.size.rows:,} rows")
    urls = {code: f"{server}/bench_{code}" for code in PARTNERS} if filled else asyncio.run(fill(server, effort.size))
    pair = ("limit", "gateway")
    lines = [
        f"{'':4}{'limit':>9}{'gateway':>9}{'ratio':>7}{'at once':>9}{'statements':>12}   ms of processor time a request"
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        stage = Stage(folder / "stage")
        _tell("comparing answers")
        cursors, sent, _ = alike(stage, urls, effort.size.deep, operations, pair)
        servers = {name: stack.enter_context(stage.running(name, urls)) for name in pair}
        for operation in operations:
            _tell(f"measuring {operation.name}")
            found = costs(servers, operation, cursors, sent[operation.name], effort)
            limit, own = found["limit"], found["gateway"]
            crowd = own.crowd_cpu_ms / limit.crowd_cpu_ms
            lines.append(
                f"{operation.name:4}{limit.cpu_ms:9.3f}{own.cpu_ms:9.3f}{own.to_limit:7.2f}{crowd:9.2f}"
                f"{limit.statements:8} {own.statements:3}   {own.peak_mb:.0f} MB"
            )
        stack.close()
        _tell("looking where the gateway spends its time")
        after = cursors.get("gateway", "")
        for of, profile in profiles(stage, urls, after, folder, effort.seconds * 6, operations).items():
            lines += ["", f"{of}, {profile.samples} samples, percent"]
            for title in ("whose", "module", "place", "within"):
                lines += [f"  {title}"]
                lines += [f"    {share:5.1f} {place}" for place, share in [*getattr(profile, title).items()][:25]]
    return "\n".join(lines) + "\n"


async def _version(url: str) -> str:
    connection = await asyncpg.connect(url)
    version = str(await connection.fetchval("show server_version"))
    await connection.close()
    return version.split()[0]


def _machine() -> dict[str, Any]:
    try:
        names = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        names = None
    return {
        "processor": names[1] if names else platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "parted": bool(PROCESSORS),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks.speed", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="little data, few requests: to see that it runs")
    parser.add_argument("--url", help="a PostgreSQL on which databases named bench_* may be made and replaced")
    parser.add_argument("--out", type=Path, help="a folder for the files; default: the project's own places")
    parser.add_argument("--only", metavar="Q1,Q3", help="only these, gateway and limit, with a profile; writes no file")
    parser.add_argument("--rounds", type=int, default=3, help="with --only: turns of each server (default: 3)")
    parser.add_argument("--filled", action="store_true", help="with --only and --url: the databases are there already")
    chosen = parser.parse_args(arguments)
    keep_apart()
    with ExitStack() as stack:
        url = chosen.url
        if not url:
            _tell("starting PostgreSQL")
            server = stack.enter_context(running_postgres())
            url = server.url("").replace("+asyncpg", "")
        url, effort = url.rstrip("/"), BRIEF if chosen.quick else THOROUGH
        if chosen.only:
            effort = replace(effort, rounds=chosen.rounds, crowds=1)
            sys.stdout.write(some(url, effort, chosen.only.split(","), chosen.filled))
            return
        told = measured(url, effort)
    sys.stdout.write(report.markdown(told))
    report.write(told, chosen.out)


if __name__ == "__main__":
    main()
