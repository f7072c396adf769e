"""The broker's rows: a few policies of several companies, their lines, and the things that a line is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from gateway.demo.rows import city, coop
from gateway.demo.rows.draw import Row, dice, seldom

# company, client, from, to (exclusive, as companies write it), state; by policy number
POLICIES: Mapping[str, tuple[str, str, date, date | None, str]] = MappingProxyType(
    {
        "AX-5510-77": ("Assurances du Nord-Ouest", "VILLE", date(2025, 1, 1), date(2028, 1, 1), "actif"),
        "AX-5510-78": ("Assurances du Nord-Ouest", "VILLE", date(2026, 6, 1), date(2027, 6, 1), "actif"),
        "GM-2291": ("Garantie Mutualiste", "COOP", date(2025, 9, 1), date(2027, 9, 1), "actif"),
        "GM-2304": ("Garantie Mutualiste", "COOP", date(2023, 9, 1), date(2024, 9, 1), "échu"),
        "LL-80001": ("Lutèce Location", "POSTE", date(2026, 10, 1), None, "en attente"),
    }
)
# nature, words, limit and deductible in euros, prose; by policy
LINES: Mapping[str, tuple[tuple[str, str, int | None, int | None, str | None], ...]] = MappingProxyType(
    {
        "AX-5510-77": (
            ("locaux", "Dommages aux locaux", 2_000_000, 1_500, None),
            (
                "rc exploitation",
                "RC organisateur",
                5_000_000,
                0,
                "Manifestations de plus de 300 personnes : nous consulter",
            ),
        ),
        "AX-5510-78": (
            ("tous risques", "Matériel prêté", None, 250, "Valeur à neuf 3 ans; vétusté 10 % par an ensuite"),
        ),
        "GM-2291": (
            (
                "marchandises",
                "Chargement des vélos-cargos",
                None,
                None,
                "Plafond marchandises 2 000 EUR, franchise 100 EUR",
            ),
            (
                "vol",
                "Vol en cours de prêt",
                6_000,
                300,
                "Antivol fourni par la coopérative; dépôt de plainte sous 48 h",
            ),
        ),
        "GM-2304": (("vol", "Vol", 4_000, 300, None),),
        "LL-80001": (("auto", "Véhicules en location de pointe", None, None, "Conditions à venir"),),
    }
)


@cache
def rows() -> Mapping[str, list[Row]]:
    """The rows of the broker's store, by table."""
    policies: list[Row] = [
        {"no_police": number, "compagnie": company, "client": client, "du": since, "au": until, "statut": state}
        for number, (company, client, since, until, state) in POLICIES.items()
    ]
    lines: list[Row] = [
        {
            "no_police": number,
            "no_ligne": line,
            "nature": kind,
            "libelle": words,
            "plafond_eur": limit,
            "franchise_eur": deductible,
            "texte": prose,
        }
        for number, found in LINES.items()
        for line, (kind, words, limit, deductible, prose) in enumerate(found, start=1)
    ]
    return MappingProxyType({"police": policies, "ligne": lines, "bien": _things()})


def _things() -> list[Row]:
    draw = dice("broker.bien")
    rows: list[Row] = []

    def add(policy: str, line: int, kind: str, reference: object) -> None:
        rows.append({"no_police": policy, "no_ligne": line, "type": kind, "ref": reference})

    for room in city.rows()["salle"]:
        for line in (1, 2):
            if room["st"] != 90 and (line == 1 or room["ty"] in (2, 3)):
                add("AX-5510-77", line, "inv", room["ref_inv"])
    for cycle in city.rows()["cycle"]:
        if cycle["pret"] == 1 and cycle["bicycode"] is not None and not seldom(draw, 4):
            add("AX-5510-78", 1, "bicycode", cycle["bicycode"])
    for thing in coop.rows()["equipment"]:
        if thing["category"] == "cargo_bike" and thing["deleted_at"] is None:
            add("GM-2291", 1, "tag", thing["asset_tag"])
            add("GM-2291", 2, "cadre" if thing["frame_no"] else "tag", thing["frame_no"] or thing["asset_tag"])
    add("GM-2304", 1, "cadre", "F00000000")
    return rows
