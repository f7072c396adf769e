"""The usual way: Strawberry, SQLAlchemy's ORM and data loaders, as their documentation teaches, with both caches on."""

# No `from __future__ import annotations`: Strawberry and the ORM read them.
import base64
import datetime
import json
import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from benchmarks.reference_server import run
from benchmarks.token_check import scopes_hold
from benchmarks.usual_rows import (
    AgentRow,
    EquipmentRow,
    PointRow,
    PolicyAssetRow,
    PolicyRow,
    SiteRow,
    StaffRow,
    VehicleRow,
)
from benchmarks.workload import PAGE, PARTNERS

# databases ------------------------------------------------------------------------------------------------------------


def _engine(code: str) -> AsyncEngine:
    url = os.environ[f"{code.upper()}_URL"].replace("postgresql:", "postgresql+asyncpg:")
    return create_async_engine(url, pool_size=4, max_overflow=0, connect_args={"command_timeout": 20})


SESSIONS = {code: async_sessionmaker(_engine(code), expire_on_commit=False) for code in PARTNERS}


def _by_id(code: str, model: Any) -> DataLoader[Any, Any]:
    async def load(keys: list[Any]) -> Sequence[Any]:
        async with SESSIONS[code]() as session:
            found = {row.id: row for row in await session.scalars(select(model).where(model.id.in_(keys)))}
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)


async def _coverages(keys: list[tuple[str, str]]) -> Sequence[list[PolicyRow]]:
    by_scheme = defaultdict(list)
    for scheme, reference in keys:
        by_scheme[scheme].append(reference)
    found = defaultdict(list)
    for scheme, references in by_scheme.items():
        statement = (
            select(PolicyAssetRow.reference, PolicyRow)
            .join(PolicyRow, PolicyRow.id == PolicyAssetRow.policy_id)
            .where(PolicyAssetRow.scheme == scheme, PolicyAssetRow.reference.in_(references))
            .order_by(PolicyRow.id)
        )
        async with SESSIONS["insurer"]() as session:
            for reference, policy in await session.execute(statement):
                found[scheme, reference].append(policy)
    return [found[key] for key in keys]


# types ----------------------------------------------------------------------------------------------------------------


@strawberry.enum
class AssetKind(Enum):
    VAN = "VAN"
    CAR = "CAR"
    CARGO_BIKE = "CARGO_BIKE"
    BICYCLE = "BICYCLE"
    TOOL = "TOOL"
    ROOM = "ROOM"


@strawberry.enum
class CoverageKind(Enum):
    GOODS_IN_TRANSIT = "GOODS_IN_TRANSIT"
    THIRD_PARTY_LIABILITY = "THIRD_PARTY_LIABILITY"
    OWN_DAMAGE = "OWN_DAMAGE"


VEHICLE_KINDS = {"VL": AssetKind.CAR, "VUL": AssetKind.VAN, "VELO": AssetKind.CARGO_BIKE}
EQUIPMENT_KINDS = {"van": AssetKind.VAN, "bike": AssetKind.BICYCLE, "tool": AssetKind.TOOL, "room": AssetKind.ROOM}
COVERAGE_KINDS = {
    "MARCH": CoverageKind.GOODS_IN_TRANSIT,
    "RC": CoverageKind.THIRD_PARTY_LIABILITY,
    "DOM": CoverageKind.OWN_DAMAGE,
}
PARIS = ZoneInfo("Europe/Paris")


def _id(head: str, key: Any) -> strawberry.ID:
    return strawberry.ID(base64.urlsafe_b64encode(f"{head}:{key}".encode()).rstrip(b"=").decode())


@strawberry.type
class Identifier:
    value: str


@strawberry.type
class Address:
    city: str | None


@strawberry.type
class Site:
    address: Address | None


@strawberry.type
class Person:
    id: strawberry.ID
    display_name: str | None
    email: str | None
    job_title: str | None


@strawberry.type
class Money:
    amount: Decimal | None
    currency: str | None


@strawberry.type
class Limit:
    amount: Money | None


def _moment(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


@strawberry.type
class Coverage:
    id: strawberry.ID
    label: str | None
    kind: CoverageKind
    end: str | None
    limits: list[Limit] | None


@strawberry.type
class CoverageConnection:
    nodes: list[Coverage]


@strawberry.type
class Partner:
    code: str

    @strawberry.field
    async def assets(self, filter: "AssetFilter", first: int = 50) -> "AssetConnection":  # noqa: A002
        if self.code == "poste":
            codes = [code for code, kind in VEHICLE_KINDS.items() if kind == filter.kind.eq]
            vehicles = select(VehicleRow).where(VehicleRow.type.in_(codes)).order_by(VehicleRow.id).limit(first)
            async with SESSIONS["poste"]() as session:
                nodes = [_vehicle(row) for row in await session.scalars(vehicles)]
        else:
            codes = [code for code, kind in EQUIPMENT_KINDS.items() if kind == filter.kind.eq]
            things = select(EquipmentRow).where(EquipmentRow.category.in_(codes)).order_by(EquipmentRow.id).limit(first)
            async with SESSIONS["coop"]() as session:
                nodes = [_thing(row) for row in await session.scalars(things)]
        return AssetConnection(nodes=nodes, page_info=PageInfo(has_next_page=len(nodes) == first))


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Asset(Node):
    name: str
    kind: AssetKind
    source_kind: str | None
    lendable: bool | None
    identifiers: list[Identifier]
    partner: Partner
    site_key: strawberry.Private[Any]
    custodian_key: strawberry.Private[Any]
    reference: strawberry.Private[tuple[str, str]]

    @strawberry.field
    async def site(self, info: strawberry.Info[Any, Any]) -> Site | None:
        if self.site_key is None:
            return None
        if self.partner.code == "poste":
            found = await info.context["sites"].load(self.site_key)
            return Site(address=Address(city=found.ville)) if found else None
        found = await info.context["points"].load(self.site_key)
        return Site(address=Address(city=found.city)) if found else None

    @strawberry.field
    async def custodian(self, info: strawberry.Info[Any, Any]) -> Person | None:
        if self.custodian_key is None:
            return None
        if self.partner.code == "poste":
            agent = await info.context["agents"].load(self.custodian_key)
            return agent and Person(
                id=_id("Person.poste.agents", agent.id),
                display_name=f"{agent.prenom} {agent.nom}",
                email=agent.courriel,
                job_title=agent.fonction,
            )
        found = await info.context["staff"].load(self.custodian_key)
        return found and Person(
            id=_id("Person.coop.staff", found.id),
            display_name=found.full_name,
            email=found.email,
            job_title=found.job,
        )

    @strawberry.field
    async def coverages(self, info: strawberry.Info[Any, Any]) -> CoverageConnection:
        rows = await info.context["coverages"].load(self.reference)
        return CoverageConnection(nodes=[_coverage(row) for row in rows[:PAGE]])


def _coverage(row: PolicyRow) -> Coverage:
    end = None
    if row.valid_to is not None:
        day = row.valid_to + datetime.timedelta(days=1)
        end = _moment(datetime.datetime.combine(day, datetime.time(), PARIS))
    amount = None if row.limit_cents is None else Decimal(row.limit_cents).scaleb(-2)
    return Coverage(
        id=_id("Coverage.insurer.policies", row.id),
        label=row.number,
        kind=COVERAGE_KINDS[row.kind or ""],
        end=end,
        limits=[Limit(amount=Money(amount=amount, currency=row.currency))],
    )


def _vehicle(row: VehicleRow) -> Asset:
    return Asset(
        id=_id("Asset.poste.vehicles", row.id),
        name=row.libelle or "",
        kind=VEHICLE_KINDS[row.type or ""],
        source_kind=row.type,
        lendable=row.disponible,
        identifiers=[Identifier(value=row.immatriculation or "")],
        partner=Partner(code="poste"),
        site_key=row.site_id,
        custodian_key=row.agent_id,
        reference=("IMMAT", row.immatriculation or ""),
    )


def _thing(row: EquipmentRow) -> Asset:
    return Asset(
        id=_id("Asset.coop.equipment", row.id),
        name=row.title or "",
        kind=EQUIPMENT_KINDS[row.category or ""],
        source_kind=row.category,
        lendable=row.available,
        identifiers=[Identifier(value=row.tag or "")],
        partner=Partner(code="coop"),
        site_key=row.point_id,
        custodian_key=row.custodian_id,
        reference=("INV", row.tag or ""),
    )


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class AssetConnection:
    nodes: list[Asset]
    page_info: PageInfo


@strawberry.input
class KindFilter:
    eq: AssetKind


@strawberry.input
class AssetFilter:
    kind: KindFilter


@strawberry.enum
class AssetOrderField(Enum):
    NAME = "NAME"


@strawberry.input
class AssetOrder:
    field: AssetOrderField


# the root -------------------------------------------------------------------------------------------------------------


@strawberry.type
class Query:
    @strawberry.field
    async def node(self, info: strawberry.Info[Any, Any], id: strawberry.ID) -> Node | None:  # noqa: A002
        head, _, key = base64.urlsafe_b64decode(id + "=" * (-len(id) % 4)).decode().partition(":")
        if head == "Asset.poste.vehicles":
            vehicle = await info.context["vehicles"].load(int(key))
            return vehicle and _vehicle(vehicle)
        if head == "Asset.coop.equipment":
            thing = await info.context["equipment"].load(uuid.UUID(key))
            return thing and _thing(thing)
        return None

    @strawberry.field
    async def partner(self, code: str) -> Partner | None:
        return Partner(code=code) if code in PARTNERS else None

    @strawberry.field
    async def assets(self, order_by: list[AssetOrder], first: int = 50, after: str | None = None) -> AssetConnection:
        # The deep page begins after a vehicle of poste, and of equal names coop's come first.
        vehicle_name, thing_name = VehicleRow.libelle.collate("C"), EquipmentRow.title.collate("C")
        vehicles = select(VehicleRow).order_by(vehicle_name, VehicleRow.id).limit(first + 1)
        things = select(EquipmentRow).order_by(thing_name, EquipmentRow.id).limit(first + 1)
        if after is not None:
            name, key = json.loads(base64.urlsafe_b64decode(after))
            vehicles = vehicles.where(
                (vehicle_name > name) | ((vehicle_name == name) & (VehicleRow.id > key)), vehicle_name >= name
            )
            things = things.where(thing_name > name)
        async with SESSIONS["poste"]() as session:
            found = [_vehicle(row) for row in await session.scalars(vehicles)]
        async with SESSIONS["coop"]() as session:
            found += [_thing(row) for row in await session.scalars(things)]
        found.sort(key=lambda asset: (asset.name, asset.partner.code))
        return AssetConnection(nodes=found[:first], page_info=PageInfo(has_next_page=len(found) > first))


class Endpoint(GraphQL[Any, Any]):
    async def run(self, request: Any, *arguments: Any, **options: Any) -> Any:
        if not scopes_hold(request.headers.get("authorization", "")):
            return Response(b'{"errors":[{"message":"A valid credential is needed."}]}', 401)
        return await super().run(request, *arguments, **options)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> dict[str, Any]:
        return {
            "vehicles": _by_id("poste", VehicleRow),
            "sites": _by_id("poste", SiteRow),
            "agents": _by_id("poste", AgentRow),
            "equipment": _by_id("coop", EquipmentRow),
            "points": _by_id("coop", PointRow),
            "staff": _by_id("coop", StaffRow),
            "coverages": DataLoader(load_fn=_coverages),
        }


CACHES: list[Callable[[], SchemaExtension]] = [lambda: ParserCache(maxsize=100), lambda: ValidationCache(maxsize=100)]
app = Starlette(routes=[Route("/graphql", Endpoint(strawberry.Schema(Query, types=[Asset], extensions=CACHES)))])

if __name__ == "__main__":
    run(app)
