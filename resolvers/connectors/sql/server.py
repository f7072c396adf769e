"""What a database server says of itself and of the account that the gateway uses there. For `check`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.connectors.sql.statement import StatementBuilder

WRITES = "INSERT, UPDATE, DELETE, TRUNCATE"
_GRANTED = re.compile(r"\b(ALL PRIVILEGES|INSERT|UPDATE|DELETE|DROP|ALTER|CREATE|SUPER)\b")


@dataclass(frozen=True, slots=True)
class Server:
    """name: product and version. latency: seconds of the fastest of three answers. read_only: whether the gateway's own
    sessions refuse to write. writes: what the account itself may write, in the server's words. skew: seconds that its
    clock is ahead; None where it is this machine's."""

    name: str
    latency: float
    read_only: bool
    writes: tuple[str, ...]
    skew: float | None


async def server(connection: AsyncConnection, builder: StatementBuilder) -> Server:
    """Asks the server that a connection leads to."""
    latency = min([await _answer(connection) for _ in range(3)])
    tables = sorted(builder.shape.tables)
    match builder.shape.dialect:
        case "postgresql":
            version = await _one(connection, "show server_version")
            read_only = await _one(connection, "show transaction_read_only") == "on"
            writes = [name for name in tables if await _may_write(connection, name)]
            skew = await _skew(connection, "select clock_timestamp()", latency)
            return Server(f"PostgreSQL {version}", latency, read_only, tuple(writes), skew)
        case "mysql" | "mariadb":
            version = str(await _one(connection, "select version()"))
            product = "MariaDB" if builder.shape.mariadb else "MySQL"
            read_only = await _read_only(connection)
            granted = [str(row[0]) for row in await connection.execute(text("show grants"))]
            skew = await _skew(connection, "select utc_timestamp(6)", latency)
            name = f"{product} {version.partition('-')[0]}"
            return Server(name, latency, read_only, tuple(_writing(granted)), skew)
        case _:
            version = await _one(connection, "select sqlite_version()")
            read_only = bool(await _one(connection, "pragma query_only"))
            files = [str(row[2]) for row in await connection.execute(text("pragma database_list"))]
            writable = tuple("the file" for file in files[:1] if file and os.access(file, os.W_OK))
            return Server(f"SQLite {version}", latency, read_only, writable, None)


async def _one(connection: AsyncConnection, sql: str) -> object:
    return (await connection.execute(text(sql))).scalar_one()


async def _answer(connection: AsyncConnection) -> float:
    began = time.perf_counter()
    await _one(connection, "select 1")
    return time.perf_counter() - began


async def _skew(connection: AsyncConnection, sql: str, latency: float) -> float | None:
    began = datetime.now(UTC).timestamp()
    theirs = await _one(connection, sql)
    if not isinstance(theirs, datetime):
        return None
    return (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)).timestamp() - began - latency / 2


async def _may_write(connection: AsyncConnection, table: str) -> bool:
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
    found = await connection.execute(
        text("select has_table_privilege(cast(:name as text), cast(:what as text))"), {"name": quoted, "what": WRITES}
    )
    return bool(found.scalar_one())


async def _read_only(connection: AsyncConnection) -> bool:
    wanted = "show session variables where variable_name in ('tx_read_only', 'transaction_read_only')"
    return any(str(row[1]).upper() in ("ON", "1") for row in await connection.execute(text(wanted)))


def _writing(grants: Iterable[str]) -> Iterable[str]:
    """The grants that let the account write, without how it is identified."""
    for grant in grants:
        given, to, _ = grant.partition(" TO ")
        if to and _GRANTED.search(given):
            yield given.removeprefix("GRANT ")
