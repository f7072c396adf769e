"""The insurer's guarantees: who and what is covered, for which use, up to how much, and what one bears oneself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from gateway.demo.rows import founding
from gateway.demo.rows.draw import Row

# What a guarantee says where nothing is said of it. Amounts in cents.
SILENT: Mapping[str, object] = MappingProxyType(
    {
        "effet_le": None,
        "fin_le": None,
        "illimitee": "N",
        "plafond_cts": None,
        "plafond_base": None,
        "plafond_regle": None,
        "plafond_objet": None,
        "franchise_type": None,
        "franchise_cts": None,
        "franchise_pct": None,
        "franchise_min_cts": None,
        "franchise_max_cts": None,
        "franchise_si": None,
        "usages": None,
        "usages_inclus": None,
        "usages_exclus": None,
        "hors_service": None,
        "territoires": None,
        "march": None,
        "march_incluses": None,
        "march_exclues": None,
        "march_proprio": None,
        "biens": "LISTE",
        "biens_genres": None,
        "biens_ptac_max": None,
        "pers": None,
        "pers_codes": None,
        "pers_autorisation": None,
        "pers_age_min": None,
        "pers_permis_ans": None,
        "pers_permis_cat": None,
        "cond_code": None,
        "cond_texte": None,
        "etend": None,
        "priorite": 100,
        "clauses": None,
    }
)
EVERYWHERE = "FR,BE,LU,DE,CH,IT,ES"
ANYBODY = {"pers": "AUTORISE", "pers_autorisation": "O", "pers_permis_cat": "B"}
EMPLOYEES = {"pers": "SALARIES", "pers_codes": "P01", "pers_autorisation": "O", "pers_permis_cat": "B"}
PRIVATE_TOO = {"usages": "L", "usages_inclus": "PRO,TOURNEE,TRAJET,PRIVE,PRET", "usages_exclus": "LOC,TPA"}
AT_WORK = {"usages": "L", "usages_inclus": "PRO,TOURNEE,TRAJET", "usages_exclus": "LOC,TPA,TPM"}


def guarantees() -> list[Row]:
    """Every row of `garanties`, by contract in the order of `insurer.CONTRACTS`."""
    terms = [
        *_founding_fleet(1),
        *_outer_fleet(2),
        *_light_fleet(3),
        *_trucks(4),
        *_devices(5),
        *_coop_vehicles(6),
        *_coop_bikes(7),
        *_coop_everything(8),
        *_bikes_of_town(9),
        *_scooters_of_town(10),
        *_coop_vehicles(11),
        *_founding_fleet(12),
        *_carrier(13),
    ]
    return [{"id": key} | term for key, term in enumerate(terms, start=1)]


def _term(contract: int, code: str, label: str, *parts: Mapping[str, object], **terms: object) -> Row:
    row: Row = {"contrat_id": contract, "code": code, "libelle": label, **SILENT}
    for part in parts:
        row |= part
    return row | terms


def _liability(contract: int, *parts: Mapping[str, object], **terms: object) -> Row:
    bounds: Row = {
        "illimitee": "O",
        "plafond_base": "SIN",
        "plafond_regle": "PR",
        "plafond_objet": "dommages corporels",
    }
    everywhere: Row = {"territoires": EVERYWHERE, "priorite": 10}
    return _term(contract, "RC", "Responsabilité civile circulation", bounds, everywhere, *parts, terms)


def _own_damage(contract: int, deductible: int, *parts: Mapping[str, object], **terms: object) -> Row:
    bounds: Row = {"plafond_base": "VAL", "plafond_regle": "PR", "plafond_objet": "valeur à dire d'expert"}
    borne: Row = {"franchise_type": "FIXE", "franchise_cts": deductible, "territoires": EVERYWHERE}
    return _term(contract, "DTA", "Dommages tous accidents", bounds, borne, *parts, terms)


def _theft(contract: int, *parts: Mapping[str, object], **terms: object) -> Row:
    borne: Row = {
        "franchise_type": "PCT",
        "franchise_pct": 10.0,
        "franchise_min_cts": 30_000,
        "franchise_max_cts": 150_000,
    }
    return _term(
        contract, "VOL", "Vol et tentative de vol", borne, *parts, terms, plafond_base="VAL", plafond_regle="PR"
    )


def _founding_fleet(contract: int) -> list[Row]:
    """Private use off duty is covered for employees with a permission; goods up to 10,000 euros."""
    off_duty: Row = {**PRIVATE_TOO, "hors_service": "O"}
    goods: Row = {
        "plafond_cts": founding.GOODS_LIMIT_CENTS,
        "plafond_base": "SIN",
        "plafond_regle": "PR",
        "plafond_objet": "biens transportés",
        "franchise_type": "FIXE",
        "franchise_cts": founding.GOODS_DEDUCTIBLE_CENTS,
        "march": "L",
        "march_incluses": "GEN,ELEC,OUT",
        "march_exclues": "VAL,ESP,ART,DGX",
        "march_proprio": "SOU,CON",
        "territoires": "FR",
        "pers_permis_ans": 3,
        "cond_code": "SANGLES",
        "cond_texte": "Biens arrimés et véhicule fermé à clé à l'arrêt.",
    }
    occasional: Row = {
        "etend": "DTA",
        "franchise_type": "MAJ",
        "franchise_cts": 75_000,
        "franchise_si": "permis de moins de 3 ans",
        "pers_age_min": 21,
        "territoires": "FR,BE,LU",
    }
    loan: Row = {"etend": "RC,DTA", "pers": "SALARIES", "pers_codes": "C01,V01", "pers_autorisation": "O"}
    closed: Row = {"usages": "L", "usages_inclus": "PRET", "hors_service": "O", "territoires": "FR"}
    return [
        _liability(contract, off_duty, ANYBODY),
        _own_damage(contract, 50_000, off_duty, EMPLOYEES),
        _theft(contract, off_duty),
        _term(contract, "BDG", "Bris de glace", franchise_type="FIXE", franchise_cts=8_000, usages="T"),
        _term(contract, "CN", "Catastrophes naturelles", franchise_type="FIXE", franchise_cts=38_000, usages="T"),
        _term(contract, "CORP", "Corporelle conducteur", off_duty, plafond_cts=100_000_000, plafond_base="PERS"),
        _term(contract, "MARCH", "Marchandises et objets transportés", off_duty, EMPLOYEES, goods),
        _term(contract, "COND", "Conducteur occasionnel hors service", off_duty, EMPLOYEES, occasional),
        _term(contract, "PRET", "Prêt aux partenaires", loan, closed, franchise_type="FIXE", franchise_cts=100_000),
        _term(contract, "PRET", "Prêt, conducteurs désignés", {**loan, "pers": "NOMMES"}, closed, priorite=50),
        _term(contract, "PJ", "Défense et recours", plafond_cts=1_500_000, plafond_base="SIN", territoires=EVERYWHERE),
        _term(contract, "ASS", "Assistance 0 km", usages="T", territoires=EVERYWHERE),
    ]


def _outer_fleet(contract: int) -> list[Row]:
    """Nothing is said of private use, and goods are under-insured in proportion: less is certain here."""
    goods: Row = {
        "plafond_cts": 500_000,
        "plafond_base": "SIN",
        "plafond_regle": "RP",
        "march": "L",
        "march_incluses": "COL,CRR",
    }
    return [
        _liability(contract, ANYBODY),
        _own_damage(contract, 80_000, AT_WORK, EMPLOYEES),
        _theft(contract),
        _term(
            contract, "MARCH", "Marchandises transportées", AT_WORK, goods, franchise_type="FIXE", franchise_cts=15_000
        ),
        _term(contract, "BDG", "Bris de glace ", usages="T"),
        _term(
            contract,
            "ASS",
            "Assistance 50 km",
            clauses="Dépannage au-delà de 50 km du dépôt|Remorquage : plafond 180 EUR",
        ),
    ]


def _light_fleet(contract: int) -> list[Row]:
    return [
        _liability(contract, AT_WORK, pers="SALARIES", pers_codes="P01"),
        _own_damage(contract, 20_000, AT_WORK),
        _theft(contract, AT_WORK, clauses="Antivol homologué exigé en stationnement"),
        _term(
            contract,
            "MARCH",
            "Marchandises",
            AT_WORK,
            march="T",
            clauses="Plafond marchandises 1 500 EUR, franchise 150 EUR",
        ),
        _term(contract, "ZZ", "Garantie reprise de l'ancien système"),
    ]


def _trucks(contract: int) -> list[Row]:
    return [
        _liability(contract, AT_WORK, {"pers": "SALARIES", "pers_codes": "P01", "pers_permis_cat": "C"}),
        _own_damage(contract, 150_000, AT_WORK),
        _term(
            contract, "MARCH", "Marchandises", AT_WORK, plafond_cts=5_000_000, plafond_base="SIN", plafond_regle="PR"
        ),
    ]


def _devices(contract: int) -> list[Row]:
    kinds: Row = {"biens": "GENRE", "biens_genres": "PDA,TEL"}
    bounds: Row = {"plafond_cts": 60_000, "plafond_base": "OBJ", "franchise_type": "FIXE", "franchise_cts": 5_000}
    return [_term(contract, "TRM", "Tous risques matériels", kinds, bounds, pers="SALARIES", pers_codes="P01")]


def _coop_vehicles(contract: int) -> list[Row]:
    members: Row = {
        "pers": "ADHERENT",
        "pers_codes": "C01",
        "pers_age_min": 21,
        "pers_permis_ans": 2,
        "pers_permis_cat": "B",
    }
    goods: Row = {
        "plafond_cts": 300_000,
        "plafond_base": "SIN",
        "plafond_regle": "PR",
        "march": "T",
        "march_proprio": "CON,SOU",
    }
    return [
        _liability(contract, PRIVATE_TOO, members),
        _own_damage(contract, 60_000, PRIVATE_TOO, members),
        _theft(contract),
        _term(contract, "MARCH", "Biens des sociétaires", PRIVATE_TOO, members, goods),
        _term(
            contract,
            "PRET",
            "Prêt à une autre structure",
            members,
            usages="L",
            usages_inclus="PRET",
            pers_codes="C01,V01,P01",
        ),
    ]


def _coop_bikes(contract: int) -> list[Row]:
    return [
        _term(
            contract,
            "RC",
            "Responsabilité civile vie associative",
            plafond_cts=800_000_000,
            plafond_base="SIN",
            usages="T",
        ),
        _theft(contract, usages="T", clauses="Antivol en U exigé"),
        _own_damage(contract, 12_000, pers="ADHERENT", pers_codes="C01", usages="T"),
    ]


def _coop_everything(contract: int) -> list[Row]:
    fleet: Row = {"biens": "FLOTTE", "pers": "ADHERENT", "pers_codes": "C01"}
    return [
        _term(
            contract, "TRM", "Multirisque matériel", fleet, plafond_cts=4_000_000, plafond_base="AN", franchise_pct=5.0
        ),
        _term(contract, "INC", "Incendie", fleet, plafond_cts=25_000_000, plafond_base="SIN", plafond_regle="RP"),
    ]


def _bikes_of_town(contract: int) -> list[Row]:
    town: Row = {"pers": "SALARIES", "pers_codes": "V01", "usages": "L", "usages_inclus": "PRO,TRAJET,PRET"}
    return [_liability(contract, town), _own_damage(contract, 10_000, town), _theft(contract, town)]


def _scooters_of_town(contract: int) -> list[Row]:
    town: Row = {"pers": "SALARIES", "pers_codes": "V01", "pers_age_min": 18}
    return [_liability(contract, town), _theft(contract, town, fin_le=date(2025, 12, 31))]


def _carrier(contract: int) -> list[Row]:
    """What was taken over with a customer nobody remembers."""
    return [_liability(contract, territoires=None)]
