"""Runs a database server as a child of the test run: its folder, its account, its port, its start and its end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

START_SECONDS = 30.0
STOP_SECONDS = 20.0
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # not on an ordinary user's PATH
LAUNCH_ATTEMPTS = 3


def program(name: str) -> str | None:
    """Where a program is, the folders for system programs included."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(SYSTEM_FOLDERS))


@contextmanager
def short_folder() -> Iterator[Path]:
    """A short path (sockets may not have long ones) outside pytest's folders, which are closed to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix="gw-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def account() -> dict[str, Any]:
    """Whom to run a server as, in the words of `subprocess`: database servers refuse root, there it is nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def hand_over(folder: Path) -> None:
    """Give a folder and all that is in it to the server's account."""
    if whom := account():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, whom["user"], whom["group"], follow_symlinks=False)


def prepare(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end under the server's account. AssertionError with its output where it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, **account())
    if done.returncode:
        raise AssertionError(f"{command[0]}: {(done.stdout + done.stderr).decode(errors='replace')[-2000:]}")


@contextmanager
def serving(
    command: Callable[[int], Sequence[str]],
    answers: Callable[[int], bool],
    folder: Path,
    environment: Mapping[str, str],
    stop: signal.Signals,
) -> Iterator[int]:
    """Start a server on a free port, wait until it answers, end it afterwards; the port.

    command, answers: for a port. A port that somebody took in between is tried anew with another.
    """
    # A test run that is killed outright takes its servers with it, where the machine can say so.
    tied = ["setpriv", "--pdeathsig", stop.name] if shutil.which("setpriv") else []
    log = folder / "log"
    for _ in range(LAUNCH_ATTEMPTS):
        port = _free_port()
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [*tied, *command(port)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=folder,
                env=environment,
                start_new_session=True,
                **account(),
            )
        try:
            deadline = monotonic() + START_SECONDS
            while process.poll() is None and monotonic() < deadline:
                if answers(port):
                    yield port
                    return
                sleep(0.05)
        finally:
            _end(process, stop)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
