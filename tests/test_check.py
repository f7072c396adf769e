"""`gateway check` on live sources: what a partner's IT person is told when the database is not as the file says."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from resolvers.catalog import load
from resolvers.checks import check
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
join.site = { table = "sites", on = { "site.id" = "site_id" } }
[mapping.vehicles.fields]
name = "libelle"
purchaseDate = "achat"
description = "site.nom"
[mapping.covers]
entity = "Coverage"
source = "fleet"
table = "vehicules"
key = "id"
[mapping.covers.fields]
label = "libelle"
insuredAssets = { listed = { table = "liens", on = { "garantie" = "id" }, key = "vehicule", to = "vehicles" } }
"""
TABLES = (
    "create table vehicules (id integer primary key, libelle varchar(40), achat date, site_id integer);"
    "create table sites (id integer primary key, nom varchar(40));"
    "create table liens (garantie integer, vehicule integer);"
)
BREAKS = [
    ("vehicules", "fahrzeuge", "SOURCE_SCHEMA_DRIFT", "mapping.vehicles.table", "no table 'vehicules'"),
    ("libelle", "libele", "SOURCE_SCHEMA_DRIFT", "mapping.vehicles.fields.name", "did you mean 'libele'?"),
    ("nom", "titre", "SOURCE_SCHEMA_DRIFT", "mapping.vehicles.fields.description", "it has: id, titre"),
    ("site_id", "place", "SOURCE_SCHEMA_DRIFT", "mapping.vehicles.join.site.on", "no column 'site_id'"),
    ("liens", "lien", "SOURCE_SCHEMA_DRIFT", "mapping.covers.fields.insuredAssets.listed", "did you mean 'lien'?"),
    ("garantie", "cover", "SOURCE_SCHEMA_DRIFT", "mapping.covers.fields.insuredAssets.listed", "no column 'garantie'"),
    ("achat date", "achat integer", "SOURCE_COLUMN_TYPE", "mapping.vehicles.fields.purchaseDate", "cannot be a Date"),
]


async def told(folder: Path, url: str, text: str = FILE) -> list[Mistake]:
    """What is wrong; what is only good to know is not told here."""
    (folder / "poste.toml").write_text(text, "utf-8")
    catalog, mistakes = load(folder, model(), {"URL": url})
    found = [*mistakes, *(await check(catalog)).findings]
    return [mistake for mistake in found if mistake.level == "error"]


def sqlite(folder: Path, tables: str) -> str:
    with closing(sqlite3.connect(folder / "fleet.sqlite")) as store:
        store.executescript(tables)
    return f"sqlite+aiosqlite:///{folder / 'fleet.sqlite'}"


async def test_nothing_is_wrong(tmp_path: Path, postgres: Server, mariadb: Server) -> None:
    for url in (sqlite(tmp_path, TABLES), made(postgres, TABLES), made(mariadb, TABLES)):
        assert await told(tmp_path, url) == []


@pytest.mark.parametrize(("old", "new", "code", "key", "says"), BREAKS)
async def test_what_is_missing_is_named_with_what_is_near(
    tmp_path: Path, postgres: Server, mariadb: Server, old: str, new: str, code: str, key: str, says: str
) -> None:
    tables = TABLES.replace(old, new)
    for url in (sqlite(tmp_path, tables), made(postgres, tables), made(mariadb, tables)):
        mistakes = await told(tmp_path, url)
        (found,) = [mistake for mistake in mistakes if (mistake.code, mistake.key) == (code, key)]
        assert says in found.message + found.hint
        assert found.file == "poste.toml"


def made(server: Server, tables: str) -> str:
    url = server.create("checked")
    server.run("checked", tables)
    return url


async def test_a_source_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, postgres: Server, mariadb: Server
) -> None:
    urls = {
        "sqlite+aiosqlite:////nowhere/at-all.sqlite": "SOURCE_UNAVAILABLE",
        "postgresql+asyncpg://reader:hush-hush@127.0.0.1:9/x": "SOURCE_UNAVAILABLE",
        "mariadb+asyncmy://reader:hush-hush@127.0.0.1:9/x": "SOURCE_UNAVAILABLE",
        f"postgresql+asyncpg://reader:hush-hush@127.0.0.1:{postgres.port}/postgres": "SOURCE_UNAVAILABLE",
        f"mariadb+asyncmy://reader:hush-hush@127.0.0.1:{mariadb.port}/mysql": "SOURCE_UNAVAILABLE",
        "postgresql://reader:hush-hush@127.0.0.1/x": "SOURCE_URL",
        "oracle+nothing://reader:hush-hush@127.0.0.1/x": "SOURCE_URL",
        "reader:hush-hush": "SOURCE_URL",
    }
    for url, code in urls.items():
        (found,) = await told(tmp_path, url)
        assert (found.code, found.key, found.file) == (code, "source.fleet.url", "poste.toml"), url
        assert "hush" not in str(found), found


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "poste.toml").write_text(FILE, "utf-8")
    (tmp_path / "gateway.toml").write_text('partners = "partners"\n', "utf-8")
    url = sqlite(tmp_path, TABLES.replace("libelle", "libele"))
    good = sqlite(tmp_path / "partners", TABLES)
    code, said = run(tmp_path, good)
    assert code == 0
    assert said.startswith("poste.toml\n  fleet: SQLite ") and "nothing wrong" in said
    code, said = run(tmp_path, url)
    assert code == 1
    assert "error    SOURCE_SCHEMA_DRIFT  mapping.vehicles.fields.name, line 18\n" in said
    assert "did you mean 'libele'?" in said
    assert "  vehicles: Asset, not counted\n" in said  # it is not empty
    assert "\x1b" not in said  # no colours in a file
    assert run(tmp_path, url, "--offline") == (0, "nothing wrong\n")
    code, said = run(tmp_path, url, "--source", "poste.flet")
    assert (code, said) == (1, "")
    file = tmp_path / "partners" / "poste.toml"
    file.write_text(file.read_text("utf-8").replace("${URL}", "${UNSET_VARIABLE}"), "utf-8")
    code, said = run(tmp_path, url, "--source", "poste.fleet")  # it is not there because the file has a mistake
    assert code == 1 and "CATALOG_UNSET_VARIABLE" in said


def test_strict_fails_where_there_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "poste.toml").write_text(FILE, "utf-8")
    (tmp_path / "gateway.toml").write_text('partners = "partners"\n', "utf-8")
    full = TABLES + (
        "insert into vehicules values (1, 'Kangoo', '2020-01-01', 1); insert into sites values (1, 'Nord');"
        "insert into liens values (1, {});"
    )
    good = sqlite(tmp_path / "partners", full.format(1))
    assert run(tmp_path, good, "--strict")[0] == 0
    orphan = sqlite(tmp_path, full.format(7))
    assert run(tmp_path, orphan)[0] == 0
    assert run(tmp_path, orphan, "--strict")[0] == 1


def test_for_machines(tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "poste.toml").write_text(FILE, "utf-8")
    (tmp_path / "gateway.toml").write_text('partners = "partners"\n', "utf-8")
    url = sqlite(tmp_path, TABLES.replace("libelle", "libele"))
    code, said = run(tmp_path, url, "--json", "--source", "poste.fleet")
    assert code == 1
    told = json.loads(said)
    assert told.keys() == {"version", "summary", "findings", "sources"}
    assert told["version"] == 1
    assert told["summary"]["error"] == 2
    assert told["findings"][0].keys() == {
        *("severity", "code", "file", "line", "key", "partner", "source", "mapping", "message", "mend")
    }
    (finding,) = [found for found in told["findings"] if found["key"] == "mapping.vehicles.fields.name"]
    assert (finding["partner"], finding["source"], finding["mapping"]) == ("poste", "fleet", "vehicles")
    (source,) = told["sources"]
    assert (source["partner"], source["name"], source["readOnly"]) == ("poste", "fleet", True)
    assert [mapping["name"] for mapping in source["mappings"]] == ["vehicles", "covers"]


def run(folder: Path, url: str, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "gateway", "check", "--config", "gateway.toml", *options]
    done = subprocess.run(command, cwd=folder, env={"URL": url}, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout
