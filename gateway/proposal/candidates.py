"""Which tables may hold which entity: by their names, their columns and how many rows they have."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.proposal.patterns import FIELDS, KIND, STATUS, matching
from gateway.proposal.words import ASIDE, ASIDE_LAST, ENTITIES, NOISE, spaced, words
from resolvers.survey import Table
from resolvers.survey.database import COUNTED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that may hold an entity. why: what spoke for it."""

    entity: str
    table: Table
    score: float
    why: str


def prefix(tables: Mapping[str, Table]) -> str:
    """What the names of most tables begin with, as `glpi_`; or nothing."""
    heads = Counter(name.partition("_")[0] for name in tables if "_" in name)
    head, count = heads.most_common(1)[0] if heads else ("", 0)
    return f"{head}_" if count > 4 and count >= 0.6 * len(tables) else ""


def own_words(name: str, common: str) -> tuple[str, ...]:
    """The words of a table's name without what all have in common."""
    return words(name.rpartition(".")[2].removeprefix(common))


def noise(name: str, common: str) -> bool:
    """Whether a table is of the software rather than of its users."""
    found = own_words(name, common)
    return bool(found) and found[-1] not in ENTITY_WORDS and (found[0] in NOISE or found[-1] in NOISE)


def candidates(tables: Mapping[str, Table], common: str) -> list[Candidate]:
    """Every table that may hold an entity, the likeliest first; empty tables too, marked by their rows."""
    found = []
    for table in tables.values():
        if noise(table.name, common):
            continue
        for entity in FIELDS:
            candidate = _candidate(table, entity, own_words(table.name, common))
            if candidate is not None:
                found.append(candidate)
    best: dict[str, Candidate] = {}
    for candidate in sorted(found, key=lambda each: -each.score):
        best.setdefault(candidate.table.name, candidate)  # a table is of one entity
    return sorted(best.values(), key=lambda each: (-each.score, each.table.name))


def _candidate(table: Table, entity: str, named: tuple[str, ...]) -> Candidate | None:
    by_name, why = _by_name(named, entity)
    columns = sorted(name for name in _columns(table, entity))
    # What nearly every table has, says little.
    telling = [name for name in columns if name not in ("name", "description", "label", "kind", "status", "terms")]
    weak = len(columns) - len(telling)
    by_columns = min(6.0, 1.2 * len(telling) + 0.4 * weak)
    links = [name for name in table.columns if re.search(r"_id$|^id_|^id$|_type$", name)]
    if len(table.columns) <= 4 and len(links) >= len(table.columns) - 1:
        return None  # a table that only links others
    needed = _NEEDED.get(entity)
    if needed is not None and not needed & set(columns):
        return None
    score = by_name + by_columns + min(2.0, math.log10(table.rows + 1) / 1.5)
    if by_name <= 0 and by_columns < 4.2:
        return None
    if score < (4.4 if entity == "Site" and by_name >= 4 else 5):
        return None
    told = ", ".join(name.removeprefix("id:") for name in telling[:6]) or "no telling column"
    return Candidate(
        entity,
        table,
        round(score, 1),
        f"{why}; columns like {told}; {table.rows}{' or more' * (table.rows >= COUNTED)} rows",
    )


def _by_name(named: tuple[str, ...], entity: str) -> tuple[float, str]:
    vocabulary = ENTITIES[entity]
    if not named:
        return 0.0, "its name says nothing"
    of_others = {word for other, words_ in ENTITIES.items() if other != entity for word in words_} - set(vocabulary)
    score, why = 0.0, "its name says nothing"
    hits = [
        (vocabulary[word] * (1.0 if place == len(named) - 1 else 0.6), word)
        for place, word in _places(named, vocabulary)
    ]
    if hits:
        score, word = max(hits)
        why = f"its name says {word}"
    if named[-1] in of_others and named[-1] not in vocabulary:
        score -= 4.0  # the last word is what a name is about
    if ASIDE & set(named) or (named[-1] in ASIDE_LAST):
        score -= 6.0
    if NOISE & set(named[:-1]):
        score -= 2.0
    return score, why


def _places(named: tuple[str, ...], vocabulary: Mapping[str, float]) -> list[tuple[int, str]]:
    return [(place, word) for place, word in enumerate(named) if word in vocabulary]


def _columns(table: Table, entity: str) -> list[str]:
    found = [
        name for name, (type_, patterns) in FIELDS[entity].items() if next(matching(table, {}, type_, patterns), None)
    ]
    if entity == "Asset":
        told = [spaced(name) for name in table.columns]
        found += ["status"] * any(re.search(STATUS, name) for name in told)
        found += ["kind"] * any(re.search(KIND, name) for name in told)
    return found


_NEEDED = {
    "Person": {"displayName", "givenName", "familyName", "email"},
    "Booking": {"start"},
    "Policy": {"start", "end", "number"},
    "Site": {"name"},
}
ENTITY_WORDS = frozenset(word for found in ENTITIES.values() for word in found)
