"""Which stores the demonstration's partners have, by the names that their files give them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData

from gateway.demo import rows, tables

PARTNERS = Path(__file__).parent / "partners"


@dataclass(frozen=True, slots=True)
class Store:
    """One data store. name: "partner.source". rows: by table name, each a value for every column."""

    name: str
    tables: MetaData
    rows: Callable[[], Mapping[str, list[rows.Row]]]

    @property
    def variable(self) -> str:
        """The environment variable from which the partner file takes its URL; e.g. POSTE_FLEET_URL."""
        return f"{self.name.replace('.', '_').upper()}_URL"


STORES = (
    Store("poste.fleet", tables.poste.FLEET, rows.poste_fleet.rows),
    Store("poste.hr", tables.poste.HR, rows.poste_staff.rows),
    Store("coop.library", tables.coop.LIBRARY, rows.coop.rows),
    Store("city.inventory", tables.city.INVENTORY, rows.city.rows),
    Store("insurer.contracts", tables.insurer.CONTRACTS, rows.insurer.rows),
    Store("broker.book", tables.broker.BOOK, rows.broker.rows),
)


def fingerprint() -> str:
    """Changes with any table, column or row: tells whether stores made earlier are still those of this version."""
    digest = hashlib.sha256()
    for store in STORES:
        for table in store.tables.sorted_tables:
            digest.update(repr([(column.name, str(column.type)) for column in table.columns]).encode())
            digest.update(repr(store.rows()[table.name]).encode())
    return digest.hexdigest()[:16]
