"""Amounts of money."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from schema.cost import FREE
from schema.declaration import mapped
from schema.scalars import CurrencyCode


@strawberry.type(
    description='An exact amount in one currency; e.g. `{amount: "10000.00", currency: "EUR"}`.', directives=[FREE]
)
class Money:
    amount: Decimal = mapped("How much, in units of the currency (not cents).")
    currency: CurrencyCode = mapped("ISO 4217; the partner's own where the source does not say.")
