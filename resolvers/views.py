"""What a grant shows of one mapping: its records, cut where agreements show some of them otherwise than others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from resolvers.agreement import Agreement, Share, Visible
from resolvers.entity import LINKED, FieldClass, Model
from resolvers.expression import outcomes
from resolvers.mapping import Granted, Mapping, Parts, Value
from resolvers.mask import masked
from resolvers.operand import CALLER
from resolvers.predicate import And, Compare, Not, Or, Predicate, Some, normal
from resolvers.viewer import Grant

CONDITIONS_MOST = 4
"""How many conditions on an entity's records may be in force between two partners: each set of them is a case."""

Sharing = tuple[Agreement, Share]


@dataclass(frozen=True, slots=True)
class Shown:
    """Records that a grant shows alike. condition: which ones, in negation normal form (None: all of the entity)."""

    condition: Predicate | None
    visible: Visible


def shown(model: Model, entity: str, provider: str, grant: Grant, agreements: Iterable[Agreement]) -> list[Shown]:
    """What a grant shows of a provider's records of an entity, each of them at one place of the list at most, since in
    each record agreements add up. agreements: those that the grant names.

    A credential that may not even read plain fields sees no records, its own partner's neither.
    """
    if FieldClass.PLAIN.scope not in grant.scopes:
        return []
    if provider == grant.partner:
        return [Shown(None, Visible(None, grant.scopes))]
    always: list[Sharing] = []
    sometimes: dict[Predicate, list[Sharing]] = {}
    for agreement in sorted(agreements, key=lambda found: (found.code, found.version)):
        share = agreement.grants.get(entity) if agreement.provider == provider else None
        if share is None or not share.scopes <= grant.scopes:
            continue
        if share.where is None:
            always.append((agreement, share))
        else:
            condition = normal(of_caller(share.where, grant.partner))
            sometimes.setdefault(condition, []).append((agreement, share))
    conditions = tuple(sometimes)
    alike: dict[Visible, list[tuple[bool, ...]]] = {}
    told: dict[Visible, set[str]] = {}
    for case in product((False, True), repeat=len(conditions)):
        granting = [*always, *(s for c, holds in zip(conditions, case, strict=True) if holds for s in sometimes[c])]
        if granting:
            visible = _together(model, entity, grant, granting)
            alike.setdefault(visible, []).append(case)
            told.setdefault(visible, set()).update(agreement.code for agreement, _ in granting)
    return [
        Shown(_when(conditions, cases, bool(always)), replace(visible, agreements=tuple(sorted(told[visible]))))
        for visible, cases in alike.items()
    ]


def views(
    model: Model, mapping: Mapping, shown: Sequence[Shown], *, linked: bool = False
) -> list[tuple[Mapping, Visible]]:
    """A mapping as a grant shows it: with what it shows of the rows that fulfil a condition. linked: whether the grant
    lets some of the entity's records be linked by other identifiers than it lets read."""
    found = []
    names = model.identifiers(mapping.entity)
    for index, one in enumerate(shown):
        view = mapping
        if one.visible.masks:
            view = replace(view, fields={path: _masked(path, b, one.visible) for path, b in view.fields.items()})
        if names is not None and isinstance(parts := view.fields.get(names), Parts):
            fields = dict(view.fields)
            if one.visible.read is not None:
                fields[names] = _of_schemes(parts, one.visible.read)
            if linked and (by := _links(model, mapping.entity, parts, one.visible)) is not None:
                fields[LINKED] = by
            view = replace(view, fields=fields)
        if one.condition is not None:
            view = replace(view, granted=Granted(one.condition, mapping))
        if len(shown) > 1:
            view = replace(view, share=f"/{index + 1}")
        found.append((view, one.visible))
    return found


def apart(shown: Iterable[Shown]) -> bool:
    """Whether records may be linked by other identifiers than may be read."""
    return any(one.visible.match or one.visible.read is not None for one in shown)


def _links(model: Model, entity: str, parts: Parts, visible: Visible) -> Parts | None:
    """The identifiers by which records are linked: those that may be read, and those that may be no more than that."""
    names = model.identifiers(entity)
    assert names is not None
    refusal = visible.refusal(model, entity, names)
    if refusal is None:
        return parts if visible.read is None else _of_schemes(parts, visible.read | visible.match)
    if refusal != "FIELD_NOT_SHARED" or not visible.match or not visible.holds(model.field(entity, names)):
        return None
    return _of_schemes(parts, visible.match)


def _of_schemes(parts: Parts, schemes: frozenset[str]) -> Parts:
    """The identifiers of some schemes; an entry that may be of others too is not among them."""
    members: list[Map[str, Value]] = []
    exact: set[int] = set()
    for index, member in enumerate(parts.members):
        if "scheme" in member and {str(name) for name in outcomes(member["scheme"])} <= schemes:
            if index in parts.exact:
                exact.add(len(members))
            members.append(member)
    return Parts(tuple(members), frozenset(exact))


def of_caller(predicate: Predicate, partner: str) -> Predicate:
    """The predicate with the code of the partner that asks in the place of CALLER."""
    match predicate:
        case And(members=members):
            return And(tuple(of_caller(member, partner) for member in members))
        case Or(members=members):
            return Or(tuple(of_caller(member, partner) for member in members))
        case Not(member=member):
            return Not(of_caller(member, partner))
        case Some(path=path, predicate=inner):
            return Some(path, of_caller(inner, partner))
        case Compare(name=name, operator=operator, value=tuple(values)):
            return Compare(name, operator, tuple(partner if value is CALLER else value for value in values))
        case Compare(value=value) if value is CALLER:
            return replace(predicate, value=partner)
        case _:
            return predicate


def _when(conditions: Sequence[Predicate], cases: Sequence[tuple[bool, ...]], always: bool) -> Predicate | None:
    """What holds in some cases, each of which says which of the conditions hold. always: whether there is a case in
    which none of them does."""
    if len(cases) == 2 ** len(conditions) - (not always):  # all that there are
        return None if always else normal(Or(tuple(conditions)))
    holding = (
        And(tuple(one if holds else Not(one) for one, holds in zip(conditions, case, strict=True))) for case in cases
    )
    return normal(Or(tuple(holding)))


def _together(model: Model, entity: str, grant: Grant, granting: Sequence[Sharing]) -> Visible:
    """What several shares show of a record that all of them show. What is shown whole by one is under no mask."""
    purposeful = grant.purpose is not None
    apart = [
        (share, Visible(agreement.fields(model.entities[entity]), grant.scopes, (), purposeful))
        for agreement, share in granting
    ]
    masks: dict[str, str] = {}
    for share, _ in apart:
        for path, mask in share.mask.items():
            whole = any(path not in other.mask and alone.names(model, entity, path) for other, alone in apart)
            if not whole:
                masks.setdefault(path, mask)
    names = model.identifiers(entity)
    reading = [share.read for share, alone in apart if names is not None and alone.names(model, entity, names)]
    return Visible(
        frozenset[str]().union(*(alone.fields or () for _, alone in apart)),
        grant.scopes,
        purposeful=purposeful,
        masks=tuple(sorted(masks.items())),
        read=None if not reading or None in reading else frozenset[str]().union(*(read or () for read in reading)),
        match=frozenset[str]().union(*(share.match for share, _ in apart)),
    )


def _masked(path: str, binding: Any, visible: Visible) -> Any:
    """A binding under the masks of its path and of its members."""
    masks = dict(visible.masks)
    if isinstance(binding, Value) and path in masks:
        return masked(binding, masks[path])
    if isinstance(binding, Parts):
        below = {name.removeprefix(path + "."): mask for name, mask in masks.items() if name.startswith(path + ".")}
        if below:
            return replace(
                binding,
                members=tuple(_under(m, below) for m in binding.members),
                gathered=tuple(replace(e, fields=_under(e.fields, below)) for e in binding.gathered),
            )
    return binding


def _under(members: Any, masks: dict[str, str]) -> dict[str, Value]:
    return {name: masked(value, masks[name]) if name in masks else value for name, value in members.items()}
