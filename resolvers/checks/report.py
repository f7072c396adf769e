"""What a check found out: findings to act on, and facts of each source and mapping that are good to know."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from resolvers.errors import Mistake


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """rows: how many it has, at least so many where not `whole`. filled: path -> share of rows that say something.

    orders: name -> "indexed" (an index gives the order), "sorted" (the database sorts what fulfils the filter) or
    "gateway" (the gateway sorts it); "" is the order by key, which lists without an order of their own have.
    """

    name: str
    entity: str
    rows: int = 0
    whole: bool = True
    filled: Map[str, float] = field(default_factory=dict)
    orders: Map[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """server: product and version, None where it was not reached. latency: seconds. skew: of its clock, in seconds."""

    partner: str
    name: str
    server: str | None = None
    latency: float | None = None
    read_only: bool | None = None
    can_write: bool | None = None
    skew: float | None = None
    seconds: float = 0.0
    mappings: tuple[MappingFacts, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.partner}.{self.name}"


@dataclass(frozen=True, slots=True)
class Report:
    """findings: of all sources, by source and mapping. A finding's level is error, warning or info."""

    findings: tuple[Mistake, ...]
    sources: tuple[SourceFacts, ...]


def several(count: int, noun: str) -> str:
    """'1 row', '1,600 rows'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def figure(count: int, codes: object) -> str:
    """'7 (12 rows)'."""
    return f"{codes} ({several(count, 'row')})"
