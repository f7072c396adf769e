"""The demonstration: the same world everywhere, the founding case in it, ugly only where it is meant to be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import demo, settings
from gateway.demo.federation import PARTNERS, STORES, fingerprint
from gateway.demo.rows import broker, city, coop, founding, insurer, poste_fleet, poste_staff
from gateway.demo.rows.draw import TODAY
from resolvers import catalog
from resolvers.coercion import text_of
from resolvers.expression import Column
from resolvers.identifier import normalize
from resolvers.mapping import Mapping as PartnerMapping
from resolvers.mapping import Parts, Value, columns_of
from resolvers.predicate import names
from schema.model import model

Row = Mapping[str, Any]


def rows(store: Mapping[str, list[dict[str, object]]], table: str) -> list[Row]:
    return list(store[table])


# one world --------------------------------------------------------------------------------------------------------


def test_every_process_draws_the_same_world() -> None:
    command = [sys.executable, "-c", "from gateway.demo.federation import fingerprint; print(fingerprint())"]
    seen = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": salt}, capture_output=True, check=True, text=True
        ).stdout
        for salt in ("1", "2")
    }
    assert seen == {f"{fingerprint()}\n"}


# the folder of `gateway demo` ---------------------------------------------------------------------------------------


async def test_stores_are_made_once_and_again_when_they_are_not_whole(tmp_path: Path) -> None:
    path = await demo.prepare(tmp_path)
    fleet = tmp_path / "stores" / "poste.fleet.sqlite"
    made = fleet.stat().st_mtime_ns
    await demo.prepare(tmp_path)
    assert fleet.stat().st_mtime_ns == made, "the second start fills the stores again"

    (tmp_path / "stores" / "version").write_text("of an older release")
    await demo.prepare(tmp_path)
    assert fleet.stat().st_mtime_ns > made, "stores of another version are kept"

    chosen = settings.load(path, {})
    assert chosen.own_issuer
    assert chosen.partners == PARTNERS
    assert chosen.state_folder.is_relative_to(tmp_path)


# the partner files ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def federation() -> catalog.Catalog:
    loaded, mistakes = catalog.load(PARTNERS, model(), demo.environment(Path("anywhere")))
    assert [str(mistake) for mistake in mistakes] == []
    return loaded


def test_mappings_name_tables_and_columns_that_are_there(federation: catalog.Catalog) -> None:
    assert {source.id for partner in federation.partners.values() for source in partner.sources.values()} == {
        store.name for store in STORES
    }
    tables = {store.name: store.tables.tables for store in STORES}
    wrong = [
        f"{mapping.id}: {table}.{column}"
        for partner in federation.partners.values()
        for mapping in partner.mappings.values()
        for table, column in named(mapping)
        if table not in tables[mapping.source_id] or column not in tables[mapping.source_id][table].columns
    ]
    assert wrong == []


def named(mapping: PartnerMapping) -> Iterator[tuple[str, str]]:
    """Every (table, column) that a mapping reads."""
    yield from ((mapping.table, column) for column in mapping.key)
    for join in mapping.joins.values():
        yield from ((join.table, column) for column, _ in join.on)
    read = [pair for binding in mapping.fields.values() for pair in columns_of(binding)]
    read += [(None, name) for name in (names(mapping.where) if mapping.where else ())]
    for link_table, name in read:
        join_name, _, column = name.rpartition(".")
        yield (mapping.joins[join_name].table if join_name else link_table or mapping.table), column


def test_few_codes_are_unknown(federation: catalog.Catalog) -> None:
    """Each partner has a code or two that its mapping does not know, and no more."""
    unknown: Counter[tuple[str, str, str]] = Counter()
    for store in STORES:
        code, _, source = store.name.partition(".")
        for mapping in federation.partners[code].mappings.values():
            if mapping.source == source:
                for column, value in coded(mapping):
                    for row in store.rows()[mapping.table]:
                        for text in texts(row[column], value):
                            if text not in (value.values or {}) and text not in value.null:
                                unknown[mapping.id, column, text] += 1
    assert set(unknown) == {
        ("poste.vehicles", "etat", "??"),
        ("coop.equipment", "category", "hovercraft"),
        ("coop.members", "membership", "trial"),
        ("coop.loans", "purpose", "event"),
        ("city.places", "ty", "9"),
        ("city.rooms", "ty", "7"),
        ("insurer.policies", "code_souscripteur", "X99"),
        ("insurer.policies", "etat", "??"),
        ("insurer.guarantees", "code", "ZZ"),
        ("broker.lines", "nature", "auto"),
    }


def coded(mapping: PartnerMapping) -> Iterator[tuple[str, Value]]:
    """The columns of the mapped table that hold codes, and how they are read."""
    for binding in mapping.fields.values():
        leaves = [binding] if isinstance(binding, Value) else []
        if isinstance(binding, Parts):
            leaves = [leaf for member in binding.members for leaf in member.values()]
        for leaf in leaves:
            if leaf.values is not None and isinstance(leaf.expression, Column) and "." not in leaf.expression.name:
                yield leaf.expression.name, leaf


def texts(raw: object, value: Value) -> list[str]:
    if raw is None:
        return []
    text = text_of(raw)
    return [member.strip() for member in text.split(value.split)] if value.split else [text]


# the founding case ----------------------------------------------------------------------------------------------------


def test_the_founding_case_is_there() -> None:
    """Off duty from Friday evening to Monday morning, an operations van, private goods up to 10,000 euros."""
    fleet, contracts = poste_fleet.rows(), insurer.rows()
    (awa,) = (row for row in rows(poste_staff.rows(), "agents") if row["matricule"] == founding.EMPLOYEE_NO)
    assert (awa["prenom"], awa["nom"], awa["contrat"], awa["actif"]) == ("Awa", "Diallo", "CDI", True)
    (licence,) = (row for row in rows(poste_staff.rows(), "permis") if row["agent_id"] == awa["id"])
    assert (licence["categories"], licence["suspendu"]) == ("B", False)
    assert licence["valable_au"] > TODAY

    (van,) = (row for row in rows(fleet, "vehicules") if row["immatriculation"] == founding.PLATE)
    assert (van["type"], van["pretable"], van["etat"], van["ptac_kg"]) == ("VUL", "O", "DISPO", 3500)

    (booking,) = (row for row in rows(fleet, "reservations") if row["vehicule_id"] == van["id"])
    assert (booking["agent_id"], booking["usage"], booking["etat"]) == (awa["id"], "PRIVE", "C")
    assert booking["debut"].strftime("%a %H:%M") == "Fri 18:00" and booking["fin"].strftime("%a %H:%M") == "Mon 06:00"
    assert booking["fin"] - booking["debut"] == timedelta(days=2, hours=12)
    (permission,) = (row for row in rows(fleet, "habilitations") if row["reservation_id"] == booking["id"])
    assert (permission["agent_id"], permission["vehicule_id"], permission["hors_service"]) == (
        awa["id"],
        van["id"],
        "O",
    )

    (listed,) = (
        row for row in rows(contracts, "objets_assures") if normalize(row["reference"]) == normalize(founding.PLATE)
    )
    assert listed["reference"] != founding.PLATE, "the insurer spells plates its own way"
    (policy,) = (row for row in rows(contracts, "contrats") if row["id"] == listed["contrat_id"])
    assert policy["numero"] == founding.POLICY_NO
    assert policy["effet_le"] <= date(2026, 11, 20) and date(2026, 11, 23) <= policy["echeance_le"]
    terms = {row["code"]: row for row in rows(contracts, "garanties") if row["contrat_id"] == policy["id"]}
    assert (terms["MARCH"]["plafond_cts"], terms["MARCH"]["franchise_cts"]) == (1_000_000, 30_000)
    assert "PRIVE" in terms["MARCH"]["usages_inclus"] and terms["MARCH"]["hors_service"] == "O"
    assert {"RC", "DTA", "COND", "PRET"} <= terms.keys()


# links between partners ---------------------------------------------------------------------------------------------


def marks() -> Counter[tuple[str, str]]:
    """(scheme, compare key) of everything that a partner shows, and how many things carry it."""
    found: Counter[tuple[str, str]] = Counter()
    sources = (
        (
            poste_fleet.rows()["vehicules"],
            {"IMMAT": "immatriculation", "VIN": "vin", "INV": "numero_parc"},
            "supprime_le",
        ),
        (poste_fleet.rows()["equipements"], {"INV": "code_inventaire", "SERIE": "numero_serie"}, ""),
        (
            coop.rows()["equipment"],
            {"TAG": "asset_tag", "IMMAT": "plate", "SERIE": "frame_no", "BICY": "bicycode"},
            "deleted_at",
        ),
        (city.rows()["salle"], {"INV": "ref_inv"}, ""),
        (city.rows()["cycle"], {"BICY": "bicycode", "SERIE": "no_cadre", "INV": "cd"}, ""),
    )
    for things, schemes, gone in sources:
        for thing in things:
            for scheme, column in schemes.items():
                if thing[column] is not None and (not gone or thing[gone] is None):
                    found[scheme, normalize(str(thing[column]))] += 1
    return found


def test_insured_things_are_somebodys() -> None:
    known = marks()
    scheme = {"CADRE": "SERIE", "cadre": "SERIE", "tag": "TAG", "inv": "INV", "bicycode": "BICY"}
    named_by_insurer = [(row["type_ref"], row["reference"]) for row in rows(insurer.rows(), "objets_assures")]
    named_by_broker = [(row["type"], row["ref"]) for row in rows(broker.rows(), "bien")]
    assert len(named_by_insurer) > 250 and len(named_by_broker) > 100
    lost = {
        reference
        for kind, reference in named_by_insurer + named_by_broker
        if (scheme.get(kind, kind), normalize(reference)) not in known
    }
    assert lost == {*insurer.LOST_REFERENCES, "F00000000"}
    # Only two things stand in two inventories: the van and the cargo bike that partners lend each other for long.
    assert sorted(mark[0] for mark, count in known.items() if count > 1) == ["BICY", "IMMAT", "SERIE"]


def test_plates_are_spelled_in_other_ways_than_their_owners_do() -> None:
    owners = {row["immatriculation"] for row in rows(poste_fleet.rows(), "vehicules")}
    spelled = [row["reference"] for row in rows(insurer.rows(), "objets_assures") if row["type_ref"] == "IMMAT"]
    assert len(spelled) > 120
    assert owners.isdisjoint(spelled)
    assert (
        len(
            {
                tuple("a" if c.islower() else "A" if c.isupper() else c for c in plate if not c.isdigit())
                for plate in spelled
            }
        )
        > 2
    )


def test_people_named_by_the_insurer_are_employed() -> None:
    numbers = {"P01": {row["matricule"] for row in rows(poste_staff.rows(), "agents")}}
    numbers["V01"] = {row["mat"] for row in rows(city.rows(), "agt")}
    named_people = rows(insurer.rows(), "personnes_designees")
    assert {row["employeur"] for row in named_people} == {"P01", "V01"}
    assert {row["sens"] for row in named_people} == {"I", "E"}
    assert all(row["matricule"].upper() in numbers[row["employeur"]] for row in named_people)


# looks ----------------------------------------------------------------------------------------------------------------


def test_partners_hold_hundreds_of_rows() -> None:
    held: Counter[str] = Counter()
    for store in STORES:
        held[store.name.split(".")[0]] += sum(map(len, store.rows().values()))
    assert all(held[code] > 400 for code in ("poste", "coop", "city", "insurer")), held


def test_marks_have_the_form_that_they_have_in_the_world() -> None:
    fleet = poste_fleet.rows()
    for vehicle in rows(fleet, "vehicules"):
        vin, plate = vehicle["vin"], vehicle["immatriculation"]
        assert vin is None or (len(vin) == 17 and vin.isalnum() and not set(vin) & set("IOQ")), vin
        assert plate is None or (len(plate) == 9 and not set(plate) & set("IOU")), plate
    for device in rows(fleet, "equipements"):
        assert device["imei"] is None or luhn(device["imei"]) == 0, device["imei"]
    plates = [row["immatriculation"] for row in rows(fleet, "vehicules") if row["immatriculation"]]
    assert len(set(plates)) == len(plates)


def luhn(digits: str) -> int:
    doubled = [int(sign) * (2 if place % 2 else 1) for place, sign in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10


def test_nobody_can_be_written_to_or_called() -> None:
    """Addresses and numbers are of the ranges that are kept for fiction."""
    people = [
        *((row["courriel"], row["telephone"]) for row in rows(poste_staff.rows(), "agents")),
        *((row["email"], row["phone"]) for row in rows(coop.rows(), "members")),
        *((row["mel"], row["tel"]) for row in rows(city.rows(), "agt")),
    ]
    for email, phone in people:
        assert email is None or email.endswith(".example"), email
        spelled = (phone or "").replace("+33 ", "0")
        assert spelled in ("", "N/C") or spelled.startswith(("06 39 98 ", "01 99 00 ")), phone
