"""Each limit is refused with its code, its name, its value where it was counted and what is allowed; and in order."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from gateway.limits import Limits
from tests.gateways import Started
from tests.stand_in import Answer, Door, door

HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\ncontent-type: application/json\r\n"
GET = b"GET /graphql?query={wait(seconds:0.3)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\n\r\n"

Refusal = tuple[int, dict[str, Any]]
Break = Callable[[Door], Refusal]


def _told(answer: Answer) -> Refusal:
    facts: dict[str, Any] = answer.json["errors"][0]["extensions"]
    if answer.status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return answer.status, facts


def _asked(query: str, **sent: Any) -> Break:
    return lambda gate: _told(gate.query(query, "application/graphql-response+json", **sent))


def _raw(*parts: bytes) -> Break:
    def run(gate: Door) -> Refusal:
        # The last answer: what came before it may have been within.
        answer = b"HTTP/1.1 " + gate.raw(*parts, wait=3).rpartition(b"HTTP/1.1 ")[2]
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)["errors"][0]["extensions"]

    return run


def _crowd(gate: Door) -> Refusal:
    """One operation more than may wait."""
    waiting = [threading.Thread(target=gate.query, args=("{ wait(seconds: 1) }",)) for _ in range(2)]
    for each in waiting:
        each.start()
        time.sleep(0.2)
    try:
        return _told(gate.query("{ hello }"))
    finally:
        for each in waiting:
            each.join()


def _connected(gate: Door) -> Refusal:
    with socket.create_connection(("127.0.0.1", gate.port)), socket.create_connection(("127.0.0.1", gate.port)):
        time.sleep(0.2)
        return _told(gate.query("{ hello }"))


def _spent(gate: Door) -> Refusal:
    assert gate.query("{ many(first: 9) { hello } }").status == 200
    return _told(gate.query("{ many(first: 9) { hello } }"))


def _new_texts(gate: Door) -> Refusal:
    for number in range(50):
        answer = gate.query(f"{{ a{number}: hello }}")
        if answer.status != 200:
            return _told(answer)
    raise AssertionError("fifty new texts in a millisecond")


# name -> (limits, how it is passed, code, status, value where it is counted)
REFUSED: dict[str, tuple[Limits, Break, str, int, int | None]] = {
    "connections": (Limits(connections=2), _connected, "OVERLOADED", 503, None),
    "header": (Limits(header=900), _raw(HEAD + b"x: " + b"y" * 900 + b"\r\n\r\n"), "HEADER_TOO_LARGE", 431, None),
    "headers": (Limits(headers=5), _raw(HEAD + b"a: b\r\n" * 3 + b"\r\n"), "TOO_MANY_HEADERS", 431, 6),
    "pipelined": (Limits(pipelined=2), _raw(GET * 4), "TOO_MANY_REQUESTS", 429, None),
    "body": (Limits(body=100), _asked("{ hello }", variables={"a": "x" * 100}), "BODY_TOO_LARGE", 413, None),
    "tokens": (Limits(tokens=4), _asked("{ hello hello hello }"), "TOO_MANY_TOKENS", 400, None),
    "lines": (Limits(lines=3), _asked("{\n\n\nhello }"), "TOO_MANY_LINES", 400, 4),
    "depth": (Limits(depth=2), _asked("{ self { self { hello } } }"), "TOO_DEEP", 400, 3),
    "fields": (Limits(fields=2), _asked("{ hello self { hello } }"), "TOO_MANY_FIELDS", 400, 3),
    "aliases": (Limits(aliases=1), _asked("{ a: hello b: hello }"), "TOO_MANY_ALIASES", 400, 2),
    "directives": (
        Limits(directives=1),
        _asked("{ hello @skip(if: true) self @skip(if: true) { hello } }"),
        "TOO_MANY_DIRECTIVES",
        400,
        2,
    ),
    "repeats": (Limits(repeats=2), _asked("{ hello hello hello }"), "TOO_MANY_REPEATS", 400, 3),
    "header_time": (Limits(header_time=0.3), _raw(HEAD), "DEADLINE_EXCEEDED", 408, None),
    "body_time": (Limits(body_time=0.3), _raw(HEAD + b"content-length: 9\r\n\r\n{"), "DEADLINE_EXCEEDED", 408, None),
    "deadline": (Limits(deadline=0.3), _asked("{ wait(seconds: 3) }"), "DEADLINE_EXCEEDED", 504, None),
    "new_texts": (Limits(new_texts=1, new_texts_saved=0.001), _new_texts, "TOO_MANY_NEW_DOCUMENTS", 429, None),
    "cost": (Limits(cost=9), _asked("{ many(first: 10) { hello } }"), "COST_TOO_HIGH", 400, 10),
    "budget": (Limits(budget=10, budget_refill=1), _spent, "BUDGET_EXHAUSTED", 429, 9),
    "waiting": (Limits(concurrent=1, waiting=1), _crowd, "OVERLOADED", 503, None),
}
ELSEWHERE = {
    "page": "below, where sources answer",
    "ids": "below, where sources answer",
    "errors": "an answer has no more of them; test_limits",
    "write_time": "the connection ends; test_connections",
    "idle": "the connection ends; test_connections",
    "budget_refill": "how soon `budget` is there again; test_cost",
    "concurrent": "the others wait, up to `waiting`; test_turns",
    "share": "the others wait, up to `waiting`; test_turns",
    "texts": "what is kept in memory; test_limits",
    "tokens_kept": "what is kept in memory; test_limits",
    "new_texts_saved": "how much of `new_texts` is saved up; test_documents",
}


def test_no_limit_is_left_out() -> None:
    assert REFUSED.keys() | ELSEWHERE.keys() == asdict(Limits()).keys()


@pytest.mark.parametrize("name", REFUSED)
def test_its_refusal_says_which_limit_it_is(name: str) -> None:
    limits, broken, code, status, value = REFUSED[name]
    with door(limits) as gate:
        found, facts = broken(gate)
    expected = {"code": code, "limit": name, "allowed": asdict(limits)[name], "value": value}
    assert (found, {key: facts.get(key) for key in expected}) == (status, expected)


def test_pages_and_ids(demonstration: Started) -> None:

    def ask(query: str) -> dict[str, Any]:
        token = demonstration.issuer.issue(partner="poste", subject="x", scopes=["read"], purposes=[], lifetime=60)
        request = urllib.request.Request(
            f"{demonstration.url}/graphql",
            json.dumps({"query": query, "extensions": {"cost": True}}).encode(),
            {"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            answer: dict[str, Any] = json.loads(response.read())
            return answer

    for query in ("{ assets(first: 1001) { nodes { id } } }", "{ assets(last: 0) { nodes { id } } }"):
        assert ask(query)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    many = ask(f"{{ nodes(ids: {json.dumps(['x'] * 101)}) {{ id }} }}")["errors"][0]["extensions"]
    assert many["code"] == "TOO_MANY_IDS"
    found = ask("{ assets(first: 20) { nodes { id custodian { id } coverages(first: 3) { nodes { id } } } } }")
    nodes = found["data"]["assets"]["nodes"]
    within = [len(each["coverages"]["nodes"]) for each in nodes if each["coverages"]]
    actual = 1 + len(nodes) + sum(1 for each in nodes if each["custodian"]) + len(within) + sum(within)
    cost = found["extensions"]["cost"]
    assert (cost["estimated"], cost["actual"]) == (1 + 20 * (1 + 1 + 1 + 3), actual)
    assert len(nodes) < actual <= cost["estimated"]


def test_the_first_limit_in_the_order_of_work_is_the_one_that_answers() -> None:
    """What is wrong in all ways, made right way by way: bytes, tokens, count, validation, cost, then the sources."""
    limits = Limits(body=600, tokens=150, fields=40, depth=50, cost=20, aliases=100)
    long = ' "' + "x" * 600 + '"'
    wrong = "helo(name: 1)" + " hello" * 50  # more fields than the limit, one of them unknown
    steps = [
        ("BODY_TOO_LARGE", f"{{ many(first: 100) {{ {wrong} {'hello ' * 120} }} {long}"),
        ("TOO_MANY_TOKENS", f"{{ many(first: 100) {{ helo {'a ' * 160} }} }}"),
        ("TOO_MANY_FIELDS", f"{{ many(first: 100) {{ {wrong} }} }}"),
        ("GRAPHQL_VALIDATION_FAILED", "{ many(first: 100) { helo wait(seconds: 9) } }"),
        ("COST_TOO_HIGH", "{ many(first: 100) { wait(seconds: 9) } }"),
        (None, "{ many(first: 10) { hello } }"),
    ]
    with door(limits) as gate:
        for code, query in steps:
            before = len(gate.behind.executed)
            answer = gate.query(query)
            if code is None:
                assert "errors" not in answer.json
                assert len(gate.behind.executed) == before + 1
            else:
                assert (answer.code, len(gate.behind.executed)) == (code, before)
        # Who does not say who it is meets no limit but that of bytes on the wire.
        assert gate.ask(body=b"{", token="Bearer wrong", content_type="text/plain").code == "UNAUTHENTICATED"
