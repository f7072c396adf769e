"""What lists cost over 100,000 rows a partner: pages at any depth, orders and filters, through a whole gateway.

    python -m benchmarks.lists [WORD ...]

prints a table and writes benchmarks/lists.json. With words, only what has one of them in its name, and nothing written.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from benchmarks.stocks import VIEWER, filled
from resolvers.checks import check
from resolvers.connectors.sql.indexes import Explain
from resolvers.connectors.sql.statement import StatementBuilder
from resolvers.cursor import Position
from resolvers.fetch import Arm, Fetch, Listing, Window
from tests.gateways import SCOPES, Started, started
from tests.servers import running_mariadb, running_postgres

RESULTS = Path(__file__).with_name("lists.json")
SIZE = 50
MOST, LEAST, SECONDS = 15, 3, 4.0
"""A request is made so many times at most, and at least; between, as long as it takes fewer seconds."""
CONFIG = 'partners = "partners"\nown_issuer = true\n[limits]\ndeadline = "60s"\nbudget = 2000000000\n'


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked. arguments: of the list, besides `first` and `after`. page: which one, of 50. of: one partner's
    list. code: of the error that is the answer."""

    name: str
    arguments: str = ""
    page: int = 1
    of: str = ""
    field: str = "assets"
    code: str = ""

    @property
    def query(self) -> str:
        paged = self.field != "assetBy"
        given = f"first: $first, after: $after, {self.arguments}" if paged else self.arguments
        variables = "query Q($first: Int, $after: String) " if paged else ""
        found = f"{self.field}({given}) {{ nodes {{ name kind partner {{ code }} }} pageInfo {{ endCursor }} }}"
        return variables + (f'{{ partner(code: "{self.of}") {{ {found} }} }}' if self.of else f"{{ {found} }}")


def _some(scheme: str, rest: str) -> str:
    return f"filter: {{identifiers: {{some: {{scheme: {{eq: {scheme}}}, {rest}}}}}}}"


_BY_NAME, _BY_KM = "orderBy: [{field: NAME}]", "orderBy: [{field: ODOMETER_KM, direction: DESC}]"
_GOODS = "coverages: {some: {kind: {eq: GOODS_IN_TRANSIT}}}"
_THEFT = "coverages: {some: {kind: {eq: THEFT}}}"
CASES = (
    *(
        Case(f"default order, {of or 'all'}, page {page:,}", page=page, of=of)
        for of in ("poste", "coop", "city", "")
        for page in (1, 100, 2_000)
    ),
    *(Case(f"by NAME, {of}, page 1", _BY_NAME, of=of) for of in ("poste", "coop", "city")),
    *(Case(f"by NAME, all, page {page:,}", _BY_NAME, page) for page in (1, 100, 2_000)),
    *(Case(f"by ODOMETER_KM, all, page {page:,}", _BY_KM, page) for page in (1, 100, 2_000)),
    Case("kind in", "filter: {kind: {in: [VAN, CARGO_BIKE]}}"),
    Case("kind in, page 1,000", "filter: {kind: {in: [VAN, CARGO_BIKE]}}", 1_000),
    Case("kind in, by NAME", f"filter: {{kind: {{in: [VAN, CARGO_BIKE]}}}}, {_BY_NAME}"),
    Case("odometerKm below", "filter: {odometerKm: {lt: 100}}"),
    Case("plate normalized", _some("LICENSE_PLATE", 'normalized: {eq: "bb.012345 zz"}')),
    Case("inventory number normalized, exact", _some("INVENTORY_NO", 'normalized: {eq: "P12345"}')),
    Case("plate value", _some("LICENSE_PLATE", 'value: {eq: "AA-012345-ZZ"}')),
    Case("inventory number value, exact", _some("INVENTORY_NO", 'value: {eq: "P12345"}')),
    Case("assetBy plate", 'scheme: LICENSE_PLATE, value: "bb.012345 zz"', field="assetBy"),
    Case("assetBy inventory number, exact", 'scheme: INVENTORY_NO, value: "P12345"', field="assetBy"),
    Case("name eq", 'filter: {name: {eq: "Kangoo n°77777"}}'),
    Case("name contains, rare", 'filter: {name: {contains: "velo 7777"}}'),
    Case("name contains, common", 'filter: {name: {contains: "velo"}}'),
    Case("site city", 'filter: {site: {address: {city: {eq: "Nanterre"}}}}'),
    Case("site city, by NAME", f'filter: {{site: {{address: {{city: {{eq: "Nanterre"}}}}}}}}, {_BY_NAME}'),
    Case("custodian job", 'filter: {custodian: {jobTitle: {eq: "chef"}}}'),
    Case("coverages 5,000", f"filter: {{{_GOODS}}}"),
    Case("coverages 5,000, by NAME", f"filter: {{{_GOODS}}}, {_BY_NAME}"),
    Case("not coverages 5,000", f"filter: {{not: {{{_GOODS}}}}}"),
    Case("coverages 50,000, of few assets", f"filter: {{{_THEFT}, odometerKm: {{lt: 500}}}}"),
    Case("coverages 50,000", f"filter: {{{_THEFT}}}", code="FILTER_TOO_WIDE"),
    Case("one coverage of 50,000", 'filter: {coverages: {some: {label: {eq: "THEFT777"}}}}'),
    Case("near 5 km", "near: {lat: 48.5, lon: 2.5, km: 5}"),
    Case("near 5 km, by NAME", f"near: {{lat: 48.5, lon: 2.5, km: 5}}, {_BY_NAME}"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of one case. latency_ms: as the caller waits. gateway_ms: processor time of the gateway's own thread.
    embedded_ms: of its other threads, where SQLite works. sources: source -> ms until it answered, all its statements.
    """

    name: str
    answer: str
    statements: int
    latency_ms: float
    gateway_ms: float
    embedded_ms: float
    runs: int
    sources: Mapping[str, float] = field(default_factory=dict)


class Client:
    """One caller on one connection, which looks at the gateway's clocks while it asks."""

    def __init__(self, gateway: Started) -> None:
        self._gateway = gateway
        address = urlsplit(gateway.url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=120)
        token = gateway.issuer.issue(
            partner=VIEWER, subject="bench", scopes=list(SCOPES), purposes=["lending"], lifetime=7200
        )
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._clock = time.pthread_getcpuclockid(_thread(gateway))

    def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        """The response to one operation."""
        self._connection.request(
            "POST", "/graphql", json.dumps({"query": query, "variables": variables}), self._headers
        )
        return json.loads(self._connection.getresponse().read())

    def cursor(self, case: Case) -> str | None:
        """The cursor after which a case's page begins."""
        left, after = (case.page - 1) * SIZE, None
        while left:
            size = min(left, 1_000)
            data = self.ask(case.query, {"first": size, "after": after})["data"]
            after = (data["partner"] if case.of else data)[case.field]["pageInfo"]["endCursor"]
            left -= size
        return after

    def cost(self, case: Case) -> Cost:
        """What a case costs."""
        variables = {"first": SIZE, "after": self.cursor(case)}
        answer = _told(self.ask(case.query, variables), case)
        runs: list[tuple[float, float, float]] = []
        spent: list[Counter[str]] = []
        began = time.perf_counter()
        while len(runs) < LEAST or (len(runs) < MOST and time.perf_counter() - began < SECONDS):
            self._gateway.calls.clear()
            wall, whole, own, mine = self._clocks()
            self.ask(case.query, variables)
            wall, whole, own, mine = (
                now - then for now, then in zip(self._clocks(), (wall, whole, own, mine), strict=True)
            )
            runs.append((wall, own, whole - own - mine))
            spent.append(Counter())
            for call in self._gateway.calls:
                spent[-1][call.source] += call.seconds  # type: ignore[assignment]
        latency, own, others = (_ms(column) for column in zip(*runs, strict=True))
        return Cost(
            name=case.name,
            answer=answer,
            statements=sum(1 for call in self._gateway.calls if call.statement),
            latency_ms=latency,
            gateway_ms=own,
            embedded_ms=max(0.0, others),
            runs=len(runs),
            sources={name: _ms([found[name] for found in spent]) for name in sorted(spent[0])},
        )

    def _clocks(self) -> tuple[float, float, float, float]:
        return time.perf_counter(), time.process_time(), time.clock_gettime(self._clock), time.thread_time()


def _thread(gateway: Started) -> int:
    """The gateway's own thread."""

    async def here() -> int:
        return threading.get_ident()

    return asyncio.run_coroutine_threadsafe(here(), gateway.loop).result(10)


def _told(response: Any, case: Case) -> str:
    """How many records were answered, or why none."""
    codes = [error["extensions"]["code"] for error in response.get("errors", ())]
    if codes != ([case.code] if case.code else []):
        raise SystemExit(f"{case.name}: {response.get('errors', 'no error')}")
    if codes:
        return case.code
    data = response["data"]
    return f"{len((data['partner'] if case.of else data)[case.field]['nodes'])} rows"


def _ms(seconds: Sequence[float]) -> float:
    return round(1000 * median(seconds), 1)


# how the databases do it ----------------------------------------------------------------------------------------------

_INDEXED: dict[str, Callable[[str], bool]] = {
    "postgresql": lambda plan: "Index Scan" in plan and "Index Cond" in plan and "Sort" not in plan,
    "mariadb": lambda plan: "'range'" in plan and "filesort" not in plan and "temporary" not in plan,
    "sqlite": lambda plan: "SEARCH" in plan and "TEMP B-TREE" not in plan,
}


def explained(gateway: Started) -> list[str]:
    """How each database finds the end of the default order. SystemExit where it sorts, or reads what is before."""
    runtime = gateway.federation.runtime
    told = []
    for mapping in runtime.catalog.mappings("Asset"):
        arm = Arm(mapping, frozenset({"name"}))
        fetch = Fetch(mapping.source_id, "Asset", ("name",), (arm,))

        async def plan(connection: Any, builder: StatementBuilder, fetch: Fetch = fetch) -> tuple[str, str]:
            last = builder.rows(fetch, Listing(Window(limit=SIZE + 1, backward=True)))
            assert last is not None
            row = last.read((await connection.execute(last.clause)).fetchall())[-1]
            window = Window(after=Position((), row.mapping.id, row.key), limit=SIZE + 1)
            page = builder.rows(fetch, Listing(window))
            assert page is not None
            rows = await connection.execute(Explain(page.clause))
            return builder.shape.dialect, "; ".join(str(tuple(row)) for row in rows)

        asked = asyncio.run_coroutine_threadsafe(runtime.pools.sources[mapping.source_id].survey(plan), gateway.loop)
        dialect, text = asked.result(60)
        if not _INDEXED[dialect](text):
            raise SystemExit(f"{mapping.source_id}: the last page in the default order is read off no index: {text}")
        told.append(f"{mapping.source_id}: {text}")
    return told


def checked(gateway: Started) -> dict[str, dict[str, str]]:
    """By partner, what `gateway check` says of the orders of its assets."""
    asked = check(gateway.federation.runtime.catalog)
    report = asyncio.run_coroutine_threadsafe(asked, gateway.loop).result(300)
    return {
        source.partner: {name or "KEY": how for name, how in mapping.orders.items()}
        for source in report.sources
        for mapping in source.mappings
        if mapping.entity == "Asset"
    }


def agree(orders: Mapping[str, Mapping[str, str]], costs: Mapping[str, Cost]) -> None:
    """SystemExit where `gateway check` calls an order indexed whose pages cost what a scan does, or the other way."""
    for partner, known in orders.items():
        first = costs.get(f"default order, {partner}, page 1")
        for name, page in (("KEY", f"default order, {partner}, page 2,000"), ("NAME", f"by NAME, {partner}, page 1")):
            if first is None or page not in costs:
                continue
            constant = costs[page].latency_ms < 4 * first.latency_ms
            if constant != (known[name] == "indexed"):
                raise SystemExit(f"{partner}: {name} is {known[name]} for `gateway check`, but not by {costs[page]}")


@contextmanager
def federation() -> Iterator[Started]:
    """A gateway over the filled databases."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        postgres, mariadb = (stack.enter_context(server()) for server in (running_postgres, running_mariadb))
        stocks = filled(postgres, mariadb, folder)
        (folder / "partners").mkdir()
        for code, text in stocks.files.items():
            (folder / "partners" / f"{code}.toml").write_text(text, "utf-8")
        (folder / "gateway.toml").write_text(CONFIG, "utf-8")
        yield stack.enter_context(started(folder, {**os.environ, **stocks.environ}))


def main(words: Sequence[str]) -> None:
    """Measure, print and write."""
    costs: dict[str, Cost] = {}
    with federation() as gateway:
        plans = explained(gateway)
        _tell(" " * 48 + "answer statements latency ms gateway ms SQLite ms  until each source answered")
        client = Client(gateway)
        for case in CASES:
            if not words or any(word in case.name for word in words):
                found = costs[case.name] = client.cost(case)
                sources = " ".join(f"{name.partition('.')[0]} {spent:.0f}" for name, spent in found.sources.items())
                spent = f"{found.latency_ms:10.1f} {found.gateway_ms:10.1f} {found.embedded_ms:9.1f}"
                _tell(f"{found.name:44} {found.answer:>15} {found.statements:10} {spent}  {sources}")
        orders = checked(gateway)
    for line in plans:
        _tell(line)
    agree(orders, costs)
    if not words:
        told = {"orders": orders, "plans": plans, "costs": [asdict(found) for found in costs.values()]}
        RESULTS.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
