"""The gateway's command line, with a note of where it is at every few milliseconds of processor time.

SIGUSR1 writes what was noted since the last one to $BENCH_SAMPLES.N, N from 0, and begins anew.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from gateway.__main__ import main

PROJECT = Path(__file__).parent.parent
EVERY = 0.002  # s of processor time; the system may know only its own ticks

LOOP = "event loop and compiled drivers"
PYTHON = "Python's library"
LIBRARIES = (
    ("/graphql/", "graphql-core"),
    ("/strawberry/", "Strawberry"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/asyncpg/", "asyncpg"),
    ("/aiodataloader/", "aiodataloader"),
    ("/asyncio/runners.py", LOOP),
    ("/uvicorn/server.py", LOOP),
    ("/uvicorn/", "HTTP"),
    ("/starlette/", "HTTP"),
    ("/uvloop/", LOOP),
    ("/asyncio/", "asyncio"),
)
"""Whose work a place is, by a part of its path; the first that fits."""


class Notes:
    """Samples of one interval.

    whose: by library or room; what runs in Python's own library counts for its caller. module: by the innermost module
    of the project, what it calls in libraries included; else by library. place: by function. within: by function of
    the project that is on its way, all that it calls included; not what runs in a greenlet or after a wait.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = 0
        self._clear()

    def _clear(self) -> None:
        self._whose: Counter[str] = Counter()
        self._module: Counter[str] = Counter()
        self._place: Counter[str] = Counter()
        self._within: Counter[str] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        """Note where the process is."""
        if frame is None:
            return
        whose = _whose(frame)
        self._whose[whose] += 1
        here = frame
        while here.f_back is not None and here.f_code.co_filename.startswith("<"):
            here = here.f_back  # generated code, as of named tuples and dataclasses, says nothing of itself
        self._place[f"{_short(here.f_code.co_filename)} {here.f_code.co_qualname}"] += 1
        self._module[self._for_whom(frame, whose)] += 1
        self._within.update(self._on_the_way(frame))

    @staticmethod
    def _on_the_way(frame: FrameType) -> set[str]:
        found: FrameType | None = frame
        names = set()
        while found is not None:
            if room := _room(found.f_code.co_filename):
                names.add(f"{room} {found.f_code.co_qualname}")
            found = found.f_back
        return names

    @staticmethod
    def _for_whom(frame: FrameType, whose: str) -> str:
        found: FrameType | None = frame
        while found is not None:
            room = _room(found.f_code.co_filename)
            if room and room not in ("gateway/__main__.py", "gateway/server.py", "gateway/app.py"):
                # What graphql-core does of itself, it does for the module that started it, or for no one after a wait.
                own = room != "gateway/execution.py" or whose == "gateway"
                return room if own else f"({whose})"
            found = found.f_back
        return f"({whose})"

    def write(self, _: int, __: FrameType | None) -> None:
        """Write and begin anew."""
        told = {"whose": self._whose, "module": self._module, "place": self._place, "within": self._within}
        unfinished = Path(f"{self._path}.unfinished")
        unfinished.write_text(json.dumps(told), "utf-8")
        unfinished.rename(f"{self._path}.{self._written}")
        self._written += 1
        self._clear()


def _room(path: str) -> str | None:
    """A file of the project, by its path inside it."""
    inside = path.removeprefix(f"{PROJECT}/")
    return inside if inside.startswith(("gateway/", "schema/", "resolvers/")) else None


def _whose(frame: FrameType) -> str:
    found: FrameType | None = frame
    while found is not None:
        path = found.f_code.co_filename
        if room := _room(path):
            return room.partition("/")[0]
        for part, name in LIBRARIES:
            if part in path:
                return name
        found = found.f_back
    return PYTHON


def _short(path: str) -> str:
    return _room(path) or "/".join(Path(path).parts[-2:])


if __name__ == "__main__":
    notes = Notes(os.environ["BENCH_SAMPLES"])
    signal.signal(signal.SIGPROF, notes.take)
    signal.signal(signal.SIGUSR1, notes.write)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    sys.exit(main(sys.argv[1:]))
