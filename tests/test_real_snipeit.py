"""Snipe-IT mapped by docs/examples/snipeit.toml: every row and field against plain SQL on the same database."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.gateways import Gateway, running
from tests.real_lists import NOON, Key, Node, agree, counted, key_of, moment, tidy, whole
from tests.real_systems import EXAMPLES, query, records

TODAY = date(2026, 11, 20)
# What a model is: read off the list of models by a person.
MODELS = {  # kind, what makes it go
    "208": ("CAR", None),
    "AM 22 transpalette": ("TOOL", None),
    "Apple iPad 10": ("TABLET", None),
    "Bosch GBH 2-28": ("TOOL", None),
    "Caddy Cargo": ("VAN", None),
    "Citroën Berlingo": ("VAN", None),
    "Decathlon R500 E longtail": ("BICYCLE", None),
    "Douze Cycles G4e": ("CARGO_BIKE", None),
    "Family": ("CARGO_BIKE", None),
    "Gazelle Orange C8": ("BICYCLE", None),
    "HP EliteDesk 800 G6": ("DESKTOP", None),
    "Hilti TE 30-A36 perforateur": ("TOOL", None),
    "Kangoo E-Tech": ("VAN", "ELECTRIC"),
    "Kärcher HD 5/15 C": ("TOOL", None),
    "Latitude 5440": ("LAPTOP", None),
    "Lenovo ThinkPad T14 Gen 3": ("LAPTOP", None),
    "MS 261 C-M": ("TOOL", None),
    "Makita DHP486": ("TOOL", None),
    "Master": ("VAN", None),
    "Partner": ("VAN", None),
    "Peugeot eLC01": ("BICYCLE", None),
    "Riese & Müller Load 75": ("CARGO_BIKE", None),
    "Samsung Galaxy XCover6 Pro": ("PHONE", None),
    "Spring": ("CAR", "ELECTRIC"),
    "Sprinter 314": ("VAN", None),
    "Toyota Yaris Hybride": ("CAR", "HYBRID"),
    "Transit Custom": ("VAN", None),
    "Zebra TC57 terminal": ("HANDHELD", None),
    "Zoé": ("CAR", "ELECTRIC"),
    "e-Expert": ("VAN", "ELECTRIC"),
    "ë-Jumpy": ("VAN", "ELECTRIC"),
}
STATUSES = {
    "Pending": "IN_STOCK",
    "Archived": "RETIRED",
    "En service": "IN_USE",
    "En réparation": "MAINTENANCE",
    "Volé / perdu": "LOST",
    "Immobilisé \u2013 défaut d'assurance": "OUT_OF_SERVICE",
    "Commandé": "ON_ORDER",
}
NO_SERIAL = ("", "n/c", "N/A", "-", "XXXXXXX", "0000000")
PLATE, POLICY = "_snipeit_immatriculation_2", "_snipeit_n_de_police_dassurance_3"
GOODS, INSPECTED = "_snipeit_garantie_marchandises_eur_4", "_snipeit_date_controle_technique_5"
PRIVATE = "_snipeit_usage_prive_autorise_6"

# The session's zone is UTC for the gateway; here times are read as they stand.
ASSETS = f"""
    select a.id, a.name, a.asset_tag, a.serial, a.notes, a.assigned_to, a.assigned_type, a.requestable,
           a.purchase_cost, nullif(concat(a.purchase_date), '0000-00-00') bought, a.warranty_months,
           sites.id site, unix_timestamp(a.updated_at) changed,
           a.{PLATE} plate, a.{POLICY} policy, a.{GOODS} goods, a.{INSPECTED} inspected, a.{PRIVATE} private,
           m.name model, c.name category, f.name maker, l.name label, o.name company, s.name supplier,
           u.id person, b.id whole, a.order_number,
           (select r.title from asset_maintenances r where r.asset_id = a.id and r.completion_date is null
            and r.deleted_at is null order by r.start_date desc, r.id desc limit 1) open_maintenance
    from assets a
    left join models m on m.id = a.model_id
    left join categories c on c.id = m.category_id
    left join manufacturers f on f.id = m.manufacturer_id
    left join status_labels l on l.id = a.status_id
    left join companies o on o.id = a.company_id
    left join suppliers s on s.id = a.supplier_id
    left join users u on u.id = a.assigned_to and a.assigned_type like '%User' and u.deleted_at is null
    left join assets b on b.id = a.assigned_to and a.assigned_type like '%Asset' and b.deleted_at is null
    left join locations sites on sites.id = coalesce(a.rtd_location_id, a.location_id) and sites.deleted_at is null
    where a.deleted_at is null
"""
PEOPLE = """
    select u.id, u.first_name, u.last_name, u.username, u.employee_num, u.email, u.phone, u.jobtitle, d.name department,
           u.activated, u.start_date, u.end_date, unix_timestamp(u.updated_at) changed, m.id manager, l.id site,
           exists (select * from assets a where a.assigned_to = u.id and a.assigned_type like '%User'
                   and a.deleted_at is null) keeps,
           exists (select * from users o where o.manager_id = u.id and o.deleted_at is null) leads
    from users u
    left join departments d on d.id = u.department_id
    left join users m on m.id = u.manager_id and m.deleted_at is null
    left join locations l on l.id = u.location_id and l.deleted_at is null
    where u.deleted_at is null
"""
SITES = """
    select l.id, l.name, p.name parent, l.address, l.address2, l.zip, l.city, l.country
    from locations l left join locations p on p.id = l.parent_id where l.deleted_at is null
"""
REQUESTS = """
    select r.id, a.id asset, u.id person, r.canceled_at is not null cancelled,
           timestampdiff(second, '1970-01-01', r.fulfilled_at) handed
    from checkout_requests r
    left join assets a on a.id = r.requestable_id and a.deleted_at is null
    left join users u on u.id = r.user_id and u.deleted_at is null
"""
CHECKOUTS = f"""
    select a.id, a.assigned_to, timestampdiff(second, '1970-01-01', a.last_checkout),
           nullif(concat(a.expected_checkin), '0000-00-00'), a.{PRIVATE}
    from assets a join users u on u.id = a.assigned_to and u.deleted_at is null
    where a.assigned_type like '%User' and a.deleted_at is null and a.archived = 0
"""


@pytest.fixture(scope="module")
async def gateway(snipeit: str) -> AsyncIterator[Gateway]:
    text = (EXAMPLES / "snipeit.toml").read_text("utf-8")
    async with running({"snipeit": text}, {"SNIPEIT_URL": snipeit}) as found:
        found.federation.runtime.clock = lambda: NOON
        yield found


async def test_every_asset(gateway: Gateway, snipeit: str) -> None:
    text = """
        name kind sourceKind status sourceStatus description identifiers { scheme value country } manufacturer model
        propulsion purchaseDate inspectionDueDate value { amount currency } site { id } custodian { id } partOf { id }
        lendable lendingWindows { startDay start endDay end timeZone } attributes updatedAt
    """
    nodes = await whole(gateway, "snipeit", "assets", text, issues=True)
    found = {key: with_keys(node) for key, node in nodes.items()}
    rows = await records(snipeit, ASSETS)
    agree(found, {("assets", str(row["id"])): asset(row) for row in rows})
    assert len(found) == 2452
    told = [row["plate"] for row in rows if (row["plate"] or "").strip() not in ("", "?")]
    assert len(told) == 1349 == plates(found) + told.count("en cours")
    unknown = [row["serial"] for row in rows if (row["serial"] or "").strip() in NO_SERIAL[1:]]
    unknown += [row["plate"] for row in rows if (row["plate"] or "").strip() in ("?", "en cours")]
    assert len(unknown) == 73
    assert counted(nodes.values()) == {
        ("PLACEHOLDER_VALUE", "identifiers.value"): len(unknown),
        ("ZERO_DATE", "purchaseDate"): 36,
        ("DANGLING_REFERENCE", "site"): 124,
        ("DANGLING_REFERENCE", "custodian"): 140,
        ("DANGLING_REFERENCE", "partOf"): 6,
    }


async def test_every_person(gateway: Gateway, snipeit: str) -> None:
    text = """
        displayName givenName familyName identifiers { scheme value } email phone active employedFrom employedUntil
        jobTitle department roles manager { id } site { id } updatedAt
    """
    nodes = await whole(gateway, "snipeit", "people", text, issues=True)
    found = {key: with_keys(node) for key, node in nodes.items()}
    agree(found, {("users", str(row["id"])): person(row) for row in await records(snipeit, PEOPLE)})
    assert len(found) == 669
    assert sum(node["active"] for node in found.values()) == 532
    assert counted(nodes.values()) == {("DANGLING_REFERENCE", "manager"): 51, ("DANGLING_REFERENCE", "site"): 25}


async def test_every_site(gateway: Gateway, snipeit: str) -> None:
    text = "name path kind address { lines postcode city region country }"
    found = await whole(gateway, "snipeit", "sites", text, issues=True)
    agree(found, {("locations", str(row["id"])): site(row) for row in await records(snipeit, SITES)})
    assert len(found) == 48
    assert counted(found.values()) == {}


async def test_every_coverage(gateway: Gateway, snipeit: str) -> None:
    text = """
        kind label policy { id number } insuredAssets { scope listed(first: 10) { nodes { id } } }
        limits { basis rule unlimited amount { amount currency } appliesTo }
    """
    nodes = await whole(gateway, "snipeit", "coverages", text, issues=True)
    found = {key: coverage_seen(node) for key, node in nodes.items()}
    wanted: dict[tuple[str, str], Node] = {}
    for row in await records(snipeit, ASSETS):
        key = str(row["id"])
        if row["policy"]:
            wanted["insured", key] = insured(row)
        if goods_limit(row):
            wanted["goods", key] = carried(row)
    agree(found, wanted)
    amounts = Counter(node["limits"][0]["amount"]["amount"] for (place, _), node in found.items() if place == "goods")
    assert amounts == {"10000": 809, "5000": 188}
    assert Counter(place for place, _ in found) == {"insured": 1288, "goods": 997}
    assert counted(nodes.values()) == {}


async def test_every_policy(gateway: Gateway, snipeit: str) -> None:
    text = "number holderPartner { code } status coverages(first: 1) { totalCount }"
    found = await whole(gateway, "snipeit", "policies", text, issues=True)
    rows = [row for row in await records(snipeit, ASSETS) if row["policy"]]
    coverages = Counter[str]()
    for row in rows:
        coverages[row["policy"]] += 2 if goods_limit(row) else 1
    wanted = {
        ("policies", number): {
            "number": number,
            "holderPartner": {"code": "snipeit"},
            "coverages": {"totalCount": count},
        }
        for number, count in coverages.items()
    }
    agree(found, wanted)
    assert len(found) == 3, "two policies, one of them in two spellings"
    assert counted(found.values()) == {}


async def test_every_booking(gateway: Gateway, snipeit: str) -> None:
    nodes = await whole(gateway, "snipeit", "bookings", "start end status asset { id } bookedFor { id }", issues=True)
    found = {key: with_keys(node) for key, node in nodes.items()}
    agree(found, {("requests", str(row["id"])): request(row) for row in await records(snipeit, REQUESTS)})
    assert Counter(node["status"] for node in found.values()) == {"REQUESTED": 125, "CHECKED_OUT": 110, "CANCELLED": 65}
    assert counted(nodes.values()) == {("DANGLING_REFERENCE", "asset"): 20, ("DANGLING_REFERENCE", "bookedFor"): 21}


async def test_what_each_person_may_use(gateway: Gateway, snipeit: str) -> None:
    text = "authorisations { grantor { code } asset { id } uses onDuty start end }"
    people = await whole(gateway, "snipeit", "people", text)
    found = {
        (person[1], key_of(one["asset"]), tuple(one["uses"] or ()), one["onDuty"], one["start"], one["end"])
        for person, node in people.items()
        for one in node["authorisations"] or ()
    }
    wanted = {
        (str(user), ("assets", str(key)), *allowed(private), moment(since), after(back))
        for key, user, since, back, private in await query(snipeit, CHECKOUTS)
    }
    assert found == wanted


FILTERED = {  # list and filter -> the same in SQL
    ("coverages", '{kind: {eq: GOODS_IN_TRANSIT}, limits: {some: {amount: {amount: {eq: "10000"}}}}}'): f"""
        assets where deleted_at is null and {GOODS} in ('10 000', '10.000,00', '10000', '10k')
    """,
    ("assets", '{coverages: {some: {limits: {some: {amount: {amount: {ge: "10000"}}}}}}}'): f"""
        assets where deleted_at is null and {GOODS} in ('10 000', '10.000,00', '10000', '10k')
    """,
    ("assets", '{kind: {in: [VAN, CAR]}, inspectionDueDate: {lt: "2027-01-01"}}'): f"""
        assets a join models m on m.id = a.model_id and m.category_id in (1, 2)
        where a.deleted_at is null
        and 2025 > if({INSPECTED} like '%/%', substr({INSPECTED}, 7), substr({INSPECTED}, 1, 4))
    """,
    ("assets", "{custodian: {active: {eq: false}}}"): """
        assets a join users u on u.id = a.assigned_to and a.assigned_type like '%User' and u.deleted_at is null
        where a.deleted_at is null and (u.activated = 0 or u.end_date < '2026-11-20')
    """,
    ("people", "{roles: {has: MANAGER}, employedUntil: {isNull: true}}"): """
        users u where deleted_at is null and end_date is null
        and id in (select manager_id from users where deleted_at is null)
    """,
    ("sites", '{path: {has: "Site Gent"}, kind: {eq: ROOM}}'): """
        locations l join locations p on p.id = l.parent_id and p.name = 'Site Gent' where l.deleted_at is null
    """,
}


@pytest.mark.parametrize(("asked", "told"), FILTERED.items(), ids=[text for _, text in FILTERED])
async def test_filters_find_what_sql_finds(gateway: Gateway, snipeit: str, asked: tuple[str, str], told: str) -> None:
    field, condition = asked
    data = await gateway.data(f"{{ {field}(first: 1, filter: {condition}) {{ totalCount }} }}", partner="snipeit")
    wanted = (await query(snipeit, f"select count(*) from {told}"))[0][0]
    assert data[field]["totalCount"] == wanted > 0


async def test_a_plate_is_found_in_any_spelling(gateway: Gateway) -> None:
    text = 'query { assetBy(scheme: LICENSE_PLATE, value: "GK085HV") { nodes { id name } } }'
    found = (await gateway.data(text, partner="snipeit"))["assetBy"]["nodes"]
    assert [(key_of(node), node["name"]) for node in found] == [(("assets", "1"), "VUL 382")]


async def test_names_are_in_order_page_by_page(gateway: Gateway) -> None:
    found = await whole(gateway, "snipeit", "assets", "name", ", orderBy: [{field: NAME}]")
    names = [node["name"] for node in found.values()]
    assert names == sorted(names)
    assert len(names) == 2452


def asset(row: Node) -> Node:
    """What SQL says of an asset, in the words of the graph."""
    kind, propulsion = MODELS.get(row["model"], ("OTHER", None))
    motor = row["category"] in ("Véhicules utilitaires", "Véhicules légers")
    status = STATUSES.get(row["label"])
    if row["label"] == "Ready to Deploy":
        status = "AVAILABLE" if row["assigned_to"] is None else "IN_USE"
    weekend = [{"startDay": "SAT", "start": "00:00", "endDay": "MON", "end": "00:00", "timeZone": "Europe/Paris"}]
    told = {name: row[name] for name in ("company", "supplier", "order_number", "open_maintenance") if row[name]}
    if row["plate"] == "en cours":
        told["registration"] = "en cours"
    if row["warranty_months"]:
        told["warranty_months"] = row["warranty_months"]
    return {
        "name": tidy(row["name"]) or tidy(f"{row['model'] or ''} {row['asset_tag']}"),
        "kind": kind,
        "sourceKind": row["category"],
        "status": status,
        "sourceStatus": row["label"],
        "description": row["notes"] or None,
        "identifiers": list(identifiers(row, motor)),
        "manufacturer": row["maker"],
        "model": row["model"],
        "propulsion": propulsion,
        "purchaseDate": row["bought"],
        "inspectionDueDate": in_two_years(row["inspected"]) if motor else None,
        "value": {"amount": plain(row["purchase_cost"]), "currency": "EUR"} if row["purchase_cost"] else None,
        "site": row["site"] and ("locations", str(row["site"])),
        "custodian": row["person"] and ("users", str(row["person"])),
        "partOf": row["whole"] and ("assets", str(row["whole"])),
        "lendable": bool(row["requestable"]),
        "lendingWindows": weekend if "week-end" in (row["notes"] or "") else None,
        "attributes": told or None,
        "updatedAt": moment(row["changed"]),
    }


def identifiers(row: Node, motor: bool) -> Iterator[Node]:
    yield {"scheme": "ASSET_TAG", "value": row["asset_tag"], "country": None}
    plate, serial = (row["plate"] or "").strip(), (row["serial"] or "").strip()
    if plate not in ("", "?", "en cours"):
        yield {"scheme": "LICENSE_PLATE", "value": plate, "country": "BE" if plate.startswith("1-") else "FR"}
    if serial not in NO_SERIAL:
        yield {"scheme": "VIN" if motor else "SERIAL", "value": serial, "country": None}


def plates(found: Mapping[Key, Node]) -> int:
    return sum(one["scheme"] == "LICENSE_PLATE" for node in found.values() for one in node["identifiers"])


def person(row: Node) -> Node:
    given, family = tidy(row["first_name"]), tidy(row["last_name"])
    schemes = {"USERNAME": "username", "EMPLOYEE_NO": "employee_num", "EMAIL": "email"}
    gone = row["end_date"] is not None and row["end_date"] < TODAY
    return {
        "displayName": tidy(f"{given or ''} {family or ''}"),
        "givenName": given,
        "familyName": family,
        "identifiers": [{"scheme": name, "value": row[column]} for name, column in schemes.items() if row[column]],
        "email": row["email"] or None,
        "phone": row["phone"] or None,
        "active": bool(row["activated"]) and not gone,
        "employedFrom": row["start_date"] and row["start_date"].isoformat(),
        "employedUntil": row["end_date"] and row["end_date"].isoformat(),
        "jobTitle": row["jobtitle"] or None,
        "department": row["department"],
        "roles": ["CUSTODIAN"] * row["keeps"] + ["MANAGER"] * row["leads"],
        "manager": row["manager"] and ("users", str(row["manager"])),
        "site": row["site"] and ("locations", str(row["site"])),
        "updatedAt": moment(row["changed"]),
    }


def site(row: Node) -> Node:
    lines = [line for line in (row["address"], row["address2"]) if line]
    country = {"France": "FR", "FR": "FR", "fr": "FR", "BE": "BE"}.get(row["country"])
    address = {"lines": lines or None, "postcode": row["zip"], "city": row["city"], "region": None, "country": country}
    return {
        "name": row["name"],
        "path": [row["parent"], row["name"]] if row["parent"] else [row["name"]],
        "kind": "ROOM" if row["parent"] else "OTHER",
        "address": address,
    }


def goods_limit(row: Node) -> str | None:
    """The five spellings that there are, as numbers."""
    return {"10 000": "10000", "10.000,00": "10000", "10000": "10000", "10k": "10000", "5000": "5000"}.get(row["goods"])


def insured(row: Node) -> Node:
    motor = row["category"] in ("Véhicules utilitaires", "Véhicules légers")
    return {
        "kind": "THIRD_PARTY_LIABILITY" if motor else "OTHER",
        "policy": row["policy"],
        "assets": ("LISTED", [("assets", str(row["id"]))]),
        "limits": None,
    }


def carried(row: Node) -> Node:
    limit = {"amount": goods_limit(row), "currency": "EUR"}
    unknown = {"basis": "UNKNOWN", "rule": "UNKNOWN", "unlimited": False, "appliesTo": None}
    return {
        "kind": "GOODS_IN_TRANSIT",
        "policy": row["policy"],
        "assets": ("LISTED", [("assets", str(row["id"]))]),
        "limits": [{"amount": limit, **unknown}],
    }


def coverage_seen(node: Node) -> Node:
    for limit in node["limits"] or ():
        limit["amount"]["amount"] = plain(limit["amount"]["amount"])
    listed = [key_of(one) for one in node["insuredAssets"]["listed"]["nodes"]]
    return {
        "kind": node["kind"],
        "policy": node["policy"] and node["policy"]["number"],
        "assets": (node["insuredAssets"]["scope"], listed),
        "limits": node["limits"],
    }


def request(row: Node) -> Node:
    status = "CANCELLED" if row["cancelled"] else "REQUESTED" if row["handed"] is None else "CHECKED_OUT"
    return {
        "asset": row["asset"] and ("assets", str(row["asset"])),
        "bookedFor": row["person"] and ("users", str(row["person"])),
        "start": moment(row["handed"]),
        "end": None,
        "status": status,
    }


def allowed(private: str | None) -> tuple[tuple[str, ...], bool | None]:
    """Uses, and whether only on duty."""
    match private:
        case "Oui":
            return ("BUSINESS", "PRIVATE"), False
        case "Non":
            return ("BUSINESS",), True
    return (), None


def after(day: str | None) -> str | None:
    """The end of a day in Paris."""
    if day is None:
        return None
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Paris")) + timedelta(days=1)
    return moment(midnight.timestamp())


def in_two_years(text: str | None) -> str | None:
    """The day two years after one written as 21/05/2024 or 2024-05-21."""
    if text is None:
        return None
    year, month, day = text.split("/")[::-1] if "/" in text else text.split("-")
    return f"{int(year) + 2}-{month}-{'28' if (month, day) == ('02', '29') else day}"


def plain(amount: Any) -> str:
    """A number without zeros behind its fraction."""
    return f"{Decimal(amount).normalize():f}"


def with_keys(node: Node) -> Node:
    """A record whose edges are the keys of what they lead to, and whose amount is plain."""
    found: Node = {
        name: key_of(value) if isinstance(value, dict) and "id" in value else value for name, value in node.items()
    }
    if found.get("value"):
        found["value"] = {**found["value"], "amount": plain(found["value"]["amount"])}
    return found
