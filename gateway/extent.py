"""How far the operations of a document reach, fragments expanded, counted in linear time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

INTROSPECTION = frozenset(("__schema", "__type"))


@dataclass(slots=True)
class Extent:
    """What a definition selects.

    fields: fields, spreads and inline fragments. depth: fields inside each other, introspection not counted.
    repeats: pairs of fields with one response name in one place of the response. cyclic: fragments spread each other
    in a circle; the numbers are then too small. spreads: (fragment, depth it is spread at or -1 in introspection).
    """

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    cyclic: bool = False
    spreads: list[tuple[str, int]] = field(default_factory=list)


def measure(document: DocumentNode, most: int) -> Extent:
    """The sums over all operations of `document`, and the greatest depth.

    `repeats` stays 0 where there are more than `most` fields or a cycle, for it needs a walk of the expanded document.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    own = {name: _own(node) for name, node in fragments.items()}
    expanded: dict[str, Extent] = {}
    roots = [_expand(_own(node), own, expanded, set()) for node in operations]
    # A fragment that no operation uses is invalid, but validation would still walk it.
    roots += [_expand(own[name], own, expanded, {name}) for name in own.keys() - expanded.keys()]
    total = Extent()
    for root in roots:
        _add(total, root)
        total.depth = max(total.depth, root.depth)
    if total.fields <= most and not total.cyclic:
        total.repeats = sum(_repeats(node.selection_set, fragments) for node in operations)
    return total


def _own(definition: OperationDefinitionNode | FragmentDefinitionNode) -> Extent:
    found = Extent(directives=len(definition.directives or ()))
    # (selection set, depth of its fields, whether they count for depth)
    stack = [(definition.selection_set, 1, True)]
    while stack:
        selection_set, depth, counts = stack.pop()
        found.fields += len(selection_set.selections)
        for node in selection_set.selections:
            found.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                found.aliases += node.alias is not None
                deep = counts and node.name.value not in INTROSPECTION
                if deep and depth > found.depth:
                    found.depth = depth
                if node.selection_set:
                    stack.append((node.selection_set, depth + 1, deep))
            elif isinstance(node, InlineFragmentNode):
                stack.append((node.selection_set, depth, counts))
            elif isinstance(node, FragmentSpreadNode):
                found.spreads.append((node.name.value, depth - 1 if counts else -1))
    return found


def _expand(own: Extent, every: Mapping[str, Extent], expanded: dict[str, Extent], path: set[str]) -> Extent:
    """`own` and what it spreads; a fragment is expanded once. An unknown fragment is left to validation."""
    total = Extent(own.fields, own.depth, own.aliases, own.directives)
    for name, depth in own.spreads:
        if name in path:
            total.cyclic = True
        elif name in every:
            fragment = expanded.get(name)
            if fragment is None:
                path.add(name)
                fragment = expanded[name] = _expand(every[name], every, expanded, path)
                path.discard(name)
            _add(total, fragment)
            if depth >= 0 and fragment.depth:
                total.depth = max(total.depth, depth + fragment.depth)
    return total


def _add(total: Extent, part: Extent) -> None:
    total.fields += part.fields
    total.aliases += part.aliases
    total.directives += part.directives
    total.cyclic |= part.cyclic


def _repeats(selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    pairs = 0
    places = [[selection_set]]
    while places:
        names: dict[str, list[SelectionSetNode | None]] = {}
        stack = places.pop()
        while stack:
            for node in stack.pop().selections:
                if isinstance(node, FieldNode):
                    names.setdefault((node.alias or node.name).value, []).append(node.selection_set)
                elif isinstance(node, InlineFragmentNode):
                    stack.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
                    stack.append(fragments[node.name.value].selection_set)
        for found in names.values():
            pairs += len(found) * (len(found) - 1) // 2
            inner = [each for each in found if each]
            if inner:
                places.append(inner)
    return pairs
