"""What is asked of all servers: three partners' databases, filled anew each time, and six operations over them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

FOLDER = Path(__file__).with_name("workload")
PARTNERS = ("poste", "coop", "insurer")
VIEWER = "poste"
ISSUER, AUDIENCE = "https://id.poste.example", "commons"
"""Of the tokens, as poste's partner file has them."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. vehicles: of poste; coop has half as many things. deep: rows before Q5's page."""

    vehicles: int
    deep: int

    @property
    def rows(self) -> int:
        """Of the three databases together, about."""
        return self.vehicles * 5


FULL, QUICK = Size(100_000, 30_000), Size(600, 200)


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the operations. what: it is, in words. paged: `$after` is a cursor, of each server's own making."""

    name: str
    what: str
    text: str
    variables: Mapping[str, Any]
    paged: bool = False


def global_id(mapping: str, key: object) -> str:
    """A record's id, as the gateway writes it."""
    raw = f"Asset.{mapping}:{key}".encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_COVERAGES = "coverages { nodes { id label kind end limits { amount { amount currency } } } }"
_CUSTODIAN = "custodian { id displayName email jobTitle }"
_NESTED = (
    f"nodes {{ id name kind lendable identifiers {{ value }} site {{ address {{ city }} }} {_CUSTODIAN} {_COVERAGES} }}"
)
_VANS = "filter: {kind: {eq: VAN}}"
_UNION = "($after: String, $first: Int = 50) { assets(orderBy: [{field: NAME}], first: $first, after: $after) "
WALK = Operation(
    "Walk", "the way to Q5's page", f"query Walk{_UNION}{{ nodes {{ id name }} pageInfo {{ endCursor }} }} }}", {}
)
OPERATIONS = (
    Operation(
        "Q1",
        "one asset by id, its site's city, custodian, coverages",
        "query Q1($id: ID!) { node(id: $id) { ... on Asset { id name kind lendable identifiers { value } "
        "site { address { city } } custodian { displayName email } "
        "coverages { nodes { label kind limits { amount { amount currency } } } } } } }",
        {"id": global_id("poste.vehicles", 123)},
    ),
    Operation(
        "Q2",
        "50 vans of one partner, each with site, custodian, coverages",
        f'query Q2 {{ partner(code: "poste") {{ assets({_VANS}, first: 50) {{ {_NESTED} }} }} }}',
        {},
    ),
    Operation(
        "Q3",
        "1,000 vans, 5 leaves each",
        f'query Q3 {{ partner(code: "poste") {{ assets({_VANS}, first: 1000) '
        "{ nodes { id name kind sourceKind lendable } } } }",
        {},
    ),
    Operation(
        "Q4",
        "50 vans of each of two partners, as Q2",
        f'query Q4 {{ poste: partner(code: "poste") {{ assets({_VANS}, first: 50) {{ {_NESTED} }} }} '
        f'coop: partner(code: "coop") {{ assets({_VANS}, first: 50) {{ {_NESTED} }} }} }}',
        {},
    ),
    Operation(
        "Q5",
        "50 assets of one list over all partners, by name, at a deep page",
        f"query Q5{_UNION}{{ nodes {{ id name kind partner {{ code }} }} pageInfo {{ hasNextPage }} }} }}",
        {},
        paged=True,
    ),
    Operation(
        "Q6",
        "1,000 vans with custodian and coverages",
        f'query Q6 {{ partner(code: "poste") {{ assets({_VANS}, first: 1000) '
        f"{{ nodes {{ id name {_CUSTODIAN} {_COVERAGES} }} }} }} }}",
        {},
    ),
)


async def fill(server: str, size: Size) -> dict[str, str]:
    """Make the databases on a server, in place of those of that name; their URLs by partner.

    server: `postgresql://USER:PASSWORD@HOST:PORT`, of an account that may make databases.
    """
    urls = {}
    for code in PARTNERS:
        name = f"bench_{code}"
        home = await asyncpg.connect(f"{server}/postgres")
        await home.execute(f"drop database if exists {name} with (force)")
        await home.execute(f"create database {name}")
        await home.close()
        urls[code] = f"{server}/{name}"
        database = await asyncpg.connect(urls[code])
        await database.execute(f"set bench.size = {size.vehicles}")
        await database.execute((FOLDER / f"{code}.sql").read_text("utf-8"))
        await database.execute("vacuum analyze")
        await database.close()
    return urls
