"""Authorisations: what an owner allows a person to use."""

from __future__ import annotations

from datetime import datetime

from schema.asset import AssetKind
from schema.declaration import entity, mapped, system, to_one
from schema.declaration import partner as to_partner
from schema.provenance import Provenance
from schema.references import AssetRef, BookingRef, PartnerRef
from schema.time_window import TimeWindow
from schema.use import UseKind


@entity(
    "The owner's permission: what a person may use, for what, and when. A loan agreement, an empowerment or a booking.",
    hidden={"person": "Person"},
    node=False,
)
class Authorisation:
    grantor: PartnerRef | None = to_partner("The organisation that allows it.")
    asset: AssetRef | None = to_one("Asset", "The one asset that it is about; null where it is about a kind.")
    asset_kind: AssetKind | None = mapped("The kind of assets that it is about; null where it is about one asset.")
    uses: list[UseKind] | None = mapped("What for; null where the source does not say.")
    on_duty: bool | None = mapped("`true`: only on duty; `false`: off duty too; null where the source does not say.")
    start: datetime | None = mapped("When it begins.")
    end: datetime | None = mapped("When it ends; this moment is itself outside.")
    windows: list[TimeWindow] | None = mapped("When in the week it holds; null where the source does not say.")
    booking: BookingRef | None = to_one("Booking", "The booking that it comes from.")
    provenance: Provenance = system("Where the record came from.")
