"""Partners, the viewer and agreements as the resolvers hold them: what the caller may know of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from resolvers.agreement import Agreement, Share
from resolvers.context import Context
from resolvers.wording import condition_text


@dataclass(frozen=True, slots=True)
class SourceView:
    """A data store of a partner, without its address."""

    label: str
    mode: str
    health: str
    as_of: Any
    stale: bool
    message: str | None


class PartnerView:
    """A partner. `entity` tells Strawberry its type."""

    __slots__ = ("context", "partner")
    entity = "Partner"

    def __init__(self, context: Context, code: str) -> None:
        self.context = context
        self.partner = context.catalog.partners[code]

    @property
    def code(self) -> str:
        return self.partner.code

    @property
    def name(self) -> str:
        return self.partner.name

    @property
    def kind(self) -> str:
        return self.partner.kind

    @property
    def time_zone(self) -> str:
        return self.partner.zone

    @property
    def currency(self) -> str:
        return self.partner.currency

    @property
    def contact(self) -> str | None:
        return self.partner.contact

    @property
    def website(self) -> str | None:
        return self.partner.website

    @property
    def identifiers(self) -> list[dict[str, Any]] | None:
        compared = self.context.catalog.model.compared
        found = [
            {"scheme": scheme, "value": value, "normalized": compared(value, scheme), "country": None}
            for scheme, value in self.partner.identifiers
        ]
        return found or None

    @property
    def sources(self) -> list[SourceView]:
        found = []
        for source in self.partner.sources.values():
            health = self.context.pools.health(source.id)
            found.append(
                SourceView(source.label, source.mode.upper(), health.state, health.as_of, False, health.message)
            )
        return found

    def id(self) -> str:
        """Its global id."""
        return self.context.ids.write("Partner", self.code, "")


class Partners(dict[str, PartnerView]):
    """The partners of one request, made when they are met."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def __missing__(self, code: str) -> PartnerView:
        found = self[code] = PartnerView(self._context, code)
        return found

    def shown(self, code: str | None) -> PartnerView | None:
        """The partner of a code, where there is one that the caller may know."""
        return self[code] if code is not None and self._context.shown(code) else None


@dataclass(frozen=True, slots=True)
class SharedView:
    """What an agreement shares of one entity."""

    entity: str
    fields: list[str]
    masked: list[str]
    rows: str | None


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement in force with the viewer's partner."""

    code: str
    version: int
    provider: PartnerView
    start: date | None
    end: date | None
    purposes: list[str]
    entities: list[SharedView]


@dataclass(frozen=True, slots=True)
class ViewerView:
    """Who asks, and what that amounts to now."""

    context: Context
    partner: PartnerView
    subject: str
    scopes: list[str]
    purpose: str | None
    purposes: list[str]
    agreements: list[AgreementView]


def viewer_view(context: Context) -> ViewerView:
    """The viewer of a request."""
    viewer = context.viewer
    return ViewerView(
        context,
        context.partners[viewer.partner],
        viewer.subject,
        sorted(viewer.scopes),
        viewer.purpose,
        list(viewer.purposes),
        _agreements(context, context.catalog.agreements(viewer.partner, context.now.date())),
    )


def _agreements(context: Context, agreements: Iterable[Agreement]) -> list[AgreementView]:
    return [
        AgreementView(
            agreement.code,
            agreement.version,
            context.partners[agreement.provider],
            agreement.start,
            agreement.end,
            sorted(agreement.purposes),
            [_shared(context, entity, share) for entity, share in sorted(agreement.grants.items())],
        )
        for agreement in agreements
    ]


def _shared(context: Context, entity: str, share: Share) -> SharedView:
    rows = None if share.where is None else condition_text(context.catalog.model, entity, share.where)
    return SharedView(entity, sorted(share.fields), sorted(share.mask), rows)
