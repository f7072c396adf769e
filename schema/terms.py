"""The terms of a coverage: for which uses, times, places and goods it holds."""

from __future__ import annotations

import strawberry

from schema.cost import FREE
from schema.declaration import mapped
from schema.scalars import RegionCode
from schema.time_window import TimeWindow
from schema.use import UseKind
from schema.vocabulary import Word, vocabulary


@vocabulary("How far a term reaches.")
class TermScope(Word):
    ANY = "ANY", "Unrestricted, and the source says so."
    LISTED = "LISTED", "What is included, less what is excluded."
    UNKNOWN = "UNKNOWN", "The source does not say; never to be read as ANY, nor as none."


@vocabulary("What goods are, as insurers tell them apart.")
class GoodsClass(Word):
    GENERAL = "GENERAL", "Ordinary goods, e.g. furniture."
    MAIL = "MAIL", "Letters."
    PARCEL = "PARCEL", "Parcels."
    VALUABLES = "VALUABLES", "Jewellery, precious metals and the like."
    CASH = "CASH", "Coins, notes and means of payment."
    ART = "ART", "Works of art and antiques."
    PERISHABLE = "PERISHABLE", "Goods that spoil, e.g. food."
    LIVE_ANIMALS = "LIVE_ANIMALS", "Live animals."
    DANGEROUS = "DANGEROUS", "Dangerous goods (ADR)."
    ELECTRONICS = "ELECTRONICS", "Electronic devices."
    TOOLS = "TOOLS", "Tools and work equipment."
    OTHER = "OTHER", "Anything else."


@vocabulary("Whose the goods are.")
class GoodsOwner(Word):
    HOLDER = "HOLDER", "The policy's holder."
    DRIVER = "DRIVER", "Whoever drives."
    PARTNER = "PARTNER", "Another partner."
    THIRD_PARTY = "THIRD_PARTY", "Somebody else, e.g. a customer."


@strawberry.type(description="For which uses a coverage holds.", directives=[FREE])
class UseTerms:
    scope: TermScope = mapped("How far this term reaches.")
    included: list[UseKind] | None = mapped("Uses that it holds for.")
    excluded: list[UseKind] | None = mapped("Uses that it does not hold for; these go first.")


@strawberry.type(description="Where a coverage holds.", directives=[FREE])
class TerritoryTerms:
    scope: TermScope = mapped("How far this term reaches.")
    included: list[RegionCode] | None = mapped(
        'Where it holds; `EU` and `EEA` stand for their members at the time; e.g. `["FR", "MC", "EEA"]`.'
    )
    excluded: list[RegionCode] | None = mapped("Where it does not hold; these go first.")


@strawberry.type(description="At which times of the week a coverage holds.", directives=[FREE])
class TimeTerms:
    scope: TermScope = mapped("How far this term reaches.")
    windows: list[TimeWindow] | None = mapped("When in the week it holds.")


@strawberry.type(description="For which goods a coverage holds.", directives=[FREE])
class GoodsTerms:
    scope: TermScope = mapped("How far this term reaches.")
    included: list[GoodsClass] | None = mapped("Goods that it holds for.")
    excluded: list[GoodsClass] | None = mapped("Goods that it does not hold for; these go first.")
    owners: list[GoodsOwner] | None = mapped("Whose goods it holds for; null where the source does not say.")
