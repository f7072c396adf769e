"""From a live database to the text of a partner file."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.proposal import assets, bookings, covers, people
from gateway.proposal.bench import Bench
from gateway.proposal.candidates import Candidate, candidates, noise, prefix
from gateway.proposal.draft import Draft
from gateway.proposal.links import Links, mapping_name
from gateway.proposal.text import Text
from resolvers.errors import GatewayError
from resolvers.section import nearest
from resolvers.survey import Database

# How many tables of an entity become mappings, and how many more are drafted but commented out.
MAPPED = {"Asset": 8, "Person": 1, "Site": 2, "Policy": 2, "Booking": 2}
BESIDE = 1
LEAST = {"Asset": 8.0, "Person": 9.0, "Site": 4.4, "Policy": 7.0, "Booking": 6.5}
_DRAFTERS = (
    ("Site", assets.site),
    ("Person", people.person),
    ("Asset", assets.asset),
    ("Policy", covers.policy),
    ("Booking", bookings.booking),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told. tables: only these, or none for all. sure: what of the head was given, not guessed."""

    code: str
    name: str
    kind: str
    time_zone: str
    currency: str
    tables: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()


async def propose(database: Database, asked: Asked) -> Text:
    """Look into a database and propose. GatewayError where a table that was asked for is not there."""
    tables = await database.tables()
    for name in asked.tables:
        if name not in tables:
            hint = nearest(name, tables) or f"it has {len(tables)} tables"
            raise GatewayError(f"There is no table {name!r}.", code="SOURCE_SCHEMA_DRIFT", hint=hint)
    if not tables:
        raise GatewayError(
            "The account sees no table in the database's default schema.",
            code="SOURCE_EMPTY",
            hint="another database or account; on PostgreSQL, alter role ... set search_path = ...",
        )
    common = prefix(tables)
    kept = [name for name in tables if name in asked.tables or not noise(name, common)]
    counts = await database.count(kept)
    tables = {name: table.counted(counts.get(name, 0)) for name, table in tables.items()}
    links = Links(database, tables, common)
    found = candidates({n: t for n, t in tables.items() if not asked.tables or n in asked.tables}, common)
    bench = Bench(database, links, currency=asked.currency, partner=asked.code)
    await _choose(bench, found, common, bool(asked.tables))
    for entity, fill in _DRAFTERS:
        for draft in [draft for draft in bench.drafts if draft.entity == entity]:
            await fill(bench, draft)
            _settle(draft)
    drafted = {draft.table.name for draft in bench.drafts}
    return Text(
        asked, bench.drafts, [each for each in found if each.table.name not in drafted], len(tables), database.dialect
    )


async def _choose(bench: Bench, found: list[Candidate], common: str, all_of_them: bool) -> None:
    taken: set[str] = set()
    for entity, most in MAPPED.items():
        filled = [each for each in found if each.entity == entity and each.table.rows]
        best = filled[0].score if filled else 0.0
        for place, candidate in enumerate(filled[: most + BESIDE]):
            name = mapping_name(candidate.table.name, common)
            while name in taken:
                name += "_2"
            taken.add(name)
            held = await bench.database.contents(candidate.table)
            draft = Draft(name, entity, candidate.table, held, candidate.score, candidate.why)
            weak = candidate.score < LEAST[entity] or candidate.score < 0.5 * best
            if not all_of_them and (place >= most or weak):
                draft.off = "a likelier table was found" if place else "too little speaks for it"
            if not candidate.table.key:
                draft.off = "it has no key: name the columns that identify a row"
            bench.drafts.append(draft)
        if entity == "Person" and bench.live("Person"):
            bench.links.people = bench.live("Person")[0].table


def _settle(draft: Draft) -> None:
    if not draft.fields and not draft.off:
        draft.off = "no column is understood"
