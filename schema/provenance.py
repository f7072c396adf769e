"""Where a record came from, and what was wrong with it there."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.cost import FREE
from schema.references import PartnerRef
from schema.vocabulary import Word, vocabulary


@vocabulary("What is wrong with a value in a source.")
class DataIssueCode(Word):
    ZERO_DATE = "ZERO_DATE", "A date that means none, e.g. `0000-00-00`; read as null."
    UNPARSEABLE_VALUE = "UNPARSEABLE_VALUE", "A value not of the field's form, e.g. `12o` for a number; read as null."
    UNKNOWN_ENUM = "UNKNOWN_ENUM", "A code that the mapping does not translate."
    DANGLING_REFERENCE = "DANGLING_REFERENCE", "A reference to a record that is not there; read as null."
    DUPLICATE_KEY = "DUPLICATE_KEY", "Two rows with one key."
    TRIMMED = "TRIMMED", "Blanks around the value were taken off."
    ENCODING_REPAIRED = "ENCODING_REPAIRED", "Text in a wrong encoding was repaired, e.g. `RÃ©gion` to `Région`."
    AMBIGUOUS_ZONE = "AMBIGUOUS_ZONE", "A local time that exists twice or never, at a change of clocks."
    UNIT_ASSUMED = "UNIT_ASSUMED", "The source does not say the unit; the mapping's was taken."
    CURRENCY_ASSUMED = "CURRENCY_ASSUMED", "The source does not say the currency; the partner's was taken."
    PLACEHOLDER_VALUE = "PLACEHOLDER_VALUE", "A value that stands for none, e.g. `N/C` or the year 9999; read as null."
    OTHER = "OTHER", "Anything else."


@strawberry.type(description="Something wrong with one value of a record in its source.", directives=[FREE])
class DataIssue:
    code: DataIssueCode = strawberry.field(description="What is wrong.")
    field: str = strawberry.field(description="Dotted name of the field in the graph; e.g. `purchaseDate`.")
    value: str | None = strawberry.field(
        description="What the source holds, as a text; told to the record's owner only."
    )


@strawberry.type(
    description="Where a record came from. Costs nothing when it is not asked. Only the owner sees `source`, `localId` "
    "and raw values; others see the issues of the fields that they may read.",
    directives=[FREE],
)
class Provenance:
    partner: PartnerRef = strawberry.field(description="The organisation whose record it is.")
    source: str | None = strawberry.field(
        description="Public label of the source that it was read from; the owner only."
    )
    local_id: str | None = strawberry.field(description="The record's key in that source, e.g. `4711`; the owner only.")
    as_of: datetime | None = strawberry.field(
        description="When it was read from the source: now for a live source, an earlier time for a snapshot."
    )
    updated_at: datetime | None = strawberry.field(
        description="When the source last changed it; null where the source does not keep that."
    )
    stale: bool = strawberry.field(description="Whether the source's data is older than the partner means it to be.")
    issues: list[DataIssue] | None = strawberry.field(
        description="What could not be understood in the fields asked for; empty when all is well."
    )
