"""`gateway init partner`: a database becomes a partner file that loads, is checked, and answers queries."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import check
from gateway.__main__ import main
from gateway.init import proposed, read
from gateway.proposal import Asked
from gateway.proposal.spelling import imei, plate, vin
from gateway.proposal.text import Text
from gateway.proposal.words import some, words
from resolvers import catalog
from resolvers.errors import GatewayError
from schema.model import model
from tests.gateways import CONFIG, running
from tests.servers import Server

TABLES = """
create table types_vehicule (id integer primary key, libelle varchar(40));
insert into types_vehicule values (1, 'Utilitaire'), (2, 'Vélo-cargo'), (3, 'Drone');
create table sites (id integer primary key, nom varchar(40), adresse varchar(80), code_postal varchar(10),
    ville varchar(40), pays varchar(20), latitude decimal(9,6), longitude decimal(9,6));
insert into sites values (10, 'Nanterre PDC', '1 rue X', '92000', 'Nanterre', 'France', 48.89, 2.2),
    (11, 'Hub', '2 rue Y', '75001', 'Paris', 'France', 48.85, 2.35);
create table agents (id integer primary key, nom varchar(40), prenom varchar(40), courriel varchar(60),
    matricule varchar(20), actif integer, responsable_id integer);
insert into agents values (100, 'Diallo', 'Awa', 'awa@poste.example', '00123', 1, null),
    (101, 'Null', 'Bob', 'bob@poste.example', '00124', 0, 100), (102, 'X', 'Zoé', 'zoe@poste.example', '00125', 1, 100);
create table vehicules (id integer primary key, libelle varchar(40), immatriculation varchar(20),
    num_chassis varchar(20), type_id integer, etat varchar(20), kilometrage integer, date_achat date,
    prix_achat decimal(10,2), site_id integer,
    agent_id integer, supprime_le timestamp null, date_maj timestamp null);
insert into vehicules values
    (1, 'Kangoo 1', 'AB-123-CD', 'VF1FW1BDH12345678', 1, 'En service', 1000, '2021-02-03', 20000, 10, 100, null, null),
    (2, 'Kangoo 2', 'ab 124 cd', 'VF1FW1BDH12345679', 1, 'En panne', 2000, '2021-02-04', 21000, 10, 101, null, null),
    (3, 'Vélo 3', ' ', 'N/C', 2, 'En stock', null, null, 4000, 11, 102, null, null),
    (4, 'Kangoo 4', 'AB-126-CD', 'VF1FW1BDH12345680', 1, 'Vendu', 9, '2020-02-04', 1, 11, null, '2026-01-01', null),
    (5, 'Œil 5', null, null, 3, '?', null, null, null, null, null, null, null);
create table contrats_assurance (id integer primary key, numero varchar(20), assureur varchar(40), date_effet date,
    date_echeance date);
insert into contrats_assurance values (7, 'FL-7', 'MAIF', '2026-01-01', '2026-12-31');
create table contrats_vehicules (contrat_id integer, vehicule_id integer);
insert into contrats_vehicules values (7, 1), (7, 2);
create table reservations (id integer primary key, vehicule_id integer, agent_id integer, debut timestamp,
    fin timestamp null, statut varchar(20));
insert into reservations values (70, 3, 100, '2026-05-01 08:00:00', '2026-05-01 18:00:00', 'confirmée');
create table migrations (id integer primary key, migration varchar(40));
insert into migrations values (1, 'create_users');
create table user_sessions (id integer primary key, user_id integer, token varchar(40));
insert into user_sessions values (1, 100, 'secret');
"""
QUERY = """{
  assets(orderBy: [{field: NAME}]) { nodes {
    name kind sourceKind status odometerKm purchaseDate value { amount currency }
    identifiers { scheme value country } site { name address { city postcode country } position { lat } }
    custodian { displayName familyName email active manager { givenName } }
    bookings(start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z") { nodes { status start } }
    coverages { nodes { policy { number insurer } } }
  } }
}"""
FOREIGN = {
    "german": (
        """create table fahrzeuge (id integer primary key, bezeichnung text, kennzeichen text,
               fahrgestellnummer text, kilometerstand integer, standort_id integer, geloescht integer);
           insert into fahrzeuge values (1, 'Wagen 1', 'B-MW 123', 'WVWZZZ1KZAW000001', 7, 3, 0),
               (2, 'Wagen 2', 'B-MW 124', 'WVWZZZ1KZAW000002', 8, 3, 1);
           create table standorte (id integer primary key, bezeichnung text, strasse text, plz text, ort text);
           insert into standorte values (3, 'Mitte', 'Weg 1', '10115', 'Berlin');
           create table mitarbeiter (id integer primary key, vorname text, nachname text, email text);
           insert into mitarbeiter values (5, 'Jo', 'Kahn', 'jo@b.example');""",
        {"fahrzeuge": "Asset", "standorte": "Site", "mitarbeiter": "Person"},
        {"scheme": "LICENSE_PLATE", "value": "B-MW 123", "country": "DE"},
    ),
    "spanish": (
        """create table vehiculos (id integer primary key, nombre text, matricula text, bastidor text,
               kilometraje integer, sede_id integer);
           insert into vehiculos values (1, 'Coche 1', '1234 BCD', 'VSSZZZ5FZHR000001', 9, 3);
           create table sedes (id integer primary key, nombre text, direccion text, codigo_postal text, ciudad text);
           insert into sedes values (3, 'Centro', 'Calle 1', '28001', 'Madrid');
           create table empleados (id integer primary key, nombre text, apellidos text, correo text);
           insert into empleados values (5, 'Ana', 'Ruiz', 'ana@m.example');""",
        {"vehiculos": "Asset", "sedes": "Site", "empleados": "Person"},
        {"scheme": "LICENSE_PLATE", "value": "1234 BCD", "country": "ES"},
    ),
    "camel case": (
        """create table "CompanyVehicles" ("VehicleID" integer primary key, "VehicleName" text, "LicensePlate" text,
               "ChassisNumber" text, "Odometer" integer, "LocationID" integer);
           insert into "CompanyVehicles" values (1, 'Van 1', 'AB-123-CD', 'VSSZZZ5FZHR000001', 9, 3);
           create table "Locations" ("LocationID" integer primary key, "Name" text, "Street" text, "City" text);
           insert into "Locations" values (3, 'Centre', 'Road 1', 'Leeds');
           create table "Employees" ("EmployeeID" integer primary key, "FirstName" text, "LastName" text, "Email" text);
           insert into "Employees" values (5, 'Ann', 'Lee', 'ann@l.example');""",
        {"CompanyVehicles": "Asset", "Locations": "Site", "Employees": "Person"},
        {"scheme": "LICENSE_PLATE", "value": "AB-123-CD", "country": "FR"},
    ),
}


def asked(code: str = "poste") -> Asked:
    return Asked(code, "La Poste", "POSTAL_OPERATOR", "Europe/Paris", "EUR")


def sqlite(folder: Path, tables: str) -> str:
    with closing(sqlite3.connect(folder / "fleet.sqlite")) as store:
        store.executescript(tables)
    return f"sqlite+aiosqlite:///{folder / 'fleet.sqlite'}"


def made(server: Server, tables: str, name: str = "proposed") -> str:
    url = server.create(name)
    server.run(name, tables)
    return url


async def errors(folder: Path, text: Text, url: str) -> list[str]:
    """The errors of `gateway check`, live."""
    (folder / "partners").mkdir(exist_ok=True)
    (folder / "partners" / f"{text.asked.code}.toml").write_text(str(text), "utf-8")
    (folder / "gateway.toml").write_text(CONFIG, "utf-8")
    told = await check.look(folder / "gateway.toml", {text.variable: url}, check.Options())
    return [str(mistake) for mistake in told.findings if mistake.level == "error"]


@pytest.mark.parametrize("engine", ["sqlite", "postgres", "mariadb"])
async def test_a_fleet_is_proposed_and_answers(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = sqlite(tmp_path, TABLES) if engine == "sqlite" else made(request.getfixturevalue(engine), TABLES)
    text = await proposed(url, asked())
    entities = {draft.table.name: draft.entity for draft in text.drafts if not draft.off and draft.entity != "Coverage"}
    assert entities == {
        "vehicules": "Asset",
        "sites": "Site",
        "agents": "Person",
        "contrats_assurance": "Policy",
        "reservations": "Booking",
    }
    assert await errors(tmp_path, text, url) == []
    async with running({"poste": str(text)}, {text.variable: url}) as gateway:
        found = {node["name"]: node for node in (await gateway.data(QUERY, partner="poste"))["assets"]["nodes"]}
    assert sorted(found) == ["Kangoo 1", "Kangoo 2", "Vélo 3", "Œil 5"]  # what was deleted stays away
    van = found["Kangoo 1"]
    assert [van[name] for name in ("kind", "sourceKind", "status", "odometerKm", "purchaseDate")] == [
        "VAN", "Utilitaire", "IN_USE", 1000, "2021-02-03",
    ]  # fmt: skip
    assert van["value"]["currency"] == "EUR" and float(van["value"]["amount"]) == 20000
    assert sorted(van["identifiers"], key=str) == [
        {"scheme": "LICENSE_PLATE", "value": "AB-123-CD", "country": "FR"},
        {"scheme": "VIN", "value": "VF1FW1BDH12345678", "country": None},
    ]
    assert van["site"] == {
        "name": "Nanterre PDC",
        "address": {"city": "Nanterre", "postcode": "92000", "country": "FR"},
        "position": {"lat": 48.89},
    }
    assert van["custodian"] == {
        "displayName": "Awa Diallo",
        "familyName": "Diallo",
        "email": "awa@poste.example",
        "active": True,
        "manager": None,
    }
    assert van["coverages"]["nodes"] == [{"policy": {"number": "FL-7", "insurer": "MAIF"}}]
    assert found["Kangoo 2"]["status"] == "OUT_OF_SERVICE"
    assert found["Kangoo 2"]["custodian"]["familyName"] == "Null"  # a name, not nothing
    assert found["Kangoo 2"]["custodian"]["manager"] == {"givenName": "Awa"}
    bike = found["Vélo 3"]
    assert (bike["kind"], bike["status"], bike["identifiers"] or []) == ("CARGO_BIKE", "IN_STOCK", [])
    assert [booking["status"] for booking in bike["bookings"]["nodes"]] == ["CONFIRMED"]
    assert found["Œil 5"]["kind"] == "OTHER"


@pytest.mark.parametrize("language", FOREIGN)
async def test_other_languages(language: str, tmp_path: Path) -> None:
    tables, entities, identifier = FOREIGN[language]
    url = sqlite(tmp_path, tables)
    text = await proposed(url, asked())
    assert {draft.table.name: draft.entity for draft in text.drafts if not draft.off} == entities
    assert await errors(tmp_path, text, url) == []
    query = "{ assets { nodes { odometerKm identifiers { scheme value country } site { address { city } } } } }"
    async with running({"poste": str(text)}, {text.variable: url}) as gateway:
        nodes = (await gateway.data(query, partner="poste"))["assets"]["nodes"]
    assert len(nodes) == 1 and identifier in nodes[0]["identifiers"]
    assert nodes[0]["odometerKm"] and nodes[0]["site"]["address"]["city"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    url = sqlite(tmp_path, TABLES).replace("+aiosqlite", "")  # a URL as others write it
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET", url)
    command = ["init", "partner", "--url", "${FLEET}", "--code", "poste", "--kind", "POSTAL_OPERATOR"]
    assert main(command) == 0
    told = capsys.readouterr()
    assert told.out.startswith("export POSTE_URL='sqlite+aiosqlite:///") and "gateway check" in told.out
    file = tmp_path / "partners" / "poste.toml"
    text = file.read_text("utf-8")
    data = tomllib.loads(text)
    assert data["source"]["main"]["url"] == "${POSTE_URL}" and "agreement" not in data
    assert "# [[agreement]]" in text and "unsure" in text
    assert "AB-123-CD" not in text and "awa@" not in text and "00123" not in text  # people's things are masked
    file.write_text("mine", "utf-8")
    assert main(command) == 1
    assert "FILE_EXISTS" in capsys.readouterr().err and file.read_text("utf-8") == "mine"
    assert main([*command, "--force"]) == 0 and file.read_text("utf-8") == text
    assert main([*command, "--force", "--tables", "sites"]) == 0
    assert list(tomllib.loads(file.read_text("utf-8"))["mapping"]) == ["sites"]


def test_a_relative_sqlite_file_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gateway takes relative paths from the folder of the partner file, the command from where it stands."""
    sqlite(tmp_path, TABLES)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "partner", "--url", "sqlite:///fleet.sqlite", "--code", "poste"]) == 0
    name, _, url = capsys.readouterr().out.splitlines()[0].removeprefix("export ").partition("=")
    monkeypatch.setenv(name, url.strip("'"))
    (tmp_path / "gateway.toml").write_text("", "utf-8")
    assert main(["check"]) == 0


async def test_a_mapping_that_is_commented_out_is_toml_once_the_sign_is_taken_away(tmp_path: Path) -> None:
    """With its own comments: codes, examples and what is unsure."""
    url = sqlite(
        tmp_path,
        """create table things (id integer primary key, title text, category text, plate text, serial_no text,
               brand text, state text);
           insert into things values (1, 'A', 'van', 'AB-123-CD', 'S1', 'Ford', 'ok'),
               (2, 'B', 'drill', 'AB-124-CD', 'S2', 'Bosch', 'broken');""",
    )
    text = await proposed(url, asked())
    whole = str(text)
    start, end = whole.index("# [mapping.things]"), whole.index("# Nothing is shared")
    taken = re.sub(r"^# ", "", whole[start:end], flags=re.MULTILINE)
    assert tomllib.loads(taken)["mapping"]["things"]["fields"]["name"] == "title"
    assert "# van: 1 rows -> VAN" in taken
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "poste.toml").write_text(whole[:start] + taken + whole[end:], "utf-8")
    assert catalog.load(tmp_path / "partners", model(), {text.variable: url})[1] == []


async def test_german_words_of_a_fleet(tmp_path: Path) -> None:
    url = sqlite(
        tmp_path,
        """create table fahrzeugart (id integer primary key, bezeichnung text);
           insert into fahrzeugart values (1, 'PKW'), (2, 'Transporter');
           create table mitarbeiter (personal_nr text primary key, vorname text, nachname text, email text);
           insert into mitarbeiter values ('M1', 'Jo', 'Kahn', 'jo@b.example');
           create table fahrzeug (id integer primary key, kennzeichen text, hersteller text, km_stand integer,
               fahrzeugart_id integer references fahrzeugart, fahrer_nr text references mitarbeiter,
               anschaffungswert decimal(10, 2), anschaffungsdatum date, tuev_bis date, gps_lat float, gps_lon float);
           insert into fahrzeug values (1, 'B-MW 123', 'VW', 7, 1, 'M1', 9.5, '2020-01-01', '2026-05-01', 52.5, 13.4),
               (2, 'B-MW 124', 'VW', 8, 2, 'M1', 8.5, '2020-01-02', '2026-05-02', 52.6, 13.5);
           create table versicherung (id integer primary key, fahrzeug_id integer references fahrzeug,
               gesellschaft text, police_nr text, art text, beginn date, ende date);
           insert into versicherung values (1, 1, 'Hanse', 'H-1', 'Haftpflicht', '2026-01-01', '2026-12-31'),
               (2, 2, 'Hanse', 'H-2', 'Vollkasko', '2026-01-01', '2026-12-31');""",
    )
    text = await proposed(url, asked())
    assert await errors(tmp_path, text, url) == []
    query = """{
      assets { nodes { kind purchaseDate inspectionDueDate value { amount } position { lat lon } custodian { givenName }
        coverages { nodes { kind policy { number insurer } } } } }
    }"""
    async with running({"poste": str(text)}, {text.variable: url}) as gateway:
        first, second = (await gateway.data(query, partner="poste"))["assets"]["nodes"]
    assert (first["kind"], second["kind"]) == ("CAR", "VAN")
    assert (first["purchaseDate"], first["inspectionDueDate"]) == ("2020-01-01", "2026-05-01")
    assert first["value"]["amount"] == "9.5" and first["position"] == {"lat": 52.5, "lon": 13.4}
    assert first["custodian"] == {"givenName": "Jo"}
    covered = first["coverages"]["nodes"] + second["coverages"]["nodes"]
    assert [each["kind"] for each in covered] == ["THIRD_PARTY_LIABILITY", "OWN_DAMAGE"]
    assert [each["policy"]["number"] for each in covered] == ["H-1", "H-2"]
    assert covered[0]["policy"]["insurer"] == "Hanse"


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (["--url", "postgresql://me:hunter2@127.0.0.1:1/db"], "SOURCE_UNAVAILABLE"),
        (["--url", "no url at all hunter2"], "SOURCE_URL"),
        (["--url", "oracle://me:hunter2@h/db"], "SOURCE_URL"),
        (["--url", "${UNSET_VARIABLE}"], "CATALOG_UNSET_VARIABLE"),
        (["--tables", "vehicule"], "did you mean 'vehicules'?"),
        (["--kind", "POST"], "CATALOG_WRONG_VALUE"),
        (["--time-zone", "Mars"], "CATALOG_WRONG_VALUE"),
        (["--code", "La Poste"], "CATALOG_WRONG_VALUE"),
    ],
)
def test_what_cannot_be_done_is_told(
    option: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["init", "partner", *(["--url", sqlite(tmp_path, TABLES)] if option[0] != "--url" else []), *option]
    assert main(command) == 1
    told = capsys.readouterr().err
    assert code in told and "hunter2" not in told
    assert not (tmp_path / "partners").exists()


async def test_the_password_is_nowhere(tmp_path: Path, postgres: Server, capsys: pytest.CaptureFixture[str]) -> None:
    url = made(postgres, TABLES, "hidden")
    text = await proposed(url, asked())
    assert postgres.password not in str(text)
    from gateway.init import hidden

    assert postgres.password not in hidden(url) and "***" in hidden(url)
    assert "hunter2" not in hidden("mariadb+asyncmy://h/d?password=hunter2")


async def test_a_line_that_the_loader_does_not_take_is_commented_out(tmp_path: Path) -> None:
    """A dot in a column's name would be a join: the rest of the mapping stays."""
    tables = 'create table vehicules (id integer primary key, libelle text, immatriculation text, "date.achat" date);'
    url = sqlite(tmp_path, tables + "insert into vehicules values (1, 'A', 'AB-123-CD', '2020-01-01')")
    text = await proposed(url, asked())
    assert re.search(r'^# purchaseDate = "date.achat"   # CATALOG_UNKNOWN_REFERENCE: ', str(text), re.MULTILINE)
    assert await errors(tmp_path, text, url) == []


async def test_an_account_that_may_read_little(postgres: Server) -> None:
    """What it may not read is passed over, not the end."""
    made(postgres, TABLES, "little")
    grants = "grant select on vehicules, sites to little;"
    postgres.run("little", f"drop role if exists little; create role little login password 'little'; {grants}")
    url = postgres.url("little").replace(f"postgres:{postgres.password}", "little:little")
    text = await proposed(url, asked())
    assert {draft.table.name for draft in text.drafts if not draft.off} == {"vehicules", "sites"}
    postgres.create("bare")
    with pytest.raises(GatewayError) as told:
        await proposed(postgres.url("bare"), asked())
    assert told.value.code == "SOURCE_EMPTY"


NAMES = st.one_of(
    st.sampled_from(
        ["id", "name", "nom", "email", "serial", "immatriculation", "type", "etat", "status", "start", "end"]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12),
)
CELLS = st.one_of(st.none(), st.integers(-1, 9), st.text(st.characters(exclude_categories=("Cs",)), max_size=12))


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_the_database_the_file_loads(data: st.DataObject, tmp_path: Path) -> None:
    """Names and values may hold anything that a database takes."""
    place = tmp_path / "any.sqlite"
    place.unlink(missing_ok=True)
    subjects = st.sampled_from(["vehicles", "users", "sites", "contracts", "reservations"]) | NAMES
    tables = data.draw(st.lists(subjects, min_size=1, max_size=4, unique_by=str.casefold))
    with closing(sqlite3.connect(place)) as store:
        for table in tables:
            columns = data.draw(st.lists(NAMES, min_size=2, max_size=8, unique_by=str.casefold))
            quoted = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in (table, *columns)]
            try:
                store.execute(f"create table {quoted[0]} ({quoted[1]} primary key, {', '.join(quoted[2:])})")
            except sqlite3.OperationalError:
                continue  # a name that SQLite keeps for itself
            for _ in range(3):
                row = [data.draw(CELLS) for _ in columns]
                marks = ", ".join("?" * len(columns))
                store.execute(f"insert or ignore into {quoted[0]} values ({marks})", row)
        store.commit()
    url = f"sqlite+aiosqlite:///{place}"
    text = await proposed(url, asked())
    assert [mistake for mistake in read(text, url) if mistake.level == "error"] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("glpi_peripheraltypes", ("glpi", "peripheral", "type")),
        ("LicensePlate", ("license", "plate")),
        ("Adhésions", ("adhesion",)),
        ("categories", ("category",)),
        ("fahrzeuge", ("fahrzeug",)),
        ("status", ("status",)),
        ("users_id_supervisor", ("user", "id", "supervisor")),
    ],
)
def test_words_of_names(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


def test_spellings() -> None:
    assert [plate(text) for text in ("AB-123-CD", "1-ABC-234", "B-MW 123", "1234 BCD", "ab 123 cd", "hello")] == [
        "FR", "BE", "DE", "ES", "FR", None,
    ]  # fmt: skip
    assert vin("VF1FW1BDH12345678") and not vin("VF1FW1BDH1234567O") and not vin("12345678901234567")
    assert imei("490154203237518") and not imei("490154203237519")


# The true systems -----------------------------------------------------------------------------------------------------


async def answered(text: Text, url: str, query: str) -> dict[str, Any]:
    async with running({text.asked.code: str(text)}, {text.variable: url}) as gateway:
        return await gateway.data(query, partner=text.asked.code)


def mapped(text: Text) -> dict[str, set[str]]:
    """Table -> the fields that are proposed for it, over its mappings."""
    found: dict[str, set[str]] = {}
    for draft in text.drafts:
        if not draft.off:
            live = {name for name, line in draft.fields.items() if not line.off}
            found.setdefault(draft.table.name, set()).update(live)
    return found


KINDS = "{ assets(first: 1000) { totalCount nodes { kind } } }"
COUNTS = "{ assets { totalCount } people { totalCount } }"


async def test_glpi(glpi: str, tmp_path: Path) -> None:
    text = await proposed(glpi, asked("glpi"))
    fields = mapped(text)
    assert set(fields) == {f"glpi_{name}" for name in (
        "peripherals", "computers", "phones", "locations", "users", "contracts", "reservations",
    )}  # fmt: skip
    asset = {
        "name",
        "kind",
        "status",
        "identifiers",
        "manufacturer",
        "model",
        "site",
        "custodian",
        "purchaseDate",
        "value",
    }
    assert asset | {"sourceKind", "sourceStatus", "inServiceDate", "updatedAt"} <= fields["glpi_peripherals"]
    assert asset <= fields["glpi_computers"] and asset <= fields["glpi_phones"]
    person = {
        "displayName",
        "givenName",
        "familyName",
        "identifiers",
        "email",
        "active",
        "employment",
        "manager",
        "site",
    }
    assert person <= fields["glpi_users"]
    assert {"number", "start", "tacitRenewal", "kind", "insuredAssets"} <= fields["glpi_contracts"]
    assert {"asset", "bookedFor", "start", "end"} <= fields["glpi_reservations"]
    assert await errors(tmp_path, text, glpi) == []
    assert await answered(text, glpi, COUNTS) == {"assets": {"totalCount": 2658}, "people": {"totalCount": 610}}


async def test_snipe_it(snipeit: str, tmp_path: Path) -> None:
    text = await proposed(snipeit, asked("snipeit"))
    fields = mapped(text)
    assert set(fields) == {"assets", "users", "locations"}
    query = "{ assets(first: 1000, filter: {kind: {eq: VAN}}) { totalCount } }"
    assert (await answered(text, snipeit, query))["assets"]["totalCount"] > 800  # by the category of the model
    wanted = (
        "name kind status identifiers manufacturer model purchaseDate value site custodian inspectionDueDate attributes"
    )
    assert some(wanted) <= fields["assets"]
    assert some("displayName email identifiers active jobTitle department manager site") <= fields["users"]
    assert await errors(tmp_path, text, snipeit) == []
    assert (await answered(text, snipeit, COUNTS))["assets"] == {"totalCount": 2452}


async def test_odoo(odoo: str, tmp_path: Path) -> None:
    text = await proposed(odoo, asked("odoo"))
    fields = mapped(text)
    assert {"fleet_vehicle", "hr_employee", "fleet_vehicle_log_contract", "res_company"} <= set(fields)
    assert not {"res_users", "resource_resource", "mail_message", "hr_contract"} & set(fields)
    wanted = "name kind status identifiers manufacturer model propulsion seats value custodian site"
    assert some(wanted) <= fields["fleet_vehicle"]
    assert some("displayName email identifiers employment active department manager") <= fields["hr_employee"]
    wanted = "number insurer status start end kind insuredAssets unparsedTerms"
    assert some(wanted) <= fields["fleet_vehicle_log_contract"]
    assert await errors(tmp_path, text, odoo) == []
    counts = {"assets": {"totalCount": 2145 + 8}, "people": {"totalCount": 640}}  # and eight things of maintenance
    assert await answered(text, odoo, COUNTS) == counts


async def test_librebooking(librebooking: str, tmp_path: Path) -> None:
    text = await proposed(librebooking, asked("librebooking"))
    fields = mapped(text)
    assert set(fields) == {"resources", "users", "reservation_instances"}
    assert {"asset", "bookedFor", "start", "end", "status"} <= fields["reservation_instances"]
    assert {"displayName", "email", "identifiers", "active"} <= fields["users"]
    assert await errors(tmp_path, text, librebooking) == []
    counts = {"assets": {"totalCount": 322}, "people": {"totalCount": 559}}
    assert await answered(text, librebooking, COUNTS) == counts


def test_nothing_of_a_person_stands_in_the_notes() -> None:
    """A guard on the masks themselves."""
    from resolvers.survey.content import shape

    assert shape("Ab-12 Éé") == "Aa-99 Aa" and not re.search("[B-Zb-z1-8]", shape("Zoé 42"))
    assert Counter(shape("x" * 99)) == {"a": 40}
