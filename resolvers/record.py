"""Records and their parts as the resolvers hold them: a row, and the level that says where its values stand."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from resolvers.context import Context
from resolvers.fetch import Row
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.level import Level


class Record:
    """One record. `entity` tells Strawberry its type."""

    __slots__ = ("context", "level", "row")

    def __init__(self, context: Context, level: Level, row: Row) -> None:
        self.context = context
        self.level = level
        self.row = row

    @property
    def entity(self) -> str:
        return self.level.entity

    @property
    def partner(self) -> str:
        return self.row.mapping.partner

    def value(self, path: str) -> Any:
        """The value at a dotted path, None where the plan does not hold it."""
        place = self.level.paths.get(path)
        return None if place is None else self.row.values[place]

    def values(self, paths: tuple[str, ...]) -> dict[str, Any]:
        """The values at some paths, without those that this record's partner does not hold or share."""
        given = self.level.given.get(self.row.mapping.view, frozenset())
        return {path: self.value(path) for path in paths if path in given and path in self.row.mapping.fields}

    def id(self) -> str:
        """Its global id."""
        mapping = self.row.mapping
        return self.context.ids.write(mapping.entity, mapping.id, self.row.key, mapping.key_is_personal)

    def tokens(self, names: str | None) -> list[Token]:
        """All that other records can lead here by: its key, and its identifiers (`names`: the field with them)."""
        named = (self.value(names) if names is not None else None) or ()
        return [
            KeyToken(self.row.mapping.id, self.row.key),
            *(NameToken(n["scheme"], n["normalized"], n["country"], self.partner, n["value"]) for n in named),
        ]


@dataclass(frozen=True, slots=True)
class View:
    """A part of a record: the values below a dotted prefix."""

    record: Record
    prefix: str


def part_of(record: Record, path: str, required: tuple[str, ...]) -> View | None:
    """The part at a path: null where a value that it cannot be without is null, or where the partner has nothing."""
    given = record.level.given.get(record.row.mapping.view, frozenset())
    below = path + "."
    if path not in given or not record.row.mapping.holds(path):
        return None
    if any(f"{below}{name}" not in given or record.value(f"{below}{name}") is None for name in required):
        return None
    return View(record, below)


# For the owner only: to others what is hidden is as what is not there.
_HINTS = frozenset({"DANGLING_REFERENCE", "DUPLICATE_KEY"})


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with one value of a record in its source."""

    code: str
    field: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record came from. See `Provenance` in the schema."""

    partner: Any
    source: str | None
    local_id: str | None
    as_of: Any
    updated_at: Any
    stale: bool
    issues: list[Issue] | None


def origin(record: Record, partners: Map[str, Any]) -> Origin:
    """A record's provenance; source, local key and raw values for its owner only."""
    context, row = record.context, record.row
    own = record.partner == context.viewer.partner
    source = context.catalog.source(row.mapping.source_id)
    given = record.level.given.get(row.mapping.view, frozenset())
    issues = [
        Issue(code, path, text if own else None)
        for code, path, text in row.issues
        if (own or code not in _HINTS)
        and (path == "id" or any(path == name or path.startswith(name + ".") for name in given))
    ]
    return Origin(
        partners[record.partner],
        source.label if own else None,
        row.key if own else None,
        context.now,
        record.value("updatedAt"),
        False,
        issues if record.level.issues else None,
    )
