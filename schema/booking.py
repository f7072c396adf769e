"""Bookings: who has which asset when."""

from __future__ import annotations

from datetime import datetime

from schema.declaration import PERSONAL, Node, entity, mapped, system, to_one
from schema.provenance import Provenance
from schema.references import AssetRef, PartnerRef, PersonRef
from schema.use import UseKind
from schema.vocabulary import Word, vocabulary


@vocabulary("How far a booking has come.")
class BookingStatus(Word):
    REQUESTED = "REQUESTED", "Asked for, not yet granted."
    CONFIRMED = "CONFIRMED", "Granted."
    CHECKED_OUT = "CHECKED_OUT", "The asset has been handed over."
    RETURNED = "RETURNED", "The asset is back."
    CANCELLED = "CANCELLED", "Called off by whoever booked."
    REFUSED = "REFUSED", "Not granted."
    NO_SHOW = "NO_SHOW", "Nobody came to take the asset."
    UNKNOWN = "UNKNOWN", "The source does not say."


@entity(
    "An asset set aside for somebody during a period. What ties it to an asset or a person is personal.",
    orders={"START": "start", "END": "end", "PARTNER": ""},
)
class Booking(Node):
    partner: PartnerRef = system("The partner whose record it is.")
    asset: AssetRef | None = to_one("Asset", "What is booked. Personal.", PERSONAL)
    booked_for: PersonRef | None = to_one("Person", "For whom it is booked. Personal.", PERSONAL)
    start: datetime | None = mapped("When it begins.")
    end: datetime | None = mapped("When it ends; this moment is itself free again.")
    use: UseKind | None = mapped("What for.")
    status: BookingStatus | None = mapped("How far it has come.")
    provenance: Provenance = system("Where the record came from.")
