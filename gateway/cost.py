"""What an operation costs: estimated before it is answered, and counted in its answer, by the weights in the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)
from graphql.type import is_list_type, is_non_null_type
from graphql.utilities import value_from_ast_untyped

from schema.cost import LIST_SIZE, WEIGHT, ListSize

UNSIZED = 10  # entries of a list for which nothing says how many

Variables = Mapping[str, Any]
Guard = tuple[tuple[str, bool], ...]
"""Variables with the values that they must have for a selection to stand."""
Set = tuple[SelectionSetNode, Guard]


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum: what is certain, and what depends on variables, each a number of times another amount."""

    certain: int
    rest: tuple[tuple[Callable[[Variables], int], Amount], ...] = ()

    def of(self, variables: Variables) -> int:
        """The sum for the values of variables."""
        total = self.certain
        for times, inner in self.rest:
            if many := times(variables):
                total += many * (inner.of(variables) if inner.rest else inner.certain)
        return total


@dataclass(frozen=True, slots=True)
class Part:
    """A field that costs something, or has something that does below it.

    key: its name in the response. gaps: whether it is a list in which some entries may be null.
    """

    key: str
    weight: int
    inner: tuple[Part, ...]
    gaps: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one operation. defaults: of its variables."""

    amount: Amount
    parts: tuple[Part, ...]
    defaults: Mapping[str, Any]

    def estimated(self, variables: Variables) -> int:
        """The most that its answer can cost, lists that say no size taken as the schema says."""
        if not self.amount.rest:
            return self.amount.certain
        return self.amount.of({**self.defaults, **variables} if self.defaults else variables)

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """What an answer costs: its objects, weighed. It is a function of the answer alone, so it tells no more."""
        return _counted([data], self.parts) if data else 0


def _counted(objects: Sequence[Mapping[str, Any]], parts: Sequence[Part]) -> int:
    total = 0
    for part in parts:
        key, weight, inner = part.key, part.weight, part.inner
        if len(objects) == 1:
            value = objects[0].get(key)
            if value is None:
                continue
            found = value if value.__class__ is list else [value]
        else:
            found = [value for each in objects if (value := each.get(key)) is not None]
            if found and found[0].__class__ is list:
                found = [value for values in found for value in values]
        if part.gaps:
            found = [value for value in found if value is not None]
        if weight:
            total += weight * len(found)
        if inner and found:
            total += _counted(found, inner)
    return total


class Costs:
    """Works out the costs of operations of one schema. most: what an argument can ask for at most, a bound on others.

    Fields are merged as in an answer (CollectFields), fragments that other values of variables leave out not counted.
    Of the types behind an interface all selections count.
    """

    def __init__(self, schema: GraphQLSchema, most: int) -> None:
        self._schema = schema
        self._most = most

    def of(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Cost:
        """The cost of a valid operation."""
        root = self._schema.get_root_type(operation.operation)
        assert root is not None
        defaults = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        amount, parts = _Measure(self._schema, fragments, self._most).below([(operation.selection_set, ())], root, {})
        return Cost(amount, parts, defaults)


class _Measure:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], most: int) -> None:
        self._schema = schema
        self._fragments = fragments
        self._most = most

    def below(self, sets: Sequence[Set], type_: Any, sizes: Mapping[str, Any]) -> tuple[Amount, tuple[Part, ...]]:
        """What is selected of one object. sizes: of fields of a page, as the field that has the page says."""
        groups: dict[tuple[str, str], list[tuple[FieldNode, Guard, Any]]] = {}
        for node, guard, parent in self._collected(sets, type_):
            key = (node.alias or node.name).value
            groups.setdefault((key, parent.name), []).append((node, guard, parent))
        certain = 0
        rest: list[tuple[Callable[[Variables], int], Amount]] = []
        parts: dict[str, Part] = {}
        for (key, _), nodes in groups.items():
            parent = nodes[0][2]
            field = parent.fields.get(nodes[0][0].name.value)
            if field is None:
                continue  # __typename, __schema and __type
            amount, part = self._field(key, field, [(node, guard) for node, guard, _ in nodes], sizes)
            if part:
                parts.setdefault(key, part)
            guards = [guard for _, guard, _ in nodes]
            if all(guards):
                rest.append((_stands(guards), amount))
            else:
                certain += amount.certain
                rest += amount.rest
        rest = [(times, inner) for times, inner in rest if inner.certain or inner.rest]
        return Amount(certain, tuple(rest)), tuple(parts.values())

    def _field(
        self, key: str, field: GraphQLField, nodes: Sequence[tuple[FieldNode, Guard]], sizes: Mapping[str, Any]
    ) -> tuple[Amount, Part | None]:
        node = nodes[0][0]
        named: Any = get_named_type(field.type)
        size: ListSize | None = field.extensions.get(LIST_SIZE)
        many = self._asked(size, node, field) if size else None
        if is_leaf_type(named):
            inner, weight = Amount(0), 0
            parts: tuple[Part, ...] = ()
        else:
            paged = dict.fromkeys(size.sized_fields, many) if size and size.sized_fields else {}
            sets = [
                (each.selection_set, guard if len(nodes) > 1 else ()) for each, guard in nodes if each.selection_set
            ]
            inner, parts = self.below(sets, named, paged)
            weight = named.extensions.get(WEIGHT, 1)
        weight = field.extensions.get(WEIGHT, weight)
        amount = Amount(inner.certain + weight, inner.rest)
        name = node.name.value
        if name in sizes:
            amount = _times(sizes[name], amount)
        elif _listed(field.type):
            amount = _times(UNSIZED if many is None else many, amount)
        gaps = _listed(field.type) and not is_non_null_type(_bare(field.type).of_type)
        return amount, Part(key, weight, parts, gaps) if weight or parts else None

    def _asked(self, size: ListSize, node: FieldNode, field: GraphQLField) -> Any:
        """How many a field asks for: a number, or a function of the variables."""
        given = {each.name.value: each.value for each in node.arguments or ()}
        assumed = UNSIZED if not size.assumed_size else size.assumed_size
        found = [_read(given[name]) for name in size.slicing_arguments or () if name in given]
        if not found:
            return assumed
        most = self._most
        if all(isinstance(each, int) for each in found):
            return _bounded(max(found), assumed, most)
        if len(found) == 1:
            return _sized(found[0], assumed, most)
        readers = [each if callable(each) else _always(each) for each in found]

        def greatest(variables: Variables) -> int:
            return max(_bounded(each(variables), 0, most) for each in readers) or assumed

        return greatest

    def _collected(self, sets: Sequence[Set], type_: Any) -> Iterator[tuple[FieldNode, Guard, Any]]:
        stack = [(selection_set, guard, type_) for selection_set, guard in reversed(sets)]
        while stack:
            selection_set, outer, parent = stack.pop()
            for node in selection_set.selections:
                guard = _guard(node, outer) if node.directives else outer
                if guard is None:
                    continue
                if isinstance(node, FieldNode):
                    yield node, guard, parent
                elif isinstance(node, InlineFragmentNode):
                    name = node.type_condition.name.value if node.type_condition else None
                    if narrowed := self._narrowed(parent, name):
                        stack.append((node.selection_set, guard, narrowed))
                elif isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments[node.name.value]
                    if narrowed := self._narrowed(parent, fragment.type_condition.name.value):
                        stack.append((fragment.selection_set, guard, narrowed))

    def _narrowed(self, parent: Any, name: str | None) -> Any:
        """The type of which a fragment on the type of that name selects; None where it does not apply."""
        if name is None or name == parent.name:
            return parent
        found = self._schema.type_map[name]
        if isinstance(parent, GraphQLInterfaceType):
            return found
        return parent if isinstance(found, GraphQLInterfaceType) and self._schema.is_sub_type(found, parent) else None


def _guard(node: Any, outer: Guard) -> Guard | None:
    """What must be so for a selection to stand; None where it never does."""
    wanted = dict(outer)
    for directive in node.directives:
        name = directive.name.value
        if name not in ("skip", "include"):
            continue
        value = directive.arguments[0].value
        if isinstance(value, VariableNode):
            if wanted.setdefault(value.name.value, name == "include") != (name == "include"):
                return None
        elif value.value != (name == "include"):
            return None
    return tuple(wanted.items())


def _stands(guards: Sequence[Guard]) -> Callable[[Variables], int]:
    def times(variables: Variables) -> int:
        return int(any(all(variables.get(name) is wanted for name, wanted in guard) for guard in guards))

    return times


def _times(many: Any, amount: Amount) -> Amount:
    if isinstance(many, int):
        return Amount(many * amount.certain, tuple((_product(times, many), inner) for times, inner in amount.rest))
    return Amount(0, ((many, amount),)) if amount.certain or amount.rest else Amount(0)


def _product(times: Callable[[Variables], int], many: int) -> Callable[[Variables], int]:
    return lambda variables: many * times(variables)


def _read(value: ValueNode) -> Any:
    """What an argument says: a number, a list's length, or a function of the variables."""
    if isinstance(value, VariableNode):
        name = value.name.value
        return lambda variables: _number(variables.get(name))
    return _number(value_from_ast_untyped(value))


def _number(value: Any) -> int:
    if isinstance(value, list | tuple):
        return len(value)
    return value if isinstance(value, int) else 0 if value is None else 1


def _bounded(value: int, assumed: int, most: int) -> int:
    return min(value, most) if value > 0 else assumed


def _sized(read: Callable[[Variables], int], assumed: int, most: int) -> Callable[[Variables], int]:
    return lambda variables: _bounded(read(variables), assumed, most)


def _always(value: int) -> Callable[[Variables], int]:
    return lambda _: value


def _listed(type_: Any) -> bool:
    return bool(is_list_type(_bare(type_)))


def _bare(type_: Any) -> Any:
    return type_.of_type if is_non_null_type(type_) else type_
