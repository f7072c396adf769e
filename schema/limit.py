"""How much a coverage pays: its limits, deductibles and conditions."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from schema.cost import FREE
from schema.declaration import mapped
from schema.money import Money
from schema.vocabulary import Word, vocabulary


@vocabulary("What a limit counts against.")
class LimitBasis(Word):
    PER_EVENT = "PER_EVENT", "Each event."
    PER_VEHICLE = "PER_VEHICLE", "Each vehicle in an event."
    PER_ITEM = "PER_ITEM", "Each item."
    PER_PERSON = "PER_PERSON", "Each person."
    PER_YEAR = "PER_YEAR", "All events of a year of insurance."
    VEHICLE_VALUE = "VEHICLE_VALUE", "The vehicle's value at the time of the event."
    UNKNOWN = "UNKNOWN", "The source does not say."


@vocabulary("What happens where more is at stake than the limit.")
class LimitRule(Word):
    FIRST_LOSS = "FIRST_LOSS", "Every loss is paid up to the limit, however much is at stake."
    PROPORTIONAL = "PROPORTIONAL", "Under-insurance: a loss is paid in the proportion of the limit to what is at stake."
    UNKNOWN = "UNKNOWN", "The source does not say."


@strawberry.type(
    description="The most that a coverage pays on one basis; an amount equal to the limit is within it.",
    directives=[FREE],
)
class Limit:
    basis: LimitBasis = mapped("What it counts against.")
    rule: LimitRule = mapped("What happens where more is at stake.")
    unlimited: bool = mapped("Whether there is no limit, and the source says so.")
    amount: Money | None = mapped('The limit; e.g. `{amount: "10000.00", currency: "EUR"}`; null where there is none.')
    consumed: Money | None = mapped("How much of it is used up.")
    applies_to: str | None = mapped("What it is about, where that is a part of the coverage only; e.g. `goods`.")


@vocabulary("How a deductible is reckoned.")
class DeductibleKind(Word):
    FIXED = "FIXED", "An amount for each loss."
    PERCENT = "PERCENT", "A part of the loss, between `min` and `max`."
    INCREMENT = "INCREMENT", "An amount on top of the others, e.g. for young drivers."
    MULTIPLIER = "MULTIPLIER", "The others times a factor, e.g. doubled off duty."
    UNKNOWN = "UNKNOWN", "The source does not say."


@strawberry.type(description="What the insured pays of a loss.", directives=[FREE])
class Deductible:
    kind: DeductibleKind = mapped("How it is reckoned.")
    amount: Money | None = mapped("The amount, of FIXED and INCREMENT; e.g. 300 EUR.")
    percent: Decimal | None = mapped("The part of the loss, of PERCENT; `10` means ten per cent.")
    min: Money | None = mapped("The least of PERCENT.")
    max: Money | None = mapped("The most of PERCENT.")
    multiplier: Decimal | None = mapped("The factor of MULTIPLIER; e.g. `2`.")
    when: str | None = mapped("When it holds, in the source's words; null: always; e.g. `driver under 25`.")


@strawberry.type(description="Something that must be so for a coverage to hold.", directives=[FREE])
class CoverageCondition:
    code: str = mapped("A stable code of the insurer; e.g. `LOCKED_AT_NIGHT`.")
    text: str = mapped("The condition in words.")
    checkable: bool = mapped("Whether data can show it; else it takes somebody's word.")
