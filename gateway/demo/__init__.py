"""The demonstration federation: five partners that were not made for each other, in embedded stores."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from gateway import settings
from gateway.demo import greeting
from gateway.demo.folder import environment, prepare

__all__ = ["environment", "prepare", "run"]

FOLDER = Path("state") / "demo"


def run(host: str, port: int, folder: Path = FOLDER) -> int:
    """Prepare the stores, start the gateway on them and say how to ask it; returns when it is stopped."""
    path = asyncio.run(prepare(folder))
    os.environ |= environment(folder)  # the partner files take their URLs from there
    chosen = replace(settings.load(path, os.environ), host=host, port=port)
    credential = greeting.token(chosen)

    def started(url: str) -> None:
        sys.stdout.write(greeting.text(url, credential, folder))
        sys.stdout.flush()

    from gateway import app

    app.serve(chosen, started=started)
    return 0
