"""The graph's declarations as the model that partner files are checked against and plans are made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from resolvers.entity import LINKED, Entity, Field, Kind, Model, Part, is_identifiers
from schema.declaration import DECLARATION, Declaration, EntityDeclaration
from schema.graph import build
from schema.scheme import KEPT

# Enums that partner files name outside of mapped fields.
ENUMS = ("PartnerKind", "IdentifierScheme")


@cache
def model() -> Model:
    """The model of this process's graph."""
    schema: GraphQLSchema = build()._schema
    entities = {}
    parts: dict[str, Part] = {}
    objects = {}
    for type_ in schema.type_map.values():
        declared = entity_declaration(type_)
        if not isinstance(type_, GraphQLObjectType):
            continue
        if declared is None:
            objects[type_.name] = MappingProxyType(_fields(type_, {}))
            continue
        fields = _fields(type_, parts)
        for name, target in declared.hidden.items():
            fields[name] = Field(name, Kind.REFERENCE, target, hidden=True)
        for found in [field for field in fields.values() if is_identifiers(field, parts)]:
            fields[LINKED] = Field(LINKED, Kind.PART, found.type, many=True, hidden=True)
        entities[type_.name] = Entity(
            type_.name,
            MappingProxyType(fields),
            MappingProxyType(dict(declared.orders)),
            MappingProxyType(dict(declared.fallback)),
            declared.node,
        )
    enums = {name: _values(schema.type_map[name]) for name in ENUMS}
    others = {name: fields for name, fields in objects.items() if fields and name not in parts}
    return Model(
        MappingProxyType(entities),
        MappingProxyType(parts),
        MappingProxyType(others),
        MappingProxyType(enums),
        KEPT,
    )


def entity_declaration(type_: GraphQLNamedType) -> EntityDeclaration | None:
    """What an entity's type says besides its fields; None for any other type."""
    definition = type_.extensions.get("strawberry-definition")
    return getattr(getattr(definition, "origin", None), "__entity__", None)


def declaration(field: GraphQLField) -> Declaration | None:
    """What a field of the graphql-core schema declares; None where it is an ordinary attribute."""
    definition = field.extensions.get("strawberry-definition")
    metadata: Mapping[Any, Any] = getattr(definition, "metadata", {})
    return metadata.get(DECLARATION)


def _fields(type_: GraphQLObjectType, parts: dict[str, Part]) -> dict[str, Field]:
    fields = {}
    for name, found in type_.fields.items():
        declared = declaration(found)
        if declared is not None:
            fields[name] = _field(name, found, declared, parts)
    return fields


def _field(name: str, found: GraphQLField, declared: Declaration, parts: dict[str, Part]) -> Field:
    named = get_named_type(found.type)
    nullable: Any = found.type.of_type if is_non_null_type(found.type) else found.type
    kind, type_name = declared.kind, declared.target or named.name
    if kind is Kind.LEAF and isinstance(named, GraphQLObjectType):
        kind = Kind.PART
        if named.name not in parts:
            parts[named.name] = Part(named.name, MappingProxyType(_fields(named, parts)))
    return Field(
        name,
        kind,
        type_name,
        many=is_list_type(nullable),
        required=is_non_null_type(found.type),
        field_class=declared.field_class,
        values=_values(named),
        via=declared.via,
        needs=declared.needs,
        strong=declared.strong,
        veil=declared.veil,
    )


def _values(named: GraphQLNamedType) -> tuple[str, ...]:
    return tuple(named.values) if isinstance(named, GraphQLEnumType) else ()
