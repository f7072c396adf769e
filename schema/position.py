"""Places on the map and postal addresses."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.cost import FREE
from schema.declaration import mapped
from schema.scalars import RegionCode


@strawberry.type(
    description="A place on the map, WGS 84. An asset's position is personal: null for everybody while the asset is "
    "lent to a person off duty.",
    directives=[FREE],
)
class Position:
    lat: float = mapped("Latitude in degrees, north positive; e.g. `48.8924`.")
    lon: float = mapped("Longitude in degrees, east positive; e.g. `2.2071`.")
    at: datetime | None = mapped("When it was measured; null where nobody knows, or where it does not move.")


@strawberry.type(description="A postal address, as far as the source holds one.", directives=[FREE])
class Address:
    lines: list[str] | None = mapped('The lines above postcode and city; e.g. `["12 rue de la Poste"]`.')
    postcode: str | None = mapped("A text: leading zeros count; e.g. `01000`.")
    city: str | None = mapped("Town or city; e.g. `Nanterre`.")
    region: str | None = mapped("Region, state or department, as the source writes it.")
    country: RegionCode | None = mapped("ISO 3166-1 alpha-2; e.g. `FR`.")
