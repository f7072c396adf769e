"""One operation answered the planned way and by graphql-core alone, and what is not the same in the two answers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import http, settings
from gateway.documents import Document, Documents
from gateway.execution import Runtime
from gateway.federation import Federation
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from resolvers.observation import SourceCall
from resolvers.viewer import Viewer

Errors = list[dict[str, Any]]
# Wide enough for any operation that a test makes.
ROOM = Limits(tokens=100_000, depth=50, fields=100_000, aliases=10_000, directives=10_000, repeats=1_000_000)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as a client reads it, with the order of its keys. sent: the source of each statement that it took."""

    body: Mapping[str, Any]
    sent: Sequence[str] = ()

    @property
    def data(self) -> Any:
        return self.body.get("data")

    @property
    def errors(self) -> Errors:
        return list(self.body.get("errors", ()))


@dataclass(frozen=True, slots=True)
class Both:
    """planned, reference: the same operation's answers, each way."""

    planned: Answer
    reference: Answer

    def more_sent(self) -> list[str]:
        """The statements by source where the planned way sends more of them than graphql-core's.

        Nothing where an error took the whole answer: graphql-core may then leave what it has not yet begun.
        """
        if self.reference.data is None:
            return []
        one, other = Counter(self.planned.sent), Counter(self.reference.sent)
        return [f"{source}: {number} statements, not {other[source]}" for source, number in (one - other).items()]

    def differences(self) -> list[str]:
        """What is not the same, in words: nothing, byte for byte, but for the order and the choice of errors."""
        one, other = self.planned, self.reference
        found = [f"keys {list(one.body)} are not {list(other.body)}"] if one.body.keys() != other.body.keys() else []
        found += differing("data", one.data, other.data)
        told, wanted = normal(one.errors, one.data), normal(other.errors, other.data)
        found += [f"an error too many: {error}" for error in told if error not in wanted]
        found += [f"an error is lacking: {error}" for error in wanted if error not in told]
        if not found and told != wanted:
            found.append(f"errors {told} are not {wanted}")
        found += differing("extensions", one.body.get("extensions"), other.body.get("extensions"))
        return found


def differing(path: str, one: Any, other: Any) -> list[str]:
    """Where two JSON values differ, the order of keys and the kinds of numbers included; a few places at most."""
    return list(_differing(path, one, other))[:5]


def _differing(path: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            yield f"{path}: keys {list(one)} are not {list(other)}"
        for key in one:
            if key in other:
                yield from _differing(f"{path}.{key}", one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{path}: {len(one)} entries are not {len(other)}"
        for index, pair in enumerate(zip(one, other, strict=False)):
            yield from _differing(f"{path}.{index}", *pair)
    elif orjson.dumps(one) != orjson.dumps(other):
        yield f"{path}: {one!r} is not {other!r}"


def normal(errors: Sequence[Mapping[str, Any]], data: Any) -> Errors:
    """Errors in one order, with those that may be told either way made one.

    The specification lets any one stand of several that null the same place, so there the place alone counts.
    """
    found: dict[bytes, dict[str, Any]] = {}
    for error in errors:
        above = nulled(error.get("path", ()), data)
        extensions = dict(error.get("extensions", {}))
        if extensions.get("code") == "INTERNAL":  # of an argument, graphql-core tells the place of the value
            error = {key: value for key, value in error.items() if key != "locations"}
        count = extensions.pop("count", 1)
        told = {**error, "extensions": extensions} if above is None else {"nulled": above}
        key = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
        known = found.setdefault(key, {**told, "count": 0})
        known["count"] = known["count"] + count if above is None else 1
    return [found[key] for key in sorted(found)]


def nulled(path: Sequence[str | int], data: Any) -> list[str | int] | None:
    """The place above an error's own that is null in the data, if there is one."""
    for depth, key in enumerate(path):
        if data is None:
            return list(path[:depth])
        data = data[key]
    return None


async def both(
    runtime: Runtime, documents: Documents, viewer: Viewer, query: str, variables: Mapping[str, Any] | None = None
) -> Both:
    """Both answers, at the same moment of the runtime's clock. RequestError where the operation cannot be run."""
    request = OperationRequest("id", query, None, variables or {}, {}, JSON, False)
    now = runtime.clock()
    return Both(*[await answered(runtime, documents, viewer, request, reference, now) for reference in (False, True)])


async def answered(
    runtime: Runtime, documents: Documents, viewer: Viewer, request: OperationRequest, reference: bool, now: datetime
) -> Answer:
    """The answer one way, as it goes out."""
    calls: list[SourceCall] = []
    way = replace(runtime, reference=reference, observers=(calls.append,), watcher=None, clock=lambda: now)
    answer = await way.execute(viewer, documents.get(request), request)
    status, body = http.encode(answer, request, 1_000_000)
    assert status == 200
    return Answer(
        orjson.loads(body), [f"{call.source} {call.entity} {call.access}" for call in calls if call.statement]
    )


# a gateway without its door ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class House:
    """A federation in this process, asked without HTTP."""

    federation: Federation
    documents: Documents

    @property
    def runtime(self) -> Runtime:
        return self.federation.runtime

    async def both(self, viewer: Viewer, query: str, variables: Mapping[str, Any] | None = None) -> Both:
        """Both answers to one operation."""
        return await both(self.runtime, self.documents, viewer, query, variables)

    async def data(self, viewer: Viewer, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of an answer, by graphql-core."""
        return (await self.both(viewer, query, variables)).reference.data


@asynccontextmanager
async def housed(
    files: Mapping[str, str], environ: Mapping[str, str], folder: Path, now: datetime
) -> AsyncIterator[House]:
    """A federation over partner files (code -> text) whose clock stands still."""
    partners = folder / "partners"
    partners.mkdir(parents=True)
    for code, text in files.items():
        (partners / f"{code}.toml").write_text(text, "utf-8")
    config = folder / "gateway.toml"
    config.write_text('partners = "partners"\n[state]\nfolder = "state"\n', "utf-8")
    federation = Federation(settings.load(config, environ), environ)
    await federation.start()
    federation.runtime.clock = lambda: now
    try:
        yield House(federation, Documents(federation.runtime.schema, ROOM))
    finally:
        await federation.close()


# every operation of every test ---------------------------------------------------------------------------------------

UNSTEADY = ("SOURCE_TIMEOUT", "SOURCE_BUSY", "SOURCE_UNAVAILABLE", "asOf", "health")
"""What an answer may hold that the next one need not."""


@pytest.fixture(scope="session", autouse=True)
def always_both() -> Iterator[None]:
    """With REFERENCE=1, every operation of every test is answered both ways; one that is not the same is a 500."""
    if not os.environ.get("REFERENCE"):
        yield
        return
    one_way = Runtime.execute

    async def execute(self: Runtime, viewer: Viewer, document: Document, request: OperationRequest) -> dict[str, Any]:
        now = self.clock()
        way = replace(self, clock=lambda: now)
        planned = await one_way(way, viewer, document, request)
        if not self.reference:
            way = replace(way, reference=True, observers=(), watcher=None)
            reference = await one_way(way, viewer, document, request)
            _same(planned, reference, request)
        return planned

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Runtime, "execute", execute)
        yield


def _same(planned: Mapping[str, Any], reference: Mapping[str, Any], request: OperationRequest) -> None:
    sent = [orjson.dumps(answer).decode() for answer in (planned, reference)]
    if any(word in text for text in (*sent, request.query) for word in UNSTEADY):
        return
    bodies = [orjson.loads(text) for text in sent]
    for body in bodies:
        body.get("extensions", {}).pop("plan", None)
    different = Both(Answer(bodies[0]), Answer(bodies[1])).differences()
    assert not different, f"not the same both ways: {request.query} {request.variables}: {different}"
