"""What was asked before runs on a connection that is there, past SQLAlchemy: the same rows, and the same care."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from sqlalchemy import Table, bindparam, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from benchmarks.statements import counted
from resolvers import catalog
from resolvers.connectors.sql.driver import as_told, runner
from resolvers.connectors.sql.engine import open_engine
from resolvers.connectors.sql.fills import Fills
from resolvers.connectors.sql.indexes import Explain
from resolvers.connectors.sql.lease import Leases
from resolvers.connectors.sql.piece import Piece, Statement
from resolvers.connectors.sql.prepared import Prepared
from resolvers.connectors.sql.shape import look
from resolvers.connectors.sql.source import SqlSource
from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.connectors.sql.stop import Stops
from resolvers.cursor import Position
from resolvers.fetch import Arm, Fetch, Listing, Lookup, OrderKey, Window
from resolvers.operand import CLOCKS, FORMS, Clock, clock_parameters
from schema.model import model
from tests.faulty_source import Bench, bench
from tests.mistakes import HEAD, SOURCE
from tests.servers import Server
from tests.test_faults import ALL, CRAWL, DEADLINE, LEEWAY, LIST, missing, named, names
from tests.value_cases import NOW

ENGINES = ("sqlite", "postgresql", "mariadb")
KINDS = {
    "postgresql": (
        "create type mood as enum ('ok', 'bad');"
        "create table kinds (id int primary key, i2 smallint, i8 bigint, n numeric(20,4), f4 real, f8 float8, t text,"
        " v varchar(10), c char(5), b boolean, d date, ts timestamp, tz timestamptz, tm time, iv interval, j json,"
        " jb jsonb, u uuid, by bytea, ia int[], ta text[], e mood, ip inet, bt bit(3), r int4range);"
        "insert into kinds values (1, -3, 9007199254740993, 12.3400, 0.1, 1e300, 'é', 'v', 'c', true, '2024-02-29',"
        " '2024-02-29 12:00:01.5', '2024-02-29 12:00:01+02', '12:30', '1 day 2 hours', '{\"a\": [1]}', '\"x\"',"
        " '6f1c1e0e-8c55-4c4b-9f0f-2b1f4f1a0001', '\\x00ff', '{1,null}', '{a,b}', 'ok', '10.0.0.1', '101', '[1,5)'),"
        " (2, 7, 1, 'NaN', 'Infinity', -0.0, '', '%s', ':x', false, '0001-01-01', 'infinity', 'infinity', '00:00',"
        " '-1 day', '1', 'null', '00000000-0000-0000-0000-000000000000', '', '{}', null, 'bad', '::1', '000', 'empty');"
        "insert into kinds (id) values (3);"
    ),
    "mariadb": (
        "create table kinds (id int primary key, i2 smallint, i8 bigint unsigned, n decimal(20,4), f4 float, f8 double,"
        " t text, v varchar(10), c char(5), b tinyint(1), d date, dt datetime(6), ts timestamp null, tm time, y year,"
        " j json, bl blob, e enum('ok', 'bad'), s set('a', 'b'), bt bit(3), vb varbinary(4));"
        "insert into kinds values (1, -3, 18446744073709551615, 12.3400, 0.1, 1e300, 'é', 'v', 'c', 1, '2024-02-29',"
        " '2024-02-29 12:00:01.5', '2024-02-29 12:00:01', '12:30', 2024, '{\"a\": [1]}', x'00ff', 'ok', 'a,b', b'101',"
        " x'00'), (2, 7, 1, -0.0001, 1, -0.5, '', '%s', ':x', 0, '0001-01-01', '1970-01-01', '1999-01-01', '-10:00',"
        " 1999, '1', '', 'bad', '', b'000', '');"
        "insert into kinds (id) values (3);"
    ),
    "sqlite": (
        "create table kinds (id integer primary key, n numeric(20,4), f8 real, t text, v varchar(10), b boolean,"
        " d date, dt datetime, tm time, j json, bl blob, plain);"
        "insert into kinds values (1, 12.34, 0.1, 'é', 'v', 1, '2024-02-29', '2024-02-29 12:00:01.5', '12:30',"
        " '{\"a\": [1]}', x'00ff', 5), (2, 3, 1e300, '', '?', 0, 'some day', 7, null, '1', 'text', x'ff'),"
        " (3, null, null, null, null, null, null, null, null, null, null, null);"
    ),
}


# the same rows --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=ENGINES)
async def leases(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Leases]:
    """Connections to a database that has a column of every kind."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'kinds.sqlite'}"
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            for statement in KINDS["sqlite"].removesuffix(";").split(";"):
                await connection.execute(text(statement.replace(":", "\\:")))
        await engine.dispose()
    else:
        server: Server = request.getfixturevalue({"postgresql": "postgres"}.get(request.param, request.param))
        url = server.create("kinds")
        server.run("kinds", KINDS[request.param])
    engine = open_engine(url, deadline=20)
    found = Leases(engine, Stops(engine), 2, 20)
    yield found
    await found.close(5)


async def outcome(call: Any) -> Any:
    """What a call gives: rows with the type of each value, or what the driver says against it."""
    try:
        rows = await call
    except Exception as error:
        return str(getattr(error, "orig", error))
    return [[(type(value), repr(value)) for value in row] for row in rows]


async def both(leases: Leases, clause: Any, fills: dict[str, Callable[[Any], Any]], asked: Any) -> tuple[Any, Any]:
    """The outcome on the driver's own connection, and as SQLAlchemy executes the statement."""
    lease = await leases.take()
    shape = await look(lease.connection, ["kinds"])
    filled = Fills()
    filled.by_name.update(fills)
    statement = Statement(clause, (Piece(clause, (), list),), filled)
    ready = Prepared(statement, shape, lease.connection.dialect)
    run = runner(lease.connection.engine)
    assert run is not None
    clocks = clock_parameters(NOW, "Europe/Paris")

    async def past() -> list[Any]:
        sent, values = ready.filled(asked, clocks)
        try:
            return ready.read(*await run(lease, sent, values))
        except Exception as error:
            raise as_told(error, lease.connection, sent) from error

    async def through() -> Any:
        given = {**clocks, **{name: fill(asked) for name, fill in fills.items()}}
        return (await lease.connection.execute(clause, given)).all()

    found = await outcome(past()), await outcome(through())
    await lease.connection.rollback()
    leases.give(lease)
    return found


async def looked_at(leases: Leases) -> Table:
    lease = await leases.take()
    shape = await look(lease.connection, ["kinds"])
    leases.give(lease)
    return shape.tables["kinds"]


async def test_every_kind_of_column_is_read_alike(leases: Leases) -> None:
    table = await looked_at(leases)
    for column in table.c:
        clause = select(table.c.id.label("c0"), column.label("c1")).order_by(table.c.id)
        mine, its = await both(leases, clause, {}, None)
        assert mine == its, column
        assert isinstance(mine, str) or len(mine) == 3, column


@pytest.mark.filterwarnings("ignore:Type object:sqlalchemy.exc.SADeprecationWarning")  # YEAR and BIT of its own
async def test_every_kind_of_value_is_bound_alike(leases: Leases) -> None:
    table = await looked_at(leases)
    for column in table.c:
        lease = await leases.take()
        values = [row[0] for row in await lease.connection.execute(select(column).where(table.c.id < 3))]
        await lease.connection.rollback()
        leases.give(lease)
        for value in values:
            one = select(table.c.id.label("c0")).where(column == bindparam("value", type_=column.type))
            mine, its = await both(leases, one, {"value": lambda asked: asked}, value)
            assert mine == its, column
        listed = bindparam("listed", type_=column.type, expanding=True)
        mine, its = await both(
            leases, select(table.c.id.label("c0")).where(column.in_(listed)), {"listed": lambda asked: asked}, values
        )
        assert mine == its, column


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 8, 9, 33, 1000])
async def test_lists_of_any_length(leases: Leases, length: int) -> None:
    table = await looked_at(leases)
    ids = [number % 4 + 2 for number in range(length)]
    plain = select(table.c.id.label("c0")).where(
        table.c.id.in_(bindparam("ids", expanding=True, type_=table.c.id.type)),
        table.c.id > bindparam("least"),
        table.c.t.in_(["é", "", "%s"]),
    )
    fills = {"ids": lambda asked: asked, "least": lambda _: 1}
    mine, its = await both(leases, plain.order_by(table.c.id), fills, ids)
    assert mine == its and len(mine) == bool(length)
    pairs = [(number, "é" if number == 1 else "") for number in range(length)]
    wanted = bindparam("pairs", expanding=True)
    double = select(table.c.id.label("c0")).where(tuple_(table.c.id, table.c.t).in_(wanted)).order_by(table.c.id)
    mine, its = await both(leases, double, {"pairs": lambda asked: asked}, pairs)
    assert mine == its and len(mine) == min(2, max(0, length - 1))


async def test_clocks_are_filled_in(leases: Leases) -> None:
    table = await looked_at(leases)
    for name in CLOCKS:
        key = Clock(name[1:]).parameter(FORMS[0])
        kind = table.c.d.type
        clause = select(table.c.id.label("c0")).where(table.c.d < bindparam(key, type_=kind)).order_by(table.c.id)
        mine, its = await both(leases, clause, {}, None)
        assert mine == its and len(mine) >= 1


# the same care --------------------------------------------------------------------------------------------------------

PAUSE = {
    "postgresql": "select 1 as id, 'P-' || pg_sleep(seconds)::text as number from pause",
    "mariadb": "select 1 as id, concat('P-', sleep(seconds)) as number from pause",
    "sqlite": "select 1 as id, (with recursive n(i) as (select 1 union all select i + 1 from n"
    " where i < (select seconds * 60000000 from pause)) select cast(max(i) as text) from n) as number",
}


@pytest.fixture
def hot(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that ran on a driver's own connection."""
    ran: list[str] = []
    run_it = SqlSource._run_it

    async def noted(self: SqlSource, ready: Prepared, *rest: Any) -> list[Any]:
        ran.append(str(ready.sent[0]))
        return await run_it(self, ready, *rest)

    monkeypatch.setattr(SqlSource, "_run_it", noted)
    yield ran


@asynccontextmanager
async def opened(engine: str, request: pytest.FixtureRequest, folder: Path, deadline: str) -> AsyncIterator[Bench]:
    server = None if engine == "sqlite" else request.getfixturevalue({"postgresql": "postgres"}.get(engine, engine))
    async with bench(engine, server, folder, deadline) as found:
        await found.run(
            "drop view crawl; create table pause (seconds integer); insert into pause values (0);"
            f"create view crawl as {PAUSE[engine]};"
        )
        for question in (LIST, CRAWL):
            for _ in range(3):
                await found.ask(question)
        yield found


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_kept_statement_ends_at_the_deadline(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, hot: list[str]
) -> None:
    async with opened(engine, request, tmp_path, "1s") as found:
        await found.run("update pause set seconds = 60;")
        hot.clear()
        answer, seconds = await found.timed(CRAWL)
        assert missing(answer, "policies") == named("SOURCE_TIMEOUT")
        assert any("crawl" in ran for ran in hot), "it did not run in the way that is tested"
        assert DEADLINE <= seconds < DEADLINE + LEEWAY
        await found.at_rest(1)
        assert names(await found.ask(LIST)) == ALL


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_client_that_leaves_a_kept_statement(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, hot: list[str]
) -> None:
    async with opened(engine, request, tmp_path, "30s") as found:
        await found.run("update pause set seconds = 60;")
        hot.clear()
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
        assert any("crawl" in ran for ran in hot), "it did not run in the way that is tested"
        await asyncio.gather(*leaving)
        await found.at_rest(1.5)
        answer, seconds = await found.timed(LIST)
        assert names(answer) == ALL and seconds < 1


@pytest.mark.parametrize("engine", ENGINES)
async def test_who_waits_gets_what_comes_free(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, hot: list[str]
) -> None:
    """More calls than connections, some of which are given up: everybody else is answered, and none is lost."""
    async with opened(engine, request, tmp_path, "20s") as found:
        connector = found.gateway.federation.runtime.pools.sources["faulty.db"]
        for _ in range(3):
            calls = [asyncio.create_task(found.ask(LIST)) for _ in range(40)]
            await asyncio.sleep(0.02)
            for call in calls[::4]:
                call.cancel()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert all(names(answer) == ALL for answer in answers if isinstance(answer, dict))
            assert sum(isinstance(answer, dict) for answer in answers) >= 30
            assert connector.leases._held <= connector.leases.most
        await found.at_rest(2)
        assert names(await found.ask(LIST)) == ALL


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
async def test_kept_statements_after_the_server_was_away(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, hot: list[str]
) -> None:
    async with opened(engine, request, tmp_path, "5s") as found:
        assert found.line is not None
        await asyncio.gather(*(found.ask(LIST) for _ in range(4)))
        await found.line.reset()
        answers = await asyncio.gather(*(found.ask(LIST) for _ in range(4)))
        assert [(names(answer), missing(answer)) for answer in answers] == [(ALL, [])] * 4
        assert hot


@pytest.mark.parametrize("engine", ENGINES)
async def test_kept_statements_and_a_column_of_another_type(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, hot: list[str]
) -> None:
    change = {
        "postgresql": "alter table things alter column note type integer using id * 7;",
        "mariadb": "update things set note = id * 7; alter table things modify note integer;",
        "sqlite": "alter table things rename to t0; create table things (id integer primary key, name text, note int);"
        "insert into things select id, name, id * 7 from t0;",
    }
    async with opened(engine, request, tmp_path, "5s") as found:
        await asyncio.gather(*(found.ask(LIST) for _ in range(4)))
        await found.run(change[engine])
        for answer in await asyncio.gather(*(found.ask(LIST) for _ in range(4))):
            assert missing(answer) == []
            assert {node["name"]: node["description"] for node in answer["data"]["assets"]["nodes"]}["Van"] == "7"
        assert hot


THINGS = '[mapping.things]\nentity = "Asset"\nsource = "db"\ntable = "things"\nkey = "id"\nfields.name = "name"\n'


def made(folder: Path, url: str) -> tuple[SqlSource, Fetch]:
    partners = folder / "partners"
    partners.mkdir()
    (partners / "acme.toml").write_text(HEAD + SOURCE.replace("sqlite+aiosqlite:///things.sqlite", "${URL}") + THINGS)
    loaded, mistakes = catalog.load(partners, model(), {"URL": url})
    assert [str(mistake) for mistake in mistakes] == []
    partner = loaded.partners["acme"]
    mapping = partner.mappings["things"]
    fetch = Fetch("acme.db", "Asset", ("name",), (Arm(mapping, frozenset(["name"])),))
    return SqlSource(partner.sources["db"], model(), partner.mappings.values()), fetch


async def test_a_kept_statement_is_all_that_is_sent(postgres: Server, tmp_path: Path, hot: list[str]) -> None:
    url = postgres.create("quiet")
    postgres.run("quiet", "create table things (id int, name text); insert into things values (1, 'Van'), (2, 'Cart');")
    with counted({"acme": url}) as (line, urls):
        source, fetch = made(tmp_path, urls["acme"])
        access = Lookup({fetch.arms[0].mapping.id: ("2",)})
        try:
            for _ in range(3):
                await source.rows(fetch, access, lambda _: None)
            hot.clear()
            before = line.total
            for _ in range(10):
                assert [row.values for row in await source.rows(fetch, access, lambda _: None)] == [("Cart",)]
            assert line.total - before == len(hot) == 10
        finally:
            await source.close()


MANY = (
    "create table things (id int primary key, name text);"
    "insert into things select i, 'thing ' || i from generate_series(1, 5000) i;"
    'create index on things ((coalesce(name, id::text) collate "C"), id);'
)


async def test_a_few_keys_are_not_planned_anew_each_time(postgres: Server, tmp_path: Path, hot: list[str]) -> None:
    """PostgreSQL plans a statement for each list of which it does not know the length, and that takes longer than to
    find a few rows."""
    url = postgres.create("few")
    postgres.run("few", MANY + "analyze;")
    source, fetch = made(tmp_path, url)
    mapping = fetch.arms[0].mapping.id
    try:
        for first in range(1, 30):
            for length in range(1, 9):
                keys = [str(first * 10 + number) for number in range(length)]
                rows = await source.rows(fetch, Lookup({mapping: keys}), lambda _: None)
                assert sorted(row.key for row in rows) == sorted(keys)
        assert len(set(hot)) == 1
        lease = await source.leases.take()
        plans = await lease.driver.fetch(
            "select generic_plans, custom_plans from pg_prepared_statements where statement like '%things%'"
            " and statement not like '%pg_prepared%'"
        )
        source.leases.give(lease)
        kept = sorted(tuple(plan) for plan in plans if plan["generic_plans"])
        assert len(kept) == 4, "one text for one, two, four and eight"
        assert all(custom == 5 for _, custom in kept) and sum(generic for generic, _ in kept) > 150
    finally:
        await source.close()


async def test_a_deep_page_by_text_searches_an_index(postgres: Server, tmp_path: Path) -> None:
    url = postgres.create("deep")
    postgres.run("deep", MANY + "analyze;")
    source, fetch = made(tmp_path, url)
    mapping = fetch.arms[0].mapping.id
    window = Window((OrderKey("name"),), after=Position(("thing 4000",), mapping, "4000"), limit=3)

    async def plan(connection: AsyncConnection, builder: StatementBuilder) -> str:
        statement = builder.rows(fetch, Listing(window))
        assert statement is not None
        return "\n".join(str(step[0]) for step in await connection.execute(Explain(statement.clause)))

    try:
        told = await source.survey(plan)
        assert "Index Cond" in told and "Sort" not in told, told
        rows = await source.rows(fetch, Listing(window), lambda _: None)
        assert [row.key for row in rows] == ["4001", "4002", "4003"]
    finally:
        await source.close()


async def test_a_statement_that_begins_after_it_was_told_to_end(postgres: Server) -> None:
    """PostgreSQL forgets what it is told before: a server that is busy reads the statement later than the word."""
    engine = open_engine(postgres.create("late"), deadline=20)
    leases, run = Leases(engine, Stops(engine), 1, 20), runner(engine)
    assert run is not None
    lease = await leases.take()
    pause = "select pg_sleep($1::int)"
    await run(lease, pause, (0,))
    process = lease.driver.get_server_pid()
    os.kill(process, signal.SIGSTOP)
    try:
        asked = asyncio.ensure_future(run(lease, pause, (60,)))
        await asyncio.sleep(0.05)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        leases.discard(lease, cut=True)
        await asyncio.sleep(0.2)
    finally:
        os.kill(process, signal.SIGCONT)
    for _ in range(100):
        found = postgres.run("late", f"select count(*) from pg_stat_activity where pid = {process};").strip()
        if found == "0":
            break
        await asyncio.sleep(0.05)
    assert found == "0", "nobody waits for it, and it runs on"
    await leases.close(5)
    await engine.dispose()


async def test_a_driver_that_only_sqlalchemy_knows(
    postgres: Server, tmp_path: Path, hot: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create("other")
    postgres.run("other", "create table things (id int, name text); insert into things values (1, 'Van'), (2, 'Cart');")
    source, fetch = made(tmp_path, url)
    monkeypatch.setattr(source, "_run", None)
    listing = Listing(Window((OrderKey("name"),), limit=5))
    try:
        for _ in range(3):
            rows = await source.rows(fetch, listing, lambda _: None)
            assert [row.values for row in rows] == [("Cart",), ("Van",)]
        assert not hot and not source.leases.busy
    finally:
        await source.close()


def test_a_copy_of_a_fetch_keeps_nothing_of_its_statements() -> None:
    """A fetch with other paths has other statements."""
    fetch = Fetch("acme.db", "Asset", ("name",), ())
    fetch.prepared["x"] = 1
    assert replace(fetch, paths=()).prepared == {}
