"""The endpoint speaks GraphQL over HTTP as the npm package graphql-http understands the specification."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gateways import Started
from tests.servers import missing

AUDIT = Path(__file__).parent / "audit"
CHECKS = 61


@pytest.fixture(scope="module")
def audited(demonstration: Started) -> tuple[str, str]:
    """URL and Authorization header of the gateway to audit: the demonstration federation."""
    token = demonstration.issuer.issue(partner="coop", subject="auditor", scopes=["read"], purposes=[], lifetime=600)
    return f"{demonstration.url}/graphql", f"Bearer {token}"


@pytest.fixture(scope="module")
def node() -> str:
    """The Node program, beside which the pinned packages are installed."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        missing("Node with npm")
    lock, installed = AUDIT / "package-lock.json", AUDIT / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=AUDIT, capture_output=True, text=True, timeout=300)
        if done.returncode:
            missing(f"the packages of {lock.parent.name}/{lock.name}; npm says: {done.stderr.strip()[-300:]}")
    return program


@pytest.mark.timeout(400)
def test_every_audit_passes(audited: tuple[str, str], node: str) -> None:
    url, authorization = audited
    environment = {**os.environ, "AUTHORIZATION": authorization}
    done = subprocess.run(
        [node, "audit.js", url], cwd=AUDIT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == CHECKS
