"""Partners: the organisations of the graph, their sources, and what they share with the caller."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from schema.connection import Connection
from schema.cost import FREE
from schema.declaration import NEAR, Node, collection, to_one
from schema.identifier import Identifier
from schema.order import AssetOrder, CoverageOrder, PersonOrder, PolicyOrder
from schema.references import AssetRef, CoverageRef, PersonRef, PolicyRef
from schema.scalars import CurrencyCode
from schema.vocabulary import Word, vocabulary


@vocabulary("What sort of organisation a partner is.")
class PartnerKind(Word):
    POSTAL_OPERATOR = "POSTAL_OPERATOR", "Postal operator."
    COOPERATIVE = "COOPERATIVE", "Co-operative."
    MUNICIPALITY = "MUNICIPALITY", "Town, city or other local authority."
    INSURER = "INSURER", "Insurance company or mutual."
    BROKER = "BROKER", "Insurance broker or agent."
    LESSOR = "LESSOR", "Leasing or rental company."
    OPERATOR = "OPERATOR", "Operator of shared vehicles, lockers and the like."
    ASSOCIATION = "ASSOCIATION", "Association or charity."
    OTHER = "OTHER", "Anything else."


@vocabulary("How a source is read.")
class SourceMode(Word):
    LIVE = "LIVE", "Asked anew for each request."
    SNAPSHOT = "SNAPSHOT", "Read whole from time to time; answers come from the last good reading."


@vocabulary("Whether a source answers.")
class SourceHealth(Word):
    UP = "UP", "It answers."
    DEGRADED = "DEGRADED", "It answers at times, or in part, or slowly."
    DOWN = "DOWN", "It does not answer."
    UNKNOWN = "UNKNOWN", "It has not been asked yet."


@strawberry.type(
    description="One data store of a partner, as the caller may know it: a public label, never its address.",
    directives=[FREE],
)
class Source:
    label: str = strawberry.field(description="Its public label; e.g. `Fleet`.")
    mode: SourceMode = strawberry.field(description="How it is read.")
    health: SourceHealth = strawberry.field(description="Whether it answers, as last seen.")
    as_of: datetime | None = strawberry.field(description="From when its data is; null where it has not been read yet.")
    stale: bool = strawberry.field(description="Whether its data is older than the partner means it to be.")
    message: str | None = strawberry.field(description="What is wrong, in words fit for people; null when all is well.")


@strawberry.type(description="An organisation that shares what it holds.", directives=[FREE])
class Partner(Node):
    code: str = strawberry.field(description="Short and stable; e.g. `poste`.")
    name: str = strawberry.field(description="What people read; e.g. `La Poste, direction régionale`.")
    kind: PartnerKind = strawberry.field(description="What sort of organisation it is.")
    identifiers: list[Identifier] | None = strawberry.field(description="What the world knows it by; e.g. its SIREN.")
    time_zone: str = strawberry.field(
        description="IANA name of its time zone, for times that do not say their own; e.g. `Europe/Paris`."
    )
    currency: CurrencyCode = strawberry.field(
        description="Its currency, for amounts that do not say their own; e.g. `EUR`."
    )
    contact: str | None = strawberry.field(description="Whom to ask for what is not shared; e.g. `data@poste.example`.")
    website: str | None = strawberry.field(description="Its website.")
    sources: list[Source] = strawberry.field(description="Its data stores.")
    assets: Connection[AssetRef] | None = collection("Asset", "Its assets that the caller may see.", AssetOrder, [NEAR])
    people: Connection[PersonRef] | None = collection("Person", "Its people whom the caller may see.", PersonOrder)
    policies: Connection[PolicyRef] | None = collection("Policy", "Its policies that the caller may see.", PolicyOrder)
    coverages: Connection[CoverageRef] | None = collection(
        "Coverage", "Its coverages that the caller may see.", CoverageOrder
    )


@strawberry.type(description="What an agreement shares of one entity.", directives=[FREE])
class SharedEntity:
    entity: str = strawberry.field(description="The entity's name in the graph; e.g. `Asset`.")
    fields: list[str] = strawberry.field(
        description='The fields shared, by their names in the graph; `*` is all plain ones; e.g. `["status", "site"]`.'
    )
    masked: list[str] = strawberry.field(
        description="Those of them that are shared masked; e.g. the last two digits only."
    )
    rows: str | None = strawberry.field(description="Which records, in words or as a filter; null: all.")


@strawberry.type(
    description="What a provider shares with the caller's partner, for what, and how long.", directives=[FREE]
)
class Agreement:
    code: str = strawberry.field(description="Its code; with the version its identity; e.g. `commons`.")
    version: int = strawberry.field(description="Its version; e.g. `2`.")
    provider: Partner = strawberry.field(description="The partner that shares.")
    start: date | None = strawberry.field(description="First day on which it holds; null: since always.")
    end: date | None = strawberry.field(description="First day on which it no longer holds; null: until called off.")
    purposes: list[str] = strawberry.field(description="For which purposes; empty: any; e.g. `lending`.")
    entities: list[SharedEntity] = strawberry.field(description="What it shares.")


@strawberry.type(
    description="Who I am here: for which partner I speak, what my credential may do, and the agreements in force for "
    "me.",
    directives=[FREE],
)
class Viewer:
    partner: Partner = strawberry.field(description="The partner that vouches for me.")
    subject: str = strawberry.field(description="My identity provider's name for me, person or machine.")
    person: PersonRef | None = to_one("Person", "My own record, where my partner maps it and I may read it.")
    scopes: list[str] = strawberry.field(description="What my credential may do; e.g. `read`, `read:contact`.")
    purpose: str | None = strawberry.field(description="The purpose of this request; null where none was chosen.")
    purposes: list[str] = strawberry.field(description="The purposes that my credential may be used for.")
    agreements: list[Agreement] = strawberry.field(description="The agreements in force with my partner.")
