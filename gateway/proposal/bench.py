"""What the drafters of all entities work with: the database, where columns lead, the drafts, and common steps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.proposal.candidates import own_words
from gateway.proposal.draft import Draft, Line, form
from gateway.proposal.links import Links
from gateway.proposal.meanings import Meanings, meaning
from gateway.proposal.patterns import FIELDS, UPDATED, matching
from gateway.proposal.spelling import day
from gateway.proposal.words import spaced
from resolvers.survey import Content, Database, Table
from resolvers.survey.content import content, shape

LONGEST_CODES = 60  # more codes than this are no codes


@dataclass(frozen=True, slots=True)
class Codes:
    """Where a kind or state stands. ref: the column as the mapping names it; label: the column that names it, or None.
    counts: code -> rows. labels: code -> what it is called."""

    ref: str
    label: str | None
    counts: Counter[Any]
    labels: Mapping[Any, Any]
    label_content: Content | None = None
    path: tuple[tuple[str, str, str], ...] = ()
    column: str = ""

    def told(self, code: Any) -> str:
        """What a code is called, in every language that is there."""
        label = self.labels.get(code)
        if isinstance(label, dict):
            return " / ".join(dict.fromkeys(str(text) for text in label.values()))
        if isinstance(label, str) and label.startswith("{"):
            return re.sub(r'[{}"]|\w\w_\w\w:', " ", label)
        return str(label if label is not None else code)

    def meant(self, meanings: Meanings) -> dict[Any, str]:
        """Code -> what it means, for those that mean something."""
        found = {code: meaning(self.told(code), meanings) for code in self.counts if code not in (None, "", 0, "0")}
        return {code: value for code, value in found.items() if value is not None}

    def share(self, meanings: Meanings) -> float:
        """Which part of the rows with a code have one that means something."""
        coded = sum(count for code, count in self.counts.items() if code not in (None, "", 0, "0"))
        return sum(self.counts[code] for code in self.meant(meanings)) / coded if coded else 0.0


@dataclass(slots=True)
class Bench:
    """drafts: those that become mappings, and those that are commented out. partner: the code of whose file it is."""

    database: Database
    links: Links
    drafts: list[Draft] = field(default_factory=list)
    currency: str = "EUR"
    partner: str = ""

    def live(self, entity: str) -> list[Draft]:
        """The drafts of an entity that become mappings."""
        return [draft for draft in self.drafts if draft.entity == entity and not draft.off]

    def draft_of(self, entity: str, table: Table) -> Draft | None:
        """The mapping of a table as an entity, or None."""
        return next((draft for draft in self.live(entity) if draft.table.name == table.name), None)

    def columns(self, draft: Draft, entity: str, name: str) -> list[str]:
        """The columns that may hold a field, filled ones only, the best first."""
        type_, patterns = FIELDS[entity][name]
        found = matching(draft.table, draft.content, type_, patterns)
        return [column for column in found if draft.content.get(column, _EMPTY).filled]

    def plain(self, draft: Draft, entity: str, name: str, **options: Any) -> None:
        """Propose a field from the best column for it; an empty column is told in a comment."""
        type_, patterns = FIELDS[entity][name]
        column = next(matching(draft.table, draft.content, type_, patterns), None)
        if column is None:
            return
        draft.put(name, self.form(draft, column, type_, **options))
        if not draft.content.get(column, _EMPTY).filled:
            draft.fields[name].off = "empty in the rows looked at"

    def form(self, draft: Draft, column: str, wanted: str = "", **options: Any) -> Any:
        """How a column of the draft's own table is read. wanted: "date" or "number", where texts may say it."""
        return form(column, draft.content.get(column), draft.table.columns[column].type, wanted, **options)

    def reference(self, entity: str, key: str, target: Table) -> dict[str, Any] | None:
        """A reference by key to a mapped table."""
        found = self.draft_of(entity, target)
        if found is None:
            return None
        return {"key": key, "to": found.name} if len(self.live(entity)) > 1 else {"key": key}

    def decided(self, entity: str, key: str, code: str, tables: Mapping[str, Table]) -> dict[str, Any] | None:
        """A reference whose mapping a code decides."""
        leads = {value: found.name for value, table in tables.items() if (found := self.draft_of(entity, table))}
        if leads and all(value == _camel(tables[value].name, self.links.common) for value in leads):
            # The codes are the tables' names: those that no row has yet may come.
            leads |= {_camel(d.table.name, self.links.common): d.name for d in self.live(entity)}
        return {"key": key, "to": {"column": code, "values": leads}} if leads else None

    async def refer(self, draft: Draft, name: str, entity: str, patterns: tuple[str, ...]) -> None:
        """Propose a reference from the first column that is called so and leads to a mapping of an entity."""
        for pair in await self.links.pairs(draft.table):
            if any(re.search(pattern, spaced(pair.column)) for pattern in patterns):
                value = self.decided(entity, pair.column, pair.code, pair.tables)
                if value is not None:
                    unsure = ", ".join(f"{code}: {count}" for code, count in pair.counts.most_common(6))
                    draft.put(name, value, "", [f"{pair.code}: {unsure}"])
                    return
        best: tuple[int, Any, str] = (0, None, "")
        for pattern in patterns:
            for column in draft.table.columns:
                if not re.search(pattern, spaced(column)) or not draft.content.get(column, _EMPTY).filled:
                    continue
                lead = await self.links.lead(draft.table, column)
                if lead is None:
                    continue
                value, unsure = self.reference(entity, column, lead.table), "" if lead.sure else lead.seen
                if value is None:
                    value = await self._shared(draft, column, lead.table, entity)
                    unsure = f"{column} leads to {lead.table.name}, and so does {value['key']}" if value else ""
                if value is not None and draft.content[column].filled > best[0] * 1.1:
                    best = draft.content[column].filled, value, unsure
            if best[1] is not None:
                draft.put(name, best[1], best[2])
                return

    async def _shared(self, draft: Draft, column: str, table: Table, entity: str) -> dict[str, Any] | None:
        """A reference to the row of a mapped table that leads to the same row of a table between, each its own."""
        best: tuple[int, str, Table] | None = None
        for target in self.live(entity):
            for lead in await self.links.leads(target.table):
                if lead.table.name != table.name or not re.search(r"home|partner|contact|person|address", lead.column):
                    continue
                if len(target.table.key) == 1 and not await self.database.repeats(target.table.name, (lead.column,)):
                    _, met = await self.database.matches(draft.table.name, column, target.table.name, lead.column)
                    if met and (best is None or met > best[0]):
                        best = met, lead.column, target.table
        if best is None:
            return None
        join = draft.join(_stem(column), best[2].name, {best[1]: column})
        return self.reference(entity, f"{join}.{best[2].key[0]}", best[2])

    def filter(self, draft: Draft, active: bool) -> None:
        """Leave out what was deleted, templates and, where asked, what is not active."""
        for name, column in draft.table.columns.items():
            told = spaced(name)
            if re.search(r"^(deleted at|date suppression|supprime le|deletion date|geloescht am|archived at)$", told):
                draft.where[name] = {"isNull": True}
            elif re.search(r"^(is deleted|deleted|supprime|est supprime|is template|geloescht|eliminado)$", told):
                if column.type in ("boolean", "integer"):
                    draft.where[name] = {"eq": self._flag(column.type, False)}
            elif active and re.search(r"^(active|is active|actif|enabled|aktiv|activo)$", told):
                if column.type not in ("boolean", "integer") or draft.content.get(name, _EMPTY).distinct < 2:
                    continue
                draft.where[name] = {"eq": self._flag(column.type, True)}
                draft.where_unsure = "perhaps those that are not active are wanted too"

    def _flag(self, type_: str, on: bool) -> bool | int:
        return on if type_ == "boolean" and self.database.dialect == "postgresql" else int(on)

    def updated(self, draft: Draft) -> None:
        """When a record was last changed."""
        column = next(matching(draft.table, draft.content, "date", UPDATED), None)
        if column is not None:
            draft.put("updatedAt", column)

    async def label_of(self, target: Table) -> str | None:
        """The column of a small table that says what its rows are called."""
        held = await self.database.contents(target)
        pattern = (
            r"^(completename|complete name|name|nom|libelle|label|designation|bezeichnung|nombre|title|titre)$",
            r"\b(name|nom|libelle|label)$|^(description|code)$",
        )
        columns = list(matching(target, held, "text", pattern))
        plain_name = [column for column in columns if not re.search("complete", column)]
        return next((column for column in plain_name if held[column].filled), None)

    async def named(self, draft: Draft, column: str, join: str) -> Any | None:
        """What a column says, as a text: itself, or the label of the row that it leads to."""
        lead = await self.links.lead(draft.table, column)
        if lead is None:
            return self.form(draft, column) if draft.table.columns[column].type in ("text", "json") else None
        label = await self.label_of(lead.table)
        if label is None:
            return None
        name = draft.join(join, lead.table.name, {lead.key: column})
        held = (await self.database.contents(lead.table))[label]
        return form(f"{name}.{label}", held, lead.table.columns[label].type)

    async def codes(self, draft: Draft, patterns: str, deeper: bool = False) -> list[Codes]:
        """Where a code may stand whose column is called so: in the table, behind a foreign key, or behind two."""
        found = await self._codes(draft.table, draft.content, patterns, (), "")
        if deeper:
            for lead in await self.links.leads(draft.table):
                if lead.table.name == draft.table.name or lead.table.rows > 20_000:
                    continue
                held = await self.database.contents(lead.table)
                if draft.content.get(lead.column, _EMPTY).filled:
                    step = ((lead.column, lead.table.name, lead.key),)
                    found += await self._codes(lead.table, held, patterns, step, draft.table.name)
        return found

    async def _codes(
        self,
        table: Table,
        held: Mapping[str, Content],
        patterns: str,
        path: tuple[tuple[str, str, str], ...],
        root: str,
    ) -> list[Codes]:
        found = []
        for name, column in table.columns.items():
            if not re.search(patterns, spaced(name)) or column.type not in ("text", "integer", "boolean"):
                continue
            if not held.get(name, _EMPTY).filled or name in table.key or held[name].share(day) > 0.5:
                continue
            counts = await self.database.codes(root or table.name, path, name)
            if len(counts) > LONGEST_CODES:
                continue
            lead = await self.links.lead(table, name)
            if lead is not None and (label := await self.label_of(lead.table)) is not None:
                labels = await self.database.labels(lead.table.name, lead.key, label)
                about = (await self.database.contents(lead.table))[label]
                after = (*path, (name, lead.table.name, lead.key))
                found.append(Codes(name, label, counts, labels, about, after, name))
            else:
                found.append(Codes(name, None, counts, {}, None, path, name))
        return found

    def place(self, draft: Draft, codes: Codes, join: str) -> tuple[str, str | None]:
        """The column that holds a code and the one that holds its label, as the mapping names them; joins are made."""
        steps = codes.path[:-1] if codes.label is not None else codes.path
        ref = ""
        for column, target, key in steps:
            ref = draft.join(_stem(column), target, {key: f"{ref}.{column}" if ref else column})
        own = f"{ref}.{codes.column}" if ref else codes.column
        if codes.label is None:
            return own, None
        _, target, key = codes.path[-1]
        last = draft.join(join, target, {key: own})
        return own, f"{last}.{codes.label}"

    def coded(
        self, draft: Draft, codes: Codes, meanings: Meanings, join: str, otherwise: str | None = None
    ) -> tuple[Line, Any]:
        """The line of an enum field, and what the source itself calls it."""
        ref, label = self.place(draft, codes, join)
        meant = codes.meant(meanings)
        value: dict[str, Any] = {"column": ref}
        if any(code in (0, "0") for code in codes.counts) and 0 not in codes.labels and codes.label is not None:
            value["null"] = [0]
        value["values"] = {str(code): _outcome(what) for code, what in meant.items()}
        if otherwise is not None:
            value["otherwise"] = otherwise
        notes, open_ = [], 0
        for code, count in codes.counts.most_common(25):
            if code in (None, "", 0, "0") and code not in codes.labels:
                continue
            told = codes.told(code)
            notes.append(f"{code}{f' {told}' if told != str(code) else ''}: {count} rows -> {meant.get(code, '?')}")
            open_ += code not in meant
        unsure = (
            f"{open_} of {open_ + len(meant)} codes are not understood" if open_ else "guessed from the words above"
        )
        source = ref if label is None else form(label, codes.label_content, "text")
        return Line(value, notes, unsure), source


def masked(held: Content, personal: bool) -> str:
    """A few examples of a column's values; of personal ones only the shape."""
    texts = [str(value) for value, _ in held.values.most_common(3)]
    return ", ".join(dict.fromkeys(map(shape, texts) if personal else (text[:40] for text in texts)))


def _outcome(value: str) -> Any:
    return {"true": True, "false": False}.get(value, value)


def _camel(table: str, common: str) -> str:
    return "".join(word.capitalize() for word in own_words(table, common))


def _stem(column: str) -> str:
    return re.sub(r"(_id|^id_|s_id)$", "", column) or column


_EMPTY = content(())
