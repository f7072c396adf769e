"""The rules for errors of the GraphQL specification (September 2025, 6.4.4): each expected answer is written from them,
and both ways must give it.

The border lets no null stand where there may be none, so a stand-in takes values away behind it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway.http import OperationRequest
from gateway.media import JSON
from resolvers.fetch import Row
from resolvers.viewer import Viewer
from tests.both_ways import House, answered, housed
from tests.page import NOW, read
from tests.test_pages import FOLDER, fill

POSTE = Viewer(
    "poste", "tester", frozenset({"read", "read:contact", "read:personal", "read:sensitive"}), purpose="lending"
)
SOURCES = ("poste.fleet", "poste.hr", "coop.library", "insurer.contracts")
Broken = Callable[[str, str, Any], Any]
"""(entity, path, value) -> the value in its place."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The street of the pages."""
    folder = tmp_path_factory.mktemp("errors")
    page = read(FOLDER / "worlds" / "street.md")
    async with housed(page.partners, fill(page, folder), folder / "house", NOW) as found:
        yield found


class StandIn:
    """A source's connector that changes values of the rows that it gives."""

    def __init__(self, source: Any, broken: Broken) -> None:
        self._source = source
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def rows(self, fetch: Any, *asked: Any) -> list[Row]:
        # what is shown while it is read is never odd: such rows are read without
        rows = await self._source.rows(replace(fetch, show=None), *asked)
        return [
            row._replace(
                values=tuple(
                    self._broken(fetch.entity, path, value) for path, value in zip(fetch.paths, row.values, strict=True)
                )
                + tuple(row.values[len(fetch.paths) :])
            )
            for row in rows
        ]


@contextmanager
def breaking(house: House, broken: Broken) -> Iterator[None]:
    """All sources give changed values."""
    pools = house.runtime.pools
    kept = pools._now
    pools._now = {name: StandIn(source, broken) for name, source in kept.items()}  # type: ignore[misc]
    try:
        yield
    finally:
        pools._now = kept


def without(entity: str, path: str, *values: Any) -> Broken:
    """Takes away some values at a path; every value where none is named."""

    def broken(of: str, at: str, value: Any) -> Any:
        return None if (of, at) == (entity, path) and (not values or value in values) else value

    return broken


async def check(
    house: House, query: str, data: Any, *errors: tuple[list[str | int], str], broken: Broken | None = None
) -> None:
    """Both ways give this data, and errors at these places with these codes, one at each place of the document."""
    request = OperationRequest("id", query, None, {}, {}, JSON, False)
    for reference in (False, True):
        with breaking(house, broken or (lambda _entity, _path, value: value)):
            answer = await answered(house.runtime, house.documents, POSTE, request, reference, NOW)
        way = "graphql-core" if reference else "the planned way"
        assert answer.data == data, way
        assert "data" in answer.body, way
        told = [(error["path"], error["extensions"]["code"]) for error in answer.errors]
        assert sorted(told, key=str) == sorted(map(tuple, errors), key=str), way
        for error in answer.errors:
            named = query.splitlines()[error["locations"][0]["line"] - 1][error["locations"][0]["column"] - 1 :]
            assert named.startswith(str([key for key in error["path"] if isinstance(key, str)][-1])), way
            assert "Cannot return" not in error["message"], "our own faults are masked"


NAMES = ["Kangoo 1", "Vélo 3", "Remorque"]
EACH = "assets(orderBy: [{field: NAME}], first: 3)"


async def test_a_null_in_a_required_leaf_makes_its_object_null_up_to_the_next_that_may_be(house: House) -> None:
    """`Site.name` is required, `Asset.site` is not: the asset stays."""
    await check(
        house,
        f"{{ {EACH} {{ nodes {{ name site {{ name address {{ city }} }} }} }} }}",
        {
            "assets": {
                "nodes": [
                    {"name": "Kangoo 1", "site": None},
                    {"name": "Remorque", "site": None},  # its site is not there
                    {"name": "Vélo 3", "site": {"name": "Colombes BP", "address": {"city": "Colombes"}}},
                ]
            }
        },
        (["assets", "nodes", 0, "site", "name"], "INTERNAL"),
        broken=without("Site", "name", "Nanterre PDC"),
    )


async def test_a_null_in_an_item_of_a_list_of_required_ones_makes_the_list_null_and_what_is_around_it(
    house: House,
) -> None:
    """`nodes: [Asset!]!` in a connection that may be null: what stands beside the connection stays."""
    await check(
        house,
        f"{{ {EACH} {{ totalCount nodes {{ name }} }} sites(first: 1) {{ nodes {{ name }} }} }}",
        {"assets": None, "sites": {"nodes": [{"name": "Nanterre PDC"}]}},
        (["assets", "nodes", 2, "name"], "INTERNAL"),
        broken=without("Asset", "name", "Vélo 3"),
    )


async def test_a_null_item_of_a_list_of_leaves(house: House) -> None:
    """`unparsedTerms: [String!]`: the list is null, the coverage stays."""

    def broken(entity: str, path: str, value: Any) -> Any:
        return ["Sauf nuit", None] if (entity, path) == ("Coverage", "unparsedTerms") and value else value

    insurer = replace(POSTE, partner="insurer")
    query = "{ coverages(first: 2) { nodes { kind unparsedTerms } } }"
    request = OperationRequest("id", query, None, {}, {}, JSON, False)
    for reference in (False, True):
        with breaking(house, broken):
            answer = await answered(house.runtime, house.documents, insurer, request, reference, NOW)
        assert answer.data == {
            "coverages": {
                "nodes": [
                    {"kind": "THIRD_PARTY_LIABILITY", "unparsedTerms": None},
                    {"kind": "GOODS_IN_TRANSIT", "unparsedTerms": None},
                ]
            }
        }
        assert [error["path"] for error in answer.errors] == [["coverages", "nodes", 1, "unparsedTerms", 1]]


async def test_a_null_in_an_entry_of_a_list_of_parts_makes_the_list_null(house: House) -> None:
    """`identifiers: [Identifier!]` with a required `value`."""

    def broken(entity: str, path: str, value: Any) -> Any:
        if (entity, path) != ("Asset", "identifiers") or not value:
            return value
        return [{**entry, "value": None} for entry in value]

    await check(
        house,
        f"{{ {EACH} {{ nodes {{ name identifiers {{ scheme value }} }} }} }}",
        {
            "assets": {
                "nodes": [
                    {"name": "Kangoo 1", "identifiers": None},
                    {"name": "Remorque", "identifiers": None},
                    {"name": "Vélo 3", "identifiers": []},
                ]
            }
        },
        (["assets", "nodes", 0, "identifiers", 0, "value"], "INTERNAL"),
        (["assets", "nodes", 1, "identifiers", 0, "value"], "INTERNAL"),
        broken=broken,
    )


async def test_a_required_field_of_the_root_makes_the_data_null(house: House) -> None:
    """`nodes: [Node]!`: too many ids, and nothing is left, whatever else was asked."""
    ids = ", ".join(['"x"'] * 101)
    await check(house, f"{{ nodes(ids: [{ids}]) {{ id }} viewer {{ subject }} }}", None, (["nodes"], "TOO_MANY_IDS"))


async def test_a_null_below_required_fields_only_makes_the_data_null(house: House) -> None:
    """`viewer: Viewer!`, `partner: Partner!`, `name: String!`."""
    runtime = house.runtime
    kept = runtime.catalog
    partners: Mapping[str, Any] = {**kept.partners, "poste": replace(kept.partners["poste"], name=None)}  # type: ignore[arg-type]
    runtime.catalog = replace(kept, partners=partners)
    try:
        await check(
            house,
            "{ viewer { subject partner { code name } } assets { nodes { name } } }",
            None,
            (["viewer", "partner", "name"], "INTERNAL"),
        )
    finally:
        runtime.catalog = kept


async def test_two_errors_of_one_object_are_both_told_where_each_may_be_null(house: House) -> None:
    """And what stands beside them stays."""
    await check(
        house,
        '{ node(id: "?") { id } assets(first: 0) { totalCount } other: assets(first: 1) { nodes { name } } }',
        {"node": None, "assets": None, "other": {"nodes": [{"name": "Kangoo 1"}]}},
        (["node"], "BAD_USER_INPUT"),
        (["assets"], "BAD_USER_INPUT"),
    )


@pytest.mark.parametrize("fields", ["name kind", "kind name"])
async def test_of_several_that_make_the_same_place_null_one_is_enough(house: House, fields: str) -> None:
    """One of an object at most; which objects are told beyond the first is left open."""

    def broken(entity: str, path: str, value: Any) -> Any:
        return None if entity == "Asset" and path in ("name", "kind") else value

    query = f"{{ {EACH} {{ nodes {{ {fields} }} }} }}"
    request = OperationRequest("id", query, None, {}, {}, JSON, False)
    for reference in (False, True):
        with breaking(house, broken):
            answer = await answered(house.runtime, house.documents, POSTE, request, reference, NOW)
        assert answer.data == {"assets": None}
        places = [tuple(error["path"][:3]) for error in answer.errors]
        assert places and len(set(places)) == len(places), reference
        assert set(places) <= {("assets", "nodes", index) for index in range(3)}


async def test_an_error_in_a_list_in_a_list_tells_each_index(house: House) -> None:
    """An edge of an edge: the sites' assets, and the bookings of each."""
    await check(
        house,
        '{ sites { nodes { name assets { nodes { name bookings(start: "2026-01-01T00:00:00Z", '
        'end: "2025-01-01T00:00:00Z", first: 0) { totalCount } } } } } }',
        {
            "sites": {
                "nodes": [
                    {"name": "Nanterre PDC", "assets": {"nodes": [{"name": "Kangoo 1", "bookings": None}]}},
                    {"name": "Colombes BP", "assets": {"nodes": [{"name": "Vélo 3", "bookings": None}]}},
                ]
            }
        },
        (["sites", "nodes", 0, "assets", "nodes", 0, "bookings"], "BAD_USER_INPUT"),
        (["sites", "nodes", 1, "assets", "nodes", 0, "bookings"], "BAD_USER_INPUT"),
    )


async def test_an_error_is_told_under_the_key_of_the_response(house: House) -> None:
    await check(
        house,
        f"{{\nmine: {EACH} {{ nodes {{ called: name\nwhere: site {{\nat: name }} }} }} }}",
        {
            "mine": {
                "nodes": [
                    {"called": "Kangoo 1", "where": None},
                    {"called": "Remorque", "where": None},
                    {"called": "Vélo 3", "where": {"at": "Colombes BP"}},
                ]
            }
        },
        (["mine", "nodes", 0, "where", "at"], "INTERNAL"),
        broken=without("Site", "name", "Nanterre PDC"),
    )
