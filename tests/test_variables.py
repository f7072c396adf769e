"""Variables are read as graphql-core reads them: the same values, the same words against them."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from gateway.variables import Variables

SCHEMA = build_schema(
    "enum Kind { VAN BIKE } input Filter { name: String! } scalar Day"
    " type Query { a(id: ID, text: String, number: Int, yes: Boolean): Int }"
)
TYPES = ["ID", "String", "Int", "Boolean", "Float", "Kind", "Filter", "Day", "[ID!]", "[Int]"]
DEFAULTS = {"ID": '"1"', "String": '"a"', "Int": "3", "Boolean": "true", "Float": "1.5", "Kind": "VAN"}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**32), 2**32),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 1.0, 1.5, float("inf"), float("nan")]),
    st.sampled_from(["", "a", "VAN", "1"]),
    st.lists(st.sampled_from(["a", 1, None]), max_size=2),
    st.fixed_dictionaries({"name": st.sampled_from(["a", None, 1])}),
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """The definitions of some variables, and values: some for others, some for none."""
    told = []
    for number in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(TYPES))
        needed = draw(st.booleans())
        default = f" = {DEFAULTS[name]}" if name in DEFAULTS and draw(st.integers(0, 4)) == 0 else ""
        told.append(f"$v{number}: {name}{'!' if needed else ''}{default}")
    values = draw(st.dictionaries(st.sampled_from(["v0", "v1", "v2", "other"]), VALUES))
    defined = f"({', '.join(told)})" if told else ""
    return f"query {defined} {{ a }}", values


def outcome(found: Any) -> Any:
    """Values with their types, or errors as they are told."""
    if isinstance(found, list):
        return [error.formatted for error in found]
    values = {name: (type(value), repr(value)) for name, value in found.coerced.items()}
    return values, {name: repr(source.value) for name, source in found.sources.items()}


@given(asked())
def test_as_graphql_core_reads_them(found: tuple[str, dict[str, Any]]) -> None:
    text, values = found
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    theirs = get_variable_values(SCHEMA, operation.variable_definitions or (), values)
    assert outcome(Variables(SCHEMA, operation).read(values)) == outcome(theirs)


def test_plain_ones_need_no_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("gateway.variables.get_variable_values", never)
    operation = parse("query ($id: ID!, $first: Int, $after: String, $yes: Boolean) { a }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    found = Variables(SCHEMA, operation).read({"id": "x", "first": 5, "after": None})
    assert not isinstance(found, list) and found.coerced == {"id": "x", "first": 5, "after": None}


def test_a_default_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = parse("query ($first: Int! = 50, $text: String = null) { a }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    variables = Variables(SCHEMA, operation)
    monkeypatch.setattr("gateway.variables.get_variable_values", None)
    found = variables.read({})
    assert not isinstance(found, list) and found.coerced == {"first": 50, "text": None}


@pytest.mark.parametrize("value", [2**31 - 1, 2**31, -(2**31), -(2**31) - 1, True, 1.0])
def test_whole_numbers_are_of_32_bits(value: Any) -> None:
    operation = parse("query ($n: Int!) { a }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    theirs = get_variable_values(SCHEMA, operation.variable_definitions or (), {"n": value})
    assert outcome(Variables(SCHEMA, operation).read({"n": value})) == outcome(theirs)
