"""What is asked of one source at once: which columns of which mappings, and by what access."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from resolvers.cursor import Position
from resolvers.identifier import NameToken, Token
from resolvers.inline import Function
from resolvers.mapping import Mapping
from resolvers.predicate import Predicate


class OrderKey(NamedTuple):
    """One sort key: a dotted leaf path of the entity, "" for the partner itself."""

    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One mapping's share of a fetch. given: the paths it may deliver; withheld: those its partner does not share."""

    mapping: Mapping
    given: frozenset[str]
    withheld: frozenset[str] = frozenset()


class Show(Protocol):
    """How the response shows a record, said inside the function that reads the rows of a statement.

    kept: the places of a row's values that somebody looks at besides; None for all.
    """

    @property
    def kept(self) -> frozenset[int] | None: ...

    def write(self, function: Function, mapping: Mapping, key: str, values: Sequence[str]) -> str:
        """The expression of what is shown, of the row's key and values by their names. Any error while it runs: the
        rows are to be read without it. UnshownError where it would always end so."""


class UnshownError(Exception):
    """No record of a mapping can be shown while it is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Along:
    """A reference that a source may follow itself: in place of the token at `path` a row then holds the Row that
    `fetch`, of one arm of the same source, would bring for it, or None."""

    path: str
    fetch: Fetch


@dataclass(frozen=True, slots=True, eq=False)
class Fetch:
    """One statement's worth: one source, one entity, one level. paths: the columns of a row's values, in order.

    issues: whether rows carry what could not be understood.
    places: where in the response its records stand; aim: the edge of a filter that they are asked for instead. joins:
    the references that the source may follow. veiled: whether its rows hold what may be null for everybody. show: how
    rows are shown while they are read.
    """

    source: str
    entity: str
    paths: tuple[str, ...]
    arms: tuple[Arm, ...]
    issues: bool = False
    places: tuple[tuple[str, ...], ...] = ()
    aim: str = ""
    # What its source keeps for it: statements, by the structure of what is asked. Not of a copy with other paths.
    prepared: dict[Any, Any] = field(init=False, compare=False, repr=False, default_factory=dict)
    joins: tuple[Along, ...] = ()
    veiled: bool = False
    show: Show | None = None
    # What is told of it, worked out once (`disclosure`).
    told: dict[Any, Any] = field(init=False, compare=False, repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a total order: sort keys, then partner, mapping and the source's own key.

    after, before: exclusive bounds. limit: rows at most (per parent, where there are parents). backward: from the end.
    """

    order: tuple[OrderKey, ...] = ()
    after: Position | None = None
    before: Position | None = None
    limit: int | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a window that fulfil a condition over canonical paths."""

    window: Window
    condition: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows by local keys (mapping id -> keys) and by identifiers."""

    keys: Map[str, Sequence[str]]
    names: Sequence[NameToken] = ()


@dataclass(frozen=True, slots=True)
class Children:
    """The rows that lead, through the field `via`, to one of the parents' tokens, or (tokens None) to anything.

    The window's limit is for each parent; where it is `whole`, or there are no tokens, for each mapping.
    """

    via: str
    tokens: Sequence[Token] | None
    window: Window
    condition: Predicate | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class LinkRows:
    """What the link tables of field `path` name. owners: by (mapping, index): values of the `on` columns, as a key.

    places, aim: as of a Fetch.
    """

    path: str
    owners: Map[tuple[str, int], Sequence[str]]
    places: tuple[tuple[str, ...], ...] = ()
    aim: str = ""


Access = Listing | Lookup | Children


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a source does of a condition and an order itself: the conjuncts that it takes, those that it leaves to the
    gateway, and whether its rows come in the order."""

    taken: Predicate | None
    left: Predicate | None
    ordered: bool


# A row of a link table: the owner (mapping id, link index, values of its `on` columns as a key) and what it leads to.
Linked = tuple[tuple[str, int, str], Token]


class Row(NamedTuple):
    """One record as its source gave it, values canonical and in the fetch's order of paths. shown: the object of the
    response, where it was made at once: values that nobody else looks at are then left out, and null."""

    mapping: Mapping
    key: str
    values: tuple[Any, ...]
    sort: tuple[Any, ...] = ()
    parent: Token | None = None
    issues: tuple[tuple[str, str, str], ...] = ()  # code, path, raw text
    shown: Any = None


class Seed(NamedTuple):
    """What a row says of its links: tokens in the row itself, and what to look for in link tables, by link index."""

    tokens: tuple[Token, ...]
    owners: tuple[tuple[int, str], ...]
