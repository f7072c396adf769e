"""What the gateway is meant to reach, and whether the figures of a run say that it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

AIM, USUAL, START_MS, MEMORY_MB = 1.5, 20.0, 2000, 150
FLAT, LINEAR, DOUBLE = 1.25, 1.25, 1.1
"""How far a figure may be from flat, from linear, and a process beside another from one alone."""

PEERS: Mapping[str, tuple[float, float, float, float]] = {
    "Mercurius with JIT (Node), loaders written by hand": (0.34, 1.20, 2.25, 2.65),
    "Yoga with JIT (Node)": (0.50, 1.09, 2.7, 2.7),
    "PostGraphile 5 (one database)": (0.47, 1.7, 5.7, 3.7),
    "Tailcall 1.0 (Rust, REST behind it)": (0.45, 3.7, 3.2, 5.5),
    "Apollo Server 5": (0.50, 3.7, 9.2, 8.9),
    "Hive Gateway, 3 subgraphs": (6.9, 13.5, 11.9, 12.6),
    "Hive Gateway with the planner in Rust, 3 subgraphs": (6.9, 8.6, 3.5, 3.9),
    "Apollo Gateway, 3 subgraphs": (4.6, 8.2, 14.7, 22.9),
}
"""ms of processor time a request for Q1 to Q4, measured on another day; the least that was seen."""
THEIR_LIMIT = 1.3
"""ms that the limit took that day for Q3. It did not check tokens then, which weighs next to nothing in Q3."""


def goals(told: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Each goal, what was found, and whether it is met."""
    operations, growth = told["operations"], told["growth"]
    own = {name: operation["servers"]["gateway"] for name, operation in operations.items()}
    ratios = {name: cost["to_limit"] for name, cost in own.items()}
    most = max(ratios, key=lambda name: ratios[name])
    yield (
        f"1. At most {AIM:g} times the limit's processor time in each operation",
        f"{ratios[most]:.2f} times in {most}, the worst; {min(ratios.values()):.2f} in the best",
        ratios[most] <= AIM,
    )
    slower = [f"{name} ({cpu:.2f} against {peer:.2f} ms)" for name, cpu, peer in _best_peers(told) if cpu >= peer]
    found = f"more than the best of them in {', '.join(slower)}" if slower else "less than each in all four"
    yield "2. Less processor time than every peer in Q1 to Q4", f"{found}; their latency is not known", not slower
    usual = {
        name: operation["servers"]["usual"]["cpu_ms"] / own[name]["cpu_ms"] for name, operation in operations.items()
    }
    least = min(usual, key=lambda name: usual[name])
    yield (
        f"3. At least {USUAL:g} times as fast as usual Strawberry",
        f"{usual[least]:.1f} times in {least}, the worst; {max(usual.values()):.1f} in the best",
        usual[least] >= USUAL,
    )
    yield from _growing(growth, own)
    start, memory = told["growth"]["partners"], [own[name]["peak_mb"] for name in [*own][:5]][-1]
    few = max(int(partners) for partners in start if int(partners) <= 5)
    cold = start[few if few in start else str(few)]["cold_ms"]
    yield (
        f"5. First answer in less than {START_MS / 1000:g} s with five partners; at most {MEMORY_MB} MB after Q1 to Q5",
        f"{cold / 1000:.1f} s with {few}; {memory:.0f} MB",
        cold < START_MS and memory <= MEMORY_MB,
    )
    yield from _processes(growth["processes"])


def _growing(growth: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    rows = {int(number): float(ms) for number, ms in growth["rows"].items()}
    (few, some), most = sorted(rows)[-2:], max(rows)
    steep = (rows[most] / rows[few]) / (most / few) if most != few else 1.0
    partners = {int(number): each["one_ms"] for number, each in growth["partners"].items()}
    flat = partners[max(partners)] / partners[min(partners)]
    statements = max(cost["statements"] for cost in own.values())
    yield (
        "4. Cost linear in rows and flat in partners that are not asked; statements by level and source, never by row",
        f"{some:,} rows cost {rows[most] / rows[few]:.1f} times {few:,}; {max(partners)} partners {flat:.2f} times "
        f"{min(partners)}; at most {statements} statements",
        steep <= LINEAR and flat <= FLAT,
    )


def _processes(found: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    one, two = found["alone"], found["together"]
    more = two["cpu_ms"] / one["cpu_ms"]
    yield (
        "6. A second process doubles what is answered",
        f"a request costs {more:.2f} times as much processor time where two processes are at work as where one is; "
        + (
            f"{two['rate']:,.0f} requests a second instead of {one['rate']:,.0f}, with "
            "callers and PostgreSQL on the processor of one of them"
            if found["parted"]
            else "this machine has no processor for a second"
        ),
        more <= DOUBLE,
    )


def _best_peers(told: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    scale = scaled(told)
    for at, name in enumerate(("Q1", "Q2", "Q3", "Q4")):
        cpu = told["operations"][name]["servers"]["gateway"]["cpu_ms"]
        yield name, cpu, min(peer[at] for peer in PEERS.values()) * scale


def scaled(told: Mapping[str, Any]) -> float:
    """How many times slower this machine is than that on which the peers were measured, by the limit's Q3."""
    return float(told["operations"]["Q3"]["servers"]["limit"]["cpu_ms"]) / THEIR_LIMIT
