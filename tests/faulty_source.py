"""One partner whose database can fail in every way, and a healthy one beside it: the same federation on each engine."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.gateways import Gateway, running
from tests.servers import Server
from tests.tcp_proxy import Proxy, proxy

# The partner whose source fails. Its things lie in a table, its sites in a view that takes as long as one wishes.
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
CRAWL = {
    "postgresql": "create view crawl as select 1 as id, 'P-1' || pg_sleep(60)::text as number;",
    "mariadb": "create view crawl as select 1 as id, concat('P-', sleep(60)) as number;",
    "sqlite": "create view crawl as select 1 as id, (with recursive n(i) as (select 1 union all select i + 1 from n"
    " where i < 4000000000) select cast(max(i) as text) from n) as number;",
}


@dataclass(slots=True)
class Bench:
    """A gateway over both. line: between the gateway and the faulty server; None where there is no network.

    run: runs SQL in the faulty database, past the gateway, and gives what it prints. busy: whether a statement of the gateway
    still runs in there.
    """

    gateway: Gateway
    line: Proxy | None
    engine: str
    run: Callable[[str], str]
