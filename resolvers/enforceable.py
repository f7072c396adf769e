"""Which conditions of agreements a mapping's source cannot keep to, as far as the partner file alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map

from resolvers.entity import Model
from resolvers.expression import Column, Constant
from resolvers.mapping import ByKey, Link, Mapping, Value, pushable
from resolvers.predicate import And, Compare, Not, Or, Predicate, Some

UNMAPPED = "that is not mapped"
AT_THE_GATEWAY = "the gateway makes that value, not the source"


def untold(model: Model, condition: Predicate, mapping: Mapping, known: Map[str, Mapping]) -> Iterator[tuple[str, str]]:
    """(path, reason) of what a mapping's source cannot tell, and of what it does not map (UNMAPPED). Some more is known
    only where the source is asked, by the types of its columns.

    known: the mappings of the partner, by id.
    """
    yield from dict.fromkeys(_untold(model, condition, mapping, known, ""))


def _untold(
    model: Model, condition: Predicate, mapping: Mapping, known: Map[str, Mapping], before: str
) -> Iterator[tuple[str, str]]:
    match condition:
        case And(members=members) | Or(members=members):
            for member in members:
                yield from _untold(model, member, mapping, known, before)
        case Not(member=member):
            yield from _untold(model, member, mapping, known, before)
        case Compare(name=path, operator=operator) if path:
            if (reason := _value(model, mapping, path, operator)) is not None:
                yield before + path, reason
            for guard in model.guards(mapping.entity, path):
                if guard != path and (reason := _value(model, mapping, guard, "isNull")) is not None:
                    yield before + guard, reason
        case Some(path=path, predicate=inner):
            yield from _edge(model, path, inner, mapping, known, before)


def _value(model: Model, mapping: Mapping, path: str, operator: str) -> str | None:
    """Why a comparison with a path says nothing there; None where it does."""
    field = model.field(mapping.entity, path)
    binding = mapping.fields.get(path)
    if binding is None:
        standing = path in model.entities[mapping.entity].fallback or operator == "isNull"
        return None if standing else UNMAPPED
    if not isinstance(binding, Value):
        return AT_THE_GATEWAY
    if isinstance(binding.expression, Constant):
        return None
    plain = binding == Value(Column(getattr(binding.expression, "name", "")), null=binding.null)
    coded = field.type in ("CurrencyCode", "RegionCode")
    if coded or not pushable(binding, text=field.type == "String") or (field.type in ("Int", "Decimal") and not plain):
        return AT_THE_GATEWAY
    return None


def _edge(
    model: Model, path: str, inner: Predicate, mapping: Mapping, known: Map[str, Mapping], before: str
) -> Iterator[tuple[str, str]]:
    binding = mapping.fields.get(path)
    if binding is None:
        yield before + path, UNMAPPED
        return
    links = binding if isinstance(binding, tuple) else (Link(binding),) if isinstance(binding, ByKey) else ()
    targets = [link.target for link in links]
    if not targets or not all(isinstance(target, ByKey) for target in targets):
        yield before + path, "it leads to what carries an identifier, not to a row"
        return
    for name in sorted({name for target in targets if isinstance(target, ByKey) for name in target.mappings}):
        there = known.get(name)
        if there is None or there.source_id != mapping.source_id:
            yield before + path, f"it leads out of the source, to {name!r}"
        elif there.entity == model.field(mapping.entity, path).type:
            yield from _untold(model, inner, there, known, f"{before}{path}.")
