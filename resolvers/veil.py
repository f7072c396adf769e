"""What is null for everybody, its owner too, while some record says so: a place while its thing is with somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from resolvers.context import Context
from resolvers.entity import FieldClass, Veil
from resolvers.errors import SourceError
from resolvers.fetch import Children, Fetch, Row, Window
from resolvers.identifier import KeyToken
from resolvers.level import Level
from resolvers.operand import Clock
from resolvers.predicate import And, Compare, Not, Or, Predicate, normal
from resolvers.residual import Asking
from resolvers.sight import Sight
from resolvers.viewer import Grant

_AT_ONCE = 1_000
"""How many records are asked about in one statement."""
_EVERYTHING = frozenset(each.scope for each in FieldClass)


async def veiled(context: Context, fetch: Fetch, rows: list[Row]) -> list[Row]:
    """The rows without what is null for everybody now. What cannot be found out, because a source failed, is so too."""
    for name, veil in context.catalog.model.veils(fetch.entity).items():
        places = [at for at, path in enumerate(fetch.paths) if path == name or path.startswith(f"{name}.")]
        holding = [row for row in rows if any(row.values[at] is not None for at in places)]
        if not holding:
            continue
        hidden = await _hidden(context, veil, fetch.arms[0].mapping.partner, holding)
        rows = [_without(row, places) if KeyToken(row.mapping.id, row.key) in hidden else row for row in rows]
    return rows


def _without(row: Row, places: Sequence[int]) -> Row:
    values = list(row.values)
    for at in places:
        values[at] = None
    return row._replace(values=tuple(values))


async def _hidden(context: Context, veil: Veil, partner: str, rows: Sequence[Row]) -> set[object]:
    """The tokens of the records for which the veil's condition holds, whatever the caller may see of what says so."""
    grant = Grant(partner, _EVERYTHING, None, ())
    entity, _, via = veil.via.partition(".")
    level, sight = context.catalog.once((veil, partner), lambda: _level(context, entity, via, grant))
    whole = replace(
        context, grant=grant, watcher=None, loaders={}, batches={}, pages={}, seen=[], tests=[], _sight=sight
    )
    tokens = list(dict.fromkeys(KeyToken(row.mapping.id, row.key) for row in rows))
    found: set[object] = set()
    for start in range(0, len(tokens), _AT_ONCE):
        some = tokens[start : start + _AT_ONCE]
        asking = Asking.of(whole, level, normal(_at(veil.condition, context.now)))
        try:
            for fetch in asking.fetches:
                found.update(row.parent for row in await asking.rows(fetch, Children(via, some, Window())))
        except SourceError:
            found.update(some)
    return found


def _level(context: Context, entity: str, via: str, grant: Grant) -> tuple[Level, Sight]:
    sight = Sight.of(context.catalog, grant)
    level = Level(entity, sight.names(entity), aim=via)
    level.allow(m for m in sight.shown(entity) if m.partner == grant.partner and via in m.fields)
    level.close(context.catalog.model, sight.refusal)
    return level, sight


def _at(predicate: Predicate, now: datetime) -> Predicate:
    """The predicate with the moment in the place of the clock."""
    match predicate:
        case And(members=members):
            return And(tuple(_at(member, now) for member in members))
        case Or(members=members):
            return Or(tuple(_at(member, now) for member in members))
        case Not(member=member):
            return Not(_at(member, now))
        case Compare(value=Clock()):
            return replace(predicate, value=now)
        case _:
            return predicate
