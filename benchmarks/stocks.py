"""Three partners with 100,000 assets each, and an insurer: `partners/` has their files, and their tables with rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Server

PARTNERS = Path(__file__).with_name("partners")
VIEWER = "poste"


@dataclass(frozen=True, slots=True)
class Stocks:
    """Partner files (code -> text) and the environment variables that they need."""

    files: Mapping[str, str]
    environ: Mapping[str, str]


def filled(postgres: Server, mariadb: Server, folder: Path) -> Stocks:
    """Make and fill the databases: poste and the insurer in PostgreSQL, coop in MariaDB, city in SQLite in a folder."""
    environ = {}
    for server, code in ((postgres, "poste"), (postgres, "insurer"), (mariadb, "coop")):
        environ[f"{code.upper()}_URL"] = server.create(code)
        server.run(code, _sql(code))
    environ["CITY_URL"] = f"sqlite+aiosqlite:///{folder / 'city.sqlite'}"
    with closing(sqlite3.connect(folder / "city.sqlite")) as connection:
        connection.executescript(_sql("city"))
    return Stocks({file.stem: file.read_text("utf-8") for file in PARTNERS.glob("*.toml")}, environ)


def _sql(code: str) -> str:
    return (PARTNERS / f"{code}.sql").read_text("utf-8")
