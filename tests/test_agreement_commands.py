"""What `gateway agreement` says of an operation is what the gateway answers; a change is told before it comes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from tests.gateways import running

PARTNER = """
[partner]
code = "{code}"
name = "{code}"
kind = "OTHER"
time_zone = "UTC"
currency = "EUR"
"""
OAK = (
    PARTNER.format(code="oak")
    + """
[source.db]
kind = "sql"
url = "${OAK_DB}"
[mapping.things]
entity = "Asset"
source = "db"
table = "things"
key = "id"
fields.name = "name"
fields.kind = "kind"
fields.manufacturer = "maker"
fields.odometerKm = "km"
fields.description = "text"
fields.identifiers = [{ scheme = "VIN", value = "vin" }, { scheme = "SERIAL", value = "serial" }]
"""
)
COMMONS = """
[[agreement]]
code = "commons"
version = {version}
with = ["pine"]
purposes = ["lending"]
[agreement.Asset]
fields = ["kind", "description", "odometerKm"]
identifiers = {{ read = ["SERIAL"], match = ["VIN"] }}
mask = {{ description = "first1" }}
{where}
"""
VANS = """
[[agreement]]
code = "vans"
with = "*"
[agreement.Asset]
fields = ["manufacturer"]
where = { kind = { eq = "VAN" } }
"""
QUERY = """query Things($all: Boolean!) {
  list: assets { nodes { name maker: manufacturer odometerKm description @include(if: $all) identifiers { value } } }
  people { nodes { displayName } }
}
query Other { assets { nodes { kind } } }
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A gateway's folder, whose variables are not set."""
    (tmp_path / "gateway.toml").write_text('partners = "partners"\n')
    write(tmp_path / "partners", COMMONS.format(version=2, where="") + VANS)
    (tmp_path / "things.graphql").write_text(QUERY)
    return tmp_path


def write(folder: Path, agreements: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "oak.toml").write_text(OAK + agreements)
    (folder / "pine.toml").write_text(PARTNER.format(code="pine") + more)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def made(*arguments: Any) -> tuple[int, str]:
        code = main(["agreement", *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return made


def simulate(place: Path, *more: Any) -> tuple[Any, ...]:
    return ("simulate", "--config", place / "gateway.toml", place / "things.graphql", "--as", *more)


def test_every_field_is_told_by_partner_with_its_agreement(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    asked = ("pine", "--purpose", "lending", "--scope", "read", "--day", "2026-11-24")
    code, told = run(*simulate(place, *asked))
    assert code == 0
    assert (
        told
        == """\
pine asks for lending, with read, on 2026-11-24
in force: oak commons 2, oak vans 1

things.graphql Things
list (records of Asset)
  oak: all (commons 2, vans 1)
list.nodes.name
  oak: granted (commons 2, vans 1)
list.nodes.maker (Asset.manufacturer)
  oak: granted in some records: kind eq VAN (vans 1)
  oak: withheld, no agreement names it in some records: all others
list.nodes.odometerKm
  oak: withheld, the credential lacks read:personal
list.nodes.description
  oak: masked as the first character (first1) (commons 2)
list.nodes.identifiers
  oak: granted, SERIAL only (commons 2)
list.nodes.identifiers.value
  oak: granted, SERIAL only (commons 2)

things.graphql Other
assets (records of Asset)
  oak: all (commons 2, vans 1)
assets.nodes.kind
  oak: granted (commons 2, vans 1)
"""
    )


def test_a_machine_is_told_the_same(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    (place / "no.json").write_text('{"all": false}')
    asked = ("pine", "--scope", "read", "--scope", "read:personal", "--variables", place / "no.json", "--json")
    code, told = run(*simulate(place, *asked))
    found = json.loads(told)
    assert (code, found["version"], found["as"]["purpose"]) == (0, 1, None)
    assert found["as"]["agreements"] == [{"partner": "oak", "code": "vans", "version": 1}]
    (first, _) = found["operations"]
    records, *fields = first["outcomes"]
    assert records == {
        "path": ["list"],
        "partner": "oak",
        "entity": "Asset",
        "field": None,
        "outcome": "GRANTED",
        "rows": "kind eq VAN",
        "mask": None,
        "schemes": None,
        "code": None,
        "scopes": [],
        "agreements": [{"code": "vans", "version": 1}],
    }
    told_of = {(one["field"], one["outcome"], one["code"]) for one in fields}
    assert told_of == {
        ("name", "GRANTED", None),
        ("manufacturer", "GRANTED", None),
        ("odometerKm", "WITHHELD", "FIELD_NOT_SHARED"),
        ("identifiers", "WITHHELD", "FIELD_NOT_SHARED"),
        ("identifiers.value", "WITHHELD", "FIELD_NOT_SHARED"),
    }


def test_an_agreement_counts_for_those_whose_credential_it_asks_for(
    place: Path, run: Callable[..., tuple[int, str]]
) -> None:
    later = COMMONS.format(version=3, where='scopes = ["claims"]')
    write(place / "partners", COMMONS.format(version=2, where="") + later)
    asked = ("pine", "--purpose", "lending", "--scope", "read")
    assert "nodes.kind\n  oak: granted (commons 2)\n" in run(*simulate(place, *asked))[1]
    assert (
        "nodes.kind\n  oak: granted (commons 2, commons 3)\n" in run(*simulate(place, *asked, "--scope", "claims"))[1]
    )


def test_who_may_read_nothing_is_told_that_there_is_nothing(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    code, told = run(*simulate(place, "pine", "--scope", "audit"))
    assert code == 0 and "oak: no record, no agreement in force shows one" in told


def test_what_it_says_is_what_the_gateway_answers(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    with sqlite3.connect(place / "oak.sqlite") as store:
        store.execute(
            "create table things (id integer primary key, name text, kind text, maker text, km real, text text, "
            "vin text, serial text)"
        )
        rows = [(1, "a", "VAN", "Iveco", 5.0, "old", "V1", "S1"), (2, "b", "CAR", "Fiat", 6.0, "new", "V2", "S2")]
        store.executemany("insert into things values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    store.close()
    files = {path.stem: path.read_text() for path in (place / "partners").iterdir()}
    operation = "{ assets { nodes { name manufacturer odometerKm description identifiers { value } } } }"

    async def answered() -> list[dict[str, Any]]:
        async with running(files, {"OAK_DB": f"sqlite+aiosqlite:///{place / 'oak.sqlite'}"}) as gateway:
            found = await gateway.ask(operation, partner="pine", scopes=["read"])
            nodes: list[dict[str, Any]] = found["data"]["assets"]["nodes"]
            return sorted(nodes, key=lambda node: str(node["name"]))

    van, car = asyncio.run(answered())
    (place / "things.graphql").write_text(operation)
    _, told = run(*simulate(place, "pine", "--purpose", "lending", "--json"))
    for one in json.loads(told)["operations"][0]["outcomes"]:
        if one["field"] is None or "." in one["field"]:
            continue
        shown = [record for record, is_van in ((van, True), (car, False)) if one["rows"] in (None, _rows(is_van))]
        values = [record[one["field"]] for record in shown]
        assert (None in values) == (one["outcome"] == "WITHHELD"), one
        if one["outcome"] == "MASKED":
            assert values == ["o\u2026", "n\u2026"]
    assert [[each["value"] for each in record["identifiers"]] for record in (van, car)] == [["S1"], ["S2"]]


def _rows(is_van: bool) -> str:
    return "kind eq VAN" if is_van else "all others"


def test_what_is_wrong_is_told(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    assert run(*simulate(place, "pin")) == (
        1,
        "error PARTNER_UNKNOWN\n    There is no partner 'pin'.\n    did you mean 'pine'?\n",
    )
    (place / "things.graphql").write_text("{ assets { nodes { nam } } }")
    code, told = run(*simulate(place, "pine"))
    assert code == 1 and told.startswith(
        "error GRAPHQL_VALIDATION_FAILED\n    things.graphql: Cannot query field 'nam'"
    )
    (place / "empty").mkdir()
    code, told = run("diff", place / "partners", place / "partners", "--operations", place / "empty")
    assert code == 1 and "holds no operation" in told
    write(place / "new", VANS.replace("VAN", "VANN"))
    code, told = run("diff", place / "partners", place / "new")
    assert code == 1 and "CATALOG_UNKNOWN_VALUE oak.toml: agreement[0].Asset.where.kind.eq" in told


# what changes --------------------------------------------------------------------------------------------------------


def diff(place: Path, new: Path, *more: Any) -> tuple[Any, ...]:
    return ("diff", place / "partners", new, "--day", "2026-11-24", *more)


def test_nothing_changes_between_equal_folders(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    assert run(*diff(place, place / "partners")) == (0, "nothing changes\n")


def test_what_is_only_given_takes_nothing_away(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    more = COMMONS.format(version=3, where="").replace('"odometerKm"', '"odometerKm", "manufacturer"')
    new = write(place / "new", more.replace('mask = { description = "first1" }\n', "") + VANS)
    code, told = run(*diff(place, new, "--operations", place / "things.graphql"))
    assert code == 0
    assert (
        told
        == """\
oak: agreement commons 2 is gone
oak: agreement commons 3 is new

for callers of pine
  all that is shared, for lending
    Asset (Asset.manufacturer), of oak: granted. Was: granted where kind eq VAN. Is: granted.
    Asset (Asset.description), of oak: granted. Was: masked (first1). Is: granted.
  things.graphql Things, for lending
    list.nodes.maker (Asset.manufacturer), of oak: granted. Was: granted where kind eq VAN. Is: granted.
    list.nodes.description, of oak: granted. Was: masked (first1). Is: granted.
"""
    )


def test_what_is_taken_away_is_told_and_fails(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    less = COMMONS.format(version=2, where='where = { kind = { ne = "CAR" } }').replace('"first1"', '"last2"')
    new = write(place / "new", less.replace(', "odometerKm"', ""))
    code, told = run(*diff(place, new, "--operations", place, "--json"))
    found = json.loads(told)
    assert code == 1
    assert found["agreements"] == [
        {"partner": "oak", "code": "commons", "version": 2, "is": "OTHERWISE", "sameVersion": True},
        {"partner": "oak", "code": "vans", "version": 1, "is": "GONE", "sameVersion": False},
    ]
    told_of = {
        (one["operation"], tuple(one["purposes"] or ())): {
            (".".join(each["path"]), each["field"], each["becomes"], each["is"]) for each in one["changes"]
        }
        for one in found["operations"]
    }
    assert told_of["things.graphql Things", ("lending",)] == {
        ("list", None, "OTHER_ROWS", "those where kind ne CAR"),
        ("list.nodes.maker", "manufacturer", "WITHHELD", "withheld"),
        ("list.nodes.odometerKm", "odometerKm", "WITHHELD", "withheld"),
        ("list.nodes.description", "description", "MASKED", "masked (last2)"),
    }
    # for any other purpose there were vans; with them gone their fields are not told one by one
    assert told_of["things.graphql Things", ("any other purpose",)] == {("list", None, "WITHHELD", "none")}


def test_a_partners_own_manifest_is_looked_at_for_its_callers(place: Path, run: Callable[..., tuple[int, str]]) -> None:
    (place / "partners" / "pine.json").write_text(json.dumps({"abc": "{ assets { nodes { kind } } }"}))
    trusted = '[documents]\nmanifest = "pine.json"\n'
    write(place / "partners", VANS, trusted)
    new = write(place / "new", "", trusted)
    (new / "pine.json").write_text((place / "partners" / "pine.json").read_text())
    code, told = run(*diff(place, new))
    assert code == 1
    assert "  abc\n    assets, records of Asset, of oak: withheld. Was: those where kind eq VAN. Is: none.\n" in told
