"""Who asks, and what that amounts to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """An authenticated caller.

    partner: code of the organisation that vouches for it. subject: the identity provider's name for the person or
    machine. scopes: what the credential may do. purposes: what it may be used for; purpose: the one chosen, if any.
    """

    partner: str
    subject: str
    scopes: frozenset[str]
    purposes: tuple[str, ...] = ()
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a viewer may see now. All viewers with an equal grant share plans.

    agreements: (provider, code, version) of those in force with the viewer's partner.
    """

    partner: str
    scopes: frozenset[str]
    purpose: str | None
    agreements: tuple[tuple[str, str, int], ...]
