"""Where the records of `tests/edge_stocks.py` lead, as joins in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.edge_stocks import STOCKS
from tests.rows import Row

Record = str
"""A record, as "stock:key"."""


@dataclass(frozen=True)
class Name:
    """An identifier in the form in which it is compared."""

    scheme: str
    value: str
    country: str | None = None

    def means(self, other: Name) -> bool:
        """Whether both name one thing; a country that is not said fits any."""
        countries = {self.country, other.country} - {None}
        return (self.scheme, self.value) == (other.scheme, other.value) and len(countries) < 2


def names(*told: tuple[str | None, str | None, str | None]) -> list[Name]:
    """Identifiers from scheme, value and country; of what does not say enough, none."""
    found = []
    for scheme, value, country in told:
        compared = "".join(c.upper() for c in value or "" if c.isascii() and c.isalnum())
        if scheme and compared:
            found.append(Name(scheme, compared, country))
    return found


class Links:
    """What leads to what. held: stock id -> rows, in the order of the source's own key."""

    def __init__(self, held: Mapping[str, Sequence[Row]]) -> None:
        self.rows: dict[Record, Row] = {}
        self._places: dict[Record, tuple[str, str, int]] = {}
        for stock in STOCKS:
            for place, row in enumerate(held[stock.id]):
                if stock.entity and not row.get("off"):
                    record = f"{stock.id}:{row[stock.key[0]]}"
                    self.rows[record] = row
                    self._places[record] = (stock.partner, stock.name, place)
        self.items = held["fir.items"]
        self.listed = [row for row in held["ash.listed"] if not row["off"]]

    def of(self, *stocks: str) -> list[Record]:
        """The records of some stocks."""
        return self.sort(record for record in self.rows if record.partition(":")[0] in stocks)

    def sort(self, records: Iterable[Record], *, by_kind: bool = False, down: bool = False) -> list[Record]:
        """In order of partner, mapping and the source's own key; or first by the kind of coverage."""
        found = sorted(set(records), key=self._places.__getitem__)
        if not by_kind:
            return found
        kinds = ["THEFT", "FIRE", "GLASS"]  # as the graph declares them
        return sorted(found, key=lambda record: kinds.index(self.rows[record]["kind"]), reverse=down)

    def linked(self, records: Iterable[Record]) -> list[Record]:
        """In the order of edges that a mapping names: partner, mapping, key; whole numbers by value, before texts."""

        def place(record: Record) -> tuple[str, bool, int, str]:
            stock, _, key = record.partition(":")
            number = key.removeprefix("-").isdecimal()
            return stock, not number, int(key) if number else 0, key

        return sorted(set(records), key=place)

    # what each record is known by, and what it names ------------------------------------------------------------------

    def names(self, record: Record) -> list[Name]:
        """The identifiers of a thing or person."""
        row = self.rows[record]
        match record.partition(":")[0]:
            case "ash.vans":
                return names(("LICENSE_PLATE", row["plate"], "FR"), ("INVENTORY_NO", row["inv"], None))
            case "ash.tools":
                return names(("SERIAL", row["serial"], None))
            case "birch.cars":
                return names(("LICENSE_PLATE", row["plate"], row["land"]), ("INVENTORY_NO", row["inv"], None))
            case _:
                return names(("EMPLOYEE_NO", row["no"], None))

    def staff_number(self, told: str | None) -> list[Name]:
        """A staff number as an identifier."""
        return names(("EMPLOYEE_NO", told, None))

    def known(self, wanted: Iterable[Name], *stocks: str) -> list[Record]:
        """The records of some stocks that one of the identifiers names."""
        found = list(wanted)
        return [r for r in self.of(*stocks) if any(name.means(own) for name in found for own in self.names(r))]

    def there(self, stock: str, key: object) -> list[Record]:
        """The record of a key, where there is one."""
        record = f"{stock}:{key}"
        return [record] if key is not None and record in self.rows else []

    def insured(self, cover: Record) -> list[Record]:
        """What a coverage lists, each thing once."""
        row = self.rows[cover]
        if cover.startswith("ash."):
            mine = [link for link in self.listed if link["cover"] == row["id"]]
            keyed = [
                *self.there("ash.vans", row["van"]),
                *(r for k in mine for r in self.there("ash.tools", k["thing"])),
            ]
            plates = names(*(("LICENSE_PLATE", link["plate"], None) for link in mine))
            return self.linked([*keyed, *self.known(plates, "ash.vans", "ash.tools", "birch.cars")])
        items = [item for item in self.items if item["cover"] == str(row["id"])]
        schemes = {"P": "LICENSE_PLATE", "I": "INVENTORY_NO", "?": "SERIAL", None: None}
        anybodys = names(
            ("LICENSE_PLATE", row["plate"], "FR"), *((schemes[i["scheme"]], i["ref"], "FR") for i in items)
        )
        theirs = names(("INVENTORY_NO", row["inv"], None))
        return self.linked(
            [*self.known(anybodys, "ash.vans", "ash.tools", "birch.cars"), *self.known(theirs, "birch.cars")]
        )

    def coverages(self, thing: Record) -> list[Record]:
        """The coverages that list a thing."""
        return [cover for cover in self.of("ash.covers", "fir.covers") if thing in self.insured(cover)]

    def custodian(self, thing: Record) -> Record | None:
        """Who answers for a thing; nobody where its name is that of several."""
        row = self.rows[thing]
        if thing.startswith("ash.tools"):
            return None
        if thing.startswith("ash."):
            return next(iter(self.there("ash.staff", row["holder"])), None)
        return only(self.known(self.staff_number(row["holder"]), "ash.staff", "birch.people"))

    def entrusted(self, person: Record) -> list[Record]:
        """The things that name a person, also where they name others too."""
        keyed = [r for r in self.of("ash.vans") if person == f"ash.staff:{self.rows[r]['holder']}"]
        named = [
            r
            for r in self.of("birch.cars")
            if person in self.known(self.staff_number(self.rows[r]["holder"]), "ash.staff", "birch.people")
        ]
        return self.sort([*keyed, *named])

    def booked(self, thing: Record, start: datetime, end: datetime) -> list[Record]:
        """The loans of a thing that overlap a period; periods are half-open, and what is not said is open."""
        mine = {
            r: row
            for r, row in self.rows.items()
            if r.startswith("birch.loans") and f"birch.cars:{row['car']}" == thing
        }
        return self.sort(
            r
            for r, row in mine.items()
            if (row["ends"] is None or row["ends"] > start) and (row["begins"] is None or row["begins"] < end)
        )

    def whole(self, thing: Record) -> Record | None:
        """What a thing is a part of."""
        row = self.rows[thing]
        stock = {"van": "ash.vans", "tool": "ash.tools"}.get(row.get("whole_kind") or "")
        return only(self.there(stock, row["whole"])) if stock else None


def only(found: Sequence[Record]) -> Record | None:
    """The one record, where there is exactly one."""
    return found[0] if len(found) == 1 else None
