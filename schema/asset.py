"""Assets: what partners own and lend, from vans to rooms."""

from __future__ import annotations

from datetime import date, datetime

from resolvers.entity import Strong
from schema.connection import Connection
from schema.declaration import (
    AT,
    HOLDS_AT,
    LENT_OFF_DUTY,
    OVERLAPS,
    PERSONAL,
    Node,
    argument,
    entity,
    mapped,
    reverse,
    same,
    system,
    to_one,
)
from schema.identifier import Identifier
from schema.money import Money
from schema.order import CoverageOrder
from schema.position import Position
from schema.provenance import Provenance
from schema.references import AssetRef, BookingRef, CoverageRef, PartnerRef, PersonRef, SiteRef
from schema.scalars import JSON
from schema.time_window import TimeWindow
from schema.vocabulary import Word, vocabulary


@vocabulary("What an asset is.")
class AssetKind(Word):
    VAN = "VAN", "Closed light commercial vehicle, up to 3.5 t; e.g. a delivery van."
    TRUCK = "TRUCK", "Goods vehicle above 3.5 t."
    CAR = "CAR", "Passenger car."
    MOTORCYCLE = "MOTORCYCLE", "Motorcycle above 50 cm³ or 45 km/h."
    MOPED = "MOPED", "Two- or three-wheeler up to 50 cm³ or 45 km/h."
    CARGO_BIKE = "CARGO_BIKE", "Bicycle built to carry goods, with or without assistance."
    BICYCLE = "BICYCLE", "Any other bicycle, with or without assistance."
    SCOOTER = "SCOOTER", "Standing scooter; a motor scooter is a MOPED or MOTORCYCLE."
    TRAILER = "TRAILER", "Trailer or semi-trailer."
    ROOM = "ROOM", "Meeting room, hall or other room that can be booked."
    DESK = "DESK", "Work place."
    PARKING = "PARKING", "Parking space."
    LOCKER = "LOCKER", "Locker or parcel locker."
    TOOL = "TOOL", "Tool, machine or other work equipment."
    HANDHELD = "HANDHELD", "Rugged handheld, e.g. a delivery scanner."
    PHONE = "PHONE", "Telephone."
    LAPTOP = "LAPTOP", "Portable computer."
    DESKTOP = "DESKTOP", "Computer that stays in its place."
    TABLET = "TABLET", "Tablet computer."
    PERIPHERAL = "PERIPHERAL", "Monitor, printer, dock and the like."
    FACILITY = "FACILITY", "Building or fixed installation."
    OTHER = "OTHER", "Anything else, or the source does not say."


@vocabulary("In which state an asset is.")
class AssetStatus(Word):
    ON_ORDER = "ON_ORDER", "Ordered, not yet delivered."
    IN_STOCK = "IN_STOCK", "Delivered, not yet in service."
    AVAILABLE = "AVAILABLE", "In service and free."
    IN_USE = "IN_USE", "In service and with somebody."
    RESERVED = "RESERVED", "In service and set aside for somebody."
    MAINTENANCE = "MAINTENANCE", "In repair, inspection or cleaning."
    OUT_OF_SERVICE = "OUT_OF_SERVICE", "Not to be used for now, e.g. after a failed inspection."
    LOST = "LOST", "Nobody knows where it is."
    STOLEN = "STOLEN", "Stolen."
    RETIRED = "RETIRED", "Out of service for good: sold, scrapped, given back."
    UNKNOWN = "UNKNOWN", "The source does not say."


@vocabulary("What makes a vehicle go.")
class Propulsion(Word):
    HUMAN = "HUMAN", "Muscles alone."
    ELECTRIC_ASSIST = "ELECTRIC_ASSIST", "Muscles with an electric motor that helps."
    ELECTRIC = "ELECTRIC", "Battery alone."
    PETROL = "PETROL", "Petrol."
    DIESEL = "DIESEL", "Diesel."
    GAS = "GAS", "Natural gas or LPG."
    HYBRID = "HYBRID", "Fuel with a battery that charges on the way."
    PLUG_IN_HYBRID = "PLUG_IN_HYBRID", "Fuel with a battery that can be charged from outside."
    HYDROGEN = "HYDROGEN", "Hydrogen."
    OTHER = "OTHER", "Anything else."


@entity(
    "Something that a partner owns or runs and may lend: a vehicle, a room, a device. What the source does not hold, "
    "or the partner does not share, is null.",
    orders={
        "NAME": "name",
        "KIND": "kind",
        "STATUS": "status",
        "UPDATED_AT": "updatedAt",
        "ODOMETER_KM": "odometerKm",
        "PARTNER": "",
    },
    fallback={"name": "", "kind": "OTHER"},
)
class Asset(Node):
    partner: PartnerRef = system("The partner that owns or runs it.")
    name: str = mapped("What its people call it; its key in the source where it has no name; e.g. `Kangoo 12`.")
    kind: AssetKind = mapped("What it is.")
    source_kind: str | None = mapped("What the source calls its kind; e.g. `VUL`.")
    status: AssetStatus | None = mapped("In which state it is.")
    source_status: str | None = mapped("What the source calls its state; e.g. `En parc`.")
    description: str | None = mapped("Free text on the asset.")
    identifiers: list[Identifier] | None = mapped("What the world knows it by: plate, VIN, inventory number and so on.")
    manufacturer: str | None = mapped("Who made it; e.g. `Renault`.")
    model: str | None = mapped("Its model; e.g. `Kangoo E-Tech`.")
    model_year: int | None = mapped("The maker's model year; e.g. `2023`.")
    propulsion: Propulsion | None = mapped("What makes it go.")
    seats: int | None = mapped("How many people it seats, the driver included.")
    payload_kg: float | None = mapped("How much it may carry, in kilograms.")
    volume_m3: float | None = mapped("How much fits in, in cubic metres.")
    gross_weight_kg: float | None = mapped("Permitted gross weight in kilograms; e.g. `3500`.")
    odometer_km: float | None = mapped("How far it has gone, in kilometres, as last read. Personal.", PERSONAL)
    purchase_date: date | None = mapped("When it was bought.")
    in_service_date: date | None = mapped("When it first went into service.")
    inspection_due_date: date | None = mapped("When its next legal inspection is due.")
    value: Money | None = mapped("What it is worth, as the source states: as a rule the purchase price.")
    site: SiteRef | None = to_one("Site", "Where it belongs.")
    position: Position | None = mapped(
        "Where it was last seen. Personal: null for everybody while it is lent to a person off duty.",
        PERSONAL,
        LENT_OFF_DUTY,
    )
    custodian: PersonRef | None = to_one("Person", "Who answers for it. Personal.", PERSONAL)
    part_of: AssetRef | None = to_one("Asset", "The asset that it is a part of; e.g. the building of a room.")
    lendable: bool | None = mapped("Whether its owner lends it to other partners at all.")
    lending_windows: list[TimeWindow] | None = mapped("When in the week it may be lent.")
    booking_url: str | None = mapped("Where people book it.")
    tags: list[str] | None = mapped('Words that its owner put on it; e.g. `["lift", "roof rack"]`.')
    attributes: JSON | None = mapped(
        'What else its owner tells, an object with the owner\'s own names; e.g. `{"crit_air": 2}`. Shared only by name.'
    )
    bookings: Connection[BookingRef] | None = reverse(
        "Booking",
        "Booking.asset",
        "Its bookings that overlap a period, in order of key. Personal.",
        field_class=PERSONAL,
        arguments=[
            argument("start", datetime, "The period's start."),
            argument("end", datetime, "The period's end, itself outside the period."),
        ],
        conditions=OVERLAPS,
    )
    coverages: Connection[CoverageRef] | None = reverse(
        "Coverage",
        "Coverage.insuredAssets.listed",
        "The coverages that list it, of every insurer, found by its identifiers.",
        order=CoverageOrder,
        filtered=True,
        arguments=[AT],
        conditions=HOLDS_AT,
    )
    same_as: Connection[AssetRef] | None = same(
        "Asset",
        "The records of other sources, of any partner, that are the same thing: they carry the same VIN, IMEI or "
        "bicycle marking, the same plate of the same country, or the same serial number of the same maker. In order of "
        "partner and key; null where its identifiers are not shared.",
        [
            Strong("VIN"),
            Strong("LICENSE_PLATE", country=True),
            Strong("SERIAL", also=("manufacturer",)),
            Strong("IMEI"),
            Strong("BICYCODE"),
        ],
    )
    updated_at: datetime | None = mapped("When the source last changed it.")
    provenance: Provenance = system("Where the record came from.")
