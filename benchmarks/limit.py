"""The limit: the six operations written by hand, on Starlette, asyncpg and orjson. No GraphQL, nothing general.

It has the gateway's duties that cost time in each request: the token is checked, a call to a source has one total
deadline, waiting for a connection included. The operation's name in the request says which function answers.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.reference_server import run
from benchmarks.token_check import scopes_hold
from benchmarks.workload import PAGE, PARTNERS

CONNECTIONS, DEADLINE = 4, 20.0
PARIS = ZoneInfo("Europe/Paris")
POSTE_KINDS = {"VL": "CAR", "VUL": "VAN", "VELO": "CARGO_BIKE"}
COOP_KINDS = {"van": "VAN", "bike": "BICYCLE", "tool": "TOOL", "room": "ROOM"}
COVERAGE_KINDS = {"MARCH": "GOODS_IN_TRANSIT", "RC": "THIRD_PARTY_LIABILITY", "DOM": "OWN_DAMAGE"}


class Source:
    """A few connections to one database, the last used first."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: list[asyncpg.Connection] = []
        self._left = CONNECTIONS
        self._waiting: deque[asyncio.Future[asyncpg.Connection]] = deque()

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a statement. TimeoutError after the deadline."""
        async with asyncio.timeout(DEADLINE):
            connection = self._free.pop() if self._free else await self._connect()
            try:
                found: list[Any] = await connection.fetch(sql, *values)
                return found
            finally:
                if self._waiting:
                    self._waiting.popleft().set_result(connection)
                else:
                    self._free.append(connection)

    async def _connect(self) -> asyncpg.Connection:
        if self._left:
            self._left -= 1
            return await asyncpg.connect(self._url)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return await waiting

    async def close(self) -> None:
        """Close what is free."""
        for connection in self._free:
            await connection.close()


SOURCES = {code: Source(os.environ[f"{code.upper()}_URL"]) for code in PARTNERS}


def _id(head: str, key: Any) -> str:
    return base64.urlsafe_b64encode(f"{head}:{key}".encode()).rstrip(b"=").decode()


@lru_cache(1000)
def _end(day: date) -> str:
    """The end of a period whose last day this is."""
    midnight = datetime.combine(day + timedelta(days=1), time(), PARIS)
    return midnight.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


# one record -----------------------------------------------------------------------------------------------------------

_ONE = """
select v.libelle, v.type, v.disponible, v.immatriculation, s.ville, a.id, concat_ws(' ', a.prenom, a.nom), a.courriel
from vehicules v left join sites s on s.id = v.site_id left join agents a on a.id = v.agent_id where v.id = $1"""
_COVERAGES = """
select l.reference, p.id, p.number, p.kind, p.valid_to, p.limit_cents, p.currency
from policy_assets l join policies p on p.id = l.policy_id
where l.scheme = $1 and l.reference = any($2::text[]) order by p.id"""


async def q1(variables: dict[str, Any]) -> Any:
    named = variables["id"]
    head, _, key = base64.urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode().partition(":")
    if head != "Asset.poste.vehicles":
        return {"node": None}
    found = await SOURCES["poste"].rows(_ONE, int(key))
    if not found:
        return {"node": None}
    name, kind, lendable, plate, city, agent, who, email = found[0]
    coverages = await SOURCES["insurer"].rows(_COVERAGES, "IMMAT", [plate])
    return {
        "node": {
            "id": named,
            "name": name,
            "kind": POSTE_KINDS[kind],
            "lendable": lendable,
            "identifiers": [{"value": plate}],
            "site": {"address": {"city": city}},
            "custodian": None if agent is None else {"displayName": who, "email": email},
            "coverages": {
                "nodes": [
                    {
                        "label": number,
                        "kind": COVERAGE_KINDS[kind],
                        "limits": [{"amount": {"amount": _amount(cents), "currency": currency}}],
                    }
                    for _, _, number, kind, _, cents, currency in coverages[:PAGE]
                ]
            },
        }
    }


# many records ---------------------------------------------------------------------------------------------------------

_POSTE_VANS = """
select v.id, v.libelle, v.disponible, v.immatriculation, s.ville, a.id, concat_ws(' ', a.prenom, a.nom), a.courriel,
  a.fonction
from vehicules v left join sites s on s.id = v.site_id left join agents a on a.id = v.agent_id
where v.type = 'VUL' order by v.id limit $1"""
_COOP_VANS = """
select e.id, e.title, e.available, e.tag, s.city, p.id, p.full_name, p.email, p.job
from equipment e left join points s on s.id = e.point_id left join staff p on p.id = e.custodian_id
where e.category = 'van' order by e.id limit $1"""
_WIDE = """
select v.id, v.libelle, v.immatriculation, a.id, concat_ws(' ', a.prenom, a.nom), a.courriel, a.fonction
from vehicules v left join agents a on a.id = v.agent_id where v.type = 'VUL' order by v.id limit $1"""


async def _covered(scheme: str, references: list[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {reference: [] for reference in references}
    for reference, key, number, kind, last, cents, currency in await SOURCES["insurer"].rows(
        _COVERAGES, scheme, references
    ):
        found[reference].append(
            {
                "id": _id("Coverage.insurer.policies", key),
                "label": number,
                "kind": COVERAGE_KINDS[kind],
                "end": _end(last),
                "limits": [{"amount": {"amount": _amount(cents), "currency": currency}}],
            }
        )
    return found


async def _vans(sql: str, partner: str, asset: str, person: str, scheme: str) -> Any:
    rows = await SOURCES[partner].rows(sql, 50)
    covered = await _covered(scheme, [row[3] for row in rows])
    return {
        "assets": {
            "nodes": [
                {
                    "id": _id(asset, key),
                    "name": name,
                    "kind": "VAN",
                    "lendable": lendable,
                    "identifiers": [{"value": reference}],
                    "site": {"address": {"city": city}},
                    "custodian": None
                    if who is None
                    else {"id": _id(person, who), "displayName": display, "email": email, "jobTitle": job},
                    "coverages": {"nodes": covered[reference][:PAGE]},
                }
                for key, name, lendable, reference, city, who, display, email, job in rows
            ]
        }
    }


async def q2(_: dict[str, Any]) -> Any:
    return {"partner": await _vans(_POSTE_VANS, "poste", "Asset.poste.vehicles", "Person.poste.agents", "IMMAT")}


async def q4(_: dict[str, Any]) -> Any:
    poste, coop = await asyncio.gather(
        _vans(_POSTE_VANS, "poste", "Asset.poste.vehicles", "Person.poste.agents", "IMMAT"),
        _vans(_COOP_VANS, "coop", "Asset.coop.equipment", "Person.coop.staff", "INV"),
    )
    return {"poste": poste, "coop": coop}


async def q3(_: dict[str, Any]) -> Any:
    rows = await SOURCES["poste"].rows(
        "select id, libelle, type, disponible from vehicules where type = 'VUL' order by id limit $1", 1000
    )
    nodes = [
        {"id": _id("Asset.poste.vehicles", key), "name": name, "kind": "VAN", "sourceKind": kind, "lendable": lendable}
        for key, name, kind, lendable in rows
    ]
    return {"partner": {"assets": {"nodes": nodes}}}


async def q6(_: dict[str, Any]) -> Any:
    rows = await SOURCES["poste"].rows(_WIDE, 1000)
    covered = await _covered("IMMAT", [row[2] for row in rows])
    nodes = [
        {
            "id": _id("Asset.poste.vehicles", key),
            "name": name,
            "custodian": None
            if who is None
            else {"id": _id("Person.poste.agents", who), "displayName": display, "email": email, "jobTitle": job},
            "coverages": {"nodes": covered[plate][:PAGE]},
        }
        for key, name, plate, who, display, email, job in rows
    ]
    return {"partner": {"assets": {"nodes": nodes}}}


# one list over two partners -------------------------------------------------------------------------------------------

_POSTE_AFTER = """
select id, libelle, type from vehicules where (libelle collate "C", id) > ($1, $2)
order by libelle collate "C", id limit 51"""
_COOP_AFTER = """
select id, title, category from equipment where title collate "C" > $1 order by title collate "C", id limit 51"""


async def q5(variables: dict[str, Any]) -> Any:
    # The deep page begins after a vehicle of poste, and of equal names coop's come first.
    name, key = orjson.loads(base64.urlsafe_b64decode(variables["after"]))
    poste, coop = await asyncio.gather(
        SOURCES["poste"].rows(_POSTE_AFTER, name, key), SOURCES["coop"].rows(_COOP_AFTER, name)
    )
    merged = [(row[1], "coop", "Asset.coop.equipment", row[0], COOP_KINDS[row[2]]) for row in coop]
    merged += [(row[1], "poste", "Asset.poste.vehicles", row[0], POSTE_KINDS[row[2]]) for row in poste]
    merged.sort(key=lambda found: (found[0], found[1]))
    nodes = [
        {"id": _id(head, key), "name": name, "kind": kind, "partner": {"code": code}}
        for name, code, head, key, kind in merged[:PAGE]
    ]
    return {"assets": {"nodes": nodes, "pageInfo": {"hasNextPage": len(merged) > PAGE}}}


# HTTP -----------------------------------------------------------------------------------------------------------------

ANSWERS: dict[str, Callable[[dict[str, Any]], Coroutine[Any, Any, Any]]] = {
    "Q1": q1,
    "Q2": q2,
    "Q3": q3,
    "Q4": q4,
    "Q5": q5,
    "Q6": q6,
}


async def graphql(request: Request) -> Response:
    """Answers a request that looks like GraphQL; of the text only the operation's name is read."""
    if not scopes_hold(request.headers.get("authorization", "")):
        return Response(b'{"errors":[{"message":"A valid credential is needed."}]}', 401)
    asked = orjson.loads(await request.body())
    data = await ANSWERS[asked["operationName"]](asked["variables"])
    return Response(orjson.dumps({"data": data}), media_type="application/json")


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    yield
    for source in SOURCES.values():
        await source.close()


app = Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=_lifespan)

if __name__ == "__main__":
    run(app)
