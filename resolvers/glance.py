"""Predicates and orders over canonical values, in the gateway: what a source could not do itself."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from datetime import date, datetime
from typing import Any

from resolvers.border import stand_in
from resolvers.cursor import Position
from resolvers.entity import Field, Model
from resolvers.fetch import OrderKey, Row
from resolvers.folding import fold
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.mapping import rank_of
from resolvers.predicate import And, Compare, LeadsTo, Near, Not, OneOf, Or, Predicate, Some, names

EARTH_KM = 6371.0088  # mean radius (IUGG)


class Glance:
    """How rows of one fetch are looked at.

    paths: dotted path -> place in a row's values. withheld: by view of a mapping, the paths that are unknown: no row
    passes an atom on them, negated or not. known: by the identity of an atom that was asked of the source, the rows
    that fulfil it, as (mapping id, key). names: the path of the identifiers by which records are linked.
    """

    def __init__(
        self,
        model: Model,
        entity: str,
        paths: Map[str, int],
        withheld: Map[str, frozenset[str]],
        known: Map[int, Collection[tuple[str, str]]] | None = None,
        names: str | None = None,
    ) -> None:
        self.model = model
        self.entity = entity
        self.paths = paths
        self.withheld = withheld
        self.known = known or {}
        self._names = names
        self._indexes: dict[int, Index] = {}

    def holds(self, predicate: Predicate, row: Row) -> bool:
        """Whether a row fulfils a predicate in negation normal form."""
        match predicate:
            case And(members=members):
                return all(self.holds(member, row) for member in members)
            case Or(members=members):
                return any(self.holds(member, row) for member in members)
            case Not(member=member):
                return not self._unknown(member, row) and not self._fulfils(member, row)
            case _:
                return not self._unknown(predicate, row) and self._fulfils(predicate, row)

    def _unknown(self, atom: Predicate, row: Row) -> bool:
        return not self.withheld.get(row.mapping.view, frozenset()).isdisjoint(names(atom))

    def _fulfils(self, atom: Predicate, row: Row) -> bool:
        if id(atom) in self.known:
            return (row.mapping.id, row.key) in self.known[id(atom)]
        match atom:
            case Compare(name=path, operator=name, value=wanted):
                return compares(self.value(row, path), name, wanted)
            case Some(path=path, predicate=inner):
                return any(_part_holds(inner, entry) for entry in self.value(row, path) or ())
            case Near(path=path, lat=lat, lon=lon, km=km):
                there = self.value(row, f"{path}.lat"), self.value(row, f"{path}.lon")
                return None not in there and distance(lat, lon, *there) <= km
            case LeadsTo(path=path, tokens=tokens):
                mine = self.value(row, path)
                return mine is not None and self._index(atom, tokens).leads(mine)
            case OneOf(tokens=tokens):
                index = self._index(atom, tokens)
                return any(index.names(own) for own in self._tokens(row))
            case _:
                raise AssertionError(f"{type(atom).__name__} is no atom")

    def _index(self, atom: Predicate, tokens: Iterable[Token]) -> Index:
        found = self._indexes.get(id(atom))
        if found is None:
            found = self._indexes[id(atom)] = Index(tokens)
        return found

    def value(self, row: Row, path: str) -> Any:
        """The canonical value at a path, null where a part around it is null; the owner's code at ""."""
        if not path:
            return row.mapping.partner
        if any(self._at(row, guard) is None for guard in self.model.guards(self.entity, path)):
            return None
        return self._at(row, path)

    def _at(self, row: Row, path: str) -> Any:
        place = self.paths.get(path)
        found = None if place is None else row.values[place]
        if found is not None or path in self.withheld.get(row.mapping.view, ()):
            return found
        default = stand_in(self.model, self.entity, path, self.model.field(self.entity, path))
        outer = path.rpartition(".")[0]
        if outer and not row.mapping.holds(outer):
            return None
        return row.key if default == "" else default

    def _tokens(self, row: Row) -> Iterator[Token]:
        yield KeyToken(row.mapping.id, row.key)
        for name in (self.value(row, self._names) or ()) if self._names is not None else ():
            yield NameToken(name["scheme"], name["normalized"], name["country"], row.mapping.partner, name["value"])

    # order -----------------------------------------------------------------------------------------------------------

    def sort(self, row: Row, order: Sequence[OrderKey]) -> tuple[Any, ...]:
        """What a row sorts by, comparable with what databases return for the same keys."""
        return tuple(self._sort_value(row, key.path) for key in order)

    def _sort_value(self, row: Row, path: str) -> Any:
        if not path:
            return row.mapping.partner
        field = self.model.field(self.entity, path)
        found = self.value(row, path)
        if found is None and path in self.withheld.get(row.mapping.view, ()):  # sorts as missing
            default = stand_in(self.model, self.entity, path, field)
            found = row.key if self.model.entities[self.entity].fallback.get(path) == "" else default
        return comparable(field, found)


def comparable(field: Field, value: Any) -> Any:
    """A canonical value as sort keys are: enums by their place in the declared order, numbers as doubles."""
    if value is None:
        return None
    if field.values:
        return field.values.index(value)
    return float(value) if field.type in ("Int", "Float", "Decimal") else value


def side(row: Row, position: Position, order: Sequence[OrderKey]) -> int | None:
    """-1 before a position, 1 after it; None where only the source's own order of keys can tell."""
    for key, mine, theirs in zip(order, row.sort, position.values, strict=True):
        left, right = (mine is None, mine), (theirs is None, theirs)
        if left != right:
            greater = left[0] if left[0] != right[0] else mine > theirs
            return 1 if greater != key.descending else -1
    here, there = row.mapping.rank, rank_of(position.mapping)
    return None if here == there else 1 if here > there else -1


def looked_at(model: Model, entity: str, predicate: Predicate, linked: str | None) -> Iterator[str]:
    """The canonical paths that a row needs for a predicate. linked: that of the identifiers by which it is linked."""
    match predicate:
        case And(members=members) | Or(members=members):
            for member in members:
                yield from looked_at(model, entity, member, linked)
        case Not(member=member):
            yield from looked_at(model, entity, member, linked)
        case OneOf(tokens=tokens):
            if linked is not None and any(isinstance(token, NameToken) for token in tokens):
                yield linked
        case Near(path=path):
            yield from (f"{path}.lat", f"{path}.lon")
        case Some(path=path) | LeadsTo(path=path) | Compare(name=path):
            if path:
                yield path
                yield from model.guards(entity, path)


def possible(predicate: Predicate, partner: str) -> bool:
    """Whether a record of a partner can fulfil a predicate, as far as the partner alone can tell."""
    match predicate:
        case Compare(name="", operator=operator_, value=wanted):
            return compares(partner, operator_, wanted)
        case Not(member=Compare(name="", operator=operator_, value=wanted)):
            return not compares(partner, operator_, wanted)
        case LeadsTo(tokens=tokens):
            return bool(tokens)
        case OneOf(tokens=tokens):
            return any(_of(partner, token) for token in tokens)
        case And(members=members):
            return all(possible(member, partner) for member in members)
        case Or(members=members):
            return any(possible(member, partner) for member in members)
        case _:
            return True


def _of(partner: str, token: Token) -> bool:
    """Whether a token can name a record of a partner."""
    if isinstance(token, KeyToken):
        return token.mapping.partition(".")[0] == partner
    return token.partner in (None, partner)


# comparing -----------------------------------------------------------------------------------------------------------

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def compares(value: Any, name: str, wanted: Any) -> bool:
    """One comparison, two-valued: with null it is false. Texts by code point; `contains` whatever case and accents."""
    if name == "isNull":
        return bool((value is None) == wanted)
    if value is None:
        return False
    match name:
        case "in":
            return any(_fits(value, "eq", item) for item in wanted)
        case "has":
            return bool(wanted in value)
        case "startsWith":
            return bool(value.startswith(wanted))
        case "contains":
            return fold(wanted) in fold(value)
        case _:
            return _fits(value, name, wanted)


def _fits(value: Any, name: str, wanted: Any) -> bool:
    if isinstance(wanted, datetime) != isinstance(value, datetime) and isinstance(value, date):
        return False
    return bool(_ORDER[name](value, wanted))


def _part_holds(predicate: Predicate, entry: Map[str, Any]) -> bool:
    match predicate:
        case And(members=members):
            return all(_part_holds(member, entry) for member in members)
        case Or(members=members):
            return any(_part_holds(member, entry) for member in members)
        case Not(member=member):
            return not _part_holds(member, entry)
        case Compare(name=path, operator=name, value=wanted):
            return compares(_member(entry, path), name, wanted)
        case Some(path=path, predicate=inner):
            return any(_part_holds(inner, item) for item in _member(entry, path) or ())
        case _:
            raise AssertionError(f"{type(predicate).__name__} in a part")


def _member(entry: Any, path: str) -> Any:
    for name in path.split("."):
        entry = None if entry is None else entry.get(name)
    return entry


class Index:
    """Tokens by what they share with others."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._keys: set[KeyToken] = set()
        self._pairs: dict[tuple[str, str], list[NameToken]] = {}
        for token in tokens:
            if isinstance(token, KeyToken):
                self._keys.add(token)
            else:
                self._pairs.setdefault(token.pair, []).append(token)

    def leads(self, token: Token) -> bool:
        """Whether a reference's token leads to one of the records that the tokens name."""
        if isinstance(token, KeyToken):
            return token in self._keys
        return any(token.meets(name.country, name.partner or "") for name in self._pairs.get(token.pair, ()))

    def names(self, token: Token) -> bool:
        """Whether one of the tokens, which are references', leads to the record that goes by `token`."""
        if isinstance(token, KeyToken):
            return token in self._keys
        return any(name.meets(token.country, token.partner or "") for name in self._pairs.get(token.pair, ()))


def distance(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Kilometres between two points along a great circle (haversine)."""
    up, across = math.radians(other_lat - lat) / 2, math.radians(other_lon - lon) / 2
    a = math.sin(up) ** 2 + math.cos(math.radians(lat)) * math.cos(math.radians(other_lat)) * math.sin(across) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(a)))
