"""Changed files are live by themselves, a mistake changes nothing, and nothing that ended is remembered."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import key_material
from gateway.tokens import OwnIssuer
from resolvers.catalog import Catalog
from resolvers.connectors.sql import SqlSource
from tests.gateways import CONFIG, Gateway, running
from tests.test_reload import ASSETS, names, partner_file, write

SOON = 3.0  # s: a change is live within one; a busy machine may take longer
PAGE = """query($after: String) { assets(first: 1, after: $after, orderBy: [{field: NAME}]) {
  nodes { name } edges { cursor } pageInfo { hasNextPage endCursor } missing { partner { code } source } partial } }"""


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as store:
        store.executescript(
            "create table one (id integer primary key, name text, state text);"
            "create table two (id integer primary key, name text, state text);"
            "insert into one values (1, 'A one', 'IN_USE'), (2, 'D one', 'IN_USE');"
            "insert into two values (1, 'B two', 'LOST'), (2, 'C two', 'LOST');"
        )
    yield {"URL": f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}"}


async def became(asked: Callable[[], Awaitable[object]], wanted: object) -> float:
    """After how many seconds it was so."""
    began = time.monotonic()
    found = await asked()
    while found != wanted:
        assert time.monotonic() - began < SOON, f"still {found}"
        await asyncio.sleep(0.02)
        found = await asked()
    return time.monotonic() - began


async def ready(gateway: Gateway) -> object:
    async with gateway.session.get(f"{gateway.url}/health/ready") as answer:
        return await answer.json()


def listed(gateway: Gateway, partner: str = "one") -> Callable[[], Awaitable[object]]:
    async def ask() -> object:
        return names(await gateway.data(ASSETS, partner=partner))

    return ask


async def test_a_change_is_live_by_itself_and_a_mistake_is_told_and_changes_nothing(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    alone, all_of_it = ["A one", "D one"], ["A one", "B two", "C two", "D one"]
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        assert await listed(gateway)() == all_of_it
        assert await ready(gateway) == {"status": "ready"}

        write(gateway.folder, "two", partner_file("two").partition("[[agreement]]")[0])
        print(f"an agreement taken back: gone after {await became(listed(gateway), alone):.2f} s")  # noqa: T201

        write(gateway.folder, "two", partner_file("two", "status = 3"))
        stale = {"status": "ready", "configuration": "stale"}
        print(f"a mistake: told after {await became(lambda: ready(gateway), stale):.2f} s")  # noqa: T201
        assert "two.toml: mapping.things.fields.status" in caplog.text
        assert "the old ones stay in force" in caplog.text
        assert await listed(gateway)() == alone
        told = caplog.text.count("stay in force")

        write(gateway.folder, "two", partner_file("two"))
        await became(listed(gateway), all_of_it)
        assert await ready(gateway) == {"status": "ready"}

        (gateway.folder / "partners" / "two.toml").unlink()
        await became(listed(gateway), alone)
        assert (await gateway.post({"query": ASSETS}, "two"))[0] == 401

        reloads = caplog.text.count("partner files reloaded")
        await asyncio.sleep(1)
        assert caplog.text.count("partner files reloaded") == reloads, "what did not change was read again"
        assert caplog.text.count("stay in force") == told, "a mistake is told once"


async def test_a_file_that_is_being_written_is_not_read_halfway(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """As editors and copies over a network do it: emptied, then filled bit by bit; or put in place of the old one."""
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        text = partner_file("two", 'status = "state"')
        with (gateway.folder / "partners" / "two.toml").open("w", encoding="utf-8") as file:
            for start in range(0, len(text), 60):
                file.write(text[start : start + 60])
                file.flush()
                await asyncio.sleep(0.1)

        async def states() -> object:
            found = await gateway.data(ASSETS, partner="one")
            return [node["status"] for node in found["assets"]["nodes"]]

        await became(states, [None, "LOST", "LOST", None])

        path = gateway.folder / "partners" / "two.toml"
        before = path.stat()
        # The same size and the same date: only what the system itself notes tells them apart.
        other = text.replace('name = "name"', 'name = "state"')[1:]
        assert len(other) == before.st_size
        (gateway.folder / "new").write_text(other, "utf-8")
        os.utime(gateway.folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
        (gateway.folder / "new").replace(path)
        await became(listed(gateway), ["A one", "D one", "LOST", "LOST"])
        assert "stay in force" not in caplog.text


async def test_a_file_left_out_at_the_start_keeps_no_other_partner_from_ending_an_agreement(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    files = {"one": partner_file("one"), "two": partner_file("two"), "zoo": partner_file("two", "status = 3")}
    async with running(files, environ) as gateway:
        assert len(names(await gateway.data(ASSETS, partner="one"))) == 4
        write(gateway.folder, "two", partner_file("two").partition("[[agreement]]")[0])
        await became(listed(gateway), ["A one", "D one"])
        write(gateway.folder, "one", partner_file("one", "status = 4"))
        await became(lambda: ready(gateway), {"status": "ready", "configuration": "stale"})
        assert await listed(gateway)() == ["A one", "D one"], "a file in force that breaks leaves nobody out"


async def test_an_agreement_ends_at_midnight_for_plans_tokens_and_cursors_that_are_kept(
    environ: dict[str, str],
) -> None:
    """UTC decides. A list that was begun before goes on with what is still shared, and says nothing of the rest."""
    files = {
        "one": partner_file("one"),
        "two": partner_file("two").replace('with = "*"', 'with = "*"\nend = 2030-01-02'),
    }
    async with running(files, environ) as gateway:
        eve = datetime(2030, 1, 1, 23, 59, 59, 999_999, UTC)
        gateway.federation.runtime.clock = lambda: eve
        token = gateway.token("one")

        async def ask(after: str | None = None) -> dict[str, Any]:
            headers = {"authorization": f"Bearer {token}"}
            body = {"query": PAGE, "variables": {"after": after}}
            async with gateway.session.post(f"{gateway.url}/graphql", json=body, headers=headers) as answer:
                found = await answer.json()
                assert "errors" not in found, found
                assert "extensions" not in found, found
                return dict(found["data"]["assets"])

        first = await ask()
        second = await ask(first["pageInfo"]["endCursor"])
        assert (first["nodes"], second["nodes"]) == ([{"name": "A one"}], [{"name": "B two"}])
        assert await ask(first["pageInfo"]["endCursor"]) == second

        gateway.federation.runtime.clock = lambda: datetime(2030, 1, 2, tzinfo=UTC)
        for place in (first, second):  # the second one's place is a record that is gone
            rest = await ask(place["pageInfo"]["endCursor"])
            assert rest["nodes"] == [{"name": "D one"}]
            assert (rest["missing"], rest["partial"], rest["pageInfo"]["hasNextPage"]) == ([], False, False)

        gateway.federation.runtime.clock = lambda: eve
        assert await ask(first["pageInfo"]["endCursor"]) == second, "only the day decides"


@pytest.mark.parametrize("gone", ["agreement", "partner"])
async def test_a_cursor_tells_nothing_more_of_a_source_that_was_missing(environ: dict[str, str], gone: str) -> None:
    broken = partner_file("two").replace("${URL}", "sqlite+aiosqlite:////nowhere/at/all.sqlite")
    async with running({"one": partner_file("one"), "two": broken}, environ) as gateway:
        first = (await gateway.data(PAGE, partner="one"))["assets"]
        assert [each["partner"]["code"] for each in first["missing"]] == ["two"]
        if gone == "agreement":
            write(gateway.folder, "two", broken.partition("[[agreement]]")[0])
        else:
            (gateway.folder / "partners" / "two.toml").unlink()
        await gateway.reload()
        second = (await gateway.data(PAGE, {"after": first["pageInfo"]["endCursor"]}, partner="one"))["assets"]
        assert (second["nodes"], second["missing"], second["partial"]) == ([{"name": "D one"}], [], False)


async def test_a_partner_that_leaves_while_its_caller_sends_a_request_is_refused(environ: dict[str, str]) -> None:
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        body = json.dumps({"query": "{ viewer { partner { code } } assets { nodes { name } } }"}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.token('two')}\r\n"
            f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(head.encode())
        await writer.drain()
        await asyncio.sleep(0.3)
        (gateway.folder / "partners" / "two.toml").unlink()
        await gateway.reload()
        writer.write(body)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 401 "), answer
        assert b"UNAUTHENTICATED" in answer


async def test_the_gateways_own_keys_are_taken_up_too(environ: dict[str, str]) -> None:
    async with running({"one": partner_file("one")}, environ) as gateway:
        old = gateway.token("one")
        path = gateway.folder / "state" / "tokens.key"

        def allowed(token: str) -> Callable[[], Awaitable[object]]:
            async def ask() -> object:
                headers = {"authorization": f"Bearer {token}"}
                async with gateway.session.post(
                    f"{gateway.url}/graphql", json={"query": "{ __typename }"}, headers=headers
                ) as answer:
                    return answer.status

            return ask

        assert await allowed(old)() == 200
        path.write_text("too short\n", "ascii")
        await asyncio.sleep(1)
        assert await allowed(old)() == 200, "a key that cannot be used leaves the known one in force"
        path.unlink()
        await asyncio.sleep(1)
        assert await allowed(old)() == 200
        assert not path.exists(), "a key that is gone is not made anew while the gateway runs"
        path.write_text(base64.b64encode(os.urandom(32)).decode(), "ascii")
        print(f"a new key: the old tokens end after {await became(allowed(old), 401):.2f} s")  # noqa: T201
        issuer = OwnIssuer.from_seed(key_material.load(gateway.folder / "state", {}).tokens)
        assert await allowed(issuer.issue(partner="one", subject="tester"))() == 200


async def test_no_watch_where_the_operator_wants_none(environ: dict[str, str]) -> None:
    async with running(
        {"one": partner_file("one"), "two": partner_file("two")}, environ, f"watch = false\n{CONFIG}"
    ) as gateway:
        write(gateway.folder, "two", partner_file("two").partition("[[agreement]]")[0])
        await asyncio.sleep(1)
        assert len(names(await gateway.data(ASSETS, partner="one"))) == 4
        await gateway.reload()
        assert len(names(await gateway.data(ASSETS, partner="one"))) == 2


async def test_two_hundred_reloads_under_load_fail_nobody_and_leave_nothing_behind(environ: dict[str, str]) -> None:
    config = f'watch = false\n{CONFIG}[limits]\ndeadline = "2s"\n'
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ, config) as gateway:
        # Each variant has another source, so that connectors come and go with it.
        variants = [partner_file("two").replace('kind = "sql"', f'kind = "sql"\nmax_concurrent = {n}') for n in (2, 3)]
        done = False
        answered = 0

        async def ask() -> None:
            nonlocal answered
            while not done:
                assert len(names(await gateway.data(ASSETS, partner="one"))) == 4
                answered += 1

        async with aiohttp.ClientSession():
            askers = [asyncio.create_task(ask()) for _ in range(4)]
            for turn in range(200):
                write(gateway.folder, "two", variants[turn % 2])
                assert await gateway.reload() == []
            done = True
            await asyncio.gather(*askers)
        await asyncio.sleep(2.5)  # the last connectors close when no request can be left that has them
        gc.collect()
        alive = gc.get_objects()
        catalogs = sum(isinstance(each, Catalog) for each in alive)
        connectors = sum(isinstance(each, SqlSource) for each in alive)
        print(f"{answered} requests during 200 reloads; {catalogs} catalogs, {connectors} connectors are left")  # noqa: T201
        assert answered > 50
        assert not gateway.federation._retiring
        here = [
            each for each in alive if isinstance(each, Catalog) and "two" in each.partners and len(each.partners) == 2
        ]
        assert len(here) <= 2
        assert connectors <= 10
