"""What the statement of a fetch depends on besides the values that are filled into it."""

from __future__ import annotations

from collections.abc import Hashable

from resolvers.cursor import Position
from resolvers.fetch import Access, Children, LinkRows, Listing, Lookup, Window
from resolvers.identifier import KeyToken
from resolvers.predicate import And, LeadsTo, Not, OneOf, Or, Predicate, Some


def structure(asked: Access | LinkRows) -> Hashable | None:
    """Unlike for two accesses of one fetch whose statements have other texts; None where nothing is to be kept.

    What this cannot know of a text, `Fills.fits` looks at.
    """
    match asked:
        case Lookup():
            return (
                "lookup",
                *sorted(name for name, keys in asked.keys.items() if keys),
                frozenset([name.scheme for name in asked.names]),
            )
        case Listing():
            if not _lasting(asked.condition):
                return None
            return "listing", _window(asked.window), asked.condition
        case Children():
            if not _lasting(asked.condition):
                return None
            # the mapping of a key, (scheme, partner) of an identifier
            tokens = asked.tokens
            led = None
            if tokens is not None:
                led = frozenset([t[0] if t.__class__ is KeyToken else (t[0], t[3]) for t in tokens])  # type: ignore[misc]
            return "children", asked.via, asked.whole, led, _window(asked.window), asked.condition
        case LinkRows():
            return "links", asked.path, *sorted(asked.owners)


def _window(window: Window) -> Hashable:
    return window.order, _bound(window.after), _bound(window.before), window.limit, window.backward


def _bound(position: Position | None) -> Hashable:
    return position and (position.mapping, tuple(value is None for value in position.values))


def _lasting(predicate: Predicate | None) -> bool:
    """Whether a condition may come again: not what rows of other sources were made into."""
    match predicate:
        case LeadsTo() | OneOf():
            return False
        case And(members=members) | Or(members=members):
            return all(map(_lasting, members))
        case Not(member=member) | Some(predicate=member):
            return _lasting(member)
        case _:
            return True
