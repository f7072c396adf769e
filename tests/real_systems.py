"""True systems to map: GLPI, Snipe-IT, Odoo and LibreBooking on real servers, and what plain SQL says is in them.

The SQL here is written without a look at the partner files: it joins by the systems' own documents and by names, so
that a mapping which reads a wrong column does not agree with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.servers import Server, missing

PROJECT = Path(__file__).parent.parent
DUMPS = PROJECT.parent / "shared" / "real"
EXAMPLES = PROJECT / "docs" / "examples"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One row that must be an asset. place: the table, as the mapping is called. key, custodian, site: keys.

    coverages: (key of the contract, policy number), by key. changed: POSIX time.
    """

    partner: str
    place: str
    key: int
    coverages: tuple[tuple[int, str | None], ...]
    name: str
    custodian: int | None
    custodian_name: str | None
    site: int | None
    site_name: str | None
    changed: float | None


@pytest.fixture(scope="session")
def glpi(mariadb: Server) -> str:
    """URL of a loaded GLPI."""
    return _loaded(mariadb, "real_glpi", "real_glpi.mariadb.sql.xz")


@pytest.fixture(scope="session")
def librebooking(mariadb: Server) -> str:
    """URL of a loaded LibreBooking."""
    return _loaded(mariadb, "real_librebooking", "real_librebooking.mariadb.sql.xz")


@pytest.fixture(scope="session")
def snipeit(mariadb: Server) -> str:
    """URL of a loaded Snipe-IT."""
    return _loaded(mariadb, "real_snipeit", "real_snipeit.mariadb.sql.xz")


@pytest.fixture(scope="session")
def odoo(postgres: Server) -> str:
    """URL of a loaded Odoo."""
    return _loaded(postgres, "real_odoo16", "real_odoo16.pg.sql.xz")


def partner_files() -> dict[str, str]:
    """Code -> text of the example partner files for the two."""
    return {code: (EXAMPLES / f"{code}.toml").read_text("utf-8") for code in ("glpi", "odoo")}


async def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]
    finally:
        await engine.dispose()


async def records(url: str, sql: str) -> list[dict[str, Any]]:
    """The rows of a statement by the names of its columns."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(sql))).mappings()]
    finally:
        await engine.dispose()


async def vehicles(glpi: str, odoo: str) -> dict[tuple[str, str, int], Vehicle]:
    """Every asset that the two systems hold, by (partner, table, key)."""
    found: dict[tuple[str, str, int], Vehicle] = {}
    for partner, url, assets, links in (
        ("glpi", glpi, GLPI_ASSETS, GLPI_COVERAGES),
        ("odoo", odoo, ODOO_ASSETS, ODOO_LINKS),
    ):
        covered: dict[tuple[str, int], list[tuple[int, str | None]]] = {}
        for place, key, contract, number in await query(url, links):
            covered.setdefault((place, key), []).append((contract, number))
        for place, key, *rest in await query(url, assets):
            assert (partner, place, key) not in found, "the reference itself doubles rows"
            numbers = tuple(sorted(covered.get((place, key), ())))
            found[partner, place, key] = Vehicle(partner, place, key, numbers, *rest)
    return found


def _loaded(server: Server, database: str, dump: str) -> str:
    file = DUMPS / dump
    if not file.exists():
        missing(f"the dump {dump} in ../shared/real")
    url = server.create(database)
    server.load(database, file)
    return url


def _glpi_table(table: str, place: str) -> str:
    return f"""
        select '{place}', a.id, a.name, u.id, coalesce(nullif(concat_ws(' ', u.firstname, u.realname), ''), u.name),
               l.id, l.name, unix_timestamp(a.date_mod)
        from {table} a
        left join glpi_users u on u.id = a.users_id and u.is_deleted = 0
        left join glpi_locations l on l.id = a.locations_id
        where a.is_deleted = 0 and a.is_template = 0
    """


GLPI_ASSETS = " union all ".join(
    _glpi_table(f"glpi_{place}", place) for place in ("peripherals", "computers", "phones")
)
GLPI_INSURANCE = """
    from glpi_contracts c join glpi_contracttypes t on t.id = c.contracttypes_id
    where c.is_deleted = 0 and c.is_template = 0 and t.name like 'Assurance %'
"""
GLPI_KINDS = {
    "VAN": 721,
    "CAR": 296,
    "CARGO_BIKE": 152,
    "BICYCLE": 194,
    "TOOL": 114,
    "LAPTOP": 445,
    "DESKTOP": 221,
    "PHONE": 478,
    "OTHER": 37,
}
GLPI_GOODS = f"{GLPI_INSURANCE} and c.comment like 'Marchandises %'"  # a coverage of its own beside what they insure
GLPI_LINKS = f"""
    select concat(lower(i.itemtype), 's'), i.items_id, c.id, c.num
    from glpi_contracts_items i join (select c.id, c.num {GLPI_INSURANCE}) c on c.id = i.contracts_id
"""
GLPI_COVERAGES = f"{GLPI_LINKS} union all {GLPI_LINKS.replace(GLPI_INSURANCE, GLPI_GOODS)}"
ODOO_ASSETS = """
    select 'vehicles', v.id, v.name, e.id, e.name, c.id, c.name, extract(epoch from v.write_date at time zone 'UTC')
    from fleet_vehicle v
    left join hr_employee e on e.address_home_id = v.driver_id
    left join res_company c on c.id = v.company_id
    where v.active
"""
ODOO_INSURANCE = """
    from fleet_vehicle_log_contract c join fleet_service_type t on t.id = c.cost_subtype_id
    where c.active and t.name ->> 'en_US' <> 'Leasing'
"""
ODOO_LINKS = f"select 'vehicles', c.vehicle_id, c.id, c.ins_ref {ODOO_INSURANCE} and c.state <> 'closed'"
ODOO_IN_FORCE = f"""
    select c.id {ODOO_INSURANCE} and c.state <> 'closed' and c.start_date <= date '2026-11-20'
    and (c.expiration_date is null or c.expiration_date >= date '2026-11-20')
"""
