"""How the findings of `gateway check` are told: to people, by file, source and mapping; to machines, as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TextIO

from gateway.lines import line_of
from resolvers.checks import MappingFacts, SourceFacts
from resolvers.errors import Mistake

VERSION = 1  # of the JSON: a higher one is not read like this one
WORDS = {"error": "error", "warning": "warning", "info": "note"}
COLOURS = {"error": "31", "warning": "33", "info": "36", "head": "1", "dim": "2"}
OFTEN_EMPTY = 0.9  # a field that fewer rows fill is told


@dataclass(frozen=True)
class Told:
    """findings: of settings, partner files and sources. partners: file name -> code. texts: file name -> its text."""

    findings: tuple[Mistake, ...]
    sources: tuple[SourceFacts, ...]
    partners: Mapping[str, str]
    texts: Mapping[str, str]

    @cached_property
    def lines(self) -> dict[tuple[str, str], int | None]:
        """Where the findings' keys stand."""
        wanted = {(mistake.file, mistake.key) for mistake in self.findings}
        return {(file, key): line_of(self.texts.get(file, ""), key) for file, key in wanted}

    def place(self, mistake: Mistake) -> tuple[str | None, str | None, str | None]:
        """The partner, source and mapping that a finding is about."""
        head, _, rest = mistake.key.partition(".")
        partner = self.partners.get(mistake.file)
        name = rest.partition(".")[0] or None
        if head == "source":
            return partner, name, None
        if head != "mapping":
            return partner, None, None
        source = next(
            (s.name for s in self.sources if s.partner == partner and any(m.name == name for m in s.mappings)), None
        )
        return partner, source, name


def as_text(told: Told, environ: Mapping[str, str], out: TextIO) -> str:
    """For people, in colour on a terminal that wants it; how many at the end."""
    colour = out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    counts = Counter(mistake.level for mistake in told.findings)
    total = ", ".join(
        f"{counts[level]} {word}{'s' if counts[level] > 1 else ''}" for level, word in WORDS.items() if counts[level]
    )
    if not counts["error"] and not counts["warning"]:
        total = "nothing wrong" + (f", {total}" if total else "")
    return "\n".join([*_lines(told, colour), total])


def _lines(told: Told, colour: bool) -> Iterator[str]:
    files = {code: file for file, code in told.partners.items()}
    for file in dict.fromkeys([*(m.file for m in told.findings), *(files.get(s.partner, "") for s in told.sources)]):
        yield _painted(file, "head", colour)
        rest = [mistake for mistake in told.findings if mistake.file == file]
        for source in (s for s in told.sources if files.get(s.partner) == file):
            yield f"  {_painted(source.name, 'head', colour)}: {_source(source)}"
            mine = [m for m in rest if told.place(m)[1:] == (source.name, None)]
            yield from _findings(told, mine, colour)
            rest = [m for m in rest if m not in mine]
            for mapping in source.mappings:
                yield f"  {_painted(mapping.name, 'head', colour)}: {_mapping(mapping)}"
                mine = [m for m in rest if told.place(m)[1:] == (source.name, mapping.name)]
                yield from _findings(told, mine, colour)
                rest = [m for m in rest if m not in mine]
        yield from _findings(told, rest, colour)
        yield ""


def _findings(told: Told, findings: list[Mistake], colour: bool) -> Iterator[str]:
    for mistake in sorted(findings, key=lambda found: list(WORDS).index(found.level)):
        word = _painted(f"{WORDS[mistake.level]:7}", mistake.level, colour)
        line = told.lines[mistake.file, mistake.key]
        where = mistake.key + (f", line {line}" if line and mistake.key else "")
        yield f"    {word}  {mistake.code}  {_painted(where, 'dim', colour)}".rstrip()
        yield f"             {mistake.message}"
        if mistake.hint:
            yield f"             {mistake.hint}"


def _source(source: SourceFacts) -> str:
    if source.server is None:
        return "not reached"
    found = [source.server]
    if source.latency is not None:
        found.append(f"answers in {source.latency * 1000:.1f} ms")
    found.append("sessions are read-only" if source.read_only else "sessions are NOT read-only")
    if source.skew is not None:
        found.append(f"clock {source.skew:+.1f} s")
    found.append(f"looked at in {source.seconds:.1f} s")
    return ", ".join(found)


def _mapping(mapping: MappingFacts) -> str:
    counted = f"{'' if mapping.whole else 'more than '}{mapping.rows:,} rows"
    found = [f"{mapping.entity}, {counted if mapping.whole or mapping.rows else 'not counted'}"]
    orders: dict[str, list[str]] = {}
    for name, how in mapping.orders.items():
        orders.setdefault(how, []).append(name or "by key (default)")
    says = {"indexed": "an index gives order ", "sorted": "sorted on demand ", "gateway": "sorted by the gateway "}
    found += [text + ", ".join(orders[how]) for how, text in says.items() if how in orders]
    empty = [f"{path} {share:.0%}" for path, share in mapping.filled.items() if share < OFTEN_EMPTY]
    if empty:
        found.append("filled " + ", ".join(empty))
    return "; ".join(found)


def _painted(text: str, what: str, colour: bool) -> str:
    return f"\x1b[{COLOURS[what]}m{text}\x1b[0m" if colour else text


def as_machine(told: Told) -> str:
    """JSON: version, summary, findings and sources, as docs/check.md says."""
    counts = Counter(mistake.level for mistake in told.findings)
    return json.dumps(
        {
            "version": VERSION,
            "summary": {level: counts[level] for level in WORDS},
            "findings": [_finding(told, mistake) for mistake in told.findings],
            "sources": [_facts(source) for source in told.sources],
        },
        ensure_ascii=False,
        indent=2,
    )


def _finding(told: Told, mistake: Mistake) -> dict[str, Any]:
    partner, source, mapping = told.place(mistake)
    return {
        "severity": mistake.level,
        "code": mistake.code,
        "file": mistake.file,
        "line": told.lines[mistake.file, mistake.key],
        "key": mistake.key,
        "partner": partner,
        "source": source,
        "mapping": mapping,
        "message": mistake.message,
        "mend": mistake.hint,
    }


def _facts(source: SourceFacts) -> dict[str, Any]:
    return {
        "partner": source.partner,
        "name": source.name,
        "server": source.server,
        "latencyMs": None if source.latency is None else round(source.latency * 1000, 2),
        "readOnly": source.read_only,
        "canWrite": source.can_write,
        "clockSkewSeconds": None if source.skew is None else round(source.skew, 2),
        "seconds": round(source.seconds, 2),
        "mappings": [
            {
                "name": mapping.name,
                "entity": mapping.entity,
                "rows": mapping.rows,
                "whole": mapping.whole,
                "filled": {path: round(share, 4) for path, share in mapping.filled.items()},
                "orders": {name or "KEY": how for name, how in mapping.orders.items()},
            }
            for mapping in source.mappings
        ],
    }
