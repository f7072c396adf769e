"""Near a place: what is at most so far from a point."""

from __future__ import annotations

import strawberry

from resolvers.errors import RequestError
from resolvers.predicate import Near as NearPlace

FARTHEST = 20_016.0
"""Half the way around the Earth, in kilometres: nothing is farther away."""


@strawberry.input(
    description="Records at most `km` from a point, along the great circle of a sphere of radius 6371.0088 km. A "
    "record without a position is never near. E.g. `{lat: 48.89, lon: 2.2, km: 5}`."
)
class Near:
    lat: float = strawberry.field(description="Latitude of the point in degrees, from -90 to 90; e.g. `48.8924`.")
    lon: float = strawberry.field(description="Longitude of the point in degrees, from -180 to 180; e.g. `2.2071`.")
    km: float = strawberry.field(description="How far at most, in kilometres, from 0 to 20016; e.g. `5`.")

    def predicate(self, path: str) -> NearPlace:
        """That the position at a path is near. RequestError BAD_USER_INPUT where a number is out of its range."""
        for name, value, least, most in (
            ("lat", self.lat, -90.0, 90.0),
            ("lon", self.lon, -180.0, 180.0),
            ("km", self.km, 0.0, FARTHEST),
        ):
            if not least <= value <= most:
                message = f"`near.{name}` must be between {least:g} and {most:g}."
                raise RequestError(message, field=f"near.{name}", allowed=[least, most])
        return NearPlace(path, self.lat, self.lon, self.km)
