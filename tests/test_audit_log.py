"""The audit: what it says is what happened, nothing of it changes unseen, and nothing personal goes without it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import audit_store, demo
from gateway import settings as gateway_settings
from gateway.audit_proof import Proof, prove
from gateway.audit_seal import Seal
from gateway.audit_store import ENTRIES, HEADS, METADATA, NOTHING, READS, RECORDS, Link
from gateway.audit_time import micros
from gateway.demo.federation import PARTNERS
from gateway.documents import Documents
from gateway.federation import Federation
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from gateway.state import State
from resolvers.entity import Kind
from resolvers.errors import RequestError
from resolvers.observation import SourceCall
from resolvers.viewer import Viewer
from schema.model import model
from tests import thin_demo
from tests.answer import excess
from tests.gateways import SCOPES, Gateway, started
from tests.operations import Operation, operations
from tests.servers import Server
from tests.tcp_proxy import Proxy
from tests.test_grants import CODES, SOME_IDS
from tests.worlds import law

SEAL = Seal(bytes(range(64)))
PERSONAL = "query Who { people(first: 3) { nodes { id displayName } } }"
PLAIN = "query What { assets(first: 3) { nodes { id name } } }"
LOG = """query Log($record: ID, $first: Int, $after: String) {
 accessLog(record: $record, first: $first, after: $after) {
  nodes { at partner { code } partnerCode subject purpose operation entity fields tested rows agreements }
  edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
AUDITOR = ("read", "audit")


# tampering ------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    """A store with two chains of eight and three entries, the first signed at 5 and at 8, the second at 3."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").create("audit")
    else:
        url = f"sqlite+aiosqlite:///{tmp_path}/audit.sqlite"
    state = State(url, METADATA, "audit.url", durable=True)

    async def work(connection: AsyncConnection) -> None:
        tail = Link("a", 0, NOTHING)
        told: list[Mapping[str, Any]] = [{"kind": "open", "at": at(0), "follows": []}, *map(entry, range(1, 8))]
        for some in (told[:5], told[5:]):
            stored, tail = audit_store.chained(tail, some)
            await audit_store.append(connection, stored, some)
            await audit_store.sign_tails(connection, SEAL, micros(at(tail.seq)), at(tail.seq))
        told = [{"kind": "open", "at": at(20), "follows": [["a", tail.seq, tail.hash]]}, entry(21), entry(22)]
        stored, _ = audit_store.chained(Link("b", 0, NOTHING), told)
        await audit_store.append(connection, stored, told)
        await audit_store.sign_tails(connection, SEAL, micros(at(23)), at(23))

    await state.run(work)
    yield state
    await state.close()


def at(number: int) -> str:
    return f"2026-11-20T17:00:{number:02}.000000Z"


def entry(number: int) -> dict[str, Any]:
    read: dict[str, Any] = {
        "partner": "poste",
        "entity": "Person",
        "agreements": [],
        "fields": ["displayName"],
        "tested": [],
    }
    read |= {"rows": 2, "digest": "d", "records": [SEAL.record("poste.staff", key) for key in (str(number), "same")]}
    whole = {"kind": "read", "at": at(number), "partner": "city", "subject": "s", "purpose": None}
    return whole | {"operation": {"hash": "h", "name": None}, "request": str(number), "reads": [read]}


async def proven(store: State, kept: Any = ()) -> Proof:
    return await store.run(lambda connection: prove(connection, SEAL.public, kept))


def places(proof: Proof) -> list[tuple[str, int]]:
    return [(one.chain, one.seq) for one in proof.broken]


def at_entry(chain: str, seq: int, table: Any = ENTRIES) -> Any:
    return (table.c.chain == chain) & (table.c.seq == seq)


async def changed(connection: AsyncConnection, seq: int, *, rehash: bool) -> None:
    """One row more in an entry; with the hash that goes with it, too."""
    body = (await connection.execute(select(ENTRIES.c.body).where(at_entry("a", seq)))).scalar_one()
    other = orjson.dumps({**orjson.loads(body), "partner": "coop"}, option=orjson.OPT_SORT_KEYS)
    values = {"body": other.decode()}
    if rehash:
        import hashlib

        values["hash"] = hashlib.sha256(other).hexdigest()
    await connection.execute(update(ENTRIES).where(at_entry("a", seq)).values(values))


async def swapped(connection: AsyncConnection, one: int, other: int) -> None:
    for old, new in ((one, 99), (other, one), (99, other)):
        await connection.execute(update(ENTRIES).where(at_entry("a", old)).values(seq=new))


async def rewritten(connection: AsyncConnection) -> None:
    """The whole of chain a, consistent in itself, with another third entry."""
    told = [{"kind": "open", "at": at(0), "follows": []}, *map(entry, range(1, 8))]
    told[2]["partner"] = "coop"
    stored, _ = audit_store.chained(Link("a", 0, NOTHING), told)
    for one in stored:
        values = {"body": one.body, "hash": one.hash}
        await connection.execute(update(ENTRIES).where(at_entry("a", one.seq)).values(values))


def removed(condition: Any, *tables: Any) -> Callable[[AsyncConnection], Awaitable[None]]:
    async def work(connection: AsyncConnection) -> None:
        for table in tables or (ENTRIES,):
            await connection.execute(delete(table).where(condition(table)))

    return work


TAMPERINGS: dict[str, tuple[Callable[[AsyncConnection], Awaitable[Any]], list[tuple[str, int]]]] = {
    "nothing": (removed(lambda table: table.c.seq < 0), []),
    "one deleted": (removed(lambda table: at_entry("a", 4, table)), [("a", 4)]),
    "the first deleted": (removed(lambda table: at_entry("a", 1, table)), [("a", 1)]),
    "the last deleted": (removed(lambda table: at_entry("a", 8, table)), [("a", 8)]),
    "the last and what was signed of it": (
        removed(lambda table: at_entry("a", 8, table), ENTRIES, READS, RECORDS, HEADS),
        [("a", 8)],  # the next chain names it
    ),
    "a whole chain": (removed(lambda table: table.c.chain == "a", ENTRIES, READS, RECORDS, HEADS), [("a", 8)]),
    "one changed": (lambda connection: changed(connection, 4, rehash=False), [("a", 4)]),
    "one changed with its hash": (lambda connection: changed(connection, 4, rehash=True), [("a", 4)]),
    "two moved": (lambda connection: swapped(connection, 3, 6), [("a", 3)]),
    "all rewritten": (rewritten, [("a", 5)]),
    "hidden from the account": (removed(lambda table: at_entry("a", 6, table), READS), [("a", 6)]),
    "a record hidden from the account": (removed(lambda table: at_entry("b", 2, table), RECORDS), [("b", 2)]),
    "a head of somebody else's": (
        lambda connection: connection.execute(update(HEADS).where(at_entry("a", 5, HEADS)).values(body=forged())),
        [("a", 5)],
    ),
}


def forged() -> str:
    told = {"kind": "head", "chain": "a", "seq": 5, "hash": "0" * 64, "at": at(5)}
    return orjson.dumps(Seal(bytes(64)).sign(told)).decode()


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_verification_names_the_first_broken_entry(store: State, name: str) -> None:
    tamper, expected = TAMPERINGS[name]
    await store.run(tamper)
    assert places(await proven(store)) == expected


async def test_a_kept_head_shows_a_cut_tail(store: State) -> None:
    kept = await store.run(audit_store.heads)
    await store.run(removed(lambda table: (table.c.chain == "b") & (table.c.seq > 1), ENTRIES, READS, RECORDS, HEADS))
    assert places(await proven(store)) == []
    assert places(await proven(store, kept)) == [("b", 2)]
    forgery = {**kept[0], "hash": "0" * 64}
    assert ("a", kept[0]["seq"]) in places(await proven(store, [forgery]))


async def test_what_is_old_goes_and_the_rest_still_verifies(store: State) -> None:
    kept = await store.run(audit_store.heads)

    async def prune(connection: AsyncConnection) -> int:
        return await audit_store.prune(connection, SEAL, micros(at(7)), micros(at(30)), at(30))

    assert await store.run(prune) == 5  # up to the head that was signed before
    assert await store.run(prune) == 0
    assert places(await proven(store, kept)) == []
    assert [place.at for place, _, _ in await store.run(reads("poste"))] == [
        micros(at(number)) for number in (22, 21, 7, 6, 5)
    ]
    await store.run(removed(lambda table: at_entry("a", 6, table)))
    assert places(await proven(store, kept)) == [("a", 6)]  # no more than was signed may be missing


def reads(provider: str, record: str | None = None) -> Callable[[AsyncConnection], Awaitable[Any]]:
    return lambda connection: audit_store.accesses(connection, provider, record, None, 100)


# a gateway ------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(audit: str = "") -> AsyncIterator[Gateway]:
    """A gateway over the demonstration; audit: lines of its [audit]."""
    with tempfile.TemporaryDirectory(prefix="gw-") as name:
        folder = Path(name)
        await demo.prepare(folder)
        with (folder / "gateway.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[audit]\n{audit}\n")
        context = started(folder, demo.environment(folder))
        found = await asyncio.to_thread(context.__enter__)
        try:
            async with aiohttp.ClientSession() as session:
                yield Gateway(found.url, folder, session, found.issuer, found.federation, found.loop, found.calls)
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gateway", "audit", *arguments, "--config", str(folder / "gateway.toml")]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


async def stored(url: str) -> list[dict[str, Any]]:
    """What the entries of every chain say."""
    state = State(url, METADATA, "audit.url")
    try:
        rows = await state.run(
            lambda connection: connection.execute(select(ENTRIES.c.body).order_by(*ENTRIES.primary_key))
        )
        return [orjson.loads(row[0]) for row in rows]
    finally:
        await state.close()


async def test_a_partner_reads_who_read_what_of_its_own() -> None:
    async with serving() as gateway:
        people = (await gateway.data(PERSONAL, partner="poste"))["people"]["nodes"]
        await gateway.data(
            'query Named { assets(filter: {name: {contains: "a"}}, first: 1) { totalCount } }', partner="city"
        )
        await gateway.data(PLAIN, partner="coop", subject="other")
        page = (await gateway.data(LOG, partner="poste", scopes=AUDITOR))["accessLog"]
        told = [(n["partnerCode"], n["operation"], n["entity"], n["fields"], n["tested"]) for n in page["nodes"]]
        assert told == [
            ("coop", "What", "Asset", ["name"], []),
            ("city", "Named", "Asset", [], ["name"]),
            ("poste", "Who", "Person", ["displayName"], []),
        ]
        assert page["nodes"][0]["partner"] == {"code": "coop"} and page["nodes"][0]["agreements"] == ["commons@1"]
        assert page["nodes"][2]["agreements"] == [] and page["nodes"][2]["rows"] == len(people) + 1
        everything = orjson.dumps(page).decode()
        assert "tester" not in everything and people[0]["displayName"] not in everything

        one = await gateway.data(LOG, {"record": people[0]["id"]}, partner="poste", scopes=AUDITOR)
        assert [node["operation"] for node in one["accessLog"]["nodes"]] == ["Who"]
        first = await gateway.data(LOG, {"first": 2}, partner="poste", scopes=AUDITOR)
        info = first["accessLog"]["pageInfo"]
        assert info["hasNextPage"] and not info["hasPreviousPage"]
        rest = await gateway.data(LOG, {"first": 2, "after": info["endCursor"]}, partner="poste", scopes=AUDITOR)
        assert [node["operation"] for node in rest["accessLog"]["nodes"]] == ["Who"]

        insurer = await gateway.data(LOG, partner="insurer", scopes=AUDITOR)
        assert insurer["accessLog"]["nodes"] == []  # nothing of its own was read
        other = await gateway.data(LOG, {"record": people[0]["id"]}, partner="city", scopes=AUDITOR)
        assert other["accessLog"]["nodes"] == []
        refused: list[tuple[dict[str, Any], dict[str, Any], str]] = [
            ({}, {"scopes": ["read"]}, "SCOPE_REQUIRED"),
            ({"record": "no id"}, {"scopes": AUDITOR}, "BAD_USER_INPUT"),
            ({"first": 0}, {"scopes": AUDITOR}, "BAD_USER_INPUT"),
            ({"after": info["endCursor"]}, {"scopes": AUDITOR, "partner": "city"}, "BAD_USER_INPUT"),
        ]
        for variables, whom, code in refused:
            answer = await gateway.ask(LOG, variables, **{"partner": "poste", **whom})
            assert answer["data"] == {"accessLog": None}
            assert answer["errors"][0]["extensions"]["code"] == code
        folder = gateway.folder
        shown = json.loads(command(folder, "show", "--partner", "poste", "--json").stdout)
        assert [(read["by"], read["operation"]["name"]) for read in shown][-3:] == [
            ("coop", "What"),
            ("city", "Named"),
            ("poste", "Who"),
        ]
        assert command(folder, "show", "--partner", "poste", "--since", "2999-01-01").stdout == ""
        assert "purpose: lending" in command(folder, "show", "--partner", "poste").stdout
        verified = command(folder, "verify", "--json")
        assert verified.returncode == 0 and json.loads(verified.stdout)["broken"] == []


async def test_rows_that_came_along_with_others_are_told() -> None:
    async with serving() as gateway:
        gateway.calls.clear()
        asked = "query Along { bookings(first: 5) { nodes { id asset { id name } } } }"
        found = (await gateway.data(asked, partner="poste"))["bookings"]["nodes"]
        ids = {each["asset"]["id"] for each in found if each["asset"] is not None}
        assert [call.entity for call in gateway.calls] == ["Booking"]  # one statement brought both
        log = await gateway.data(LOG, partner="poste", scopes=AUDITOR)
        told = {node["entity"]: node for node in log["accessLog"]["nodes"] if node["partnerCode"] == "poste"}
        assert told["Asset"]["fields"] == ["name"] and told["Asset"]["rows"] >= len(ids) > 0


async def test_many_at_once_are_one_chain_without_forks() -> None:
    async with serving() as gateway:
        asked = [
            gateway.ask(
                f"query Q{n} {(PERSONAL if n % 3 else PLAIN).partition(' ')[2].partition(' ')[2]}", partner=code
            )
            for n in range(100)
            for code in ("poste", "coop")
        ]
        await asyncio.gather(*asked)
        url = gateway.federation._settings.audit.url
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(gateway.federation.audit.flush(), gateway.loop))
        told = [entry for entry in await stored(url) if entry["kind"] == "read"]
        assert len({(entry["partner"], entry["operation"]["name"]) for entry in told}) == len(told) == 200
        folder = gateway.folder
        heads = folder / "heads"
        heads.write_text(command(folder, "heads").stdout, "utf-8")
        assert command(folder, "verify", "--from", str(heads)).returncode == 0


async def test_nothing_personal_is_answered_while_the_store_is_down(postgres: Server) -> None:
    url = postgres.create("audit_down")
    proxy = Proxy(postgres.port)
    await proxy.open()
    through = url.replace(f":{postgres.port}/", f":{proxy.port}/").replace("postgresql+psycopg", "postgresql+asyncpg")
    async with serving(f'url = "{through}"\nbuffer = 40') as gateway:
        await gateway.data(PERSONAL, partner="poste")
        await proxy.cut()
        for _ in range(10):
            found = await asyncio.gather(*(gateway.post({"query": PERSONAL}, "poste") for _ in range(100)))
            assert {status for status, _ in found} == {503}
            codes = {answer["errors"][0]["extensions"]["code"] for _, answer in found}
            assert codes == {"AUDIT_UNAVAILABLE"} and not any("data" in answer for _, answer in found)
        for number in range(50):  # the buffer holds 40
            await gateway.data(f"query Q{number} {{ assets(first: 3) {{ nodes {{ id name }} }} }}", partner="poste")
        # what only chooses records by a personal field tells of it too
        asked = '{ people(filter: {displayName: {contains: "a"}}) { totalCount } }'
        assert (await gateway.post({"query": asked}, "poste"))[0] == 503
        await proxy.open()
        for _ in range(100):
            status, _ = await gateway.post({"query": PERSONAL}, "poste")
            if status == 200:
                break
            await asyncio.sleep(0.1)
        assert status == 200
    told = await stored(url.replace("postgresql+psycopg", "postgresql+asyncpg"))
    names = [entry["operation"]["name"] for entry in told if entry["kind"] == "read"]
    assert names == ["Who", *(f"Q{number}" for number in range(40)), "Who"]
    assert [entry["lost"] for entry in told if entry["kind"] == "gap"] == [10]
    await proxy.cut()


async def test_a_killed_process_loses_no_personal_answer(tmp_path: Path) -> None:
    await demo.prepare(tmp_path)
    chosen = gateway_settings.load(tmp_path / "gateway.toml", demo.environment(tmp_path))
    code = (
        "import sys; from pathlib import Path; from tests.gateways import started; from gateway import demo\n"
        "folder = Path(sys.argv[1])\n"
        "with started(folder, demo.environment(folder)) as found:\n"
        "    token = found.issuer.issue(partner='poste', subject='t', scopes=sys.argv[2].split(), lifetime=600)\n"
        "    print(found.url, token, flush=True); sys.stdin.read()\n"
    )
    process = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, "-c", code, str(tmp_path), " ".join(SCOPES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    answered: list[str] = []
    try:
        assert process.stdout is not None
        url, token = (await asyncio.to_thread(process.stdout.readline)).decode().split()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        async with aiohttp.ClientSession() as session:

            async def client(name: str) -> None:
                for number in range(10_000):
                    query = PERSONAL.replace("Who", f"{name}{number}")
                    try:
                        async with session.post(f"{url}/graphql", json={"query": query}, headers=headers) as response:
                            assert response.status == 200, await response.text()
                            await response.read()
                    except (aiohttp.ClientError, OSError):
                        return
                    answered.append(f"{name}{number}")
                    if len(answered) == 60:
                        os.kill(process.pid, signal.SIGKILL)

            await asyncio.gather(*map(client, "abcd"))
    finally:
        process.kill()
        process.communicate()
    assert len(answered) >= 60
    told = {entry["operation"]["name"] for entry in await stored(chosen.audit.url) if entry["kind"] == "read"}
    assert set(answered) <= told
    assert command(tmp_path, "verify").returncode == 0


# the law --------------------------------------------------------------------------------------------------------------


ALONG = {"Site", "Person", "Policy", "Asset"}
"""What references lead to: a statement may bring these with the rows that name them."""


@dataclass
class Account:
    """What one entry says, asked as `tests.answer` asks what is granted: whatever an answer shows must be in it."""

    partner: str
    entry: Mapping[str, Any]

    def _of(self, partner: str, entity: str) -> Mapping[str, Any]:
        found = [r for r in self.entry["reads"] if (r["partner"], r["entity"]) == (partner, entity)]
        assert len(found) <= 1
        return found[0] if found else {"fields": [], "tested": [], "rows": 0}

    def exists(self, partner: str, entity: str) -> bool:
        return bool(self._of(partner, entity)["rows"])

    def neighbours(self) -> tuple[str, ...]:
        return CODES

    def reads(self, partner: str, entity: str, path: str) -> bool:
        declared = model().entities[entity].fields.get(path.partition(".")[0])
        if declared is None or declared.kind in (Kind.REVERSE, Kind.SAME, Kind.SYSTEM):
            return True
        if declared.kind is Kind.PART and path == declared.name and not declared.many:
            return True  # its members are asked for one by one; without any, no column was read
        paths = declared.needs if declared.kind is Kind.DERIVED else (path,)  # worked out of what was read
        read, fallback = self._of(partner, entity), model().entities[entity].fallback
        told = [*read["fields"], *read["tested"]]  # an edge may be followed backwards
        return any(
            one in fallback or any(f"{one}.".startswith(f"{name}.") or name.startswith(f"{one}.") for name in told)
            for one in paths
        )


@dataclass
class House:
    """A gateway in this process, over few rows."""

    federation: Federation
    calls: list[SourceCall] = field(default_factory=list)


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("account")
    thin_demo.fill(folder / "stores")
    (folder / "partners").mkdir()
    for code in CODES:
        (folder / "partners" / f"{code}.toml").write_text((PARTNERS / f"{code}.toml").read_text("utf-8"), "utf-8")
    (folder / "gateway.toml").write_text("", "utf-8")
    environ = thin_demo.environment(folder / "stores")
    calls: list[SourceCall] = []
    federation = Federation(gateway_settings.load(folder / "gateway.toml", environ), environ, [calls.append])
    await federation.start()
    yield House(federation, calls)
    await federation.close()


@settings(law(60))
@given(
    partner=st.sampled_from(CODES),
    scopes=st.sampled_from([SCOPES, ("read",), ("read", "read:contact")]),
    operation=operations(SOME_IDS),
)
async def test_what_is_told_is_what_was_brought(
    house: House, partner: str, scopes: tuple[str, ...], operation: Operation
) -> None:
    viewer = Viewer(partner, "tester", frozenset(scopes), ("lending",), "lending")
    runtime, federation = house.federation.runtime, house.federation
    house.calls.clear()
    request = OperationRequest("id", operation.text, None, {}, {}, JSON, False)
    try:
        answer = await runtime.execute(viewer, Documents(runtime.schema, Limits()).get(request), request)
    except RequestError:
        assume(False)
    await federation.audit.flush()
    state = State(federation._settings.audit.url, METADATA, "audit.url")
    try:
        [row] = await state.run(lambda c: c.execute(select(ENTRIES.c.body).order_by(ENTRIES.c.seq.desc()).limit(1)))
    finally:
        await state.close()
    said = orjson.loads(row[0])
    assert (said["partner"], said["purpose"]) == (partner, "lending")
    # Whatever the answer shows was told.
    if answer.get("data") is not None:
        assert list(excess(operation.selections, answer["data"], Account(partner, said))) == []  # type: ignore[arg-type]
    # Whatever a statement brought was told, and no more than that.
    brought: dict[tuple[str, str], list[SourceCall]] = {}
    for call in house.calls:
        if call.access in ("Listing", "Lookup", "Children") and call.rows:
            brought.setdefault((call.source.partition(".")[0], call.entity), []).append(call)
    told = {(read["partner"], read["entity"]): read for read in said["reads"]}
    for place, calls in brought.items():
        assert place in told and told[place]["rows"] > 0
        # Rows that came along with others are counted by no statement of their own, and a child comes once a parent;
        # else it is the very number.
        if [call.access for call in calls] == ["Listing"] and place[1] not in ALONG:
            assert told[place]["rows"] == calls[0].rows
    partners = {place[0] for place in brought}
    assert all(place[0] in partners for place, read in told.items() if read["rows"])
    # Own records need no agreement; all others were granted by one in force.
    for (provider, _), read in told.items():
        assert bool(read["agreements"]) == (provider != partner and read["rows"] > 0)
        personal = any(path in ("displayName", "custodian", "position") for path in read["fields"])
        assert not personal or read["records"]
