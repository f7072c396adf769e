"""What the rows of `tests/stocks.py` mean and in which order they come, in plain Python that is not the gateway's."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from schema.asset import AssetKind, AssetStatus
from tests.rows import Row
from tests.stocks import BASE, PARIS, STOCKS, VIEWER
from tests.worlds import Stock

KINDS = [kind.value for kind in AssetKind]
STATES = [state.value for state in AssetStatus]
Order = Sequence[tuple[str, bool]]
"""Sort keys: a field of the graph's enum, and whether descending."""


@dataclass(frozen=True)
class Asset:
    """What an answer must say of a row. `km` is what is compared, which a FLOAT shows rounded."""

    tag: str
    partner: str
    key: str
    name: str
    kind: str
    status: str | None
    km: float | None
    changed: datetime | None

    def sort(self, field: str) -> Any:
        """What it is sorted by."""
        match field:
            case "NAME":
                return [ord(character) for character in self.name]
            case "KIND":
                return KINDS.index(self.kind)
            case "STATUS":
                return None if self.status is None else STATES.index(self.status)
        return {"ODOMETER_KM": self.km, "UPDATED_AT": self.changed, "PARTNER": self.partner}[field]

    def differences(self, node: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Where a node of an answer does not say this: field -> (expected, given)."""
        found = {
            "description": (self.tag, node["description"]),
            "partner": (self.partner, node["partner"]["code"]),
            "name": (self.name, node["name"]),
            "kind": (self.kind, node["kind"]),
            "status": (self.status, node["status"]),
            "updatedAt": (self.changed, _read(node["updatedAt"])),
            "localId": (self.key if self.partner == VIEWER else None, node["provenance"]["localId"]),
        }
        km = node["odometerKm"]
        if (km is None) != (self.km is None) or (km is not None and not math.isclose(km, self.km or 0, rel_tol=1e-5)):
            found["odometerKm"] = (self.km, km)
        return {field: pair for field, pair in found.items() if pair[0] != pair[1]}


@dataclass(frozen=True)
class Coverage:
    """What an answer must say of a row."""

    tag: str
    partner: str
    kind: str
    start: datetime | None
    end: datetime | None

    def sort(self, field: str) -> Any:
        """What it is sorted by."""
        kinds = {"THEFT": 1, "FIRE": 2, "OTHER": 3}  # in the order in which the graph declares them
        return {"KIND": kinds[self.kind], "START": self.start, "END": self.end, "PARTNER": self.partner}[field]

    def holds(self, moment: datetime) -> bool:
        """Whether its period, without its end, holds a moment; what is not said is open."""
        return (self.start is None or self.start <= moment) and (self.end is None or self.end > moment)

    def differences(self, node: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Where a node of an answer does not say this: field -> (expected, given)."""
        found = {
            "label": (self.tag, node["label"]),
            "partner": (self.partner, node["partner"]["code"]),
            "kind": (self.kind, node["kind"]),
            "start": (self.start, _read(node["start"])),
            "end": (self.end, _read(node["end"])),
        }
        return {field: pair for field, pair in found.items() if pair[0] != pair[1]}


Meaning = Asset | Coverage


def listed(
    held: Mapping[str, Sequence[Row]], order: Order, partner: str | None = None, at: datetime | None = None
) -> list[Meaning]:
    """The whole list as the viewer must see it. held: stock id -> rows in the order of the source's own key."""
    every = [
        (stock.partner, stock.name, place, meaning(stock, row))
        for stock in STOCKS
        if stock.id in held and stock.partner != "elm" and partner in (None, stock.partner)
        for place, row in enumerate(held[stock.id])
    ]

    def compare(left: tuple[str, str, int, Meaning], right: tuple[str, str, int, Meaning]) -> int:
        for field, descending in order:
            found = _compare(left[3].sort(field), right[3].sort(field))
            if found:
                return -found if descending else found
        return -1 if left[:3] < right[:3] else 1

    found = [item[3] for item in sorted(every, key=cmp_to_key(compare))]
    return [item for item in found if at is None or (isinstance(item, Coverage) and item.holds(at))]


def _compare(left: Any, right: Any) -> int:
    """Null is greater than everything, so it comes last ascending and first descending."""
    if left is None or right is None:
        return (left is None) - (right is None)
    return (left > right) - (left < right)


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# what each table means -----------------------------------------------------------------------------------------------

_KIND = {"V": "VAN", "C": "CARGO_BIKE", "T": "TRUCK"}
_FREE = {True: "AVAILABLE", False: "IN_USE"}  # so are 1 and 0


def meaning(stock: Stock, row: Row) -> Meaning:
    """What a row means to the viewer."""
    if stock.entity == "Coverage":
        return Coverage(row["tag"], stock.partner, *_PERIODS[stock.id](row))
    key, name, kind, status, km, changed = _READ[stock.id](row)
    return Asset(row["tag"], stock.partner, key, key if name is None else name, kind or "OTHER", status, km, changed)


_Read = tuple[str, str | None, str | None, str | None, float | None, datetime | None]


def _bikes(row: Row) -> _Read:
    return (
        str(row["id"]),
        row["label"],
        _KIND.get(row["kind"]),
        _FREE.get(row["free"]),
        _finite(row["km"]),
        _moment(row["changed"]),
    )


def _vans(row: Row) -> _Read:
    state = None if row["state"] is None else {"ok": "AVAILABLE", "out": "IN_USE"}.get(row["state"], "UNKNOWN")
    kind = {1: "VAN", 2: "TRUCK", 3: "TRAILER"}.get(row["kind"])
    return (
        _several(row["depot"], str(row["no"])),
        row["label"],
        kind,
        state,
        _counted(row["km"]),
        _moment(row["changed"]),
    )


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


def _carts(row: Row) -> _Read:
    kind = row["kind"] if row["kind"] in ("VAN", "TRUCK") else None
    free = {0: "IN_USE", 1: "AVAILABLE", None: None}[row["free"]]
    return str(row["id"]), row["label"], kind, free, _counted(row["km"]), _moment(row["changed"])


def _rooms(row: Row) -> _Read:
    name = (row["label"] or "").strip(" ") or None
    return row["id"], name, _KIND.get(row["kind"]), _FREE.get(row["free"]), _counted(row["km"]), _moment(row["changed"])


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
    "birch.carts": _carts,
    "cedar.rooms": _rooms,
    "cedar.desks": _desks,
    "dogwood.things": _things,
    "dogwood.spots": _spots,
}


_PERIODS: dict[str, Callable[[Row], tuple[str, datetime | None, datetime | None]]] = {
    "alder.covers": lambda row: ("FIRE", _moment(row["begins"]), _moment(row["ends"], inclusive=True)),
    "birch.covers": lambda row: ("THEFT", _moment(row["begins"]), _moment(row["ends"], inclusive=True)),
    "cedar.covers": lambda row: ("OTHER", BASE, _moment(row["ends"], inclusive=True)),
}


def _several(*parts: str) -> str:
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def _finite(number: Any) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def _counted(text: str | None) -> float | None:
    """A number in a text: decimal, with an exponent of two digits at most, blanks around it, and nothing else."""
    known = re.fullmatch(r" *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]{1,2})? *", text or "")
    return float(known.group()) if known else None


def _moment(raw: Any, inclusive: bool = False) -> datetime | None:
    """The year 9999 means never; what is no time means nothing; what has no zone is meant in Paris.

    A day is its begin, or with `inclusive` the begin of the next.
    """
    if isinstance(raw, str):
        try:
            raw = date.fromisoformat(raw) if len(raw) == 10 else datetime.fromisoformat(raw)
        except ValueError:
            return None
    if raw is None or raw.year == 9999:
        return None
    if not isinstance(raw, datetime):
        raw = datetime.combine(raw + timedelta(days=inclusive), time.min)
    return (raw if raw.tzinfo is not None else raw.replace(tzinfo=PARIS)).astimezone(UTC)
