"""One statement for each source, entity and level, whatever the number of rows, and no column that nobody asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.demo import environment, prepare
from gateway.demo.federation import PARTNERS, STORES
from gateway.demo.seed import seed
from tests.gateways import Gateway, running
from tests.servers import Server
from tests.statements import selected

HOMES = {"poste": "postgres", "coop": "mariadb", "insurer": "mariadb"}  # the others stay embedded
SCOPES = ("read", "read:personal")
LIST = """
query Assets($first: Int) {
  assets(first: $first, orderBy: [{field: NAME}]) {
    nodes {
      name
      partner { code name }
      custodian { displayName }
      site { name }
      coverages { nodes { kind policy { number } } }
    }
  }
}
"""


def partner_files() -> dict[str, str]:
    return {file.stem: file.read_text("utf-8") for file in PARTNERS.glob("*.toml")}


@pytest.fixture(scope="module", params=["embedded", "three engines"])
async def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """The demonstration federation: in embedded stores, and on a PostgreSQL, a MariaDB and embedded ones at once."""
    folder = tmp_path_factory.mktemp("fetches")
    await prepare(folder)
    environ = environment(folder)
    if request.param == "three engines":
        urls = {}
        for store in STORES:
            home = HOMES.get(store.name.partition(".")[0])
            if home is not None:
                server: Server = request.getfixturevalue(home)
                urls[store.name] = server.create(f"fetches_{store.name.replace('.', '_')}")
                environ[store.variable] = urls[store.name]
        await seed(urls)
    async with running(partner_files(), environ) as found:
        await found.data(LIST, {"first": 1}, partner="poste", scopes=SCOPES)  # every source has been looked at
        yield found


async def asked(gateway: Gateway, query: str, variables: Any = None, **whom: Any) -> tuple[Any, Counter[Any]]:
    """The data of an answer, and how often each (source, entity, access) was asked."""
    gateway.calls.clear()
    data = await gateway.data(query, variables, **{"partner": "poste", "scopes": SCOPES, **whom})
    assert not [call for call in gateway.calls if call.error]
    return data, Counter((call.source, call.entity, call.access) for call in gateway.calls if call.statement)


def columns(gateway: Gateway) -> dict[tuple[str, str], set[str]]:
    """(source, entity) -> the columns that were selected."""
    found: dict[tuple[str, str], set[str]] = {}
    for call in gateway.calls:
        for select in selected(call.statement):
            found.setdefault((call.source, call.entity), set()).update(f"{t}.{c}" for t, c in select.columns)
    return found


@pytest.mark.parametrize("first", [10, 100, 1000])
async def test_one_statement_for_each_source_entity_and_level(gateway: Gateway, first: int) -> None:
    data, calls = await asked(gateway, LIST, {"first": first})
    nodes = data["assets"]["nodes"]
    assert len(nodes) == first if first < 500 else len(nodes) > 500  # there are no thousand
    sources = {"poste": "poste.fleet", "coop": "coop.library", "city": "city.inventory"}
    expected = {(source, "Asset", "Listing") for source in sources.values()}
    # What one mapping's reference leads to inside its own database comes along: the sites of coop, the policies.
    looked_up = {node["partner"]["code"] for node in nodes if node["site"]} - {"coop"}
    expected |= {(sources[code], "Site", "Lookup") for code in looked_up}
    expected |= {("poste.hr", "Person", "Lookup") for node in nodes if node["custodian"]}
    expected |= {("insurer.contracts", "Coverage", "Children")}
    assert calls == Counter(expected)
    if first >= 100:
        assert {node["partner"]["code"] for node in nodes} == set(sources)
        assert sum(node["custodian"] is not None for node in nodes) > 10
        assert sum(len(node["coverages"]["nodes"]) for node in nodes) > 30  # of those that the caller holds


async def test_a_source_that_is_not_needed_is_not_asked(gateway: Gateway) -> None:
    _, calls = await asked(gateway, '{ partner(code: "coop") { name assets(first: 20) { nodes { name } } } }')
    assert calls == {("coop.library", "Asset", "Listing"): 1}
    _, calls = await asked(gateway, '{ partner(code: "poste") { assets(first: 20) { nodes { name site { id } } } } }')
    assert calls == {("poste.fleet", "Asset", "Listing"): 1, ("poste.fleet", "Site", "Lookup"): 1}
    _, calls = await asked(gateway, "{ viewer { subject agreements { code provider { name } } } partners { code } }")
    assert not calls
    _, calls = await asked(gateway, "{ policies { nodes { number } } }", partner="city")
    assert calls == {("insurer.contracts", "Policy", "Listing"): 1, ("broker.book", "Policy", "Listing"): 1}
    _, calls = await asked(gateway, "{ policies { nodes { number } } }")  # the broker shares nothing with this one
    assert calls == {("insurer.contracts", "Policy", "Listing"): 1}


async def test_aliases_share_the_fetch_of_single_records(gateway: Gateway) -> None:
    ids = gateway.federation.runtime.ids
    variables = {"van": ids.write("Asset", "poste.vehicles", "12"), "other": ids.write("Asset", "poste.vehicles", "13")}
    data, calls = await asked(
        gateway,
        """
        query ($van: ID!, $other: ID!) {
          van: node(id: $van) { ... on Asset { a: site { name } b: site { kind } custodian { displayName } } }
          again: node(id: $van) { ... on Asset { name site { address { city } } } }
          other: node(id: $other) { ... on Asset { site { name } keeper: custodian { jobTitle } } }
        }
        """,
        variables,
    )
    assert data["van"]["a"]["name"] and data["again"]["site"]["address"]["city"] and data["other"]["site"]["name"]
    fleet, staff = "poste.fleet", "poste.hr"
    assert calls == {(fleet, "Asset", "Lookup"): 1, (fleet, "Site", "Lookup"): 1, (staff, "Person", "Lookup"): 1}


async def test_only_the_columns_that_were_asked_for_are_selected(gateway: Gateway) -> None:
    await asked(gateway, "{ assets(first: 5) { nodes { name } } }")
    assert columns(gateway) == {
        ("poste.fleet", "Asset"): {"vehicules.id", "vehicules.libelle", "equipements.id", "equipements.designation"},
        ("coop.library", "Asset"): {"equipment.id", "equipment.label"},
        ("city.inventory", "Asset"): {"cycle.cd", "cycle.lb", "salle.cd", "salle.lb"},
    }
    await asked(gateway, "{ people(first: 5) { nodes { department licences { categories } } } }")
    assert columns(gateway) == {
        ("poste.hr", "Person"): {"agents.id", "agents.service"}
        | {f"permis.{name}" for name in ("categories", "obtenu_le", "valable_au", "pays", "suspendu")},
    }
    await asked(gateway, "{ policies(first: 5) { nodes { coverages(first: 1) { nodes { kind } } } } }")
    assert columns(gateway) == {
        ("insurer.contracts", "Policy"): {"contrats.id"},
        ("insurer.contracts", "Coverage"): {"garanties.id", "garanties.contrat_id", "garanties.code"},
    }
