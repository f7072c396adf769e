"""The figures as tables in Markdown, as a chart in SVG, and where they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.chart import chart
from benchmarks.goals import PEERS, goals, scaled

PROJECT = Path(__file__).parent.parent
BEGIN, END = "<!-- figures of `make bench` -->", "<!-- end of figures -->"
SERVERS = ("limit", "gateway", "usual")
RESULTS, TABLES, CHART = "results.json", "figures.md", "benchmarks.svg"


def write(told: Mapping[str, Any], folder: Path | None) -> None:
    """Write results, tables and chart into a folder, or into the project's own places."""
    results = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS).write_text(results, "utf-8")
        (folder / TABLES).write_text(markdown(told), "utf-8")
        (folder / CHART).write_text(chart(told), "utf-8")
        return
    (PROJECT / "benchmarks" / RESULTS).write_text(results, "utf-8")
    (PROJECT / "docs" / CHART).write_text(chart(told), "utf-8")
    page = PROJECT / "docs" / "benchmarks.md"
    text = page.read_text("utf-8")
    block = f"{BEGIN}\n\n{markdown(told)}\n{END}"
    page.write_text(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, text, flags=re.S), "utf-8")


def markdown(told: Mapping[str, Any]) -> str:
    """The tables."""
    return (
        "\n".join(
            [
                *_head(told),
                *_goals(told),
                *_processor(told),
                *_waiting(told),
                *_servers(told),
                *_peers(told),
                *_profile(told),
                *_growth(told),
            ]
        )
        + "\n"
    )


def _head(told: Mapping[str, Any]) -> Iterable[str]:
    machine, size = told["machine"], told["workload"]["size"]
    apart = "the servers on one of them, the rest on the others" if machine["parted"] else "shared by all"
    yield (
        f"Made on {told['made'][:10]}: {machine['processor']}, {machine['processors']} processors ({apart}), "
        f"{machine['system']}, Python {machine['python']}, PostgreSQL {machine['postgresql']}, "
        f"{size['vehicles']:,} vehicles and what belongs to them."
    )
    yield ""


def _goals(told: Mapping[str, Any]) -> Iterable[str]:
    yield "What the gateway is meant to reach:"
    yield ""
    rows = [[goal, found, "**met**" if met else "not met"] for goal, found, met in goals(told)]
    yield from _table(["goal", "found", ""], rows)


def _peers(told: Mapping[str, Any]) -> Iterable[str]:
    scale = scaled(told)
    names = ("Q1", "Q2", "Q3", "Q4")
    own = [_ms(told["operations"][name]["servers"]["gateway"]["cpu_ms"]) for name in names]
    yield (
        "Beside others, processor time a request in ms. Theirs were measured on another day and stand here times "
        f"{scale:.2f}: so much longer did the limit take for Q3 in this run than on that day."
    )
    yield ""
    rows = [["**this gateway**", *own]]
    rows += [[peer, *(_ms(spent * scale) for spent in found)] for peer, found in PEERS.items()]
    yield from _table(["", *names], rows)


def _processor(told: Mapping[str, Any]) -> Iterable[str]:
    rows = []
    for name, operation in told["operations"].items():
        limit, gateway, usual = (operation["servers"][server] for server in SERVERS)
        rows.append(
            [
                f"{name} {operation['what']}",
                f"{operation['objects']:,}",
                *(_ms(cost["cpu_ms"]) for cost in (limit, gateway, usual)),
                f"**{gateway['to_limit']:.1f}**",
                f"{gateway['crowd_cpu_ms'] / limit['crowd_cpu_ms']:.1f}",
                f"{usual['cpu_ms'] / gateway['cpu_ms']:.2f}",
                *(str(cost["statements"]) for cost in (limit, gateway, usual)),
            ]
        )
    yield "Processor time a request in ms with one caller, ratios (the first with many too), statements a request:"
    yield ""
    titles = ["", "objects", "limit", "gateway", "usual", "gateway / limit", "with many callers", "usual / gateway"]
    yield from _table([*titles, *(f"statements {server}" for server in SERVERS)], rows)


def _waiting(told: Mapping[str, Any]) -> Iterable[str]:
    rows = []
    for name, operation in told["operations"].items():
        found = [operation["servers"][server] for server in SERVERS]
        rows.append(
            [
                name,
                *(f"{_ms(cost['latency_ms'])} / {_ms(cost['worst_ms'])}" for cost in found),
                *(f"{cost['rate']:,.0f} / {_ms(cost['crowd_ms'])}" for cost in found),
            ]
        )
    callers = told["workload"]["callers"]
    yield "Latency in ms, half of the requests / 99 of 100, with one caller;"
    yield f"requests a second / latency of 99 of 100, with {callers} callers:"
    yield ""
    yield from _table(
        ["", *(f"{server}, 1" for server in SERVERS), *(f"{server}, {callers}" for server in SERVERS)], rows
    )


def _servers(told: Mapping[str, Any]) -> Iterable[str]:
    found = told["servers"]
    yield "Start until the first answer, and the most memory held so far, all callers included:"
    yield ""
    memory = [(name, operation["servers"]) for name, operation in told["operations"].items()]
    rows = [
        ["start, s", *(f"{found[server]['cold_ms'] / 1000:.1f}" for server in SERVERS)],
        *([f"memory after {name}, MB", *(f"{cost[s]['peak_mb']:.0f}" for s in SERVERS)] for name, cost in memory[-2:]),
    ]
    yield from _table(["", *SERVERS], rows)


def _profile(told: Mapping[str, Any]) -> Iterable[str]:
    profile = told["profile"]
    yield "Where the gateway's processor time goes, in percent, by whose code runs:"
    yield ""
    yield from _shares(profile, "whose", 1.0)
    yield "The same by the module of the gateway that the work is done for, libraries that it calls included:"
    yield ""
    yield from _shares(profile, "module", 3.0)
    yield "The gateway's functions that take most, with all that they call until a wait or into SQLAlchemy's greenlets:"
    yield ""
    within = {name: {"within": _between(found["within"])} for name, found in profile.items()}
    yield from _shares(within, "within", 7.0)
    yield "The functions that take most, without what they call:"
    yield ""
    rows = [
        [name, ", ".join(f"`{_place(place)}` {share:.0f}" for place, share in [*found["place"].items()][:6])]
        for name, found in profile.items()
    ]
    yield from _table(["", "percent"], rows)


def _growth(told: Mapping[str, Any]) -> Iterable[str]:
    found = told["growth"]
    yield "How the gateway's cost grows. Processor time a request in ms, so many vans of one partner, nested as in Q2:"
    yield ""
    yield from _table(
        ["rows", *(f"{int(rows):,}" for rows in found["rows"])], [["ms", *map(_ms, found["rows"].values())]]
    )
    yield "Q1 by so many callers at the same time:"
    yield ""
    callers = found["callers"].values()
    rows = [
        ["requests a second", *(f"{each['rate']:,.0f}" for each in callers)],
        ["latency of half, ms", *(_ms(each["latency_ms"]) for each in callers)],
        ["latency of 99 of 100, ms", *(_ms(each["worst_ms"]) for each in callers)],
    ]
    yield from _table(["callers", *map(str, found["callers"])], rows)
    processes = found["processes"]
    yield "Q1 by four callers of each process, where one is at work, and two on two processors at the same time:"
    yield ""
    names = ("alone", "together")
    rows = [
        ["processor time a request, ms", *(_ms(processes[name]["cpu_ms"]) for name in names)],
        ["requests a second", *(f"{processes[name]['rate']:,.0f}" for name in names)],
    ]
    yield from _table(["", "one", "two"], rows)
    yield "With so many partners in the catalog:"
    yield ""
    partners = found["partners"].values()
    rows = [
        ["Q2, which asks two of them, ms", *(_ms(each["one_ms"]) for each in partners)],
        ["the first 50 of one list over all, ms", *(_ms(each["all_ms"]) for each in partners)],
        ["start, s", *(f"{each['cold_ms'] / 1000:.1f}" for each in partners)],
    ]
    yield from _table(["partners", *map(str, found["partners"])], rows)


def _shares(profile: Mapping[str, Any], by: str, least: float) -> Iterable[str]:
    """One row for each that has at least so many percent somewhere; the greatest first."""
    names = {name for found in profile.values() for name, share in found[by].items() if share >= least}
    ordered = sorted(names, key=lambda name: -sum(found[by].get(name, 0.0) for found in profile.values()))
    rows = [[name, *(f"{found[by].get(name, 0.0):.0f}" for found in profile.values())] for name in ordered]
    yield from _table(["", *profile], rows)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"| --- |{' --: |' * (len(titles) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _between(within: Mapping[str, float]) -> Mapping[str, float]:
    """Without what nearly everything is within, the server and its start."""
    frame = ("gateway/__main__.py", "gateway/server.py", "gateway/app.py", "gateway/cors.py")
    return {
        f"`{_place(place)}`": share
        for place, share in within.items()
        if not place.startswith(frame) and not place.endswith(">")
    }


def _place(told: str) -> str:
    """File and function, without what encloses it."""
    path, _, name = told.partition(" ")
    return (
        f"{path.rpartition('/')[2]} {name.rpartition('.')[2] if '<lambda>' in name else name.replace('.<locals>', '')}"
    )


def _ms(milliseconds: float) -> str:
    return (
        f"{milliseconds:.2f}"
        if milliseconds < 10
        else f"{milliseconds:.1f}"
        if milliseconds < 100
        else f"{milliseconds:,.0f}"
    )
