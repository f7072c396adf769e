"""What is wrong in partner files is told: all at once, with file, key, reason and hint, and never as an exception."""

from __future__ import annotations

from pathlib import Path

import pytest

from resolvers.catalog import Catalog, load
from resolvers.errors import OPERATOR_CODES, Mistake
from schema.model import model
from tests.mistakes import HEAD, MAPPING, SOURCE, Page, pages, whole

GOOD = f'{HEAD}{SOURCE}{MAPPING}fields.name = "name"\n'
IDENTITY = '[identity]\nissuer = "https://id.example"\naudience = "x"\njwks_file = "k.json"\n'


def read(folder: Path, **files: str | bytes) -> tuple[Catalog, list[Mistake]]:
    for name, text in files.items():
        (folder / f"{name}.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(folder, model(), {})


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.title)
def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path, page: Page) -> None:
    _, mistakes = read(tmp_path, acme=whole(page.part))
    told = "\n".join(map(str, mistakes)).replace(" acme.toml: ", " ")
    assert told == page.told
    assert {mistake.code for mistake in mistakes} <= OPERATOR_CODES.keys()
    assert "hush" not in told


def test_a_good_file_has_none(tmp_path: Path) -> None:
    catalog, mistakes = read(tmp_path, acme=GOOD)
    assert mistakes == [] and list(catalog.partners) == ["acme"]


def test_the_pages_hold_every_code_of_a_file() -> None:
    elsewhere = {"CATALOG_INVALID", "CATALOG_EMPTY", "CATALOG_UNREADABLE", "CATALOG_SYNTAX"}
    told = "\n".join(page.told for page in pages())
    wanted = {code for code in OPERATOR_CODES if code.startswith("CATALOG_") or code == "SOURCE_URL"} - elsewhere
    assert {code for code in wanted if code not in told} == set()


@pytest.mark.parametrize(
    ("text", "code", "key", "says"),
    [
        ('[partner]\ncode = "acme\n', "CATALOG_SYNTAX", "", "at line 2, column 13"),
        ("partner = 1\npartner = 2\n", "CATALOG_SYNTAX", "", "at line 2"),
        (b'[partner]\nname = "\xff"\n', "CATALOG_SYNTAX", "", "not UTF-8 text"),
        ("partner = " + "[" * 10_000, "CATALOG_SYNTAX", "", "nested deeper than 40 levels"),
        ("partner." + ".".join("a" * 10_000) + " = 1", "CATALOG_SYNTAX", "", "nested deeper than 40 levels"),
        ("partner = " + "9" * 10_000, "CATALOG_SYNTAX", "", "a number is too large"),
        (GOOD.replace('"Acme"', '"A\\u0000"'), "CATALOG_SYNTAX", "", "a NUL character"),
        (SOURCE + MAPPING + "fields = {}", "CATALOG_MISSING_KEY", "partner", "`partner` is required here"),
        ("partner = 3", "CATALOG_WRONG_TYPE", "partner", "must be a table, not 3"),
        ('source = ["x"]' + HEAD, "CATALOG_WRONG_TYPE", "source[0]", "a table is expected here, not 'x'"),
        ("mapping = 1" + HEAD, "CATALOG_WRONG_TYPE", "mapping", "a table is expected here, not 1"),
        ('identity = "x"' + HEAD, "CATALOG_WRONG_TYPE", "identity", "must be a table, not 'x'"),
        ("budgets = {}" + HEAD, "CATALOG_UNKNOWN_KEY", "budgets", "known here: agreement, documents, identity, map"),
        ("", "CATALOG_MISSING_KEY", "partner", "`partner` is required here"),
    ],
)
def test_what_is_hardly_a_partner_file(tmp_path: Path, text: str | bytes, code: str, key: str, says: str) -> None:
    catalog, mistakes = read(tmp_path, acme=text)
    assert not catalog.partners
    (told,) = [mistake for mistake in mistakes if (mistake.code, mistake.key) == (code, key)]
    assert says in told.message + told.hint


def test_all_mistakes_of_all_files_are_told_at_once_and_the_others_go_on(tmp_path: Path) -> None:
    bad = GOOD.replace('name = "Acme"', "name = 3").replace('"EUR"', '"E"').replace('name = "name"', "name = 3")
    files = {"a": bad, "b": bad.replace('"acme"', '"other"'), "c": "[", "d": GOOD.replace('"acme"', '"coop"')}
    catalog, mistakes = read(tmp_path, **files)
    assert [mistake.file for mistake in mistakes] == ["a.toml"] * 3 + ["b.toml"] * 3 + ["c.toml"]
    assert list(catalog.partners) == ["coop"]


def test_two_files_cannot_speak_for_one_partner_nor_one_issuer_for_two(tmp_path: Path) -> None:
    files = {"a": GOOD + IDENTITY, "b": GOOD, "c": GOOD.replace('"acme"', '"coop"') + IDENTITY}
    catalog, mistakes = read(tmp_path, **files)
    assert [(m.code, m.file, m.key) for m in mistakes] == [
        ("CATALOG_DUPLICATE", "b.toml", "partner.code"),
        ("CATALOG_DUPLICATE", "c.toml", "identity.issuer"),
    ]
    assert list(catalog.partners) == ["acme"]


def test_nobody_breaks_a_partner_by_a_change_of_another_file(tmp_path: Path) -> None:
    """What a reference into another file no longer fits is a warning there, and leads nowhere."""
    refers = GOOD + 'fields.site = { key = "site_id", to = "city.places" }\n'
    city = GOOD.replace('"acme"', '"city"').replace("mapping.things", "mapping.places")
    places = city.replace('"Asset"', '"Site"')
    assert read(tmp_path, acme=refers, city=places)[1] == []
    for changed, code, says in (
        (city, "CATALOG_UNKNOWN_REFERENCE", "'city.places' gives Asset, but this leads to Site."),
        (places.replace('key = "id"', 'key = ["a", "b"]'), "CATALOG_WRONG_VALUE", "a key of 2 columns, here are 1"),
        (places.replace("mapping.places", "mapping.place"), "CATALOG_UNKNOWN_REFERENCE", "'city.place'?"),
    ):
        catalog, (mistake,) = read(tmp_path, acme=refers, city=changed)
        assert (mistake.level, mistake.code, mistake.key) == ("warning", code, "mapping.things.fields.site")
        assert says in mistake.message + mistake.hint
        assert sorted(catalog.partners) == ["acme", "city"]


def test_what_is_not_there_and_what_is_no_file(tmp_path: Path) -> None:
    assert [m.code for m in load(tmp_path / "nowhere", model(), {})[1]] == ["CATALOG_EMPTY"]
    assert [m.code for m in load(tmp_path, model(), {})[1]] == ["CATALOG_EMPTY"]
    (tmp_path / "x.toml").mkdir()
    (tmp_path / "y.toml").symlink_to(tmp_path / "gone")
    catalog, mistakes = read(tmp_path, acme=GOOD)
    assert [(m.code, m.file) for m in mistakes] == [("CATALOG_UNREADABLE", "x.toml"), ("CATALOG_UNREADABLE", "y.toml")]
    assert list(catalog.partners) == ["acme"]
