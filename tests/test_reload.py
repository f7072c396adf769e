"""Partner files read anew: a good change is live, a bad one changes nothing, a broken file costs one partner."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from resolvers.errors import CatalogError
from tests.gateways import CONFIG, running
from tests.servers import Server

ASSETS = "{ assets(orderBy: [{field: NAME}]) { nodes { name status } } }"


def partner_file(code: str, extra: str = "") -> str:
    return f"""
[partner]
code = "{code}"
name = "{code}"
kind = "OTHER"
time_zone = "Europe/Paris"
currency = "EUR"
[source.db]
kind = "sql"
url = "${{URL}}"
[mapping.things]
entity = "Asset"
source = "db"
table = "{code}"
key = "id"
[mapping.things.fields]
name = "name"
{extra}
[[agreement]]
code = "open"
with = "*"
[agreement.Asset]
fields = "*"
"""


SITES = """
[mapping.sites]
entity = "Site"
source = "db"
table = "sites"
key = "id"
[mapping.sites.fields]
name = "name"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as store:
        store.executescript(
            "create table one (id integer primary key, name text, state text);"
            "create table two (id integer primary key, name text, state text);"
            "insert into one values (1, 'One', 'IN_USE'); insert into two values (1, 'Two', 'LOST');"
        )
    return {"URL": f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}"}


def names(answer: dict[str, Any]) -> list[str]:
    return [node["name"] for node in answer["assets"]["nodes"]]


async def test_a_good_change_is_live_and_a_bad_one_changes_nothing(environ: dict[str, str]) -> None:
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        before = await gateway.data(ASSETS, partner="one")
        assert before == {"assets": {"nodes": [{"name": "One", "status": None}, {"name": "Two", "status": None}]}}
        pool = gateway.federation.runtime.pools.sources["one.db"]

        write(gateway.folder, "two", partner_file("two", 'status = "state"'))
        write(gateway.folder, "one", partner_file("one", "status = 3"))
        (mistake,) = await gateway.reload()
        assert (mistake.file, mistake.key) == ("one.toml", "mapping.things.fields.status")
        assert await gateway.data(ASSETS, partner="one") == before

        write(gateway.folder, "one", partner_file("one"))
        assert await gateway.reload() == []
        after = await gateway.data(ASSETS, partner="one")
        assert after["assets"]["nodes"] == [{"name": "One", "status": None}, {"name": "Two", "status": "LOST"}]
        assert gateway.federation.runtime.pools.sources["one.db"] is pool, "what did not change keeps its connections"

        (gateway.folder / "partners" / "two.toml").unlink()
        await gateway.reload()
        assert names(await gateway.data(ASSETS, partner="one")) == ["One"]
        status, _ = await gateway.post({"query": ASSETS}, "two")
        assert status == 401, "a partner that left has no callers"


async def test_an_agreement_that_is_taken_back_is_gone_with_the_next_request(environ: dict[str, str]) -> None:
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        assert names(await gateway.data(ASSETS, partner="one")) == ["One", "Two"]
        write(gateway.folder, "two", partner_file("two").partition("[[agreement]]")[0])
        await gateway.reload()
        assert names(await gateway.data(ASSETS, partner="one")) == ["One"]


async def test_a_request_in_flight_finishes_on_the_old_files(environ: dict[str, str]) -> None:
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        asked = [asyncio.create_task(gateway.data(ASSETS, partner="one")) for _ in range(20)]
        write(gateway.folder, "two", partner_file("two").replace('table = "two"', 'table = "one"'))
        await gateway.reload()
        for answer in await asyncio.gather(*asked):
            assert names(answer) in (["One", "Two"], ["One", "One"])
        assert names(await gateway.data(ASSETS, partner="one")) == ["One", "One"]


SLOW = """
create table sites (id integer primary key, name text);
create view slow as select 1 as id, 'Slow' || pg_sleep(0.8)::text as name, 1 as site_id;
insert into sites values (1, 'North');
"""
CONNECTIONS = (
    "select count(*) from pg_stat_activity where application_name = 'partner-gateway' and datname = current_database();"
)


async def test_a_request_in_flight_keeps_its_sources_and_they_are_closed_after_it(postgres: Server) -> None:
    url = postgres.create("reloaded")
    postgres.run("reloaded", SLOW)
    file = partner_file("slow", 'site = { key = "site_id" }') + SITES
    config = CONFIG + '[limits]\ndeadline = "2s"\n'
    async with running({"slow": file}, {"URL": url}, config) as gateway:
        query = "{ assets { nodes { name site { name } } missing { code } } }"
        asked = asyncio.create_task(gateway.data(query, partner="slow"))
        await asyncio.sleep(0.4)
        old = gateway.federation.runtime.pools.sources["slow.db"]
        write(gateway.folder, "slow", file.replace('kind = "sql"', 'kind = "sql"\nmax_concurrent = 3'))
        assert await gateway.reload() == []
        assert gateway.federation.runtime.pools.sources["slow.db"] is not old
        answer = await asked
        assert answer["assets"] == {"nodes": [{"name": "Slow", "site": {"name": "North"}}], "missing": []}
        assert postgres.run("reloaded", CONNECTIONS).strip() != "0"
        await asyncio.sleep(2)
        assert postgres.run("reloaded", CONNECTIONS).strip() == "0", "connections of files that are gone are left open"
        assert await gateway.data(query, partner="slow") == answer


async def test_a_reload_that_fails_otherwise_changes_nothing_either(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A URL that no driver takes, a folder that is gone."""
    async with running({"one": partner_file("one")}, environ) as gateway:
        write(gateway.folder, "one", partner_file("one").replace("${URL}", "postgresql://reader:hush-hush@db/x"))
        (mistake,) = await gateway.reload()
        assert (mistake.code, mistake.key) == ("SOURCE_URL", "source.db.url")
        assert "source.db.url" in caplog.text and "hush" not in caplog.text
        assert names(await gateway.data(ASSETS, partner="one")) == ["One"]
        (gateway.folder / "partners").rename(gateway.folder / "gone")
        (mistake,) = await gateway.reload()
        assert mistake.code == "CATALOG_EMPTY"
        assert names(await gateway.data(ASSETS, partner="one")) == ["One"]


async def test_a_url_that_no_driver_takes_costs_one_partner(environ: dict[str, str]) -> None:
    files = {"one": partner_file("one"), "two": partner_file("two").replace("${URL}", "oracle+none://u:p@h/x")}
    async with running(files, environ) as gateway:
        assert names(await gateway.data(ASSETS, partner="one")) == ["One"]


async def test_a_broken_file_at_start_leaves_its_partner_out(environ: dict[str, str]) -> None:
    files = {"one": partner_file("one"), "two": partner_file("two", "status = 3")}
    async with running(files, environ) as gateway:
        assert names(await gateway.data(ASSETS, partner="one")) == ["One"]
    with pytest.raises(CatalogError) as refused:
        async with running(files, environ, f"strict = true\n{CONFIG}"):
            pass
    assert [mistake.file for mistake in refused.value.mistakes] == ["two.toml"]


def test_the_signal_and_the_start_as_the_operator_meets_them(environ: dict[str, str], tmp_path: Path) -> None:
    partners = tmp_path / "partners"
    partners.mkdir()
    (tmp_path / "gateway.toml").write_text('partners = "partners"\n[listen]\nport = 1\n', "utf-8")
    command = [sys.executable, "-m", "gateway", "serve", "--config", "gateway.toml"]
    environment = {**os.environ, **environ}
    (partners / "one.toml").write_text(partner_file("one", "status = 3"), "utf-8")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "mapping.things.fields.status" in done.stderr
    assert "Traceback" not in done.stderr

    (partners / "one.toml").write_text(partner_file("one"), "utf-8")
    text = (tmp_path / "gateway.toml").read_text("utf-8").replace("port = 1", f"port = {free_port()}")
    (tmp_path / "gateway.toml").write_text(text, "utf-8")
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            assert says(tmp_path / "log", process, ""), (tmp_path / "log").read_text("utf-8")
            (partners / "two.toml").write_text(partner_file("two"), "utf-8")
            process.send_signal(signal.SIGHUP)
            assert says(tmp_path / "log", process, "partner files reloaded: one, two")
            (partners / "two.toml").write_text(partner_file("two", "status = 3"), "utf-8")
            process.send_signal(signal.SIGHUP)
            assert says(tmp_path / "log", process, "the old ones stay in force")
            # Without a signal, too.
            (partners / "two.toml").write_text(partner_file("two"), "utf-8")
            (partners / "three.toml").write_text(partner_file("three"), "utf-8")
            assert says(tmp_path / "log", process, "partner files reloaded: one, three, two")
        finally:
            process.terminate()
            process.wait(20)


def write(folder: Path, code: str, text: str) -> None:
    (folder / "partners" / f"{code}.toml").write_text(text, "utf-8")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def says(log: Path, process: subprocess.Popen[bytes], words: str) -> bool:
    """Whether the log says the words within 15 seconds; no words: whether the server is up."""
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        text = log.read_text("utf-8")
        if words and words in text:
            return True
        if not words and "http://" in text:
            return True
        time.sleep(0.05)
    return False
