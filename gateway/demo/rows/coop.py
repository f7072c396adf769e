"""The cooperative's rows: pickup points, members, equipment and loans."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from gateway.demo.rows import poste_fleet
from gateway.demo.rows.draw import TODAY, Row, day, dice, moment, seldom
from gateway.demo.rows.marks import plate, serial
from gateway.demo.rows.people import AWA, mobile, names
from gateway.demo.rows.places import TOWNS, near, street

POINTS, MEMBERS, EQUIPMENT, LOANS = 12, 180, 140, 220
SPACE = uuid.UUID("6f0c8a52-0f5e-5d0a-9f0e-2f1f0b7f6a11")  # the cooperative's own, for keys that never change


class Article(NamedTuple):
    """What the cooperative lends. payload: kg. price: euros. share: how many of 100."""

    category: str
    brand: str
    model: str
    power: str | None
    seats: int | None
    payload: float | None
    price: int
    share: int


ARTICLES = (
    Article("cargo_bike", "Babboe", "Curve-E", "assist", 4, 100.0, 3_990, 22),
    Article("cargo_bike", "Riese & Müller", "Load 75", "assist", 3, 200.0, 7_890, 10),
    Article("bike", "Decathlon", "Elops 900E", "assist", 1, 27.0, 1_490, 15),
    Article("bike", "Gitane", "Organ'", "human", 1, 25.0, 590, 8),
    Article("bike_trailer", "Carla", "CARLA Cargo", "human", None, 150.0, 4_200, 9),
    Article("van", "Renault", "Kangoo Maxi Z.E.", "electric", 2, 650.0, 24_500, 5),
    Article("trailer", "Lider", "39750", None, None, 500.0, 1_250, 4),
    Article("tool", "Bosch", "GBH 2-26", "mains", None, None, 189, 9),
    Article("tool", "Makita", "DHS680", "battery", None, None, 259, 7),
    Article("tool", "Kärcher", "K5", "mains", None, None, 349, 5),
    Article("sound", "Yamaha", "StagePas 400", "mains", None, None, 799, 3),
    Article("tent", "Vitabri", "V3 3x3", None, None, None, 1_150, 3),
)
NAMES = ("Gaston", "Rosalie", "Marcel", "Simone", "Léon", "Berthe", "Gustave", "Odette", "Firmin", "Suzanne", "Achille")
TAGS = ("family", "electric", "heavy", "weekend", "needs-training", "outdoor")


@cache
def rows() -> Mapping[str, list[Row]]:
    """The rows of the cooperative's store, by table."""
    points = _points()
    members = _members(points)
    equipment = _equipment(points, members)
    return MappingProxyType(
        {"pickup_points": points, "members": members, "equipment": equipment, "loans": _loans(equipment, members)}
    )


def _key(table: str, number: int) -> str:
    return str(uuid.uuid5(SPACE, f"{table}/{number}"))


def _points() -> list[Row]:
    draw = dice("coop.pickup_points")
    rows: list[Row] = []
    for number in range(1, POINTS + 1):
        town = TOWNS[number * 3 % len(TOWNS)]
        lat, lng = near(draw, town)
        kind = draw.choice(("locker", "garage", "garage", "partner_shop"))
        rows.append(
            {
                "id": _key("pickup_points", number),
                "name": f"{town.city} {kind.replace('_', ' ')}",
                "kind": kind,
                "street": street(draw),
                "zip": town.postcode,
                "city": town.city,
                "lat": lat,
                "lng": lng,
            }
        )
    return rows


def _members(points: Sequence[Row]) -> list[Row]:
    draw = dice("coop.members")
    people = names(draw, MEMBERS)
    people[6] = AWA  # she is a member here, too
    rows: list[Row] = []
    for number, name in enumerate(people, start=1):
        born = day(draw, date(1948, 1, 1), date(2007, 12, 31))
        joined = day(draw, date(2019, 5, 2), date(2026, 11, 1))
        gone = seldom(draw, 20) and joined.year < 2025
        drives = not seldom(draw, 3) and born.year < 2004
        passed = day(draw, date(born.year + 18, 3, 1), date(born.year + 21, 12, 31))
        rows.append(
            {
                "id": _key("members", number),
                "first_name": name.given,
                "last_name": name.family,
                "email": f"{name.local}@mail.example" if not seldom(draw, 15) else None,
                "phone": mobile(draw).replace("0", "+33 ", 1) if not seldom(draw, 4) else None,
                "born_on": born if not seldom(draw, 5) else None,
                "membership": draw.choices(("member", "volunteer", "staff", "trial"), (80, 12, 4, 4))[0],
                "joined_on": joined,
                "left_on": day(draw, date(2025, 6, 1), TODAY) if gone else None,
                "licence_categories": draw.choice(("B", "B", "B, BE", "AM, B")) if drives else None,
                "licence_since": passed if drives else None,
                "licence_until": date(passed.year + 40, 1, 18) if drives else None,
                "pickup_point_id": draw.choice(points)["id"],
                "updated_at": moment(draw),
                "deleted_at": datetime.combine(day(draw, date(2025, 6, 1), TODAY), time(3)) if gone else None,
            }
        )
    rows[6] |= {
        "email": f"{AWA.local}@poste.example",
        "born_on": date(1991, 4, 17),
        "deleted_at": None,
        "left_on": None,
    }
    return rows


def _equipment(points: Sequence[Row], members: Sequence[Row]) -> list[Row]:
    draw = dice("coop.equipment")
    standing = [member["id"] for member in members if member["deleted_at"] is None]
    rows: list[Row] = []
    for number in range(1, EQUIPMENT + 1):
        article = draw.choices(ARTICLES, [article.share for article in ARTICLES])[0]
        year = draw.randint(2018, 2026)
        framed = article.category in ("cargo_bike", "bike", "bike_trailer")
        state = draw.choices(("in", "out", "repair", "broken", "lost", "retired"), (62, 20, 9, 3, 2, 4))[0]
        dropped = state == "retired" and draw.random() < 0.6
        rows.append(
            {
                "id": _key("equipment", number),
                "asset_tag": f"RC-{number:04d}",
                "label": f"{draw.choice(NAMES)} ({article.category.replace('_', ' ')} {number})",
                "category": article.category,
                "brand": article.brand,
                "model": article.model,
                "year": year if not seldom(draw, 8) else None,
                "power": article.power,
                "plate": plate(draw, year) if article.category in ("van", "trailer") else None,
                "frame_no": serial(draw, "F") if framed and not seldom(draw, 6) else None,
                "bicycode": _bicycode(draw) if framed and not seldom(draw, 4) else None,
                "seats": article.seats,
                "payload_kg": article.payload,
                "state": state,
                "public": 0 if seldom(draw, 6) else 1,
                "home_point_id": draw.choice(points)["id"] if not seldom(draw, 12) else None,
                "keeper_id": draw.choice(standing) if seldom(draw, 3) else None,
                "replacement_cents": article.price * 100 if not seldom(draw, 10) else None,
                "tags": ", ".join(draw.sample(TAGS, draw.randint(0, 3))) or None,
                "page": f"https://roues-communes.example/library/{number}",
                "updated_at": moment(draw),
                "deleted_at": moment(draw) if dropped else None,
            }
        )
    rows[29] |= {"category": "hovercraft", "label": "Hovercraft (do not lend)"}
    # A van of the postal operator that stands here at week-ends: one thing in two inventories.
    guest = next(van for van in poste_fleet.rows()["vehicules"] if van["type"] == "VUL" and van["pretable"] == "O")
    rows[70] |= {
        "category": "van",
        "label": "Yellow van (week-ends)",
        "brand": guest["marque"],
        "plate": guest["immatriculation"],
    }
    rows[70] |= {"model": guest["modele"], "frame_no": None, "bicycode": None, "power": None, "deleted_at": None}
    return rows


def _bicycode(draw: random.Random) -> str:
    return f"FR{draw.randrange(10**10):010d}"


def _loans(equipment: Sequence[Row], members: Sequence[Row]) -> list[Row]:
    """Times in UTC: a weekend begins at 17:00 in winter and at 16:00 in summer."""
    draw = dice("coop.loans")
    lent = [row["id"] for row in equipment if row["deleted_at"] is None]
    known = [row["id"] for row in members]
    rows: list[Row] = []
    for number in range(1, LOANS + 1):
        when = TODAY + timedelta(days=draw.randint(-300, 40))
        start = datetime.combine(when, time(draw.randint(6, 17), draw.choice((0, 30))))
        ended = when < TODAY
        rows.append(
            {
                "id": _key("loans", number),
                "equipment_id": draw.choice(lent),
                "member_id": draw.choice(known) if not seldom(draw, 30) else None,
                "starts_at": start,
                "due_at": start + timedelta(hours=draw.choice((3, 6, 24, 48, 60))),
                "purpose": draw.choice(("moving", "shopping", "event", "works", None)),
                "state": draw.choices(("returned", "cancelled", "noshow"), (88, 8, 4))[0]
                if ended
                else draw.choices(("booked", "requested", "out"), (70, 25, 5))[0],
            }
        )
    return rows
