"""One partner whose database can fail in every way, and a healthy one beside it: the same federation on each engine."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from resolvers.connectors.sql.lease import Leases
from tests.gateways import Gateway, running
from tests.servers import Server
from tests.tcp_proxy import Proxy, proxy

# The partner whose source fails. Its only policy lies in a view that takes a minute to read.
FAULTY = """
[partner]
code = "faulty"
name = "Faulty"
kind = "COOPERATIVE"
time_zone = "Europe/Paris"
currency = "EUR"
[source.db]
kind = "sql"
url = "${FAULTY_URL}"
label = "Inventory"
deadline = "%DEADLINE%"
max_concurrent = 2
[mapping.things]
entity = "Asset"
source = "db"
table = "things"
key = "id"
[mapping.things.fields]
name = "name"
description = "note"
[mapping.places]
entity = "Site"
source = "db"
table = "places"
key = "id"
[mapping.places.fields]
name = "name"
[mapping.crawl]
entity = "Policy"
source = "db"
table = "crawl"
key = "id"
[mapping.crawl.fields]
number = "number"
[[agreement]]
code = "open"
with = "*"
[agreement.Asset]
fields = "*"
[agreement.Site]
fields = "*"
[agreement.Policy]
fields = "*"
"""

HEALTHY = """
[partner]
code = "healthy"
name = "Healthy"
kind = "COOPERATIVE"
time_zone = "Europe/Paris"
currency = "EUR"
[source.db]
kind = "sql"
url = "${HEALTHY_URL}"
[mapping.things]
entity = "Asset"
source = "db"
table = "things"
key = "id"
[mapping.things.fields]
name = "name"
site = { key = "site_id", to = "faulty.places" }
"""

TABLES = """
create table things (id integer primary key, name varchar(80), note varchar(80));
insert into things values (1, 'Van', 'a'), (2, 'Bike', 'b'), (3, 'Room', 'c');
create table places (id integer primary key, name varchar(80));
insert into places values (1, 'North'), (2, 'South');
"""
HEALTHY_TABLES = """
create table things (id integer primary key, name text, site_id integer);
insert into things values (1, 'Cart', 1), (2, 'Drill', 2), (3, 'Tent', 1);
"""
CRAWL = {
    "postgresql": "create view crawl as select 1 as id, 'P-1' || pg_sleep(60)::text as number;",
    "mariadb": "create view crawl as select 1 as id, concat('P-', sleep(60)) as number;",
    "sqlite": "create view crawl as select 1 as id, (with recursive n(i) as (select 1 union all select i + 1 from n"
    " where i < 4000000000) select cast(max(i) as text) from n) as number;",
}


# What the gateway has at work in the database.
AT_WORK = {
    "postgresql": "select count(*) from pg_stat_activity where state = 'active' and query like '%FROM crawl%'"
    " and datname = current_database() and pid <> pg_backend_pid();",
    "mariadb": "select count(*) from information_schema.processlist where info like '%FROM crawl%'"
    " and db = database() and id <> connection_id();",
}

_counter = count()


@dataclass(slots=True)
class Bench:
    """A gateway over both partners.

    line: between the gateway and the faulty server; open to begin with. place: of the faulty database on SQLite, which
    has no server and no line.
    """

    gateway: Gateway
    engine: str
    server: Server | None
    database: str
    line: Proxy | None
    place: Path

    async def ask(self, query: str) -> dict[str, Any]:
        """The response that the healthy partner gets."""
        return await self.gateway.ask(query, partner="healthy", subject="somebody")

    async def timed(self, query: str) -> tuple[dict[str, Any], float]:
        """The response, and after how many seconds it came."""
        began = time.perf_counter()
        return await self.ask(query), time.perf_counter() - began

    async def run(self, sql: str) -> str:
        """Run SQL in the faulty database, past the gateway; what the client prints."""
        if self.server is not None:
            return await asyncio.to_thread(self.server.run, self.database, sql)
        with closing(sqlite3.connect(self.place)) as database:
            database.executescript(sql)
        return ""

    async def at_work(self) -> bool:
        """Whether a crawl of the gateway still runs, in the database or, where that is a library, in its thread."""
        if self.engine != "sqlite":
            return (await self.run(AT_WORK[self.engine])).strip() != "0"
        began = time.process_time()
        await asyncio.sleep(0.2)
        return time.process_time() - began > 0.03  # little, on a machine with other work; at rest it is next to none

    async def all_in_use(self) -> None:
        """Wait until every connection to the faulty database is in use."""
        async with asyncio.timeout(5):
            while self.leases().busy < self.leases().most:  # noqa: ASYNC110 - the pool tells nobody
                await asyncio.sleep(0.01)

    async def at_rest(self, seconds: float) -> None:
        """Wait until no crawl runs and no connection is in use; AssertionError where that takes longer."""
        until = time.monotonic() + seconds
        while await self.at_work() or self.leases().busy:
            assert time.monotonic() < until, f"{self.engine}: still at work after {seconds} s"
            await asyncio.sleep(0.05)

    def leases(self) -> Leases:
        """The gateway's connections to the faulty database."""
        return self.gateway.federation.runtime.pools.sources["faulty.db"].leases


@asynccontextmanager
async def bench(engine: str, server: Server | None, folder: Path, deadline: str) -> AsyncIterator[Bench]:
    """Both partners, the faulty one on an engine: `sqlite` without a server, `postgresql` or `mariadb` with one."""
    # A name of its own: a server goes on with the statement of a client that vanished, so it cannot be dropped yet.
    name = f"faulty_{next(_counter)}"
    place, healthy = folder / "faulty.sqlite", folder / "healthy.sqlite"
    with closing(sqlite3.connect(healthy)) as database:
        database.executescript(HEALTHY_TABLES)
    files = {"faulty": FAULTY.replace("%DEADLINE%", deadline), "healthy": HEALTHY}
    urls = {"FAULTY_URL": f"sqlite+aiosqlite:///{place}", "HEALTHY_URL": f"sqlite+aiosqlite:///{healthy}"}
    async with AsyncExitStack() as stack:
        line = None
        if server is None:
            with closing(sqlite3.connect(place)) as database:
                database.executescript(TABLES + CRAWL[engine])
        else:
            url = await asyncio.to_thread(server.create, name)
            await asyncio.to_thread(server.run, name, TABLES + CRAWL[engine])
            line = await stack.enter_async_context(proxy(server.port))
            urls["FAULTY_URL"] = url.replace(f":{server.port}/", f":{line.port}/")
        gateway = await stack.enter_async_context(running(files, urls))
        yield Bench(gateway, engine, server, name, line, place)
