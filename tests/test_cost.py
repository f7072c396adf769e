"""The estimate is what the widest answer would cost, the count is what an answer does cost, and both are charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    DirectiveNode,
    ExecutionResult,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
)
from graphql.utilities import value_from_ast_untyped
from hypothesis import HealthCheck, assume, given, settings

from gateway import cost as cost_module
from gateway.budget import Budgets
from gateway.cost import Costs
from gateway.documents import Documents
from gateway.limits import Limits
from resolvers.errors import RequestError
from schema import graph
from schema.cost import LIST_SIZE, WEIGHT, ListSize
from tests.random_operations import Asked, operations
from tests.stand_in import OTHER, Door, door

FEW = 2  # entries of a list, whatever it asks for: the widest answers are to be small enough to be made


def _said(element: Any, name: str) -> dict[str, Any] | None:
    """A directive's arguments where the SDL says it of a type or field."""
    found: list[DirectiveNode] = [each for each in element.ast_node.directives or () if each.name.value == name]
    return {each.name.value: value_from_ast_untyped(each.value) for each in found[0].arguments or ()} if found else None


def _from_text() -> GraphQLSchema:
    """The schema as its published text alone says it, with lists of few."""
    schema = build_schema(graph.sdl())
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for each in (type_, *type_.fields.values()):
                if weight := _said(each, "cost"):
                    each.extensions[WEIGHT] = weight["weight"]
                if size := _said(each, "listSize"):
                    each.extensions[LIST_SIZE] = ListSize(
                        assumed_size=FEW,
                        slicing_arguments=size.get("slicingArguments"),
                        sized_fields=size.get("sizedFields"),
                    )
    return schema


TEXT = _from_text()
DOCUMENTS = Documents(
    TEXT, Limits(page=FEW, tokens=100_000, fields=100_000, aliases=10_000, directives=10_000, depth=50)
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cost_module, "UNSIZED", FEW)
    yield


def test_what_is_charged_is_what_the_published_schema_says() -> None:
    core = graph.build()._schema
    charged, said = {}, {}
    for name, type_ in core.type_map.items():
        if not isinstance(type_, GraphQLObjectType) or name.startswith("__"):
            continue
        text: Any = TEXT.type_map[name]
        for place, each, other in [
            (name, type_, text),
            *((f"{name}.{k}", v, text.fields[k]) for k, v in type_.fields.items()),
        ]:
            size: ListSize | None = each.extensions.get(LIST_SIZE)
            charged[place] = (
                each.extensions.get(WEIGHT),
                size and (size.assumed_size or None, size.slicing_arguments or None),
            )
            given_size, weight = _said(other, "listSize"), _said(other, "cost")
            said[place] = (
                weight and weight["weight"],
                given_size and (given_size.get("assumedSize"), given_size.get("slicingArguments")),
            )
    assert charged == said
    assert charged["Query.assets"] == (None, (50, ["first", "last"]))
    assert charged["AssetConnection.totalCount"] == (10, None)
    assert charged["Money"] == (0, None)


class _Widest:
    """Answers with as much as an operation can get, and counts what it costs: graphql-core decides what is selected."""

    def __init__(self) -> None:
        self.cost = 0

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        parent: Any = info.parent_type
        field = parent.fields[info.field_name]
        named: Any = get_named_type(field.type)
        bare: Any = field.type.of_type if is_non_null_type(field.type) else field.type
        many = FEW if is_list_type(bare) else 1
        if "ids" in arguments:
            many = min(len(arguments["ids"]), FEW) or FEW
        if isinstance(source, dict) and info.field_name in ("edges", "nodes") and "size" in source:
            many = source["size"]
        weight = _said(field, "cost")
        each: Any
        if is_leaf_type(named):
            self.cost += many * (weight["weight"] if weight else 0)
            each = next(iter(named.values)) if isinstance(named, GraphQLEnumType) else 1
        else:
            own = None if isinstance(named, GraphQLInterfaceType) else _said(named, "cost")
            self.cost += many * (weight or own or {"weight": 1})["weight"]
            asked = [arguments[name] for name in ("first", "last") if arguments.get(name) is not None]
            asked = [number for number in asked if number > 0] or [FEW]
            each = {"size": min(max(asked), FEW)}
        return [each] * many if is_list_type(bare) else each


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(operations())
def test_the_estimate_is_the_cost_of_the_widest_answer_and_the_count_finds_it(few: None, asked: Asked) -> None:
    assume("node(" not in asked.text and "nodes(" not in asked.text)  # of which it counts the fields of all types
    document = DOCUMENTS.read(asked.text)
    assume(not document.errors)
    cost = document.cost(None)
    assume(cost.estimated(asked.variables) < 2_000)
    widest = _Widest()
    result = execute(
        TEXT,
        parse(asked.text),
        variable_values=dict(asked.variables),
        field_resolver=widest.resolve,
        type_resolver=lambda *_: "Asset",
    )
    assert isinstance(result, ExecutionResult)
    assume(not result.errors)
    assert cost.estimated(asked.variables) == widest.cost
    assert cost.actual(result.data) == widest.cost


COSTS = Costs(graph.build()._schema, 1_000)
ESTIMATES: dict[str, tuple[str, dict[str, Any], int]] = {
    "one list": ("{ assets { nodes { id } } }", {}, 1 + 50),
    "as many as asked for": ("{ assets(first: 7) { nodes { id } } }", {}, 1 + 7),
    "from the end": ("{ assets(last: 7) { nodes { id } } }", {}, 1 + 7),
    "never more than a page": ("{ assets(first: 1000000) { nodes { id } } }", {}, 1 + 1_000),
    "lists inside lists": (
        "{ assets(first: 1000) { nodes { coverages(first: 10) { nodes { kind } } } } }", {}, 1 + 1_000 * (1 + 1 + 10)
    ),
    "by variable": ("query ($n: Int) { assets(first: $n) { nodes { id } } }", {"n": 7}, 1 + 7),
    "a variable that is not sent": ("query ($n: Int) { assets(first: $n) { nodes { id } } }", {}, 1 + 50),
    "a variable's default": ("query ($n: Int = 9) { assets(first: $n) { nodes { id } } }", {}, 1 + 9),
    "null": ("query ($n: Int = 9) { assets(first: $n) { nodes { id } } }", {"n": None}, 1 + 50),
    "a variable that is no number": ("query ($n: Int) { assets(first: $n) { nodes { id } } }", {"n": "x"}, 2),
    "entries and records are the same": ("{ assets(first: 7) { edges { cursor node { id } } } }", {}, 1 + 7),
    "what is selected twice is one": (
        "{ assets(first: 7) { nodes { id } } ...a } fragment a on Query { assets(first: 7) { nodes { name } } }", {}, 8
    ),
    "aliases are not": ("{ a: assets(first: 7) { nodes { id } } b: assets(first: 7) { nodes { id } } }", {}, 16),
    "what comes with a record": ("{ assets(first: 7) { nodes { identifiers { value } } } }", {}, 8),
    "a count": ("{ assets(first: 7) { totalCount } }", {}, 1 + 10),
    "only if": (
        "query ($w: Boolean!) { assets(first: 7) { nodes { id custodian @include(if: $w) { id } } } }", {"w": False}, 8
    ),
    "then": (
        "query ($w: Boolean!) { assets(first: 7) { nodes { id custodian @include(if: $w) { id } } } }", {"w": True}, 15
    ),
    "not if": ("query ($w: Boolean!) { assets @skip(if: $w) { nodes { id } } }", {"w": True}, 0),
    "by ids": ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3),
    "by ids in a variable": ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a", "b"]}, 2),
    "introspection": ("{ __schema { types { name fields { name } } } __typename }", {}, 0),
}  # fmt: skip


@pytest.mark.parametrize(("text", "variables", "expected"), ESTIMATES.values(), ids=ESTIMATES.keys())
def test_estimates(text: str, variables: dict[str, Any], expected: int) -> None:
    document = Documents(graph.build()._schema, Limits()).read(text)
    if document.errors:
        pytest.fail(str(document.errors))
    assert document.cost(None).estimated(variables) == expected


def test_an_account_pays_gets_back_and_refills() -> None:
    now = [100.0]
    budgets = Budgets(Limits(budget=1_000, budget_refill=10), clock=lambda: now[0])
    budgets.pay("coop", 900)
    with pytest.raises(RequestError) as refused:
        budgets.pay("coop", 200)
    assert refused.value.code == "BUDGET_EXHAUSTED"
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "10"}
    assert refused.value.extensions.items() >= {"limit": "budget", "allowed": 1_000, "value": 200, "left": 100}.items()
    budgets.pay("city", 900)
    now[0] += 10
    budgets.pay("coop", 200)
    assert budgets.settle("coop", 150) == 150
    now[0] += 1_000
    budgets.pay("coop", 5_000)  # more than a whole budget: on a full one, and then it is long empty
    with pytest.raises(RequestError) as refused:
        budgets.pay("coop", 1)
    assert refused.value.headers == {"Retry-After": "401"}


@pytest.fixture(scope="module")
def gate() -> Iterator[Door]:
    with door(Limits(cost=500, budget=1_000, budget_refill=1)) as running:
        yield running


def test_costs_are_told_to_those_who_ask_and_refused_before_anything_is_done(gate: Door) -> None:
    told = gate.query("{ many(first: 3) { hello } self { hello } }", extensions={"cost": True}).json
    assert told["extensions"]["cost"] == {"estimated": 4, "actual": 4, "left": 996}
    assert "extensions" not in gate.query("{ hello }").json
    assert gate.query("{ hello }", extensions={"cost": 1}).code == "BAD_USER_INPUT"
    before = len(gate.behind.executed)
    refused = gate.query("{ many(first: 20) { many(first: 30) { hello } } }", "application/graphql-response+json")
    assert (refused.status, refused.code, len(gate.behind.executed)) == (400, "COST_TOO_HIGH", before)
    facts = refused.json["errors"][0]["extensions"]
    assert facts.items() >= {"limit": "cost", "value": 620, "allowed": 500}.items()
    # Estimated at 450 and answered: it costs what it had, and two more of them cannot be paid.
    for _ in range(2):
        assert gate.query("{ many(first: 450) { hello } }").status == 200
    poor = gate.query("{ many(first: 450) { hello } }")
    assert (poor.status, poor.code) == (429, "BUDGET_EXHAUSTED")
    assert 340 < int(poor.headers["retry-after"]) < 360
    body = json.dumps({"query": "{ many(first: 450) { hello } }"}).encode()
    assert gate.ask(body=body, token=OTHER, content_type="application/json").status == 200
    assert gate.query("{ hello }").status == 200
