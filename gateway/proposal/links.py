"""Where columns lead: declared foreign keys, keys guessed by name and tried, and keys whose table a code decides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.proposal.candidates import own_words
from gateway.proposal.words import ENTITIES, plain, some, words
from resolvers.survey import Database, Table

_PEOPLE = some(
    "user manager supervisor owner driver chauffeur conducteur custodian responsable agent employee salarie creator "
    "technician technicien borrower emprunteur holder member fahrer mitarbeiter utilisateur person personne"
)


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a column leads. seen: how that is known."""

    column: str
    table: Table
    key: str
    seen: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A key whose table a code decides. tables: code -> table; counts: code -> rows."""

    column: str
    code: str
    tables: dict[str, Table]
    counts: Counter[Any]


@dataclass(slots=True)
class Links:
    """What leads where in one database. people: the table of persons, once it is known."""

    database: Database
    tables: Mapping[str, Table]
    common: str
    people: Table | None = None
    _leads: dict[tuple[str, str], Lead | None] = field(default_factory=dict)

    async def lead(self, table: Table, column: str) -> Lead | None:
        """Where a column leads, or None."""
        asked = table.name, column
        if asked not in self._leads:
            self._leads[asked] = await self._lead(table, column)
        return self._leads[asked]

    async def leads(self, table: Table) -> list[Lead]:
        """Where the columns of a table lead."""
        found = [await self.lead(table, name) for name in table.columns]
        return [lead for lead in found if lead is not None]

    async def _lead(self, table: Table, column: str) -> Lead | None:
        if table.columns[column].type not in ("integer", "text", "decimal"):
            return None
        if column in table.foreign and table.foreign[column][0] in self.tables:
            other, other_key = table.foreign[column]
            return Lead(column, self.tables[other], other_key, "declared foreign key", True)
        for target in self._guesses(table, column):
            key = target.key[0]
            if not _same(table.columns[column].type, target.columns[key].type):
                continue
            seen, found = await self.database.matches(table.name, column, target.name, key)
            if seen and found >= 0.5 * seen:
                return Lead(
                    column, target, key, f"guessed by name: {found} of {seen} values lead to a row", found == seen
                )
        return None

    def _guesses(self, table: Table, column: str) -> Iterator[Table]:
        named = words(column)
        if "id" in named[1:]:
            stems = [named[: named.index("id", 1)]]
        elif named[:1] in (("id",), ("fk",)) and len(named) > 1:
            stems = [named[1:]]
        else:
            stems = [named]
        bare = stems[0]
        explicit = "id" in named or "fk" in named
        if column in table.key and len(table.key) == 1:
            return
        ranked: list[tuple[int, int, str]] = []
        for target in self.tables.values():
            if len(target.key) != 1 or not target.rows:
                continue
            own = own_words(target.name, self.common)
            rank = _rank(bare, own, own_words(table.name, self.common)) if explicit or own == bare else None
            if rank is not None:
                ranked.append((rank, len(own), target.name))
        yield from (self.tables[name] for *_, name in sorted(ranked)[:3])
        if bare == ("parent",) and len(table.key) == 1:
            yield table
        if self.people is not None and len(self.people.key) == 1 and set(bare) & _PEOPLE:
            yield self.people

    async def pairs(self, table: Table) -> list[Pair]:
        """The keys of a table whose target a code in a column beside them decides."""
        found = []
        for code in table.columns.values():
            if code.type != "text" or not re.search(r"type$", code.name):
                continue
            stem = re.sub(r"_?type$", "", code.name)
            beside = (f"{stem}_id", f"{stem}s_id", f"{stem}_to", stem, f"{stem}able_id", "item_id", "items_id")
            column = next((name for name in beside if name in table.columns and name != code.name), None)
            if column is None:
                continue
            counts = await self.database.codes(table.name, [], code.name)
            leads = {str(value): lead for value in counts if value and (lead := self._named(str(value))) is not None}
            if leads:
                found.append(Pair(column, code.name, leads, counts))
        return found

    def _named(self, code: str) -> Table | None:
        """The table that a code names: `Peripheral`, `App\\Models\\User`, `res.partner`."""
        wanted = words(re.split(r"[\\/:.]", code)[-1])
        whole = words(code)
        for target in self.tables.values():
            if own_words(target.name, self.common) in (wanted, whole) and len(target.key) == 1:
                return target
        return None


def _rank(bare: tuple[str, ...], own: tuple[str, ...], beside: tuple[str, ...]) -> int | None:
    """How well a column's words name a table: 0 the same, then with the words of the column's own table, then less."""
    if not bare or not own:
        return None
    if own == bare:
        return 0
    if own in ((*beside, *bare), beside[:1] + bare, (*bare, *beside), bare + beside[-1:]):
        return 1
    if bare[-len(own) :] == own:
        return 2
    if own[: len(bare)] == bare and own[-1] in ("label", "list", "type", "code"):
        return 3
    if _about(set(own) - set(bare) - set(beside)) - _about(set(bare)):
        return None  # the states of reservations are not those of rooms
    if own[-len(bare) :] == bare:
        return 4
    if own[: len(bare)] == bare:
        return 5
    return None


def _about(named: set[str]) -> set[str]:
    return {entity for entity, known in ENTITIES.items() if named & set(known)}


def _same(one: str, other: str) -> bool:
    return one == other or {one, other} <= {"integer", "decimal"}


def mapping_name(table: str, common: str) -> str:
    """A mapping's name for a table."""
    text = re.sub(r"[^a-z0-9_]+", "_", plain(table.rpartition(".")[2].removeprefix(common)).replace(" ", "_"))
    return (text if text[:1].isalpha() else f"t_{text}")[:40]
