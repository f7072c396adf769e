"""The town's rows: places, staff, rooms, bikes and bookings of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType

from gateway.demo.rows import coop
from gateway.demo.rows.draw import TODAY, Row, day, dice, seldom
from gateway.demo.rows.marks import serial
from gateway.demo.rows.people import landline, names
from gateway.demo.rows.places import TOWN_HALL, near, street

STAFF, ROOMS, CYCLES, BOOKINGS = 110, 60, 90, 160

# name, path, kind: 1 office, 2 technical centre, 3 school or hall, 4 car park
PLACES = (
    ("Hôtel de ville", "Ville > Centre", 1),
    ("Centre administratif", "Ville > Centre", 1),
    ("Centre technique municipal", "Ville > Port > Ateliers", 2),
    ("Maison des associations", "Ville > Centre", 3),
    ("Salle des fêtes Joséphine-Baker", "Ville > Berges", 3),
    ("Gymnase Alice-Milliat", "Ville > Berges > Sports", 3),
    ("Gymnase Jesse-Owens", "Ville > Plateau > Sports", 3),
    ("Médiathèque", "Ville > Centre", 3),
    ("École Anita-Conti", "Ville > Plateau > Écoles", 3),
    ("École Rosa-Bonheur", "Ville > Port > Écoles", 3),
    ("Maison de quartier du Port", "Ville > Port", 3),
    ("Parking des Berges", "Ville > Berges", 4),
    ("Vélostation de la gare", "Ville > Centre", 4),
    ("Réserve", None, 9),
)
# kind, words, seats from and to, surface in square metres of a seat
ROOM_KINDS = ((1, "Salle de réunion", 6, 20, 2.5), (2, "Grande salle", 60, 300, 1.4), (3, "Terrain", 20, 120, 8.0))
DESKS = (4, "Bureau partagé", 1, 4, 9.0)
# kind, words, make, model, price in euros, how many of 100
CYCLE_KINDS = (
    (10, "VAE", "Arcade Cycles", "E-Colors", 1_980, 45),
    (11, "Vélo", "Arcade Cycles", "Escapade", 620, 25),
    (12, "Cargo", "Yuba", "Spicy Curry", 5_290, 18),
    (20, "Trottinette", "Zosh", "Pro", 1_090, 12),
)
DIRECTIONS = ("Services techniques", "Vie associative", "Éducation", "Sports", "Finances", "Cabinet")


@cache
def rows() -> Mapping[str, list[Row]]:
    """The rows of the town's store, by table."""
    places, staff = _places(), _staff()
    rooms, cycles = _rooms(places), _cycles(places, staff)
    return MappingProxyType(
        {"lieu": places, "agt": staff, "salle": rooms, "cycle": cycles, "resa": _bookings(rooms, cycles, staff)}
    )


def _places() -> list[Row]:
    draw = dice("city.lieu")
    rows: list[Row] = []
    for number, (name, path, kind) in enumerate(PLACES, start=1):
        lat, lon = near(draw, TOWN_HALL)
        rows.append(
            {
                "cd": f"L{number:03d}",
                "lb": name,
                "chemin": path,
                "ty": kind,
                "voie": street(draw) if kind != 9 else None,
                "cp": TOWN_HALL.postcode,
                "commune": TOWN_HALL.city,
                "y_lat": lat,
                "x_lon": lon,
            }
        )
    return rows


def _staff() -> list[Row]:
    draw = dice("city.agt")
    rows: list[Row] = []
    for number, name in enumerate(names(draw, STAFF), start=1):
        arrived = day(draw, date(1998, 1, 5), date(2026, 9, 1))
        gone = seldom(draw, 15) and number > 8
        rows.append(
            {
                "mat": f"RS{number * 17 + 4000}",
                "nm": name.family.upper(),
                "pn": name.given,
                "mel": f"{name.local}@rives-de-seine.example" if not seldom(draw, 10) else None,
                "tel": landline(draw) if not seldom(draw, 3) else None,
                "stt": draw.choices("TCSEV", (60, 20, 6, 9, 5))[0],
                "dt_ent": arrived,
                "dt_sor": day(draw, max(arrived, date(2025, 1, 1)), date(2027, 6, 30)) if gone else None,
                "fct": draw.choice(
                    ("Agent technique", "Chargée de mission", "Gardien", "Assistante", "Animateur", None)
                ),
                "dir": draw.choice(DIRECTIONS),
                "mat_resp": f"RS{draw.randint(1, 8) * 17 + 4000}" if number > 8 else None,
                "cd_lieu": f"L{draw.randint(1, 13):03d}",
            }
        )
    return rows


def _rooms(places: Sequence[Row]) -> list[Row]:
    draw = dice("city.salle")
    open_places = [place["cd"] for place in places if place["ty"] in (1, 3)]
    rows: list[Row] = []
    for number in range(1, ROOMS + 1):
        kind, words, low, high, surface = draw.choice((*ROOM_KINDS, DESKS))
        seats, floor = draw.randint(low, high), draw.randint(-1, 4)
        rows.append(
            {
                "cd": f"S-{number:04d}",
                "lb": f"{words} {number}" if not seldom(draw, 20) else None,
                "ty": kind,
                "cap": seats if not seldom(draw, 9) else 0,  # 0: nobody counted
                "surf_m2": round(seats * surface * draw.uniform(0.9, 1.2), 1),
                "etage": floor,
                "cd_lieu": draw.choice(open_places),
                "st": draw.choices((10, 20, 30, 90), (75, 12, 8, 5))[0],
                "ref_inv": f"INV{number * 11 + 7000}",
                "pret": 1 if kind != 4 and not seldom(draw, 4) else 0,
            }
        )
    rows[21]["ty"] = 7  # a kind that was dropped from the town's list
    return rows


def _cycles(places: Sequence[Row], staff: Sequence[Row]) -> list[Row]:
    draw = dice("city.cycle")
    rows: list[Row] = []
    for number in range(1, CYCLES + 1):
        kind, words, make, model, price, _ = draw.choices(CYCLE_KINDS, [row[-1] for row in CYCLE_KINDS])[0]
        rows.append(
            {
                "cd": f"C-{number:04d}",
                "lb": f"{words} {number}",
                "ty": kind,
                "mq": make,
                "md": model,
                "bicycode": f"FR{draw.randrange(10**10):010d}" if kind != 20 and not seldom(draw, 5) else None,
                "no_cadre": serial(draw, "AC"),
                "cd_lieu": draw.choice(places)["cd"],
                "mat": draw.choice(staff)["mat"] if seldom(draw, 3) else None,
                "st": draw.choices((10, 20, 30, 40, 90), (55, 25, 10, 4, 6))[0],
                "km": draw.randint(0, 9_000) if kind != 20 else None,
                "dt_ach": day(draw, date(2019, 3, 1), date(2026, 10, 15)),
                "val_eur": price if not seldom(draw, 8) else 0,  # 0: not known
                "pret": 0 if seldom(draw, 3) else 1,
            }
        )
    # On loan from the cooperative for the year: its bike, the town's list.
    guest = next(row for row in coop.rows()["equipment"] if row["category"] == "cargo_bike" and row["bicycode"])
    rows[30] |= {"ty": 12, "lb": "Cargo de la coopérative", "mq": guest["brand"], "md": guest["model"]}
    rows[30] |= {"bicycode": guest["bicycode"], "no_cadre": guest["frame_no"]}
    rows[44]["mat"] = "RS9999"  # left, and was taken off the staff list
    return rows


def _bookings(rooms: Sequence[Row], cycles: Sequence[Row], staff: Sequence[Row]) -> list[Row]:
    draw = dice("city.resa")
    rows: list[Row] = []
    counts = {2025: 0, 2026: 0}
    for _ in range(BOOKINGS):
        when = TODAY + timedelta(days=draw.randint(-400, 40))
        start = datetime.combine(when, time(draw.randint(8, 18), draw.choice((0, 30))))
        counts[when.year] = counts.get(when.year, 0) + 1
        room = draw.random() < 0.6
        rows.append(
            {
                "an": when.year,
                "no": counts[when.year],
                "obj_ty": "S" if room else "C",
                "obj_cd": draw.choice(rooms if room else cycles)["cd"],
                "mat": draw.choice(staff)["mat"] if not seldom(draw, 10) else None,
                "du": start,
                "au": start + timedelta(hours=draw.choice((1, 2, 3, 8, 48))),
                "motif": draw.choice((1, 1, 1, 2, 3)),
                "st": draw.choices((3, 8, 9), (85, 10, 5))[0]
                if when < TODAY
                else draw.choices((0, 1, 9), (3, 6, 1))[0],
            }
        )
    rows[12]["obj_ty"] = "V"  # a vehicle, from the years when the town still had some
    return rows
