"""The box around a circle on the earth: what a database narrows a search for near records down to."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from resolvers.glance import EARTH_KM
from resolvers.predicate import Near


def box(near: Near, lat: ColumnElement[Any], lon: ColumnElement[Any]) -> ColumnElement[bool]:
    """A few more places than the circle holds, degrees north and east; across the date line and at the poles too."""
    up = math.degrees(near.km / EARTH_KM) + 1e-9
    south, north = near.lat - up, near.lat + up
    found: list[ColumnElement[bool]] = [lat >= south, lat <= north]
    if south > -90 and north < 90:
        ratio = math.sin(near.km / EARTH_KM) / math.cos(math.radians(near.lat))
        across = math.degrees(math.asin(min(1.0, ratio))) + 1e-9
        west, east = near.lon - across, near.lon + across
        if west < -180:
            found.append(or_(lon >= west + 360, lon <= east))
        elif east > 180:
            found.append(or_(lon >= west, lon <= east - 360))
        else:
            found.append(lon.between(west, east))
    return and_(*found)
