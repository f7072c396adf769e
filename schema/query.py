"""What can be asked."""

from __future__ import annotations

import strawberry

from schema.access import AccessConnection
from schema.asset import Asset
from schema.booking import Booking
from schema.connection import Connection
from schema.cost import BY_IDS, FEW
from schema.coverage import Coverage
from schema.declaration import AT, HOLDS_AT, NEAR, PAGE, Node, argument, collection, named, system
from schema.order import AssetOrder, BookingOrder, CoverageOrder, PersonOrder, PolicyOrder, SiteOrder
from schema.partner import Partner, Viewer
from schema.person import Person
from schema.policy import Policy
from schema.scalars import RegionCode
from schema.scheme import IdentifierScheme
from schema.site import Site


@strawberry.type(
    description="What can be asked. Every list is one list over all partners that share such records with the caller."
)
class Query:
    node: Node | None = system(
        "The record of an id. Null where there is none; what the caller may not see is answered alike.",
        [argument("id", strawberry.ID, "The id, as it was given in an answer.")],
    )
    nodes: list[Node | None] = system(
        "The records of several ids, in their order, each null where `node` would be.",
        [argument("ids", list[strawberry.ID], "The ids; at most 100.")],
        BY_IDS,
    )
    viewer: Viewer = system("Who I am here, and what I may do.")
    partners: list[Partner] = system("My own partner, and those in an agreement with it, by code.", size=FEW)
    partner: Partner | None = system(
        "One of `partners`, by its code; null where it is none of them.",
        [argument("code", str, "The partner's code; e.g. `poste`.")],
    )
    assets: Connection[Asset] | None = collection("Asset", "All assets that the caller may see.", AssetOrder, [NEAR])
    asset_by: Connection[Asset] | None = named(
        "Asset",
        "The assets of all partners that carry an identifier, in any spelling; by partner and key. Partners that do "
        "not share their identifiers are not searched.",
        [
            argument("scheme", IdentifierScheme, "Who gave the identifier; e.g. `LICENSE_PLATE`."),
            argument("value", str, "The identifier in any spelling; e.g. `ab 123 cd`."),
            argument(
                "country",
                RegionCode | None,
                "The country in which it is unique; those that do not say theirs are found too; e.g. `FR`.",
            ),
        ],
    )
    people: Connection[Person] | None = collection("Person", "All people whom the caller may see.", PersonOrder)
    policies: Connection[Policy] | None = collection("Policy", "All policies that the caller may see.", PolicyOrder)
    coverages: Connection[Coverage] | None = collection(
        "Coverage",
        "All coverages that the caller may see.",
        CoverageOrder,
        [AT],
        HOLDS_AT,
    )
    sites: Connection[Site] | None = collection("Site", "All sites that the caller may see.", SiteOrder, [NEAR])
    bookings: Connection[Booking] | None = collection("Booking", "All bookings that the caller may see.", BookingOrder)
    access_log: AccessConnection | None = system(
        "Who read what of my own partner, newest first. Needs the scope `audit`.",
        [
            argument("record", strawberry.ID | None, "Only who read more than plain fields of the record of this id."),
            *PAGE,
        ],
    )
