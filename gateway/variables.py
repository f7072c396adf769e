"""The variables of an operation: those of plain types are read here, all others by graphql-core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

# Of these a value of the class is its own coerced form; whole numbers only in 32 bits.
_CLASSES = {GraphQLID: str, GraphQLString: str, GraphQLInt: int, GraphQLBoolean: bool}
_INTS = range(-(2**31), 2**31)
# To coerce an object is to ask for each field that it could have; to refuse a value is to write it down for each error.
OBJECTS = 500
VALUES = 2_500
ERRORS = 20


class _Plain(NamedTuple):
    """A variable of a plain type. class_: of its values. needed: whether it may not be null. default: Undefined where
    it has none."""

    signature: GraphQLVariableSignature
    class_: type
    needed: bool
    default: Any


class Variables:
    """The variables that one operation defines."""

    __slots__ = ("_operation", "_plain", "_schema")

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._operation = operation
        self._plain: dict[str, _Plain] | None = {}  # by name; None where one is not that plain
        for definition in operation.variable_definitions or ():
            signature = get_variable_signature(schema, definition)
            type_: Any = None if isinstance(signature, GraphQLError) else signature.type
            needed = is_non_null_type(type_)
            class_ = _CLASSES.get(type_.of_type if needed else type_)
            left_out = get_variable_values(schema, [definition], {}) if definition.default_value else None
            if isinstance(signature, GraphQLError) or class_ is None or isinstance(left_out, list):
                self._plain = None
                return
            default = Undefined if left_out is None else left_out.coerced[signature.name]
            self._plain[signature.name] = _Plain(signature, class_, needed, default)

    def read(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values, as graphql-core coerces them; or what is wrong with them, in its words."""
        found = None if self._plain is None else self._read(self._plain, given)
        if found is not None:
            return found
        definitions = self._operation.variable_definitions or ()
        known = {name: given[name] for definition in definitions if (name := definition.variable.name.value) in given}
        if (wide := _too_wide(known)) is not None:
            return [wide]
        return get_variable_values(self._schema, definitions, known, max_errors=ERRORS)

    @staticmethod
    def _read(plain: Mapping[str, _Plain], given: Mapping[str, Any]) -> VariableValues | None:
        """The values, where nothing about them is odd."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, (signature, class_, needed, default) in plain.items():
            if name in given:
                value = given[name]
                if value.__class__ is not class_:
                    if value is not None or needed:
                        return None
                elif class_ is int and value not in _INTS:
                    return None
                sources[name] = VariableValueSource(signature, value)
                coerced[name] = value
                continue
            if default is not Undefined:
                coerced[name] = default
            elif needed:
                return None
            sources[name] = VariableValueSource(signature)
        return VariableValues(sources, coerced)


def _too_wide(given: Mapping[str, Any]) -> GraphQLError | None:
    """What is wrong with variables of more objects, or more values, than any argument may have."""
    objects = values = 0
    left: list[Any] = [given]
    while left:
        found = left.pop()
        if isinstance(found, dict):
            objects += 1
            inner: Any = found.values()
        elif isinstance(found, list):
            inner = found
        else:
            continue
        values += len(found)
        if objects > OBJECTS:
            return GraphQLError(f"The variables have more objects than the limit of {OBJECTS}.")
        if values > VALUES:
            return GraphQLError(f"The variables have more values than the limit of {VALUES:,}.")
        left += inner
    return None
