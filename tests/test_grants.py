"""What is not granted does not exist: random agreements, scopes and operations on the demonstration federation.

What the caller may see is worked out in `tests/granted.py`, from the partner files' text alone.
"""

from __future__ import annotations

import base64
import tomllib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from gateway import settings as gateway_settings
from gateway.demo.federation import PARTNERS
from gateway.documents import Documents
from gateway.federation import Federation
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from resolvers.errors import RequestError
from resolvers.observation import SourceCall
from resolvers.viewer import Viewer
from tests import thin_demo
from tests.answer import changes, excess
from tests.granted import SYSTEM, Granted, required
from tests.operations import ENTITIES, Operation, is_leaf, members, operations
from tests.statements import selected
from tests.worlds import law

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
CODES = ("broker", "city", "coop", "insurer", "poste")
# The partners' files without their agreements, and patient: a busy machine is no reason to fail.
FILES = {
    code: (PARTNERS / f"{code}.toml")
    .read_text("utf-8")
    .partition("[[agreement]]")[0]
    .replace('kind = "sql"', 'kind = "sql"\ndeadline = "60s"')
    for code in CODES
}


@dataclass(frozen=True)
class Agreement:
    """One [[agreement]] of a provider. days: start and end. grants: entity -> fields."""

    provider: str
    receivers: tuple[str, ...]
    days: tuple[date | None, date | None]
    grants: tuple[tuple[str, tuple[str, ...]], ...]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # how Hypothesis shows it
        printer.text(f"<{self.provider}: {self.toml(0)}>")

    def toml(self, number: int) -> str:
        start, end = self.days
        lines = ["[[agreement]]", f'code = "a{number}"', f"with = {list(self.receivers)}"]
        lines += [f"start = {start}"] if start else []
        lines += [f"end = {end}"] if end else []
        for entity, names in self.grants:
            lines += [f"[agreement.{entity}]", f"fields = {list(names)}"]
        return "\n".join(lines).replace("'", '"')


def grantable(entity: str) -> list[str]:
    """All names that an agreement can name of an entity: fields, and members of parts."""
    found = ["*"]
    for name, type_name in members(entity).items():
        if name in SYSTEM:
            continue
        found.append(name)
        if not is_leaf(type_name) and type_name not in (*ENTITIES, "Partner") and not type_name.endswith("Connection"):
            found += [f"{name}.{inner}" for inner in members(type_name) if inner != "normalized"]
    # shared with nobody, so no agreement may name it
    return [name for name in found if (entity, name) != ("Coverage", "insuredAssets.identifiers")]


HINGES = (
    *("identifiers", "coverages", "insuredAssets", "insuredPersons", "insuredPersons.named", "policy", "site"),
    *("custodian", "asset", "bookings"),
)


def grants(entity: str) -> st.SearchStrategy[tuple[str, tuple[str, ...]]]:
    names = st.lists(st.sampled_from(grantable(entity)), min_size=1, max_size=12, unique=True)
    # what edges hang on comes often, else nothing would ever be linked
    hinges = [name for name in HINGES if name in grantable(entity)]
    often = st.lists(st.sampled_from(hinges), max_size=4, unique=True) if hinges else st.just([])
    return st.tuples(
        st.just(entity), st.tuples(names, often).map(lambda pair: tuple(dict.fromkeys([*pair[0], *pair[1]])))
    )


DAYS: list[tuple[date | None, date | None]] = [(None, None)] * 6
DAYS += [(date(2026, 11, 20), None), (date(2026, 1, 1), date(2026, 11, 21))]  # in force
DAYS += [(date(2026, 11, 21), None), (None, date(2026, 11, 20))]  # not yet, no longer
SCOPES: list[tuple[str, ...]] = [("read", "read:personal")] * 4
SCOPES += [("read",), ("read", "read:contact"), ("read:personal",)]
SCOPES += [("read", "read:personal", "read:contact", "read:sensitive")]


def agreements(receiver: str) -> st.SearchStrategy[list[Agreement]]:
    """Some agreements, most of them with one receiver."""
    others = st.lists(st.sampled_from(CODES), min_size=1, max_size=2, unique=True).map(tuple)
    entities = st.lists(st.sampled_from(ENTITIES), min_size=2, max_size=7, unique=True)
    one = st.builds(
        Agreement,
        st.sampled_from(CODES),
        st.one_of(st.just((receiver,)), st.just((receiver,)), st.just(("*",)), others),
        st.sampled_from(DAYS),
        entities.flatmap(lambda names: st.tuples(*map(grants, names))),
    )
    return st.lists(one, min_size=1, max_size=8)


@dataclass(frozen=True)
class Case:
    """Who asks what, under which agreements. lost: the number of the agreement that is taken away."""

    viewer: Viewer
    agreements: list[Agreement]
    operation: Operation
    lost: int


def named(text: str) -> str:
    """The id of "Entity.partner.mapping:key"."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


SOME_IDS = [
    named(text)
    for text in (
        *("Person.poste.staff:23", "Asset.poste.vehicles:12", "Asset.poste.vehicles:404", "Site.poste.sites:1"),
        *("Booking.poste.bookings:41", "Asset.city.bikes:C-0001", "Policy.insurer.policies:1"),
        *("Coverage.insurer.guarantees:1", "Partner.poste:", "Partner.coop:"),
    )
]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    viewer = Viewer(
        draw(st.sampled_from(CODES)),
        draw(st.sampled_from(["tester", "P101942"])),
        frozenset(draw(st.sampled_from(SCOPES))),
        purpose=draw(st.sampled_from(["lending", None])),
    )
    return Case(viewer, draw(agreements(viewer.partner)), draw(operations(SOME_IDS)), draw(st.integers(0, 9)))


# a gateway ------------------------------------------------------------------------------------------------------------


class House:
    """A gateway in this process. Its stores stay while partner files change."""

    def __init__(self, folder: Path, stores: Path) -> None:
        self._partners = folder / f"partners-of-{stores.name}"
        self._partners.mkdir()
        self.stores = stores
        self.calls: list[SourceCall] = []
        settings_file = folder / f"{stores.name}.toml"
        # One state folder for both, so that they have the same keys for ids and cursors.
        settings_file.write_text(f'partners = "{self._partners.name}"\n[state]\nfolder = "state"\n', "utf-8")
        environ = thin_demo.environment(stores)
        self._write(FILES)
        self.federation = Federation(gateway_settings.load(settings_file, environ), environ, [self.calls.append])
        self.federation.runtime.clock = lambda: NOW
        self.documents = Documents(self.federation.runtime.schema, Limits())

    def _write(self, files: Mapping[str, str]) -> None:
        for code, toml in files.items():
            (self._partners / f"{code}.toml").write_text(toml, "utf-8")

    async def answer(self, files: Mapping[str, str], viewer: Viewer, text: str) -> dict[str, Any]:
        """The response; RequestError where the operation cannot be run. Whatever else is raised is a 500."""
        self._write(files)
        mistakes = await self.federation.reload()
        assert not mistakes, [str(mistake) for mistake in mistakes]
        self.calls.clear()
        request = OperationRequest("id", text, None, {}, {}, JSON, False)
        return await self.federation.runtime.execute(viewer, self.documents.get(request), request)


@dataclass(frozen=True)
class Houses:
    """Two gateways: over whole stores, and over stores that a test blanks."""

    whole: House
    blanked: House


@pytest.fixture(scope="module")
async def houses(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Houses]:
    folder = tmp_path_factory.mktemp("grants")
    for name in ("whole", "blanked"):
        thin_demo.fill(folder / name)
    found = Houses(House(folder, folder / "whole"), House(folder, folder / "blanked"))
    yield found
    await found.whole.federation.close()
    await found.blanked.federation.close()


def written(agreements: list[Agreement]) -> dict[str, str]:
    """The partner files with these agreements instead of their own."""
    files = dict(FILES)
    for number, agreement in enumerate(agreements):
        files[agreement.provider] += "\n" + agreement.toml(number)
    return files


def granted(files: Mapping[str, str], viewer: Viewer) -> Granted:
    parsed = {code: tomllib.loads(text) for code, text in files.items()}
    return Granted(parsed, viewer.partner, viewer.scopes, NOW.date(), viewer.purpose)


# the laws -------------------------------------------------------------------------------------------------------------


@settings(law(80), phases=[Phase.explicit, Phase.generate])
@given(case=cases())
async def test_what_is_not_granted_does_not_exist(houses: Houses, case: Case) -> None:
    files, viewer, operation = written(case.agreements), case.viewer, case.operation
    allowed = granted(files, viewer)
    try:
        answer = await houses.whole.answer(files, viewer, operation.text)
    except RequestError:
        assume(False)  # two types under one key, or more than the limits
    assert "errors" not in answer, answer["errors"]
    data = answer["data"]
    assert list(excess(operation.selections, data, allowed)) == []
    assert untold(answer, allowed) == []
    assert unseen(houses.whole.calls, allowed) == []

    thin_demo.blank(houses.blanked.stores, houses.whole.stores, allowed.visible())
    assert await houses.blanked.answer(files, viewer, operation.text) == answer, "it depends on what is hidden"

    if operation.whole and case.agreements:
        lost = case.lost % len(case.agreements)
        fewer = written([agreement for n, agreement in enumerate(case.agreements) if n != lost])
        less = (await houses.whole.answer(fewer, viewer, operation.text))["data"]
        assert list(changes(operation.selections, less, data, "Query", None, granted(fewer, viewer))) == []


def untold(answer: Mapping[str, Any], allowed: Granted) -> list[str]:
    """What `extensions.withheld` says that is not so, or is none of the caller's business."""
    wrong = []
    codes = {(provider, agreement["code"]) for provider, agreement in allowed.agreements(allowed.partner)}
    for told in answer.get("extensions", {}).get("withheld", ()):
        entity, _, path = told["field"].partition(".")
        partner = told["partner"]
        needed = [path, *(f"{path}.{name}" for name in required(entity, path))]
        shared = all(allowed.shares(partner, entity, inner) for inner in needed)
        purposeful = all(allowed.purposeful(partner, entity, inner) for inner in needed)
        code = "SCOPE_REQUIRED" if purposeful else "PURPOSE_REQUIRED"
        code = code if shared else "FIELD_NOT_SHARED"
        if not allowed.exists(partner, entity) or told["code"] != code:
            wrong.append(str(told))
        if all(allowed.reads(partner, entity, inner) for inner in needed):
            wrong.append(f"it is shared: {told}")
        if any((partner, agreement) not in codes for agreement in told["agreements"]):
            wrong.append(f"an agreement with others: {told}")
    return wrong


def unseen(calls: list[SourceCall], allowed: Granted) -> list[str]:
    """What statements read that the caller may not see."""
    wrong = []
    visible = allowed.visible()
    for call in calls:
        partner, _, source = call.source.partition(".")
        for select in selected(call.statement):
            readable: dict[str, set[str]] = {}
            for mapping in allowed.mappings(partner, source):
                mine = mapping["entity"] == call.entity or call.access == "LinkRows"
                if mine and allowed.exists(partner, mapping["entity"]):
                    for table, columns in allowed.columns(partner, mapping, structure=False).items():
                        readable.setdefault(table, set()).update(columns)
            wrong += [
                f"{call.source} {call.entity} selects {t}.{c}"
                for t, c in select.columns
                if c not in readable.get(t, ())
            ]
            for table, column in select.looked_at:
                if column not in visible.get((call.source, table), ()):
                    wrong.append(f"{call.source} {call.entity} looks at {table}.{column}")
            if select.main not in readable:
                wrong.append(f"{call.source} {call.entity} reads {select.main}")
    return wrong
