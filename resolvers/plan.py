"""What an operation fetches for a grant, place by place of the response: pure data, made by the planner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from resolvers.entity import Kind
from resolvers.level import Level

# A response path without list indexes, each key with the type that its field is selected on. Two branches can have
# the same keys and yet other fields and arguments there, where their types differ; never the same types too.
Place = tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class Step:
    """One place of the response that holds records of one entity.

    edge: the dotted path that leads here, on `parent`'s entity ("" at a root). via: for a reverse edge, the path on
    this entity that leads back. follow: the mapping ids whose records may follow the edge. named, keyed: whether
    a reverse edge goes by identifiers, and by keys. A value that is computed has a step too: `follow` are those that
    share it.
    """

    kind: Kind
    entity: str
    level: Level
    edge: str = ""
    via: str = ""
    follow: frozenset[str] = frozenset()
    named: bool = False
    keyed: bool = True


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that was asked for and that one partner does not show: told once per place and partner.

    used_in: FILTER or ORDER where it was not to be shown, but to be looked at. partly: whether the partner shows it in
    other records of the kind.
    """

    path: tuple[str, ...]
    partner: str
    entity: str
    field: str
    code: str
    agreements: tuple[str, ...]
    used_in: str | None = None
    partly: bool = False


@dataclass(slots=True, eq=False)
class Plan:
    """What an operation fetches for a grant.

    steps: by place. nodes: levels at places of interface type, by place and entity. looked_at: the variables that the
    planner looked at. answer: what was composed to answer it.
    unclear: whether a directive's condition is null.
    """

    steps: dict[Place, Step] = field(default_factory=dict)
    nodes: dict[tuple[Place, str], Level] = field(default_factory=dict)
    withheld: list[Withheld] = field(default_factory=list)
    looked_at: frozenset[str] = frozenset()
    answer: Any = None
    unclear: bool = False
