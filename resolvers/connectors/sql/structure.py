"""What the statement of a fetch depends on besides the values that are filled into it."""

from __future__ import annotations

from collections.abc import Hashable

from resolvers.cursor import Position
from resolvers.fetch import Access, Children, LinkRows, Listing, Lookup, Window
from resolvers.identifier import KeyToken
from resolvers.predicate import And, LeadsTo, Not, OneOf, Or, Predicate, Some

# Of so many keys and identifiers each has a place of its own in the text.
FEW = 8


def few(asked: Access | LinkRows | None) -> bool:
    """Whether so few records are asked for that a text may show how many."""
    match asked:
        case Lookup():
            return sum(map(len, asked.keys.values())) + len(asked.names) <= FEW
        case Children():
            return asked.tokens is not None and len(asked.tokens) <= FEW
        case LinkRows():
            return sum(map(len, asked.owners.values())) <= FEW
        case _:
            return False


def structure(asked: Access | LinkRows) -> Hashable | None:
    """Unlike for two accesses of one fetch whose statements have other texts; None where nothing is to be kept.

    What this cannot know of a text, `Fills.fits` looks at.
    """
    match asked:
        case Lookup(keys=keys, names=names):
            schemes = frozenset([name[0] for name in names]) if names else ()
            return "lookup", few(asked), *(sorted([name for name in keys if keys[name]]) if keys else ()), schemes
        case Listing():
            if not _lasting(asked.condition):
                return None
            return "listing", _window(asked.window), asked.condition
        case Children(tokens=tokens):
            if not _lasting(asked.condition):
                return None
            # the mapping of a key, (scheme, partner) of an identifier
            led = None
            if tokens is not None:
                led = frozenset([t[0] if t.__class__ is KeyToken else (t[0], t[3]) for t in tokens])  # type: ignore[misc]
            return "children", few(asked), asked.via, asked.whole, led, _window(asked.window), asked.condition
        case LinkRows():
            return "links", few(asked), asked.path, *sorted(asked.owners)


def _window(window: Window) -> Hashable:
    after, before = window.after, window.before
    return window.order, after and _bound(after), before and _bound(before), window.limit, window.backward


def _bound(position: Position) -> Hashable:
    return position.mapping, tuple([value is None for value in position.values])


def _lasting(predicate: Predicate | None) -> bool:
    """Whether a condition may come again: not what rows of other sources were made into."""
    if predicate is None:
        return True
    match predicate:
        case LeadsTo() | OneOf():
            return False
        case And(members=members) | Or(members=members):
            return all(map(_lasting, members))
        case Not(member=member) | Some(predicate=member):
            return _lasting(member)
        case _:
            return True
