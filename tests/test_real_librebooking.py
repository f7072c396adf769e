"""LibreBooking mapped by docs/examples/librebooking.toml: every row and field against plain SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tests.gateways import Gateway, running
from tests.real_lists import NOON, Node, agree, counted, key_of, moment, tidy, whole
from tests.real_systems import EXAMPLES, query

# What a resource is, by the first word of its name or its whole name without its number: told by a person.
ROOMS = ("Amphi", "Atelier", "Box", "Conference", "Cuisine", "Salle")
VEHICLES = {  # kind, what makes it go, maker, model
    "Citroën Berlingo": ("VAN", None, "Citroën", "Berlingo"),
    "Citroën ë-Jumpy": ("VAN", "ELECTRIC", "Citroën", "ë-Jumpy"),
    "Dacia Spring": ("CAR", "ELECTRIC", "Dacia", "Spring"),
    "Decathlon R500 E longtail": ("BICYCLE", None, "Decathlon", "R500 E longtail"),
    "Douze Cycles G4e": ("CARGO_BIKE", None, "Douze Cycles", "G4e"),
    "Ford Transit Custom": ("VAN", None, "Ford", "Transit Custom"),
    "Gazelle Orange C8": ("BICYCLE", None, "Gazelle", "Orange C8"),
    "Mercedes-Benz Sprinter 314": ("VAN", None, "Mercedes-Benz", "Sprinter 314"),
    "Peugeot 208": ("CAR", None, "Peugeot", "208"),
    "Peugeot e-Expert": ("VAN", "ELECTRIC", "Peugeot", "e-Expert"),
    "Peugeot eLC01": ("BICYCLE", None, "Peugeot", "eLC01"),
    "Peugeot Partner": ("VAN", None, "Peugeot", "Partner"),
    "Renault Kangoo E-Tech": ("VAN", "ELECTRIC", "Renault", "Kangoo E-Tech"),
    "Renault Master": ("VAN", None, "Renault", "Master"),
    "Renault Zoé": ("CAR", "ELECTRIC", "Renault", "Zoé"),
    "Riese & Müller Load 75": ("CARGO_BIKE", None, "Riese & Müller", "Load 75"),
    "Toyota Yaris Hybride": ("CAR", "HYBRID", "Toyota", "Yaris Hybride"),
    "Urban Arrow Family": ("CARGO_BIKE", None, "Urban Arrow", "Family"),
    "Volkswagen Caddy Cargo": ("VAN", None, "Volkswagen", "Caddy Cargo"),
}

RESOURCES = """
    select r.resource_id, r.name, r.status_id, r.description, r.location, r.max_participants, r.requires_approval,
           r.min_duration, r.max_duration, r.buffer_time, r.unit_cost, r.additional_properties,
           timestampdiff(second, '1970-01-01', coalesce(r.last_modified, r.date_created)), l.timezone,
           date_format(min(b.start_time), '%H:%i'), date_format(max(b.end_time), '%H:%i')
    from resources r join schedules s using (schedule_id) join layouts l using (layout_id)
    join time_blocks b on b.layout_id = l.layout_id and b.availability_code = 1
    group by r.resource_id
"""
USERS = """
    select u.user_id, u.fname, u.lname, u.username, u.email, u.organization, u.status_id,
           coalesce(unix_timestamp(u.last_modified), timestampdiff(second, '1970-01-01', u.date_created)),
           (select group_concat(g.group_id) from user_groups g where g.user_id = u.user_id)
    from users u
"""
INSTANCES = """
    select i.reservation_instance_id, u.user_id, r.resource_id, s.title, s.status_id,
           timestampdiff(second, '1970-01-01', i.start_date), timestampdiff(second, '1970-01-01', i.end_date)
    from reservation_instances i join reservation_series s using (series_id)
    join reservation_users u on u.reservation_instance_id = i.reservation_instance_id and u.reservation_user_level = 1
    join reservation_resources r on r.series_id = s.series_id
"""
USES = {"Tournée": "DELIVERY_ROUNDS", "Prêt": "LOAN_TO_PARTNER"}


@pytest.fixture(scope="module")
async def gateway(librebooking: str) -> AsyncIterator[Gateway]:
    text = (EXAMPLES / "librebooking.toml").read_text("utf-8")
    async with running({"librebooking": text}, {"LIBREBOOKING_URL": librebooking}) as found:
        found.federation.runtime.clock = lambda: NOON
        yield found


async def test_every_resource(gateway: Gateway, librebooking: str) -> None:
    text = """
        name kind sourceKind status sourceStatus description identifiers { scheme value country } manufacturer model
        propulsion lendable lendingWindows { startDay start endDay end timeZone } bookingUrl attributes
        site { name } updatedAt
    """
    found = await whole(gateway, "librebooking", "assets", text, issues=True)
    wanted = {("resources", str(row[0])): resource(row) for row in await query(librebooking, RESOURCES)}
    assert len(wanted) == 322
    agree(found, wanted)
    assert Counter(node["kind"] for node in found.values()) == {
        "ROOM": 114,
        "VAN": 102,
        "CAR": 43,
        "CARGO_BIKE": 35,
        "BICYCLE": 28,
    }
    assert sum(bool(node["identifiers"]) for node in found.values()) == 101
    assert counted(found.values()) == {}


async def test_every_place(gateway: Gateway, librebooking: str) -> None:
    found = await whole(gateway, "librebooking", "sites", "name kind assets { totalCount }", issues=True)
    rows = await query(librebooking, "select location, count(*) from resources where location is not null group by 1")
    wanted = {
        ("places", name): {"name": name, "kind": "OTHER", "assets": {"totalCount": number}} for name, number in rows
    }
    assert len(wanted) == 10
    agree(found, wanted)
    assert counted(found.values()) == {}


async def test_every_person(gateway: Gateway, librebooking: str) -> None:
    text = """
        displayName givenName familyName identifiers { scheme value } email phone active jobTitle department roles
        updatedAt
    """
    found = await whole(gateway, "librebooking", "people", text, issues=True)
    wanted = {("users", str(row[0])): person(row) for row in await query(librebooking, USERS)}
    assert len(wanted) == 559
    agree(found, wanted)
    assert sum(node["active"] for node in found.values()) == 497
    assert counted(found.values()) == {}


async def test_every_booking(gateway: Gateway, librebooking: str) -> None:
    text = "start end use status asset { id } bookedFor { id }"
    nodes = await whole(gateway, "librebooking", "bookings", text, issues=True)
    found = {key: with_keys(node) for key, node in nodes.items()}
    wanted = {("reservations", str(row[0])): booking(row) for row in await query(librebooking, INSTANCES)}
    assert len(wanted) == 2866
    agree(found, wanted)
    statuses = Counter(node["status"] for node in found.values())
    assert statuses == {"CONFIRMED": 2422, "CANCELLED": 231, "REQUESTED": 213}
    assert counted(nodes.values()) == {}


async def test_what_each_person_may_use(gateway: Gateway, librebooking: str) -> None:
    text = "authorisations { grantor { code } asset { id } assetKind uses start end booking { id } }"
    people = await whole(gateway, "librebooking", "people", text)
    found = {(person[1], *allowed(one)) for person, node in people.items() for one in node["authorisations"] or ()}
    wanted: set[tuple[Any, ...]] = {
        (str(user), f"resources:{resource}", use(title), moment(start), moment(end), f"reservations:{instance}")
        for instance, user, resource, title, status, start, end in await query(librebooking, INSTANCES)
        if status == 1
    }
    permissions = "select user_id, resource_id from user_resource_permissions where permission_type = 0"
    wanted |= {
        (str(user), f"resources:{resource}", None, None, None, None)
        for user, resource in await query(librebooking, permissions)
    }
    assert len(wanted) == 2422 + 4
    assert found == wanted
    grantors = {one["grantor"]["code"] for node in people.values() for one in node["authorisations"] or ()}
    assert grantors == {"librebooking"}


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        (
            "{kind: {in: [VAN, CAR]}, lendable: {eq: false}}",
            lambda a: a["kind"] in ("VAN", "CAR") and not a["lendable"],
        ),
        ('{manufacturer: {eq: "Peugeot"}}', lambda a: a["manufacturer"] == "Peugeot"),
        ('{not: {model: {startsWith: "e"}}}', lambda a: not (a["model"] or "").startswith("e")),
        (
            '{identifiers: {some: {country: {eq: "BE"}}}}',
            lambda a: "BE" in [one["country"] for one in a["identifiers"]],
        ),
        ('{lendingWindows: {some: {end: {gt: "17:30"}}}}', lambda a: True),
    ],
)
async def test_filters_agree_with_the_rows(gateway: Gateway, librebooking: str, condition: str, passes: Any) -> None:
    rows = await query(librebooking, RESOURCES)
    wanted = {("resources", str(row[0])) for row in rows if passes(resource(row))}
    found = await whole(gateway, "librebooking", "assets", "id", f"filter: {condition}")
    assert found.keys() == wanted
    assert wanted


def resource(row: tuple[Any, ...]) -> Node:
    """What SQL says of a resource, in the words of the graph."""
    key, name, status, description, location, seats, approval, least, most, buffer, price, more, changed, *week = row
    stem = name.split(" #")[0]
    kind, propulsion, maker, model = ("ROOM", None, None, None) if stem.split(" ")[0] in ROOMS else VEHICLES[stem]
    plate = None if kind == "ROOM" or more is None else orjson.loads(more).get("licensePlate")
    zone, opens, closes = week
    told = {
        "capacity": seats,
        "requires_approval": bool(approval),
        "min_duration_s": least,
        "max_duration_s": most,
        "buffer_s": buffer,
        "price": None if price is None else str(price),
    }
    return {
        "name": name,
        "kind": kind,
        "status": "AVAILABLE" if status == 1 else "OUT_OF_SERVICE",
        "sourceStatus": ("Hidden", "Available", "Unavailable")[status],
        "description": description,
        "identifiers": plate_of(plate),
        "manufacturer": maker,
        "model": model,
        "propulsion": propulsion,
        "lendable": status == 1,
        "lendingWindows": [
            {"startDay": day, "start": opens, "endDay": day, "end": closes, "timeZone": zone}
            for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
        ],
        "bookingUrl": f"https://reservations.example/Web/reservation.php?rid={key}",
        "attributes": {name: value for name, value in told.items() if value is not None},
        "site": None if location is None else {"name": location},
        "updatedAt": moment(changed),
    }


def use(title: str | None) -> str | None:
    return USES.get((title or "").split(" ")[0])


def plate_of(plate: str | None) -> list[Node]:
    if plate is None:
        return []
    return [{"scheme": "LICENSE_PLATE", "value": plate, "country": "BE" if plate.startswith("1-") else "FR"}]


def person(row: tuple[Any, ...]) -> Node:
    _, given, family, user, mail, organisation, status, changed, groups = row
    roles = {"1": "MANAGER", "2": "OTHER", "3": "CUSTODIAN", "4": "OTHER"}
    return {
        "displayName": tidy(f"{given} {family}"),
        "givenName": given.strip(),
        "familyName": family.strip(),
        "identifiers": [{"scheme": "USERNAME", "value": user}, {"scheme": "EMAIL", "value": mail}],
        "email": mail,
        "phone": None,
        "active": status == 1,
        "jobTitle": None,
        "department": organisation,
        "roles": [roles[group] for group in (groups or "").split(",") if group],
        "updatedAt": moment(changed),
    }


def booking(row: tuple[Any, ...]) -> Node:
    _, user, what, title, status, start, end = row
    return {
        "asset": ("resources", str(what)),
        "bookedFor": ("users", str(user)),
        "start": moment(start),
        "end": moment(end),
        "use": use(title),
        "status": {1: "CONFIRMED", 2: "CANCELLED", 3: "REQUESTED"}[status],
    }


def with_keys(node: Node) -> Node:
    """A record whose edges are the keys of what they lead to."""
    found: dict[str, Any] = {}
    for name, value in node.items():
        found[name] = key_of(value) if isinstance(value, dict) and "id" in value else value
    return found


def allowed(one: Node) -> tuple[Any, ...]:
    uses = one["uses"]
    assert uses is None or len(uses) == 1
    ends = ":".join(key_of(one["asset"])), one["booking"] and ":".join(key_of(one["booking"]))
    return ends[0], uses and uses[0], one["start"], one["end"], ends[1]
