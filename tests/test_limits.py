"""Hostile and merely large documents are refused before they cost anything, and the count of them is right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, get_introspection_query, parse
from graphql.language import OperationDefinitionNode, SelectionSetNode
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents import Documents
from gateway.extent import measure
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from resolvers.errors import RequestError
from tests.stand_in import SCHEMA, Door, door


@pytest.fixture(scope="module")
def gate() -> Iterator[Door]:
    with door() as running:
        yield running


def _nested(depth: int) -> str:
    return "{" + "self{" * (depth - 1) + "hello" + "}" * (depth - 1) + "}"


def _doubling(levels: int, last: str) -> str:
    spreads = " ".join(f"fragment f{i} on Query {{ ...f{i + 1} ...f{i + 1} }}" for i in range(levels))
    return f"{{ ...f0 }} {spreads} fragment f{levels} on Query {{ {last} }}"


def _fragments(count: int, body: str) -> str:
    """Fragments f0, f1 ... on Query. In `body`, <n> stands for the number n further on, round in a circle."""
    steps = {f"<{step}>": step for step in range(10)}
    written = []
    for number in range(count):
        own = body
        for mark, step in steps.items():
            own = own.replace(mark, str((number + step) % count))
        written.append(f"fragment f{number} on Query {own}")
    return " ".join(written)


HOSTILE = {
    "deep": (_nested(13), "TOO_DEEP", {"limit": "depth", "value": 13, "allowed": 12}),
    "deep through fragments": (
        "{ self { ...a } } fragment a on Query { self { ... { self { ...b } } } } fragment b on Query " + _nested(10),
        "TOO_DEEP",
        {"value": 13},
    ),
    "tokens": ("{" + "hello " * 1_000 + "}", "TOO_MANY_TOKENS", {"limit": "tokens", "allowed": 1_000}),
    "comments": ("#\n" * 1_001 + "{ hello }", "TOO_MANY_TOKENS", {}),
    "doubling": (_doubling(60, "hello"), "TOO_MANY_FIELDS", {"limit": "fields"}),
    "doubling, not used": (_doubling(60, "hello").replace("{ ...f0 }", "{ hello }", 1), "TOO_MANY_FIELDS", {}),
    "doubling through fields": (
        "{ ...f0 } fragment f9 on Query { hello }"
        + "".join(f"fragment f{i} on Query {{ a: self {{ ...f{i + 1} }} self {{ ...f{i + 1} }} }}" for i in range(9)),
        "TOO_MANY_FIELDS",
        {},
    ),
    "aliases": ("{" + " ".join(f"a{i}: hello" for i in range(31)) + "}", "TOO_MANY_ALIASES", {"value": 31}),
    "aliases through fragments": (_doubling(5, "a: hello"), "TOO_MANY_ALIASES", {"value": 32}),
    "directives": ("{" + "hello @skip(if: true) " * 21 + "}", "TOO_MANY_DIRECTIVES", {"value": 21}),
    "repeats": ("{" + "self{hello}" * 200 + "}", "TOO_MANY_REPEATS", {"limit": "repeats"}),
    "repeats inside repeats": ("{" + "self{hello}" * 60 + "}", "TOO_MANY_REPEATS", {"value": 2 * 60 * 59 // 2}),
    "repeats through fragments": (
        "{" + "".join(f"...f{i} " for i in range(65)) + "}" + _fragments(65, "{self{hello}}"),
        "TOO_MANY_REPEATS",
        {},
    ),
    "circles": ("{...f0}" + _fragments(60, "{self{...f<1>} ...f<7> ...f<0>}"), "GRAPHQL_VALIDATION_FAILED", {}),
    "many errors": ("{" + " ".join(f"helo{i}" for i in range(900)) + "}", "GRAPHQL_VALIDATION_FAILED", {}),
    "one long name": ("{" + "h" * 200_000 + "}", "GRAPHQL_VALIDATION_FAILED", {}),
    "deep value": ("{hello(name:" + "[" * 400, "GRAPHQL_PARSE_FAILED", {}),
    "deep value, closed": ("{hello(name:" + "[" * 400 + "]" * 400 + ")}", "GRAPHQL_PARSE_FAILED", {}),
    "no end": ("{self" * 320, "GRAPHQL_PARSE_FAILED", {}),
}


@pytest.mark.parametrize(("query", "code", "facts"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_are_refused_in_no_time(gate: Door, query: str, code: str, facts: dict[str, Any]) -> None:
    before = len(gate.behind.executed)
    began = time.perf_counter()
    answer = gate.query(query)
    took = time.perf_counter() - began
    errors = answer.json["errors"]
    assert {error["extensions"]["code"] for error in errors} == {code}
    assert facts.items() <= errors[0]["extensions"].items()
    assert len(errors) <= 20
    assert len(answer.body) < 20_000
    assert took < 1, "this took 0.1 s at most on a slow machine when it was written"
    assert len(gate.behind.executed) == before


WITHIN = {
    "as deep as allowed": _nested(12),
    "as many aliases as allowed": "{" + " ".join(f"a{i}: hello" for i in range(30)) + "}",
    "repeated within reason": "{" + "hello " * 60 + "}",
    "a fragment used often": _doubling(5, "hello"),
    "inline fragments have no depth": "{ ... { ... { ... { ... { ... { ... { hello } } } } } } }",
    "what tools ask first": get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    ),
}


@pytest.mark.parametrize("query", WITHIN.values(), ids=WITHIN.keys())
def test_what_is_within_the_limits_is_answered(gate: Door, query: str) -> None:
    answer = gate.query(query)
    assert answer.status == 200
    assert "errors" not in answer.json


def _request(query: str) -> OperationRequest:
    return OperationRequest("id", query, None, {}, {}, JSON, safe=False)


def test_a_text_is_read_once_and_what_cannot_run_pushes_out_nothing() -> None:
    documents = Documents(SCHEMA, Limits(texts=3, tokens_kept=1_000))
    first = documents.get(_request("{ hello }"))
    assert documents.get(_request("{ hello }")) is first
    for index in range(10):
        with pytest.raises(RequestError):
            documents.get(_request(f"{{ helo{index} }}"))
    assert documents.get(_request("{ hello }")) is first
    for index in range(3):
        documents.get(_request(f"{{ a{index}: hello }}"))
    assert documents.get(_request("{ hello }")) is not first


def test_what_is_kept_is_bounded_by_tokens_and_by_characters() -> None:
    documents = Documents(SCHEMA, Limits(texts=1_000, tokens_kept=1_000))
    first = documents.get(_request("{ hello }"))
    documents.get(_request(_nested(9)))
    assert documents.get(_request("{ hello }")) is first
    documents.get(_request('{ hello(name: "' + "x" * 250_000 + '") }'))
    documents.get(_request('{ hello(name: "' + "y" * 250_000 + '") }'))
    documents.get(_request('{ hello(name: "' + "z" * 250_000 + '") }'))
    assert documents.get(_request("{ hello }")) is not first


@st.composite
def _documents(draw: st.DrawFn) -> str:
    """An operation and fragments that spread only later ones."""
    count = draw(st.integers(0, 4))

    def selections(first: int, depth: int) -> str:
        kinds = ["hello", "a: hello", "hello @skip(if: true)"]
        kinds += ["self", "b: self", "..."] if depth else []
        kinds += [f"...f{i}" for i in range(first, count)]
        chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
        return " ".join(
            f"{kind} {{ {selections(first, depth - 1)} }}" if kind.endswith(("self", "...")) else kind
            for kind in chosen
        )

    parts = [f"{{ {selections(0, 3)} }}"]
    parts += [f"fragment f{i} on Query {{ {selections(i + 1, 2)} }}" for i in range(count)]
    return " ".join(parts)


@settings(deadline=None, max_examples=200)
@given(_documents())
def test_the_count_is_that_of_the_document_written_out(text: str) -> None:
    ast = parse(text)
    fragments = {d.name.value: d for d in ast.definitions if isinstance(d, FragmentDefinitionNode)}
    used: set[str] = set()
    counted = {"fields": 0, "aliases": 0, "directives": 0, "depth": 0}

    def walk(selection_set: SelectionSetNode, depth: int) -> None:
        for node in selection_set.selections:
            counted["fields"] += 1
            counted["directives"] += len(node.directives or ())
            if isinstance(node, FieldNode):
                counted["aliases"] += node.alias is not None
                counted["depth"] = max(counted["depth"], depth)
                if node.selection_set:
                    walk(node.selection_set, depth + 1)
            elif isinstance(node, FragmentSpreadNode):
                used.add(node.name.value)
                walk(fragments[node.name.value].selection_set, depth)
            else:
                walk(node.selection_set, depth)  # type: ignore[attr-defined]

    (operation,) = [d for d in ast.definitions if isinstance(d, OperationDefinitionNode)]
    walk(operation.selection_set, 1)
    found = measure(ast, 10**9)
    if used == fragments.keys():
        assert {name: getattr(found, name) for name in counted} == counted
    else:  # unused ones count as well
        assert all(getattr(found, name) >= value for name, value in counted.items())
    assert not found.cyclic
