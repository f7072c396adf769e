"""Names by which the outside world knows things, people and organisations."""

from __future__ import annotations

import strawberry

from schema.cost import FREE
from schema.declaration import mapped, system
from schema.scalars import RegionCode
from schema.scheme import IdentifierScheme


@strawberry.type(
    description="A name by which the outside world knows a record. Links between partners are made on (scheme, "
    "country, normalized).",
    directives=[FREE],
)
class Identifier:
    scheme: IdentifierScheme = mapped("Who gave it.")
    value: str = mapped("As the source writes it; e.g. `AB-123-CD`.")
    normalized: str = system(
        "What is compared: without blanks, dashes, dots and case; `AB-123-CD` and `ab 123 cd ` both read `AB123CD`. "
        "Of `EMAIL` and `USERNAME` only case and blanks at the ends do not count."
    )
    country: RegionCode | None = mapped("The country in which it is unique, where the scheme has one; e.g. `FR`.")
