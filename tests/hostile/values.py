"""Arguments and variables that are too many, too deep, too large or no values at all."""

from __future__ import annotations

from typing import Any

from tests.hostile.case import Aim, Case, Either, Outcome, Part, refused

BAD = refused("BAD_USER_INPUT")
COMPLEX = refused("FILTER_TOO_COMPLEX", "BAD_USER_INPUT")
FILTERED = "query ($f: AssetFilter) { assets(filter: $f, first: 1) { nodes { id } } }"
PAGED = "query ($n: Int) { assets(first: $n) { nodes { id } } }"
IDS = "query ($i: [ID!]!) { nodes(ids: $i) { id } }"
NEAR = "query ($n: Near) { assets(near: $n, first: 1) { nodes { id } } }"
ORDERED = "query ($o: [AssetOrder!]) { assets(orderBy: $o, first: 1) { nodes { id } } }"


def nested(depth: int, name: str = "not") -> Any:
    """A filter inside filters."""
    found: Any = {}
    for _ in range(depth):
        found = {name: found} if name == "not" else {name: [found]}
    return found


def _spread(depth: int) -> Any:
    """A filter whose disjunctions of conjunctions double at each level."""
    if not depth:
        return {"name": {"eq": "x"}}
    return {"and": [{"or": [_spread(depth - 1), _spread(depth - 1)]}]}


VALUES: dict[str, tuple[str, Any, Outcome]] = {
    "filter, deep": (FILTERED, {"f": nested(60)}, COMPLEX),
    "filter, deep by lists": (FILTERED, {"f": nested(60, "and")}, COMPLEX),
    "filter, beyond recursion": (FILTERED, {"f": nested(240)}, COMPLEX),
    "filter, doubling": (FILTERED, {"f": _spread(8)}, COMPLEX),
    "filter, ten thousand members": (
        FILTERED,
        {"f": {"or": [{"name": {"eq": f"{n}"}} for n in range(9_000)]}},
        COMPLEX,
    ),
    "filter, ten thousand values": (FILTERED, {"f": {"name": {"in": [f"{n}" for n in range(10_000)]}}}, COMPLEX),
    "filter, ten thousand of one value": (FILTERED, {"f": {"name": {"in": ["x"] * 10_000}}}, COMPLEX),
    "filter through edges and back": (
        FILTERED,
        {"f": {"coverages": {"some": {"insuredAssets": {"listed": {"some": {"coverages": {"some": {}}}}}}}}},
        Either((COMPLEX, refused("BAD_USER_INPUT", "FILTER_TOO_WIDE"), lambda reply: "" if reply.answers else "none")),
    ),
    "filter, unknown names": (FILTERED, {"f": {f"x{n}": 1 for n in range(5_000)}}, BAD),
    "filter, a name of the object": (FILTERED, {"f": {"__class__": {"eq": "x"}, "__proto__": {}}}, BAD),
    "filter a list": (FILTERED, {"f": [[[{}]]]}, BAD),
    "filter of the wrong type": (FILTERED, {"f": {"name": {"eq": {"a": 1}}}}, BAD),
    "ids, ten thousand": (IDS, {"i": ["x"] * 10_000}, refused("TOO_MANY_IDS", "BAD_USER_INPUT")),
    "ids, one over": (IDS, {"i": ["QQ"] * 101}, refused("TOO_MANY_IDS")),
    "ids in a list of lists": (IDS, {"i": [["x"]]}, BAD),
    "ids null": (IDS, {"i": [None]}, BAD),
    "id a huge number": ("query ($i: ID!) { node(id: $i) { id } }", {"i": 10**18}, BAD),
    "first 0": (PAGED, {"n": 0}, BAD),
    "first negative": (PAGED, {"n": -1}, BAD),
    "first beyond": (PAGED, {"n": 1001}, BAD),
    "first beyond 32 bits": (PAGED, {"n": 2**31}, BAD),
    "first beyond 64 bits": (PAGED, {"n": 2**63}, refused("BAD_USER_INPUT", "BAD_REQUEST")),
    "first a fraction": (PAGED, {"n": 1.5}, BAD),
    "first a text": (PAGED, {"n": "1"}, BAD),
    "first true": (PAGED, {"n": True}, BAD),
    "first and last": ("{ assets(first: 1, last: 1) { nodes { id } } }", {}, BAD),
    "near beyond the poles": (NEAR, {"n": {"lat": 91.0, "lon": 0.0, "km": 1.0}}, BAD),
    "near all": (NEAR, {"n": {"lat": 1e308, "lon": -1e308, "km": 1e308}}, BAD),
    "orders without end": (ORDERED, {"o": [{"field": "NAME"}] * 5_000}, BAD),
    "order by a column": (ORDERED, {"o": [{"field": "name; drop table x"}]}, BAD),
    "period that ends before it begins": (
        "query ($a: DateTime) { coverages(at: $a) { nodes { id } } }",
        {"a": "9999-99-99T99:99:99Z"},
        BAD,
    ),
    "year 10000": ("query ($a: DateTime) { coverages(at: $a) { nodes { id } } }", {"a": "10000-01-01T00:00:00Z"}, BAD),
    "variables nobody asked for": (
        "{ viewer { subject } }",
        {f"v{n}": [[[n]]] for n in range(9_000)},
        lambda reply: "" if reply.answers and reply.answers[0][0] == 200 else f"{reply.answers}",
    ),
    "variable missing": ("query ($i: ID!) { node(id: $i) { id } }", {}, BAD),
    "identifier without characters": (
        "query ($v: String!) { assetBy(scheme: VIN, value: $v, first: 1) { nodes { id } } }",
        {"v": "-. \u00a0" * 1_000},
        Either((BAD, lambda reply: "" if reply.json().get("data") == {"assetBy": {"nodes": []}} else "found")),
    ),
    "identifier in combining marks": (
        "query ($v: String!) { assetBy(scheme: VIN, value: $v, first: 1) { nodes { id } } }",
        {"v": "e" + "\u0301" * 30_000},
        Either((BAD, lambda reply: "" if reply.json().get("data") == {"assetBy": {"nodes": []}} else "found")),
    ),
    "contains, of compatibility characters": (
        FILTERED,
        {"f": {"name": {"contains": "\ufdfa" * 20_000}}},
        Either((COMPLEX, lambda reply: "" if reply.json().get("data") == {"assets": {"nodes": []}} else "found")),
    ),
}


def _case(name: str, query: str, variables: Any, outcome: Outcome) -> Case:
    def parts(aim: Aim) -> list[Part]:
        return [aim.post(query, variables)]

    return Case(name, parts, outcome)


CASES = tuple(_case(name, *rest) for name, rest in VALUES.items())
