"""A text is read once; new ones are paid for by who sends them, and keep nobody waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from graphql import get_introspection_query, parse
from graphql.language import Source, get_location
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Document, Documents
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from gateway.places import Text
from gateway.reader import Reader
from resolvers.errors import RequestError
from schema import graph
from tests.stand_in import SCHEMA, Door, door

KNOWN = "{ hello }"


def new(number: int) -> str:
    return f'{{ hello(name: "{number}") }}'


class Clocks:
    """Time and processor time that a test sets; each text takes `cost` seconds of the latter."""

    def __init__(self, cost: float) -> None:
        self.now = 0.0
        self._cost = cost
        self._asked = 0

    def used(self) -> float:
        self._asked += 1
        return self._cost * (self._asked // 2)  # asked before a text and after it


class Slow(Documents):
    """Notes the texts that it reads."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(SCHEMA, limits)
        self.seen: list[str] = []
        self.broken = False

    def read(self, text: str) -> Document:
        if self.broken:
            raise ZeroDivisionError
        self.seen.append(text)
        return super().read(text)


def reader(cost: float, limits: Limits) -> tuple[Reader, Slow, Clocks]:
    clocks, documents = Clocks(cost), Slow(limits)
    return Reader(documents, limits, lambda: clocks.now, clocks.used), documents, clocks


LIMITS = Limits(new_texts=100, new_texts_saved=2.0)


async def test_who_sends_ever_new_texts_runs_out_of_time_and_nobody_else_does() -> None:
    reads, documents, clocks = reader(0.5, LIMITS)
    for number in range(4):  # four halves are what was saved up
        await reads.read("flood", new(number))
    with pytest.raises(RequestError) as refused:
        await reads.read("flood", new(4))
    assert (refused.value.code, refused.value.status) == ("TOO_MANY_NEW_DOCUMENTS", 429)
    assert refused.value.headers == {"Retry-After": "1"}
    assert len(documents.seen) == 4
    await reads.read("calm", new(5))
    clocks.now += 1
    await reads.read("flood", new(6))  # a tenth of a second is there again, and overdrawn by four tenths
    for later, wait in ((0.0, "5"), (3.5, "1")):
        clocks.now += later
        with pytest.raises(RequestError) as again:
            await reads.read("flood", new(7))
        assert again.value.headers == {"Retry-After": wait}
    clocks.now += int(wait)
    await reads.read("flood", new(7))


async def test_those_who_wait_are_taken_in_turn_by_partner_one_a_turn_of_the_loop() -> None:
    reads, documents, _ = reader(0.0, LIMITS)
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(len(documents.seen))
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    flood = [asyncio.create_task(reads.read("flood", new(number))) for number in range(20)]
    await asyncio.sleep(0)
    calm = asyncio.create_task(reads.read("calm", KNOWN))
    await asyncio.gather(*flood, calm)
    busy.cancel()
    assert documents.seen.index(KNOWN) < 4
    assert max(after - before for before, after in pairwise(turns)) == 1


async def test_many_at_once_cost_no_more_than_what_was_saved_up() -> None:
    reads, documents, _ = reader(1.5, LIMITS)
    found = await asyncio.gather(*(reads.read("flood", new(number)) for number in range(9)), return_exceptions=True)
    assert [isinstance(each, Document) for each in found] == [True, True] + [False] * 7
    assert {each.code for each in found if isinstance(each, RequestError)} == {"TOO_MANY_NEW_DOCUMENTS"}
    assert len(documents.seen) == 2


async def test_a_text_that_many_want_at_once_is_read_and_paid_for_once() -> None:
    reads, documents, _ = reader(1.5, LIMITS)
    found = await asyncio.gather(*(reads.read("crowd", KNOWN) for _ in range(200)))
    assert documents.seen == [KNOWN]
    assert {id(each) for each in found} == {id(documents.known(KNOWN))}


async def test_a_text_whose_sender_left_is_not_read() -> None:
    reads, documents, _ = reader(0.0, LIMITS)
    tasks = [asyncio.create_task(reads.read("hasty", new(number))) for number in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert documents.seen == [new(0), new(2)]


async def test_a_failure_of_ours_ends_one_request_only() -> None:
    reads, documents, _ = reader(0.0, LIMITS)
    documents.broken = True
    with pytest.raises(ZeroDivisionError):
        await reads.read("some", KNOWN)
    documents.broken = False
    assert (await reads.read("some", KNOWN)).text == KNOWN


@pytest.fixture
def poor() -> Iterator[Door]:
    with door(Limits(new_texts=1, new_texts_saved=0.001)) as gate:
        yield gate


def test_a_flood_is_told_when_to_come_again_and_what_is_known_is_answered(poor: Door) -> None:
    """As a client meets it: one millisecond is saved up, and one comes in each second."""
    assert poor.query(KNOWN).status == 200
    answers = [poor.query(new(number) + " # " + "x" * 20_000) for number in range(8)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    for answer in refused:
        assert answer.code == "TOO_MANY_NEW_DOCUMENTS"
        assert int(answer.headers["retry-after"]) >= 1
        assert "variables" in answer.json["errors"][0]["extensions"]["hint"]
    assert poor.query(KNOWN).json == {"data": {"hello": "hello world"}}


def test_an_operation_is_found_by_its_name() -> None:
    text = "query A { hello } query B { hello } fragment F on Query { hello }"
    document = Documents(SCHEMA, Limits()).read(text.replace("fragment F on Query { hello }", ""))
    assert document.operation("B") is document.ast.definitions[1]
    assert document.operation("C") is None
    assert document.operation(None) is None
    assert Documents(SCHEMA, Limits()).read(KNOWN).operation(None) is not None
    assert not document.plans


def test_what_was_worked_out_for_a_document_is_not_told() -> None:
    document = Documents(SCHEMA, Limits()).read(KNOWN)
    document.plans["secret"] = 1
    assert "secret" not in repr(document)


def test_a_text_that_is_known_is_found_in_no_time() -> None:
    documents = Documents(SCHEMA, Limits())
    request = OperationRequest("id", get_introspection_query(), None, {}, {}, JSON, safe=False)
    documents.get(request)
    began = time.process_time()
    for _ in range(1_000):
        documents.get(request)
    assert (time.process_time() - began) < 0.02, "this took 0.001 s when it was written"


@given(st.text("ab\r\n", max_size=30), st.integers(0, 30))
def test_a_place_is_the_one_that_graphql_tells(text: str, position: int) -> None:
    assert Text(text).get_location(position) == get_location(Source(text), position)


TYPES = " ".join(f"... on AssetConectionFiltr{number} {{ id }}" for number in range(40))
WORDS = " ".join(f"assetsConnectio{number}" for number in range(400))
# What the rules of validation are worst at, in texts that are within every limit.
WORST = {
    "unknown types": f"{{ node(id: 1) {{ {TYPES} }} }}",
    "unknown fields": f"{{ {WORDS} }}",
    "unknown members": "{ assets(filter: {"
    + " ".join(f"kindOfAsse{n}: 1" for n in range(300))
    + "}) { nodes { id } } }",
    "unknown words": "{ assets(filter: {kind: {in: [" + WORDS + "]}}) { nodes { id } } }",
    "lines": "\n" * 4_990 + f"{{ {WORDS} }}",
    "lines and types": "\n" * 4_990 + " " * 200_000 + f"{{ node(id: 1) {{ {TYPES} }} }}",
    "more lines than may be": "\r\n" * 120_000 + f"{{ {WORDS} }}",
    "lines in a text": '{ node(id: """' + "\n" * 4_990 + " x" * 100_000 + '""") { id } }',
    "escapes": '{ node(id: "' + "\\u0041" * 42_000 + '") { id } }',
    "a number": "{ assets(first: " + "9" * 250_000 + ") { nodes { id } } }",
    "numbers": "{ assets(filter: {and: [" + f"{{id: {'9' * 4_000}}}" * 50 + "]}) { nodes { id } } }",
    "a name": "{ " + "a" * 250_000 + " }",
    "nested members": "{ assets(filter: " + "{not: " * 300 + "{}" + "}" * 300 + ") { nodes { id } } }",
    "nested lists": "{ assets(filter: " + "[" * 980,
    "fragments": "{ "
    + " ".join(f"...f{n}" for n in range(105))
    + " } "
    + " ".join(f"fragment f{n} on Query {{ a{n} }}" for n in range(105)),
    "circles": "{ ...f0 } "
    + " ".join(f"fragment f{n} on Query {{ ...f{(n + 1) % 100} ...f{(n + 7) % 100} }}" for n in range(100)),
    "operations": " ".join("query q { node(id: 1) { id } }" for _ in range(80)),
    "variables": "query (" + " ".join(f"$v{n}: AssetConectionFiltr{n}" for n in range(200)) + ") { partners { code } }",
    "one variable often": " ".join(f"query q{n}($a: ID!) {{ ...f }}" for n in range(40))
    + " fragment f on Query { nodes(ids: ["
    + "$a " * 200
    + "]) { id } }",
    "conflicts": "\n" * 4_900 + "{ " + " ".join(f"n: assets(first: {n}) {{ totalCount }}" for n in range(29)) + " }",
    "arguments": "\n" * 4_900 + "{ assets(" + "first: 1 " * 300 + ") { nodes { id } } }",
}


@pytest.fixture(scope="module")
def whole() -> Documents:
    return Documents(graph.build()._schema, Limits())


@pytest.mark.parametrize("text", WORST.values(), ids=WORST.keys())
def test_no_text_holds_the_loop(whole: Documents, text: str) -> None:
    assert len(text.encode()) < Limits().body
    began = time.thread_time()
    document = whole.read(text)
    took = time.thread_time() - began
    assert took < 0.25, "the worst took 0.08 s when it was written"
    assert whole.known(text) is document


def test_the_first_unknown_types_are_guessed_and_the_others_told(whole: Documents) -> None:
    errors = whole.read(WORST["unknown types"]).errors
    guessed = ["Did you mean" in error["message"] for error in errors if "Unknown type" in error["message"]]
    assert guessed == [True] * 5 + [False] * (len(guessed) - 5)
    assert len(guessed) > 5


def test_places_are_told_in_texts_of_many_lines() -> None:
    (error,) = Documents(SCHEMA, Limits()).read("\n" * 4_000 + "{ helo }").errors
    assert error["locations"] == [{"line": 4_001, "column": 3}]
    (error,) = Documents(SCHEMA, Limits()).read("\n" * 5_000 + "{ hello }").errors
    assert error["extensions"] == {"code": "TOO_MANY_LINES", "limit": "lines", "allowed": 5_000, "value": 5_001}


def test_the_text_of_a_document_is_parsed_as_any_text_is() -> None:
    assert parse(Text(KNOWN)) == parse(KNOWN)
