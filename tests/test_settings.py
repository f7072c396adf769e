"""gateway.toml: what can be set, what is told when it is wrong, and where secrets come from."""

from __future__ import annotations

import base64
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway import key_material, settings
from gateway.audit_settings import AuditSettings
from gateway.key_material import SecretError
from gateway.limits import Limits
from gateway.settings import DEFAULTS, Settings
from resolvers.errors import CatalogError, Mistake
from resolvers.identity import SCOPES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs" / "settings.md"
SECRET = base64.b64encode(bytes(range(32))).decode()

EVERYTHING = """
partners = "federation"
strict = true
watch = false
own_issuer = true
origins = ["https://app.example", "http://localhost:5173"]
[listen]
host = "::"
port = 4000
[state]
folder = "/var/lib/gateway"
url = "postgresql+asyncpg://gateway:${PASSWORD}@db.example/gateway"
[keys]
ids = "${IDS}"
cursors = "${CURSORS}"
tokens = "${TOKENS}"
audit = "${AUDIT}"
[audit]
url = "postgresql+asyncpg://gateway:${PASSWORD}@db.example/audit"
retention = "30d"
heads = "10m"
buffer = 99
[documents]
mode = "log"
registered = 77
[limits]
header = 1000
body = 1001
tokens = 1002
depth = 13
fields = 1003
aliases = 31
directives = 21
repeats = 2001
page = 500
ids = 101
errors = 22
header_time = "500ms"
deadline = "1m"
texts = 1004
tokens_kept = 1005
"""
ENVIRONMENT = {"PASSWORD": "p w", "IDS": SECRET, "CURSORS": SECRET, "TOKENS": SECRET, "AUDIT": SECRET}


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    (folder / "gateway.toml").write_text(text)
    return settings.load(folder / "gateway.toml", environ or {})


def mistakes(folder: Path, text: str, environ: dict[str, str] | None = None) -> dict[str, Mistake]:
    """What is wrong, by key."""
    with pytest.raises(CatalogError) as caught:
        load(folder, text, environ)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


def test_an_empty_file_is_a_whole_one(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Settings(
        file=tmp_path / "gateway.toml",
        partners=tmp_path / "partners",
        strict=False,
        own_issuer=False,
        origins=(),
        host="127.0.0.1",
        port=8000,
        state_folder=tmp_path / "state",
        state_url=f"sqlite+aiosqlite:///{tmp_path}/state/gateway.sqlite",
        audit=AuditSettings(f"sqlite+aiosqlite:///{tmp_path}/state/audit.sqlite", 365 * 86400.0, 3600.0, 10_000),
        secrets={},
        limits=Limits(),
    )


def test_everything_can_be_set(tmp_path: Path) -> None:
    found = load(tmp_path, EVERYTHING, ENVIRONMENT)
    assert found == Settings(
        file=tmp_path / "gateway.toml",
        partners=tmp_path / "federation",
        strict=True,
        own_issuer=True,
        origins=("https://app.example", "http://localhost:5173"),
        host="::",
        port=4000,
        state_folder=Path("/var/lib/gateway"),
        state_url="postgresql+asyncpg://gateway:p w@db.example/gateway",
        audit=AuditSettings("postgresql+asyncpg://gateway:p w@db.example/audit", 30 * 86400.0, 600.0, 99),
        secrets={"ids": SECRET, "cursors": SECRET, "tokens": SECRET, "audit": SECRET},
        limits=Limits(
            header=1000,
            body=1001,
            tokens=1002,
            depth=13,
            fields=1003,
            aliases=31,
            directives=21,
            repeats=2001,
            page=500,
            ids=101,
            errors=22,
            header_time=0.5,
            deadline=60.0,
            texts=1004,
            tokens_kept=1005,
        ),
        watch=False,
        documents_mode="log",
        registered=77,
    )
    for secret in (SECRET, "p w"):
        assert secret not in repr(found)


def test_paths_of_sqlite(tmp_path: Path) -> None:
    for text, expected in (
        ('[state]\nfolder = "kept"', f"sqlite+aiosqlite:///{tmp_path}/kept/gateway.sqlite"),
        ('[state]\nurl = "sqlite+aiosqlite:///here.sqlite"', f"sqlite+aiosqlite:///{tmp_path}/here.sqlite"),
        ('[state]\nurl = "sqlite+aiosqlite:////srv/there.sqlite"', "sqlite+aiosqlite:////srv/there.sqlite"),
    ):
        assert load(tmp_path, text).state_url == expected


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """
        partner = "federation"
        strict = "yes"
        origins = ["https://app.example/", "*", "${NOT_SET}"]
        own_issuer = 1
        [listen]
        prot = 4000
        port = 65536
        host = ""
        [state]
        url = "postgresql://gateway:hunter2@db.example/gateway"
        [keys]
        ids = "c2VjcmV0"
        cursors = "${SHORT}"
        tokens = "${ALSO_NOT_SET}"
        audit = "short"
        [audit]
        url = "sqlite:///audit.sqlite"
        heads = 1
        buffer = 0
        [limits]
        page = "500"
        depth = 0
        deadline = 10
        [limit]
        page = 1
        """,
        {"SHORT": "c2hvcnQ="},
    )
    told = {key: (mistake.code.removeprefix("CATALOG_"), mistake.hint) for key, mistake in found.items()}
    assert told == {
        "partner": ("UNKNOWN_KEY", "did you mean 'partners'?"),
        "strict": ("WRONG_TYPE", ""),
        "origins": (
            "WRONG_VALUE",
            'scheme, host and port as browsers send them, like "https://app.example"',
        ),
        "own_issuer": ("WRONG_TYPE", ""),
        "listen.prot": ("UNKNOWN_KEY", "did you mean 'port'?"),
        "listen.port": ("WRONG_VALUE", ""),
        "listen.host": ("WRONG_VALUE", ""),
        "state.url": ("WRONG_VALUE", "it begins with postgresql+asyncpg://"),
        "keys.ids": ("WRONG_VALUE", 'ids = "${GATEWAY_IDS_KEY}"'),
        "keys.cursors": ("WRONG_VALUE", "openssl rand -base64 32"),
        "keys.tokens": ("UNSET_VARIABLE", ""),
        "keys.audit": ("WRONG_VALUE", 'audit = "${GATEWAY_AUDIT_KEY}"'),
        "audit.url": ("WRONG_VALUE", "it begins with sqlite+aiosqlite://"),
        "audit.heads": ("WRONG_TYPE", ""),
        "audit.buffer": ("WRONG_VALUE", ""),
        "limits.page": ("WRONG_TYPE", ""),
        "limits.depth": ("WRONG_VALUE", ""),
        "limits.deadline": ("WRONG_TYPE", ""),
        "limit": ("UNKNOWN_KEY", "did you mean 'limits'?"),
    }
    assert {mistake.file for mistake in found.values()} == {"gateway.toml"}
    everything = "\n".join(map(str, found.values()))
    for secret in ("hunter2", "c2VjcmV0", "c2hvcnQ="):
        assert secret not in everything
    assert "NOT_SET is not set" in found["keys.tokens"].message


@pytest.mark.parametrize(
    ("text", "code"),
    [(b"partners = [", "CATALOG_SYNTAX"), (b"\xff\xfe", "CATALOG_SYNTAX"), (None, "CATALOG_UNREADABLE")],
)
def test_a_file_that_is_no_settings(tmp_path: Path, text: bytes | None, code: str) -> None:
    path = tmp_path / "gateway.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(CatalogError) as caught:
        settings.load(path, {})
    assert [mistake.code for mistake in caught.value.mistakes] == [code]


def test_shared_state_wants_shared_keys(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(
        '[state]\nurl = "postgresql+asyncpg://db.example/gateway"\n[keys]\nids = "${IDS}"'
    )
    _, found = settings.read(tmp_path / "gateway.toml", ENVIRONMENT)
    assert [(mistake.key, mistake.level) for mistake in found] == [
        ("keys.cursors", "warning"),
        ("keys.tokens", "warning"),
        ("keys.audit", "warning"),
    ]


def test_the_docs_name_every_setting_with_its_default() -> None:
    text = DOCS.read_text()
    expected = {
        key: json.dumps(default) if not isinstance(default, int) or isinstance(default, bool) else str(default)
        for key, default in DEFAULTS.items()
    }
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| `([^`]*)` \| \S", text, re.MULTILINE))
    assert rows == expected
    scopes = (ROOT / "docs" / "authentication.md").read_text().split("## Scopes")[1]
    assert dict(re.findall(r"^\| `([a-z:]+)` \| ([^|]+) \|$", scopes, re.MULTILINE)) == SCOPES


NAMED = ("__main__", "credentials", "init", "issuers", "key_material", "keys", "state")


def test_the_docs_name_every_code_of_the_command_line() -> None:
    sources = [ROOT / "gateway" / f"{name}.py" for name in NAMED]
    written = re.findall(
        r"(?:default = |code=|error |Mistake\()\"?([A-Z]+_?[A-Z_]+)\b", "".join(map(Path.read_text, sources))
    )
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| \S", DOCS.read_text().split("## What the command line says")[1], re.MULTILINE
    )
    assert rows == sorted({code for code in written if not code.startswith(("CATALOG_", "SOURCE_"))})


def test_the_example_of_the_docs_is_valid(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert example is not None
    names = re.findall(r"\$\{(\w+)\}", example[1])
    assert load(tmp_path, example[1], dict.fromkeys(names, SECRET)).limits.page == 500


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    first = key_material.load(folder, {})
    assert key_material.load(folder, {}) == first
    assert (len(first.ids), len(first.cursors), len(first.tokens), len(first.audit)) == (64, 32, 32, 64)
    halves = {first.ids[:32], first.ids[32:], first.audit[:32], first.audit[32:]}
    assert len(halves | {first.cursors, first.tokens}) == 6
    files = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert files == {"ids.key": 0o600, "cursors.key": 0o600, "tokens.key": 0o600, "audit.key": 0o600}
    assert folder.stat().st_mode & 0o077 == 0
    assert key_material.load(tmp_path / "other", {}) != first
    assert repr(first) == "KeyMaterial()"


def test_gateways_that_start_together_make_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as several:
        found = list(several.map(lambda _: key_material.load(tmp_path / "state", {}), range(16)))
    assert len({made.tokens for made in found}) == 1


def test_secrets_from_the_environment(tmp_path: Path) -> None:
    given = {"ids": SECRET, "cursors": SECRET, "tokens": SECRET, "audit": SECRET}
    found = key_material.load(tmp_path / "state", given)
    assert not (tmp_path / "state").exists()
    # one text for all is still four keys
    assert len({found.ids[:32], found.cursors, found.tokens, found.audit[:32]}) == 4
    spelled = {name: base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=") + "\n" for name in given}
    assert key_material.load(tmp_path / "state", spelled) == found


@pytest.mark.parametrize("text", ["", "not base64!", "c2hvcnQ="])
def test_a_damaged_secret_file(tmp_path: Path, text: str) -> None:
    key_material.load(tmp_path, {})
    (tmp_path / "cursors.key").write_text(text)
    with pytest.raises(SecretError, match="cursors"):
        key_material.load(tmp_path, {})
    assert (tmp_path / "cursors.key").read_text() == text  # never overwritten: what it signed would be lost


def test_a_secret_that_another_gateway_is_about_to_write(tmp_path: Path) -> None:
    key_material.load(tmp_path, {})
    expected, text = key_material.load(tmp_path, {}), (tmp_path / "tokens.key").read_text()
    (tmp_path / "tokens.key").write_text("")
    with ThreadPoolExecutor() as other:
        other.submit(lambda: (time.sleep(0.1), (tmp_path / "tokens.key").write_text(text)))
        assert key_material.load(tmp_path, {}) == expected
