"""GLPI mapped by docs/examples/glpi.toml: every row and field against plain SQL on the same database."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.gateways import ROOMY, Gateway, running
from tests.real_lists import NOON, Node, agree, counted, key_of, moment, tidy, whole
from tests.real_systems import EXAMPLES, GLPI_INSURANCE, GLPI_KINDS, query

PARIS = ZoneInfo("Europe/Paris")
PLACES = {"Peripheral": "peripherals", "Computer": "computers", "Phone": "phones"}
KINDS = {
    "Véhicule utilitaire": "VAN",
    "Véhicule léger": "CAR",
    "Vélo-cargo": "CARGO_BIKE",
    "Vélo": "BICYCLE",
    "Outillage portatif": "TOOL",
    "Remorque": "TRAILER",
    "Portable": "LAPTOP",
    "Fixe": "DESKTOP",
    "Smartphone": "PHONE",
    "PDA": "PHONE",
}
STATES = {
    "En service": "IN_USE",
    "En stock": "IN_STOCK",
    "En panne": "OUT_OF_SERVICE",
    "Réformé": "RETIRED",
    "Volé / perdu": "LOST",
    "Prêt &#62; 24h": "IN_USE",
}
MOTORS = {  # motor vehicles among the models, and what makes them go where the name tells it
    "Renault Kangoo E-Tech": "ELECTRIC",
    "Renault Master": None,
    "Peugeot Partner": None,
    "Peugeot e-Expert": "ELECTRIC",
    "Citroën Berlingo": None,
    "Citroën ë-Jumpy": "ELECTRIC",
    "Ford Transit Custom": None,
    "Mercedes-Benz Sprinter 314": None,
    "Volkswagen Caddy Cargo": None,
    "Renault Zoé": "ELECTRIC",
    "Peugeot 208": None,
    "Dacia Spring": "ELECTRIC",
    "Toyota Yaris Hybride": "HYBRID",
}
EMPLOYMENT = {
    "Titulaire": "EMPLOYEE",
    "Contractuel": "EMPLOYEE",
    "Vacataire": "EMPLOYEE",
    "Élu": "ELECTED",
    "Prestataire": "CONTRACTOR",
}


def _assets(itemtype: str) -> str:
    lower = itemtype.lower()
    return f"""
        select a.name, t.name, s.completename, a.comment, a.serial, a.otherserial, m.name, k.name, a.users_id,
               u.id, l.id, unix_timestamp(a.date_mod), cast(i.buy_date as char), cast(i.use_date as char), i.value,
               i.immo_number, i.warranty_duration, p.name, r.id, r.is_active, e.completename, g.name, a.id
        from glpi_{lower}s a
        left join glpi_{lower}types t on t.id = a.{lower}types_id
        left join glpi_{lower}models m on m.id = a.{lower}models_id
        left join glpi_states s on s.id = a.states_id
        left join glpi_manufacturers k on k.id = a.manufacturers_id
        left join glpi_users u on u.id = a.users_id and u.is_deleted = 0
        left join glpi_locations l on l.id = a.locations_id
        left join glpi_infocoms i on i.items_id = a.id and i.itemtype = '{itemtype}'
        left join glpi_suppliers p on p.id = i.suppliers_id
        left join glpi_reservationitems r on r.items_id = a.id and r.itemtype = '{itemtype}'
        left join glpi_entities e on e.id = a.entities_id
        left join glpi_groups g on g.id = a.groups_id
        where a.is_deleted = 0 and a.is_template = 0
    """


USERS = """
    select u.id, u.name, u.firstname, u.realname, u.phone, u.mobile, u.registration_number, c.name, u.is_active,
           unix_timestamp(u.begin_date), unix_timestamp(u.end_date), s.id, l.id, unix_timestamp(u.date_mod),
           (select e.email from glpi_useremails e where e.users_id = u.id and e.is_default = 1),
           (select g.name from glpi_groups_users m join glpi_groups g on g.id = m.groups_id
            where m.users_id = u.id and g.name not like 'Conducteurs %' and g.name not like 'Astreinte %'
            order by g.id limit 1),
           exists (select 1 from glpi_groups_users m join glpi_groups g on g.id = m.groups_id
                   where m.users_id = u.id and g.name like 'Conducteurs %'),
           exists (select 1 from glpi_groups_users m where m.users_id = u.id and m.is_manager = 1)
    from glpi_users u
    left join glpi_usercategories c on c.id = u.usercategories_id
    left join glpi_users s on s.id = u.users_id_supervisor and s.is_deleted = 0
    left join glpi_locations l on l.id = u.locations_id
    where u.is_deleted = 0
"""
LOCATIONS = """
    select l.id, l.name, l.completename, l.room, coalesce(l.address, p.address), coalesce(l.postcode, p.postcode),
           coalesce(l.town, p.town), coalesce(l.country, p.country), coalesce(l.latitude, p.latitude),
           coalesce(l.longitude, p.longitude)
    from glpi_locations l left join glpi_locations p on p.id = l.locations_id
"""
CONTRACTS = f"""
    select c.id, c.num, c.name, t.name, c.begin_date, c.duration, c.renewal, c.comment, e.name,
           (select s.name from glpi_contracts_suppliers j join glpi_suppliers s on s.id = j.suppliers_id
            where j.contracts_id = c.id order by j.id limit 1)
    {GLPI_INSURANCE.replace("where", "left join glpi_entities e on e.id = c.entities_id where")}
"""
RESERVATIONS = """
    select r.id, i.itemtype, i.items_id, u.id, unix_timestamp(r.begin), unix_timestamp(r.end), r.comment
    from glpi_reservations r join glpi_reservationitems i on i.id = r.reservationitems_id
    left join glpi_users u on u.id = r.users_id and u.is_deleted = 0
"""
LINKS = f"""
    select c.id, i.itemtype, i.items_id,
           exists (select 1 from glpi_peripherals a where a.id = i.items_id and i.itemtype = 'Peripheral'
                   and a.is_deleted = 0 and a.is_template = 0)
           or exists (select 1 from glpi_computers a where a.id = i.items_id and i.itemtype = 'Computer'
                      and a.is_deleted = 0 and a.is_template = 0)
           or exists (select 1 from glpi_phones a where a.id = i.items_id and i.itemtype = 'Phone'
                      and a.is_deleted = 0 and a.is_template = 0)
    from glpi_contracts_items i join (select c.id {GLPI_INSURANCE}) c on c.id = i.contracts_id
"""
PROSE = {
    "Marchandises": "goods",
    "UE + CH": "EU",
    "Conducteur occasionnel": "OCCASIONAL_DRIVER",
    "Usage privé": "PRIVATE_USE",
}


@pytest.fixture(scope="module")
async def gateway(glpi: str) -> AsyncIterator[Gateway]:
    text = (EXAMPLES / "glpi.toml").read_text("utf-8")
    async with running({"glpi": text}, {"GLPI_URL": glpi}, ROOMY) as found:
        found.federation.runtime.clock = lambda: NOON
        yield found


async def test_every_asset(gateway: Gateway, glpi: str) -> None:
    text = """
        name kind sourceKind status sourceStatus description identifiers { scheme value country } manufacturer model
        propulsion purchaseDate inServiceDate value { amount currency } lendable bookingUrl attributes updatedAt
        custodian { id } site { id }
    """
    nodes = await whole(gateway, "glpi", "assets", text, issues=True)
    rows = [(place, row) for itemtype, place in PLACES.items() for row in await query(glpi, _assets(itemtype))]
    wanted = {(place, str(row[-1])): asset(place, row) for place, row in rows}
    assert len(wanted) == 2658
    agree({key: with_keys(node) for key, node in nodes.items()}, wanted)
    assert Counter(node["kind"] for node in nodes.values()) == GLPI_KINDS
    zero_dates = sum(row[12] == "0000-00-00" for _, row in rows)
    in_the_bin = sum(row[8] > 0 and row[9] is None for _, row in rows)
    assert (zero_dates, in_the_bin) == (127, 219)
    unknown = sum(tidy(number) in ("N/C", "?") for _, row in rows for number in (row[4], row[5]))
    assert unknown == 38
    assert counted(nodes.values()) == {
        ("PLACEHOLDER_VALUE", "identifiers.value"): unknown,
        ("ZERO_DATE", "purchaseDate"): zero_dates,
        ("DANGLING_REFERENCE", "custodian"): in_the_bin,
    }


async def test_every_person(gateway: Gateway, glpi: str) -> None:
    text = """
        displayName givenName familyName identifiers { scheme value } email phone employment employedFrom employedUntil
        active department roles manager { id } site { id } updatedAt
    """
    nodes = await whole(gateway, "glpi", "people", text, issues=True)
    wanted = {("users", str(row[0])): person(row) for row in await query(glpi, USERS)}
    assert len(wanted) == 610
    agree({key: with_keys(node) for key, node in nodes.items()}, wanted)
    assert sum(node["active"] for node in nodes.values()) == 515
    assert counted(nodes.values()) == {}


async def test_every_site(gateway: Gateway, glpi: str) -> None:
    text = "name path kind address { lines postcode city country } position { lat lon }"
    nodes = await whole(gateway, "glpi", "sites", text, issues=True)
    wanted = {("locations", str(row[0])): site(row) for row in await query(glpi, LOCATIONS)}
    assert len(wanted) == 50
    agree(nodes, wanted)
    assert sum(node["position"] is not None for node in nodes.values()) == 20
    assert counted(nodes.values()) == {}


async def test_every_policy(gateway: Gateway, glpi: str) -> None:
    text = "number insurer holder holderPartner { code } start end tacitRenewal status coverages { nodes { id } }"
    nodes = await whole(gateway, "glpi", "policies", text, issues=True)
    wanted = {("contracts", str(row[0])): policy(row) for row in await query(glpi, CONTRACTS)}
    assert len(wanted) == 26
    found = {
        key: {**node, "coverages": sorted(key_of(one)[0] for one in node["coverages"]["nodes"])}
        for key, node in nodes.items()
    }
    agree(found, wanted)
    assert Counter(node["status"] for node in nodes.values()) == {"IN_FORCE": 16, "EXPIRED": 6, "UNKNOWN": 4}
    assert counted(nodes.values()) == {}


async def test_every_coverage(gateway: Gateway, glpi: str) -> None:
    text = """
        policy { id } kind label start end territories { scope included excluded } goods { scope }
        limits { basis rule unlimited amount { amount currency } }
        deductibles { kind amount { amount currency } when } conditions { code text checkable } unparsedTerms
        insuredAssets { scope listed(first: 1000) { nodes { id } pageInfo { hasNextPage } } }
    """
    nodes = await whole(gateway, "glpi", "coverages", text, issues=True)
    links: dict[int, set[tuple[str, str]]] = {}
    rows = await query(glpi, LINKS)
    assert len(rows) == 1579
    for contract, itemtype, item, live in rows:
        if live:
            links.setdefault(contract, set()).add((PLACES[itemtype], str(item)))
    wanted = {}
    for row in await query(glpi, CONTRACTS):
        for place in ("insurance", "goods"):
            if place == "insurance" or prose(row[7]) == "goods":
                wanted[place, str(row[0])] = coverage(place, row, links.get(row[0], set()))
    assert len(wanted) == 26 + 8
    found = {key: with_keys(node) for key, node in nodes.items()}
    for node in found.values():
        listed = node["insuredAssets"]["listed"]
        assert not listed["pageInfo"]["hasNextPage"]
        node["insuredAssets"] = {key_of(one) for one in listed["nodes"]}
    agree(found, wanted)
    assert counted(nodes.values()) == {}


async def test_every_booking(gateway: Gateway, glpi: str) -> None:
    nodes = await whole(gateway, "glpi", "bookings", "asset { id } bookedFor { id } start end use status", issues=True)
    live = await whole(gateway, "glpi", "assets", "id")
    wanted = {}
    for key, itemtype, item, user, start, end, comment in await query(glpi, RESERVATIONS):
        what = (PLACES[itemtype], str(item))
        wanted["reservations", str(key)] = {
            "asset": what if what in live else None,
            "bookedFor": user and ("users", str(user)),
            "start": moment(start),
            "end": moment(end),
            "use": use(comment),
            "status": "CONFIRMED",
        }
    assert len(wanted) == 2200
    agree({key: with_keys(node) for key, node in nodes.items()}, wanted)
    assert counted(nodes.values()) == {
        ("DANGLING_REFERENCE", "asset"): sum(row["asset"] is None for row in wanted.values()),
        ("DANGLING_REFERENCE", "bookedFor"): sum(row["bookedFor"] is None for row in wanted.values()),
    }


async def test_what_each_person_may_use(gateway: Gateway, glpi: str) -> None:
    text = "authorisations { grantor { code } asset { id } assetKind uses start end booking { id } }"
    people = await whole(gateway, "glpi", "people", text)
    live = await whole(gateway, "glpi", "assets", "id")
    found = Counter(
        (
            person[1],
            one["asset"] and key_of(one["asset"]),
            one["assetKind"],
            one["uses"] and tuple(one["uses"]),
            one["start"],
            one["end"],
            one["booking"] and key_of(one["booking"])[1],
        )
        for person, node in people.items()
        for one in node["authorisations"] or ()
    )
    wanted: Counter[Any] = Counter()
    for key, itemtype, item, user, start, end, comment in await query(glpi, RESERVATIONS):
        what = (PLACES[itemtype], str(item))
        if user is not None:
            uses = use(comment)
            wanted[
                str(user),
                what if what in live else None,
                None,
                uses and (uses,),
                moment(start),
                moment(end),
                str(key),
            ] += 1
    licensed = """
        select m.users_id, g.name from glpi_groups_users m join glpi_groups g on g.id = m.groups_id
        join glpi_users u on u.id = m.users_id and u.is_deleted = 0 where g.name like 'Conducteurs %'
    """
    for user, group in await query(glpi, licensed):
        for kind in ("CAR", "VAN") if group.endswith(" B") else ("TRUCK",):
            wanted[str(user), None, kind, None, None, None, None] += 1
    assert found == wanted


FILTERS = [
    (
        "{kind: {in: [VAN, CAR]}, status: {eq: AVAILABLE}}",
        lambda a: a["kind"] in ("VAN", "CAR") and a["status"] == "AVAILABLE",
    ),
    ("{not: {status: {in: [AVAILABLE, IN_USE]}}}", lambda a: a["status"] not in ("AVAILABLE", "IN_USE")),
    ('{model: {eq: "Kangoo E-Tech"}}', lambda a: a["model"] == "Kangoo E-Tech"),
    ('{value: {amount: {gt: "20000"}}}', lambda a: a["value"] is not None and float(a["value"]["amount"]) > 20000),
    ('{purchaseDate: {ge: "2025-01-01"}}', lambda a: (a["purchaseDate"] or "") >= "2025-01-01"),
    ("{not: {custodian: {}}}", lambda a: a["custodian"] is None),
    ('{identifiers: {some: {scheme: {eq: LICENSE_PLATE}, country: {eq: "BE"}}}}', lambda a: "BE" in countries(a)),
]


@pytest.mark.parametrize(("condition", "passes"), FILTERS)
async def test_filters_agree_with_the_rows(gateway: Gateway, glpi: str, condition: str, passes: Any) -> None:
    wanted = {
        (place, str(row[-1]))
        for itemtype, place in PLACES.items()
        for row in await query(glpi, _assets(itemtype))
        if passes(asset(place, row))
    }
    found = await whole(gateway, "glpi", "assets", "id", f"filter: {condition}")
    assert found.keys() == wanted
    assert 0 < len(wanted) < 2658


def countries(node: Node) -> list[str]:
    return [one["country"] for one in node["identifiers"] if one["scheme"] == "LICENSE_PLATE"]


# what SQL says, in the words of the graph ----------------------------------------------------------------------------


def asset(place: str, row: tuple[Any, ...]) -> Node:
    name, type_, state, comment, serial, inventory, model, maker, holder, user, where, changed, *more, _ = row
    bought, used, value, immo, warranty, seller, loan, active, entity, group = more
    status = STATES.get(state)
    told = {
        "entity": tidy(entity),
        "group": tidy(group),
        "supplier": tidy(seller),
        "warranty_months": {None: None, 0: None, -1: "lifelong"}.get(warranty, warranty),
    }
    serial, inventory, model, maker = tidy(serial), tidy(inventory), tidy(model), tidy(maker)
    motor = place == "peripherals" and model in MOTORS
    numbers = [
        ("LICENSE_PLATE" if motor else "INVENTORY_NO", inventory, plate_country(inventory) if motor else None),
        ("VIN" if motor else "SERIAL", serial, None),
        ("ASSET_TAG", immo, None),
    ]
    return {
        "name": tidy(name),
        "kind": "PHONE" if place == "phones" else KINDS.get(type_, "OTHER"),
        "sourceKind": type_,
        "status": "AVAILABLE" if state == "En service" and holder == 0 else status,
        "sourceStatus": tidy(state),
        "description": tidy(comment),
        "identifiers": [
            {"scheme": scheme, "value": number, "country": country}
            for scheme, number, country in numbers
            if number not in (None, "N/C")
        ],
        "manufacturer": maker,
        "model": model and model.removeprefix(f"{maker} "),
        "propulsion": MOTORS[model] if motor and model else None,
        "purchaseDate": None if bought in (None, "0000-00-00") else bought,
        "inServiceDate": used,
        "value": None if value is None else {"amount": f"{value:.4f}", "currency": "EUR"},
        "lendable": active == 1,
        "bookingUrl": f"https://glpi.example/front/reservation.php?reservationitems_id={loan}" if active == 1 else None,
        "attributes": {name: value for name, value in told.items() if value is not None} or None,
        "updatedAt": moment(changed),
        "custodian": user and ("users", str(user)),
        "site": where and ("locations", str(where)),
    }


def plate_country(plate: str | None) -> str:
    return "BE" if plate and plate.startswith("1-") else "FR"


def person(row: tuple[Any, ...]) -> Node:
    _, user, given, family, phone, mobile, number, category, active, begin, end, boss, where, changed, *more = row
    mail, team, drives, leads = more
    given, family, mail = tidy(given), tidy(family), tidy(mail)
    numbers = [("USERNAME", user), ("EMPLOYEE_NO", number or None), ("EMAIL", mail)]
    now = NOON.timestamp()
    return {
        "displayName": " ".join(part for part in (given, family) if part) or user,
        "givenName": given,
        "familyName": family,
        "identifiers": [{"scheme": scheme, "value": value} for scheme, value in numbers if value is not None],
        "email": mail,
        "phone": phone or mobile or None,
        "employment": EMPLOYMENT.get(category),
        "employedFrom": day(begin),
        "employedUntil": day(end),
        "active": bool(active) and (begin is None or begin <= now) and (end is None or end > now),
        "department": team,
        "roles": [role for role, has in (("DRIVER", drives), ("MANAGER", leads)) if has],
        "manager": boss and ("users", str(boss)),
        "site": where and ("locations", str(where)),
        "updatedAt": moment(changed),
    }


def day(seconds: float | None) -> str | None:
    """The day in Paris of a POSIX time."""
    return None if seconds is None else datetime.fromtimestamp(float(seconds), PARIS).date().isoformat()


def site(row: tuple[Any, ...]) -> Node:
    _, name, path, room, lines, postcode, town, country, lat, lon = row
    address = {
        "lines": lines and lines.splitlines(),
        "postcode": postcode,
        "city": town,
        "country": {"france": "FR", "belgique": "BE"}.get((country or "").lower()),
    }
    return {
        "name": tidy(name),
        "path": [tidy(part) for part in path.split("&#62;")],
        "kind": "ROOM" if room else "OTHER",
        "address": address,
        "position": {"lat": degrees(lat), "lon": degrees(lon)} if lat and lon else None,
    }


def degrees(text: str) -> float:
    return float(text.replace(",", "."))


def end_of(begin: date | None, months: int) -> str | None:
    """The first moment after a term of some months, in Paris; 0 months: no term."""
    if begin is None or not months:
        return None
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return midnight(date(year, month + 1, min(begin.day, last)))


def midnight(there: date | None) -> str | None:
    if there is None:
        return None
    return moment(datetime(there.year, there.month, there.day, tzinfo=PARIS).timestamp())


def policy(row: tuple[Any, ...]) -> Node:
    _, number, _, _, begin, months, renewal, comment, entity, insurer = row
    start, end, today = midnight(begin), end_of(begin, months), NOON.isoformat()
    renewed = renewal == 1
    if start is None:
        status = "UNKNOWN"
    elif months == 0 or renewed:
        status = "IN_FORCE"
    else:
        status = "IN_FORCE" if end is not None and today < end else "EXPIRED"
    return {
        "number": number,
        "insurer": tidy(insurer),
        "holder": tidy(entity),
        "holderPartner": {"code": "glpi"},
        "start": start,
        "end": end,
        "tacitRenewal": renewed,
        "status": status,
        "coverages": ["goods", "insurance"] if prose(comment) == "goods" else ["insurance"],
    }


def prose(comment: str | None) -> str | None:
    text = tidy(comment) or ""
    found = [meaning for words, meaning in PROSE.items() if words in text]
    assert len(found) == (comment is not None), comment
    return found[0] if found else None


def coverage(place: str, row: tuple[Any, ...], listed: set[tuple[str, str]]) -> Node:
    key, _, name, type_, begin, months, renewal, comment, *_ = row
    meaning, goods = prose(comment), place == "goods"
    euros = {"currency": "EUR"}
    condition = meaning in ("OCCASIONAL_DRIVER", "PRIVATE_USE")
    kind = "THIRD_PARTY_LIABILITY" if type_ == "Assurance flotte automobile" else "EQUIPMENT_ALL_RISKS"
    return {
        "policy": ("contracts", str(key)),
        "kind": "GOODS_IN_TRANSIT" if goods else kind,
        "label": "Marchandises transportées" if goods else tidy(name),
        "start": midnight(begin),
        "end": None if renewal == 1 else end_of(begin, months),
        "territories": None if goods else territories(meaning == "EU"),
        "limits": [{"basis": "UNKNOWN", "rule": "UNKNOWN", "unlimited": False, "amount": {"amount": "10000", **euros}}]
        if goods
        else None,
        "deductibles": [{"kind": "FIXED", "amount": {"amount": "300", **euros}, "when": None}] if goods else None,
        "conditions": [{"code": meaning, "text": tidy(comment), "checkable": True}]
        if condition and not goods
        else None,
        "unparsedTerms": None,
        "insuredAssets": listed,
    }


def territories(said: bool) -> Node:
    return {"scope": "LISTED" if said else "UNKNOWN", "included": ["EU", "CH"] if said else None, "excluded": None}


def use(comment: str | None) -> str | None:
    words = {"Tournée": "DELIVERY_ROUNDS", "Usage": "PRIVATE", "Déménagement": "OTHER"}
    return words.get((comment or "").split(" ")[0])


def with_keys(node: Node) -> Node:
    """A record whose edges are the keys of what they lead to."""
    return {name: key_of(value) if isinstance(value, dict) and "id" in value else value for name, value in node.items()}
