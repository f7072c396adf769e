"""The postal operator's staff register: agents and their driving licences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from gateway.demo.rows import founding
from gateway.demo.rows.draw import TODAY, Row, day, dice, moment, seldom
from gateway.demo.rows.people import AWA, mobile, names

AGENTS = 170
TEAM_LEADS = 14  # the first agents: one for each of the first sites
SITES = 30

JOBS = ("Facteur polyvalent", "Agent de tri", "Livreur colis", "Chargé de clientèle")
CONTRACTS = ("CDI", "CDD", "INTERIM", "APPRENTI", "PREST")
LICENCES = ("B", "AM,B", "B,BE", "A2,B", "B,C,CE", "AM")


@cache
def rows() -> Mapping[str, list[Row]]:
    """The rows of the staff register, by table."""
    agents = _agents()
    return MappingProxyType({"agents": agents, "permis": _licences(agents)})


def _agents() -> list[Row]:
    draw = dice("poste.agents")
    people = names(draw, AGENTS)
    people[founding.AGENT - 1] = AWA
    rows: list[Row] = []
    for key, name in enumerate(people, start=1):
        lead = key <= TEAM_LEADS
        born = day(draw, date(1962, 1, 1), date(2005, 6, 30))
        since = day(draw, date(max(born.year + 19, 1994), 9, 1), date(2026, 9, 1))
        left = day(draw, date(2024, 1, 31), date(2026, 10, 31)) if seldom(draw, 14) and since.year < 2024 else None
        until = None if lead else left
        rows.append(
            {
                "id": key,
                "matricule": f"P{100_000 + key * 83 + draw.randrange(80)}",
                "civilite": name.title,
                "prenom": name.given,
                "nom": name.family.upper() if seldom(draw, 4) else name.family,
                "courriel": f"{name.local}@poste.example" if not seldom(draw, 12) else None,
                "telephone": mobile(draw) if not seldom(draw, 6) else "N/C",
                "date_naissance": born,
                "contrat": "CDI" if lead else draw.choices(CONTRACTS, (78, 9, 6, 5, 2))[0],
                "entree_le": since,
                "sortie_le": until,
                "fonction": "Responsable d'équipe" if lead else draw.choice(JOBS),
                "service": draw.choice(("Courrier", "Colis", "Réseau", " Logistique ")),
                "site_id": key if lead else draw.randint(1, SITES),
                "responsable_id": None if lead else draw.randint(1, TEAM_LEADS),
                "actif": until is None,
                "maj_le": moment(draw),
            }
        )
    rows[founding.AGENT - 1] |= {
        "matricule": founding.EMPLOYEE_NO,
        "nom": AWA.family,
        "courriel": f"{AWA.local}@poste.example",
        "telephone": "06 39 98 41 07",
        "date_naissance": date(1991, 4, 17),
        "contrat": "CDI",
        "entree_le": date(2019, 3, 4),
        "sortie_le": None,
        "fonction": "Facteur polyvalent",
        "service": "Courrier",
        "site_id": 1,
        "responsable_id": 1,
        "actif": True,
    }
    return rows


def _licences(agents: list[Row]) -> list[Row]:
    draw = dice("poste.permis")
    rows: list[Row] = []
    for agent in agents:
        born = agent["date_naissance"]
        assert isinstance(born, date)
        since = day(draw, date(born.year + 18, 6, 1), date(born.year + 24, 12, 31))
        if agent["id"] != founding.AGENT and (seldom(draw, 4) or since >= TODAY):
            continue
        rows.append(
            {
                "agent_id": agent["id"],
                "numero": f"{since.year % 100:02d}{draw.choice(('AA', 'BC', 'DF', 'EK'))}{draw.randrange(100_000):05d}",
                "categories": draw.choices(LICENCES, (60, 8, 12, 8, 9, 3))[0],
                "obtenu_le": since,
                "valable_au": day(draw, date(2026, 3, 1), date(2033, 12, 31)) if not seldom(draw, 7) else None,
                "pays": "FR" if not seldom(draw, 12) else draw.choice(("PT", "BE", "IT")),
                "suspendu": seldom(draw, 40),
            }
        )
        if agent["id"] == founding.AGENT:
            rows[-1] |= {"numero": "12DF04711", "categories": "B", "obtenu_le": date(2012, 6, 14), "pays": "FR"}
            rows[-1] |= {"valable_au": date(2031, 6, 13), "suspendu": False}
    return rows
