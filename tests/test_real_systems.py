"""Two true systems behind one endpoint: one query lists the vehicles of both, and plain SQL says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests import real_systems
from tests.gateways import ROOMY, Gateway, running
from tests.real_systems import GLPI_KINDS, Vehicle, partner_files, query, vehicles

SCOPES = ("read", "read:contact", "read:personal")
PAGE = 200
GREATEST_PAGE = 1000
NOON = "2026-11-20T12:00:00+01:00"  # the day of the figures that came with the dumps

VEHICLES = """
query Vehicles($first: Int, $after: String, $last: Int, $before: String) {
  assets(first: $first, after: $after, last: $last, before: $before, orderBy: [{field: NAME}]) {
    nodes {
      id name kind updatedAt
      partner { code }
      provenance { localId }
      custodian { id displayName provenance { localId } }
      site { id name provenance { localId } }
      coverages(first: 50) {
        nodes { id provenance { localId } policy { id number provenance { localId } } }
        pageInfo { hasNextPage }
      }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    partial
    missing { code }
  }
}
"""


Node = dict[str, Any]
Key = tuple[str, str, int]


@pytest.fixture(scope="module")
async def gateway(glpi: str, odoo: str) -> AsyncIterator[Gateway]:
    async with running(partner_files(), {"GLPI_URL": glpi, "ODOO_URL": odoo}, ROOMY) as found:
        yield found


@pytest.fixture(scope="module")
async def expected(glpi: str, odoo: str) -> dict[Key, Vehicle]:
    return await vehicles(glpi, odoo)


@pytest.fixture(scope="module")
async def walks(gateway: Gateway) -> dict[str, list[Node]]:
    """The whole list in pages, as each of the two partners sees it."""
    return {partner: await walk(gateway, partner, PAGE) for partner in ("glpi", "odoo")}


@pytest.fixture(scope="module")
def listed(walks: dict[str, list[Node]]) -> dict[Key, Node]:
    """The assets by what they are in their source, as their own partner (whom keys are told) sees them."""
    own = [node for partner, nodes in walks.items() for node in nodes if node["partner"]["code"] == partner]
    found = {key_of(node): node for node in own}
    assert len(found) == len(own)
    return found


async def test_no_row_is_lost_or_doubled(
    walks: dict[str, list[Node]], listed: dict[Key, Node], expected: dict[Key, Vehicle]
) -> None:
    assert Counter(partner for partner, _, _ in expected) == {"glpi": 2658, "odoo": 2145}
    assert listed.keys() == expected.keys()
    for nodes in walks.values():
        ids = Counter(node["id"] for node in nodes)
        assert len(ids) == ids.total() == len(expected)
    kinds = Counter(node["kind"] for (partner, _, _), node in listed.items() if partner == "glpi")
    assert kinds == GLPI_KINDS


async def test_names_are_in_code_point_order(walks: dict[str, list[Node]], listed: dict[Key, Node]) -> None:
    names = [node["name"] for node in walks["glpi"]]
    assert names == sorted(names)
    assert sum(lower.lower() > upper.lower() for lower, upper in pairwise(names)) > 0, "no collation would differ"
    partners = [node["partner"]["code"] for node in walks["glpi"]]
    assert sum(left != right for left, right in pairwise(partners)) > 20, "the two lists are not merged"
    places = {node["id"]: key for key, node in listed.items()}
    for left, right in pairwise(walks["glpi"]):
        if left["name"] == right["name"]:
            before, after = places[left["id"]], places[right["id"]]
            assert before[0] <= after[0]
            assert before[:2] != after[:2] or before[2] < after[2]


async def test_each_row_is_as_the_database_says(listed: dict[Key, Node], expected: dict[Key, Vehicle]) -> None:
    wrong = {key: (seen(listed[key]), told(vehicle)) for key, vehicle in expected.items() if key in listed}
    wrong = {key: pair for key, pair in wrong.items() if pair[0] != pair[1]}
    assert not wrong, f"{len(wrong)} rows differ, the first: {next(iter(wrong.items()))}"
    drivers = [key for key, vehicle in expected.items() if vehicle.partner == "odoo" and vehicle.custodian]
    assert len(drivers) == 1258


async def test_both_partners_see_the_same_list(walks: dict[str, list[Node]]) -> None:
    for mine, theirs in zip(walks["glpi"], walks["odoo"], strict=True):
        assert shared(mine) == shared(theirs)
        assert mine["partner"]["code"] == "glpi" or mine["provenance"]["localId"] is None


@pytest.mark.parametrize("size", [40, 7])
async def test_three_pages(gateway: Gateway, walks: dict[str, list[Node]], size: int) -> None:
    pages = await walk(gateway, "glpi", size, pages=3)
    assert pages == walks["glpi"][: 3 * size]


async def test_the_list_backwards_in_the_greatest_pages(gateway: Gateway, walks: dict[str, list[Node]]) -> None:
    found: list[Node] = []
    variables: dict[str, Any] = {"last": GREATEST_PAGE}
    while True:
        page = await assets(gateway, "glpi", variables)
        found = page["nodes"] + found
        assert page["pageInfo"]["hasPreviousPage"] == (len(found) < len(walks["glpi"]))
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        variables["before"] = page["pageInfo"]["startCursor"]
    assert [node["id"] for node in found] == [node["id"] for node in walks["glpi"]]


async def test_people_sites_and_policies_are_counted_right(gateway: Gateway, glpi: str, odoo: str) -> None:
    counts = {
        "people": {
            "glpi": await count(glpi, "from glpi_users where is_deleted = 0"),
            "odoo": await count(odoo, "from hr_employee"),
        },
        "sites": {
            "glpi": await count(glpi, "from glpi_locations"),
            "odoo": await count(odoo, "from res_company") + await count(odoo, "from hr_work_location where active"),
        },
        "policies": {
            "glpi": await count(glpi, real_systems.GLPI_INSURANCE),
            "odoo": await count(odoo, real_systems.ODOO_INSURANCE),
        },
        "coverages": {
            "glpi": await count(glpi, real_systems.GLPI_INSURANCE) + await count(glpi, real_systems.GLPI_GOODS),
            "odoo": await count(odoo, real_systems.ODOO_INSURANCE + " and c.state <> 'closed'"),
        },
    }
    assert counts["people"]["glpi"] == 610
    assert counts["policies"]["glpi"] == 26
    for field, wanted in counts.items():
        nodes = await whole(gateway, field)
        assert Counter(node["partner"]["code"] for node in nodes) == wanted, field
        assert len({node["id"] for node in nodes}) == len(nodes), field


async def test_a_coverage_and_an_asset_name_each_other(
    gateway: Gateway, walks: dict[str, list[Node]], glpi: str
) -> None:
    text = "id insuredAssets { listed(first: 1000) { nodes { id } pageInfo { hasNextPage } } }"
    coverages = [node for node in await whole(gateway, "coverages", text) if node["partner"]["code"] == "glpi"]
    assert not any(node["insuredAssets"]["listed"]["pageInfo"]["hasNextPage"] for node in coverages)
    forwards = {(node["id"], asset["id"]) for node in coverages for asset in node["insuredAssets"]["listed"]["nodes"]}
    backwards = {
        (coverage["id"], node["id"])
        for node in walks["glpi"]
        if node["partner"]["code"] == "glpi"
        for coverage in node["coverages"]["nodes"]
    }
    assert forwards == backwards
    assert await count(glpi, f"from ({real_systems.GLPI_LINKS}) links") == 1579, "links to assets in the bin included"


async def test_coverages_in_force_on_a_day(gateway: Gateway, odoo: str) -> None:
    wanted = {str(row[0]) for row in await query(odoo, real_systems.ODOO_IN_FORCE)}
    assert len(wanted) == 1705
    nodes = await whole(gateway, "coverages", "provenance { localId }", f'at: "{NOON}"', partner="odoo")
    found = [node["provenance"]["localId"] for node in nodes if node["partner"]["code"] == "odoo"]
    assert sorted(found) == sorted(wanted)


async def test_plates_are_told_from_bicycle_marks(gateway: Gateway, odoo: str) -> None:
    nodes = await whole(gateway, "assets", "identifiers { scheme value }", partner="odoo")
    found = Counter(
        (identifier["scheme"], identifier["value"].startswith("BICYCODE"))
        for node in nodes
        if node["partner"]["code"] == "odoo"
        for identifier in node["identifiers"] or []
        if identifier["scheme"] in ("LICENSE_PLATE", "BICYCODE")
    )
    marked = await count(odoo, "from fleet_vehicle where active and license_plate like 'BICYCODE%'")
    assert found == {("LICENSE_PLATE", False): 1799 - marked, ("BICYCODE", True): marked}


# asking --------------------------------------------------------------------------------------------------------------


async def assets(gateway: Gateway, partner: str, variables: dict[str, Any]) -> dict[str, Any]:
    """One page of the list of vehicles, with nothing missing."""
    answer = await gateway.ask(VEHICLES, variables, partner=partner, scopes=SCOPES)
    assert not answer.get("errors"), answer["errors"]
    page: dict[str, Any] = answer["data"]["assets"]
    assert not page["partial"]
    assert page["missing"] == []
    return page


async def walk(gateway: Gateway, partner: str, size: int, pages: int | None = None) -> list[Node]:
    """The list of vehicles page by page, to its end or for some pages."""
    found: list[Node] = []
    variables: dict[str, Any] = {"first": size}
    taken = 0
    while pages is None or taken < pages:
        page = await assets(gateway, partner, variables)
        found += page["nodes"]
        taken += 1
        if not page["pageInfo"]["hasNextPage"]:
            break
        assert len(page["nodes"]) == size
        variables["after"] = page["pageInfo"]["endCursor"]
    return found


async def whole(
    gateway: Gateway, field: str, text: str = "id", arguments: str = "", partner: str = "glpi"
) -> list[Node]:
    """A list in default order, to its end."""
    document = (
        f"query Whole($after: String) {{ {field}(first: {GREATEST_PAGE}, after: $after, {arguments}) "
        f"{{ nodes {{ id partner {{ code }} {text} }} pageInfo {{ hasNextPage endCursor }} partial }} }}"
    )
    found: list[Node] = []
    variables: dict[str, Any] = {}
    while True:
        answer = await gateway.ask(document, variables, partner=partner, scopes=SCOPES)
        assert not answer.get("errors"), answer["errors"]
        page = answer["data"][field]
        assert not page["partial"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        variables["after"] = page["pageInfo"]["endCursor"]


async def count(url: str, rest: str) -> int:
    return int(str((await query(url, f"select count(*) {rest}"))[0][0]))


# comparing -----------------------------------------------------------------------------------------------------------


def key_of(node: Node) -> Key:
    """What an asset is in its source. GLPI has three tables with numbers of their own, told apart by kind."""
    glpi_tables = {"PHONE": "phones", "LAPTOP": "computers", "DESKTOP": "computers"}
    partner = node["partner"]["code"]
    place = "vehicles" if partner == "odoo" else glpi_tables.get(node["kind"], "peripherals")
    return partner, place, int(node["provenance"]["localId"])


def seen(node: Node) -> tuple[Any, ...]:
    """An answer's row in the words of the reference."""
    coverages = node["coverages"]
    assert not coverages["pageInfo"]["hasNextPage"]
    assert all(c["provenance"]["localId"] == c["policy"]["provenance"]["localId"] for c in coverages["nodes"])
    return (
        tidy(node["name"]),
        node["custodian"] and int(node["custodian"]["provenance"]["localId"]),
        node["custodian"] and tidy(node["custodian"]["displayName"]),
        node["site"] and int(node["site"]["provenance"]["localId"]),
        node["site"] and tidy(node["site"]["name"]),
        node["updatedAt"] and int(datetime.fromisoformat(node["updatedAt"]).timestamp()),
        tuple(sorted((int(c["provenance"]["localId"]), c["policy"]["number"]) for c in coverages["nodes"])),
    )


def told(vehicle: Vehicle) -> tuple[Any, ...]:
    """A reference row in the same form."""
    return (
        tidy(vehicle.name),
        vehicle.custodian,
        vehicle.custodian_name and tidy(vehicle.custodian_name),
        vehicle.site,
        vehicle.site_name and tidy(vehicle.site_name),
        None if vehicle.changed is None else int(vehicle.changed),
        tuple((contract, number and tidy(number)) for contract, number in vehicle.coverages),
    )


def tidy(text: str) -> str:
    return " ".join(text.split())


def shared(node: Any) -> Any:
    """A row without what only the owner is told."""
    if isinstance(node, dict):
        return {name: shared(value) for name, value in node.items() if name != "provenance"}
    return [shared(item) for item in node] if isinstance(node, list) else node
