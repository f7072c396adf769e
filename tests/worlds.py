"""A federation of partners on real engines, whose tables a test describes and fills."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.gateways import ROOMY, Gateway, running
from tests.rows import Database, Row, opened
from tests.servers import Server
from tests.tcp_proxy import Proxy, proxy

# A law is tried on the same examples every time; `make laws` tries this many times more, other ones each time.
TIMES = int(os.environ.get("LAWS", "1"))
# A world outlives the examples that it is filled with.
LAW = settings(
    deadline=None,
    derandomize=TIMES == 1,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def law(examples: int) -> settings:
    """How a law is tried: on so many examples."""
    return settings(LAW, max_examples=examples * TIMES)


TAGS = {"Asset": "description", "Coverage": "label", "Site": "name", "Person": "jobTitle"}
"""Entity -> the field that shows the column `tag`."""


@dataclass(frozen=True)
class Stock:
    """One mapped table. home: its database, one of postgres, mariadb and sqlite. columns: with how their values vary.

    Every table has a column `tag` besides, which names the row in answers. fields: of the mapping, without the tag.
    view: what to select from the table ("{table}"), where a view is mapped in its place. order: of its keys in its own
    database, where that is not simply the key.
    """

    partner: str
    name: str
    home: str
    ddl: str
    key: tuple[str, ...]
    columns: Mapping[str, st.SearchStrategy[Any]]
    fields: str = ""
    options: str = ""
    entity: str = "Asset"
    view: str = ""
    order: str = ""

    @property
    def id(self) -> str:
        return f"{self.partner}.{self.name}"

    @property
    def table(self) -> str:
        return f"{self.partner}_{self.name}"

    @property
    def mapped(self) -> str:
        return f"{self.table}_seen" if self.view else self.table

    def create(self) -> list[str]:
        """The statements that make it."""
        table = f"create table {self.table} (tag varchar(60), {self.ddl})"
        return [table, f"create view {self.mapped} as {self.view.format(table=self.table)}"] if self.view else [table]

    def mapping(self) -> str:
        """Its part of the partner's file; nothing for a table that no mapping is made from, but named in others."""
        if not self.entity:
            return ""
        shown = f'{TAGS[self.entity]} = "tag"\n' if self.entity in TAGS else ""
        keys = ", ".join(f'"{name}"' for name in self.key)
        return (
            f'[mapping.{self.name}]\nentity = "{self.entity}"\nsource = "{self.home}"\ntable = "{self.mapped}"\n'
            f"key = [{keys}]\n{self.options}\n"
            f"[mapping.{self.name}.fields]\n{shown}{self.fields}\n"
        )


def fillings(stocks: Sequence[Stock], most: int = 5) -> st.SearchStrategy[dict[str, list[Row]]]:
    """Rows for some stocks, at most so many for each, with a tag each."""
    rows = {stock.id: st.lists(st.fixed_dictionaries(dict(stock.columns)), max_size=most) for stock in stocks}
    return st.fixed_dictionaries(rows).map(tagged)


def tagged(rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The same rows with a tag each."""
    return {name: [{**row, "tag": f"{name}.{n}"} for n, row in enumerate(found)] for name, found in rows.items()}


def partner_file(code: str, stocks: Iterable[Stock], agreement: str = "") -> str:
    """The file of a partner with some stocks; its sources are called as the databases that they are."""
    mine = [stock for stock in stocks if stock.partner == code]
    head = f'[partner]\ncode = "{code}"\nname = "{code}"\nkind = "OTHER"\ntime_zone = "Europe/Paris"\ncurrency = "EUR"'
    sources = (
        f'[source.{home}]\nkind = "sql"\nurl = "${{{code.upper()}_{home.upper()}_URL}}"\ndeadline = "20s"'
        for home in dict.fromkeys(stock.home for stock in mine)
    )
    return "\n".join([head, *sources, *(stock.mapping() for stock in mine), agreement])


class World:
    """A running federation and its databases, by home. line: between the gateway and one partner's PostgreSQL."""

    def __init__(
        self, stocks: Sequence[Stock], gateway: Gateway, databases: Mapping[str, Database], line: Proxy
    ) -> None:
        self.stocks = {stock.id: stock for stock in stocks}
        self.gateway = gateway
        self.databases = databases
        self.line = line

    async def fill(self, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
        """Make these the rows of the stocks (by stock id); what each table then holds, in the order of its own key."""
        held = {}
        for name, wanted in rows.items():
            stock = self.stocks[name]
            await self.databases[stock.home].fill(stock.table, wanted)
            held[name] = await self._order(stock, wanted)
        return held

    async def add(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Put rows into the stocks."""
        for name, wanted in rows.items():
            await self.databases[self.stocks[name].home].add(self.stocks[name].table, wanted)

    async def remove(self, tags: Iterable[str]) -> None:
        """Delete the rows with these tags."""
        for tag in tags:
            stock = self.stocks[tag.rpartition(".")[0]]
            await self.databases[stock.home].run(f"delete from {stock.table} where tag = '{tag}'")

    async def _order(self, stock: Stock, rows: Sequence[Row]) -> list[Row]:
        sql = f"select tag from {stock.mapped} order by {stock.order or ', '.join(stock.key)}"
        by_tag = {row["tag"]: row for row in rows}
        return [by_tag[tag] for (tag,) in await self.databases[stock.home].read(sql)]


@asynccontextmanager
async def federation(
    name: str,
    stocks: Sequence[Stock],
    agreements: Mapping[str, str],
    servers: Mapping[str, Server],
    folder: Path,
    lined: str = "",
    before: Mapping[str, Sequence[str]] | None = None,
) -> AsyncIterator[World]:
    """A federation with empty tables, in databases of that name.

    agreements: partner code -> its agreements, as in its file; who has no stock is a partner all the same. servers:
    postgres and mariadb. lined: the partner whose PostgreSQL is behind the line. before: home -> what
    is run there before the tables are made.
    """
    postgres = servers["postgres"]
    urls = {home: server.create(name) for home, server in servers.items()}
    urls["sqlite"] = f"sqlite+aiosqlite:///{folder / name}.sqlite"
    async with AsyncExitStack() as stack:
        databases = {home: await stack.enter_async_context(opened(url)) for home, url in urls.items()}
        for home, statements in (before or {}).items():
            await databases[home].run(*statements)
        for stock in stocks:
            await databases[stock.home].run(*stock.create())
        line = await stack.enter_async_context(proxy(postgres.port))
        homes = {(stock.partner, stock.home): urls[stock.home] for stock in stocks}
        if lined:
            homes[lined, "postgres"] = urls["postgres"].replace(f":{postgres.port}/", f":{line.port}/")
        environ = {f"{partner}_{home}_URL".upper(): url for (partner, home), url in homes.items()}
        codes = dict.fromkeys([*(stock.partner for stock in stocks), *agreements])
        files = {code: partner_file(code, stocks, agreements.get(code, "")) for code in codes}
        gateway = await stack.enter_async_context(running(files, environ, ROOMY))
        stack.push_async_callback(line.cut)  # the gateway ends while this loop, which the line is on, stands still
        yield World(stocks, gateway, databases, line)
