"""Whom and what a coverage insures."""

from __future__ import annotations

import strawberry

from schema.asset import AssetKind
from schema.connection import Connection
from schema.cost import FREE
from schema.declaration import PERSONAL, links, mapped
from schema.declaration import partner as to_partner
from schema.identifier import Identifier
from schema.references import AssetRef, PartnerRef, PersonRef
from schema.vocabulary import Word, vocabulary


@vocabulary("How a coverage says which assets it insures.")
class AssetScope(Word):
    LISTED = "LISTED", "Those listed, of any partner."
    KIND = "KIND", "Those of some kinds."
    ALL_OWNED = "ALL_OWNED", "All that the policy's holder owns."
    UNKNOWN = "UNKNOWN", "The source does not say."


@vocabulary("How a coverage says which people it insures.")
class PersonScope(Word):
    ANY_AUTHORISED = "ANY_AUTHORISED", "Everybody whom the owner allows to use the asset."
    NAMED = "NAMED", "Those named."
    EMPLOYEES = "EMPLOYEES", "Employees of the holder, or of `partners`."
    MEMBERS = "MEMBERS", "Members of the holder, or of `partners`."
    POLICYHOLDER = "POLICYHOLDER", "The holder alone."
    UNKNOWN = "UNKNOWN", "The source does not say."


@strawberry.type(
    description="Which assets a coverage insures. Those listed may be any partner's: they are found by the identifiers "
    "that the policy names. What the caller may not see is as if it did not exist.",
    directives=[FREE],
)
class InsuredAssets:
    scope: AssetScope = mapped("How the assets are said.")
    listed: Connection[AssetRef] | None = links("Asset", "The assets that are listed.")
    excluded: Connection[AssetRef] | None = links("Asset", "The assets that are excluded; these go first.")
    identifiers: list[Identifier] | None = mapped(
        "The identifiers that the policy names. Answered to the coverage's partner and the policy's holder only."
    )
    kinds: list[AssetKind] | None = mapped("The kinds, where the scope is KIND; else null.")
    max_gross_weight_kg: float | None = mapped("Only vehicles up to this gross weight, in kilograms; e.g. `3500`.")


@strawberry.type(description="Which people a coverage insures.", directives=[FREE])
class InsuredPersons:
    scope: PersonScope = mapped("How the people are said.")
    named: Connection[PersonRef] | None = links("Person", "The people who are named. Personal.", PERSONAL)
    excluded: Connection[PersonRef] | None = links(
        "Person", "The people who are excluded; these go first. Personal.", PERSONAL
    )
    requires_authorisation: bool | None = mapped("Whether the owner must have allowed the use.")
    min_age: int | None = mapped("Least age in years; e.g. `21`.")
    max_age: int | None = mapped("Greatest age in years.")
    min_licence_years: int | None = mapped("How many years the person must have held the licence; e.g. `3`.")
    licence_categories: list[str] | None = mapped('The licence categories of which one is needed; e.g. `["B"]`.')
    partners: list[PartnerRef] | None = to_partner(
        "The organisations whose people are meant; null where the holder's are."
    )
