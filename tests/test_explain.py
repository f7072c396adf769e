"""`gateway explain` as an operator uses it: on the demonstration, and on the three engines."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway import demo, settings
from gateway.__main__ import main
from gateway.documents import Documents
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from resolvers.catalog import load
from resolvers.connectors.sql import SqlSource
from resolvers.course import Course
from resolvers.explanation import BORDER, explain_value
from resolvers.fetch import Arm, Fetch, Listing, Window
from resolvers.partner_file import read
from resolvers.specimen import Specimen
from resolvers.viewer import Viewer
from schema.model import model
from tests.gateways import SCOPES, Started
from tests.servers import Server

PROJECT = Path(__file__).parent.parent
DOCS = (PROJECT / "docs" / "explain.md").read_text("utf-8")
EXAMPLES = PROJECT / "docs" / "examples"
SPENT = re.compile(r"\d+(\.\d+)? ms")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """The demonstration's settings, and the variables that its partner files name."""
    folder = tmp_path_factory.mktemp("explain") / "state" / "demo"
    return asyncio.run(demo.prepare(folder)), demo.environment(folder)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """`gateway explain` with some words in a folder that holds the operation; exit code, output, errors."""

    def call(environ: Mapping[str, str], *words: str, query: str = "") -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")
        if query:
            (tmp_path / "q.graphql").write_text(query, "utf-8")
            words = (*words, str(tmp_path / "q.graphql"))
        try:
            code = main(["explain", *words])
        except SystemExit as end:
            code = int(str(end.code))
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


# the demonstration ---------------------------------------------------------------------------------------------------


def test_the_documentation_shows_what_is_printed(
    run: Run, stores: tuple[Path, Mapping[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, environ = stores
    monkeypatch.chdir(config.parent.parent.parent)
    (query,) = re.findall(r"```graphql\n(.*?)```", DOCS, re.DOTALL)
    Path("vans.graphql").write_text(query, "utf-8")
    commands = re.findall(r"^    gateway explain (.*)$", DOCS, re.MULTILINE)
    shown = re.findall(r"```text\n(.*?)```", DOCS, re.DOTALL)
    assert len(commands) == len(shown) == 2
    for command, expected in zip(commands, shown, strict=True):
        code, out, err = run(environ, *command.split())
        assert (code, err) == (0, "")
        assert SPENT.sub("# ms", out) == SPENT.sub("# ms", expected), command


def test_json_has_the_documented_shape(run: Run, stores: tuple[Path, Mapping[str, str]]) -> None:
    config, environ = stores
    operation, value = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL))
    query = "{ assets(orderBy: [{field: NAME}], first: 2) { nodes { name value { amount } } } }"
    code, out, _ = run(environ, "--config", str(config), "--as", "coop", "--json", query=query)
    assert code == 0
    assert shape(json.loads(out)) == shape(operation)
    words = ("--config", str(config), "--value", "poste.vehicles.odometerKm", "--key", "12", "--json")
    code, out, _ = run(environ, *words)
    found = json.loads(out)
    assert set(found["lists"]["filters"]) == {"eq", "in", "lt", "isNull"}
    found["lists"]["filters"] = {"eq": found["lists"]["filters"]["eq"]}
    assert (code, found) == (0, value)


def shape(value: Any) -> Any:
    """The members of objects, and of the first object of each list."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_what_is_withheld_is_told_where_it_keeps_rows_out(run: Run, stores: tuple[Path, Mapping[str, str]]) -> None:
    config, environ = stores
    query = '{ assets(filter: {value: {amount: {gt: "100"}}}) { nodes { name value { amount } } } }'
    _, out, _ = run(environ, "--config", str(config), "--as", "coop", "--json", query=query)
    told = json.loads(out)
    asked = {question["source"]: question for question in told["places"][0]["questions"]}
    # A partner that does not share a price is asked for no price, and none of its rows passes.
    for part in asked["poste.fleet"]["reads"]:
        assert part["withheld"] == ["value.amount"]
        assert not {"valeur_achat", "valeur_ht"}.intersection(part["columns"])
    assert asked["coop.library"]["reads"][0]["withheld"] == []
    assert "replacement_cents" in asked["coop.library"]["reads"][0]["columns"]
    assert {(w["partner"], w.get("usedIn")) for w in told["withheld"]} >= {("poste", None), ("poste", "FILTER")}


def test_reading_leaves_nothing_behind(run: Run, stores: tuple[Path, Mapping[str, str]]) -> None:
    config, environ = stores
    before = sorted(config.parent.rglob("*"))
    _, out, _ = run(environ, "--config", str(config), "--as", "poste", query="{ sites { nodes { name } } }")
    assert "poste.fleet: Listing" in out
    assert str(config.parent) not in out  # where the stores are is in their URLs
    assert sorted(config.parent.rglob("*")) == before


WRONG = [
    (("--as", "posta"), "{ assets { nodes { name } } }", "PARTNER_UNKNOWN", "did you mean 'poste'?"),
    (("--as", "poste"), "{ assets { nodes { nome } } }", "GRAPHQL_VALIDATION_FAILED", "line 1, column 20"),
    (("--as", "poste"), "{ assets {", "GRAPHQL_PARSE_FAILED", "line 1"),
    (("--as", "poste"), "query($n: Int!) { assets(first: $n) { nodes { name } } }", "BAD_USER_INPUT", "'$n'"),
    (("--as", "poste"), "query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE", "operation"),
    (("--value", "poste.vehicles.odo"), "", "FIELD_NOT_MAPPED", "mapped: "),
    (("--value", "poste.vehicles.value"), "", "FIELD_NOT_MAPPED", "value.amount"),
    (("--value", "poste.vehicle.name"), "", "CATALOG_UNKNOWN_REFERENCE", "did you mean 'vehicles'?"),
    (("--value", "poste.vehicles.name", "--key", "0"), "", "ROW_UNKNOWN", "localId"),
]


@pytest.mark.parametrize(("words", "query", "code", "says"), WRONG, ids=[code for _, _, code, _ in WRONG])
def test_what_cannot_be_explained_is_told(
    run: Run, stores: tuple[Path, Mapping[str, str]], words: tuple[str, ...], query: str, code: str, says: str
) -> None:
    config, environ = stores
    exit_code, out, err = run(environ, "--config", str(config), *words, query=query)
    assert (exit_code, out) == (1, "")
    assert err.startswith(f"error {code}\n")
    assert says in err


@pytest.mark.parametrize(
    "words", [(), ("--as", "poste", "--key", "1"), ("--as", "poste", "--value", "a.b.c"), ("--scopes", "write")]
)
def test_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    assert run({}, *words)[0] == 2


def test_errors_of_the_answer_are_in_it(run: Run, stores: tuple[Path, Mapping[str, str]]) -> None:
    config, environ = stores
    query = "{ assets(first: 0) { nodes { name } } sites { nodes { name } } }"
    code, out, _ = run(environ, "--config", str(config), "--as", "poste", query=query)
    assert code == 1
    assert "assets: BAD_USER_INPUT `first` must be between" in out
    assert "poste.fleet: Listing" in out


def test_every_field_can_be_explained_on_a_row(stores: tuple[Path, Mapping[str, str]]) -> None:
    """What comes out of the last step at the border is what queries read."""
    config, environ = stores
    known, _ = load(settings.load(config, environ).partners, model(), environ)

    async def look() -> int:
        compared = 0
        for partner in known.partners.values():
            for source in partner.sources.values():
                mappings = [found for found in partner.mappings.values() if found.source == source.name]
                connector = SqlSource(source, known.model, mappings)
                try:
                    for mapping in mappings:
                        first = Fetch(source.id, mapping.entity, (), (Arm(mapping, frozenset()),))
                        (row,) = await connector.rows(first, Listing(Window(limit=1)), lambda _: None)
                        for path in mapping.fields:
                            specimen = Specimen(connector, mapping, path)
                            seen = await specimen.seen(row.key)
                            assert seen is not None
                            last = len(specimen.stages) - 1
                            if specimen.stages[last].where.startswith(BORDER) and last in seen.made:
                                assert seen.made[last] == seen.value, f"{mapping.id}.{path}"
                                compared += 1
                finally:
                    await connector.close()
        return compared

    assert asyncio.run(look()) > 20


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_form_of_the_examples_has_words(file: Path) -> None:
    text = file.read_bytes()
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text.decode()), "sqlite+aiosqlite:///none.sqlite")
    partner, mistakes = read(file, text, model(), environ)
    assert partner is not None, mistakes
    for mapping in partner.mappings.values():
        for path in mapping.fields:
            *steps, end = explain_value(model(), mapping, path)
            assert steps and end.startswith("-> ")
            assert not any("object at" in step or "(name=" in step for step in steps), steps


# every call has its place --------------------------------------------------------------------------------------------

EVERYTHING = """
query Everything($ids: [ID!]!) {
  viewer { person { displayName assets { nodes { name } } } }
  partners { code assets(first: 1) { nodes { name site { name } } totalCount } }
  partner(code: "insurer") { policies(first: 2) { nodes { number } } }
  assetBy(scheme: LICENSE_PLATE, value: "fe 941 de") { nodes { name sameAs { nodes { name } } } }
  nodes(ids: $ids) { __typename ... on Asset { name custodian { displayName } } ... on Site { name } }
  coverages(first: 3) {
    totalCount
    nodes { kind policy { number } insuredAssets { listed(first: 2) { nodes { name partOf { name } } } } }
  }
  assets(
    filter: {coverages: {some: {policy: {number: {contains: "M"}}}}, custodian: {displayName: {contains: "a"}}}
    orderBy: [{field: ODOMETER_KM}]
  ) {
    nodes {
      name
      bookings(start: "2026-11-01T00:00:00Z", end: "2027-01-01T00:00:00Z") {
        nodes { bookedFor { displayName } asset { name } }
      }
      coverages { nodes { kind } }
    }
  }
}
"""


def test_every_call_of_a_source_has_its_place(demonstration: Started) -> None:
    federation = demonstration.federation
    runtime = federation.runtime

    def answered(query: str, variables: Mapping[str, Any]) -> Any:
        request = OperationRequest("", query, None, variables, {}, JSON, safe=True)
        document = Documents(runtime.schema, Limits()).get(request)
        viewer = Viewer("poste", "A-0427", frozenset([*SCOPES, "read:self"]), purpose="lending")
        running = runtime.execute(viewer, document, request)
        return asyncio.run_coroutine_threadsafe(running, demonstration.loop).result(30)

    found = answered("{ assets(first: 1) { nodes { id } } sites(first: 1) { nodes { id } } }", {})["data"]
    ids = [found[name]["nodes"][0]["id"] for name in ("assets", "sites")]
    course = runtime.watcher = Course(runtime.catalog)
    demonstration.calls.clear()
    try:
        answer = answered(EVERYTHING, {"ids": ids})
    finally:
        runtime.watcher = None
    assert "errors" not in answer
    told = [id(question.call) for question in course.questions]
    assert sorted(told) == sorted(id(call) for call in demonstration.calls if call.sent)
    accesses = {question.call.access for question in course.questions}
    assert accesses == {"Listing", "Lookup", "Children", "LinkRows", "Count"}
    for question in course.questions:
        assert question.parts
        assert question.call.access == "Count" or all(part.columns for part in question.parts)


# the three engines ---------------------------------------------------------------------------------------------------

PARTNER = """
[partner]
code = "ash"
name = "Ash"
kind = "OTHER"
time_zone = "UTC"
currency = "EUR"
[source.db]
kind = "sql"
url = "${ASH_URL}"
[mapping.vans]
entity = "Asset"
source = "db"
table = "vans"
key = "id"
[mapping.vans.fields]
name = "name"
kind = { const = "VAN" }
odometerKm = { column = "km", decimal = ",", factor = 2.0 }
description = { column = "notes", html = true, collapse = true, case = "upper", extract = "CODE ([A-Z]+)" }
custodian = { key = "keeper" }
[mapping.staff]
entity = "Person"
source = "db"
table = "staff"
key = "id"
fields = { displayName = "name" }
"""
TABLES = """
create table staff (id integer primary key, name varchar(20));
create table vans (id integer primary key, name varchar(20), km varchar(20), notes varchar(80), keeper integer);
insert into staff values (1, 'Kim'), (2, 'Lou');
insert into vans values
  (1, 'alpha', '1 500,5', '<b>code</b>  abc', 1), (2, 'beta', '900', 'code abc', 1), (3, 'gamma', '20', 'no', 1),
  (4, 'delta', '30', 'code abc', 2), (5, 'xyz', 'much', 'code abc', 1);
"""
ASKED = """{
  assets(
    filter: {name: {contains: "A"}, description: {eq: "ABC"}, custodian: {displayName: {eq: "Kim"}}}
    orderBy: [{field: ODOMETER_KM, direction: DESC}]
    first: 1
  ) { nodes { name } }
}"""


@pytest.fixture(scope="module", params=["postgres", "mariadb", "sqlite"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """Settings and variables of one partner on one engine."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "partners").mkdir()
    (folder / "partners" / "ash.toml").write_text(PARTNER, "utf-8")
    (folder / "gateway.toml").write_text("", "utf-8")
    if request.param == "sqlite":
        with sqlite3.connect(folder / "ash.sqlite") as database:
            database.executescript(TABLES)
        database.close()
        url = f"sqlite+aiosqlite:///{folder / 'ash.sqlite'}"
    else:
        server: Server = request.getfixturevalue(request.param)
        url = server.create("explained")
        server.run("explained", TABLES)
    return folder / "gateway.toml", {"ASH_URL": url}


def test_who_filters_and_sorts_is_told(run: Run, small: tuple[Path, Mapping[str, str]]) -> None:
    config, environ = small
    words = ("--config", str(config), "--as", "ash", "--scopes", "read read:personal")
    code, out, _ = run(environ, *words, "--json", query=ASKED)
    assert code == 0
    told = json.loads(out)
    edge, listing = told["places"][0]["questions"]
    assert (edge["entity"], edge["filtersBy"], edge["taken"], edge["rows"]) == (
        "Person",
        "custodian",
        'displayName eq "Kim"',
        1,
    )
    assert listing["taken"] == 'name contains "A" and custodian leads to ash.staff 1'
    assert listing["left"] == 'description eq "ABC"'
    assert (listing["order"], listing["orderedBy"]) == ([{"field": "odometerKm", "descending": True}], "gateway")
    # All that passes what the database can do comes here, with the columns that the gateway looks at.
    assert (listing["rows"], listing["limit"]) == (3, 10_001)
    assert set(listing["reads"][0]["columns"]) == {"id", "name", "km", "notes"}
    _, out, _ = run(environ, *words, query=ASKED)
    assert '    filter  by the source: name contains "A" and custodian leads to ash.staff 1\n' in out
    assert '            by the gateway: description eq "ABC"\n' in out
    assert "    order   by the gateway: odometerKm descending\n" in out
    assert "\n            FROM vans AS t\n" in out


def test_each_step_of_a_value_is_shown(run: Run, small: tuple[Path, Mapping[str, str]]) -> None:
    config, environ = small

    def told(field: str, *words: str) -> Any:
        code, out, err = run(environ, "--config", str(config), "--value", f"ash.vans.{field}", "--json", *words)
        assert (code, err) == (0, "")
        return json.loads(out)

    found = told("description", "--key", "1")
    assert [step["value"] for step in found["steps"]] == [
        "<b>code</b>  abc",
        " code   abc",
        "code abc",
        "CODE ABC",
        "ABC",
    ]
    assert [step["where"] for step in found["steps"]] == ["in the database", *["at the border"] * 4]
    assert found["row"] == {"key": "1", "columns": {"notes": "<b>code</b>  abc"}, "value": "ABC", "issues": []}
    assert set(found["lists"]["filters"].values()) == {"gateway"}
    found = told("odometerKm", "--key", "1")
    assert [step["value"] for step in found["steps"]] == ["1 500,5", "1500.5", 3001.0]
    assert found["lists"]["orders"] == {"ODOMETER_KM": "gateway"}
    found = told("odometerKm", "--key", "5")
    assert found["row"]["value"] is None
    assert found["row"]["issues"] == [{"code": "UNPARSEABLE_VALUE", "field": "odometerKm", "value": "much"}]
    found = told("name")
    assert (found["row"], found["lists"]["orders"]) == (None, {"NAME": "source"})
    assert not any("value" in step for step in found["steps"])
    found = told("custodian", "--key", "1")
    assert (found["row"]["columns"], found["row"]["value"]) == ({"keeper": 1}, "ash.staff 1")


def test_a_source_that_is_down_is_told_without_its_secrets(run: Run, tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "ash.toml").write_text(PARTNER, "utf-8")
    (tmp_path / "gateway.toml").write_text("", "utf-8")
    environ = {"ASH_URL": "postgresql+asyncpg://reader:hunter2@127.0.0.1:9/ash"}
    words = ("--config", str(tmp_path / "gateway.toml"))
    _, out, err = run(environ, *words, "--as", "ash", query="{ assets { nodes { name } } }")
    assert "answer  SOURCE_UNAVAILABLE in" in out
    assert "1 failure" in out
    code, told, _ = run(environ, *words, "--value", "ash.vans.name", "--key", "1")
    assert code == 1
    assert "column name  in the database\n" in told
    assert "SOURCE_UNAVAILABLE" in told
    assert "hunter2" not in out + err + told
    assert os.environ["ASH_URL"] == environ["ASH_URL"]  # it was there to be told
