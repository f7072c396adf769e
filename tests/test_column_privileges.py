"""What is not shared is not read: on PostgreSQL, with an account that may read just the columns that agreements need.

PostgreSQL itself then refuses a statement that names any other column, wherever it stands in it; and its own log says
what the statements selected.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from tests.gateways import Gateway, running
from tests.servers import Server
from tests.sharing import STOCKS, VIEWER
from tests.statements import selected
from tests.test_non_interference import BY, IDS, LISTS, SAME, SELECTED
from tests.worlds import partner_file

AGREEMENT = f"""
[[agreement]]
code = "some"
with = ["{VIEWER}"]
[agreement.Asset]
fields = ["status", "site"]
identifiers = {{ read = ["LICENSE_PLATE"] }}
where = {{ kind = {{ in = ["VAN"] }} }}
[agreement.Coverage]
fields = ["policy"]
where = {{ policy = {{ holderPartner = {{ eq = "$caller" }} }} }}
[agreement.Site]
fields = ["address"]
[agreement.Person]
fields = ["displayName"]
"""
# A condition of an agreement is tested inside the source, so what it looks at is among them; a site's kind is always
# shown. The serial numbers, the makers, the distances, the custodians, what is covered and the phones are not.
MAY = {
    "alder_things": ("id", "tag", "kind", "state", "site", "plate"),
    "alder_sites": ("id", "tag", "kind"),
    "alder_covers": ("id", "policy"),
    "alder_policies": ("id", "holder"),
    "alder_people": ("id", "first"),
}
MINE = [stock for stock in STOCKS if stock.partner == "alder"]


@pytest.fixture(scope="module")
async def gateway(postgres: Server) -> AsyncIterator[Gateway]:
    url = postgres.create("narrow")
    rows = [statement for stock in MINE for statement in stock.create()]
    rows += [f"insert into alder_things values ('t{n}', {n}, 'V', '1', 'x', 1, 1, 'AB-{n}', 'S', 1)" for n in range(5)]
    rows += [
        "insert into alder_sites values ('s', 1, 'DEPOT')",
        "insert into alder_people values ('p', 1, 'Awa', '06')",
    ]
    rows += [
        "insert into alder_covers values ('c', 1, 1, 1, 'AB-1')",
        f"insert into alder_policies values ('q', 1, '{VIEWER}')",
    ]
    rows += ["drop role if exists narrow", "create role narrow login password 'narrow'"]
    rows += ["alter role narrow set log_statement = 'all'"]
    rows += [f"grant select ({', '.join(columns)}) on {table} to narrow" for table, columns in MAY.items()]
    postgres.run("narrow", ";\n".join(rows) + ";")
    narrow = url.replace(f"{postgres.user}:{postgres.password}@", "narrow:narrow@")
    files = {"alder": partner_file("alder", MINE, AGREEMENT), VIEWER: partner_file(VIEWER, [])}
    async with running(files, {"ALDER_POSTGRES_URL": narrow}) as found:
        yield found
    postgres.run("narrow", "drop owned by narrow; drop role narrow;")


def refused(gateway: Gateway) -> list[str]:
    """The statements that PostgreSQL refused so far."""
    return [f"{call.error}: {call.statement}" for call in gateway.calls if call.error]


@pytest.mark.parametrize("name", LISTS)
async def test_no_statement_names_a_column_that_is_not_shared(gateway: Gateway, name: str) -> None:
    entity, filters, orders = LISTS[name]
    for filter_ in filters:
        for order in orders:
            for fields in SELECTED[entity]:
                sorting = f", orderBy: [{{ field: {order} }}]" if order else ""
                query = f"{{ {name}(first: 3, filter: {filter_}{sorting}) {{ totalCount nodes {{ {fields} }} }} }}"
                answer = await gateway.ask(query, partner=VIEWER)
                assert "errors" not in answer and not refused(gateway), (query, answer, refused(gateway))


async def test_what_is_shared_is_read_all_the_same(gateway: Gateway) -> None:
    query = "{ assets { totalCount nodes { name status manufacturer site { name } identifiers { scheme value } } } }"
    found = await gateway.data(query, partner=VIEWER)
    assert found["assets"]["totalCount"] == 5
    assert found["assets"]["nodes"][1] == {
        "name": "t1",
        "status": "AVAILABLE",
        "manufacturer": None,
        "site": {"name": "s"},
        "identifiers": [{"scheme": "LICENSE_PLATE", "value": "AB-1"}],
    }
    ids = [gateway.federation.runtime.ids.write("Asset", "alder.things", str(key)) for key in range(3)]
    await gateway.data(IDS.format(f"name {SAME}"), {"ids": ids, "id": ids[0]}, partner=VIEWER)
    await gateway.data(BY.format("LICENSE_PLATE", f"name {SAME}"), partner=VIEWER)
    assert not refused(gateway)


async def test_the_log_of_the_server_knows_no_other_column(gateway: Gateway, postgres: Server) -> None:
    """What a condition looks at, it may look at; what stands in a SELECT list is shared."""
    before = postgres.log.stat().st_size
    for fields in SELECTED["Coverage"]:
        await gateway.ask(f"{{ coverages {{ totalCount nodes {{ {fields} }} }} }}", partner=VIEWER)
    await gateway.data("{ assets { nodes { name status manufacturer site { name } } } }", partner=VIEWER)
    await gateway.ask("{ policies { nodes { number } } people { nodes { displayName phone } } }", partner=VIEWER)
    written = postgres.log.read_bytes()[before:].decode("utf-8", "replace")
    statements = [found for found in re.split(r"LOG:  (?:execute|statement)[^:]*: ", written) if "alder_" in found]
    assert len(statements) >= 4, written[-2000:]
    shared = {table: set(columns) for table, columns in MAY.items()} | {"alder_policies": set()}
    for statement in statements:
        for select in selected(statement):
            wrong = [f"{table}.{column}" for table, column in select.columns if column not in shared.get(table, ())]
            assert not wrong, statement


async def test_it_would_be_noticed(gateway: Gateway) -> None:
    await gateway.ask("{ assets { nodes { manufacturer } } }", partner="alder")
    assert refused(gateway)
    gateway.calls.clear()
