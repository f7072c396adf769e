"""What is wrong in a partner file is told: all of it, with file, key, reason and hint, and never as an exception."""

# ruff: noqa: E501 - a case of the table below reads best in one line
from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.demo.federation import PARTNERS
from resolvers.catalog import load
from resolvers.errors import OPERATOR_CODES, Mistake
from schema.model import model

GOOD = """
[partner]
code = "poste"
name = "La Poste"
kind = "POSTAL_OPERATOR"
time_zone = "Europe/Paris"
currency = "EUR"
[source.fleet]
kind = "sql"
url = "sqlite+aiosqlite:///fleet.sqlite"
[mapping.vehicles]
entity = "Asset"
source = "fleet"
table = "vehicules"
key = "id"
[mapping.vehicles.fields]
name = "libelle"
kind = { column = "type", values = { VUL = "VAN" } }
custodian = { key = "agent_id" }
[mapping.agents]
entity = "Person"
source = "fleet"
table = "agents"
key = "id"
[mapping.agents.fields]
displayName = "nom"
[[agreement]]
code = "commons"
with = "*"
[agreement.Asset]
fields = ["kind"]
"""

# (what is put in place of what, code, key, what reason or hint must say)
CASES = [
    ('name = "La Poste"', 'nam = "La Poste"', "CATALOG_UNKNOWN_KEY", "partner.nam", "did you mean 'name'?"),
    ('name = "La Poste"', "", "CATALOG_MISSING_KEY", "partner.name", "required"),
    ('name = "La Poste"', "name = 3", "CATALOG_WRONG_TYPE", "partner.name", "a text"),
    ('code = "poste"', 'code = "La Poste"', "CATALOG_WRONG_VALUE", "partner.code", "lower-case"),
    ('"POSTAL_OPERATOR"', '"POSTAL_OPERATER"', "CATALOG_WRONG_VALUE", "partner.kind", "'POSTAL_OPERATOR'"),
    ('"Europe/Paris"', '"Europe/Pariss"', "CATALOG_WRONG_VALUE", "partner.time_zone", "IANA"),
    ('currency = "EUR"', 'currency = "euro"', "CATALOG_WRONG_VALUE", "partner.currency", "4217"),
    ('kind = "sql"', 'kind = "sqll"', "CATALOG_WRONG_VALUE", "source.fleet.kind", "sql"),
    ('kind = "sql"', 'kind = "rest"', "CATALOG_UNSUPPORTED", "source.fleet.kind", "not supported"),
    ('kind = "sql"', 'kind = "sql"\nmode = "snapshot"', "CATALOG_UNSUPPORTED", "source.fleet.mode", "not supported"),
    ('kind = "sql"', 'kind = "sql"\ndeadline = "2 bananas"', "CATALOG_WRONG_VALUE", "source.fleet.deadline", "2s"),
    ('kind = "sql"', 'kind = "sql"\ndeadline = 2', "CATALOG_WRONG_TYPE", "source.fleet.deadline", "duration"),
    ('kind = "sql"', 'kind = "sql"\nmax_concurrent = 0', "CATALOG_WRONG_VALUE", "source.fleet.max_concurrent", "1"),
    ('"sqlite+aiosqlite:///fleet.sqlite"', '"${NOWHERE}"', "CATALOG_UNSET_VARIABLE", "source.fleet.url", "NOWHERE"),
    ('entity = "Asset"', 'entity = "Aset"', "CATALOG_WRONG_VALUE", "mapping.vehicles.entity", "'Asset'"),
    ('source = "fleet"\ntable = "v', 'source = "flet"\ntable = "v', "CATALOG_WRONG_VALUE", "mapping.vehicles.source", "'fleet'"),
    ('table = "vehicules"', "", "CATALOG_MISSING_KEY", "mapping.vehicles.table", "required"),
    ('table = "vehicules"', 'table = "vehicules"\npick = "first"', "CATALOG_UNSUPPORTED", "mapping.vehicles.pick", "1:n"),
    ('name = "libelle"', 'nme = "libelle"', "CATALOG_UNKNOWN_FIELD", "mapping.vehicles.fields.nme", "'name'"),
    ('name = "libelle"', 'coverages = "x"', "CATALOG_UNKNOWN_FIELD", "mapping.vehicles.fields.coverages", "no mapped"),
    ('name = "libelle"', "name = 3", "CATALOG_WRONG_TYPE", "mapping.vehicles.fields.name", "const = 3"),
    ('name = "libelle"', 'name = { colum = "l" }', "CATALOG_WRONG_VALUE", "mapping.vehicles.fields.name", "'column'"),
    ('name = "libelle"', 'name = { column = "l", const = "x" }', "CATALOG_WRONG_VALUE", "mapping.vehicles.fields.name", "exactly one"),
    ('name = "libelle"', 'name = { column = "l", pattern = "x" }', "CATALOG_UNSUPPORTED", "mapping.vehicles.fields.name.pattern", "prose"),
    ('name = "libelle"', 'name = { template = "no braces" }', "CATALOG_WRONG_VALUE", "mapping.vehicles.fields.name.template", "braces"),
    ('name = "libelle"', 'updatedAt = { column = "m", zone = "Paris" }', "CATALOG_WRONG_VALUE", "mapping.vehicles.fields.updatedAt.zone", "IANA"),
    ('VUL = "VAN"', 'VUL = "VANN"', "CATALOG_UNKNOWN_VALUE", "mapping.vehicles.fields.kind.values.VUL", "'VAN'"),
    ('name = "libelle"', 'value = "prix"', "CATALOG_WRONG_TYPE", "mapping.vehicles.fields.value", "amount"),
    ('name = "libelle"', 'value = { currency = { const = "EUR" } }', "CATALOG_MISSING_KEY", "mapping.vehicles.fields.value.amount", "Money"),
    ('name = "libelle"', 'identifiers = [{ scheme = "PLATE", value = "i" }]', "CATALOG_UNKNOWN_VALUE", "mapping.vehicles.fields.identifiers[0].scheme", "LICENSE_PLATE"),
    ('{ key = "agent_id" }', '"agent_id"', "CATALOG_WRONG_TYPE", "mapping.vehicles.fields.custodian", "key ="),
    ('{ key = "agent_id" }', '{ key = "agent_id", to = "agentz" }', "CATALOG_UNKNOWN_REFERENCE", "mapping.vehicles.fields.custodian", "'agents'"),
    ('{ key = "agent_id" }', '{ key = "agent_id", to = "vehicles" }', "CATALOG_UNKNOWN_REFERENCE", "mapping.vehicles.fields.custodian", "leads to Person"),
    ('{ key = "agent_id" }', '{ key = ["a", "b"] }', "CATALOG_WRONG_VALUE", "mapping.vehicles.fields.custodian", "1 columns"),
    ('key = "id"\n[mapping.v', 'key = "id"\nwhere = { a = 1 }\n[mapping.v', "CATALOG_WRONG_TYPE", "mapping.vehicles.where.a", "eq = 1"),
    ('key = "id"\n[mapping.v', 'key = "id"\nwhere = { a = { is = 1 } }\n[mapping.v', "CATALOG_UNKNOWN_KEY", "mapping.vehicles.where.a", "operator"),
    ('key = "id"\n[mapping.v', 'key = "id"\nwhere = { a = { in = 1 } }\n[mapping.v', "CATALOG_WRONG_TYPE", "mapping.vehicles.where.a.in", "list"),
    ('fields = ["kind"]', 'fields = ["knd"]', "CATALOG_UNKNOWN_FIELD", "agreement[0].Asset.fields", "'kind'"),
    ('fields = ["kind"]', 'fields = ["kind"]\nwhere = { kind = { eq = "VAN" } }', "CATALOG_UNSUPPORTED", "agreement[0].Asset.where", "whole"),
    ('fields = ["kind"]', 'fields = ["kind"]\nmask = { kind = "last2" }', "CATALOG_UNSUPPORTED", "agreement[0].Asset.mask", "masks"),
    ('with = "*"', 'with = "*"\npurposes = ["lending"]', "CATALOG_UNSUPPORTED", "agreement[0].purposes", "purposes"),
    ('with = "*"', 'with = "*"\nstart = "2026-01-01"', "CATALOG_WRONG_TYPE", "agreement[0].start", "a day"),
    ('with = "*"', 'with = "*"\nstart = 2026-02-01\nend = 2026-01-01', "CATALOG_WRONG_VALUE", "agreement[0].end", "before"),
    ("[agreement.Asset]", "[agreement.Assets]", "CATALOG_UNKNOWN_KEY", "agreement[0].Assets", "'Asset'"),
    ("[partner]", "[partner", "CATALOG_SYNTAX", "", "line 2"),
]  # fmt: skip


def found(folder: Path, **files: str) -> list[Mistake]:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return load(folder, model(), {})[1]


def test_a_good_file_has_none(tmp_path: Path) -> None:
    assert found(tmp_path, poste=GOOD) == []


@pytest.mark.parametrize(("old", "new", "code", "key", "says"), CASES)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, code: str, key: str, says: str) -> None:
    assert GOOD.count(old) >= 1
    mistakes = found(tmp_path, poste=GOOD.replace(old, new, 1))
    assert code in OPERATOR_CODES
    told = [mistake for mistake in mistakes if (mistake.code, mistake.key) == (code, key)]
    assert told, [str(mistake) for mistake in mistakes]
    assert says in told[0].message + told[0].hint
    assert told[0].file == "poste.toml"


def test_all_mistakes_of_all_files_are_told_at_once_and_the_others_go_on(tmp_path: Path) -> None:
    bad = GOOD.replace('name = "La Poste"', "name = 3").replace('VUL = "VAN"', 'VUL = "VANN"').replace('"EUR"', '"E"')
    good = GOOD.replace('"poste"', '"coop"')
    for name, text in {"a": bad, "b": bad.replace('"poste"', '"other"'), "c": good}.items():
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    catalog, mistakes = load(tmp_path, model(), {})
    assert [mistake.file for mistake in mistakes] == ["a.toml"] * 3 + ["b.toml"] * 3
    assert list(catalog.partners) == ["coop"]


def test_two_files_cannot_speak_for_one_partner_nor_one_issuer_for_two(tmp_path: Path) -> None:
    identity = '[identity]\nissuer = "https://id.example"\naudience = "x"\njwks_file = "k.json"\n'
    files = {"a": GOOD + identity, "b": GOOD, "c": GOOD.replace('"poste"', '"coop"') + identity}
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    catalog, mistakes = load(tmp_path, model(), {})
    assert [(m.code, m.file, m.key) for m in mistakes] == [
        ("CATALOG_DUPLICATE", "b.toml", "partner.code"),
        ("CATALOG_DUPLICATE", "c.toml", "identity.issuer"),
    ]
    assert list(catalog.partners) == ["poste"]


def test_a_partner_that_is_not_there_is_a_warning_only(tmp_path: Path) -> None:
    (mistake,) = found(tmp_path, poste=GOOD.replace('with = "*"', 'with = ["cop"]'))
    assert (mistake.level, mistake.code) == ("warning", "CATALOG_UNKNOWN_REFERENCE")


def test_what_is_no_text_and_what_is_not_there(tmp_path: Path) -> None:
    assert [m.code for m in load(tmp_path / "nowhere", model(), {})[1]] == ["CATALOG_EMPTY"]
    (tmp_path / "x.toml").write_bytes(b'[partner]\nname = "\xff"\n')
    assert [m.code for m in load(tmp_path, model(), {})[1]] == ["CATALOG_SYNTAX"]


# a valid file, broken anywhere ---------------------------------------------------------------------------------------

REAL = [tomllib.loads(path.read_text("utf-8")) for path in sorted(PARTNERS.glob("*.toml"))]
ODD = st.sampled_from([None, True, 0, -1, 1.5, "", "x", "${X}", "*", [], [1], [[]], ["x"], {}, {"x": 1}, {"column": 1}])


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in nested tables and lists."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.data())
def test_a_file_broken_anywhere_gives_mistakes_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = copy.deepcopy(data.draw(st.sampled_from(REAL)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(file)[1:]))
        outer = file
        for key in path[:-1]:
            outer = outer[key]
        change = data.draw(st.sampled_from(["value", "key", "gone"]))
        if change == "gone":
            del outer[path[-1]]
        elif change == "key" and isinstance(outer, dict):
            outer[data.draw(st.sampled_from(["x", "columns", "entity", "", "a.b"]))] = outer.pop(path[-1])
        else:
            outer[path[-1]] = data.draw(ODD)
    folder = tmp_path_factory.mktemp("broken")
    (folder / "file.toml").write_text(toml(file), "utf-8")
    for mistake in load(folder, model(), dict.fromkeys(VARIABLES, "sqlite+aiosqlite:///x"))[1]:
        assert mistake.code in OPERATOR_CODES
        assert mistake.message


VARIABLES = [f"{name}_URL" for name in ("POSTE_FLEET", "POSTE_HR", "COOP_LIBRARY", "CITY_INVENTORY", "INSURER_CONTRACTS", "BROKER_BOOK")]  # fmt: skip


def toml(value: Any, inside: bool = False) -> str:
    """TOML of nested data; None as a text, since TOML has none."""
    if isinstance(value, dict):
        pairs = [f"{key_(key)} = {toml(item, True)}" for key, item in value.items()]
        return "{ " + ", ".join(pairs) + " }" if inside else "\n".join(pairs)
    if isinstance(value, list):
        return "[" + ", ".join(toml(item, True) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return key_(str(value))


def key_(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
