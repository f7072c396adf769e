"""No password, key or token is told: not by a command, a log, an answer or an object, whatever succeeds or fails."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gateway import app, key_material, settings
from gateway.__main__ import main
from gateway.keys import ApiKeys
from gateway.state import State
from tests.forgeries import Issued, forgeries
from tests.gateways import Gateway, running
from tests.identity_provider import SigningKey, key_set
from tests.secret_words import forms, presentations, told
from tests.servers import Server
from tests.tcp_proxy import proxy

PARTS = ("hushAbel", "hushBaker", "hushCharlie", "hushDelta")
PASSWORD = "{}/{}@{}#{}".format(*PARTS)  # an ill-formed URL tears it to pieces: none of them may be told
QUOTED = quote(PASSWORD, safe="")

PARTNER = """
[partner]
code = "coop"
name = "Bike co-op"
kind = "COOPERATIVE"
time_zone = "Europe/Paris"
currency = "EUR"
[identity]
issuer = "https://id.coop.example"
audience = "commons"
jwks_file = "coop.json"
[source.fleet]
kind = "sql"
url = "${COOP_URL}"
[mapping.bikes]
entity = "Asset"
source = "fleet"
table = "bikes"
key = "id"
[mapping.bikes.fields]
name = "name"
"""
CONFIG = """
own_issuer = true
[listen]
port = {port}
[state]
url = "${{STATE_URL}}"
[keys]
ids = "${{GATEWAY_IDS_KEY}}"
"""
TABLES = "create table bikes (id integer primary key, name text not null); insert into bikes values (1, 'Tandem');"
IDS_KEY = "aHVzaCBub2JvZHkgbWF5IGtub3cgdGhpcyBrZXkgb2YgaWRz"
IDENTITY = SigningKey("coop-1")


URLS: dict[str, str] = {
    "good": "",
    "closed": f"postgresql+asyncpg://reader:{QUOTED}@127.0.0.1:9/x",
    "closed too": f"mariadb+asyncmy://reader:{QUOTED}@127.0.0.1:9/x",
    "refused": f"postgresql+asyncpg://reader:{QUOTED}@127.0.0.1:PORT/x",
    "not quoted": f"postgresql+asyncpg://reader:{PASSWORD}@127.0.0.1:PORT/x",
    "port in the middle": f"postgresql+asyncpg://reader:{PARTS[0]}:{PARTS[1]}/{PARTS[2]}@127.0.0.1:PORT/x",
    "a port of it": f"postgresql+asyncpg://reader:{PARTS[0]}@{PARTS[1]}:{PARTS[2]}@127.0.0.1:PORT/x",
    "a host of it": f"mariadb+asyncmy://reader:{PARTS[0]}@{PARTS[1]}@127.0.0.1:9/x",
    "in the query": f"postgresql+asyncpg://127.0.0.1:PORT/x?user=reader&password={QUOTED}",
    "another's option": f"postgresql+asyncpg://reader:{QUOTED}@127.0.0.1:PORT/x?sslmode=require",
    "no driver": f"postgresql://reader:{QUOTED}@127.0.0.1:9/x",
    "unknown driver": f"nothing+nothing://reader:{QUOTED}@127.0.0.1:9/x",
    "no URL": f"reader:{PASSWORD}",
}
COMMANDS = (
    "check",
    "check --json",
    "check --offline",
    "keys create --partner coop --name sync",
    "keys list",
    "keys list --json",
    "keys revoke KEY",
    "keys revoke pgw_abcdefgh_hushDelta",
    "token --partner coop --subject awa",
    "explain query.graphql --as coop",
    "explain query.graphql --as coop --json",
    "explain --value coop.bikes.name --key 1",
    "init partner --url ${COOP_URL} --code found --out found.toml",
    "init partner --url URL --code found --out found.toml --force",
    "serve",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A gateway's folder that is the current one; it cannot serve, because its port is taken."""
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "coop.toml").write_text(PARTNER)
    (tmp_path / "partners" / "coop.json").write_bytes(key_set(IDENTITY))
    (tmp_path / "query.graphql").write_text("{ assets { nodes { name } } }")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_IDS_KEY", IDS_KEY)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "gateway.toml").write_text(CONFIG.format(port=taken.getsockname()[1]))
        yield tmp_path


Said = Callable[[str], tuple[str, str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, folder: Path) -> Said:
    """Runs a command; what it printed, and all else that it said: errors, logs of every library, and files."""
    caplog.set_level(logging.DEBUG)

    def run(words: str) -> tuple[str, str]:
        caplog.clear()
        try:
            main(words.split(" "))
        except SystemExit as ended:
            assert ended.code == 2, words
        out, err = capsys.readouterr()
        files = [path.read_text("utf-8") for path in folder.glob("*.toml") if path.name == "found.toml"]
        assert "error INTERNAL" not in err, err
        return out, "\n".join([err, caplog.text, *files])

    return run


@pytest.mark.parametrize("kind", URLS)
def test_commands(kind: str, said: Said, folder: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command, with the URLs of a source and of the state database good or bad in every way."""
    secrets: dict[str, str | bytes] = {**dict(zip(PARTS, PARTS, strict=True)), "ids": IDS_KEY}
    url = state = URLS[kind].replace("PORT", str(postgres.port))
    if kind == "good":
        secrets["password"] = postgres.password
        url, state = postgres.create("told"), postgres.create("told_state")
        postgres.run("told", TABLES)
    monkeypatch.setenv("COOP_URL", url)
    monkeypatch.setenv("STATE_URL", state)
    made = "pgw_zzzzzzzz_x"
    for command in COMMANDS:
        words = command.replace("URL", url) if " URL " in command else command.replace("KEY", made)
        printed, rest = said(words)
        if command.startswith(("keys create", "token")) and printed:
            secret = printed.strip().rpartition("_" if "keys" in command else ".")[2]
            assert not told(rest, {"it": secret})
            secrets[command], made = secret, printed.strip() if "keys" in command else made
            printed = printed.replace(secret, "")
        assert not told(printed + rest, secrets), (command, printed, rest)
        assert kind != "good" or command == "serve" or "abcdefgh" in command or "error" not in rest, (command, rest)
    for file in (folder / "state").glob("*.key"):
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("partners/coop.toml", 'url = "${COOP_URL}"', f'url = "postgresql+asyncpg://reader:{QUOTED}@h/x'),
        ("partners/coop.toml", 'url = "${COOP_URL}"', f'url = ["postgresql+asyncpg://reader:{QUOTED}@h/x"]'),
        ("partners/coop.toml", 'url = "${COOP_URL}"', f'uri = "postgresql+asyncpg://reader:{QUOTED}@h/x"'),
        ("partners/coop.toml", 'url = "${COOP_URL}"', f'url = "reader:{PASSWORD}${{UNSET}}"'),
        ("partners/coop.toml", 'url = "${COOP_URL}"', f'url = "x:///y"\npassword = "{PASSWORD}"'),
        ("gateway.toml", 'url = "${STATE_URL}"', f'url = "postgresql+asyncpg://reader:{QUOTED}@h/x'),
        ("gateway.toml", 'url = "${STATE_URL}"', f'url = ["postgresql+asyncpg://reader:{QUOTED}@h/x"]'),
        ("gateway.toml", 'url = "${STATE_URL}"', f'uri = "postgresql+asyncpg://reader:{QUOTED}@h/x"'),
        ("gateway.toml", 'url = "${STATE_URL}"', f'url = "reader:{PASSWORD}${{UNSET}}"'),
        ("gateway.toml", 'ids = "${GATEWAY_IDS_KEY}"', f'ids = "{IDS_KEY}"'),
        ("gateway.toml", 'ids = "${GATEWAY_IDS_KEY}"', f'ids = "{PARTS[0]}${{GATEWAY_IDS_KEY}}"'),
        ("gateway.toml", 'ids = "${GATEWAY_IDS_KEY}"', f'idz = "{IDS_KEY}"'),
        ("gateway.toml", 'ids = "${GATEWAY_IDS_KEY}"', f'ids = ["{IDS_KEY}"]'),
    ],
)
def test_files_with_mistakes(
    file: str, old: str, new: str, said: Said, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets: dict[str, str | bytes] = {**dict(zip(PARTS, PARTS, strict=True)), "ids": IDS_KEY}
    monkeypatch.setenv("COOP_URL", "sqlite+aiosqlite:///fleet.sqlite")
    monkeypatch.setenv("STATE_URL", "sqlite+aiosqlite:///state/gateway.sqlite")
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    for command in ("check", "check --json", "keys list", "token --partner coop --subject awa", "serve"):
        printed, rest = said(command)
        assert command == "keys list" or "error" in printed + rest, command
        if command == "token":
            printed = ""
        assert not told(printed + rest, secrets), (command, printed, rest)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Everything that any library logs meanwhile, tracebacks included."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    listener, root = Listener(), logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(listener)
        root.setLevel(level)


async def answered(gateway: Gateway, credential: str, query: str, **headers: str) -> tuple[int, str]:
    """Status, and the whole answer as text."""
    sent = {"authorization": f"Bearer {credential}", "content-type": "application/json", **headers}
    async with gateway.session.post(f"{gateway.url}/graphql", json={"query": query}, headers=sent) as answer:
        return answer.status, f"{answer.raw_headers!r}\n{await answer.text()}"


async def test_a_gateway_that_serves(postgres: Server, tmp_path: Path) -> None:
    """Requests that succeed and fail, sources and a state database that go away, and a reload that does not work."""
    source = await asyncio.to_thread(postgres.create, "told")
    await asyncio.to_thread(postgres.run, "told", TABLES)
    direct = await asyncio.to_thread(postgres.create, "told_state")
    (tmp_path / "coop.json").write_bytes(key_set(IDENTITY))
    issued = Issued("https://id.coop.example", IDENTITY, SigningKey("rsa", "RSA"), "https://other.example")
    file = PARTNER.replace('"coop.json"', f'"{tmp_path / "coop.json"}"')
    config = CONFIG.format(port=1).replace("[state]", f'[state]\nfolder = "{tmp_path / "state"}"')
    async with proxy(postgres.port) as source_line, proxy(postgres.port) as state_line:
        environ = {
            "COOP_URL": source.replace(f":{postgres.port}/", f":{source_line.port}/"),
            "STATE_URL": direct.replace(f":{postgres.port}/", f":{state_line.port}/"),
            "GATEWAY_IDS_KEY": IDS_KEY,
        }
        with listening() as lines:
            async with running({"coop": file}, environ, config) as gateway:
                office = State(direct)
                key, text = await ApiKeys(office).create(partner="coop", name="x", scopes=["read"], lifetime=600)
                good, own = issued.good(), gateway.token("coop")
                assets, broken = "{ assets { nodes { name } } }", "{ assets { nodes { nme } } }"
                secrets = _secrets(gateway, postgres.password, (good, own, text), tmp_path / "state")
                answers = []

                async def ask(credential: str, query: str, wanted: int, **headers: str) -> None:
                    status, answer = await answered(gateway, credential, query, **headers)
                    assert status == wanted, (status, answer, query)
                    answers.append(answer)

                for credential in (good, own, text):
                    await ask(credential, assets, 200)
                    await ask(credential, broken, 200)
                    await ask(credential, assets, 403, **{"x-purpose": "spying"})
                for _, forged in forgeries(issued):
                    if len(forged) < 7000:
                        await ask(forged, assets, 401)
                assert not _told_by_objects(gateway, secrets)
                await source_line.cut()
                await ask(good, assets, 200)
                await state_line.cut()
                await asyncio.sleep(0.6)
                await ask(text, assets, 200)
                await source_line.open()
                await asyncio.to_thread(postgres.run, "told", "drop table bikes")
                await ask(good, assets, 200)
                bad = file.replace("${COOP_URL}", f"postgresql+asyncpg://reader:{QUOTED}@h:{PASSWORD}/x")
                (gateway.folder / "partners" / "coop.toml").write_text(bad)
                assert await gateway.reload()
                await state_line.open()
                await ApiKeys(office).revoke(key.id)
                ended = asyncio.get_running_loop().time() + 3
                while (await answered(gateway, text, assets))[0] == 200:
                    assert asyncio.get_running_loop().time() < ended
                    await asyncio.sleep(0.1)
                await ask(text, assets, 401)
                assert not _told_by_objects(gateway, secrets)
                await office.close()
        said = "\n".join([*lines, *answers])
        assert "credential refused" in said and "state database is down" in said and "SOURCE_UNAVAILABLE" in said
        assert not told(said, {**secrets, **dict(zip(PARTS, PARTS, strict=True))})


def _secrets(gateway: Gateway, password: str, credentials: tuple[str, ...], folder: Path) -> dict[str, str | bytes]:
    """All that this gateway keeps or is sent, by name; of a token, the signature; of a key, what is secret of it."""
    chosen = settings.load(gateway.folder / "gateway.toml", {"STATE_URL": "x+y://", "GATEWAY_IDS_KEY": IDS_KEY})
    material = key_material.load(folder, chosen.secrets)
    found: dict[str, str | bytes] = {"password": password, "given": IDS_KEY}
    found |= {f"{name} key": getattr(material, name) for name in key_material.LENGTHS}
    found |= {path.name: path.read_text().strip() for path in folder.glob("*.key")}
    assert not told(f"{material} {material!r} {chosen}", found)
    assert len(found) == 2 + 2 * len(key_material.LENGTHS) - 1
    for text in credentials:
        found[text[:12]] = text.replace(".", "_").rpartition("_")[2] if text.startswith("pgw_") else text.split(".")[2]
    return found


def _told_by_objects(gateway: Gateway, secrets: dict[str, str | bytes]) -> set[tuple[str, str]]:
    """Classes whose objects show a secret where they are printed, with its name."""
    told_by: dict[str, Any] = {form: name for name, secret in secrets.items() for form in forms(secret)}
    front = app.compose(
        gateway.federation,
        settings.load(gateway.folder / "gateway.toml", {"GATEWAY_IDS_KEY": IDS_KEY, "STATE_URL": "x+y://"}),
    )
    shown = list(presentations(gateway.federation, front))
    assert len(shown) > 100
    return {(kind, name) for kind, text in shown for form, name in told_by.items() if form in text}
