"""One hostile request as data: the bytes of it, with pauses between them, and what must come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resolvers.errors import CODES

Part = bytes | float
"""What is sent next, or how many seconds nothing is."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The gateway that is asked. tokens: of each partner. ids: a record's, by what it is ("poste asset"). cursors: of
    lists, by what they are of."""

    port: int
    tokens: Mapping[str, str]
    ids: Mapping[str, str] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)

    def raw(
        self,
        body: bytes = b"",
        *,
        partner: str = "city",
        method: str = "POST",
        target: str = "/graphql",
        headers: Sequence[tuple[str, str]] = (),
        without: Sequence[str] = (),
    ) -> bytes:
        """A request. headers: besides those of every request, or in their places. without: those that are left out."""
        known = {
            "Host": f"127.0.0.1:{self.port}",
            "Authorization": f"Bearer {self.tokens[partner]}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        names = {name.lower() for name, _ in headers} | {name.lower() for name in without}
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in known.items() if name.lower() not in names]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def post(self, query: str, variables: Mapping[str, Any] | None = None, partner: str = "city", **more: Any) -> bytes:
        """A POST of an operation."""
        return self.raw(json.dumps({"query": query, "variables": variables or {}, **more}).encode(), partner=partner)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, head and body of each answer; whether the gateway then closed the connection."""

    answers: Sequence[tuple[int, bytes, bytes]]
    closed: bool

    def json(self) -> Any:
        return json.loads(self.answers[0][2])


@dataclass(frozen=True, slots=True)
class Refused:
    """It must be refused by one of these codes, with that status where it is named, and without data. closed: and the
    connection is not used again."""

    codes: tuple[str, ...]
    status: int | None = None
    closed: bool = False

    def __call__(self, reply: Reply) -> str:
        if (found := sound(reply)) or not reply.answers:
            return found or "no answer"
        status, _, _ = reply.answers[0]
        body = reply.json()
        if told := [code for code in codes_of(body) if code not in self.codes]:
            return f"refused by {told}"
        if not body.get("errors"):
            return f"not refused: {str(body)[:300]}"
        data = body.get("data")
        if isinstance(data, dict) and any(value is not None for value in data.values()):
            return "data beside the refusal"
        if self.status is not None and status != self.status:
            return f"status {status}"
        return "the connection stays open" if self.closed and not reply.closed else ""


@dataclass(frozen=True, slots=True)
class Answered:
    """It is harmless, and must be answered by just this."""

    data: Any

    def __call__(self, reply: Reply) -> str:
        if (found := sound(reply)) or not reply.answers:
            return found or "no answer"
        body = reply.json()
        if "errors" in body:
            return f"errors: {body['errors']}"
        return "" if body.get("data") == self.data else f"answered {str(body.get('data'))[:300]}"


@dataclass(frozen=True, slots=True)
class Either:
    """One of several outcomes."""

    ways: tuple[Callable[[Reply], str], ...]

    def __call__(self, reply: Reply) -> str:
        wrong = [way(reply) for way in self.ways]
        return "" if "" in wrong else " / ".join(wrong)


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection is closed without an answer."""

    def __call__(self, reply: Reply) -> str:
        return "" if reply.closed and not reply.answers else f"answers {reply.answers}, closed: {reply.closed}"


Outcome = Callable[[Reply], str]
"""What is wrong with a reply, "" where nothing is."""


@dataclass(frozen=True, slots=True)
class Case:
    """parts: what is sent on a connection of its own. known: why it is known to fail as yet."""

    name: str
    parts: Callable[[Aim], Sequence[Part]]
    outcome: Outcome
    known: str = ""


def refused(*codes: str, status: int | None = None, closed: bool = False) -> Refused:
    return Refused(codes, status, closed)


def codes_of(body: Mapping[str, Any]) -> list[str]:
    """The codes of the errors of a response."""
    return [str(error.get("extensions", {}).get("code")) for error in body.get("errors", ())]


# What no answer may hold: where our code, our partners' sources and their tables are.
UNSAID = (b"Traceback", b"sqlite", b"SELECT ", b"/tmp/", b"sqlalchemy", b"gateway.py", b"vehicules", b"garanties")


def sound(reply: Reply) -> str:
    """What is wrong with a reply, whatever was sent."""
    for status, head, body in reply.answers:
        if status >= 500:
            return f"status {status}: {body[:300]!r}"
        if told := [word for word in UNSAID if word in head + body]:
            return f"tells {told}"
        if body and b"json" in head:
            answer = json.loads(body)
            wrong = [code for code in codes_of(answer) if code not in CODES or code.startswith(("INTERNAL", "SOURCE"))]
            if wrong:
                return f"codes {wrong}: {answer['errors'][:2]}"
            if len(answer.get("errors", ())) > 20:
                return f"{len(answer['errors'])} errors"
    return ""
