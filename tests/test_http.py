"""What a caller meets at the door, over a real socket."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from gateway.limits import Limits
from tests.stand_in import ORIGIN, SDL, Answer, Door, door

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
HELLO = b'{"query": "{ hello }"}'


@pytest.fixture(scope="module")
def gate() -> Iterator[Door]:
    with door() as running:
        yield running


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_post_and_get_answer_in_the_type_asked_for_and_are_never_kept(gate: Door, accept: str) -> None:
    by_post = gate.query("query Hi($n: String) { hello(name: $n) }", accept, operationName="Hi", variables={"n": "é"})
    parameters = {"query": "query Hi($n: String) { hello(name: $n) }", "variables": '{"n": "é"}', "operationName": ""}
    by_get = gate.ask("GET", f"/graphql?{urlencode(parameters)}", accept=accept)
    for answer in (by_post, by_get):
        assert (answer.status, answer.json) == (200, {"data": {"hello": "hello é"}})
        assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
        assert answer.headers["cache-control"] == "private, no-store"
        assert {"Accept", "Origin", "Authorization", "X-Purpose"} <= set(answer.headers["vary"].split(", "))
        assert "server" not in answer.headers
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html, application/*;q=0.1", JSON),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        (f"{GRAPHQL}, */*", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{JSON.upper()}; charset=UTF-8", JSON),
        (f"{GRAPHQL};charset=utf-16, {JSON};q=0.1", JSON),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=nan", None),
        ("garbage;;;=,", None),
    ],
)
def test_accept_is_negotiated(gate: Door, accept: str, answered: str | None) -> None:
    answer = gate.query("{ hello }", accept)
    if answered:
        assert (answer.status, answer.headers["content-type"]) == (200, f"{answered}; charset=utf-8")
    else:
        assert (answer.status, answer.code) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"query": "{ hello }"', id="cut"),
        pytest.param(HELLO + b"x", id="more behind"),
        pytest.param(b'{"query": "{ hello }", "query": "{ hello }"}', id="key twice"),
        pytest.param(b'{"query": "{ hello }", "\\u0071uery": "{ hello }"}', id="key twice, once spelt in escapes"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a": {"b": 1, "b": 2}}}', id="key twice inside"),
        pytest.param(
            b'{"query": "{ hello }", "variables": {"a": "\\u003a", "b": 1, "b": 2}}', id="key twice, colon escape"
        ),
        pytest.param(b'{"query": "{ hello }", "variables": {"a": NaN}}', id="NaN"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a": Infinity}}', id="Infinity"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a": 1e999}}', id="number out of range"),
        pytest.param(b'{"query":"{ hello }","variables":{"a":18446744073709551616}}', id="65 bits"),
        pytest.param(b'{"query":"{ hello }","variables":{"a":[-9223372036854775809]}}', id="65 bits, negative"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a": "\\ud800"}}', id="lone surrogate"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a": "\xff"}}', id="no UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + HELLO, id="byte order mark"),
        pytest.param('{"query": "{ hello }"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", id="deep"),
        pytest.param(b'{"query": "{ hello }", "variables": {"a":' + b"[" * 500 + b"]" * 500 + b"}}", id="rather deep"),
        pytest.param(b"[" + HELLO + b"]", id="batch"),
        pytest.param(b'"{ hello }"', id="a string"),
        pytest.param(b"{}", id="no query"),
        pytest.param(b'{"query": null}', id="query null"),
        pytest.param(b'{"query": "{ hello }", "variables": []}', id="variables a list"),
        pytest.param(b'{"query": "{ hello }", "operationName": 1}', id="name a number"),
        pytest.param(b'{"query": "{ hello }", "extensions": "x"}', id="extensions a string"),
    ],
)
def test_a_body_that_is_no_strict_request_is_400_in_either_type(gate: Door, body: bytes) -> None:
    for accept in (JSON, GRAPHQL):
        answer = gate.ask(body=body, content_type=JSON, accept=accept)
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert answer.headers["content-type"] == f"{accept}; charset=utf-8"


def test_colons_and_escapes_in_strings_are_no_repeated_keys(gate: Door) -> None:
    query = b'"query": "query ($n: String) { hello(name: $n) }"'
    text = b"{" + query + b', "variables": {"n": "\\u003a:\\\\u003a\\"a\\":1"}, "id": 1}'
    assert gate.ask(body=text, content_type=JSON).json == {"data": {"hello": 'hello ::\\u003a"a":1'}}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "accept"),
        ({"content_type": "text/plain"}, "accept"),
        ({"content_type": "application/x-www-form-urlencoded"}, "accept"),
        ({"content_type": "multipart/form-data; boundary=x"}, "accept"),
        ({"content_type": "application/graphql"}, "accept"),
        ({"content_type": "application/json; charset=iso-8859-1"}, "accept"),
        ({"content_type": "application/json; charset=utf-8; charset=utf-16"}, "accept"),
        ({"content_type": "text/plain; application/json"}, "accept"),
        ({"content_type": "application/json, text/plain"}, "accept"),
        ({"content_type": JSON, "content_encoding": "gzip"}, "accept-encoding"),
    ],
)
def test_only_plain_utf8_json_is_taken(gate: Door, headers: dict[str, str], said: str) -> None:
    answer = gate.ask(body=HELLO, **headers)
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers[said]


def test_two_content_types_are_none(gate: Door) -> None:
    head = b"POST /graphql HTTP/1.1\r\nauthorization: Bearer right\r\nconnection: close\r\ncontent-length: 22\r\n"
    twice = b"content-type: application/json\r\n" * 2
    assert b" 415 " in gate.raw(head + twice + b"\r\n" + HELLO)
    assert b" 200 " in gate.raw(head + twice[: len(twice) // 2] + b"\r\n" + HELLO)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_405(gate: Door, method: str) -> None:
    answer = gate.ask(method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_get_changes_nothing(gate: Door, accept: str) -> None:
    document = {"query": "mutation M { touch } query Q { hello }"}
    for name in ("M", "Q"):
        before = len(gate.behind.executed)
        answer = gate.ask("GET", f"/graphql?{urlencode({**document, 'operationName': name})}", accept=accept)
        if name == "Q":
            assert answer.json == {"data": {"hello": "hello world"}}
        else:
            assert (answer.status, answer.code, answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")
            assert len(gate.behind.executed) == before
    assert gate.query("mutation { touch }").json == {"data": {"touch": "touched"}}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "query=%FF",
        "query={hello}&query={hello}",
        "query={hello}&variables=[]",
        "query={hello}&variables={%22a%22:1,%22a%22:2}",
        "query={hello}&variables=NaN",
        "query={hello}&variables=%22%ED%A0%80%22",
    ],
)
def test_a_url_that_is_no_request_is_400(gate: Door, query: str) -> None:
    answer = gate.ask("GET", f"/graphql?{query}")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ hello { } }"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ helo }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { hello }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { hello } query B { hello }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { hello }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query ($s: Int!) { long(size: $s) }", "variables": {"s": None}}, "BAD_USER_INPUT"),
    ],
)
def test_what_is_wrong_in_the_graphql_is_400_or_for_old_clients_200(
    gate: Door, parameters: dict[str, object], code: str
) -> None:
    for accept, status in ((JSON, 200), (GRAPHQL, 400)):
        answer = gate.query(accept=accept, **parameters)  # type: ignore[arg-type]
        assert (answer.status, answer.code) == (status, code)


def test_an_unknown_field_is_told_with_its_place_and_a_suggestion(gate: Door) -> None:
    (error,) = gate.query("{\n  helo\n}").json["errors"]
    assert "Did you mean 'hello'" in error["message"]
    assert error["locations"] == [{"line": 2, "column": 3}]


def test_the_body_is_refused_while_it_is_read(gate: Door) -> None:
    large = b'{"query": "{ hello }", "variables": {"a": "' + b"x" * 262_144 + b'"}}'
    whole = gate.ask(body=large, content_type=JSON)
    in_chunks = gate.ask(body=iter([large[:99_000], large[99_000:]]), content_type=JSON)
    for answer in (whole, in_chunks):
        assert (answer.status, answer.code) == (413, "BODY_TOO_LARGE")
        assert answer.json["errors"][0]["extensions"]["allowed"] == 262_144
    assert gate.ask(body=iter([HELLO[:5], HELLO[5:]]), content_type=JSON).status == 200
    # Announced, never sent: the refusal does not wait for it.
    announced = (
        b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\ncontent-type: application/json\r\n"
    )
    assert b" 413 " in gate.raw(announced + b"content-length: 99999999\r\n\r\n", wait=1)


def test_a_body_sent_on_and_on_after_its_refusal_ends_the_connection(gate: Door) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 65_536

    with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
        gate.ask(body=endless(), content_type=JSON)


@pytest.mark.parametrize("path", ["/graphql", "/schema.graphql"])
@pytest.mark.parametrize("token", [None, "Bearer wrong"])
def test_nothing_is_answered_without_a_credential(gate: Door, path: str, token: str | None) -> None:
    before = len(gate.behind.executed)
    bodies = set()
    for method, body, media in (("GET", None, JSON), ("POST", HELLO, JSON), ("POST", b"{", "text/plain")):
        if path == "/schema.graphql" and method == "POST":
            continue
        answer = gate.ask(method, f"{path}?query={{hello}}", body, token, content_type=media, accept="text/html")
        assert (answer.status, answer.code, answer.headers["www-authenticate"]) == (401, "UNAUTHENTICATED", "Bearer")
        bodies.add(answer.json["errors"][0]["message"])
    assert len(bodies) == 1
    assert len(gate.behind.executed) == before


@pytest.mark.parametrize("path", ["/graphql/", "/graphql%0A", "/GRAPHQL", "/", "/admin", "/health", "/schema.graphql/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_are_not_found_and_never_redirect(gate: Door, path: str, method: str) -> None:
    answer = gate.ask(method, path, token=None)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_health_needs_no_credential_and_tells_no_detail(gate: Door) -> None:
    assert gate.ask("GET", "/health/live", token=None).json == {"status": "live"}
    assert gate.ask("GET", "/health/ready", token=None).json == {"status": "ready"}
    gate.behind.ready = False
    try:
        answer = gate.ask("GET", "/health/ready", token=None)
        assert (answer.status, answer.json) == (503, {"status": "not ready"})
    finally:
        gate.behind.ready = True
    refused = gate.ask("POST", "/health/ready", token=None)
    assert (refused.status, refused.code, refused.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "GET, HEAD")


def test_the_schema_is_served_whole_and_only_when_it_changed(gate: Door) -> None:
    first = gate.ask("GET", "/schema.graphql")
    assert (first.status, first.body.decode()) == (200, SDL)
    again = gate.ask("GET", "/schema.graphql", if_none_match=f'W/"x", {first.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    assert gate.ask("GET", "/schema.graphql", if_none_match='"x"').status == 200


def test_a_fault_of_ours_is_masked_and_its_id_is_in_the_log(gate: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "gateway"):
        answer = gate.query("{ broken }")
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body
    assert answer.headers["x-request-id"] in caplog.text
    assert "the secret of the source" in caplog.text


def test_the_trace_of_the_caller_is_the_id_of_the_request(gate: Door) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    told = gate.ask(body=b"{", content_type=JSON, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    assert told.code
    assert told.headers["x-request-id"] == trace
    wrong = f"00-{'0' * 32}-00f067aa0ba902b7-01"
    ids = {gate.ask("GET", "/graphql?query={hello}", traceparent=wrong).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(each) == 32 and each != "0" * 32 for each in ids)


def test_long_answers_are_compressed_for_those_who_ask(gate: Door) -> None:
    def answered(size: int, accept_encoding: str) -> Answer:
        return gate.ask("GET", f"/graphql?query={{long(size:{size})}}", accept_encoding=accept_encoding)

    for size in (3_000, 300_000):
        packed = answered(size, "br, gzip;q=0.5")
        assert packed.headers["content-encoding"] == "gzip"
        assert json.loads(gzip.decompress(packed.body)) == answered(size, "identity").json
    for size, accept_encoding in ((3_000, "gzip;q=0"), (3_000, "br"), (30, "gzip")):
        assert "content-encoding" not in answered(size, accept_encoding).headers


def test_browsers_of_configured_origins_may_call_and_no_others(gate: Door) -> None:
    def preflight(origin: str) -> Answer:
        return gate.ask("OPTIONS", token=None, origin=origin, access_control_request_method="POST")

    allowed = preflight(ORIGIN)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert {"authorization", "content-type", "traceparent", "x-purpose", "apollo-require-preflight"} <= set(
        allowed.headers["access-control-allow-headers"].split(", ")
    )
    for origin in ("https://evil.example", "null", f"{ORIGIN}.evil.example", ORIGIN.upper()):
        refused = preflight(origin)
        assert (refused.status, refused.code) == (403, "ORIGIN_REFUSED")
        assert "access-control-allow-origin" not in refused.headers
        same_origin_page = gate.ask("GET", "/graphql?query={hello}", origin=origin)
        assert same_origin_page.status == 200
        assert "access-control-allow-origin" not in same_origin_page.headers
    for answer in (gate.query("{ hello }"), gate.ask("GET", token=None), gate.ask("GET", "/nowhere")):
        assert "access-control-allow-origin" not in answer.headers
    # Refusals too, or a page could not read why.
    for path, token in (("/graphql", None), ("/nowhere", "Bearer right"), ("/graphql?query={hello}", "Bearer right")):
        answer = gate.ask("GET", path, token=token, origin=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in answer.headers
        assert "x-request-id" in answer.headers["access-control-expose-headers"]


def test_work_for_a_client_that_left_is_ended(gate: Door) -> None:
    head = b"GET /graphql?query={wait(seconds:9)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\n\r\n"
    gate.behind.cancelled.clear()
    assert gate.raw(head, wait=0.3) == b""
    assert gate.behind.cancelled.wait(3)
    assert gate.query("{ hello wait(seconds: 0.2) }").json == {"data": {"hello": "hello world", "wait": "waited"}}


def test_what_takes_too_long_ends_and_says_who_was_late() -> None:
    with door(Limits(deadline=0.5, header_time=0.5)) as gate:
        slow = gate.query("{ wait(seconds: 9) }")
        assert (slow.status, slow.code) == (504, "DEADLINE_EXCEEDED")
        assert gate.behind.cancelled.wait(3)

        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\ncontent-type: application/json\r\n"
        for sent in (head, head + b"content-length: 22\r\n\r\n{"):
            began = time.monotonic()
            answer = gate.raw(sent, wait=2)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"DEADLINE_EXCEEDED" in answer
            assert time.monotonic() - began < 5
        began = time.monotonic()
        assert gate.raw(wait=5) == b""
        assert time.monotonic() - began < 4


def test_heads_are_bounded(gate: Door) -> None:
    long = "x" * 33_000
    for answer in (gate.ask("GET", x_long=long), gate.ask("GET", f"/graphql?query={long}")):
        assert answer.status == 431
        assert answer.json["errors"][0]["extensions"]["code"] == "HEADER_TOO_LARGE"
    unfinished = [b"GET /graphql HTTP/1.1\r\nx: ", *[b"x" * 20_000] * 2]
    assert gate.raw(*unfinished).startswith(b"HTTP/1.1 431 ")
    garbage = gate.raw(b"\x16\x03\x01 hello\r\n\r\n")
    assert garbage.startswith(b"HTTP/1.1 400 ")
    assert b"BAD_REQUEST" in garbage
