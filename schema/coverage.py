"""Coverages: what a policy insures, for whom, on which terms and up to how much."""

from __future__ import annotations

from datetime import datetime

from schema.declaration import Node, entity, mapped, system, to_one
from schema.insured import InsuredAssets, InsuredPersons
from schema.limit import CoverageCondition, Deductible, Limit
from schema.provenance import Provenance
from schema.references import PartnerRef, PolicyRef
from schema.terms import GoodsTerms, TerritoryTerms, TimeTerms, UseTerms
from schema.vocabulary import Word, vocabulary


@vocabulary("What a coverage is against, or for.")
class CoverageKind(Word):
    THIRD_PARTY_LIABILITY = "THIRD_PARTY_LIABILITY", "Harm to others; for motor vehicles required by law."
    OWN_DAMAGE = "OWN_DAMAGE", "Any accidental damage to the asset itself."
    COLLISION = "COLLISION", "Damage to the asset in a collision with a known third party."
    THEFT = "THEFT", "Theft of the asset, and damage from an attempt."
    FIRE = "FIRE", "Fire and explosion."
    GLASS = "GLASS", "Broken glass."
    NATURAL_EVENT = "NATURAL_EVENT", "Storm, hail, flood and other forces of nature."
    DRIVER_INJURY = "DRIVER_INJURY", "Injury of whoever drives."
    GOODS_IN_TRANSIT = "GOODS_IN_TRANSIT", "Goods that are carried."
    OCCASIONAL_DRIVER = "OCCASIONAL_DRIVER", "Extends others to occasional drivers."
    VEHICLE_LOAN = "VEHICLE_LOAN", "Extends others to a vehicle that is lent, or borrowed."
    LEGAL_PROTECTION = "LEGAL_PROTECTION", "Cost of going to law."
    ASSISTANCE = "ASSISTANCE", "Breakdown service, towing, replacement vehicle."
    EQUIPMENT_ALL_RISKS = "EQUIPMENT_ALL_RISKS", "Any damage to equipment and devices."
    PREMISES = "PREMISES", "Buildings and rooms, and liability as their occupier."
    OTHER = "OTHER", "Anything else, or the source does not say."


@entity(
    "One guarantee of a policy: what is insured, for whom, on which terms, up to how much. Unstated, unrestricted and "
    "none are three different things: null or UNKNOWN, ANY, an empty list.",
    orders={"KIND": "kind", "START": "start", "END": "end", "PARTNER": ""},
    fallback={
        "kind": "OTHER",
        "insuredAssets.scope": "UNKNOWN",
        "insuredPersons.scope": "UNKNOWN",
        "uses.scope": "UNKNOWN",
        "times.scope": "UNKNOWN",
        "territories.scope": "UNKNOWN",
        "goods.scope": "UNKNOWN",
        "limits.basis": "UNKNOWN",
        "limits.rule": "UNKNOWN",
        "limits.unlimited": False,
        "deductibles.kind": "UNKNOWN",
        "conditions.checkable": False,
    },
)
class Coverage(Node):
    partner: PartnerRef = system("The partner whose record it is, as a rule the insurer or its broker.")
    policy: PolicyRef | None = to_one("Policy", "The policy that it belongs to.")
    kind: CoverageKind = mapped("What it is against, or for.")
    label: str | None = mapped("What the insurer calls it; e.g. `Marchandises transportées`.")
    start: datetime | None = mapped("When it begins.")
    end: datetime | None = mapped("When it ends; this moment is itself outside.")
    insured_assets: InsuredAssets | None = mapped("Which assets it insures.")
    insured_persons: InsuredPersons | None = mapped("Which people it insures.")
    uses: UseTerms | None = mapped("For which uses it holds.")
    off_duty: bool | None = mapped("Whether it holds off duty; null where the source does not say.")
    times: TimeTerms | None = mapped("At which times of the week it holds.")
    territories: TerritoryTerms | None = mapped("Where it holds.")
    goods: GoodsTerms | None = mapped("For which goods it holds.")
    limits: list[Limit] | None = mapped("The most that it pays.")
    deductibles: list[Deductible] | None = mapped("What the insured pays of a loss.")
    conditions: list[CoverageCondition] | None = mapped("What must be so for it to hold.")
    extends: list[CoverageKind] | None = mapped("The kinds that it adds to, e.g. OCCASIONAL_DRIVER to OWN_DAMAGE.")
    priority: int | None = mapped("Which goes first where several cover the same loss: the smaller number.")
    unparsed_terms: list[str] | None = mapped(
        "What the source says in prose and no rule could read. Shared only by name."
    )
    provenance: Provenance = system("Where the record came from.")
