"""What the README says is so: its commands run, its query gives its answer, its partner file is one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import greeting
from resolvers.catalog import load
from schema.model import model
from tests.servers import missing

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text("utf-8")


def block(language: str) -> str:
    """The only fenced block of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, re.S)
    return str(found)


@pytest.fixture(scope="module")
def demonstration() -> Iterator[tuple[str, str, str]]:
    """`make run` on a free port: URL, token and the curl line that it printed."""
    if shutil.which("make") is None:
        missing("make")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "--no-print-directory", "run", f"PORT={port}"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")},
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("curl "):
                break
        assert time.monotonic() - began < 60
        text = "".join(said)
        token = re.search(r"^TOKEN=(\S+)$", text, re.M)
        assert token is not None, text
        yield f"http://127.0.0.1:{port}", token[1], said[-1]
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)
        process.stdout.close()


def ask(url: str, query: str, token: str | None) -> tuple[int, Any]:
    """Status and JSON of one query."""
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(f"{url}/graphql", json.dumps({"query": query}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_query_gives_the_answer(demonstration: tuple[str, str, str]) -> None:
    url, token, _ = demonstration
    assert ask(url, block("graphql"), token) == (200, json.loads(block("json")))
    assert ask(url, block("graphql"), None)[0] == 401
    assert ask(url, block("graphql"), token[:-30] + token[-30:][::-1])[0] == 401


def test_the_printed_line_is_that_query(demonstration: tuple[str, str, str]) -> None:
    _, token, line = demonstration
    assert block("graphql").split() == greeting.FIRST_QUERY.split()
    if shutil.which("curl") is None:
        missing("curl")
    done = subprocess.run(["sh", "-c", line], capture_output=True, env={**os.environ, "TOKEN": token}, timeout=30)
    assert json.loads(done.stdout) == json.loads(block("json"))


def test_the_token_is_somebody_with_a_record(demonstration: tuple[str, str, str]) -> None:
    url, token, _ = demonstration
    _, answer = ask(url, "{ viewer { person { displayName } partner { code } } }", token)
    assert answer["data"]["viewer"] == {"person": {"displayName": "Awa Diallo"}, "partner": {"code": "poste"}}


def test_the_partner_file_has_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "bikes.toml").write_text(block("toml"), "utf-8")
    catalog, mistakes = load(tmp_path, model(), {"BIKES_URL": "sqlite+aiosqlite:///bikes.sqlite"})
    assert [mistake for mistake in mistakes if mistake.level == "error"] == []
    assert catalog.partners["bikes"].mappings["bikes"].entity == "Asset"


def test_the_commands_run(tmp_path: Path) -> None:
    commands = re.findall(r"^    (gateway .*?)(?:\s+#.*)?$", README, re.M)
    assert len(commands) == 6
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "bikes.toml").write_text(block("toml"), "utf-8")
    (tmp_path / "gateway.toml").write_text('partners = "partners"\n[listen]\nport = 1\n', "utf-8")
    with contextlib.closing(sqlite3.connect(tmp_path / "bikes.sqlite")) as store:
        store.execute("create table velos (id integer primary key, nom, type, marquage)")
        store.execute("insert into velos values (1, 'Rouge', 'CARGO', 'FR-1234')")
        store.commit()
    environment = {**os.environ, "BIKES_URL": f"sqlite+aiosqlite:///{tmp_path / 'bikes.sqlite'}"}
    for command in commands:
        words = re.findall(r"\"[^\"]*\"|'[^']*'|\S+", command)
        line = [sys.executable, "-m", "gateway", *(word.strip("'\"") for word in words[1:])]
        if words[1] == "serve":
            continue  # `make run` above runs the same server; port and end are not for a command in a README
        done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_every_file_it_names_is_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_every_command_of_make_does_something() -> None:
    """A target that is only said to be one makes nothing, and says so as if all were well."""
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.M)
    without = [name for name in targets.split() if not re.search(rf"^{name}:[^\n]*\n\t", makefile, re.M)]
    assert not without
