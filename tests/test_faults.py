"""Sources that fail while the gateway runs, on real servers behind a faulty line: one never spoils the rest."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from resolvers.connectors.sql.engine import open_engine
from tests.faulty_source import TABLES, Bench, bench
from tests.servers import Server

MISSING = "missing { partner { code } source code }"
LIST = f"{{ assets(orderBy: [{{field: NAME}}]) {{ nodes {{ name description }} {MISSING} }} }}"
PLAIN = "{ assets(orderBy: [{field: NAME}]) { nodes { name } missing { code } } }"
EDGE = "{ assets(orderBy: [{field: NAME}]) { nodes { name site { name } } missing { code } } }"
CRAWL = f"{{ policies {{ nodes {{ number }} {MISSING} }} }}"
BOTH = CRAWL.removesuffix(" }") + " assets { nodes { name } } }"
SOURCES = '{ partner(code: "faulty") { sources { label health asOf message } } }'

ALL = ["Bike", "Cart", "Drill", "Room", "Tent", "Van"]
HEALTHY = ["Cart", "Drill", "Tent"]
DEADLINE = 1.0
# How much later than its deadline an answer may come on a machine that is busy with other tests.
LEEWAY = 0.6

Opened = Callable[..., AbstractAsyncContextManager[Bench]]


def opener(engine: str, request: pytest.FixtureRequest, folder: Path) -> Opened:
    names = {"postgresql": "postgres", "mariadb": "mariadb"}
    server: Server | None = request.getfixturevalue(names[engine]) if engine in names else None

    @asynccontextmanager
    async def opened(deadline: str = "1s") -> AsyncIterator[Bench]:
        async with bench(engine, server, folder, deadline) as found:
            yield found

    return opened


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return opener(request.param, request, tmp_path)


@pytest.fixture(params=["postgresql", "mariadb"])
def behind_a_line(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return opener(request.param, request, tmp_path)


def names(answer: dict[str, Any]) -> list[str]:
    return [node["name"] for node in answer["data"]["assets"]["nodes"]]


def missing(answer: dict[str, Any], field: str = "assets") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["data"][field]["missing"]
    return found


def named(code: str) -> list[dict[str, Any]]:
    return [{"partner": {"code": "faulty"}, "source": "Inventory", "code": code}]


async def health(found: Bench) -> dict[str, Any]:
    answer = await found.gateway.data(SOURCES, partner="faulty")
    source: dict[str, Any] = answer["partner"]["sources"][0]
    return source


# down, cut, broken ----------------------------------------------------------------------------------------------------


async def test_a_source_that_is_down_at_start_comes_back_by_itself(behind_a_line: Opened) -> None:
    async with behind_a_line() as found:
        assert found.line is not None
        await found.line.cut()
        async with found.gateway.session.get(f"{found.gateway.url}/health/ready") as ready:
            assert ready.status == 200
        assert (await health(found))["health"] == "UNKNOWN"
        answer, seconds = await found.timed(LIST)
        assert (names(answer), missing(answer)) == (HEALTHY, named("SOURCE_UNAVAILABLE"))
        assert "errors" not in answer and seconds < DEADLINE
        told = await health(found)
        assert (told["health"], told["asOf"]) == ("DOWN", None)
        assert told["message"] == "The partner's data source cannot be reached."
        await found.line.open()
        answer = await found.ask(LIST)
        assert (names(answer), missing(answer)) == (ALL, [])
        told = await health(found)
        assert (told["health"], told["message"]) == ("UP", None) and told["asOf"]


async def test_an_embedded_store_that_is_not_there_or_another(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    async with opener("sqlite", request, tmp_path)() as found:
        away = found.place.rename(tmp_path / "away.sqlite")
        answer = await found.ask(LIST)
        assert (names(answer), missing(answer)) == (HEALTHY, named("SOURCE_UNAVAILABLE"))
        assert not found.place.exists(), "the gateway made the file itself"
        found.place.write_text("this is no database" * 100)
        assert missing(await found.ask(LIST)) == named("SOURCE_UNAVAILABLE")
        away.rename(found.place)
        assert names(await found.ask(LIST)) == ALL
        with closing(sqlite3.connect(tmp_path / "next.sqlite")) as database:
            database.executescript(TABLES + "update things set name = 'Ferry' where name = 'Van';")
        (tmp_path / "next.sqlite").rename(found.place)
        assert "Ferry" in names(await found.ask(LIST)), "a file that was replaced is still read"


async def test_a_source_that_dies_while_it_is_asked(behind_a_line: Opened) -> None:
    async with behind_a_line("30s") as found:
        assert found.line is not None
        asking = asyncio.create_task(found.timed(BOTH))
        await asyncio.sleep(0.5)
        await found.line.cut()
        answer, seconds = await asking
        assert seconds < 2
        assert missing(answer, "policies") == named("SOURCE_UNAVAILABLE")
        assert sorted(names(answer)) == ALL, "what had come before the cut is lost"
        assert "errors" not in answer


async def test_an_edge_to_a_source_that_is_down_is_null_and_told_once(behind_a_line: Opened) -> None:
    async with behind_a_line() as found:
        assert found.line is not None
        answer = await found.ask(EDGE)
        assert [node["site"] for node in answer["data"]["assets"]["nodes"] if node["name"] in HEALTHY] == [
            {"name": "North"},
            {"name": "South"},
            {"name": "North"},
        ]
        await found.line.cut()
        answer = await found.ask(EDGE)
        assert [(node["name"], node["site"]) for node in answer["data"]["assets"]["nodes"]] == [
            ("Cart", None),
            ("Drill", None),
            ("Tent", None),
        ]
        (error,) = answer["errors"]
        assert error["path"] == ["assets", "nodes", 0, "site"] and error["locations"]
        assert error["message"] == "The partner's data source cannot be reached."
        request_id = error["extensions"].pop("requestId")
        assert request_id
        facts = {"code": "SOURCE_UNAVAILABLE", "partner": "faulty", "source": "Inventory", "count": 3}
        assert error["extensions"] == facts
        said = orjson.dumps(answer).decode()
        for upstream in ("127.0.0.1", str(found.line.port), "refused", "connect", "select", "mysql", "asyncpg"):
            assert upstream not in said.lower().replace("cannot be reached", "")


async def test_the_first_question_after_broken_connections_is_answered(behind_a_line: Opened) -> None:
    """As after a failover: what lies in the pool is dead, the port answers."""
    async with behind_a_line() as found:
        assert found.line is not None
        await asyncio.gather(*(found.ask(LIST) for _ in range(4)))
        await found.line.reset()
        answers = await asyncio.gather(*(found.ask(LIST) for _ in range(4)))
        assert [(names(answer), missing(answer)) for answer in answers] == [(ALL, [])] * 4


# slow -----------------------------------------------------------------------------------------------------------------


async def test_a_slow_statement_ends_at_the_deadline_in_the_database_too(anywhere: Opened) -> None:
    async with anywhere() as found:
        assert names(await found.ask(LIST)) == ALL
        answer, seconds = await found.timed(BOTH)
        assert DEADLINE <= seconds < DEADLINE + LEEWAY
        assert missing(answer, "policies") == named("SOURCE_TIMEOUT")
        assert sorted(names(answer)) == ALL and "errors" not in answer
        await found.at_rest(1)
        assert names(await found.ask(LIST)) == ALL


async def test_a_client_that_leaves_leaves_nothing_at_work(anywhere: Opened) -> None:
    async with anywhere("30s") as found:
        assert names(await found.ask(LIST)) == ALL
        gateway = found.gateway

        async def leave() -> None:
            headers = {"authorization": f"Bearer {gateway.token('healthy')}", "content-type": "application/json"}
            body, patience = orjson.dumps({"query": CRAWL}), aiohttp.ClientTimeout(total=1)
            with pytest.raises(TimeoutError):
                async with gateway.session.post(f"{gateway.url}/graphql", data=body, headers=headers, timeout=patience):
                    pass

        leaving = [asyncio.create_task(leave()) for _ in range(2)]
        await found.all_in_use()
        await asyncio.sleep(0.2)
        assert await found.at_work()
        await asyncio.gather(*leaving)
        await found.at_rest(1)
        answer, seconds = await found.timed(LIST)
        assert names(answer) == ALL and seconds < 1


@pytest.mark.parametrize("warm", [True, False], ids=["half-open", "never answered"])
async def test_a_peer_that_says_nothing(behind_a_line: Opened, warm: bool) -> None:
    async with behind_a_line() as found:
        assert found.line is not None
        if warm:
            await asyncio.gather(*(found.ask(LIST) for _ in range(4)))
        found.line.silent = True
        answers = await asyncio.gather(*(found.timed(LIST) for _ in range(3)))
        for answer, seconds in answers:
            assert names(answer) == HEALTHY and seconds < DEADLINE + LEEWAY
        codes = sorted(missing(answer)[0]["code"] for answer, _ in answers)
        assert codes in (["SOURCE_BUSY", "SOURCE_TIMEOUT", "SOURCE_TIMEOUT"], ["SOURCE_TIMEOUT"] * 3)
        found.line.silent = False
        answer, seconds = await found.timed(LIST)
        assert (names(answer), missing(answer)) == (ALL, [])
        await found.at_rest(1.5)


async def test_an_answer_that_drips(behind_a_line: Opened) -> None:
    async with behind_a_line() as found:
        assert found.line is not None
        assert names(await found.ask(LIST)) == ALL
        found.line.drip = 0.05
        answer, seconds = await found.timed(LIST)
        assert (names(answer), missing(answer)) == (HEALTHY, named("SOURCE_TIMEOUT"))
        assert seconds < DEADLINE + LEEWAY
        found.line.drip = None
        assert names(await found.ask(LIST)) == ALL


async def test_who_waits_in_vain_for_a_connection_is_told_that(anywhere: Opened) -> None:
    async with anywhere("2s") as found:
        crawls = [asyncio.create_task(found.timed(CRAWL)) for _ in range(2)]
        await found.all_in_use()
        (late, waited), (other, quick) = await asyncio.gather(
            found.timed(LIST), found.timed('{ partner(code: "healthy") { assets { nodes { name } } } }')
        )
        assert (names(late), missing(late)) == (HEALTHY, named("SOURCE_BUSY"))
        assert waited < 2 + LEEWAY
        assert len(other["data"]["partner"]["assets"]["nodes"]) == 3 and quick < 1
        for crawl in crawls:
            answer, _ = await crawl
            assert missing(answer, "policies") == named("SOURCE_TIMEOUT")
        await found.at_rest(1)


# other than it was ----------------------------------------------------------------------------------------------------


async def test_a_column_that_goes_and_comes_back(anywhere: Opened) -> None:
    async with anywhere() as found:
        assert names(await found.ask(LIST)) == ALL
        await found.run("alter table things drop column note;")
        answer = await found.ask(LIST)
        assert (names(answer), missing(answer)) == (HEALTHY, named("SOURCE_SCHEMA_DRIFT"))
        assert names(await found.ask(PLAIN)) == ALL, "what does not need the column is answered"
        assert (await health(found))["health"] == "UP"
        assert missing(await found.ask(LIST)) == named("SOURCE_SCHEMA_DRIFT")
        assert (await health(found))["health"] == "DEGRADED"
        await found.run("alter table things add column note varchar(80);")
        answer = await found.ask(LIST)
        assert (names(answer), missing(answer)) == (ALL, [])


async def test_a_table_that_goes_and_comes_back_otherwise(anywhere: Opened) -> None:
    async with anywhere() as found:
        assert names(await found.ask(LIST)) == ALL
        await found.run("alter table things rename to kept;")
        assert missing(await found.ask(LIST)) == named("SOURCE_SCHEMA_DRIFT")
        await found.run(
            "create table things (id varchar(20) primary key, note integer, name varchar(80));"
            "insert into things select cast(id as char(1)), id, name from kept;"
        )
        answer = await found.ask(LIST)
        assert missing(answer) == [] and names(answer) == ALL
        assert {node["name"]: node["description"] for node in answer["data"]["assets"]["nodes"]}["Van"] == "1"


async def test_another_type_is_noticed_at_once(anywhere: Opened, request: pytest.FixtureRequest) -> None:
    """Keys that were numbers are texts now: the statements made for numbers no longer fit."""
    by_id = "query($id: ID!) { node(id: $id) { ... on Asset { name } } }"
    async with anywhere() as found:
        listed = await found.ask("{ assets(orderBy: [{field: NAME}]) { nodes { id name } } }")
        van = next(node["id"] for node in listed["data"]["assets"]["nodes"] if node["name"] == "Van")
        if found.engine == "sqlite":
            await found.run(
                "alter table things rename to t0; create table things (id text primary key, name text, note text);"
                "insert into things select id, name, note from t0;"
            )
        else:
            change = {"postgresql": "alter column id type", "mariadb": "modify id"}[found.engine]
            await found.run(f"alter table things {change} varchar(20);")
        answer = await found.gateway.ask(by_id, {"id": van}, partner="healthy")
        assert answer["data"]["node"] == {"name": "Van"}, answer


async def test_nothing_can_be_written(anywhere: Opened) -> None:
    """Even if a statement that writes were made: the session refuses it."""
    async with anywhere() as found:
        url = found.gateway.federation.runtime.catalog.source("faulty.db").url
        engine = open_engine(url, deadline=2)
        try:
            for statement in (
                "insert into things values (9, 'Boat', 'x')",
                "update things set name = 'Boat'",
                "delete from things",
                "create table mine (id integer)",
                "drop table things",
            ):
                with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
                    async with engine.connect() as connection:
                        await connection.execute(text(statement))
        finally:
            await engine.dispose()
        assert names(await found.ask(LIST)) == ALL
