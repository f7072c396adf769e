"""Filters as callers write them: what they become, what they may not be, and that every field has one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    OperationDefinitionNode,
    get_argument_values,
    get_named_type,
    is_list_type,
    parse,
    validate,
)
from hypothesis import given
from hypothesis import strategies as st
from strawberry.types.arguments import convert_arguments

from resolvers.entity import Field, Kind
from resolvers.errors import RequestError
from resolvers.familiar import familiar
from resolvers.glance import compares
from resolvers.predicate import And, Compare, Near, Not, Or, Predicate, Some
from schema import declaration
from schema.criterion import DEEPEST, LONGEST, MOST
from schema.graph import build
from schema.model import model

DOCS = Path(__file__).parent.parent / "docs"


def asked(arguments: str, field: str = "assets") -> dict[str, Any]:
    """The arguments of a root field as its resolver gets them."""
    schema = build()
    operation = cast(OperationDefinitionNode, parse(f"{{ {field}({arguments}) {{ nodes {{ id }} }} }}").definitions[0])
    node = cast(FieldNode, operation.selection_set.selections[0])
    core = schema._schema.query_type
    assert core is not None and not validate(schema._schema, parse(f"{{ {field}({arguments}) {{ nodes {{ id }} }} }}"))
    found = core.fields[field]
    declared = found.extensions["strawberry-definition"]
    given = convert_arguments(
        get_argument_values(found, node),
        declared.arguments,
        schema.schema_converter.scalar_registry,
        schema.config,
    )
    return {name: declaration.asked(name, value) for name, value in given.items()}


def wanted(filter_: str, field: str = "assets") -> Predicate:
    return cast(Predicate, asked(f"filter: {filter_}", field)["filter"])


@pytest.mark.parametrize(
    ("field", "text", "meant"),
    [
        ("assets", '{name: {eq: "A"}}', Compare("name", "eq", "A")),
        ("assets", "{kind: {in: [VAN, CAR]}}", Compare("kind", "in", ("VAN", "CAR"))),
        ("assets", "{kind: {in: []}}", Compare("kind", "in", ())),
        ("assets", "{odometerKm: {lt: 60000}}", Compare("odometerKm", "lt", 60000.0)),
        ("assets", "{lendable: {ne: true}}", Compare("lendable", "ne", True)),
        ("assets", '{purchaseDate: {ge: "2026-03-14"}}', Compare("purchaseDate", "ge", date(2026, 3, 14))),
        (
            "assets",
            '{updatedAt: {gt: "2026-03-14T18:00:00+01:00"}}',
            Compare("updatedAt", "gt", datetime(2026, 3, 14, 17, tzinfo=UTC)),
        ),
        ("assets", '{value: {amount: {le: "10.50"}}}', Compare("value.amount", "le", Decimal("10.50"))),
        ("assets", '{tags: {has: "lift"}}', Compare("tags", "has", "lift")),
        ("people", "{roles: {has: DRIVER}}", Compare("roles", "has", "DRIVER")),
        ("assets", "{description: {isNull: true}}", Compare("description", "isNull", True)),
        ("assets", '{partner: {ne: "coop"}}', Compare("", "ne", "coop")),
        ("policies", '{holderPartner: {eq: "coop"}}', Compare("holderPartner", "eq", "coop")),
        ("coverages", '{insuredPersons: {partners: {has: "coop"}}}', Compare("insuredPersons.partners", "has", "coop")),
        ("assets", "{}", And(())),
        ("assets", "{value: {}}", And(())),
        ("assets", "{custodian: {}}", Some("custodian", And(()))),
        (
            "assets",
            '{site: {address: {city: {eq: "Nanterre"}}}}',
            Some("site", Compare("address.city", "eq", "Nanterre")),
        ),
        (
            "assets",
            '{coverages: {some: {kind: {eq: THEFT}, policy: {partner: {eq: "insurer"}}}}}',
            Some("coverages", And((Some("policy", Compare("", "eq", "insurer")), Compare("kind", "eq", "THEFT")))),
        ),
        (
            "coverages",
            '{insuredAssets: {listed: {some: {name: {eq: "A"}}}}}',
            Some("insuredAssets.listed", Compare("name", "eq", "A")),
        ),
        (
            "coverages",
            '{limits: {some: {amount: {amount: {ge: "1"}}, unlimited: {eq: false}}, isNull: false}}',
            And(
                (
                    Some(
                        "limits", And((Compare("unlimited", "eq", False), Compare("amount.amount", "ge", Decimal(1))))
                    ),
                    Compare("limits", "isNull", False),
                )
            ),
        ),
        (
            "assets",
            '{lendingWindows: {some: {not: {startDay: {eq: FRI}}, start: {ge: "18:00"}}}}',
            Some("lendingWindows", And((Compare("start", "ge", time(18)), Not(Compare("startDay", "eq", "FRI"))))),
        ),
        (
            "assets",
            '{value: {or: [{amount: {gt: "1"}}, {not: {currency: {eq: "EUR"}}}]}}',
            Or((Compare("value.amount", "gt", Decimal(1)), Not(Compare("value.currency", "eq", "EUR")))),
        ),
        ("assets", "{or: []}", Or(())),
        (
            "assets",
            '{identifiers: {some: {normalized: {in: ["ab-1", "x.y"]}, value: {eq: "ab-1"}}}}',
            Some(
                "identifiers",
                And((Compare("value", "eq", "ab-1"), Compare("normalized", "in", ("AB1", "AB-1", "XY", "X.Y")))),
            ),
        ),
        (
            "people",
            '{identifiers: {some: {scheme: {in: [EMAIL, USERNAME]}, or: [{normalized: {eq: " a.b@c.fr"}}]}}}',
            Some(
                "identifiers",
                And((Compare("scheme", "in", ("EMAIL", "USERNAME")), Or((Compare("normalized", "eq", "A.B@C.FR"),)))),
            ),
        ),
        (
            "assets",
            '{identifiers: {some: {scheme: {eq: VIN}, normalized: {ne: "a-b"}}}}',
            Some("identifiers", And((Compare("scheme", "eq", "VIN"), Compare("normalized", "ne", "AB")))),
        ),
        (
            "assets",
            '{identifiers: {some: {normalized: {ne: "a-b"}}}}',
            Some("identifiers", And((Compare("normalized", "ne", "AB"), Compare("normalized", "ne", "A-B")))),
        ),
        (
            "assets",
            '{name: {gt: "a", le: "b"}, and: [{seats: {eq: 2}}]}',
            And((And((Compare("name", "le", "b"), Compare("name", "gt", "a"))), And((Compare("seats", "eq", 2),)))),
        ),
    ],
)
def test_a_filter_means_what_it_says(field: str, text: str, meant: Predicate) -> None:
    assert wanted(text, field) == meant


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{name: null}", "filter.name"),
        ("{name: {eq: null}}", "filter.name.eq"),
        ("{and: [{}, {site: {address: {city: {isNull: null}}}}]}", "filter.and.1.site.address.city.isNull"),
        ("{or: null}", "filter.or"),
        ("{coverages: {some: null}}", "filter.coverages.some"),
    ],
)
def test_null_is_neither_ignored_nor_compared_with(text: str, place: str) -> None:
    with pytest.raises(RequestError, match="null") as refused:
        wanted(text)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT", "field": place}


def nested(depth: int) -> str:
    return "{partOf: " * depth + "{}" + "}" * depth


def many(count: int) -> str:
    return "{and: [" + ", ".join(["{seats: {eq: 1}}"] * count) + "]}"


def long(count: int) -> str:
    return "{seats: {in: [" + ", ".join(map(str, range(count))) + "]}}"


@pytest.mark.parametrize(
    ("write", "most", "limit"), [(nested, DEEPEST, "depth"), (many, MOST, "comparisons"), (long, LONGEST, "values")]
)
def test_a_filter_is_bounded(write: Any, most: int, limit: str) -> None:
    wanted(write(most))
    with pytest.raises(RequestError) as refused:
        wanted(write(most + 1))
    found = refused.value.extensions
    assert (found["code"], found["limit"], found["allowed"]) == ("FILTER_TOO_COMPLEX", limit, most)
    assert found["field"].startswith("filter")


def test_near_is_a_place_on_earth() -> None:
    assert asked("near: {lat: 48.89, lon: -180, km: 0}")["near"] == Near("position", 48.89, -180.0, 0.0)
    assert asked("near: {lat: -90, lon: 180, km: 20016}", "sites")["near"] == Near("position", -90.0, 180.0, 20016.0)
    assert asked("near: null, filter: null") == {"near": None, "filter": None}
    for text, name in (
        ("lat: 90.1, lon: 0, km: 1", "near.lat"),
        ("lat: 0, lon: -180.1, km: 1", "near.lon"),
        ("lat: 0, lon: 0, km: -1", "near.km"),
        ("lat: 0, lon: 0, km: 20017", "near.km"),
    ):
        with pytest.raises(RequestError) as refused:
            asked(f"near: {{{text}}}")
        assert (refused.value.code, refused.value.extensions["field"]) == ("BAD_USER_INPUT", name)


# every field ---------------------------------------------------------------------------------------------------------

# What cannot be filtered by, and why: computed, free-form, or one of its kind.
NEVER = {"id", "provenance", "attributes", "sameAs", "Policy.status"}


def declared() -> Iterator[tuple[str, Field]]:
    """The fields of every entity and part, with the type that they are fields of."""
    graph = model()
    for entity in graph.entities.values():
        yield from ((entity.name, field) for field in entity.fields.values() if not field.hidden)
    for part in graph.parts.values():
        yield from ((part.name, field) for field in part.fields.values())


def test_every_field_can_be_filtered_by_its_own_type() -> None:
    types = build()._schema.type_map
    seen = 0
    for owner, field in declared():
        filter_ = cast(GraphQLInputObjectType, types[f"{owner}Filter"])
        if field.name in NEVER or f"{owner}.{field.name}" in NEVER:
            assert field.name not in filter_.fields
            continue
        seen += 1
        inner = cast(GraphQLInputObjectType, filter_.fields[field.name].type)
        name = "PartnerCode" if field.type == "Partner" else field.type
        many = (field.many and field.kind is not Kind.REFERENCE) or field.kind in (Kind.LINKS, Kind.REVERSE)
        assert inner.name == (f"{name}ListFilter" if many else f"{name}Filter"), f"{owner}.{field.name}"
        for operator, argument in inner.fields.items():
            if field.kind is Kind.LEAF and operator != "isNull":
                assert get_named_type(argument.type).name == field.type
                assert is_list_type(argument.type) is (operator == "in")
    assert seen > 130


def test_every_list_takes_the_filter_of_its_records() -> None:
    lists = 0
    for named in build()._schema.type_map.values():
        for name, field in getattr(named, "fields", {}).items():
            target = get_named_type(field.type).name
            if "orderBy" in getattr(field, "args", ()):
                lists += 1
                assert get_named_type(field.args["filter"].type).name == target.replace("Connection", "Filter"), name
    assert lists == 15


def test_the_page_on_lists_shows_operations_that_are_good() -> None:
    shown = re.findall(r"```graphql\n(.*?)```", (DOCS / "lists.md").read_text("utf-8"), re.S)
    assert len(shown) >= 2
    for text in shown:
        assert validate(build()._schema, parse(text)) == []


def test_the_page_on_lists_names_every_operator_and_bound() -> None:
    page = (DOCS / "lists.md").read_text("utf-8")
    operators = {
        operator
        for named in build()._schema.type_map.values()
        if isinstance(named, GraphQLInputObjectType) and re.fullmatch(r"[A-Z]\w*(?<!List)Filter", named.name)
        for operator in named.fields
        if f"{named.name.removesuffix('Filter')}" in ("String", "Int", "Boolean", "AssetKind")
    }
    assert {operator for operator in operators if f"`{operator}`" not in page} == set()
    assert f"{DEEPEST} deep" in page and f"{MOST} comparisons" in page and f"{LONGEST:,} values" in page


# partners' codes -----------------------------------------------------------------------------------------------------

CODES = st.sampled_from(["coop", "city", "poste", "insurer"])
ATOMS = st.one_of(
    st.tuples(st.sampled_from(["eq", "ne"]), CODES),
    st.tuples(st.just("in"), st.lists(CODES, max_size=3).map(tuple)),
    st.tuples(st.just("isNull"), st.booleans()),
).map(lambda pair: Compare("holderPartner", *pair))
CONDITIONS: st.SearchStrategy[Predicate] = st.recursive(
    cast("st.SearchStrategy[Predicate]", ATOMS),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(inner, max_size=3).map(lambda found: Or(tuple(found))),
    ),
    max_leaves=5,
)


def holds(predicate: Predicate, code: str | None) -> bool:
    match predicate:
        case And(members=members):
            return all(holds(member, code) for member in members)
        case Or(members=members):
            return any(holds(member, code) for member in members)
        case Not(member=member):
            return not holds(member, code)
        case Compare(operator=operator, value=value):
            return compares(code, operator, value)
        case _:
            raise AssertionError(predicate)


@given(CONDITIONS, st.none() | CODES, st.sets(CODES))
def test_a_partner_whom_one_may_not_know_is_null_in_filters(
    predicate: Predicate, code: str | None, known: set[str]
) -> None:
    seen = code if code in known else None
    assert holds(familiar(model(), "Policy", predicate, known), code) == holds(predicate, seen)
    inner = familiar(model(), "Coverage", Some("policy", predicate), known)
    assert isinstance(inner, Some) and holds(inner.predicate, code) == holds(predicate, seen)
