"""Reads of what another partner does not share: answered as if it were not there, by whatever way.

`poste` shares no person's phone, no booking and no odometer with `city`; `broker` and `insurer` have
no agreement at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.hostile.case import Aim, Answered, Case, Outcome, Part, Reply, sound

STRANGER = "insurer"
"""Who asks for what `broker` has, and has no agreement with it."""


def ask(query: str, partner: str = STRANGER, **variables: str) -> Callable[[Aim], Sequence[Part]]:
    """An operation whose variables are ids of the aim, by name."""
    return lambda aim: [aim.post(query, {name: aim.ids[what] for name, what in variables.items()}, partner=partner)]


def without(path: str, *words: str) -> Outcome:
    """Answered, without errors, and nothing of the words in its data at `path`."""

    def judged(reply: Reply) -> str:
        if found := sound(reply):
            return found
        body: Any = reply.json()
        if "errors" in body:
            return f"errors {body['errors'][:2]}"
        data = body["data"]
        for name in path.split("."):
            data = None if data is None else data[name]
        told = [word for word in words if word in str(data)]
        return f"tells {told}" if told or (not words and data) else ""

    return judged


def blank(reply: Reply) -> str:
    """Nothing but whose they are is told of poste's people."""
    nodes = reply.json()["data"]["people"]["nodes"]
    theirs = [node for node in nodes if node.pop("partner") == {"code": "poste"}]
    told = [node for node in theirs if any(value not in (None, []) for value in node.values())]
    return f"{told[:2]}" if told or not theirs else sound(reply)


NODE = "query ($i: ID!) { node(id: $i) { __typename id ... on Policy { number } } }"
CASES = (
    Case("node of a stranger", ask(NODE, i="broker policy"), Answered({"node": None})),
    Case("node of a stranger's coverage", ask(NODE, i="broker coverage"), Answered({"node": None})),
    Case(
        "nodes, one's own among them",
        ask("query ($i: ID!, $o: ID!) { nodes(ids: [$i, $o, $i]) { __typename } }", i="broker policy", o="poste asset"),
        Answered({"nodes": [None, {"__typename": "Asset"}, None]}),
    ),
    Case("node of a booking", ask(NODE, "city", i="poste booking"), Answered({"node": None})),
    Case("partner of a stranger", ask('{ partner(code: "broker") { name } }'), Answered({"partner": None})),
    Case(
        "node of a stranger itself",
        ask("query ($i: ID!) { node(id: $i) { id } }", i="broker partner"),
        Answered({"node": None}),
    ),
    Case("partners", ask("{ partners { code } }"), without("partners", "broker")),
    Case("a list", ask("{ policies(first: 1000) { nodes { partner { code } } } }"), without("policies", "broker")),
    Case(
        "a list, narrowed",
        ask('{ policies(filter: {partner: {eq: "broker"}}) { nodes { id } totalCount } }'),
        Answered({"policies": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "a list, everything but",
        ask('{ policies(filter: {not: {partner: {eq: "broker"}}}, first: 1000) { nodes { partner { code } } } }'),
        without("policies", "broker"),
    ),
    Case(
        "bookings",
        ask("{ bookings(first: 1000) { nodes { id partner { code } } } }", "city"),
        without("bookings.nodes", "poste", "coop"),
    ),
    Case(
        "bookings of an asset",
        ask(
            "query ($i: ID!) { node(id: $i) { ... on Asset { bookings("
            'start: "2020-01-01T00:00:00Z", end: "2030-01-01T00:00:00Z") { nodes { id } } } } }',
            "city",
            i="poste asset",
        ),
        without("node.bookings.nodes"),
    ),
    Case(
        "filter by a booking",
        ask('{ assets(filter: {partner: {eq: "poste"}, bookings: {some: {}}}) { nodes { id } totalCount } }', "city"),
        Answered({"assets": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "filter by no booking",
        ask(
            '{ assets(filter: {partner: {eq: "poste"}, not: {bookings: {some: {}}}}) { nodes { id } totalCount } }',
            "city",
        ),
        Answered({"assets": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "filter by a withheld field",
        ask('{ assets(filter: {partner: {eq: "poste"}, odometerKm: {ge: 0}}) { nodes { id } totalCount } }', "city"),
        Answered({"assets": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "filter by its absence",
        ask(
            '{ assets(filter: {partner: {eq: "poste"}, odometerKm: {isNull: true}}) { nodes { id } totalCount } }',
            "city",
        ),
        Answered({"assets": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "filter by its opposite",
        ask(
            '{ assets(filter: {partner: {eq: "poste"}, not: {odometerKm: {ge: 0}}}) { nodes { id } totalCount } }',
            "city",
        ),
        Answered({"assets": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "filter by the custodian's phone",
        ask(
            '{ assets(filter: {partner: {eq: "poste"}, custodian: {phone: {startsWith: "0"}}}) '
            "{ nodes { id } totalCount } }",
            "city",
        ),
        Answered({"assets": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "a withheld field",
        ask(
            "query ($i: ID!) { node(id: $i) { ... on Asset { odometerKm position { lat } purchaseDate } } }",
            "city",
            i="poste asset",
        ),
        Answered({"node": {"odometerKm": None, "position": None, "purchaseDate": None}}),
    ),
    Case(
        "a withheld field under an alias",
        ask("query ($i: ID!) { node(id: $i) { ... on Asset { name: odometerKm } } }", "city", i="poste asset"),
        Answered({"node": {"name": None}}),
    ),
    Case(
        "a withheld field through an interface",
        ask(
            "query ($i: ID!) { node(id: $i) { ... on Node { ... on Asset { odometerKm } } } }", "city", i="poste asset"
        ),
        Answered({"node": {"odometerKm": None}}),
    ),
    Case(
        "a person's phone along an edge",
        ask(
            "query ($i: ID!) { node(id: $i) { ... on Asset { custodian { phone email birthDate } } } }",
            "city",
            i="poste asset",
        ),
        without("node", "@", "+3", "06", "19"),
    ),
    Case(
        "people",
        ask(
            "{ people(first: 1000) "
            "{ nodes { partner { code } email birthDate licences { number } identifiers { value } } } }",
            "city",
        ),
        blank,
    ),
    Case(
        "people, by phone",
        ask(
            '{ people(filter: {partner: {eq: "poste"}, phone: {startsWith: "0"}}) { nodes { id } totalCount } }', "city"
        ),
        Answered({"people": {"nodes": [], "totalCount": 0}}),
    ),
    Case(
        "a coverage's policy of a stranger",
        ask(
            "query ($i: ID!) { node(id: $i) { ... on Asset { coverages(first: 50) "
            "{ nodes { partner { code } policy { number } } } } } }",
            i="poste asset",
        ),
        without("node", "broker"),
    ),
    Case(
        "assets of a stranger by identifier",
        ask('{ assetBy(scheme: VIN, value: "x") { nodes { id } } }', "broker"),
        without("assetBy.nodes"),
    ),
    Case(
        "what is the same elsewhere",
        ask(
            "query ($i: ID!) { node(id: $i) { ... on Asset { sameAs { nodes { partner { code } } } } } }",
            "broker",
            i="poste asset",
        ),
        Answered({"node": {"sameAs": {"nodes": []}}}),
    ),
    Case(
        "what a partner's agreements are",
        ask("{ viewer { agreements { code provider { code } } } }"),
        without("viewer", "broker", "clients"),
    ),
)
