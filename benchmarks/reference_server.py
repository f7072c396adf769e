"""Runs a reference server in a process of its own, on the web server that the gateway has."""

from __future__ import annotations

import os

import uvicorn
from starlette.applications import Starlette


def run(app: Starlette) -> None:
    """Answer on the loopback's port $BENCH_PORT until SIGTERM."""
    uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), http="httptools", access_log=False, log_level="warning")
