"""Identifiers are compared alike by the gateway and every engine, whatever stands between their letters and digits."""

from __future__ import annotations

import base64
import sys
import unicodedata
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.identifier import BLANKS, SEPARATORS, normalize
from tests.servers import Server
from tests.worlds import Stock, World, federation, law, tagged

HOMES = {"maple": "mariadb", "pine": "postgres", "spruce": "sqlite"}
VIEWER = "pine"
# What people and word processors put between letters and digits. NUL is left out: PostgreSQL cannot store it.
BETWEEN = (
    "".join(chr(code) for code in range(1, 128) if not chr(code).isalnum())
    + "\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014"
)
PLATES = st.text(st.sampled_from("abAB019" + BETWEEN), min_size=1, max_size=8)
# Any text: letters of other scripts, ligatures, wide forms, signs that NFKC takes apart.
ANY = st.text(
    st.one_of(
        st.sampled_from("aé\u0301ﬁÅßİ\u0131ŉⅫ²\uff21\uff11ー\u3000\u00ad-"),
        st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Cc"]),
    ),
    min_size=1,
    max_size=6,
)


def _stocks() -> list[Stock]:
    found = []
    for partner, home in HOMES.items():
        columns = {"id": st.nothing(), "value": st.nothing()}
        for name, scheme, spelling in (("loose", "SERIAL", "loose"), ("exact", "ASSET_TAG", "exact")):
            identifiers = f'identifiers = [{{ scheme = "{scheme}", value = "value", spelling = "{spelling}" }}]'
            ddl = "id integer primary key, value varchar(60)"
            found.append(Stock(partner, name, home, ddl, ("id",), columns, identifiers))
        listed = ", ".join(
            f'{{ scheme = "{scheme}", value = "value", spelling = "{spelling}" }}'
            for scheme, spelling in (("SERIAL", "loose"), ("ASSET_TAG", "exact"), ("EMAIL", "loose"))
        )
        mixed = (
            'identifiers = [{ scheme = { column = "kind", values = { s = "SERIAL", m = "EMAIL" } }, value = "value" }]'
        )
        ddl = "id integer primary key, kind varchar(9), value varchar(60)"
        found.append(Stock(partner, "mixed", home, ddl, ("id",), columns | {"kind": st.nothing()}, mixed))
        found.append(
            Stock(
                partner,
                "covers",
                home,
                "id integer primary key, value varchar(60)",
                ("id",),
                columns,
                f'insuredAssets = {{ scope = {{ const = "LISTED" }}, listed = [{listed}] }}',
                entity="Coverage",
            )
        )
    return found


STOCKS = _stocks()
AGREEMENTS = {
    code: f'[[agreement]]\ncode = "all"\nwith = ["{VIEWER}"]\n'
    '[agreement.Asset]\nfields = ["identifiers", "coverages"]\n[agreement.Coverage]\nfields = ["insuredAssets"]\n'
    for code in HOMES
    if code != VIEWER
}


@pytest.fixture(scope="module")
async def world(postgres: Server, mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = {"postgres": postgres, "mariadb": mariadb}
    folder = tmp_path_factory.mktemp("names")
    async with federation("identifiers", STOCKS, AGREEMENTS, servers, folder) as found:
        yield found


Links = set[tuple[str, str]]
"""(coverage, asset), each as "partner.mapping:key"."""


async def linked(
    world: World,
    things: Mapping[str, Sequence[str]],
    covers: Sequence[str],
    mixed: Sequence[tuple[str, str]] = (),
) -> tuple[Links, Links]:
    """What coverages list, and what assets are listed by. things: mapping -> values; the same rows on each engine.
    mixed: kinds and values."""
    rows = {
        f"{partner}.{name}": [{"id": number, "value": value} for number, value in enumerate(values)]
        for partner in HOMES
        for name, values in {"loose": (), "exact": (), **things, "covers": covers}.items()
    }
    for partner in HOMES:
        rows[f"{partner}.mixed"] = [{"id": n, "kind": kind, "value": value} for n, (kind, value) in enumerate(mixed)]
    await world.fill(tagged(rows))
    data = await world.gateway.data(
        "{ coverages(first: 1000) { nodes { id insuredAssets { listed(first: 1000) { nodes { id } } } } }"
        " assets(first: 1000) { nodes { id coverages(first: 1000) { nodes { id } } } } }",
        partner=VIEWER,
    )
    forwards = {
        (_named(cover), _named(thing))
        for cover in data["coverages"]["nodes"]
        for thing in cover["insuredAssets"]["listed"]["nodes"]
    }
    backwards = {
        (_named(cover), _named(thing)) for thing in data["assets"]["nodes"] for cover in thing["coverages"]["nodes"]
    }
    return forwards, backwards


def _named(node: dict[str, Any]) -> str:
    return base64.urlsafe_b64decode(node["id"] + "==").decode().partition(".")[2]


def compared(value: str) -> str:
    """The compare key of a value that is ASCII but for blanks and dashes."""
    return "".join(c for c in value if c.isascii() and c.isalnum()).upper()


def expected(name: str, values: Sequence[str], covers: Sequence[str]) -> Links:
    return {
        (f"{insurer}.covers:{c}", f"{owner}.{name}:{v}")
        for insurer in HOMES
        for owner in HOMES
        for c, cover in enumerate(covers)
        for v, value in enumerate(values)
        if compared(cover) == compared(value) != ""
    }


@law(25)
@given(values=st.lists(PLATES, max_size=6), covers=st.lists(PLATES, max_size=4), data=st.data())
async def test_each_engine_finds_what_differs_in_separators_and_case_only(
    world: World, values: list[str], covers: list[str], data: st.DataObject
) -> None:
    def again(value: str) -> str:
        return "".join(c + data.draw(st.sampled_from(["", *BETWEEN])) for c in value.swapcase())

    covers = covers + [again(value) for value in values]
    wanted = expected("loose", values, covers)
    forwards, backwards = await linked(world, {"loose": values}, covers)
    assert forwards == wanted
    assert backwards == wanted


async def test_every_separator_is_left_out_by_every_engine(world: World) -> None:
    values = [f"A{separator}{number}" for number, separator in enumerate(SEPARATORS[1:])]
    covers = [f"a{number}" for number in range(len(values))]
    wanted = {
        (f"{insurer}.covers:{n}", f"{owner}.loose:{n}")
        for insurer in HOMES
        for owner in HOMES
        for n in range(len(values))
    }
    forwards, backwards = await linked(world, {"loose": values}, covers)
    assert forwards == wanted
    assert backwards == wanted


@law(40)
@given(
    values=st.lists(st.tuples(st.sampled_from("sm"), PLATES), max_size=6),
    covers=st.lists(PLATES, max_size=3),
    data=st.data(),
)
async def test_separators_tell_addresses_apart_and_no_serial_numbers(
    world: World, values: list[tuple[str, str]], covers: list[str], data: st.DataObject
) -> None:
    blanks = st.text(st.sampled_from([c for c in BETWEEN if c.isspace()]), max_size=2)
    for _, value in values:
        covers += [value.swapcase().strip(), data.draw(blanks) + value + data.draw(blanks), compared(value)]
    alike = {"s": compared, "m": lambda value: value.strip().upper()}
    wanted = {
        (f"{insurer}.covers:{c}", f"{owner}.mixed:{v}")
        for insurer in HOMES
        for owner in HOMES
        for c, cover in enumerate(covers)
        for v, (kind, value) in enumerate(values)
        if alike[kind](cover) == alike[kind](value) != ""
    }
    forwards, backwards = await linked(world, {}, covers, values)
    assert forwards == wanted
    assert backwards == wanted


@law(25)
@given(values=st.lists(ANY, min_size=1, max_size=6))
async def test_exact_and_loose_find_the_same_of_what_is_spelled_identically(world: World, values: list[str]) -> None:
    values = [value for value in dict.fromkeys(value.strip() for value in values) if normalize(value)]
    mixed = [("m", value) for value in values]
    forwards, backwards = await linked(world, {"loose": values, "exact": values}, values, mixed)
    for links in (forwards, backwards):
        for insurer in HOMES:
            for owner in HOMES:
                for number in range(len(values)):
                    cover = f"{insurer}.covers:{number}"
                    alike = {(cover, f"{owner}.{name}:{number}") for name in ("loose", "exact", "mixed")}
                    assert alike <= links


@pytest.mark.parametrize(
    "text", ["AB-123-CD", "ab 123 cd ", "AB\u00a0123\u2011CD", "\uff21\uff22\uff11\uff12\uff13CD", "(ab)123.cd\u3000"]
)
def test_spellings_of_one_plate(text: str) -> None:
    assert normalize(text) == "AB123CD"


@pytest.mark.parametrize("text", ["Jo.Doe-x@a.fr", " jo.doe-x@A.FR\t", "\uff2ao.doe-x\uff20a.fr\u3000"])
def test_spellings_of_one_address(text: str) -> None:
    assert normalize(text, kept=True) == "JO.DOE-X@A.FR"


def test_blanks_are_all_that_goes_at_the_ends() -> None:
    codes = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    assert "".join(c for c in codes if c.isspace()) == BLANKS


def test_separators_are_all_that_normal_forms_leave_out() -> None:
    assert all(normalize(f"A{separator}1") == "A1" for separator in SEPARATORS)
    known = set(SEPARATORS)
    codes = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    assert [c for c in codes if c not in known and set(unicodedata.normalize("NFKC", c)) <= known] == []
