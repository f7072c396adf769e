"""A read-only connection to a database: what is asked of it to propose a partner file, each answer bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from sqlalchemy import column, func, literal, make_url, select, table, union_all
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.connectors.sql.engine import DRIVERS, open_engine, unusable
from resolvers.connectors.sql.faults import code_of
from resolvers.errors import GatewayError
from resolvers.source import Source
from resolvers.survey.content import Content, content
from resolvers.survey.table import Table, tables

SAMPLE = 500
SCANNED = 20_000
COUNTED = 100_000
CODES = 200


class Database:
    """One connection, one statement after the other. Kept: what was asked already."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._contents: dict[str, dict[str, Content]] = {}
        self._matches: dict[tuple[str, str, str, str], tuple[int, int]] = {}

    @property
    def dialect(self) -> str:
        """postgresql, mysql, mariadb or sqlite."""
        return self._connection.dialect.name

    async def tables(self) -> dict[str, Table]:
        """Every table and view, rows not yet counted."""
        return await tables(self._connection)

    async def count(self, names: Sequence[str]) -> dict[str, int]:
        """How many rows some tables have, each counted up to COUNTED. What cannot be read is left out."""
        found: dict[str, int] = {}
        for start in range(0, len(names), 50):
            some = names[start : start + 50]
            try:
                found |= await self._count(some)
            except (
                DBAPIError
            ):  # one that the account may not read, or a view that is slow or broken: it counts as empty
                for name in some:
                    with suppress(DBAPIError):
                        found |= await self._count([name])
        return found

    async def _count(self, names: Sequence[str]) -> dict[str, int]:
        parts: list[Any] = []
        for name in names:
            some = select(literal(1).label("one")).select_from(table(name)).limit(COUNTED).subquery()
            parts.append(select(literal(name).label("name"), func.count().label("rows")).select_from(some))
        return {str(name): int(rows) for name, rows in await self._connection.execute(union_all(*parts))}

    async def contents(self, found: Table) -> dict[str, Content]:
        """What stands in the columns of a table, by the first SAMPLE rows in order of its key."""
        if found.name not in self._contents:
            names = [name for name, described in found.columns.items() if described.type not in ("binary", "other")]
            if not names:
                return self._contents.setdefault(found.name, {})
            asked: Any = select(*(column(name) for name in names)).select_from(table(found.name)).limit(SAMPLE)
            rows = (await self._connection.execute(asked.order_by(*(column(key) for key in found.key)))).fetchall()
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            self._contents[found.name] = {n: content(v) for n, v in zip(names, columns, strict=True)}
            if len(rows) == SAMPLE:
                await self._sparse(found)
        return self._contents[found.name]

    async def _sparse(self, found: Table) -> None:
        """Look further for columns of which the first rows say nothing."""
        held = self._contents[found.name]
        empty = [name for name, seen in held.items() if not seen.filled and not seen.nothing]
        if not empty:
            return
        some = select(*(column(name) for name in empty)).select_from(table(found.name)).limit(SCANNED).subquery()
        counts = (await self._connection.execute(select(*(func.count(some.c[name]) for name in empty)))).one()
        for name in (name for name, count in zip(empty, counts, strict=True) if count):
            filled: Any = select(some.c[name]).where(some.c[name].is_not(None)).limit(SAMPLE)
            held[name] = content(row[0] for row in await self._connection.execute(filled))

    async def codes(self, name: str, path: Sequence[tuple[str, str, str]], code: str) -> Counter[Any]:
        """The values of a column with their counts, the most frequent CODES over SCANNED rows. path: the foreign keys
        to follow from the table, each (column, table, key); then the column is one of the last table."""
        wanted = path[0][0] if path else code
        inner = select(column(wanted).label("c0")).select_from(table(name)).limit(SCANNED).subquery("t0")
        source, value = _followed(inner, path, code)
        asked: Any = select(value, func.count()).select_from(source).group_by(value).order_by(func.count().desc())
        return Counter({_hashable(one): int(many) for one, many in await self._connection.execute(asked.limit(CODES))})

    async def beside(
        self, found: Table, path: Sequence[tuple[str, str, str]], code: str, value: str
    ) -> list[tuple[Any, Any]]:
        """(code, value) of the first SAMPLE rows where the value is not null. path: as for `codes`."""
        inner: Any = select(column(path[0][0] if path else code).label("c0"), column(value).label("value"))
        inner = inner.select_from(table(found.name)).where(column(value).is_not(None))
        some = inner.order_by(*(column(key) for key in found.key)).limit(SAMPLE).subquery("t0")
        source, last = _followed(some, path, code)
        rows = await self._connection.execute(select(last, some.c["value"]).select_from(source))
        return [(_hashable(one), text) for one, text in rows]

    async def labels(self, name: str, key: str, label: str) -> dict[Any, Any]:
        """Key -> label of a small table."""
        asked: Any = select(column(key), column(label)).select_from(table(name)).limit(CODES * 5)
        return {_hashable(one): text for one, text in await self._connection.execute(asked)}

    async def matches(self, name: str, code: str, target: str, key: str) -> tuple[int, int]:
        """Of the first distinct values of a column: how many there are, and how many lead to a row of the target."""
        asked = name, code, target, key
        if asked not in self._matches:
            own = table(name, column(code))
            seen = select(own.c[code].label("v")).limit(SCANNED).subquery()
            few = select(seen.c.v).where(seen.c.v.is_not(None)).distinct().limit(CODES).subquery()
            other = table(target, column(key)).alias("target")
            joined = few.outerjoin(other, other.c[key] == few.c.v)
            statement = select(few.c.v, func.max(other.c[key])).select_from(joined).group_by(few.c.v)
            rows = [row for row in await self._connection.execute(statement) if str(row[0]) not in ("0", "")]
            self._matches[asked] = len(rows), sum(row[1] is not None for row in rows)
        return self._matches[asked]

    async def repeats(self, name: str, columns: Iterable[str]) -> bool:
        """Whether some rows of a table have the same values in some columns, nulls aside; over SCANNED rows."""
        wanted: list[Any] = [column(each) for each in columns]
        inner = select(*wanted).select_from(table(name)).limit(SCANNED).subquery()
        filled = select(literal(1)).select_from(inner).where(*(each.is_not(None) for each in inner.c))
        found = filled.group_by(*inner.c).having(func.count() > 1).limit(1)
        return (await self._connection.execute(found)).first() is not None


@asynccontextmanager
async def opened(url: str, deadline: float) -> AsyncIterator[Database]:
    """A read-only connection. url: a plain database URL is given the driver that the gateway has. deadline: seconds for
    one statement. GatewayError where it cannot be had or fails; the URL's secrets are in no message."""
    url = with_driver(url)
    if (reason := unusable(url)) is not None:
        raise GatewayError(f"--url: {reason[0]}", code="SOURCE_URL", hint=reason[1])
    if make_url(url).get_backend_name() not in ("postgresql", "mysql", "mariadb", "sqlite"):
        raise GatewayError(
            "--url: only PostgreSQL, MariaDB, MySQL and SQLite are looked into.",
            code="SOURCE_URL",
            hint="write the file by hand: docs/partners.md",
        )
    engine = open_engine(url, deadline=deadline)
    try:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.connect())
            except TypeError:
                raise GatewayError("--url: its driver does not take one of its options.", code="SOURCE_URL") from None
            yield Database(connection)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        source = Source("", "", "sql", url, "", "live", deadline, 1, "UTC")
        told = source.without_secrets(str(getattr(error, "orig", None) or error)).splitlines() or [""]
        message = f"The database cannot be looked into: {type(error).__name__}: {told[0][:300]}"
        raise GatewayError(message, code=code_of(error)) from error
    finally:
        await engine.dispose()


def _followed(start: Any, path: Sequence[tuple[str, str, str]], code: str) -> tuple[Any, Any]:
    """What to select from, and the column at the end of a path that begins with the start's column c0."""
    source, value = start, start.c["c0"]
    for place, (_, target, key) in enumerate(path, 1):
        following = path[place][0] if place < len(path) else code
        joined = table(target, *(column(each) for each in dict.fromkeys((key, following)))).alias(f"t{place}")
        source = source.outerjoin(joined, joined.c[key] == value)
        value = joined.c[following]
    return source, value


def with_driver(url: str) -> str:
    """The URL with the gateway's driver where it names none, or one that is not asynchronous."""
    try:
        parsed = make_url(url)
        better = DRIVERS.get(parsed.drivername.partition("+")[0])
        if better is None or ("+" in parsed.drivername and parsed.get_dialect().is_async):
            return url
    except (ArgumentError, ValueError):
        return url
    except Exception:
        better = DRIVERS[parsed.drivername.partition("+")[0]]
    return parsed.set(drivername=better).render_as_string(hide_password=False)


def _hashable(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
