"""Policies: contracts of insurance, and whether they are in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schema.connection import Connection
from schema.declaration import Node, argument, derived, entity, mapped, reverse, system
from schema.declaration import partner as to_partner
from schema.order import CoverageOrder
from schema.provenance import Provenance
from schema.references import CoverageRef, PartnerRef
from schema.vocabulary import Word, vocabulary


@vocabulary("Whether a policy holds at a moment.")
class PolicyStatus(Word):
    DRAFT = "DRAFT", "Not yet concluded."
    FUTURE = "FUTURE", "Concluded, not yet begun."
    IN_FORCE = "IN_FORCE", "In force."
    SUSPENDED = "SUSPENDED", "Suspended, e.g. for an unpaid premium."
    EXPIRED = "EXPIRED", "Ended, and not renewed."
    CANCELLED = "CANCELLED", "Called off by one of its parties."
    UNKNOWN = "UNKNOWN", "The source does not say enough."


def status_at(values: Mapping[str, Any], now: datetime, at: datetime | None = None) -> str | None:
    """The `PolicyStatus` of a policy at a moment (default: now); None where the mapping gives nothing to tell it from.

    values: stored `status` (a PolicyStatus's name), `start` and `end` (aware datetimes, half-open period) and
    `tacitRenewal`; a path that is not mapped is absent. Stored states lie more often than dates do: only those that no
    date can tell (DRAFT, SUSPENDED, CANCELLED) go before the dates, the others answer where the dates do not decide.
    A bound that is not there is unknown, not open. An end that the source itself takes for final is not renewed.
    """
    if not values:
        return None
    stored, start, end = values.get("status"), values.get("start"), values.get("end")
    moment = at or now
    if stored in (PolicyStatus.DRAFT, PolicyStatus.SUSPENDED, PolicyStatus.CANCELLED):
        return str(stored)
    renewed = values.get("tacitRenewal") is True and stored != PolicyStatus.EXPIRED
    if start is not None and moment < start:
        return PolicyStatus.FUTURE.value
    if end is not None and moment >= end:
        return PolicyStatus.IN_FORCE.value if renewed else PolicyStatus.EXPIRED.value
    if start is not None and (end is not None or renewed):
        return PolicyStatus.IN_FORCE.value
    if stored is None or (stored == PolicyStatus.FUTURE and start is not None):
        return PolicyStatus.UNKNOWN.value
    return str(stored)


@entity(
    "A contract of insurance. What it covers is in its coverages.",
    orders={"NUMBER": "number", "START": "start", "END": "end", "PARTNER": ""},
)
class Policy(Node):
    partner: PartnerRef = system("The partner whose record it is, as a rule the insurer or its broker.")
    number: str | None = mapped("Its number, as the insurer writes it; e.g. `FL-2024-00172`.")
    insurer: str | None = mapped("The insurer's name, as the source writes it.")
    insurer_partner: PartnerRef | None = to_partner("The insurer, where it is a partner.")
    holder: str | None = mapped("The name of the organisation that holds it, as the source writes it.")
    holder_partner: PartnerRef | None = to_partner("The holder, where it is a partner.")
    status: PolicyStatus | None = derived(
        status_at,
        "Whether it holds at a moment, from its dates and tacit renewal: stored states are often out of date. What the "
        "source says goes first only for DRAFT, SUSPENDED and CANCELLED, and answers where the dates do not decide.",
        needs=("status", "start", "end", "tacitRenewal"),
        arguments=[argument("at", datetime | None, "The moment in question; now where nothing is said.")],
    )
    source_status: str | None = mapped("What the source calls its state; e.g. `open`.")
    start: datetime | None = mapped("When it begins.")
    end: datetime | None = mapped("When it ends; this moment is itself outside.")
    tacit_renewal: bool | None = mapped("Whether it goes on after its end unless one of its parties gives notice.")
    coverages: Connection[CoverageRef] | None = reverse(
        "Coverage", "Coverage.policy", "What it covers.", order=CoverageOrder, filtered=True
    )
    provenance: Provenance = system("Where the record came from.")
