"""The few resolvers behind every field: value, part, reference, links, reverse edge, collection, and single things."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Mapping as Map
from typing import Any, Protocol

from graphql import GraphQLResolveInfo, get_named_type, is_list_type, is_object_type

from resolvers.access_log import access_page
from resolvers.carriers import carriers, same
from resolvers.context import Context
from resolvers.entity import Kind
from resolvers.errors import RequestError
from resolvers.familiar import familiar
from resolvers.fetch import Row
from resolvers.identifier import KeyToken, NameToken
from resolvers.level import Level
from resolvers.lists import collect
from resolvers.loaders import children, links, lookup, singles
from resolvers.pages import Page
from resolvers.partner_view import PartnerView, ViewerView, viewer_view
from resolvers.plan import Place, Step
from resolvers.predicate import And, Compare, Near, Not, Or, Predicate, Some
from resolvers.record import Record, View, origin, part_of

Info = GraphQLResolveInfo[Any]


class Declared(Protocol):
    """What a field declares about itself (`schema.declaration.Declaration`)."""

    @property
    def kind(self) -> Kind: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def compute(self) -> Callable[..., Any] | None: ...
    @property
    def conditions(self) -> Map[str, Predicate]: ...


def resolve(declared: Declared, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    """The value of a declared field on a source: a dict, a record, a part of one, a partner, or the root."""
    name = info.field_name
    given = {key: value for key, value in arguments.items() if value is not None}
    match source:
        case dict():
            return source.get(name)
        case View():
            return _of_record(declared, source.record, source.prefix + name, info, given)
        case Record():
            return _of_record(declared, source, name, info, given)
        case PartnerView():
            return _of_partner(declared, source, name, info, given)
        case ViewerView():
            return own_record(source.context, _step(source.context, info).level)
        case _:
            return _of_root(declared, name, info, given)


def _path(info: Info) -> tuple[str, ...]:
    """Where in the response a field stands, in keys without list indexes."""
    return tuple(key for _, key in place(info))


def place(info: Info) -> Place:
    """Where in the response a field stands, as the plan names places."""
    found: list[tuple[str, str]] = []
    path: Any = info.path
    while path is not None:
        if isinstance(path.key, str):
            found.append((path.typename, path.key))
        path = path.prev
    return tuple(reversed(found))


def _step(context: Context, info: Info) -> Step:
    return context.plan.steps[place(info)]


# records -------------------------------------------------------------------------------------------------------------


def _of_record(declared: Declared, record: Record, path: str, info: Info, given: dict[str, Any]) -> Any:
    context: Context = record.context
    match declared.kind:
        case Kind.LEAF:
            return _value(record, path, info)
        case Kind.PARTNER:
            return partners_of(context, record.value(path))
        case Kind.DERIVED:
            assert declared.compute is not None
            if record.row.mapping.view not in _step(context, info).follow:
                return None
            return declared.compute(record.values(declared.needs), context.now, **given)
        case Kind.SYSTEM:
            return _system(context, record, path)
        case Kind.REFERENCE:
            token, level = record.value(path), _step(context, info).level
            if token is None or isinstance(token, Row):  # its source has followed it already
                return token and Record(context, level, token)
            return lookup(context, level).load(token)
        case Kind.LINKS:
            step = _step(context, info)
            if record.row.mapping.view not in step.follow:
                return None
            return links(context, step, given).load(record)
        case Kind.SAME:
            step = _step(context, info)
            if record.row.mapping.view not in step.follow:
                return None
            return same(context, step, given).load(record)
        case _:
            return _reverse(declared, record, info, given)


def _value(record: Record, path: str, info: Info) -> Any:
    named = get_named_type(info.return_type)
    nullable = getattr(info.return_type, "of_type", info.return_type)
    if not is_object_type(named) or is_list_type(info.return_type) or is_list_type(nullable):
        return record.value(path)
    part = record.context.catalog.model.parts[named.name]
    required = tuple(field.name for field in part.fields.values() if field.required and field.kind is Kind.LEAF)
    return part_of(record, path, required)


def partners_of(context: Context, codes: Any) -> Any:
    """The partners of codes (or of one), as far as the caller may know them."""
    if isinstance(codes, list):
        return [found for code in codes if (found := context.partners.shown(code)) is not None]
    return context.partners.shown(codes)


def _system(context: Context, record: Record, name: str) -> Any:
    match name:
        case "id":
            return record.id()
        case "partner":
            return context.partners[record.partner]
        case _:
            return origin(record, context.partners)


def _reverse(declared: Declared, record: Record, info: Info, given: dict[str, Any]) -> Any:
    context = record.context
    step = _step(context, info)
    if record.row.mapping.view not in step.follow:
        return None
    asked_for = wanted(declared, context, step.entity, given)
    if is_list_type(info.return_type):  # a plain list instead of a connection: as long as a page may be
        return _nodes(children(context, step, {**given, "first": context.page[1]}, asked_for, _path(info)).load(record))
    return children(context, step, given, asked_for, _path(info)).load(record)


async def _nodes(loading: Awaitable[Page]) -> list[Record]:
    page = await loading
    for failure in page.failures:  # a plain list cannot say what is missing
        raise failure
    return page.nodes


def wanted(declared: Declared, context: Context, entity: str, given: Map[str, Any]) -> Predicate | None:
    """What the arguments of a list ask of its records, in what the caller may know."""
    found = condition(declared, given)
    return found and familiar(context.catalog.model, entity, found, context.neighbours)


def condition(declared: Declared, given: Map[str, Any]) -> Predicate | None:
    """What the declared conditions of the given arguments ask of a record; `Compare.value` names the argument."""
    found = [_filled(wanted, given) for name, wanted in declared.conditions.items() if name in given]
    found += [wanted for wanted in given.values() if isinstance(wanted, And | Or | Not | Compare | Some | Near)]
    return And(tuple(found)) if found else None


def _filled(predicate: Predicate, given: Map[str, Any]) -> Predicate:
    match predicate:
        case Compare(name=name, operator=operator, value=str(argument)):
            return Compare(name, operator, given[argument])
        case And(members=members):
            return And(tuple(_filled(member, given) for member in members))
        case Or(members=members):
            return Or(tuple(_filled(member, given) for member in members))
        case _:
            return predicate


# partners, the viewer, the root --------------------------------------------------------------------------------------


def _of_partner(declared: Declared, source: PartnerView, name: str, info: Info, given: dict[str, Any]) -> Any:
    if declared.kind is Kind.COLLECTION:
        context = source.context
        step = _step(context, info)
        return _once(context, (step, source.code), lambda: _collected(declared, context, info, given, source.code))
    return source.id() if name == "id" else getattr(source, name)


def _collected(
    declared: Declared, context: Context, info: Info, given: dict[str, Any], partner: str | None
) -> Awaitable[Page]:
    level = _step(context, info).level
    return collect(context, level, given, wanted(declared, context, level.entity, given), partner, _path(info))


def _once(context: Context, key: object, start: Callable[[], Awaitable[Page]]) -> Awaitable[Page]:
    """One page for all objects of a place that are the same partner."""
    if key not in context.pages:
        context.pages[key] = asyncio.ensure_future(start())
    return context.pages[key]


async def own_record(context: Context, level: Level) -> Record | None:
    """The viewer's own record: the one of its partner's that carries its subject as an identifier, if it is one.

    SourceError where it may be hidden by a source that failed.
    """
    viewer = context.viewer
    model = context.catalog.model
    tokens = [
        NameToken(scheme, subject, None, viewer.partner, viewer.subject)
        for scheme in model.enums["IdentifierScheme"]
        if (subject := model.compared(viewer.subject, scheme))
    ]
    rows: dict[tuple[str, str], Row] = {}
    for found in (await singles(context, level, tokens)).values():
        if isinstance(found, Exception):
            raise found
        if found is not None:
            rows[found.mapping.id, found.key] = found
    return Record(context, level, next(iter(rows.values()))) if len(rows) == 1 else None


def _of_root(declared: Declared, name: str, info: Info, given: dict[str, Any]) -> Any:
    context: Context = info.context
    if declared.kind is Kind.COLLECTION:
        return _collected(declared, context, info, given, None)
    if declared.kind is Kind.NAMED:
        return carriers(context, _step(context, info).level, given)
    match name:
        case "accessLog":
            return access_page(context, given)
        case "viewer":
            return viewer_view(context)
        case "partners":
            return [context.partners[code] for code in sorted(context.neighbours)]
        case "partner":
            return context.partners.shown(given["code"])
        case "node":
            return _found(context, named_by_id(context, place(info), [given["id"]])[0])
        case _:
            return [_found(context, named) for named in named_by_id(context, place(info), given["ids"])]


Named = PartnerView | tuple[Level, KeyToken] | None


def named_by_id(context: Context, at: Place, texts: Sequence[str]) -> list[Named]:
    """What ids name: a partner, a record of a level of the place, or what is not there for the caller.

    RequestError where one is no id, or where there are too many.
    """
    if len(texts) > context.ids_most:
        message = f"At most {context.ids_most} ids in one call."
        raise RequestError(message, code="TOO_MANY_IDS", allowed=context.ids_most)
    return [_named(context, at, text) for text in texts]


def _named(context: Context, at: Place, text: str) -> Named:
    """What an id names; what the caller may not see is answered like what does not exist."""
    named = context.ids.read(text)
    if named.entity == PartnerView.entity:
        return context.partners.shown(named.mapping) if not named.key else None
    level = context.plan.nodes.get((at, named.entity))
    mapping = None if level is None else level.mappings.get(named.mapping)
    if level is None or mapping is None or mapping.key_is_personal != named.enciphered:
        return None
    return level, KeyToken(mapping.id, named.key)


def _found(context: Context, named: Named) -> Any:
    return lookup(context, named[0]).load(named[1]) if isinstance(named, tuple) else named
