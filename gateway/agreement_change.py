"""What another set of agreements would change: for which caller, in which operations, at which fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from graphql import GraphQLSchema

from gateway.saved_operations import Saved
from resolvers.agreement import Agreement
from resolvers.catalog import Catalog
from resolvers.identity import SCOPES
from resolvers.simulation import GRANTED, MASKED, WITHHELD, shared, simulated
from resolvers.viewer import Viewer

OTHER_ROWS = "OTHER_ROWS"
OTHER = "any other purpose"
GENERAL = ""  # the name of what is no operation: all that is shared
Place = tuple[tuple[str, ...], str, str, str]
"""Response path, partner, entity and field."""
State = frozenset[tuple[str, str | None, str | None, tuple[str, ...]]]
"""What becomes of a place: (outcome, mask, rows, schemes), several where it depends on the record."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes otherwise at one place. to: GRANTED, WITHHELD, MASKED, or OTHER_ROWS. was, now: in words."""

    path: tuple[str, ...]
    partner: str
    entity: str
    field: str
    to: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The changes of one operation for the callers of one partner. purposes: for which of them, all for none."""

    caller: str
    operation: str
    purposes: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Renewed:
    """An agreement that is new, gone or otherwise. unversioned: otherwise under the same version."""

    provider: str
    code: str
    version: int
    what: str
    unversioned: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared. operations: of a caller's partner, or of any (key ""). scopes: the callers' (None: all that
    there are). purposes: those that they have (none: every one that an agreement names, and any other)."""

    day: date
    operations: Mapping[str, Sequence[Saved]]
    scopes: frozenset[str] | None = None
    purposes: tuple[str, ...] = ()


def renewed(old: Catalog, new: Catalog) -> Iterator[Renewed]:
    """The agreements that are not as they were."""
    before, after = _by_name(old), _by_name(new)
    for name in sorted({*before, *after}):
        if name not in before:
            yield Renewed(*name, "NEW")
        elif name not in after:
            yield Renewed(*name, "GONE")
        elif before[name] != after[name]:
            yield Renewed(*name, "OTHERWISE", unversioned=True)


def changed(schema: GraphQLSchema, old: Catalog, new: Catalog, asked: Asked) -> Iterator[Changed]:
    """What changes for the callers of each partner."""
    agreements = [*_by_name(old).values(), *_by_name(new).values()]
    purposes = asked.purposes or (*sorted(frozenset().union(*(one.purposes for one in agreements))), OTHER)
    scopes = asked.scopes
    if scopes is None:
        named = (share.scopes for one in agreements for share in one.grants.values())
        scopes = frozenset(SCOPES).union(*named)
    for caller in sorted({*old.partners, *new.partners}):
        viewers = [(purpose, Viewer(caller, "", scopes, (purpose,), purpose)) for purpose in purposes]
        for operation in (None, *asked.operations.get("", ()), *asked.operations.get(caller, ())):
            found: dict[tuple[Change, ...], list[str]] = {}
            for purpose, viewer in viewers:
                states = [_states(schema, catalog, viewer, asked.day, operation) for catalog in (old, new)]
                changes = tuple(_changes(*states))
                if changes:
                    found.setdefault(changes, []).append(purpose)
            for changes, those in found.items():
                every = len(those) == len(purposes)
                yield Changed(
                    caller, GENERAL if operation is None else operation.name, () if every else tuple(those), changes
                )


def takes(changes: Iterable[Change]) -> bool:
    """Whether something is no longer shown as it was; of other rows nobody can tell without the rows."""
    return any(change.to != GRANTED for change in changes)


def _by_name(catalog: Catalog) -> dict[tuple[str, str, int], Agreement]:
    every = (agreement for partner in catalog.partners.values() for agreement in partner.agreements)
    return {(one.provider, one.code, one.version): one for one in every}


def _states(
    schema: GraphQLSchema, catalog: Catalog, viewer: Viewer, day: date, saved: Saved | None
) -> dict[Place, State]:
    grant = catalog.grant(viewer, day)
    if saved is None:
        outcomes = shared(catalog, grant)
    else:
        fragments = saved.document.fragments
        outcomes = simulated(schema, catalog, grant, fragments, saved.operation, saved.variables({}))
    found: dict[Place, set[tuple[str, str | None, str | None, tuple[str, ...]]]] = {}
    for one in outcomes:
        if one.outcome != WITHHELD:
            place = (one.path, one.partner, one.entity, one.field)
            found.setdefault(place, set()).add((one.outcome, one.mask, one.rows, one.schemes))
    return {place: frozenset(states) for place, states in found.items()}


NOTHING: State = frozenset()


def _changes(old: Mapping[Place, State], new: Mapping[Place, State]) -> Iterator[Change]:
    every = dict.fromkeys((*old, *new))
    whole = {place for place in every if not place[3] and (place in old) != (place in new)}
    for place in every:
        was, now = old.get(place, NOTHING), new.get(place, NOTHING)
        if was != now and not (place[3] and _within(place, whole, every.keys())):
            say = _words if place[3] else _records
            yield Change(*place, _kind(was, now), say(was), say(now))


def _within(place: Place, whole: AbstractSet[Place], every: AbstractSet[Place]) -> bool:
    """Whether a field comes or goes with the records that it is in, which is told of them."""
    path, partner, entity, _ = place
    for length in range(len(path), 0, -1):
        records = (path[:length], partner, entity, "")
        if records in every:
            return records in whole
    return False


def _kind(was: State, now: State) -> str:
    if not now:
        return WITHHELD
    if not was:
        return GRANTED
    plainly = [{outcome for outcome, *_ in state} for state in (was, now)]
    masks = [{mask for _, mask, *_ in state} for state in (was, now)]
    rows = [{rows for _, _, rows, _ in state} for state in (was, now)]
    if rows[0] != rows[1] and rows[1] != {None}:
        return OTHER_ROWS
    if masks[0] != masks[1] and MASKED in plainly[1]:
        return MASKED
    schemes = [frozenset(scheme for *_, found in state for scheme in found) for state in (was, now)]
    if schemes[1] and not (schemes[0] and schemes[0] <= schemes[1]):
        return WITHHELD  # some of the identifiers
    return GRANTED


def _records(state: State) -> str:
    """Which records are there, in words."""
    if not state:
        return "none"
    rows = sorted({rows or "" for _, _, rows, _ in state})
    return "all" if "" in rows else f"those where {' or '.join(rows)}"


def _words(state: State) -> str:
    if not state:
        return "withheld"
    found = []
    for outcome, mask, rows, schemes in sorted(state, key=repr):
        text = "granted" if outcome == GRANTED else f"masked ({mask})"
        text += f", {', '.join(schemes)} only" if schemes else ""
        found.append(text + (f" where {rows}" if rows is not None else ""))
    return "; ".join(found)
