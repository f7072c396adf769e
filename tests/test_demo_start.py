"""`gateway demo`, as somebody starts it for the first time: what it prints can be pasted and is answered."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import check, demo
from tests.servers import missing


@pytest.fixture
def greeting(tmp_path: Path) -> Iterator[str]:
    """What a demonstration prints when it is up, in an empty folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gateway", "demo", "--port", str(port)]
    with (tmp_path / "out").open("w+") as out, (tmp_path / "err").open("w+") as err:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=err)
        try:
            yield printed(process, tmp_path)
        finally:
            process.terminate()
            process.wait(timeout=20)


def printed(process: subprocess.Popen[bytes], folder: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        text = (folder / "out").read_text("utf-8")
        if text.endswith("\n\n") and "token" in text:
            return text
        time.sleep(0.05)
    raise AssertionError((folder / "err").read_text("utf-8") or "nothing was printed")


def test_the_first_query_can_be_pasted(greeting: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl")
    lines = re.findall(r"^(?:TOKEN=|curl ).*$", greeting, re.MULTILINE)
    assert len(lines) == 2
    done = subprocess.run(["sh", "-c", "\n".join(lines)], capture_output=True, text=True, timeout=30)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert "errors" not in answer, answer
    (van,) = answer["data"]["partner"]["assets"]["nodes"]
    assert (van["name"], van["kind"]) == ("Exploitation Nanterre 12", "VAN")
    (goods,) = (one for one in van["coverages"]["nodes"] if one["kind"] == "GOODS_IN_TRANSIT")
    assert goods["limits"] == [{"amount": {"amount": "10000.00", "currency": "EUR"}}]

    # And what it says of other commands is true, too.
    pasted = "\n".join(re.findall(r"^(?:set -a|.* -m gateway token).*$", greeting, re.MULTILINE))
    done = subprocess.run(["sh", "-c", pasted], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.count(".") == 2, done.stderr


def test_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    async def found() -> list[str]:
        path = await demo.prepare(tmp_path)
        told = await check.look(path, demo.environment(tmp_path), check.Options())
        return [str(mistake) for mistake in told.findings if mistake.level == "error"]

    assert asyncio.run(found()) == []
