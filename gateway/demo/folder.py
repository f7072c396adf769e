"""The folder in which a demonstration keeps its embedded stores, settings and secrets."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from gateway.demo.federation import PARTNERS, STORES, fingerprint
from gateway.demo.seed import seed


def environment(folder: Path) -> dict[str, str]:
    """The variables that the partner files ask for: the URL of each store in the folder."""
    stores = folder.resolve() / "stores"
    return {store.variable: f"sqlite+aiosqlite:///{stores / store.name}.sqlite" for store in STORES}


async def prepare(folder: Path) -> Path:
    """Make what is missing or of another version; the path of the settings, `gateway.toml` in the folder."""
    version = folder / "stores" / "version"
    version.parent.mkdir(parents=True, exist_ok=True)
    found = fingerprint()
    if not version.exists() or version.read_text("utf-8") != found:
        version.unlink(missing_ok=True)  # first, so that stores that were filled by half are not taken for whole
        urls = environment(folder)
        await seed({store.name: urls[store.variable] for store in STORES})
        version.write_text(found, "utf-8")
    settings = folder / "gateway.toml"
    settings.write_text(_settings(), "utf-8")
    (folder / "demo.env").write_text(_variables(folder), "utf-8")
    return settings


def _settings() -> str:
    return (
        "# Made by `gateway demo` at every start.\n"
        f"partners = {json.dumps(str(PARTNERS), ensure_ascii=False)}\n"
        "own_issuer = true\n"
        "[state]\n"
        'folder = "gateway"\n'
    )


def _variables(folder: Path) -> str:
    lines = [f"{name}={shlex.quote(url)}\n" for name, url in environment(folder).items()]
    return "".join(["# For other commands on this demonstration: set -a; . demo.env; set +a\n", *lines])
