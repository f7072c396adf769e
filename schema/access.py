"""The account of who read what of the caller's partner."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.connection import PageInfo
from schema.references import PartnerRef


@strawberry.type(description="What one answered operation read of one entity of my partner.")
class Access:
    at: datetime = strawberry.field(description="When it was answered.")
    partner: PartnerRef | None = strawberry.field(
        description="The partner that read; null where it is in the federation no longer."
    )
    partner_code: str = strawberry.field(description="That partner's code; e.g. `city`.")
    subject: str = strawberry.field(
        description="A pseudonym of the person or machine: always the same one, and the gateway alone can make it."
    )
    purpose: str | None = strawberry.field(description="What for, as the credential and the request said.")
    operation: str | None = strawberry.field(description="The name of the operation; null where it had none.")
    entity: str = strawberry.field(description="The entity's name in the graph; e.g. `Asset`.")
    fields: list[str] = strawberry.field(description="The fields that were read, by their names in the graph.")
    tested: list[str] = strawberry.field(
        description="The fields that records were chosen or sorted by, read or not; e.g. those of a filter."
    )
    rows: int = strawberry.field(description="How many records were read.")
    agreements: list[str] = strawberry.field(
        description="The agreements that granted it, with their versions; e.g. `commons@2`. Empty: own records."
    )


@strawberry.type(description="An entry of a page of the account.")
class AccessEdge:
    cursor: str = strawberry.field(description="Opaque position of this entry, for `after`.")
    node: Access = strawberry.field(description="The access.")


@strawberry.type(description="A page of the account of who read what, newest first.")
class AccessConnection:
    edges: list[AccessEdge] = strawberry.field(description="The entries with their cursors.")
    nodes: list[Access] = strawberry.field(description="The same entries, without cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the account.")
