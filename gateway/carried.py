"""What a credential carries: its scopes and purposes, as far as they mean anything here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resolvers.catalog import Catalog
from resolvers.identity import MOST_PURPOSES, PURPOSE, SCOPES


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a catalog. scopes: SCOPES, and those that its agreements ask for besides.

    What is no word of it enters no viewer: whoever signs tokens could else make up words without end, and with each
    one new plans and new entries of memory.
    """

    scopes: frozenset[str] = frozenset(SCOPES)

    @classmethod
    def of(cls, asked: Iterable[str]) -> Vocabulary:
        """With the scopes that agreements ask for."""
        return cls(frozenset(SCOPES).union(asked))

    def scopes_in(self, words: Iterable[str]) -> frozenset[str]:
        """The scopes among some words."""
        return self.scopes.intersection(words)


def asked_scopes(catalog: Catalog) -> frozenset[str]:
    """The scopes that the agreements of a catalog ask for, besides the classes of fields."""
    agreements = [agreement for partner in catalog.partners.values() for agreement in partner.agreements]
    return frozenset().union(*(share.scopes for agreement in agreements for share in agreement.grants.values()))


def purposes_in(words: Iterable[str]) -> tuple[str, ...]:
    """The first MOST_PURPOSES purposes among some words, each once; a word that `X-Purpose` could not say is none."""
    found = dict.fromkeys(word for word in words if PURPOSE.fullmatch(word))
    return tuple(found)[:MOST_PURPOSES]
