"""What a fetch lets its asker know of a partner's records, for the account that is kept of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass

from resolvers.agreement import scopes_of, stricter
from resolvers.context import Context
from resolvers.entity import LINKED, Model
from resolvers.fetch import Access, Arm, Children, Fetch, Lookup
from resolvers.mapping import Parts
from resolvers.sight import Sight

PLAIN = frozenset({"read"})
KEPT = 64  # tests of one fetch, by what they look at; over it they are worked out anew


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """What the rows of one arm of a fetch bring: the fields, members that are more private than their list among them;
    whether one of these is more than plain; and the codes of the agreements that grant the rows."""

    mapping: str
    fields: tuple[str, ...]
    personal: bool
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Disclosure:
    """What a fetch can bring. arms: by view of a mapping. personal: whether any row of it, or of those joined to them,
    brings more than plain fields. joins: where rows of other fetches stand in a row's values."""

    partner: str
    entity: str
    arms: Map[str, Brought]
    personal: bool
    joins: tuple[tuple[int, Fetch], ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """The paths that rows were chosen or sorted by; personal: whether one of them is more than plain."""

    paths: tuple[str, ...]
    personal: bool


NOTHING = Tested((), False)


def disclosure(fetch: Fetch, context: Context) -> Disclosure:
    """What a fetch of a request can bring; worked out once, because the grant is that of its plan."""
    found: Disclosure | None = fetch.told.get(Disclosure)
    if found is None:
        sight = context.sight
        arms = {arm.mapping.view: _brought(arm, fetch.entity, sight) for arm in fetch.arms}
        joins = tuple((fetch.paths.index(along.path), along.fetch) for along in fetch.joins)
        personal = any(arm.personal for arm in arms.values())
        personal = personal or any(disclosure(inner, context).personal for _, inner in joins)
        found = Disclosure(fetch.arms[0].mapping.partner, fetch.entity, arms, personal, joins)
        fetch.told[Disclosure] = found
    return found


def tested(fetch: Fetch, model: Model, looks: frozenset[str], order: Iterable[str]) -> Tested:
    """What a condition and an order look at in a fetch's records; a path that all its mappings withhold is no test."""
    key = (looks, tuple(order))
    found: Tested | None = fetch.told.get(key)
    return found or _kept(fetch, key, _tested(fetch, model, looks.union(key[1])))


def _kept(fetch: Fetch, key: Hashable, found: Tested) -> Tested:
    if len(fetch.told) > KEPT:
        fetch.told.clear()
    fetch.told[key] = found
    return found


def _tested(fetch: Fetch, model: Model, paths: frozenset[str]) -> Tested:
    withheld = frozenset.intersection(*(arm.withheld for arm in fetch.arms))
    shown = {_named(model, fetch.entity, path) for path in paths - withheld - {""}}
    return Tested(tuple(sorted(shown)), any(_personal(model, fetch.entity, path) for path in shown))


def asked_by(fetch: Fetch, access: Access, model: Model) -> Tested:
    """What an access looks at besides conditions and order: a reference that leads back, or identifiers."""
    found: Tested | None
    if isinstance(access, Children):
        found = fetch.told.get(access.via)
        return found or _kept(fetch, access.via, _tested(fetch, model, frozenset({access.via})))
    if isinstance(access, Lookup) and access.names and (names := model.identifiers(fetch.entity)) is not None:
        found = fetch.told.get(names)
        return found or _kept(fetch, names, _tested(fetch, model, frozenset({names})))
    return NOTHING


def _brought(arm: Arm, entity: str, sight: Sight) -> Brought:
    model, fields = sight.model, set()
    for path in arm.given:
        fields.add(_named(model, entity, path))
        binding = arm.mapping.fields.get(path)
        if isinstance(binding, Parts):
            inner = {f"{path}.{name}" for member in binding.forms for name in member}
            fields |= {found for found in inner if stricter(model, entity, found)}
    personal = any(_personal(model, entity, path) for path in fields)
    return Brought(arm.mapping.id, tuple(sorted(fields)), personal, sight.agreements(arm.mapping))


def _named(model: Model, entity: str, path: str) -> str:
    """The path as the graph names it."""
    return model.identifiers(entity) or path if path == LINKED else path


def _personal(model: Model, entity: str, path: str) -> bool:
    try:
        return scopes_of(model, entity, path) != PLAIN
    except KeyError:  # no field but a way to records, as identifiers of a condition are
        return False
