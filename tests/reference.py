"""What the rows of `tests/worlds.py` mean, and in which order they come, in plain Python and without the gateway's code."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from schema.asset import AssetKind, AssetStatus
from tests.rows import Row
from tests.worlds import PARIS, STOCKS, VIEWER

KINDS = [kind.value for kind in AssetKind]
STATES = [state.value for state in AssetStatus]
Order = Sequence[tuple[str, bool]]
"""Sort keys: a field of the graph's enum, and whether descending."""


@dataclass(frozen=True)
class Meaning:
    """What an answer must say of a row. `km` is what is compared, which a FLOAT shows rounded."""

    tag: str
    partner: str
    key: str
    name: str
    kind: str
    status: str | None
    km: float | None
    changed: datetime | None


def listed(held: Mapping[str, Sequence[Row]], order: Order, partner: str | None = None) -> list[Meaning]:
    """The whole list as the viewer must see it. held: stock id -> rows in the order of the source's own key."""
    every = [
        (stock.partner, stock.name, place, meaning(stock.id, row))
        for stock in STOCKS
        if stock.partner != "elm" and partner in (None, stock.partner)
        for place, row in enumerate(held[stock.id])
    ]

    def compare(left: tuple[str, str, int, Meaning], right: tuple[str, str, int, Meaning]) -> int:
        for field, descending in order:
            found = _compare(_SORTS[field](left[3]), _SORTS[field](right[3]))
            if found:
                return -found if descending else found
        return -1 if left[:3] < right[:3] else 1

    return [found[3] for found in sorted(every, key=cmp_to_key(compare))]


def _compare(left: Any, right: Any) -> int:
    """Null is greater than everything, so it comes last ascending and first descending."""
    if left is None or right is None:
        return (left is None) - (right is None)
    return (left > right) - (left < right)


_SORTS: dict[str, Callable[[Meaning], Any]] = {
    "NAME": lambda found: [ord(character) for character in found.name],
    "KIND": lambda found: KINDS.index(found.kind),
    "STATUS": lambda found: None if found.status is None else STATES.index(found.status),
    "ODOMETER_KM": lambda found: found.km,
    "UPDATED_AT": lambda found: found.changed,
    "PARTNER": lambda found: found.partner,
}


# what each table means -----------------------------------------------------------------------------------------------

_KIND = {"V": "VAN", "C": "CARGO_BIKE", "T": "TRUCK"}
_FREE = {True: "AVAILABLE", False: "IN_USE", 1: "AVAILABLE", 0: "IN_USE"}


def meaning(stock: str, row: Row) -> Meaning:
    """What a row of a stock means to the viewer."""
    key, name, kind, status, km, changed = _READ[stock](row)
    partner = stock.partition(".")[0]
    return Meaning(
        row["tag"], partner, key, key if name is None else name, kind or "OTHER", status, km, changed
    )


_Read = tuple[str, str | None, str | None, str | None, float | None, datetime | None]


def _bikes(row: Row) -> _Read:
    return str(row["id"]), row["label"], _KIND.get(row["kind"]), _FREE.get(row["free"]), _finite(row["km"]), _moment(row["changed"])


def _vans(row: Row) -> _Read:
    state = None if row["state"] is None else {"ok": "AVAILABLE", "out": "IN_USE"}.get(row["state"], "UNKNOWN")
    kind = {1: "VAN", 2: "TRUCK", 3: "TRAILER"}.get(row["kind"])
    return _several(row["depot"], str(row["no"])), row["label"], kind, state, _finite(row["km"]), _moment(row["changed"])


def _cars(row: Row) -> _Read:
    name = None if row["label"] == "A" else row["label"]
    state = {"ok": "AVAILABLE", "out": "IN_USE"}.get(row["state"])
    kind = row["kind"].rstrip(" ") if row["kind"] is not None else None  # CHAR is told without its padding
    km = None if row["km"] is None else struct.unpack("f", struct.pack("f", row["km"]))[0]
    return str(row["id"]), name, _KIND.get(kind), state, km, _moment(row["changed"])


def _tools(row: Row) -> _Read:
    words = [row["maker"], row["model"]]
    name = None if words == [None, None] else " ".join(word for word in words if word)
    changed = None if row["changed"] is None else row["changed"].replace(tzinfo=UTC)
    return row["ref"], name, _KIND.get(row["kind"]), _FREE.get(row["free"]), _finite(row["km"]), changed


def _rooms(row: Row) -> _Read:
    name = (row["label"] or "").strip(" ") or None
    return row["id"], name, _KIND.get(row["kind"]), _FREE.get(row["free"]), row["km"], _moment(row["changed"])


def _desks(row: Row) -> _Read:
    state = "RETIRED" if row["gone"] == 1 else "AVAILABLE" if row["free"] == 1 else "IN_USE"
    km = None if row["metres"] is None else float(Decimal(row["metres"]) / 1000)
    return str(row["id"]), None, "DESK", state, km, None


def _things(row: Row) -> _Read:
    name = row["label"] if row["short"] is None else row["short"]
    kind = None if row["kind"] is None else {"V": "VAN", "C": "CARGO_BIKE"}.get(row["kind"], "TOOL")
    return str(row["id"]), name, kind, None, None, None  # its state, distance and time are not shared


def _spots(row: Row) -> _Read:
    name = {"p": "zz", "q": "a", None: None}[row["label"]]
    return _several(row["street"], row["no"]), name, _KIND.get(row["kind"]), None, None, None


_READ: dict[str, Callable[[Row], _Read]] = {
    "alder.bikes": _bikes,
    "alder.vans": _vans,
    "birch.cars": _cars,
    "birch.tools": _tools,
    "cedar.rooms": _rooms,
    "cedar.desks": _desks,
    "dogwood.things": _things,
    "dogwood.spots": _spots,
}


def _several(*parts: str) -> str:
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def _finite(number: Any) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def _moment(raw: Any) -> datetime | None:
    """The year 9999 means never; what is no time means nothing; what has no zone is meant in Paris."""
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            return None
    if raw is None or raw.year == 9999:
        return None
    return (raw if raw.tzinfo is not None else raw.replace(tzinfo=PARIS)).astimezone(UTC)


def differences(found: Meaning, node: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where a node of an answer does not say what a row means: field -> (expected, given)."""
    changed = node["updatedAt"] and datetime.fromisoformat(node["updatedAt"])
    given = {
        "description": (found.tag, node["description"]),
        "partner": (found.partner, node["partner"]["code"]),
        "name": (found.name, node["name"]),
        "kind": (found.kind, node["kind"]),
        "status": (found.status, node["status"]),
        "updatedAt": (found.changed, changed),
        "localId": (found.key if found.partner == VIEWER else None, node["provenance"]["localId"]),
    }
    km = node["odometerKm"]
    if (km is None) != (found.km is None) or (km is not None and not math.isclose(km, found.km or 0, rel_tol=1e-5)):
        given["odometerKm"] = (found.km, km)
    return {field: pair for field, pair in given.items() if pair[0] != pair[1]}


def day(raw: date) -> datetime:
    """The first moment of a day in Paris."""
    return datetime(raw.year, raw.month, raw.day, tzinfo=PARIS).astimezone(UTC)
