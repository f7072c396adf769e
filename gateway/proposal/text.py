"""The text of a proposed partner file; lines can be commented out afterwards, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.proposal.candidates import Candidate
from gateway.proposal.draft import Draft, Line
from gateway.proposal.toml_text import comment, lines, string, value

if TYPE_CHECKING:
    from gateway.proposal.proposal import Asked

SOURCE = "main"
_ORDER = ("Asset", "Site", "Person", "Policy", "Coverage", "Booking")


@dataclass(slots=True)
class Text:
    """others: tables that were thought of but not drafted. tables: how many the database has."""

    asked: Asked
    drafts: list[Draft]
    others: list[Candidate]
    tables: int
    dialect: str

    @property
    def variable(self) -> str:
        """The environment variable that holds the URL."""
        return self.asked.code.upper().replace("-", "_") + "_URL"

    def drop(self, mapping: str, name: str, reason: str) -> bool:
        """Comment out a field of a mapping, or (without a field) the whole mapping; whether there was something to."""
        for draft in self.drafts:
            if draft.name != mapping or draft.off:
                continue
            if name.startswith("join."):
                return self._drop_join(draft, name.removeprefix("join."), reason)
            line = draft.fields.get(name)
            if line is None:
                draft.off = reason
            elif line.off:
                return False
            else:
                line.off = reason
            return True
        return False

    def _drop_join(self, draft: Draft, join: str, reason: str) -> bool:
        hanging = {join}
        for name, other in draft.joins.items():
            if any(own.partition(".")[0] in hanging for own in other["on"].values()):
                hanging.add(name)
        lines = [line for line in draft.fields.values() if any(f"{name}." in repr(line.value) for name in hanging)]
        lost = [line for line in lines if not line.off]
        for line in lost:
            line.off = reason
        if not lines or any(f"{name}." in repr(draft.where) for name in hanging):
            draft.off = reason
        return bool(lost or draft.off)

    def __str__(self) -> str:
        found = [*self._head(), ""]
        ordered = sorted(self.drafts, key=lambda draft: (bool(draft.off), _ORDER.index(draft.entity), -draft.score))
        for draft in ordered:
            head, mapping = _head_of(draft), _mapping(draft)
            # Its own comments as well: the file must still be TOML once somebody takes the `#` away from all lines.
            found += [*head, *(map(comment, mapping) if draft.off else mapping), ""]
        if self.others:
            found.append("# Thought of, and left out:")
            for each in self.others[:25]:
                found.append(comment(f"  {each.table.name}: {each.entity}? score {each.score}: {each.why}"))
            found.append("")
        return "\n".join([*found, *_AGREEMENT]) + "\n"

    def _head(self) -> list[str]:
        asked = self.asked
        default = {
            name: "" if name in asked.given else "   # unsure: not given" for name in ("kind", "time_zone", "currency")
        }
        return [
            "# Proposed by `gateway init partner` from what the database looks like. A first draft: somebody who knows",
            "# the data reads it once. Lines marked `unsure` are guesses, with what was seen. Then: gateway check.",
            comment(
                f"The database has {self.tables} tables; {sum(not d.off for d in self.drafts)} mappings are proposed."
            ),
            "",
            "[partner]",
            f"code = {string(asked.code)}",
            f"name = {string(asked.name)}",
            f"kind = {string(asked.kind)}{default['kind']}",
            f"time_zone = {string(asked.time_zone)}{default['time_zone']}",
            f"currency = {string(asked.currency)}{default['currency']}",
            "",
            f"[source.{SOURCE}]",
            'kind = "sql"',
            f"url = {string('${' + self.variable + '}')}",
            "# The zone in which the database's times without an offset are meant, where it is not the partner's:",
            '# time_zone = "UTC"',
        ]


def _head_of(draft: Draft) -> list[str]:
    found = [comment(f"{draft.table.name}, score {draft.score:g}: {draft.why}.")]
    if draft.off:
        found.append(comment(f"Commented out: {draft.off.rstrip('.')}."))
    return found


def _mapping(draft: Draft) -> list[str]:
    keys: Any = draft.table.key[0] if len(draft.table.key) == 1 else list(draft.table.key)
    found = [
        f"[mapping.{draft.name}]",
        f'entity = "{draft.entity}"',
        f'source = "{SOURCE}"',
        f"table = {string(draft.table.name)}",
        f"key = {value(keys)}",
    ]
    if draft.where:
        unsure = f"   {comment('unsure: ' + draft.where_unsure)}" if draft.where_unsure else ""
        found.append(f"where = {value(draft.where)}{unsure}")
    used = _used(draft)
    found += [f"join.{name} = {value(join)}" for name, join in draft.joins.items() if name in used]
    found.append(f"[mapping.{draft.name}.fields]")
    for name, line in draft.fields.items():
        found += _field(name, line)
    return found


def _used(draft: Draft) -> set[str]:
    """The joins that something looks at, and those that they hang on."""
    told = repr([draft.where, *(line.value for line in draft.fields.values() if not line.off or draft.off)])
    used: set[str] = set()
    for name in reversed(draft.joins):  # a join hangs on those before it
        hanging = (own for other in used for own in draft.joins[other]["on"].values())
        if f"'{name}." in told or f"{{{name}." in told or any(own.startswith(f"{name}.") for own in hanging):
            used.add(name)
    return used


def _field(name: str, line: Line) -> list[str]:
    told = [comment(note) for note in line.notes]
    written = lines(name, line.value)
    if line.off:
        return [*told, *(comment(each) for each in written[:-1]), f"{comment(written[-1])}   {comment(line.off)}"]
    if line.unsure:
        mark = comment(f"unsure: {line.unsure}")
        if len(written) > 1 or len(written[0]) + len(mark) > 140:
            return [*told, mark, *written]
        return [*told, f"{written[0]}   {mark}"]
    return [*told, *written]


_AGREEMENT = (
    "# Nothing is shared with other partners until an agreement says so. For example:",
    "#",
    "# [[agreement]]",
    '# code = "first"',
    "# version = 1",
    '# with = ["coop"]',
    "# [agreement.Asset]",
    '# fields = ["kind", "status", "identifiers"]',
)
