"""Every hostile request of the corpus is refused by a stable code, and nobody else waits for it.

Meanwhile a client of another partner asks something cheap again and again. A machine with other work only makes it wait
longer, never less: a case that seems to make it wait too long is sent again, and the shortest of its waits counts.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.demo import environment, prepare
from gateway.demo.federation import PARTNERS
from tests.gateway_process import Apart, apart
from tests.gateways import CONFIG
from tests.hostile import FAMILIES
from tests.hostile.case import Aim, Case, Reply
from tests.hostile.connection import play
from tests.hostile.credentials import AUDIENCE, ISSUED, ISSUER
from tests.hostile.neighbour import Neighbour, neighbour
from tests.hostile.tampered import text
from tests.identity_provider import key_set

MOST = 0.1  # seconds that anybody else may wait
TRIES = 4
# Nobody's purse ends these cases before they are looked at; and what is slow is known to be so sooner.
SETTINGS = '[limits]\nnew_texts = 1000000\nnew_texts_saved = "1h"\nheader_time = "1.5s"\ndeadline = "3s"\n'
IDENTITY = f'\n[identity]\nissuer = "{ISSUER}"\naudience = "{AUDIENCE}"\njwks_file = "city.json"\n'
FEW = "query ($e: String) {{ {0}(first: 1, filter: {{partner: {{eq: $e}}}}) {{ nodes {{ id }} }} }}"
NOT_TOLD = ("Traceback", "CRITICAL evil", "\x1b[2J")
"""What the log may not hold."""


@dataclass(slots=True)
class Outpost:
    """The gateway, who watches it, and what was seen so far. kept: its connections and tasks before that."""

    gateway: Apart
    aim: Aim
    neighbour: Neighbour
    quiet: float
    kept: tuple[int, int]
    seen: list[tuple[str, str, float, float]] = field(default_factory=list)

    async def send(self, case: Case) -> tuple[Reply, float, float]:
        """The reply; how long the neighbour waited, and how long the gateway's loop stood still, at the longest."""
        parts = case.parts(self.aim)
        self.neighbour.worst()
        await self.gateway.state()
        reply = await asyncio.to_thread(play, self.aim.port, parts)
        still = (await self.gateway.state()).still
        return reply, self.neighbour.worst(), still


def open_sockets(pid: int) -> int:
    """How many connections a process has open; 0 where the system does not tell."""
    folder = Path(f"/proc/{pid}/fd")
    return sum(file.readlink().name.startswith("socket:") for file in folder.iterdir()) if folder.exists() else 0


async def look(gateway: Apart) -> tuple[dict[str, str], dict[str, str]]:
    """Ids and cursors that the gateway gives to those who may have them."""
    ids, cursors = {"broker partner": text("Partner.broker:")}, {}
    for partner, name in [
        ("poste", "assets"),
        ("city", "assets"),
        ("poste", "bookings"),
        ("broker", "policies"),
        ("broker", "coverages"),
    ]:
        answer = await gateway.ask(FEW.format(name), {"e": partner}, gateway.token(partner))
        one = {"policies": "policy"}.get(name, name[:-1])
        ids[f"{partner} {one}"] = answer["data"][name]["nodes"][0]["id"]
    answer = await gateway.ask("{ assets(first: 2) { pageInfo { endCursor } } }", {}, gateway.token("city"))
    cursors["assets"] = answer["data"]["assets"]["pageInfo"]["endCursor"]
    return ids, cursors


@pytest.fixture(scope="module")
async def outpost(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outpost]:
    folder = tmp_path_factory.mktemp("hostile")
    await prepare(folder)
    files = {file.stem: file.read_text("utf-8") for file in PARTNERS.glob("*.toml")}
    keys = folder / "city.json"
    keys.write_bytes(key_set(ISSUED.key, ISSUED.rsa))
    files["city"] += IDENTITY.replace("city.json", str(keys))
    async with apart(files, environment(folder), CONFIG + SETTINGS) as gateway:
        tokens = {code: gateway.token(code) for code in files}
        ids, cursors = await look(gateway)
        tokens["coop"] = gateway.token("coop", "neighbour")
        aim = Aim(gateway.port, tokens, ids, cursors)
        with neighbour(aim, "coop") as beside:
            await asyncio.sleep(0.5)  # it is warm
            beside.worst()
            await asyncio.sleep(2)
            quiet = beside.worst()
            state = await gateway.state()
            yield Outpost(gateway, aim, beside, quiet, (open_sockets(gateway.pid), state.tasks))


def cases() -> Iterator[object]:
    for family, found in FAMILIES.items():
        for case in found:
            marks = [pytest.mark.xfail(strict=True, reason=case.known)] if case.known else []
            yield pytest.param(family, case, id=f"{family}: {case.name}", marks=marks)


@pytest.mark.parametrize(("family", "case"), [*cases()])
async def test_it_is_refused_and_nobody_waits(outpost: Outpost, family: str, case: Case) -> None:
    waits, stills = [], []
    for _ in range(TRIES):
        reply, wait, still = await outpost.send(case)
        waits.append(wait)
        stills.append(still)
        wrong = case.outcome(reply)
        assert not wrong, wrong
        if wait <= MOST and still <= MOST:
            break
    outpost.seen.append((family, case.name, min(waits), min(stills)))
    assert min(stills) <= MOST, f"the loop stood still for {1000 * min(stills):.0f} ms"
    assert min(waits) <= MOST + outpost.quiet, f"another client waited {1000 * min(waits):.0f} ms"


async def test_afterwards_the_gateway_is_as_before(outpost: Outpost) -> None:
    assert not outpost.neighbour.wrong
    sockets, tasks = outpost.kept
    for _ in range(50):
        state = await outpost.gateway.state()
        if open_sockets(outpost.gateway.pid) <= sockets + 2 and state.tasks <= tasks + 1:
            break
        await asyncio.sleep(0.2)
    assert open_sockets(outpost.gateway.pid) <= sockets + 2
    assert state.tasks <= tasks + 1
    log = outpost.gateway.log.read_text("utf-8", "replace")
    assert not [word for word in NOT_TOLD if word in log], log[-3_000:]
    assert not [token for token in outpost.aim.tokens.values() if token in log]
    answer = await outpost.gateway.ask("{ assets(first: 3) { nodes { name } } }", {}, outpost.aim.tokens["city"])
    assert len(answer["data"]["assets"]["nodes"]) == 3
    sys.stdout.write(table(outpost) + "\n")


def table(outpost: Outpost) -> str:
    """The longest waits, in milliseconds, by family; `pytest -rP` shows them."""
    lines = [
        f"{len(outpost.seen)} cases; without any, another client waited {1000 * outpost.quiet:.1f} ms at the longest"
    ]
    for family in FAMILIES:
        mine = sorted((seen for seen in outpost.seen if seen[0] == family), key=lambda seen: -seen[2])
        if mine:
            lines.append(f"{family}: {len(mine)} cases")
            lines += [
                f"  {1000 * wait:6.1f} waited {1000 * still:6.1f} stood still  {name}"
                for _, name, wait, still in mine[:4]
            ]
    return "\n".join(lines)
