"""Whoever is not let in hears the same over HTTP, whatever the reason and wherever it was asked."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.routing import Route

from gateway import app, settings
from gateway.keys import ApiKeys
from gateway.state import State
from tests.forgeries import STRANGER, Issued
from tests.gateways import CONFIG, Gateway, running
from tests.identity_provider import SigningKey, key_server

HELLO = b'{"query": "{ viewer { subject } assets { nodes { name } } }"}'
COOP = "https://id.coop.example"
OPEN = {"/", "/ide/{file}", "/health/live", "/health/ready"}


@dataclass(frozen=True)
class Refused:
    """A whole answer. head: its lines but for the date and the request's id, which also stands in the body."""

    status: int
    head: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True)
class Known:
    """A gateway, an issuer that it knows, an API key that is good and one that was revoked."""

    gateway: Gateway
    issued: Issued
    key: str
    revoked: str


@pytest.fixture
async def known(tmp_path: Path) -> AsyncIterator[Known]:
    with closing(sqlite3.connect(tmp_path / "fleet.sqlite")) as database:
        database.executescript("create table bikes (id integer primary key, name text)")
    issued = Issued(COOP, SigningKey("1"), SigningKey("rsa", "RSA"), "https://other.example")
    async with key_server(issued.key, issued.rsa) as server:
        file = f"""
        [partner]
        code = "coop"
        name = "Bike co-op"
        kind = "COOPERATIVE"
        time_zone = "Europe/Paris"
        currency = "EUR"
        [identity]
        issuer = "{COOP}"
        audience = "commons"
        jwks_url = "{server.url}"
        [source.fleet]
        kind = "sql"
        url = "sqlite+aiosqlite:///{tmp_path / "fleet.sqlite"}"
        [mapping.bikes]
        entity = "Asset"
        source = "fleet"
        table = "bikes"
        key = "id"
        [mapping.bikes.fields]
        name = "name"
        """
        async with running({"coop": file}, {}, CONFIG) as gateway:
            state = State(f"sqlite+aiosqlite:///{gateway.folder / 'state' / 'gateway.sqlite'}")
            keys = ApiKeys(state)
            _, live = await keys.create(partner="coop", name="live", scopes=["read"], lifetime=600)
            gone, revoked = await keys.create(partner="coop", name="gone", scopes=["read"], lifetime=600)
            await keys.revoke(gone.id)
            await state.close()
            yield Known(gateway, issued, live, revoked)


async def asked(known: Known, method: str, path: str, body: bytes | None, *authorizations: str) -> Refused:
    headers = [("content-type", "application/json"), *(("authorization", value) for value in authorizations)]
    url = f"{known.gateway.url}{path}"
    async with known.gateway.session.request(method, url, data=body, headers=headers) as answer:
        identifier = answer.headers["x-request-id"].encode()
        head = ((name.lower(), value) for name, value in answer.raw_headers)
        kept = tuple((name, value) for name, value in head if name not in (b"date", b"x-request-id"))
        return Refused(answer.status, kept, (await answer.read()).replace(identifier, b"ID"))


async def test_every_reason_and_every_place_hear_the_same(known: Known) -> None:
    issued = known.issued
    good = f"Bearer {issued.good()}"
    assert (await asked(known, "POST", "/graphql", HELLO, good)).status == 200
    assert (await asked(known, "POST", "/graphql", HELLO, f"Bearer {known.key}")).status == 200
    told = await asked(known, "POST", "/graphql", HELLO)
    assert (told.status, dict(told.head)[b"www-authenticate"]) == (401, b'Bearer realm="partner-gateway"')
    for authorizations in (
        [""],
        ["Bearer"],
        ["Basic Y29vcDpjb29w"],
        [good, good],
        [f"Bearer {issued.good(exp=1)}"],
        [f"Bearer {issued.good(iss='https://nobody.example')}"],
        [f"Bearer {issued.good(aud='elsewhere')}"],
        [f"Bearer {STRANGER.sign(issued.claims())}"],
        [f"Bearer {issued.key.sign(issued.claims(), kid='unknown')}"],
        [f"Bearer {known.revoked}"],
        [f"Bearer {known.key[:-1]}{'a' if known.key[-1] != 'a' else 'b'}"],
        [f"Bearer pgw_abcdefgh_{'a' * 52}"],
        ["Bearer " + "x" * 20_000],
    ):
        for method, path, body in (
            ("POST", "/graphql", HELLO),
            ("POST", "/graphql", b"{"),
            ("POST", "/graphql", b"x" * 300_000),
            ("GET", "/graphql?query={viewer{subject}}", None),
            ("GET", "/graphql?query={", None),
            ("GET", "/schema.graphql", None),
            ("PUT", "/graphql", HELLO),
        ):
            assert await asked(known, method, path, body, *authorizations) == told, (authorizations, method, path)


async def test_nothing_is_answered_without_a_credential_but_health_and_the_page(known: Known) -> None:
    """Every route that there is, so that a new one is not forgotten."""
    front = app.compose(known.gateway.federation, settings.load(known.gateway.folder / "gateway.toml", {}))
    assert isinstance(front, app.Front)
    paths = {route.path for route in front._general.routes if isinstance(route, Route)}
    assert paths >= {"/", "/graphql", "/schema.graphql", "/health/live"}
    for path in paths - OPEN:
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            answer = await asked(known, method, path, None)
            assert answer.status in (401, 405), (method, path)
            assert b"data" not in answer.body


async def test_a_key_that_is_revoked_elsewhere_is_refused_soon(known: Known) -> None:
    """The command line is another process: what it revokes, a busy gateway takes no more after half a second."""
    authorization = f"Bearer {known.key}"
    assert (await asked(known, "POST", "/graphql", HELLO, authorization)).status == 200
    state = State(f"sqlite+aiosqlite:///{known.gateway.folder / 'state' / 'gateway.sqlite'}")
    await ApiKeys(state).revoke(known.key)
    revoked = asyncio.get_running_loop().time()
    await state.close()
    while (await asked(known, "POST", "/graphql", HELLO, authorization)).status == 200:
        assert asyncio.get_running_loop().time() - revoked < 1.5
        await asyncio.sleep(0.02)
