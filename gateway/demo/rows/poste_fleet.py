"""The postal operator's fleet: sites, vehicles and small equipment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from gateway.demo.rows import founding, poste_lending
from gateway.demo.rows.draw import TODAY, Row, day, dice, moment, seldom
from gateway.demo.rows.marks import imei, plate, serial, vin
from gateway.demo.rows.places import TOWNS, near, street
from gateway.demo.rows.poste_staff import AGENTS, SITES

VEHICLES, DEVICES = 180, 160

FUELS = (
    (1, "GO", "Gazole"),
    (2, "ES", "Essence"),
    (3, "EL", "Électrique"),
    (4, "GN", "GNV"),
    (5, "AE", "Assistance électrique"),
)
STATES = ("EN_SERVICE", "DISPO", "ATELIER", "HS", "REFORME", "VOLE", "COMMANDE")


class Model(NamedTuple):
    """A model of vehicle. vin: the maker's signs; payload, gross: kg; volume: m3; price: euros; share: of 100."""

    type: str
    make: str
    name: str
    vin: str | None
    fuel: int | None
    seats: int | None
    payload: int
    volume: float | None
    gross: int | None
    price: int
    share: int


MODELS = (
    Model("VUL", "Renault", "Kangoo Van E-Tech", "VF1", 3, 2, 600, 3.9, 2300, 33500, 26),
    Model("VUL", "Renault", "Master L2H2", "VF1", 1, 3, 1300, 10.8, 3500, 39800, 12),
    Model("VUL", "Peugeot", "e-Partner", "VF3", 3, 2, 650, 3.8, 2390, 32900, 12),
    Model("VUL", "Citroën", "ë-Jumpy", "VF7", 3, 3, 1000, 5.8, 3100, 42300, 8),
    Model("VP", "Renault", "Zoe", "VF1", 3, 5, 400, None, 1990, 29900, 7),
    Model("VP", "Dacia", "Sandero", "UU1", 2, 5, 420, None, 1560, 13900, 3),
    Model("PL", "Renault Trucks", "D 12", "VF6", 1, 3, 6100, 42.0, 12000, 98400, 4),
    Model("STABY", "Ligier", "Pulse 4", None, 3, 1, 200, 0.6, 520, 13200, 9),
    Model("VELO", "Douze Cycles", "Messenger V3", None, 5, 1, 100, 0.3, None, 5900, 11),
    Model("VAE", "Moustache", "Lundi 27", None, 5, 1, 40, None, None, 2890, 8),
    Model("REM", "Mecanorem", "R750", "VF9", None, None, 500, 2.4, 750, 1890, 2),
)
# family, make, model, first signs of the serial number, price in euros, how many of 100
DEVICE_MODELS = (
    ("PDA", "Zebra", "TC57", "S2", 890.0, 62),
    ("TEL", "Samsung", "Galaxy XCover 6", "R5C", 540.0, 14),
    ("CONSIGNE", "Keba", "KePol 16", "KP", 7400.0, 12),
    ("BOITIER", "Teltonika", "FMC130", "TL", 95.0, 12),
)


@cache
def rows() -> Mapping[str, list[Row]]:
    """The rows of the fleet store, by table."""
    vehicles = _vehicles()
    bookings = poste_lending.bookings(vehicles)
    return MappingProxyType(
        {
            "sites": _sites(),
            "carburants": [{"id": key, "code": code, "libelle": name} for key, code, name in FUELS],
            "vehicules": vehicles,
            "equipements": _devices(),
            "reservations": bookings,
            "habilitations": poste_lending.permissions(bookings),
        }
    )


def _sites() -> list[Row]:
    draw = dice("poste.sites")
    rows: list[Row] = []
    for key in range(1, SITES + 1):
        town = TOWNS[(key - 1) % len(TOWNS)]
        lat, lon = near(draw, town)
        if key <= 12:
            kind, name = "PDC", "Centre courrier"
        elif key <= 26:
            kind, name = "BP", "Bureau de poste"
        else:
            kind, name = ("PPDC", "Plateforme courrier") if key < SITES else ("ADM", "Direction régionale")
        rows.append(
            {
                "id": key,
                "code_regate": f"{town.postcode[:2]}{key * 131 + draw.randrange(100):04d}",
                "nom": f"{name} {town.city}",
                "type": kind,
                "adresse": street(draw),
                "complement": "Quai B" if seldom(draw, 6) else None,
                "code_postal": town.postcode,
                "ville": town.city.upper() if seldom(draw, 5) and key > 1 else town.city,
                "latitude": lat,
                "longitude": lon,
            }
        )
    rows[16] |= {"latitude": None, "longitude": None}  # opened last month, not on the map yet
    return rows


def _vehicles() -> list[Row]:
    draw = dice("poste.vehicules")
    rows: list[Row] = []
    for key in range(1, VEHICLES + 1):
        model = draw.choices(MODELS, [model.share for model in MODELS])[0]
        year = draw.randint(2017, 2026)
        bought = day(draw, date(year, 1, 10), date(year, 9, 30))
        state = draw.choices(STATES, (52, 30, 8, 3, 4, 1, 2))[0]
        site = (key - 1) % SITES + 1
        cycle = model.type in ("VELO", "VAE")
        lent = model.type in ("VUL", "VELO", "REM") and state != "REFORME" and not seldom(draw, 3)
        gone = datetime.combine(day(draw, date(2025, 1, 6), TODAY), time(9)) if seldom(draw, 45) else None
        rows.append(
            {
                "id": key,
                "numero_parc": f"V-{key * 7 + 1000}",
                "libelle": f"{model.name.split()[0]} {TOWNS[(site - 1) % len(TOWNS)].city} {key}",
                "type": model.type,
                "marque": model.make.upper() if seldom(draw, 5) else model.make,
                "modele": f" {model.name}  " if seldom(draw, 15) else model.name,
                "annee": year,
                "immatriculation": None if cycle else plate(draw, year),
                "vin": vin(draw, model.vin) if model.vin and not seldom(draw, 12) else None,
                "carburant_id": model.fuel,
                "places": model.seats,
                "charge_utile_kg": model.payload,
                "volume_m3": model.volume,
                "ptac_kg": model.gross,
                "kilometrage": draw.randint(300, 4_000 if cycle else 14_000) * (2027 - year),
                "date_achat": bought,
                "date_mise_service": bought + timedelta(days=draw.randint(5, 60)) if state != "COMMANDE" else None,
                "date_controle_technique": None if cycle else day(draw, date(2026, 9, 1), date(2028, 11, 30)),
                "valeur_achat": model.price + draw.randint(-9, 9) * 100 + draw.choice((0.0, 0.0, 0.5, 0.99)),
                "couleur": "jaune" if not seldom(draw, 8) else draw.choice(("blanc", "N/C", "")),
                "critair": {1: "2", 2: "1", 3: "0"}.get(model.fuel or 0),
                "site_id": site,
                "agent_id": draw.randint(1, AGENTS) if not seldom(draw, 4) else None,
                "etat": state,
                "pretable": "O" if lent else "N",
                "observations": draw.choice(("rayure aile AV", "pneus neige", "hayon HS"))
                if seldom(draw, 15)
                else None,
                "maj_le": moment(draw),
                "supprime_le": gone,
            }
        )
    rows[founding.VAN - 1] |= {
        "libelle": "Exploitation Nanterre 12",
        "type": "VUL",
        "marque": "Renault",
        "modele": "Master L2H2",
        "annee": 2023,
        "immatriculation": founding.PLATE,
        "vin": "VF1MA000269150412",
        "carburant_id": 1,
        "places": 3,
        "charge_utile_kg": 1300,
        "volume_m3": 10.8,
        "ptac_kg": 3500,
        "kilometrage": 48_210,
        "date_achat": date(2023, 3, 6),
        "date_mise_service": date(2023, 4, 3),
        "date_controle_technique": date(2027, 4, 2),
        "valeur_achat": 39_800.0,
        "couleur": "jaune",
        "critair": "2",
        "site_id": 1,
        "agent_id": 1,
        "etat": "DISPO",
        "pretable": "O",
        "observations": None,
        "supprime_le": None,
    }
    next(row for row in rows if row["type"] == "VP")["libelle"] = None
    rows[57]["etat"] = "??"  # a code that nobody knows any more
    rows[88]["site_id"] = 404  # a site that was closed and taken out
    rows[101]["agent_id"] = 9_999
    return rows


def _devices() -> list[Row]:
    draw = dice("poste.equipements")
    rows: list[Row] = []
    for key in range(1, DEVICES + 1):
        family, make, model, prefix, price, _ = draw.choices(DEVICE_MODELS, [row[-1] for row in DEVICE_MODELS])[0]
        carried = family in ("PDA", "TEL")
        rows.append(
            {
                "id": key,
                "code_inventaire": f"EQ{26_000 + key * 3:06d}",
                "designation": f"{model} n° {key}",
                "famille": family,
                "marque": make,
                "modele": model,
                "numero_serie": serial(draw, prefix),
                "imei": imei(draw) if carried and not seldom(draw, 9) else None,
                "site_id": draw.randint(1, SITES),
                "agent_id": draw.randint(1, AGENTS) if carried and not seldom(draw, 5) else None,
                "vehicule_id": draw.randint(1, VEHICLES) if family == "BOITIER" else None,
                "statut": draw.choices((1, 2, 3, 4, 9), (22, 60, 9, 5, 4))[0],
                "achete_le": day(draw, date(2019, 2, 1), date(2026, 10, 1)) if not seldom(draw, 10) else None,
                "valeur_ht": price,
                "maj_le": moment(draw),
            }
        )
    return rows
