"""The demonstration's stores with few rows, so that whole lists are quick to read; links and dangling ones are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Column, MetaData, Table, create_engine

from gateway.demo.federation import STORES, Store
from resolvers.identifier import normalize

FEW = 9
Rows = Mapping[str, list[Any]]


def fill(folder: Path) -> None:
    """Make the stores. Their tables have no constraints, so that a test may blank any column."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {store.name: _first(store) for store in STORES}
    known = {normalize(str(value)) for rows in kept.values() for row in _all(rows) for value in row.values()}
    for store in STORES:
        rows = {
            name: [row for row in drawn if row in kept[store.name][name] or _linked(name, row, kept[store.name], known)]
            for name, drawn in store.rows().items()
        }
        tables = MetaData()
        copies = [
            Table(table.name, tables, *(Column(column.name, column.type) for column in table.columns))
            for table in store.tables.sorted_tables
        ]
        engine = create_engine(f"sqlite:///{path(folder, store)}")
        with engine.begin() as connection:
            tables.create_all(connection)
            for copy in copies:
                connection.execute(copy.insert(), rows[copy.name])
        engine.dispose()


def path(folder: Path, store: Store) -> Path:
    """The file of a store."""
    return folder / f"{store.name}.sqlite"


def environment(folder: Path) -> dict[str, str]:
    """The variables that the partner files name."""
    return {store.variable: f"sqlite+aiosqlite:///{path(folder, store)}" for store in STORES}


def blank(folder: Path, whole: Path, visible: Mapping[tuple[str, str], set[str]]) -> None:
    """Fill the stores from `whole` anew, without what is not visible. visible: (store, table) -> columns to leave."""
    for store in STORES:
        with sqlite3.connect(path(whole, store)) as source, sqlite3.connect(path(folder, store)) as target:
            source.backup(target)
            for table in store.tables.sorted_tables:
                left = visible.get((store.name, table.name))
                if left is None:
                    target.execute(f'DELETE FROM "{table.name}"')
                    continue
                gone = [f'"{column.name}" = NULL' for column in table.columns if column.name not in left]
                if gone:
                    target.execute(f'UPDATE "{table.name}" SET {", ".join(gone)}')
        source.close()
        target.close()


def _first(store: Store) -> dict[str, list[Any]]:
    more = {"carburants": 99, "contrats": 99, "vehicules": 13, "agents": 24, "garanties": 16}
    return {name: rows[: more.get(name, FEW)] for name, rows in store.rows().items()}


def _all(rows: Rows) -> Iterable[Any]:
    return (row for table in rows.values() for row in table)


# column of a table that leads elsewhere -> the table and column that it leads to
KEYS = {
    ("reservations", "vehicule_id"): ("vehicules", "id"),
    ("habilitations", "vehicule_id"): ("vehicules", "id"),
    ("permis", "agent_id"): ("agents", "id"),
    ("loans", "equipment_id"): ("equipment", "id"),
    ("resa", "obj_cd"): ("cycle", "cd"),
}
NAMES = {"objets_assures": "reference", "bien": "ref", "personnes_designees": "matricule"}


def _linked(table: str, row: Any, kept: Rows, known: set[str]) -> bool:
    """Whether a row names something that is kept."""
    if table in NAMES:
        return normalize(str(row[NAMES[table]])) in known
    return any(
        row[column] in {other[key] for other in kept[target]}
        for (name, column), (target, key) in KEYS.items()
        if name == table
    )
