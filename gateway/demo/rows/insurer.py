"""The insurer's rows: contracts and what belongs to them. Guarantees are in `insurer_terms`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from gateway.demo.rows import city, coop, founding, poste_fleet, poste_staff
from gateway.demo.rows.draw import Row, day, dice, moment, seldom
from gateway.demo.rows.insurer_terms import guarantees

# holder's code, holder as written, from, to (the last day that is covered), tacit renewal, state; by contract number
CONTRACTS: Mapping[str, tuple[str, str, date, date | None, str | None, str]] = MappingProxyType(
    {
        founding.POLICY_NO: ("P01", "POSTE IDF OUEST", date(2024, 1, 1), date(2026, 12, 31), "O", "EN_COURS"),
        "MFS-2024-00118": ("P01", "POSTE IDF OUEST", date(2024, 1, 1), date(2025, 12, 31), "O", "EN_COURS"),
        "MFS-2024-00119": ("P01", "Poste IdF Ouest ", date(2024, 7, 1), date(2027, 6, 30), "N", "EN_COURS"),
        "MFS-2023-00064": ("P01", "POSTE IDF OUEST", date(2023, 1, 1), date(2025, 12, 31), "N", "EN_COURS"),
        "MFS-2025-00207": ("P01", "POSTE IDF OUEST", date(2025, 3, 1), None, "O", "EN_COURS"),
        "MFS-2024-00301": ("C01", "LES ROUES COMMUNES", date(2024, 5, 1), date(2027, 4, 30), "N", "EN_COURS"),
        "MFS-2024-00302": ("C01", "LES ROUES COMMUNES", date(2024, 5, 1), date(2026, 4, 30), "O", "EN_COURS"),
        "MFS-2026-00303": ("C01", "Les Roues communes", date(2026, 1, 1), date(2026, 12, 31), "N", "EN_COURS"),
        "MFS-2024-00401": ("V01", "VILLE DE RIVES DE SEINE", date(2024, 1, 1), date(2027, 12, 31), "N", "EN_COURS"),
        "MFS-2022-00077": ("V01", "VILLE DE RIVES DE SEINE", date(2022, 1, 1), date(2026, 12, 31), "O", "SUSPENDU"),
        "MFS-2021-00019": ("C01", "LES ROUES COMMUNES", date(2021, 1, 1), date(2026, 12, 31), "O", "RESILIE"),
        "MFS-2027-00001": ("P01", "POSTE IDF OUEST", date(2027, 1, 1), date(2029, 12, 31), "O", "PROJET"),
        "MFS-2020-00003": ("X99", "Transports Bellec", date(2020, 1, 1), None, None, "??"),
    }
)
# Things that no partner knows any more, and one number that never was right.
LOST_REFERENCES = ("dz 404 zz", "EK-000-ZZ", "V-9999", "RC-9999")


@cache
def rows() -> Mapping[str, list[Row]]:
    """The rows of the insurer's store, by table."""
    draw = dice("insurer.contrats")
    contracts: list[Row] = [
        {
            "id": key,
            "numero": number,
            "code_souscripteur": code,
            "souscripteur": holder,
            "effet_le": since,
            "echeance_le": until,
            "tacite": tacit,
            "etat": state,
            "maj_le": moment(draw),
        }
        for key, (number, (code, holder, since, until, tacit, state)) in enumerate(CONTRACTS.items(), start=1)
    ]
    terms = guarantees()
    return MappingProxyType(
        {
            "contrats": contracts,
            "garanties": terms,
            "objets_assures": _insured_things(),
            "personnes_designees": _named_people(terms),
        }
    )


def contract_of(vehicle: Row) -> int | None:
    """The contract that insures a vehicle of the postal operator: by what it is, and where it stands."""
    place = poste_fleet.rows()["sites"][vehicle["site_id"] - 1] if vehicle["site_id"] != 404 else None  # type: ignore[operator]
    match vehicle["type"]:
        case "VUL" | "VP":
            return 1 if place is not None and str(place["code_postal"]).startswith("92") else 2
        case "STABY" | "VELO" | "VAE" | "REM":
            return 3
        case "PL":
            return 4
    return None


def _insured_things() -> list[Row]:
    draw = dice("insurer.objets_assures")
    rows: list[Row] = []

    def insure(contract: int | None, kind: str, reference: object, sense: str = "I") -> None:
        if contract is None or reference is None:
            return
        since = day(draw, date(2024, 1, 1), date(2026, 10, 1))
        rows.append(
            {
                "id": len(rows) + 1,
                "contrat_id": contract,
                "type_ref": kind,
                "reference": reference,
                "depuis": since if not seldom(draw, 8) else None,
                "sens": sense,
            }
        )

    for vehicle in poste_fleet.rows()["vehicules"]:
        if vehicle["supprime_le"] is not None or (vehicle["id"] != founding.VAN and seldom(draw, 30)):
            continue
        plate = vehicle["immatriculation"]
        contract = contract_of(vehicle)
        if plate is None:
            insure(contract, "INV", vehicle["numero_parc"])
        elif seldom(draw, 9) and vehicle["vin"] is not None and vehicle["id"] != founding.VAN:
            insure(contract, "VIN", vehicle["vin"])
        else:
            insure(contract, "IMMAT", spelled(draw, str(plate)))
        if vehicle["etat"] == "HS":
            insure(contract, "IMMAT", spelled(draw, str(plate)) if plate else None, "E")
    for thing in coop.rows()["equipment"]:
        if thing["deleted_at"] is not None or seldom(draw, 25):
            continue
        if thing["category"] == "van" or thing["category"] == "trailer":
            insure(6, "IMMAT", spelled(draw, str(thing["plate"])))
        elif thing["category"] in ("cargo_bike", "bike", "bike_trailer"):
            insure(7, "TAG", thing["asset_tag"])
    for cycle in city.rows()["cycle"]:
        if cycle["st"] != 90:
            insure(10 if cycle["ty"] == 20 else 9, "CADRE" if cycle["bicycode"] is None else "BICY", _marked(cycle))
    for reference in LOST_REFERENCES:
        insure(2 if len(reference) > 8 else 7 if reference.startswith("RC") else 3, _kind(reference), reference)
    return rows


def _marked(cycle: Row) -> object:
    return cycle["no_cadre"] if cycle["bicycode"] is None else cycle["bicycode"]


def _kind(reference: str) -> str:
    return {"V-": "INV", "RC": "TAG"}.get(reference[:2], "IMMAT")


def spelled(draw: random.Random, plate: str) -> str:
    """A plate as the insurer's clerks write it: 'ab 123 cd', seldom 'AB123CD' or with a blank behind."""
    plain = plate.replace("-", " ").lower()
    return plain.upper().replace(" ", "") if seldom(draw, 6) else f"{plain} " if seldom(draw, 12) else plain


def _named_people(terms: Iterable[Row]) -> list[Row]:
    """Who is named in guarantees for named persons, and who is shut out of others for a suspended licence."""
    draw = dice("insurer.personnes_designees")
    suspended = {row["agent_id"] for row in poste_staff.rows()["permis"] if row["suspendu"]}
    staff = poste_staff.rows()["agents"]
    named = [("P01", row["matricule"]) for row in draw.sample(staff, 14) if row["id"] not in suspended]
    named += [("V01", row["mat"]) for row in draw.sample(city.rows()["agt"], 8)]
    out = [("P01", row["matricule"]) for row in staff if row["id"] in suspended]
    rows: list[Row] = []
    for guarantee in terms:
        people = named if guarantee["pers"] == "NOMMES" else out if guarantee["code"] == "COND" else []
        for employer, number in people:
            rows.append(
                {
                    "id": len(rows) + 1,
                    "garantie_id": guarantee["id"],
                    "employeur": employer,
                    "matricule": number if not seldom(draw, 10) else str(number).lower(),
                    "sens": "I" if people is named else "E",
                }
            )
    return rows
