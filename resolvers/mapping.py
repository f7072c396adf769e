"""How rows of one table are records of one entity: what a partner file means, checked and frozen."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace

from resolvers.expression import Gathered, Rows, columns, other_tables, outcomes
from resolvers.expression import Value as Value
from resolvers.expression import pushable as pushable
from resolvers.predicate import Predicate, names

FIRST = " ?? "  # between the columns of a key of which the first that is not null counts


@dataclass(frozen=True, slots=True)
class Parts:
    """A list of composite values made from one row, each a table of leaves; then those made from rows of others."""

    members: tuple[Map[str, Value], ...]
    exact: frozenset[int] = frozenset()  # members whose spelling is one way (identifiers)
    gathered: tuple[Entries, ...] = ()

    @property
    def forms(self) -> tuple[Map[str, Value], ...]:
        """The tables of leaves, wherever the rows are."""
        return (*self.members, *(entries.fields for entries in self.gathered))

    def holds(self, name: str) -> bool:
        """Whether one of the entries has a member of that name."""
        return any(name in form for form in self.forms)


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of a list, one for each of the rows, whose columns are those of the rows' table and its joins."""

    rows: Rows
    fields: Map[str, Value]

    @property
    def read(self) -> Rows:
        """The rows with what is read of them."""
        return replace(self.rows, each=tuple(self.fields.values()))


@dataclass(frozen=True, slots=True)
class Names:
    """A JSON object with members of the partner's choice."""

    members: Map[str, Value]


@dataclass(frozen=True, slots=True)
class ByKey:
    """Leads to a record by the key of its mapping.

    columns: of the key. to: mapping ids ("partner.mapping") by code; code "" is the only one where no column decides.
    code: what reads the code. null: texts of a key that lead nowhere.
    """

    columns: tuple[str, ...]
    to: Map[str, str]
    code: Value | None = None
    null: tuple[str, ...] = ()

    @property
    def mappings(self) -> frozenset[str]:
        return frozenset(self.to.values())


@dataclass(frozen=True, slots=True)
class ByIdentifier:
    """Leads to a record known by an identifier: of one partner, of that which `whose` reads, or of any (both None)."""

    scheme: Value
    value: Value
    country: Value | None = None
    partner: str | None = None
    exact: bool = False
    whose: Value | None = None

    @property
    def partners(self) -> frozenset[str] | None:
        """The partners whose records it can lead to; None for any."""
        if self.whose is not None:
            return frozenset(str(code) for code in outcomes(self.whose))
        return None if self.partner is None else frozenset([self.partner])

    @property
    def schemes(self) -> frozenset[str]:
        """The schemes that can come out of it."""
        return frozenset(str(name) for name in outcomes(self.scheme))


Target = ByKey | ByIdentifier


@dataclass(frozen=True, slots=True)
class Link:
    """Leads to many records: in the row itself, or through a table (`on`: its column, the mapped table's column) with
    joins of its own. where: narrows the rows of that table; only: the mapped rows that lead anywhere."""

    target: Target
    table: str | None = None
    on: tuple[tuple[str, str], ...] = ()
    where: Predicate | None = None
    joins: Map[str, Join] = field(default_factory=dict, hash=False)
    only: Predicate | None = None


Binding = Value | Parts | Names | Target | tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Pivot:
    """Rows with a code and a value as columns. columns: name -> the code in column `key` whose row has the value."""

    key: str
    value: str
    columns: Map[str, str | int]


@dataclass(frozen=True, slots=True)
class Join:
    """One more table, one row of it beside each mapped row. `on`: (column of the joined table, column of the mapped
    table or of an earlier join).

    key: of the joined table, where one of several rows is picked: the first by `by` (the last, if descending), nulls
    last, equal ones by the key. pivot: its columns stand in place of the table's own.
    """

    name: str
    table: str
    on: tuple[tuple[str, str], ...]
    where: Predicate | None = None
    key: tuple[str, ...] = ()
    by: str | None = None
    descending: bool = False
    pivot: Pivot | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Granted:
    """Which rows of a mapping a grant shows. condition: over canonical paths, in negation normal form, edges inside the
    source among them (`Some`). whole: the mapping itself, since the condition may look at what the grant does not show.
    """

    condition: Predicate
    whole: Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """The rows of one table as records of one entity. `fields`: dotted path -> binding. Compared by identity.

    distinct: rows with one key are meant to be one record, and the first of them stands for all. id: stable name in
    global ids, "partner.mapping". A grant may show some rows of a mapping otherwise than others, each as a mapping of
    its own with the same id: `granted` says which rows, `share` tells them apart, and `view` is the name of both; what
    is said of a plan's mappings is said by view, what is said of records by id.
    """

    partner: str
    name: str
    entity: str
    source: str
    table: str
    key: tuple[str, ...]
    fields: Map[str, Binding]
    joins: Map[str, Join]
    where: Predicate | None = None
    key_is_personal: bool = False
    distinct: bool = False
    granted: Granted | None = None
    share: str = ""
    id: str = field(init=False)
    view: str = field(init=False)
    source_id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", f"{self.partner}.{self.name}")
        object.__setattr__(self, "view", self.id + self.share)
        object.__setattr__(self, "source_id", f"{self.partner}.{self.source}")

    @property
    def rank(self) -> tuple[str, str]:
        """Its place among mappings in the total order of lists; see `rank_of`."""
        return self.partner, self.name + self.share

    def holds(self, path: str) -> bool:
        """Whether it maps the field at a dotted path, or something in it."""
        return path in self.fields or any(name.startswith(path + ".") for name in self.fields)

    def tables(self) -> Iterator[str]:
        """Every table it reads."""
        yield self.table
        for join in self.joins.values():
            yield join.table
        for binding in self.fields.values():
            if isinstance(binding, tuple):
                yield from (link.table for link in binding if link.table is not None)
                yield from (join.table for link in binding for join in link.joins.values())
            elif isinstance(binding, Value):
                yield from (table for table, _ in other_tables(binding))
            elif isinstance(binding, Parts):
                yield from (table for entries in binding.gathered for table, _ in other_tables(_value(entries)))


def rank_of(view: str) -> tuple[str, str]:
    """The place in the total order of the mapping that a view names."""
    partner, _, rest = view.partition(".")
    return partner, rest


def id_of(view: str) -> str:
    """The id of the mapping that a view is of."""
    return view.partition("/")[0]


def leaves(mapping: Mapping) -> Iterator[Value]:
    """The value forms of its leaves, those in parts among them."""
    for binding in mapping.fields.values():
        match binding:
            case Value():
                yield binding
            case Parts(members=members):
                yield from (value for member in members for value in member.values())
            case Names(members=named):
                yield from named.values()


def target_values(target: Target) -> Iterator[Value]:
    """The value forms inside a target."""
    if isinstance(target, ByKey):
        if target.code is not None:
            yield target.code
    else:
        yield target.scheme
        yield target.value
        if target.country is not None:
            yield target.country
        if target.whose is not None:
            yield target.whose


def columns_of(binding: Binding) -> Iterator[tuple[str | None, str]]:
    """Every (link table or None, column) that a binding reads."""
    match binding:
        case Value():
            yield from ((None, name) for name in columns(binding))
            yield from ((table, name) for table, found in other_tables(binding) for name in found)
        case Parts(members=members, gathered=gathered):
            for member in members:
                for value in member.values():
                    yield from columns_of(value)
            for entries in gathered:
                yield from columns_of(_value(entries))
        case Names(members=members):
            for value in members.values():
                yield from columns_of(value)
        case ByKey() | ByIdentifier():
            yield from _target_columns(binding, None)
        case _:
            for link in binding:
                yield from ((link.table, column) for column, _ in link.on)
                yield from ((None, column) for _, column in link.on)
                yield from _target_columns(link.target, link.table)
                if link.where is not None:
                    yield from ((link.table, name) for name in names(link.where))
                if link.only is not None:
                    yield from ((None, name) for name in names(link.only))


def _value(entries: Entries) -> Value:
    return Value(Gathered((entries.read,)))


def _target_columns(target: Target, table: str | None) -> Iterator[tuple[str | None, str]]:
    if isinstance(target, ByKey):
        yield from ((table, name) for column in target.columns for name in column.split(FIRST))
    for value in target_values(target):
        yield from ((table, name) for name in columns(value))
