"""API keys for machines: made, listed and revoked in the state database, where only their hashes are."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Column, LargeBinary, Row, String, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.state import METADATA, State
from resolvers.errors import GatewayError

PREFIX = "pgw_"
ID_LENGTH = 8

# Times are Unix seconds, so that every engine keeps them alike. Rows are never deleted: see `revision`.
TABLE = Table(
    "api_keys",
    METADATA,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("partner", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("scopes", String(4000), nullable=False),  # words with blanks between
    Column("purposes", String(4000), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)


class KeyChoiceError(GatewayError):
    """The operator must act: a key named on the command line is not there, or not only one."""

    default = "KEY_UNKNOWN"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. Times in Unix seconds. hash: SHA-256 of its secret."""

    id: str
    partner: str
    name: str
    scopes: tuple[str, ...]
    purposes: tuple[str, ...]
    created: int
    expires: int
    revoked: int | None
    hash: bytes = field(repr=False)

    def condition(self, now: float) -> str:
        """live, expired or revoked."""
        if self.revoked is not None:
            return "revoked"
        return "live" if now < self.expires else "expired"


class ApiKeys:
    """The table of keys. Every call is one transaction and raises StateError where the database fails."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def create(
        self,
        *,
        partner: str,
        name: str,
        scopes: Iterable[str],
        purposes: Iterable[str] = (),
        lifetime: float,
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is told here and never again. lifetime in seconds."""
        now = int(time.time())
        identifier, secret = _random(5), _random(32)
        key = ApiKey(
            id=identifier,
            partner=partner,
            name=name,
            scopes=tuple(dict.fromkeys(scopes)),
            purposes=tuple(dict.fromkeys(purposes)),
            created=now,
            expires=now + max(1, int(lifetime)),
            revoked=None,
            hash=digest(secret),
        )
        row = {
            "id": key.id,
            "hash": key.hash,
            "partner": partner,
            "name": name,
            "scopes": " ".join(key.scopes),
            "purposes": " ".join(key.purposes),
            "created": key.created,
            "expires": key.expires,
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(TABLE).values(row))

        await self._state.run(work)
        return key, f"{PREFIX}{identifier}_{secret}"

    async def all(self, partner: str | None = None) -> list[ApiKey]:
        """Every key ever made, or those of one partner; oldest first."""
        query = select(TABLE).order_by(TABLE.c.created, TABLE.c.id)
        if partner is not None:
            query = query.where(TABLE.c.partner == partner)

        async def work(connection: AsyncConnection) -> list[ApiKey]:
            return [_key(row) for row in await connection.execute(query)]

        return await self._state.run(work)

    async def revoke(self, start: str) -> ApiKey:
        """End the key whose id starts so (the whole key will do too). Revoked already is no mistake."""
        identifier = start.strip().removeprefix(PREFIX).split("_")[0]

        async def work(connection: AsyncConnection) -> ApiKey:
            rows = await connection.execute(select(TABLE).where(TABLE.c.id.startswith(identifier, autoescape=True)))
            found = [_key(row) for row in rows]
            if not found or not identifier:
                raise KeyChoiceError("There is no key of that id.", hint="gateway keys list")
            if len(found) > 1:
                ids = ", ".join(key.id for key in found[:10])
                raise KeyChoiceError("Several keys start so; name one.", code="KEY_AMBIGUOUS", hint=ids)
            now = int(time.time())
            await connection.execute(
                update(TABLE).where(TABLE.c.id == found[0].id, TABLE.c.revoked.is_(None)).values(revoked=now)
            )
            return found[0]

        return await self._state.run(work)


def parse(text: str) -> tuple[str, str] | None:
    """The id and the secret of a key's text, or None where it has not the form of one."""
    identifier, _, secret = text.removeprefix(PREFIX).partition("_")
    return (identifier, secret) if len(identifier) == ID_LENGTH and secret else None


def digest(secret: str) -> bytes:
    """What is stored of a secret.

    One round of SHA-256 is enough: the secret is 256 random bits, which nobody can try out, fast or slow. Slow hashes
    are for passwords that people choose; here they would only cost every request some milliseconds.
    """
    return hashlib.sha256(secret.encode()).digest()


async def revision(connection: AsyncConnection) -> tuple[int, int]:
    """Changes whenever a key is made or revoked, by whatever process: how many were made, how many revoked."""
    row = (await connection.execute(select(func.count(), func.count(TABLE.c.revoked)))).one()
    return int(row[0]), int(row[1])


async def live(connection: AsyncConnection) -> dict[str, ApiKey]:
    """By id, the keys that are not revoked. Some may have expired."""
    rows = await connection.execute(select(TABLE).where(TABLE.c.revoked.is_(None)))
    return {row.id: _key(row) for row in rows}


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    fields = dict(row._mapping)
    return ApiKey(**{**fields, "scopes": tuple(row.scopes.split()), "purposes": tuple(row.purposes.split())})


def _random(length: int) -> str:
    """Letters and digits only, so that a double click selects a whole key and scanners find it."""
    return base64.b32encode(secrets.token_bytes(length)).decode().rstrip("=").lower()
