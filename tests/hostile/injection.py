"""Texts that mean something to a database, a pattern, a formatter, a log or a terminal, through every argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.hostile.bodies import GOOD
from tests.hostile.case import Aim, Answered, Case, Either, Outcome, Part, Reply, refused

BAD = refused("BAD_USER_INPUT")
TEXTS = {
    "a quote": "' OR '1'='1",
    "a statement": "x'; DROP TABLE x; --",
    "a union": "x' union select sql, 1 from master --",
    "a comment": "x'/**/OR/**/1=1#",
    "a backslash": "\\' OR 1=1 -- ",
    "a wide quote": "\uff07 OR 1=1 --",
    "a zero": "a\0b",
    "a placeholder": ":name ? %s $1 %(x)s {0}",
    "a bound name": ":param_1",
    "a formatter": "{0.__class__.__mro__} %n%n%s",
    "a pattern": "(a+)+$" + "a" * 2_000 + "!",
    "a template": "${jndi:ldap://127.0.0.1:1/a} {{7*7}} #{7*7}",
    "a terminal": "\x1b[2J\x1b]0;x\x07",
}
WILD = {"per cent": "%", "underscore": "_" * 6, "escape": "\\%", "brackets": "[a-z]*", "star": "*"}
NAMED = "query ($t: String) { assets(filter: {name: {eq: $t}}) { nodes { id } totalCount } }"
EMPTY = Answered({"assets": {"nodes": [], "totalCount": 0}})


def each(texts: Mapping[str, str], where: str, query: str, outcome: Outcome) -> Sequence[Case]:
    """A case for each of the texts at one place."""

    def parts(text: str) -> Callable[[Aim], Sequence[Part]]:
        return lambda aim: [aim.post(query, {"t": text})]

    return [Case(f"{where}: {name}", parts(text), outcome) for name, text in texts.items()]


def nothing(name: str) -> Outcome:
    """No record is found by it."""

    def judged(reply: Reply) -> str:
        data: Any = reply.json().get("data") or {}
        return "" if "errors" not in reply.json() and not data[name]["nodes"] else f"found {str(reply.json())[:300]}"

    return Either((judged, BAD))


def header(name: str, value: str) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(GOOD, headers=[(name, value)])]


def _named(name: str) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.post("query A { __typename }", operationName=name)]


def only_its_own(reply: Reply) -> str:
    """No header of the answer came with the request."""
    head = reply.answers[0][1].lower()
    return "" if reply.answers and b"x-evil" not in head and b"evil" not in head else f"{head!r}"


CASES = (
    *each(TEXTS, "eq", NAMED, nothing("assets")),
    *each(
        TEXTS, "in", "query ($t: String!) { assets(filter: {name: {in: [$t]}}) { nodes { id } } }", nothing("assets")
    ),
    *each(
        TEXTS,
        "contains",
        "query ($t: String) { assets(filter: {name: {contains: $t}}) { nodes { id } } }",
        nothing("assets"),
    ),
    *each(
        WILD,
        "contains",
        "query ($t: String) { assets(filter: {name: {contains: $t}}) { nodes { id } } }",
        nothing("assets"),
    ),
    *each(
        WILD,
        "startsWith",
        "query ($t: String) { assets(filter: {name: {startsWith: $t}}) { nodes { id } } }",
        nothing("assets"),
    ),
    *each(
        TEXTS, "assetBy", "query ($t: String!) { assetBy(scheme: VIN, value: $t) { nodes { id } } }", nothing("assetBy")
    ),
    *each(
        TEXTS,
        "partner",
        "query ($t: String!) { partner(code: $t) { name } }",
        Either((Answered({"partner": None}), BAD)),
    ),
    *each(
        TEXTS,
        "identifier",
        "query ($t: String) { assets(filter: {identifiers: {some: {normalized: {eq: $t}}}}) { nodes { id } } }",
        nothing("assets"),
    ),
    *each(
        TEXTS,
        "across an edge",
        "query ($t: String) { assets(filter: {site: {name: {eq: $t}}}) { nodes { id } } }",
        nothing("assets"),
    ),
    *each(
        TEXTS,
        "a code",
        "query ($t: RegionCode) { assets(filter: {identifiers: {some: {country: {eq: $t}}}}) { nodes { id } } }",
        refused("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"),
    ),
    Case("operationName with line ends", _named("A\r\nX-Evil: 1\r\n\r\nevil"), refused("OPERATION_RESOLUTION_FAILURE")),
    Case(
        "operationName that writes a log line",
        _named("A\n2026-01-01 CRITICAL evil"),
        refused("OPERATION_RESOLUTION_FAILURE"),
    ),
    Case("X-Request-Id that is another header", header("X-Request-Id", "x%0d%0aX-Evil: 1"), only_its_own),
    Case("traceparent that is none", header("traceparent", "00-evil-evil-01"), only_its_own),
    Case("X-Purpose that is another header", header("X-Purpose", "lending%0d%0aX-Evil: 1"), refused("PURPOSE_REFUSED")),
    Case(
        "Origin that is another header",
        header("Origin", "https://evil.example"),
        Either((refused("ORIGIN_REFUSED", status=403), only_its_own)),
    ),
    Case("Host of another", header("Host", "evil.example"), only_its_own),
    Case("forwarded for another", header("X-Forwarded-For", "127.0.0.1, evil"), only_its_own),
)
