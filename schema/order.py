"""How lists can be sorted: one input for each entity that has lists."""

from __future__ import annotations

import strawberry

from schema.vocabulary import Word, vocabulary

FIELD = "What to sort by."
DIRECTION = "Which way."


@vocabulary("Which way a list is sorted. The same on every source, whatever its engine does by itself.")
class Direction(Word):
    ASC = "ASC", "From small to large, A to Z by code point, old to new; enums in their declared order; nulls last."
    DESC = "DESC", "The exact reverse of ASC; nulls first."


@vocabulary("What assets can be sorted by.")
class AssetOrderField(Word):
    NAME = "NAME", "The asset's name."
    KIND = "KIND", "Its kind, in the order of `AssetKind`."
    STATUS = "STATUS", "Its status, in the order of `AssetStatus`."
    UPDATED_AT = "UPDATED_AT", "When the source last changed it."
    ODOMETER_KM = "ODOMETER_KM", "How far it has gone."
    PARTNER = "PARTNER", "The owning partner's code."


@strawberry.input(description="One sort key of a list of assets; e.g. `{field: NAME, direction: DESC}`.")
class AssetOrder:
    field: AssetOrderField = strawberry.field(description=FIELD)
    direction: Direction = strawberry.field(default=Direction.ASC, description=DIRECTION)


@vocabulary("What people can be sorted by.")
class PersonOrderField(Word):
    DISPLAY_NAME = "DISPLAY_NAME", "The name that people read."
    UPDATED_AT = "UPDATED_AT", "When the source last changed the record."
    PARTNER = "PARTNER", "The code of the partner whose record it is."


@strawberry.input(description="One sort key of a list of people; e.g. `{field: DISPLAY_NAME}`.")
class PersonOrder:
    field: PersonOrderField = strawberry.field(description=FIELD)
    direction: Direction = strawberry.field(default=Direction.ASC, description=DIRECTION)


@vocabulary("What policies can be sorted by.")
class PolicyOrderField(Word):
    NUMBER = "NUMBER", "The policy's number, as a text."
    START = "START", "When it begins."
    END = "END", "When it ends."
    PARTNER = "PARTNER", "The code of the partner whose record it is."


@strawberry.input(description="One sort key of a list of policies; e.g. `{field: END}`.")
class PolicyOrder:
    field: PolicyOrderField = strawberry.field(description=FIELD)
    direction: Direction = strawberry.field(default=Direction.ASC, description=DIRECTION)


@vocabulary("What coverages can be sorted by.")
class CoverageOrderField(Word):
    KIND = "KIND", "The coverage's kind, in the order of `CoverageKind`."
    START = "START", "When it begins."
    END = "END", "When it ends."
    PARTNER = "PARTNER", "The code of the partner whose record it is, as a rule the insurer."


@strawberry.input(description="One sort key of a list of coverages; e.g. `{field: KIND}`.")
class CoverageOrder:
    field: CoverageOrderField = strawberry.field(description=FIELD)
    direction: Direction = strawberry.field(default=Direction.ASC, description=DIRECTION)


@vocabulary("What sites can be sorted by.")
class SiteOrderField(Word):
    NAME = "NAME", "The site's name."
    PARTNER = "PARTNER", "The code of the partner whose site it is."


@strawberry.input(description="One sort key of a list of sites; e.g. `{field: NAME}`.")
class SiteOrder:
    field: SiteOrderField = strawberry.field(description=FIELD)
    direction: Direction = strawberry.field(default=Direction.ASC, description=DIRECTION)


@vocabulary("What bookings can be sorted by.")
class BookingOrderField(Word):
    START = "START", "When the booking begins."
    END = "END", "When it ends."
    PARTNER = "PARTNER", "The code of the partner whose record it is."


@strawberry.input(description="One sort key of a list of bookings; e.g. `{field: START, direction: DESC}`.")
class BookingOrder:
    field: BookingOrderField = strawberry.field(description=FIELD)
    direction: Direction = strawberry.field(default=Direction.ASC, description=DIRECTION)
