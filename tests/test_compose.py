"""docker-compose.yml, the recipe of the image, and the scripts that make its databases, as far as this runs here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway import settings
from gateway.demo.federation import PARTNERS, STORES
from gateway.demo.seed import seed
from resolvers import catalog
from schema.model import model
from tests.servers import Server, missing

ROOT = Path(__file__).parent.parent
SERVERS = PARTNERS.parent / "servers"
ON_POSTGRESQL = ("poste.fleet", "poste.hr", "city.inventory")
READER = "reader"


def compose(*arguments: str, **variables: str) -> str:
    """What docker-compose prints."""
    program = shutil.which("docker-compose")
    if program is None:
        missing("docker-compose (on Debian: docker-compose)")
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [program, "-f", str(ROOT / "docker-compose.yml"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return done.stdout


def block(config: str, service: str) -> str:
    """One service's lines of a printed configuration."""
    found = re.search(rf"^  {service}:\n((?:    .*\n)+)", config, re.MULTILINE)
    assert found, f"no service {service}"
    return found[1]


@pytest.fixture(scope="module")
def config() -> str:
    return compose("config", READER_PASSWORD="r3ader", POSTGRES_PASSWORD="0wner", PORT="8123")


def test_compose_starts_gateway_databases_and_seed(config: str) -> None:
    assert set(compose("config", "--services").split()) == {"postgres", "mariadb", "seed", "gateway"}
    assert block(config, "seed").count("condition: service_healthy") == 2
    assert "condition: service_completed_successfully" in block(config, "gateway")
    assert "127.0.0.1:8123:8000" in block(config, "gateway")
    for service in ("postgres", "mariadb"):
        assert "ports:" not in block(config, service)
        assert "healthcheck:" in block(config, service)


def urls(config: str, service: str) -> dict[str, str]:
    return dict(re.findall(r"^      (\w+_URL): (\S+)$", block(config, service), re.MULTILINE))


def test_every_store_has_its_url_and_the_gateway_only_reads(config: str) -> None:
    names = {store.variable for store in STORES}
    assert urls(config, "seed").keys() == names
    assert urls(config, "gateway").keys() == names
    assert all("://reader:r3ader@" in url for url in urls(config, "gateway").values())
    for store in STORES:
        made, read = urls(config, "seed")[store.variable], urls(config, "gateway")[store.variable]
        assert made.split("@")[1] == read.split("@")[1]
        assert made.startswith("postgresql+asyncpg://") == (store.name in ON_POSTGRESQL)


def test_what_is_mounted_is_a_gateway_that_loads(config: str, tmp_path: Path) -> None:
    """The same partner files as in `gateway demo`, with the URLs of the composition."""
    mounts = dict(re.findall(r"^    - (\S+):(/etc/gateway/\S+):ro$", block(config, "gateway"), re.MULTILINE))
    for source, target in mounts.items():
        assert Path(source).exists(), source
        place = tmp_path / Path(target).name
        shutil.copytree(source, place) if Path(source).is_dir() else shutil.copy(source, place)
    chosen = settings.load(tmp_path / "gateway.toml", {})
    assert (chosen.host, chosen.port, chosen.own_issuer) == ("0.0.0.0", 8000, True)
    assert f"gateway:{chosen.state_folder}:rw" in block(config, "gateway")
    loaded, mistakes = catalog.load(chosen.partners, model(), urls(config, "gateway"))
    assert [str(mistake) for mistake in mistakes] == []
    assert set(loaded.partners) == {"poste", "coop", "city", "insurer", "broker"}


def script(name: str, **variables: str) -> None:
    """Run one of the scripts as the database's image does."""
    assert os.access(SERVERS / name, os.X_OK), "a script that is not executable runs inside the image's own shell"
    environment = {"PATH": os.environ["PATH"], "READER_PASSWORD": "r3ader", **variables}
    done = subprocess.run([str(SERVERS / name)], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


async def test_databases_on_postgresql(postgres: Server) -> None:
    programs = Path(postgres.client[0]).parent
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), **postgres.environment}
    script("postgresql.sh", **where, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    await reads_and_cannot_write(postgres, [name for name in (store.name for store in STORES) if name in ON_POSTGRESQL])


async def test_databases_on_mariadb(mariadb: Server) -> None:
    client = " ".join(word for word in mariadb.client if " " not in word)  # the script takes blanks for separators
    script("mariadb.sh", MARIADB_CLIENT=client, **mariadb.environment)
    await reads_and_cannot_write(mariadb, [store.name for store in STORES if store.name not in ON_POSTGRESQL])


async def reads_and_cannot_write(server: Server, names: list[str]) -> None:
    """The owner fills, again and again; the reader sees every row and changes none."""
    addresses = {name: server.url(name.replace(".", "_")) for name in names}
    await seed(addresses)
    await seed(addresses)
    for store in STORES:
        if store.name not in names:
            continue
        table, rows = next(iter(store.rows().items()))
        reader = addresses[store.name].replace(f"{server.user}:{server.password}@", f"{READER}:r3ader@")
        engine = create_async_engine(reader, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                assert await connection.scalar(text(f"select count(*) from {table}")) == len(rows)
            for statement in (f"delete from {table}", "create table mine (id integer)"):
                with pytest.raises(DBAPIError):
                    async with engine.begin() as connection:
                        if connection.dialect.name == "postgresql":  # the account may turn off what it was given
                            await connection.execute(text("set transaction read write"))
                        await connection.execute(text(statement))
        finally:
            await engine.dispose()


def test_the_image_takes_what_is_there_and_names_no_registry() -> None:
    recipe = (ROOT / "Dockerfile").read_text("utf-8")
    kept = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = [word for line in re.findall(r"^COPY (?!--)(.+)$", recipe, re.MULTILINE) for word in line.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), f"Dockerfile copies {name}, which is not there"
        assert any(name.rstrip("/").startswith(rule.lstrip("!")) for rule in kept if rule.startswith("!")), name
    images = [*re.findall(r"^FROM (\S+)", recipe, re.MULTILINE)]
    images += re.findall(r"^    image: (\S+)$", (ROOT / "docker-compose.yml").read_text("utf-8"), re.MULTILINE)
    assert all("." not in image.split("/")[0].split(":")[0] and "/" not in image for image in images), images
    assert "--require-hashes" in recipe
    assert re.search(r"^USER (?!root)", recipe, re.MULTILINE)
