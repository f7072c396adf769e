"""What the graph's scalars write, and what they refuse to read."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from graphql import GraphQLError, GraphQLScalarType, parse_value

from schema.graph import build

PARIS = timezone(timedelta(hours=1))
LOCAL_MEAN_TIME = timezone(timedelta(seconds=561))


def scalar(name: str) -> GraphQLScalarType:
    found = build()._schema.type_map[name]
    assert isinstance(found, GraphQLScalarType)
    return found


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("DateTime", datetime(2026, 3, 14, 18, tzinfo=UTC), "2026-03-14T18:00:00Z"),
        ("DateTime", datetime(2026, 3, 14, 18, tzinfo=timezone(timedelta(0))), "2026-03-14T18:00:00Z"),
        ("DateTime", datetime(2026, 3, 14, 18, 0, 0, 5, tzinfo=PARIS), "2026-03-14T18:00:00.000005+01:00"),
        ("DateTime", datetime(1900, 1, 1, tzinfo=LOCAL_MEAN_TIME), "1899-12-31T23:50:39Z"),
        ("Date", date(2024, 2, 29), "2024-02-29"),
        ("LocalTime", time(6), "06:00"),
        ("LocalTime", time(6, 0, 30), "06:00:30"),
        ("Decimal", Decimal("1E+4"), "10000"),
        ("Decimal", Decimal("10000.00"), "10000.00"),
        ("Decimal", Decimal("1E-9"), "0.000000001"),
        ("Decimal", 7, "7"),
        ("CurrencyCode", "EUR", "EUR"),
        ("RegionCode", "FR-69", "FR-69"),
    ],
)
def test_values_are_written_in_one_form_that_can_be_read_again(name: str, value: object, text: str) -> None:
    written = scalar(name).coerce_output_value(value)
    assert written == text
    assert scalar(name).coerce_input_value(written) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateTime", datetime(2026, 3, 14)),  # noqa: DTZ001
        ("DateTime", date(2026, 3, 14)),
        ("Date", datetime(2026, 3, 14, 23, tzinfo=UTC)),
        ("LocalTime", time(6, tzinfo=UTC)),
        ("Decimal", 0.1),
        ("Decimal", True),
        ("Decimal", Decimal("NaN")),
        ("CurrencyCode", 978),
    ],
)
def test_what_would_be_guessed_is_not_written(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        scalar(name).coerce_output_value(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateTime", "2026-03-14"),
        ("DateTime", "2026-03-14T18:00:00"),
        ("DateTime", "2026-03-14 18:00:00Z"),
        ("DateTime", "2026-02-30T18:00:00Z"),
        ("DateTime", "2026-03-14T24:00:00Z"),
        ("DateTime", "2026-03-14T18:00:00+24:00"),
        ("DateTime", "2026-03-14T18:00:00.1234567Z"),
        ("DateTime", "2026-03-14T18:00:00Z\n"),
        ("DateTime", "٢٠٢٦-03-14T18:00:00Z"),
        ("DateTime", 1773500400),
        ("Date", "2026-3-14"),
        ("Date", "20260314"),
        ("Date", "2026-W11-6"),
        ("Date", "2025-02-29"),
        ("LocalTime", "6:00"),
        ("LocalTime", "24:00"),
        ("LocalTime", "18:00Z"),
        ("Decimal", 10.5),
        ("Decimal", "1e4"),
        ("Decimal", "NaN"),
        ("Decimal", "1,5"),
        ("Decimal", "007"),
        ("CurrencyCode", "eur"),
        ("CurrencyCode", "EURO"),
        ("RegionCode", "FRA"),
        ("RegionCode", "fr"),
    ],
)
def test_other_forms_are_refused_with_the_form_that_is_expected(name: str, value: object) -> None:
    with pytest.raises(GraphQLError, match=r"^Expected an? .*, e\.g\. \".*; found ") as refusal:
        scalar(name).coerce_input_value(value)
    assert len(refusal.value.message) < 200
    assert "Error" not in refusal.value.message


async def test_a_refusal_says_where_in_the_operation() -> None:
    result = await build().execute('{ coverages(at: "tomorrow") { partial } }')
    assert result.data is None and result.errors is not None
    assert result.errors[0].message.startswith('Expected a DateTime with an offset, e.g. "2026-03-14T18:00:00+01:00"')
    assert result.errors[0].locations == [(1, 17)]


def test_long_input_is_not_sent_back() -> None:
    with pytest.raises(GraphQLError) as refusal:
        scalar("Date").coerce_input_value("9" * 100_000)
    assert len(refusal.value.message) < 200


def test_region_groups_and_json_pass() -> None:
    assert scalar("RegionCode").coerce_input_value("EEA") == "EEA"
    assert scalar("JSON").coerce_output_value({"a": [1, None, {"b": 2.5}]}) == {"a": [1, None, {"b": 2.5}]}
    assert scalar("JSON").parse_literal(parse_value('{a: [1, null, "x"]}')) == {"a": [1, None, "x"]}
