"""Sites: the places where assets belong and people work."""

from __future__ import annotations

from schema.connection import Connection
from schema.declaration import NEAR, Node, entity, mapped, reverse, system
from schema.order import AssetOrder
from schema.position import Address, Position
from schema.provenance import Provenance
from schema.references import AssetRef, PartnerRef
from schema.vocabulary import Word, vocabulary


@vocabulary("What a site is.")
class SiteKind(Word):
    DEPOT = "DEPOT", "Depot or garage."
    OFFICE = "OFFICE", "Office building."
    ROOM = "ROOM", "A room of a building."
    STATION = "STATION", "Station where vehicles are taken and given back."
    PARKING = "PARKING", "Car park."
    POST_OFFICE = "POST_OFFICE", "Post office."
    PICKUP_POINT = "PICKUP_POINT", "Point where parcels or things are picked up."
    OTHER = "OTHER", "Anything else, or the source does not say."


@entity(
    "A place where assets belong or people work.",
    orders={"NAME": "name", "PARTNER": ""},
    fallback={"name": "", "kind": "OTHER"},
)
class Site(Node):
    partner: PartnerRef = system("The partner whose site it is.")
    name: str = mapped("What its people call it; its key in the source where it has no name; e.g. `Nanterre PDC`.")
    path: list[str] | None = mapped(
        'Where it stands in the partner\'s own tree, from the top; e.g. `["Île-de-France", "Nanterre", "Hall B"]`.'
    )
    kind: SiteKind = mapped("What it is.")
    address: Address | None = mapped("Its postal address.")
    position: Position | None = mapped("Where it is on the map.")
    time_zone: str | None = mapped("IANA name of its time zone; e.g. `Europe/Paris`.")
    provenance: Provenance = system("Where the record came from.")
    assets: Connection[AssetRef] | None = reverse(
        "Asset",
        "Asset.site",
        "The assets that belong here.",
        order=AssetOrder,
        backward=True,
        filtered=True,
        arguments=[NEAR],
    )
