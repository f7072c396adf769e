"""Requests that are wrong in some place: operations changed by bytes, by tokens and by meaning, odd variables, bodies
and headers."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLError,
    Lexer,
    NameNode,
    Node,
    SelectionSetNode,
    Source,
    TokenKind,
    ValueNode,
    VariableNode,
    parse,
    print_ast,
)
from graphql.language import parse_value

from tests.random_operations import SCHEMA, Known
from tests.random_operations import _Growth as Growth

MOST_BODY = 900_000  # bytes; what comes after more is closed without a word
HUGE = "9" * 400
NUMBERS = ("0", "-0", "-1", "1", "2147483647", "2147483648", "9223372036854775808", HUGE, "1e400", "-1e-400", "1.5")
NUMBERS += ("9" * 5_000, f"0.{'0' * 5_000}1")
TEXTS = ('""', '"a"', '"\\u0000"', '"\\uD800"', '"\\uD83D\\uDE00"', '"é"', '"%_\\\\"', '"""x"""', f'"{"x" * 3_000}"')
TEXTS += ('"2026-02-30T25:61:00Z"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"NaN"', f'"{HUGE}"')
TEXTS += ('"1900-01-01"', '"24:00"', '"QXNzZXQ6"', '"QXNzZXQucG9zdGUudmVoaWNsZXM6OTk5OTk5OTk5OTk5OTk5OTk5OTk"')
ODD_LITERALS = (
    *NUMBERS,
    *TEXTS,
    "null",
    "true",
    "[]",
    "{}",
    "[[[1]]]",
    "[null]",
    "VAN",
    "NOBODY",
    "$v",
    "{a: {b: [1]}}",
)
PUNCTUATION = (
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "!",
    "|",
    "&",
    "...",
    "$",
    "@",
    "=",
    "#",
    ",",
    "\ufeff",
    "\\",
    '"',
    '"""',
)
WORDS = ("query", "mutation", "subscription", "fragment", "on", "type", "null", "true", "__typename", "__schema", "id")
NAMES = tuple(
    sorted({*WORDS, *SCHEMA.type_map, *(n for t in SCHEMA.type_map.values() for n in getattr(t, "fields", {}))})
)
BITS = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\x98\x80",
    b"\\",
    b'"',
    b"{",
    b"}",
    b"#",
    b"\r",
    b"\n",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
)
HEADERS: tuple[tuple[str, str], ...] = (
    ("accept", "text/html"),
    ("accept", "application/graphql-response+json;q=abc, */*;q=1e9"),
    ("accept", ",;=,,\t"),
    ("accept-encoding", "gzip;q=, br, *;q=nan"),
    ("authorization", "Bearer"),
    ("authorization", "Bearer " + "." * 2_000),
    ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
    ("authorization", "Basic \x80\xff"),
    ("content-encoding", "gzip"),
    ("content-type", "application/json; charset=utf-16"),
    ("content-type", "multipart/form-data"),
    ("cookie", "a" * 5_000),
    ("expect", "100-continue"),
    ("origin", "null"),
    ("traceparent", "00-" + "0" * 32 + "-" + "0" * 16 + "-00"),
    ("traceparent", "\xff" * 60),
    ("transfer-encoding", "gzip"),
    ("upgrade", "websocket"),
    ("x-purpose", "\xe9\x00".replace("\x00", "")),
    ("x-purpose", "p" * 3_000),
    ("x" * 4_000, "y" * 40_000),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request. fields: headers besides those of every request, in whose place they come."""

    body: bytes
    fields: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/graphql"

    def written(self, port: int, token: str) -> bytes:
        """The bytes of the request."""
        known = {
            "host": f"127.0.0.1:{port}",
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            **({"content-length": str(len(self.body))} if self.method != "GET" else {}),
            **self.fields,
        }
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in known.items())]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (self.body if self.method != "GET" else b"")


def request(random: Random, seeds: Sequence[tuple[str, Mapping[str, Any]]], ids: Sequence[str]) -> Asked:
    """A request made of one or two valid ones. seeds: operations with their variables. ids: of records."""
    text, variables = random.choice(seeds)
    if random.random() < 0.5:
        grown = Growth(random.randrange, 20).operation().known(Known(ids))
        text, variables = grown.text, grown.variables
    kind = random.random()
    if kind < 0.4:
        text = _other_meaning(random, text)
    elif kind < 0.55:
        text = _other_tokens(random, text, random.choice(seeds)[0])
    elif kind < 0.62:
        text = _other_bytes(random, text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
    if random.random() < (0.6 if variables else 0.1):
        variables = _other_variables(random, variables)
    body = json.dumps({"query": text, "variables": variables}).replace('"\\u0000odd', "").replace('odd\\u0000"', "")
    sent = body.encode()
    if random.random() < 0.08:
        sent = random.choice(_ODD_BODIES)(random, sent)
    fields = dict([random.choice(HEADERS)]) if random.random() < 0.06 else {}
    if random.random() < 0.02:
        return Asked(sent, fields, random.choice(("GET", "PUT", "DELETE", "BREW")), "/graphql?query=%7B&variables=%FF")
    return Asked(sent[:MOST_BODY], fields)


# bytes ----------------------------------------------------------------------------------------------------------------


def _other_bytes(random: Random, found: bytes) -> bytes:
    for _ in range(1 + random.randrange(4)):
        at, to = sorted(random.randrange(len(found) + 1) for _ in range(2))
        to = min(to, at + random.choice((0, 1, 1, 8, 200)))
        bit = random.choice(
            (random.choice(BITS), bytes([random.randrange(256)]), found[at:to] * random.choice((2, 3, 40)), b"")
        )
        found = found[:at] + bit + found[to:]
    return found[:200_000]


def _nested(random: Random, _: bytes) -> bytes:
    deep = random.choice((10, 300, 1_100, 60_000))
    left, right = random.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return b'{"query": "{ __typename }", "variables": {"a": ' + left * deep + b"1" + right * deep + b"}}"


_ODD_BODIES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _other_bytes,
    _nested,
    lambda random, body: body[: random.randrange(len(body) + 1)],
    lambda _, body: b"[" + body + b"]",
    lambda _, body: body.decode().encode("utf-16"),
    lambda _, body: body[:-1] + b', "query": "{ __typename }"}',
    lambda _, body: body[:-1] + b', "operationName": "\\u0000"}',
    lambda _, body: body[:-1] + b', "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}',
    lambda random, _: random.choice((b"", b"null", b"0", b"{}", b'"x"', b"NaN", b" " * 300_000)),
    lambda random, _: bytes(random.randrange(256) for _ in range(200)),
)


# tokens ---------------------------------------------------------------------------------------------------------------


def _tokens(text: str) -> list[str]:
    lexer, found = Lexer(Source(text)), []
    try:
        while (token := lexer.advance()).kind is not TokenKind.EOF:
            found.append(text[token.start : token.end])
    except GraphQLError:
        found.append(text[lexer.last_token.end :])
    return found or ["{"]


def _other_tokens(random: Random, text: str, other: str) -> str:
    found = _tokens(text)
    for _ in range(1 + random.randrange(4)):
        at = random.randrange(len(found) + 1)
        to = min(len(found), at + random.choice((0, 1, 1, 1, 3, 20)))
        kind = random.randrange(5)
        if kind == 0:
            put = []
        elif kind == 1:
            put = [random.choice((*PUNCTUATION, *ODD_LITERALS))]
        elif kind == 2:
            put = [random.choice(NAMES)]
        elif kind == 3:
            put = found[at:to] * random.choice((2, 2, 30))
        else:
            theirs = _tokens(other)
            begin = random.randrange(len(theirs))
            put = theirs[begin : begin + random.choice((1, 5, 40))]
        found[at:to] = put
    return " ".join(found)


# meaning --------------------------------------------------------------------------------------------------------------


def _nodes(of: Node) -> list[Node]:
    found = [of]
    for key in of.keys:
        value = getattr(of, key, None)
        for each in value if isinstance(value, list | tuple) else [value]:
            if isinstance(each, Node):
                found += _nodes(each)
    return found


def _put(node: Any, name: str, value: Any) -> None:
    object.__setattr__(node, name, value)  # nodes are frozen; these are copies


def _other_meaning(random: Random, text: str) -> str:
    try:
        document = copy.deepcopy(parse(text, no_location=True))
    except (GraphQLError, RecursionError):
        return _other_tokens(random, text, text)
    for _ in range(1 + random.randrange(2)):
        nodes = _nodes(document)
        arguments = [node for node in nodes if isinstance(node, ArgumentNode)]
        sets = [node for node in nodes if isinstance(node, SelectionSetNode) and node.selections]
        kind = random.random()
        if kind < 0.45 and arguments:
            _other_value(random, random.choice(arguments))
        elif kind < 0.6:
            name = random.choice([node for node in nodes if isinstance(node, NameNode)] or [NameNode(value="")])
            _put(name, "value", random.choice(NAMES))
        elif sets:
            _other_selections(random, random.choice(sets), random.choice(sets))
    return print_ast(document)


def _other_value(random: Random, argument: ArgumentNode) -> None:
    alike = {"IntValueNode": NUMBERS, "FloatValueNode": NUMBERS, "StringValueNode": TEXTS}
    inner = [node for node in _nodes(argument) if isinstance(getattr(node, "value", None), ValueNode)]
    place = random.choice(inner) if random.random() < 0.7 else argument
    literals = alike.get(type(place.value).__name__, ODD_LITERALS) if random.random() < 0.7 else ODD_LITERALS
    literal = random.choice([literal for literal in literals if "D800" not in literal])  # that is no literal
    if literal == "$v":
        _put(place, "value", VariableNode(name=NameNode(value="v")))
        return
    _put(place, "value", parse_value(literal, no_location=True))


def _other_selections(random: Random, of: SelectionSetNode, other: SelectionSetNode) -> None:
    found = list(of.selections)
    kind = random.randrange(6)
    if kind == 0:
        found += copy.deepcopy(list(other.selections))
    elif kind == 1:
        found *= random.choice((2, 40))
    elif kind == 2:
        del found[random.randrange(len(found))]
    elif kind == 3:
        found.append(FieldNode(name=NameNode(value=random.choice(NAMES)), arguments=(), directives=()))
    elif kind == 4:
        directive = random.choice(("skip(if: true)", "include(if: $v)", "x", "skip", "deprecated"))
        inside = f"query {{ a @{directive} {{ a }} }}"
        first: Any = parse(inside, no_location=True).definitions[0]
        _put(found[0], "directives", (*(found[0].directives or ()), *first.selection_set.selections[0].directives))
    else:
        inside = random.choice(
            ("{ ...F }", "{ ... on Asset { id } }", "{ ... { __typename } }", "{ __schema { types { name } } }")
        )
        first = parse(inside, no_location=True).definitions[0]
        found += first.selection_set.selections
    _put(of, "selections", tuple(found))


# variables ------------------------------------------------------------------------------------------------------------

_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    2**64,
    1.5,
    1e300,
    "",
    "a",
    "\ud800",
    "\u0000",
    [],
    {},
    [[]],
)
_ODD_VALUES += ([None], {"eq": None}, {"": {}}, {"and": []}, [{"field": "NAME"}] * 50, "x" * 20_000, ["x"] * 2_000)
_WRITTEN = (
    "NaN",
    "Infinity",
    "-Infinity",
    HUGE,
    "1e400",
    "-0.0",
    "0x10",
    "01",
    "1.",
    '"\\ud800"',
    '"\\x"',
    "undefined",
)


def _other_variables(random: Random, variables: Mapping[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(dict(variables))
    for _ in range(1 + random.randrange(2)):
        name = random.choice([*found, "v", "", "\u0000"])
        found[name] = _other_json(random, found.get(name))
    return found


def _other_json(random: Random, value: Any) -> Any:
    if random.random() < 0.5 and value:
        if isinstance(value, dict):
            key = random.choice(list(value))
            return {**value, key: _other_json(random, value[key])}
        if isinstance(value, list):
            at = random.randrange(len(value))
            return [*value[:at], _other_json(random, value[at]), *value[at + 1 :] * random.choice((1, 1, 200))]
    if random.random() < 0.2:
        return f"\u0000odd{random.choice(_WRITTEN)}odd\u0000"
    for _ in range(random.choice((0, 0, 0, 1, 5, 80))):
        value = random.choice(([value], {"not": value}, {"a": value}))
    return value if random.random() < 0.3 else random.choice(_ODD_VALUES)
