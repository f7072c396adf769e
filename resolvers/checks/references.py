"""References and links followed to their ends: keys that lead to no record, identifiers that lead to several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from resolvers.catalog import Catalog
from resolvers.checks.report import figure, several
from resolvers.coercion import text_of
from resolvers.connectors.sql.survey import TOKENS, Survey
from resolvers.errors import Mistake
from resolvers.fetch import Arm, Fetch, Lookup, Row
from resolvers.identifier import KeyToken, NameToken, Token
from resolvers.mapping import ByIdentifier, ByKey, Link, Mapping

AT_ONCE = 500  # tokens in one statement
SHOWN = 3
NONE = ("0", "-1")  # keys that mean "no row" in many systems
Surveys = Callable[[str], Survey | None]
"""The survey of a source by its id; None where the source is not to be asked."""


@dataclass(frozen=True, slots=True)
class End:
    """What a token leads to: how many records; whether at least a row is there, which its mapping leaves out."""

    records: int
    left_out: bool = False


async def references(
    file: str, catalog: Catalog, mapping: Mapping, survey: Survey, surveys: Surveys
) -> AsyncIterator[Mistake]:
    """What a mapping's references and links lead to, each distinct one once."""
    for path, binding in mapping.fields.items():
        links: Sequence[Link] = ()
        if isinstance(binding, ByKey | ByIdentifier):
            links = (Link(binding),)
        elif isinstance(binding, tuple):
            links = binding
        for index, link in enumerate(links):
            key = f"mapping.{mapping.name}.fields.{path}" + (f"[{index}]" if len(links) > 1 else "")
            entity = catalog.model.field(mapping.entity, path).type
            found = await survey.tokens(mapping, path, link)
            ends = await _ends(catalog, entity, [token for token, _, _ in found if token is not None], surveys)
            for mistake in _judged(file, key, link, found, ends, len(found) == TOKENS):
                yield mistake


def _judged(
    file: str,
    key: str,
    link: Link,
    found: Sequence[tuple[Token | None, tuple[object, ...], int]],
    ends: dict[Token, End],
    more: bool,
) -> Iterable[Mistake]:
    total = sum(count for token, _, count in found if token is not None)
    among = f"of {several(total, 'row')} that name one" + (f" (the {TOKENS:,} most frequent looked at)" if more else "")
    nowhere = [(_told(token), count) for token, _, count in found if token in ends and not ends[token].records]
    if nowhere:
        rows = sum(count for _, count in nowhere)
        hidden = sum(count for token, _, count in found if token in ends and ends[token].left_out)
        message = f"{rows:,} {among} lead to no record: {_listed(nowhere)}."
        if hidden:
            message += f" {hidden:,} of them name a row that `where` of its mapping leaves out."
        none = sum(count for told, count in nowhere if told in NONE)
        hint = "they read as null" + ("; `null = [0]` beside the key says that 0 means none" if none else "")
        level = "info" if rows == hidden + none else "warning"
        yield Mistake("DATA_ORPHANS", file, key, message, hint, level)
    ambiguous = [(_told(token), count) for token, _, count in found if token in ends and ends[token].records > 1]
    if ambiguous:
        rows = sum(count for _, count in ambiguous)
        message = f"{rows:,} {among} fit several records, so lead to none: {_listed(ambiguous)}."
        hint = "say more: `country`, `partner`, or an identifier that only one record has"
        yield Mistake("DATA_AMBIGUOUS", file, key, message, hint, "warning")
    if isinstance(link.target, ByKey) and link.target.code is not None:
        foreign: dict[str, int] = {}
        for token, raw, count in found:
            if token is None and text_of(raw[0]) not in link.target.to:
                foreign[str(raw[0])] = foreign.get(str(raw[0]), 0) + count
        if foreign:
            message = f"codes that no mapping is named for: {_listed(list(foreign.items()))}."
            yield Mistake("DATA_CODE_UNKNOWN", file, f"{key}.to", message, "they lead nowhere", "info")


async def _ends(catalog: Catalog, entity: str, tokens: Sequence[Token], surveys: Surveys) -> dict[Token, End]:
    """Where tokens lead; those into sources that are not to be asked are left out."""
    found: dict[Token, End] = {}
    keys: dict[str, list[KeyToken]] = {}
    for token in tokens:
        if isinstance(token, KeyToken):
            keys.setdefault(token.mapping, []).append(token)
    for name, mine in keys.items():
        mapping = catalog.mapping(name)
        if mapping is None or mapping.entity != entity:
            found |= {token: End(0) for token in mine}
            continue
        there = surveys(mapping.source_id)
        if there is None:
            continue
        met = await _keys(mapping, mine, there)
        found |= {token: End(1) for token in mine if token.key in met}
        missing = [token for token in mine if token.key not in met]
        # without its conditions: is there at least a row?
        rows = await _keys(replace(mapping, where=None, joins={}, fields={}), missing, there) if missing else set()
        found |= {token: End(0, token.key in rows) for token in missing}
    names = [token for token in tokens if isinstance(token, NameToken)]
    return found | (await _named(catalog, entity, names, surveys) if names else {})


async def _keys(mapping: Mapping, tokens: Sequence[KeyToken], survey: Survey) -> set[str]:
    if any("." in name for name in mapping.key) and not mapping.joins:
        return set()
    fetch = Fetch(mapping.source_id, mapping.entity, (), (Arm(mapping, frozenset()),))
    met: set[str] = set()
    for start in range(0, len(tokens), AT_ONCE):
        part = [token.key for token in tokens[start : start + AT_ONCE]]
        met |= {row.key for row in await survey.sample(fetch, Lookup({mapping.id: part}))}
    return met


async def _named(catalog: Catalog, entity: str, tokens: Sequence[NameToken], surveys: Surveys) -> dict[Token, End]:
    field = catalog.model.identifiers(entity)
    if field is None:
        return {}
    carriers = [mapping for mapping in catalog.mappings(entity) if field in mapping.fields]
    met: dict[NameToken, set[tuple[str, str]]] = {token: set() for token in tokens}
    unasked: set[str] = set()
    for mapping in carriers:
        survey = surveys(mapping.source_id)
        if survey is None:
            unasked.add(mapping.partner)
            continue
        fetch = Fetch(mapping.source_id, entity, (field,), (Arm(mapping, frozenset({field})),))
        wanted = [token for token in tokens if token.partner in (None, mapping.partner)]
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            rows = await survey.sample(fetch, Lookup({}, part))
            _match(part, rows, met)
    known = [token for token in tokens if not unasked or (token.partner is not None and token.partner not in unasked)]
    return {token: End(len(met[token])) for token in known}


def _match(tokens: Sequence[NameToken], rows: Sequence[Row], met: dict[NameToken, set[tuple[str, str]]]) -> None:
    pairs: dict[tuple[str, str], list[NameToken]] = {}
    for token in tokens:
        pairs.setdefault(token.pair, []).append(token)
    for row in rows:
        for name in row.values[0] or ():
            for token in pairs.get((name["scheme"], name["normalized"]), ()):
                if token.meets(name.get("country"), row.mapping.partner):
                    met[token].add((row.mapping.id, row.key))


def _told(token: Token | None) -> str:
    if isinstance(token, KeyToken):
        return token.key
    return "" if token is None else f"{token.scheme} {token.value or token.normalized}"


def _listed(found: Sequence[tuple[str, int]]) -> str:
    rest = f" and {len(found) - SHOWN:,} more" if found[SHOWN:] else ""
    return ", ".join(figure(count, what) for what, count in found[:SHOWN]) + rest
