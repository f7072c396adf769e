"""Names for the graph's types that stand in each other's files, resolved when the graph is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from schema.asset import Asset
    from schema.authorisation import Authorisation
    from schema.booking import Booking
    from schema.coverage import Coverage
    from schema.partner import Partner
    from schema.person import Person
    from schema.policy import Policy
    from schema.site import Site

AssetRef = Annotated["Asset", strawberry.lazy("schema.asset")]
AuthorisationRef = Annotated["Authorisation", strawberry.lazy("schema.authorisation")]
BookingRef = Annotated["Booking", strawberry.lazy("schema.booking")]
CoverageRef = Annotated["Coverage", strawberry.lazy("schema.coverage")]
PartnerRef = Annotated["Partner", strawberry.lazy("schema.partner")]
PersonRef = Annotated["Person", strawberry.lazy("schema.person")]
PolicyRef = Annotated["Policy", strawberry.lazy("schema.policy")]
SiteRef = Annotated["Site", strawberry.lazy("schema.site")]
