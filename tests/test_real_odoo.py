"""Odoo mapped by docs/examples/odoo.toml: every row and field against plain SQL on the same database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.gateways import Gateway, running
from tests.real_lists import NOON, Key, Node, agree, counted, key_of, moment, tidy, whole
from tests.real_systems import EXAMPLES, query, records

TODAY = date(2026, 11, 20)
MILE = 1.609344
# What a model is: read off the list of models by a person.
KINDS = {
    "VAN": (
        "Berlingo",
        "Caddy Cargo",
        "Kangoo E-Tech",
        "Master",
        "Partner",
        "Sprinter 314",
        "Transit Custom",
        "e-Expert",
        "ë-Jumpy",
    ),
    "CAR": ("208", "A1", "Astra", "Class A", "Corsa", "Serie 1", "Spring", "Yaris Hybride", "Zoé"),
    "CARGO_BIKE": ("Family", "G4e", "Load 75"),
    "BICYCLE": ("Orange C8", "R500 E longtail", "eLC01"),
}
STATUSES = {
    "New Request": "ON_ORDER",
    "To Order": "ON_ORDER",
    "Ordered": "ON_ORDER",
    "Waiting List": "ON_ORDER",
    "Downgraded": "OUT_OF_SERVICE",
    "Reserve": "RESERVED",
}
GUARANTEES = {
    "Omnium": "OWN_DAMAGE",
    "RC circulation": "THIRD_PARTY_LIABILITY",
    "Marchandises transportées": "GOODS_IN_TRANSIT",
    "Prêt de véhicule / conducteur occasionnel": "VEHICLE_LOAN",
    "Assistance 0 km": "ASSISTANCE",
}
EMPLOYMENT = {"employee": "EMPLOYEE", "student": "TRAINEE", "trainee": "TRAINEE"}
WEEKEND = [{"startDay": "SAT", "start": "00:00", "endDay": "MON", "end": "00:00", "timeZone": "Europe/Paris"}]

VEHICLES = """
    select v.id, v.name, m.vehicle_type, m.name model, b.name maker, m.seats, s.name ->> 'en_US' state,
           s.name ->> 'fr_FR' state_shown, v.driver_id, v.description, v.license_plate, v.vin_sn, v.fuel_type,
           v.acquisition_date, v.car_value, coalesce(u.name, 'EUR') currency, v.color, v.location, v.transmission,
           v.next_assignation_date free,
           v.odometer_unit, e.id driver, c.id company, extract(epoch from v.write_date at time zone 'UTC') changed,
           (select o.value from fleet_vehicle_odometer o where o.vehicle_id = v.id
            order by o.date desc, o.id desc limit 1) reading,
           (select array_agg(t.name ->> 'fr_FR' order by t.id) from fleet_vehicle_vehicle_tag_rel r
            join fleet_vehicle_tag t on t.id = r.tag_id where r.vehicle_tag_id = v.id) tags
    from fleet_vehicle v
    join fleet_vehicle_model m on m.id = v.model_id
    left join fleet_vehicle_model_brand b on b.id = m.brand_id
    left join fleet_vehicle_state s on s.id = v.state_id
    left join hr_employee e on e.address_home_id = v.driver_id
    left join res_company c on c.id = v.company_id
    left join res_currency u on u.id = c.currency_id
    where v.active
"""
EMPLOYEES = """
    select e.id, e.name, e.barcode, e.work_email, u.login, e.work_phone, e.mobile_phone, e.birthday, e.employee_type,
           e.first_contract_date, coalesce(e.departure_date, k.date_end) leaves, e.active, e.job_title,
           d.complete_name department, e.parent_id, e.work_location_id, e.company_id,
           extract(epoch from e.write_date at time zone 'UTC') changed,
           exists (select * from fleet_vehicle v where v.driver_id = e.address_home_id and v.active) drives,
           exists (select * from hr_employee o where o.parent_id = e.id) leads
    from hr_employee e
    left join hr_department d on d.id = e.department_id
    left join hr_contract k on k.id = e.contract_id
    left join res_users u on u.id = e.user_id
"""
CONTRACTS = """
    select c.id, c.ins_ref, c.state, c.start_date, c.expiration_date, c.notes, p.name insurer, o.name holder,
           v.id vehicle, t.name ->> 'fr_FR' guarantee
    from fleet_vehicle_log_contract c
    join fleet_service_type t on t.id = c.cost_subtype_id
    left join res_partner p on p.id = c.insurer_id
    left join res_company o on o.id = c.company_id
    left join fleet_vehicle v on v.id = c.vehicle_id and v.active
    where c.active and t.name ->> 'en_US' <> 'Leasing'
"""
ASSIGNMENTS = """
    select e.id, v.id, a.date_start, a.date_end,
           exists (select * from fleet_vehicle_vehicle_tag_rel r join fleet_vehicle_tag t on t.id = r.tag_id
                   where r.vehicle_tag_id = v.id and t.name ->> 'fr_FR' = 'Usage privé interdit') barred
    from fleet_vehicle_assignation_log a
    join hr_employee e on e.address_home_id = a.driver_id
    join fleet_vehicle v on v.id = a.vehicle_id and v.active
"""


@pytest.fixture(scope="module")
async def gateway(odoo: str) -> AsyncIterator[Gateway]:
    text = (EXAMPLES / "odoo.toml").read_text("utf-8")
    async with running({"odoo": text}, {"ODOO_URL": odoo}) as found:
        found.federation.runtime.clock = lambda: NOON
        yield found


async def test_every_vehicle(gateway: Gateway, odoo: str) -> None:
    text = """
        name kind sourceKind status sourceStatus description identifiers { scheme value country } manufacturer model
        modelYear propulsion seats odometerKm inServiceDate value { amount currency } site { id } custodian { id }
        lendable lendingWindows { startDay start endDay end timeZone } tags attributes updatedAt
    """
    nodes = await whole(gateway, "odoo", "assets", text, issues=True)
    found = {key: vehicle_seen(node) for key, node in nodes.items()}
    rows = await records(odoo, VEHICLES)
    agree(found, {("vehicles", str(row["id"])): vehicle(row) for row in rows})
    assert len(found) == 2145
    schemes = Counter(one["scheme"] for node in found.values() for one in node["identifiers"])
    assert schemes["LICENSE_PLATE"] + schemes["BICYCODE"] == 1799
    assert schemes["BICYCODE"] == 309
    assert sum(node["custodian"] is not None for node in found.values()) == 1258
    assert sum(node["odometerKm"] is not None for node in found.values()) == 1494
    unknown = sum(row["vin_sn"] == "?" for row in rows)
    assert unknown == 387
    assert counted(nodes.values()) == {("PLACEHOLDER_VALUE", "identifiers.value"): unknown}


async def test_every_employee(gateway: Gateway, odoo: str) -> None:
    text = """
        displayName identifiers { scheme value } email phone birthDate employment employedFrom employedUntil active
        jobTitle department roles manager { id } site { id } updatedAt
    """
    nodes = await whole(gateway, "odoo", "people", text, issues=True)
    found = {key: with_keys(node) for key, node in nodes.items()}
    agree(found, {("employees", str(row["id"])): employee(row) for row in await records(odoo, EMPLOYEES)})
    assert len(found) == 640
    assert counted(nodes.values()) == {}


async def test_every_site(gateway: Gateway) -> None:
    text = "name path kind address { lines postcode city region country } timeZone position { lat lon }"
    found = await whole(gateway, "odoo", "sites", text, issues=True)
    nowhere = {"lines": None, "postcode": None, "city": None, "region": None, "country": None}
    street = {"lines": ["250 Executive Park Blvd, Suite 3400"], "postcode": "94134", "city": "San Francisco"}
    there = {**street, "region": "California", "country": "US"}
    owner, other = "Coopérative Cyclologistique du Rhône (SCIC SA)", "Régie Vélo-Poste"
    floor = "Building 1, Second Floor"
    wanted: dict[Key, Node] = {
        ("companies", "1"): {"name": owner, "path": [owner], "kind": "OTHER", "address": there, "timeZone": None},
        ("companies", "2"): {"name": other, "path": [other], "address": nowhere, "timeZone": "Europe/Brussels"},
        ("workplaces", "1"): {"name": floor, "path": [owner, floor], "kind": "OFFICE", "address": there},
    }
    agree(found, wanted)
    assert all(node["position"] is None for node in found.values()), "no installation of the demonstration has one"
    assert counted(found.values()) == {}


async def test_every_policy(gateway: Gateway, odoo: str) -> None:
    text = "number insurer holder holderPartner { code } status sourceStatus start end"
    found = await whole(gateway, "odoo", "policies", text, issues=True)
    agree(found, {("contracts", str(row["id"])): policy(row) for row in await records(odoo, CONTRACTS)})
    lies = Counter((node["sourceStatus"], node["status"]) for node in found.values())
    assert lies == {
        ("open", "IN_FORCE"): 1311,
        ("open", "EXPIRED"): 773,
        ("expired", "EXPIRED"): 209,
        ("expired", "IN_FORCE"): 275,
        ("futur", "IN_FORCE"): 87,
        ("futur", "EXPIRED"): 53,
        ("futur", "UNKNOWN"): 4,
        ("closed", "CANCELLED"): 297,
    }
    assert counted(found.values()) == {}


async def test_every_coverage(gateway: Gateway, odoo: str) -> None:
    text = """
        kind label policy { id } start end insuredAssets { scope listed(first: 10) { nodes { id } } }
        territories { scope included excluded } limits { basis rule unlimited amount { amount currency } appliesTo }
        deductibles { kind amount { amount currency } } unparsedTerms
    """
    nodes = await whole(gateway, "odoo", "coverages", text, issues=True)
    found = {key: coverage_seen(node) for key, node in nodes.items()}
    rows = [row for row in await records(odoo, CONTRACTS) if row["state"] != "closed"]
    agree(found, {("coverages", str(row["id"])): coverage(row) for row in rows})
    gone = sum(row["vehicle"] is None for row in rows)
    assert counted(nodes.values()) == {("DANGLING_REFERENCE", "insuredAssets.listed"): gone}


async def test_coverages_in_force(gateway: Gateway, odoo: str) -> None:
    found = await whole(gateway, "odoo", "coverages", "kind", f', at: "{NOON.isoformat()}"')
    rows = await records(odoo, CONTRACTS)
    wanted = {
        ("coverages", str(row["id"]))
        for row in rows
        if row["state"] != "closed"
        and row["start_date"] <= TODAY
        and (row["expiration_date"] is None or row["expiration_date"] >= TODAY)
    }
    assert found.keys() == wanted
    assert len(found) == 1705


async def test_what_each_employee_may_use(gateway: Gateway, odoo: str) -> None:
    text = "authorisations { grantor { code } asset { id } onDuty start end }"
    people = await whole(gateway, "odoo", "people", text)
    found = Counter(
        (person[1], key_of(one["asset"]), one["onDuty"], one["start"], one["end"])
        for person, node in people.items()
        for one in node["authorisations"] or ()
    )
    wanted = Counter(
        (
            str(person),
            ("vehicles", str(vehicle)),
            True if barred else None,
            midnight(since),
            midnight(until, 1),
        )
        for person, vehicle, since, until, barred in await query(odoo, ASSIGNMENTS)
    )
    assert found == wanted
    assert found.total() == 1258


FILTERED = {  # list and filter -> the same in SQL
    ("assets", "{odometerKm: {gt: 200000}}"): f"""
        (select distinct on (o.vehicle_id) o.vehicle_id, o.value from fleet_vehicle_odometer o
         order by o.vehicle_id, o.date desc, o.id desc) latest
        join fleet_vehicle v on v.id = latest.vehicle_id and v.active
        where latest.value * case v.odometer_unit when 'miles' then {MILE} else 1 end > 200000
    """,
    ("assets", '{tags: {has: "À vendre"}, kind: {eq: VAN}}'): """
        fleet_vehicle v join fleet_vehicle_vehicle_tag_rel r on r.vehicle_tag_id = v.id
        join fleet_vehicle_tag t on t.id = r.tag_id and t.name ->> 'fr_FR' = 'À vendre'
        join fleet_vehicle_model m on m.id = v.model_id and m.name in ('Berlingo', 'Caddy Cargo', 'Kangoo E-Tech',
            'Master', 'Partner', 'Sprinter 314', 'Transit Custom', 'e-Expert', 'ë-Jumpy')
        where v.active
    """,
    ("assets", "{custodian: {active: {eq: false}}}"): """
        fleet_vehicle v join hr_employee e on e.address_home_id = v.driver_id where v.active and not e.active
    """,
    ("coverages", '{limits: {some: {amount: {amount: {ge: "10000"}}}}, kind: {eq: GOODS_IN_TRANSIT}}'): """
        fleet_vehicle_log_contract c join fleet_service_type t on t.id = c.cost_subtype_id
        where c.active and c.state <> 'closed' and t.name ->> 'en_US' = 'Marchandises transportées'
        and c.notes like '%Plafond marchandises 10 000 EUR%'
    """,
    ("coverages", '{territories: {included: {has: "GB"}}}'): """
        fleet_vehicle_log_contract c join fleet_service_type t on t.id = c.cost_subtype_id
        where c.active and c.state <> 'closed' and t.name ->> 'en_US' <> 'Leasing' and c.notes like '%, UK%'
    """,
    ("people", "{roles: {has: DRIVER}}"): """
        hr_employee e where exists (select * from fleet_vehicle v where v.active and v.driver_id = e.address_home_id)
    """,
}


@pytest.mark.parametrize(("asked", "told"), FILTERED.items(), ids=[text for _, text in FILTERED])
async def test_filters_find_what_sql_finds(gateway: Gateway, odoo: str, asked: tuple[str, str], told: str) -> None:
    field, condition = asked
    data = await gateway.data(f"{{ {field}(first: 1, filter: {condition}) {{ totalCount }} }}", partner="odoo")
    wanted = (await query(odoo, f"select count(*) from {told}"))[0][0]
    assert data[field]["totalCount"] == wanted > 0


def vehicle(row: Node) -> Node:
    """What SQL says of a vehicle, in the words of the graph."""
    status = STATUSES.get(row["state"])
    if row["state"] == "Registered":
        status = "AVAILABLE" if row["driver_id"] is None else "IN_USE"
    motor = row["vehicle_type"] == "car"
    told = {"colour": row["color"], "location": tidy(row["location"]), "transmission": row["transmission"]}
    told["available_from"] = row["free"] and row["free"].isoformat()
    unit = MILE if row["odometer_unit"] == "miles" else 1
    lent = "Prêt week-end OK" in (row["tags"] or ())
    return {
        "name": tidy(row["name"]),
        "kind": next(kind for kind, models in KINDS.items() if row["model"] in models),
        "sourceKind": row["vehicle_type"],
        "status": status,
        "sourceStatus": row["state_shown"],
        "description": told_plainly(row["description"]),
        "identifiers": list(identifiers(row, motor)),
        "manufacturer": row["maker"],
        "model": row["model"],
        "modelYear": None,
        "propulsion": row["fuel_type"].upper() if motor and row["fuel_type"] else None,
        "seats": row["seats"] or None,
        "odometerKm": None if row["reading"] is None else round(row["reading"] * unit, 3),
        "inServiceDate": row["acquisition_date"] and row["acquisition_date"].isoformat(),
        "value": {"amount": plain(row["car_value"]), "currency": row["currency"]} if row["car_value"] else None,
        "site": row["company"] and ("companies", str(row["company"])),
        "custodian": row["driver"] and ("employees", str(row["driver"])),
        "lendable": True if lent else None,
        "lendingWindows": WEEKEND if lent else None,
        "tags": row["tags"] or [],
        "attributes": {name: value for name, value in told.items() if value} or None,
        "updatedAt": moment(row["changed"]),
    }


def identifiers(row: Node, motor: bool) -> Iterator[Node]:
    plate, number = row["license_plate"], row["vin_sn"]
    if plate and plate.startswith("BICYCODE"):
        yield {"scheme": "BICYCODE", "value": plate, "country": None}
    elif plate:
        yield {"scheme": "LICENSE_PLATE", "value": plate, "country": "BE" if plate.startswith("1-") else "FR"}
    if number and number != "?":
        yield {"scheme": "VIN" if motor else "SERIAL", "value": number, "country": None}


def employee(row: Node) -> Node:
    schemes = {"EMPLOYEE_NO": "barcode", "EMAIL": "work_email", "USERNAME": "login"}
    place = ("workplaces", row["work_location_id"]) if row["work_location_id"] else ("companies", row["company_id"])
    return {
        "displayName": tidy(row["name"]),
        "identifiers": [
            {"scheme": name, "value": row[column].strip()} for name, column in schemes.items() if row[column]
        ],
        "email": tidy(row["work_email"]),
        "phone": row["work_phone"] or row["mobile_phone"],
        "birthDate": None,
        "employment": EMPLOYMENT.get(row["employee_type"], "CONTRACTOR"),
        "employedFrom": row["first_contract_date"] and row["first_contract_date"].isoformat(),
        "employedUntil": row["leaves"] and row["leaves"].isoformat(),
        "active": row["active"],
        "jobTitle": row["job_title"],
        "department": row["department"],
        "roles": ["DRIVER"] * row["drives"] + ["MANAGER"] * row["leads"],
        "manager": row["parent_id"] and ("employees", str(row["parent_id"])),
        "site": (place[0], str(place[1])),
        "updatedAt": moment(row["changed"]),
    }


def policy(row: Node) -> Node:
    start, end = row["start_date"], row["expiration_date"]
    if row["state"] == "closed":
        status = "CANCELLED"
    elif start > TODAY:
        status = "FUTURE"
    elif end is not None:
        status = "IN_FORCE" if end >= TODAY else "EXPIRED"
    else:  # no date decides
        status = {"open": "IN_FORCE", "expired": "EXPIRED", "futur": "UNKNOWN"}[row["state"]]
    return {
        "number": tidy(row["ins_ref"]),
        "insurer": tidy(row["insurer"]),
        "holder": row["holder"],
        "holderPartner": {"code": "odoo"},
        "status": status,
        "sourceStatus": row["state"],
        "start": midnight(start),
        "end": midnight(end, 1),
    }


def coverage(row: Node) -> Node:
    notes = row["notes"] or ""
    money = re.search(r"Plafond marchandises ([\d ]+) EUR, franchise ([\d ]+) EUR", notes)
    unknown = {"basis": "UNKNOWN", "rule": "UNKNOWN", "unlimited": False, "appliesTo": "marchandises"}
    limits = [{"amount": euros(money[1]), **unknown}] if money else None
    where = {"scope": "LISTED", "included": ["EU", "CH", "GB"], "excluded": None}
    return {
        "kind": GUARANTEES[row["guarantee"]],
        "label": row["guarantee"],
        "policy": ("contracts", str(row["id"])),
        "start": midnight(row["start_date"]),
        "end": midnight(row["expiration_date"], 1),
        "insured": ("LISTED", [("vehicles", str(row["vehicle"]))] if row["vehicle"] else []),
        "territories": where if "UE, CH, UK" in notes else {"scope": "UNKNOWN", "included": None, "excluded": None},
        "limits": limits,
        "deductibles": [{"kind": "FIXED", "amount": euros(money[2])}] if money else None,
        "unparsedTerms": None,
    }


def coverage_seen(node: Node) -> Node:
    for part in (*(node["limits"] or ()), *(node["deductibles"] or ())):
        part["amount"]["amount"] = plain(part["amount"]["amount"])
    insured = node["insuredAssets"]
    return {
        **with_keys(node),
        "insured": (insured["scope"], [key_of(one) for one in insured["listed"]["nodes"]]),
    }


def vehicle_seen(node: Node) -> Node:
    found = with_keys(node)
    found["odometerKm"] = found["odometerKm"] and round(found["odometerKm"], 3)
    if found["value"]:
        found["value"] = {**found["value"], "amount": plain(found["value"]["amount"])}
    return found


def with_keys(node: Node) -> Node:
    """A record whose edges are the keys of what they lead to."""
    return {name: key_of(value) if isinstance(value, dict) and "id" in value else value for name, value in node.items()}


def told_plainly(rich: str | None) -> str | None:
    """Rich text without its paragraph marks."""
    return None if rich is None else tidy(rich.removeprefix("<p>").removesuffix("</p>"))


def euros(text: str) -> Node:
    return {"amount": text.replace(" ", ""), "currency": "EUR"}


def midnight(day: date | None, later: int = 0) -> str | None:
    """The begin of a day in Paris, or of one some days later."""
    if day is None:
        return None
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Paris")) + timedelta(days=later)
    return moment(begin.timestamp())


def plain(amount: Any) -> str:
    """A number without zeros behind its fraction."""
    return f"{Decimal(str(amount)).normalize():f}"
