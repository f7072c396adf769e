"""API keys: who has one is let in until it expires or is revoked, whatever the database does meanwhile."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, make_url

from gateway import keyring
from gateway.authentication import Authenticator
from gateway.issuers import Issuers
from gateway.keyring import Keyring
from gateway.keys import ApiKeys, KeyChoiceError, revision
from gateway.state import State, StateError
from resolvers.errors import RequestError
from resolvers.viewer import Viewer
from tests.identity_provider import bearer
from tests.servers import Server
from tests.tcp_proxy import Proxy, proxy

DAY = 86400.0


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty state database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'state' / 'gateway.sqlite'}"
    server: Server = request.getfixturevalue("postgres")
    return await asyncio.to_thread(server.create, "gateway_state")


class Gateway:
    """What a running gateway verifies API keys with."""

    def __init__(self, url: str) -> None:
        self.state = State(url)
        self.keyring = Keyring(self.state)
        self.door = Authenticator(Issuers(), self.keyring)

    async def viewer(self, text: str) -> Viewer | None:
        try:
            return await self.door.authenticate(bearer(text))
        except RequestError as error:
            assert (error.code, error.status) == ("UNAUTHENTICATED", 401)
            return None

    async def close(self) -> None:
        await self.keyring.close()
        await self.door.close()
        await self.state.close()


async def gateway(url: str) -> Gateway:
    made = Gateway(url)
    await made.door.adopt({"coop": None})
    return made


@pytest.fixture
async def here(url: str) -> AsyncIterator[Gateway]:
    made = await gateway(url)
    yield made
    await made.close()


@pytest.fixture
async def office(url: str) -> AsyncIterator[ApiKeys]:
    """Another process on the same database, as the command line is."""
    state = State(url)
    yield ApiKeys(state)
    await state.close()


async def test_a_key_from_birth_to_end(here: Gateway, office: ApiKeys) -> None:
    assert await here.viewer(f"pgw_abcdefgh_{'a' * 52}") is None
    key, text = await office.create(
        partner="coop", name="fleet sync", scopes=["read", "audit"], purposes=["lending"], lifetime=90 * DAY
    )
    assert re.fullmatch(rf"pgw_{key.id}_[a-z2-7]{{52}}", text)
    expected = Viewer("coop", f"key:{key.id}", frozenset({"read", "audit"}), ("lending",), "lending")
    second, other = await office.create(partner="coop", name="next", scopes=["read"], lifetime=DAY)  # during a rotation
    await asyncio.sleep(0.06)
    assert await here.viewer(text) == expected  # no half second later, though a look was made a moment ago
    assert await here.viewer(other) is not None
    for wrong in (
        text[:-1] + ("a" if text[-1] != "a" else "b"),
        text + "a",
        f"pgw_{key.id}_",
        f"pgw_{second.id}{text[12:]}",
    ):
        assert await here.viewer(wrong) is None

    await office.revoke(text)
    revoked = time.monotonic()
    while await here.viewer(text) is not None:
        assert time.monotonic() - revoked < 1
        await asyncio.sleep(0.02)
    assert await here.viewer(other) is not None
    assert {k.name: k.condition(time.time()) for k in await office.all()} == {"fleet sync": "revoked", "next": "live"}
    assert await office.all("poste") == []


async def test_a_key_expires(here: Gateway, office: ApiKeys) -> None:
    key, text = await office.create(partner="coop", name="short", scopes=["read"], lifetime=2)
    assert await here.viewer(text) is not None
    await asyncio.sleep(2.1)
    assert await here.viewer(text) is None
    assert key.condition(time.time()) == "expired"


async def test_a_key_of_a_partner_that_left(here: Gateway, office: ApiKeys) -> None:
    _, text = await office.create(partner="poste", name="left", scopes=["read"], lifetime=DAY)
    assert await here.viewer(text) is None
    await here.door.adopt({"coop": None, "poste": None})
    assert await here.viewer(text) is not None


async def test_what_a_key_carries(here: Gateway, office: ApiKeys) -> None:
    """What was stored by another version, or by hand, means no more than it does in a token."""
    _, text = await office.create(
        partner="coop", name="x", scopes=["read", "claims", "root"], purposes=["lending", "x" * 65], lifetime=DAY
    )
    viewer = await here.viewer(text)
    assert viewer is not None
    assert viewer.scopes == {"read"}
    assert viewer.purposes == ("lending",)
    await here.door.adopt({"coop": None}, ["claims"])
    viewer = await here.viewer(text)
    assert viewer is not None and viewer.scopes == {"read", "claims"}


async def test_which_key_is_meant(office: ApiKeys) -> None:
    made = [(await office.create(partner="coop", name=str(n), scopes=[], lifetime=DAY))[0].id for n in range(40)]
    for meant in ("", "pgw_", "%", "zzzzzzzz", "________"):
        with pytest.raises(KeyChoiceError) as caught:
            await office.revoke(meant)
        assert caught.value.code == "KEY_UNKNOWN"
    first_letters = [identifier[0] for identifier in made]
    shared = next(letter for letter in first_letters if first_letters.count(letter) > 1)  # 40 ids, 32 letters
    with pytest.raises(KeyChoiceError) as caught:
        await office.revoke(shared)
    assert caught.value.code == "KEY_AMBIGUOUS"
    assert (await office.revoke(f"pgw_{made[7]}_never-mind")).id == made[7]
    when = {key.id: key.revoked for key in await office.all() if key.revoked}
    assert list(when) == [made[7]]
    await asyncio.sleep(1.1)
    assert (await office.revoke(made[7])).revoked == when[made[7]]  # when it ended does not move
    assert {key.id: key.revoked for key in await office.all() if key.revoked} == when


async def test_the_database_holds_no_key(office: ApiKeys, url: str, request: pytest.FixtureRequest) -> None:
    _, text = await office.create(partner="coop", name="fleet sync", scopes=["read"], lifetime=DAY)
    secret = text.rpartition("_")[2]
    if url.startswith("sqlite"):
        file = Path(make_url(url).database or "")
        kept = b"".join(path.read_bytes() for path in file.parent.iterdir())
        assert {path.stat().st_mode & 0o077 for path in file.parent.iterdir()} == {0}
    else:
        server: Server = request.getfixturevalue("postgres")
        kept = (await asyncio.to_thread(server.run, "gateway_state", "select * from api_keys;")).encode()
    assert b"fleet sync" in kept
    assert secret.encode() not in kept


async def test_requests_cost_no_database_call(here: Gateway, office: ApiKeys) -> None:
    """A thousand calls with good and unknown keys in a moment: a handful of statements, not one a call."""
    _, text = await office.create(partner="coop", name="busy", scopes=["read"], lifetime=DAY)
    assert await here.viewer(text) is not None
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(here.state.engine.sync_engine, "before_cursor_execute", count)
    started = time.monotonic()
    for _ in range(500):
        assert await here.viewer(text) is not None
        assert await here.viewer(f"pgw_abcdefgh_{'a' * 52}") is None
    looks = 2 + (time.monotonic() - started) / 0.05
    assert statements <= looks * 2


async def test_gateways_that_start_together(url: str) -> None:
    several = [State(url) for _ in range(4)]
    made = await asyncio.gather(
        *(ApiKeys(state).create(partner="coop", name="x", scopes=["read"], lifetime=DAY) for state in several)
    )
    assert len(await ApiKeys(several[0]).all()) == len(made)
    for state in several:
        await state.close()


@pytest.fixture
async def line(postgres: Server) -> AsyncIterator[Proxy]:
    async with proxy(postgres.port) as made:
        yield made


@pytest.mark.parametrize("fault", ["refused", "silent"])
async def test_the_state_database_is_down(postgres: Server, line: Proxy, fault: str) -> None:
    """Keys that were live go on, nobody waits for long, others are refused; when it is back, so is the law."""
    direct = await asyncio.to_thread(postgres.create, "gateway_state")
    through = direct.replace(f":{postgres.port}/", f":{line.port}/")
    near, here = State(direct), await gateway(through)
    office = ApiKeys(near)
    _, known = await office.create(partner="coop", name="known", scopes=["read"], lifetime=DAY)
    doomed, stolen = await office.create(partner="coop", name="stolen", scopes=["read"], lifetime=DAY)
    assert await here.viewer(known) is not None
    attempts = 0

    def count(*_: object) -> None:
        nonlocal attempts
        attempts += 1

    event.listen(here.state.engine.sync_engine, "do_connect", count)
    if fault == "refused":
        await line.cut()
    else:
        line.silent = True
    _, late = await office.create(partner="coop", name="late", scopes=["read"], lifetime=DAY)
    await office.revoke(doomed.id)
    await asyncio.sleep(0.55)
    started = time.monotonic()
    assert await here.viewer(known) is not None
    assert time.monotonic() - started < 0.7
    for _ in range(30):  # over the seconds in which one look after the other fails
        started = time.monotonic()
        assert await here.viewer(known) is not None
        assert await here.viewer(late) is None
        assert time.monotonic() - started < 0.3
        await asyncio.sleep(0.1)
    assert attempts <= 2 * 8  # a look in half a second; it may try both of a host's addresses

    if fault == "refused":
        await line.open()
    else:
        await line.cut()
        await line.open()
    back = time.monotonic()
    while await here.viewer(late) is None or await here.viewer(stolen) is not None:
        assert time.monotonic() - back < 4
        await asyncio.sleep(0.05)
    assert await here.viewer(known) is not None
    await here.close()
    await near.close()


async def test_the_first_request_after_an_outage(
    postgres: Server, line: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asked for a while: the database may be back, and is looked at before a key is taken from memory."""
    monkeypatch.setattr(keyring, "DOWN_FOR", 0.5)
    direct = await asyncio.to_thread(postgres.create, "gateway_state")
    near, here = State(direct), await gateway(direct.replace(f":{postgres.port}/", f":{line.port}/"))
    office = ApiKeys(near)
    key, text = await office.create(partner="coop", name="known", scopes=["read"], lifetime=DAY)
    assert await here.viewer(text) is not None
    await line.cut()
    await asyncio.sleep(0.55)
    assert await here.viewer(text) is not None
    await office.revoke(key.id)
    await line.open()
    await asyncio.sleep(0.55)
    assert await here.viewer(text) is None
    await here.close()
    await near.close()


async def test_a_start_without_the_state_database(postgres: Server, line: Proxy) -> None:
    direct = await asyncio.to_thread(postgres.create, "gateway_state")
    near = State(direct)
    _, text = await ApiKeys(near).create(partner="coop", name="known", scopes=["read"], lifetime=DAY)
    await line.cut()
    here = await gateway(direct.replace(f":{postgres.port}/", f":{line.port}/"))
    assert await here.viewer(text) is None
    with pytest.raises(StateError):
        await ApiKeys(here.state).all()
    await line.open()
    await asyncio.sleep(0.5)
    assert await here.viewer(text) is not None
    await here.close()
    await near.close()


async def test_a_failed_over_database(postgres: Server, line: Proxy) -> None:
    """Connections that broke unused cost no failed call; one that hangs costs the deadline and no more."""
    direct = await asyncio.to_thread(postgres.create, "gateway_state")
    state = State(direct.replace(f":{postgres.port}/", f":{line.port}/"))
    assert await ApiKeys(state).all() == []
    await line.cut()
    await line.open()
    assert await ApiKeys(state).all() == []
    line.silent = True
    started = time.monotonic()
    with pytest.raises(StateError):
        await state.run(revision, deadline=0.3)
    assert time.monotonic() - started < 0.5
    await line.cut()
    await state.close()
