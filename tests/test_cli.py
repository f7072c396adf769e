"""The command line as an operator uses it: a folder, a terminal, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from schema import graph
from tests.identity_provider import SigningKey, claims, key_set

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
url = "sqlite+aiosqlite:///fleet.sqlite"
[mapping.bikes]
entity = "Asset"
source = "fleet"
table = "bikes"
key = "id"
[mapping.bikes.fields]
name = "name"
kind = { const = "BICYCLE" }
"""
ISSUER = SigningKey("coop-1")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A gateway's folder: settings, one partner and its database."""
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "coop.toml").write_text(PARTNER)
    (tmp_path / "partners" / "coop.json").write_bytes(key_set(ISSUER))
    with sqlite3.connect(tmp_path / "partners" / "fleet.sqlite") as database:
        database.executescript(
            "create table bikes (id integer primary key, name text); insert into bikes values (1, 'Tandem');"
        )
    database.close()
    (tmp_path / "gateway.toml").write_text("")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    def call(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *words]
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in done.stderr
        return done

    return call


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """A gateway that was started with `gateway serve` in the folder."""
    port = free_port()
    with (folder / "gateway.toml").open("a") as settings:
        settings.write(f"[listen]\nport = {port}\n")
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        command = [sys.executable, "-m", "gateway", "serve"]
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
        try:
            listening = f"The gateway listens on http://127.0.0.1:{port}\n"
            until = time.monotonic() + 30
            while listening not in (said := (folder / "err").read_text()):
                assert process.poll() is None and time.monotonic() < until, said
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert (folder / "out").read_text() == ""
    assert process.returncode in (0, -signal.SIGTERM)  # the server ends in order, then by the signal it was sent
    assert "Traceback" not in (folder / "err").read_text()


def ask(url: str, credential: str) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{url}/graphql",
        data=json.dumps({"query": "{ viewer { subject } assets { nodes { name } } }"}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {credential}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())["data"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["errors"][0]["extensions"]["code"]


def test_a_key_from_the_command_line_to_its_end(url: str, run: Run) -> None:
    made = run("keys", "create", "--partner", "coop", "--name", "fleet sync", "--expires", "90d")
    key = made.stdout.strip()
    assert re.fullmatch(r"pgw_[a-z2-7]{8}_[a-z2-7]{52}", key) and made.returncode == 0
    assert key not in made.stderr and "shown only now" in made.stderr
    identifier = key.split("_")[1]
    expected = {"viewer": {"subject": f"key:{identifier}"}, "assets": {"nodes": [{"name": "Tandem"}]}}
    assert ask(url, key) == (200, expected)
    assert ask(url, key[:-1]) == (401, "UNAUTHENTICATED")

    listed = run("keys", "list")
    assert re.search(rf"^{identifier} +coop +fleet sync +read +.* live$", listed.stdout, re.MULTILINE)
    assert key.split("_")[2] not in listed.stdout

    revoked = run("keys", "revoke", identifier[:6])
    assert revoked.returncode == 0 and identifier in revoked.stdout
    until = time.monotonic() + 0.6
    while time.monotonic() < until and ask(url, key)[0] == 200:
        time.sleep(0.05)
    assert ask(url, key) == (401, "UNAUTHENTICATED")
    again = run("keys", "revoke", key)
    assert again.returncode == 0 and "as it was before" in again.stdout
    (facts,) = json.loads(run("keys", "list", "--json").stdout)
    assert (facts["id"], facts["state"], facts["scopes"]) == (identifier, "revoked", "read")
    assert json.loads(run("keys", "list", "--json", "--partner", "poste").stdout) == []


def test_a_partners_own_token(url: str) -> None:
    status, data = ask(url, ISSUER.sign(claims("https://id.coop.example")))
    assert (status, data["viewer"]) == (200, {"subject": "awa"})


def test_own_tokens_are_off_until_asked_for(folder: Path, run: Run) -> None:
    words = (
        "token",
        "--partner",
        "coop",
        "--subject",
        "awa",
        "--scope",
        "read",
        "--purpose",
        "lending",
        "--expires",
        "1h",
    )
    refused = run(*words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "OWN_ISSUER_OFF" in refused.stderr and "own_issuer = true" in refused.stderr
    (folder / "gateway.toml").write_text("own_issuer = true\n")
    assert run(*words).stdout.count(".") == 2


def test_own_tokens_where_they_are_on(folder: Path, run: Run, request: pytest.FixtureRequest) -> None:
    (folder / "gateway.toml").write_text("own_issuer = true\n")
    url = request.getfixturevalue("url")
    token = run("token", "--partner", "coop", "--subject", "awa").stdout.strip()
    assert ask(url, token) == (200, {"viewer": {"subject": "awa"}, "assets": {"nodes": [{"name": "Tandem"}]}})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("token --partner cop --subject awa", 1, r"error PARTNER_UNKNOWN\n    .*'cop'.*\n    did you mean 'coop'\?"),
        ("keys create --partner nobody --name x", 1, "error PARTNER_UNKNOWN"),
        ("keys revoke abcdefgh", 1, "error KEY_UNKNOWN"),
        ("token --partner coop --subject awa --expires 60d", 1, "error TOO_LONG"),
        ("keys create --partner coop --name x --expires 3000d", 1, "error TOO_LONG"),
        ("serve --config elsewhere.toml", 1, "error CATALOG_UNREADABLE elsewhere.toml"),
        ("keys create --partner coop --name x --scope read:contacts", 2, "did you mean 'read:contact'"),
        ("keys create --partner coop --name x --expires soon", 2, "like 90d, 12h or 30m"),
        ("keys create --partner coop", 2, "--name"),
        ("token --partner coop --subject awa --purpose two\u00a0words", 2, "not one word"),
        (f"token --partner coop --subject awa --purpose {'x' * 65}", 2, "not one word of at most 64"),
        ("explain query.graphql --as coop --scopes read:all", 2, "there is no scope 'read:all'"),
        (f"keys create --partner coop --name {'x' * 256}", 2, "1 to 255 characters"),
        ("demo --port 0", 2, "not a port"),
        ("keys", 2, "COMMAND"),
        ("serv", 2, "invalid choice"),
        ("", 2, "usage: gateway"),
    ],
)
def test_wrong_words(folder: Path, run: Run, words: str, code: int, said: str) -> None:
    (folder / "gateway.toml").write_text("own_issuer = true\n")
    done = run(*words.split(" ") if words else [])
    assert (done.returncode, done.stdout) == (code, "")
    assert re.search(said, done.stderr), done.stderr


def test_check(folder: Path, run: Run) -> None:
    fine = run("check")
    assert fine.returncode == 0
    assert re.search(r"\nnothing wrong(, \d+ notes?)?\n$", fine.stdout), fine.stdout
    assert not (folder / "state").exists()  # looking makes nothing

    (folder / "gateway.toml").write_text('origin = []\n[state]\nurl = "postgresql+asyncpg://127.0.0.1:1/none"\n')
    (folder / "partners" / "coop.json").write_text('{"keys": []}')
    (folder / "partners" / "broken.toml").write_text("[partner]\ncode = 7\n")
    (folder / "partners" / "fleet.sqlite").unlink()
    wrong = run("check")
    assert wrong.returncode == 1
    for said in (
        r"gateway.toml\n +error +CATALOG_UNKNOWN_KEY  origin, line 1\n +.*\n +did you mean 'origins'\?",
        "warning  CATALOG_MISSING_KEY  keys.ids",
        "error    STATE_UNAVAILABLE  state.url, line 3",
        r"broken.toml\n +error +CATALOG_WRONG_TYPE  partner.code, line 2",
        r"error    IDENTITY_NO_KEYS  identity.jwks_file, line \d+",
        r"error    SOURCE_\w+  (source.fleet.url|mapping.bikes.table), line \d+",
        r"\n\d+ errors, 4 warnings(, \d+ notes?)?\n$",
    ):
        assert re.search(said, wrong.stdout), wrong.stdout
    offline = run("check", "--offline", "--json")
    assert offline.returncode == 1
    found = {finding["code"]: finding for finding in json.loads(offline.stdout)["findings"]}
    assert found["CATALOG_UNKNOWN_KEY"] == {
        "severity": "error",
        "code": "CATALOG_UNKNOWN_KEY",
        "file": "gateway.toml",
        "line": 1,
        "key": "origin",
        "partner": None,
        "source": None,
        "mapping": None,
        "message": "`origin` is not a key of this table.",
        "mend": "did you mean 'origins'?",
    }
    assert "STATE_UNAVAILABLE" not in found and "IDENTITY_NO_KEYS" in found


def test_a_state_database_that_is_down(folder: Path, run: Run) -> None:
    (folder / "gateway.toml").write_text('[state]\nurl = "postgresql+asyncpg://u:hunter2@127.0.0.1:1/none"\n')
    done = run("keys", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error STATE_UNAVAILABLE" in done.stderr and "hunter2" not in done.stderr
    (folder / "gateway.toml").write_text('[state]\nurl = "oracle+nothing://u:hunter2@127.0.0.1:1/none"\n')
    done = run("keys", "list")
    assert done.returncode == 1
    assert "error CATALOG_WRONG_VALUE gateway.toml: state.url" in done.stderr and "hunter2" not in done.stderr


def test_serve_says_why_it_does_not(folder: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (folder / "gateway.toml").write_text(f"[listen]\nport = {port}\n")
        done = run("serve")
    assert done.returncode == 1
    assert re.search(rf"error ADDRESS_UNAVAILABLE\n    .*127.0.0.1, port {port}: .*in use", done.stderr), done.stderr
    (folder / "partners" / "broken.toml").write_text("[partner]\ncode = 7\n")
    strict = run("serve", "--strict")
    assert strict.returncode == 1
    assert "error CATALOG_WRONG_TYPE broken.toml: partner.code" in strict.stderr


def test_files_that_are_in_the_way(folder: Path, run: Run) -> None:
    (folder / "gateway.toml").write_text("own_issuer = true\n")
    (folder / "state").write_text("a file where a folder should be")
    for words, code in (
        ("token --partner coop --subject awa", "SECRET_UNUSABLE"),
        ("keys list", "STATE_UNAVAILABLE"),
        ("serve", "SECRET_UNUSABLE"),
        ("demo", "FILE_UNUSABLE"),
    ):
        done = run(*words.split())
        assert (done.returncode, done.stdout) == (1, "")
        assert f"error {code}\n    " in done.stderr


def test_an_unexpected_failure_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> str:
        raise RuntimeError("of the unforeseen kind")

    monkeypatch.setattr(graph, "sdl", fail)
    assert main(["schema"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == (
        "",
        "error INTERNAL\n    RuntimeError: of the unforeseen kind\n    GATEWAY_DEBUG=1 shows where.\n",
    )
    monkeypatch.setenv("GATEWAY_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["schema"])


def test_schema_and_version(run: Run) -> None:
    sdl = run("schema")
    assert (
        sdl.returncode == 0 and sdl.stdout == (Path(__file__).parent.parent / "schema" / "schema.graphql").read_text()
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version").stdout)


def test_a_reader_that_goes_away(folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m gateway schema | true"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_help_is_quick() -> None:
    """It reads no library but the standard one."""
    code = "import sys, gateway.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "commands:" in done.stdout
    for name in ("sqlalchemy", "strawberry", "graphql", "aiohttp", "cryptography", "jwt", "uvicorn"):
        assert f"'{name}'" not in done.stdout
