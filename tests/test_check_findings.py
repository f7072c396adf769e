"""`gateway check` on a database with one of each ugliness, on each engine: what is found, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from resolvers.catalog import load
from resolvers.checks import Report, check
from resolvers.errors import Mistake
from schema.model import model
from tests.servers import Server

FILE = """
[partner]
code = "poste"
name = "La Poste"
kind = "POSTAL_OPERATOR"
time_zone = "Europe/Paris"
currency = "EUR"

[source.fleet]
kind = "sql"
url = "${URL}"

[mapping.vehicles]
entity = "Asset"
source = "fleet"
table = "vehicules"
key = "id"
join.photo = { table = "photos", on = { "photo.vehicule" = "id" } }
[mapping.vehicles.fields]
name = "libelle"
kind = { column = "genre", values = { VUL = "VAN", BERLINE = "CAR" } }
status = { column = "etat", values = { 1 = "IN_USE" }, otherwise = "OUT_OF_SERVICE" }
description = "photo.legende"
manufacturer = "marque"
sourceKind = { raw = { sqlite = "upper({genre})", postgresql = "upper({genre})", mariadb = "upper({genre})" } }
model = "vide"
purchaseDate = "achat"
value = { amount = "prix" }
identifiers = [{ scheme = "LICENSE_PLATE", value = "plaque", spelling = "loose" }]
site = { key = "lieu" }
custodian = { scheme = "EMAIL", value = "agent" }

[mapping.people]
entity = "Person"
source = "fleet"
table = "agents"
key = "courriel"
[mapping.people.fields]
displayName = "nom"
identifiers = [{ scheme = "EMAIL", value = "courriel", spelling = "loose" }]

[mapping.twins]
entity = "Person"
source = "fleet"
table = "jumeaux"
key = "numero"
[mapping.twins.fields]
displayName = "nom"
identifiers = [{ scheme = "EMAIL", value = "courriel", spelling = "loose" }]

[mapping.numbered]
entity = "Policy"
source = "fleet"
table = "jumeaux"
key = "numero"
distinct = true
where = { numero = { gt = 0 } }
[mapping.numbered.fields]
number = "nom"

[mapping.places]
entity = "Site"
source = "fleet"
table = "lieux"
key = "id"
where = { ferme = { eq = 0 } }
[mapping.places.fields]
name = "nom"
"""
TABLES = """
create table vehicules (id integer primary key, libelle varchar(80) not null, genre varchar(9), etat integer,
  marque varchar(80), vide varchar(9), achat varchar(20), prix varchar(20), plaque varchar(20), lieu integer,
  agent varchar(80));
insert into vehicules values
  (1, 'Kangoo', 'VUL', 1, 'Citroën', null, '2020-01-31', '100.50', 'AB-123-CD', 1, 'awa@poste.example'),
  (2, 'Zoé', 'VUL', 2, 'CitroÃ«n', null, '0000-00-00', '12 000', 'AB-124-CD', 2, 'ben@poste.example'),
  (3, 'Berlingo ', 'TANK', 3, 'Citro' || char(65533) || 'n', null, '9999-12-31', '1e3', 'AB-125-CD', 9999, 'eve@x.fr'),
  (4, 'Riese &#38; Müller', null, 1, 'Peugeot', null, 'bientôt', null, 'AB-126-CD', null, null);
create table photos (id integer primary key, vehicule integer, legende varchar(80));
insert into photos values (1, 1, 'avant'), (2, 1, 'arrière'), (3, 2, 'avant');
create table agents (courriel varchar(80) not null primary key, nom varchar(80) not null);
insert into agents values ('awa@poste.example', 'Awa'), ('ben@poste.example', 'Ben');
create table jumeaux (numero integer, nom varchar(80), courriel varchar(80));
insert into jumeaux values (1, 'Ben', 'ben@poste.example'), (1, 'Benoît', null), (null, 'No', null), (2, 'Eve', null);
create table lieux (id integer, nom varchar(80) not null, ferme integer);
"""
PLACES = ", ".join(f"({number}, 'Lieu {number}', {int(number == 2)})" for number in range(1, 1_201))
# Level, code, where in the file (without "mapping."), and something that is said of it.
FINDINGS = """
error   DATA_JOIN_SEVERAL    vehicles.join.photo          1 key in 2 rows, like 1 (2 times)
warning DATA_CODE_UNKNOWN    vehicles.fields.kind         1 code without a meaning, in 1 row: 'TANK' (1 row)
note    DATA_CODE_UNUSED     vehicles.fields.kind         1 code of `values` in no row: 'BERLINE'.
note    DATA_CODE_OTHERWISE  vehicles.fields.status       2 codes read as OUT_OF_SERVICE, in 2 rows: '2' (1 row), '3'
note    DATA_REQUIRED_EMPTY  vehicles.fields.kind         nothing stands in 1 row of 5. they read as OTHER
note    DATA_ALWAYS_EMPTY    vehicles.fields.model        no row of 5 says anything
note    DATA_ZERO_DATE       vehicles.fields.purchaseDate ZERO_DATE in 1 of 4 rows looked at, like '0000-00-00'
note    DATA_PLACEHOLDER     vehicles.fields.purchaseDate like '9999-12-31'
warning DATA_UNPARSEABLE     vehicles.fields.purchaseDate like 'bientôt'. they read as null; `format`
warning DATA_UNPARSEABLE     vehicles.fields.value.amount like '12 000'. they read as null; `decimal = ","`
note    MAPPING_RAW          vehicles.fields.sourceKind   nobody but you has checked
warning DATA_ENCODING        vehicles.fields.manufacturer wrong encoding once in 1 of 4 rows looked at, like 'CitroÃ«n'
warning DATA_ENCODING        vehicles.fields.manufacturer (U+FFFD) in 1 of 4 rows
warning DATA_HTML            vehicles.fields.name         like 'Riese &#38; Müller'. `html = true`
note    DATA_BLANKS          vehicles.fields.name         like 'Berlingo '. `trim = true`
warning DATA_ORPHANS         vehicles.fields.site         lead to no record: 2 (1 row), 9999 (1 row). 1 of them
warning DATA_ORPHANS         vehicles.fields.custodian    1 of 3 rows that name one lead to no record: EMAIL eve
warning DATA_AMBIGUOUS       vehicles.fields.custodian    1 of 3 rows that name one fit several records
warning DATA_KEY_PERSONAL    people.key                   the key is made of e-mail addresses, like 'awa@poste.example'
error   DATA_KEY_REPEATED    twins.key                    numero is no key: 1 key in 2 rows, like 1 (2 times)
warning DATA_KEY_MISSING     twins.key                    1 row of 'jumeaux' without numero
warning SOURCE_NO_INDEX      places.key                   all 1,199 rows are looked at
"""


async def looked(folder: Path, url: str, text: str = FILE) -> Report:
    (folder / "poste.toml").write_text(text, "utf-8")
    catalog, mistakes = load(folder, model(), {"URL": url})
    assert mistakes == []
    return await check(catalog)


def told(findings: Iterable[Mistake]) -> list[tuple[str, str, str]]:
    words = {"info": "note"}
    return sorted(
        (words.get(found.level, found.level), found.code, found.key.removeprefix("mapping."))
        for found in findings
        if not found.key.startswith("source.")
    )


def script(dialect: str) -> str:
    lost = {"sqlite": "'Citro' || char(65533) || 'n'", "postgresql": "'Citro' || chr(65533) || 'n'"}
    whole = TABLES.replace(lost["sqlite"], lost.get(dialect, "'Citro\ufffdn'"))
    return whole + f"insert into lieux values {PLACES};"


def sqlite(folder: Path, tables: str) -> str:
    with closing(sqlite3.connect(folder / "fleet.sqlite")) as store:
        store.executescript(tables)
    return f"sqlite+aiosqlite:///{folder / 'fleet.sqlite'}"


def made(server: Server, tables: str) -> str:
    url = server.create("findings")
    server.run("findings", tables)
    return url


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mariadb"])
async def test_each_ugliness_is_found_where_it_is(
    tmp_path: Path, postgres: Server, mariadb: Server, engine: str
) -> None:
    url = {
        "sqlite": lambda: sqlite(tmp_path, script("sqlite")),
        "postgresql": lambda: made(postgres, script("postgresql")),
        "mariadb": lambda: made(mariadb, script("mariadb")),
    }[engine]()
    report = await looked(tmp_path, url)
    wanted = [line.split(maxsplit=3) for line in FINDINGS.strip().splitlines()]
    assert told(report.findings) == sorted((level, code, key) for level, code, key, _ in wanted)
    for _, code, key, says in wanted:
        texts = [f"{m.message} {m.hint}" for m in report.findings if (m.code, m.key) == (code, f"mapping.{key}")]
        assert any(says in text for text in texts), (says, texts)


READER = {
    "postgresql": "drop role if exists watcher; create role watcher login password 'hush';"
    "grant select on all tables in schema public to watcher;",
    "mariadb": "create or replace user watcher@'%' identified by 'hush'; grant select on findings.* to watcher@'%';",
}


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
async def test_an_account_that_may_write_is_told_from_one_that_may_not(
    tmp_path: Path, postgres: Server, mariadb: Server, engine: str
) -> None:
    server = postgres if engine == "postgresql" else mariadb
    powerful = make_url(made(server, script(engine)))
    server.run("findings", READER[engine])
    reader = powerful.set(username="watcher", password="hush").render_as_string(hide_password=False)
    for url, may in ((powerful.render_as_string(hide_password=False), True), (reader, False)):
        report = await looked(tmp_path, url)
        (source,) = report.sources
        assert (source.read_only, source.can_write) == (True, may)
        warned = [(found.level, found.key) for found in report.findings if found.code == "SOURCE_CAN_WRITE"]
        assert warned == [("warning", "source.fleet.url")] * may
        assert not any("hush" in str(found) for found in report.findings)


SLOW = """
[mapping.{name}]
entity = "Site"
source = "fleet"
table = "{name}"
key = "id"
[mapping.{name}.fields]
name = "nom"
"""


async def test_what_takes_too_long_is_told_and_the_rest_is_looked_at(tmp_path: Path, postgres: Server) -> None:
    url = made(
        postgres,
        "create table vite (id integer primary key, nom varchar(9));"
        "create view lent as select 1 as id, case when pg_sleep(9) is null then 'x' else 'y' end as nom"
        " from generate_series(1, 2);",
    )
    head = FILE.partition("[mapping.vehicles]")[0].replace('kind = "sql"', 'kind = "sql"\ndeadline = "400ms"')
    report = await looked(tmp_path, url, head + SLOW.format(name="lent") + SLOW.format(name="vite"))
    unchecked = {found.key for found in report.findings if found.code == "SOURCE_UNCHECKED"}
    assert "mapping.lent" in unchecked
    assert not any(key.startswith("mapping.vite") for key in unchecked)
    (source,) = report.sources
    assert [mapping.orders.get("") for mapping in source.mappings] == ["sorted", "indexed"]
    assert source.seconds < 20


ORDERS = """
[mapping.vans]
entity = "Asset"
source = "fleet"
table = "vans"
key = "id"
[mapping.vans.fields]
name = "nom"
kind = { const = "VAN" }
purchaseDate = "achat"
"""


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mariadb"])
async def test_which_orders_an_index_gives_is_told(
    tmp_path: Path, postgres: Server, mariadb: Server, engine: str
) -> None:
    tables = "create table vans (id integer not null{}, nom varchar(9), achat date);"
    head = FILE.partition("[mapping.vehicles]")[0]
    for key, by_key in ((" primary key", "indexed"), ("", "sorted")):
        text = tables.format(key)
        url = sqlite(tmp_path, "drop table if exists vans;" + text) if engine == "sqlite" else ""
        url = url or made(postgres if engine == "postgresql" else mariadb, text)
        report = await looked(tmp_path, url, head + ORDERS)
        (source,) = report.sources
        (mapping,) = source.mappings
        assert mapping.orders == {"": by_key, "NAME": "sorted", "KIND": by_key}
