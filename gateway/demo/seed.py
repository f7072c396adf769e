"""Fills the partners' stores, on SQLite, PostgreSQL or MariaDB alike: `python -m gateway.demo.seed`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.demo.federation import STORES, Store


async def seed(urls: Mapping[str, str]) -> None:
    """Make the tables anew and fill them.

    urls: "partner.source" -> async SQLAlchemy URL of a database that is there; stores without one are left alone.
    KeyError for a name that no store has. What the tables held before is gone.
    """
    stores = {store.name: store for store in STORES}
    for name, url in urls.items():
        await _fill(stores[name], url)


async def _fill(store: Store, url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            if connection.dialect.name in ("mysql", "mariadb"):
                await connection.execute(text("ALTER DATABASE CHARACTER SET utf8mb4"))
            await connection.run_sync(store.tables.drop_all)
            await connection.run_sync(store.tables.create_all)
            rows = store.rows()
            for table in store.tables.sorted_tables:
                await connection.execute(table.insert(), rows[table.name])
    finally:
        await engine.dispose()


def main(environ: Mapping[str, str]) -> int:
    """Fill every store whose variable is set; 2 where none is."""
    urls = {store.name: environ[store.variable] for store in STORES if environ.get(store.variable)}
    if not urls:
        names = ", ".join(store.variable for store in STORES)
        sys.stderr.write(f"nothing to fill: none of these is set: {names}\n")
        return 2
    asyncio.run(seed(urls))
    sys.stdout.write(f"filled {', '.join(urls)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
