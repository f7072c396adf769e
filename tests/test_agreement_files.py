"""What a partner file says of an agreement is what it grants, and what the other side is told."""

from __future__ import annotations

import copy
import re
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.agreement import Agreement, Share, plain_fields
from resolvers.errors import OPERATOR_CODES
from resolvers.mask import MASKS
from resolvers.operand import CALLER
from resolvers.partner_file import read
from resolvers.predicate import And, Compare, Not, Or, Predicate, Some
from resolvers.wording import condition_text
from schema.model import model
from tests.broken import ODD, places, toml
from tests.gateways import running
from tests.mistakes import HEAD, whole

AMOUNT = "value.amount"
MANUAL = (Path(__file__).parent.parent / "docs" / "agreements.md").read_text("utf-8")
FULL = MANUAL.partition("```toml\n")[2].partition("```")[0]


def agreement(text: str) -> Agreement:
    partner, mistakes = read(Path("acme.toml"), whole(text).encode(), model(), {})
    assert partner is not None, [str(mistake) for mistake in mistakes]
    (found,) = partner.agreements
    return found


def share(text: str, entity: str = "Asset") -> Share:
    return agreement(f'[[agreement]]\ncode = "a"\nwith = "*"\n[agreement.{entity}]\n{text}').grants[entity]


def test_the_agreement_of_the_manual() -> None:
    found = agreement(FULL)
    assert (found.provider, found.code, found.version) == ("acme", "commons", 2)
    assert found.purposes == {"lending", "maintenance"}
    assert (found.start, found.end) == (date(2026, 1, 1), date(2028, 1, 1))
    asset, coverage, person = (found.grants[name] for name in ("Asset", "Coverage", "Person"))
    assert asset.read == frozenset({"LICENSE_PLATE"}) and asset.match == {"VIN"} and "identifiers" in asset.fields
    assert asset.where == And(
        (Compare("kind", "in", ("VAN", "BICYCLE")), Compare("status", "ne", "RETIRED")),
    )
    assert coverage.where == Some("policy", Compare("holderPartner", "eq", CALLER))
    assert coverage.scopes == {"claims"}
    assert person.mask == {"phone": "last2", "licences.number": "last4"}


def test_what_may_only_be_matched_is_not_read() -> None:
    matched = share('fields = ["kind"]\nidentifiers = { match = ["VIN"] }')
    assert matched.fields == {"kind"} and matched.read is None and matched.match == {"VIN"}
    read_ = share('fields = ["kind"]\nidentifiers = { read = ["VIN", "SERIAL"], match = ["VIN"] }')
    assert read_.fields == {"kind", "identifiers"} and read_.read == frozenset({"VIN", "SERIAL"}) and not read_.match
    alone = share('identifiers = { match = ["VIN"] }')
    assert not alone.fields and alone.match == {"VIN"}
    # "*" says that all identifiers may be read; what is said of them beside it counts
    plain = plain_fields(model().entities["Asset"])
    assert "identifiers" in plain
    assert share('fields = "*"\nidentifiers = { match = ["VIN"] }').fields == plain - {"identifiers"}
    assert share('fields = "*"').read is None


@pytest.mark.parametrize(
    ("entity", "where", "meant", "words"),
    [
        ("Asset", '{ name = { eq = "A b" } }', Compare("name", "eq", "A b"), 'name eq "A b"'),
        ("Asset", "{ seats = { ge = 5 } }", Compare("seats", "ge", 5), "seats ge 5"),
        ("Asset", "{ payloadKg = { lt = 5 } }", Compare("payloadKg", "lt", 5.0), "payloadKg lt 5.0"),
        ("Asset", "{ lendable = { eq = true } }", Compare("lendable", "eq", True), "lendable eq true"),
        (
            "Asset",
            "{ site = { kind = { isNull = false } } }",
            Some("site", Compare("kind", "isNull", False)),
            "site some (kind isNull false)",
        ),
        (
            "Asset",
            '{ value = { amount = { gt = "10.50", le = 20.1 }, currency = { eq = "EUR" } } }',
            And(
                (
                    And(
                        (
                            Compare("value.amount", "gt", Decimal("10.50")),
                            Compare("value.amount", "le", Decimal("20.1")),
                        )
                    ),
                    Compare("value.currency", "eq", "EUR"),
                )
            ),
            '(value.amount gt 10.50 and value.amount le 20.1) and value.currency eq "EUR"',
        ),
        (
            "Asset",
            "{ purchaseDate = { ge = 2020-01-01 }, updatedAt = { lt = 2026-01-01T01:00:00+01:00 } }",
            And(
                (
                    Compare("purchaseDate", "ge", date(2020, 1, 1)),
                    Compare("updatedAt", "lt", datetime(2026, 1, 1, tzinfo=UTC)),
                )
            ),
            "purchaseDate ge 2020-01-01 and updatedAt lt 2026-01-01T00:00:00+00:00",
        ),
        (
            "Asset",
            '{ or = [{ kind = { eq = "VAN" } }, { not = { status = { in = ["STOLEN", "STOLEN", "RETIRED"] } } }] }',
            Or((Compare("kind", "eq", "VAN"), Not(Compare("status", "in", ("STOLEN", "RETIRED"))))),
            "kind eq VAN or not (status in [STOLEN, RETIRED])",
        ),
        (
            "Coverage",
            '{ insuredAssets = { listed = { some = { kind = { eq = "VAN" } } } } }',
            Some("insuredAssets.listed", Compare("kind", "eq", "VAN")),
            "insuredAssets.listed some (kind eq VAN)",
        ),
        (
            "Policy",
            '{ holderPartner = { in = ["$caller", "coop"] }, holder = { ne = "$caller" } }',
            And((Compare("holderPartner", "in", (CALLER, "coop")), Compare("holder", "ne", CALLER))),
            'holderPartner in [$caller, "coop"] and holder ne $caller',
        ),
        ("Policy", '{ partner = { ne = "$caller" } }', Compare("", "ne", CALLER), "partner ne $caller"),
        ("Policy", '{ number = { eq = "true" } }', Compare("number", "eq", "true"), 'number eq "true"'),
    ],
)
def test_a_condition_means_what_the_graph_means_by_it(entity: str, where: str, meant: Predicate, words: str) -> None:
    found = share(f'fields = "*"\nwhere = {where}', entity).where
    assert found == meant
    assert condition_text(model(), entity, found) == words


def test_the_manual_has_every_mask() -> None:
    told = re.findall(r"^\| `(\w+)` \| \w[\w, ]* \| ([^|]+) \|", MANUAL, re.M)
    assert told == [(mask.name, mask.meaning) for mask in MASKS.values()]


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """An agreement with one or more places that are otherwise."""
    file = copy.deepcopy(tomllib.loads(FULL))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(file["agreement"])[1:]))
        outer = file["agreement"]
        for key in path[:-1]:
            outer = outer[key]
        outer[path[-1]] = copy.deepcopy(draw(ODD))
    return file


@settings(max_examples=300, deadline=None, derandomize=True)
@given(broken())
def test_an_agreement_broken_anywhere_gives_mistakes_and_never_an_exception(file: dict[str, Any]) -> None:
    partner, mistakes = read(Path("acme.toml"), (whole("") + toml(file)).encode(), model(), {})
    for mistake in mistakes:
        assert mistake.code in OPERATOR_CODES and mistake.message
    assert (partner is None) == any(mistake.level == "error" for mistake in mistakes)


async def test_the_other_side_is_told_what_it_may_see() -> None:
    other = HEAD.replace('"acme"', '"city"')
    query = """{ viewer { agreements { code version provider { code } start end purposes
        entities { entity fields masked rows } } } }"""
    async with running({"acme": whole(FULL), "city": other}, {}) as gateway:
        ((told,), own) = [
            (await gateway.data(query, partner=partner))["viewer"]["agreements"] for partner in ("city", "acme")
        ]
    assert own == []
    entities = told.pop("entities")
    assert told == {
        "code": "commons",
        "version": 2,
        "provider": {"code": "acme"},
        "start": "2026-01-01",
        "end": "2028-01-01",
        "purposes": ["lending", "maintenance"],
    }
    assert [(found["entity"], found["masked"], found["rows"]) for found in entities] == [
        ("Asset", [], "kind in [VAN, BICYCLE] and status ne RETIRED"),
        ("Coverage", [], "policy some (holderPartner eq $caller)"),
        ("Person", ["licences.number", "phone"], None),
    ]
    assert entities[1]["fields"] == ["*"] and "identifiers" in entities[0]["fields"]
