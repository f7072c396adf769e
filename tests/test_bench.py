"""`make bench` in its quick form: all servers answer alike, and the files that it writes have their shape. No times."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.contenders import NAMES
from benchmarks.report import BEGIN, END
from benchmarks.workload import OPERATIONS
from tests.servers import Server

PROJECT = Path(__file__).parent.parent
QUERIES = [operation.name for operation in OPERATIONS]


@pytest.fixture(scope="module")
def written(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a quick run. The command fails where an answer differs or is an error, or no token is checked."""
    folder = tmp_path_factory.mktemp("bench")
    url = postgres.url("").replace("+asyncpg", "")
    command = [sys.executable, "-m", "benchmarks.speed", "--quick", "--url", url, "--out", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert all(f"{name}: gateway" in done.stderr for name in QUERIES), "progress is shown"
    assert done.stdout == (folder / "figures.md").read_text("utf-8")
    return folder


@pytest.mark.timeout(320)
def test_results(written: Path) -> None:
    told: dict[str, Any] = json.loads((written / "results.json").read_text("utf-8"))
    assert list(told["operations"]) == list(told["profile"]) == QUERIES
    assert set(told["servers"]) == set(NAMES)
    for operation in told["operations"].values():
        assert tuple(operation["servers"]) == NAMES
        for cost in operation["servers"].values():
            assert all(figure > 0 for figure in cost.values()), cost
        assert operation["servers"]["limit"]["to_limit"] == 1
    sizes = {name: len(found) for name, found in told["growth"].items()}
    assert sizes == {"rows": 2, "callers": 2, "partners": 2, "processes": 3}
    for profile in told["profile"].values():
        assert profile["samples"] > 0
        assert 0 < sum(profile["whose"].values()) <= 101


@pytest.mark.timeout(320)
def test_statements_go_by_level_and_source(written: Path) -> None:
    told = json.loads((written / "results.json").read_text("utf-8"))
    sent = {
        name: {server: cost["statements"] for server, cost in operation["servers"].items()}
        for name, operation in told["operations"].items()
    }
    assert {name: found["limit"] for name, found in sent.items()} == dict(zip(QUERIES, (2, 2, 1, 4, 2, 2), strict=True))
    assert all(found["gateway"] <= 2 * found["limit"] < found["usual"] for found in sent.values()), sent


@pytest.mark.timeout(320)
def test_tables_and_chart(written: Path) -> None:
    tables = (written / "figures.md").read_text("utf-8")
    for operation in OPERATIONS:
        assert f"| {operation.name} {operation.what} |" in tables
    widths = [line.count("|") for line in tables.splitlines()]
    assert all(a == b for a, b in pairwise(widths) if a and b), "rows as wide as their tables"
    chart = ElementTree.fromstring((written / "benchmarks.svg").read_text("utf-8"))
    bars = [bar for bar in chart.iter("{http://www.w3.org/2000/svg}rect") if float(bar.attrib["height"]) == 13]
    assert len(bars) == len(OPERATIONS) * len(NAMES)
    assert all(float(bar.attrib["width"]) > 0 for bar in bars)


def test_each_goal_is_told_with_what_was_found(written: Path) -> None:
    rows = [line for line in (written / "figures.md").read_text("utf-8").splitlines() if re.match(r"\| [1-6]\. ", line)]
    assert [row[2] for row in rows] == list("123456")
    assert all(row.endswith((" **met** |", " not met |")) for row in rows)


def test_the_page_shows_the_last_results() -> None:
    told = json.loads((PROJECT / "benchmarks" / "results.json").read_text("utf-8"))
    page = (PROJECT / "docs" / "benchmarks.md").read_text("utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    shown = page.partition(BEGIN)[2].partition(END)[0]
    for operation in told["operations"].values():
        assert f"**{operation['servers']['gateway']['to_limit']:.1f}**" in shown
