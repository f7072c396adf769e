"""`gateway check`: every mistake of every file, then what the live sources say, told to people or to machines."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from gateway import issuers, settings
from gateway.state import State, StateError
from resolvers import catalog
from resolvers.check import check as check_sources
from resolvers.errors import CatalogError, Mistake
from schema.model import model


def run(path: Path, environ: Mapping[str, str], *, offline: bool, as_json: bool) -> int:
    """Print what is wrong; 1 where something is, 0 where there are at most warnings."""
    found = asyncio.run(mistakes(path, environ, offline=offline))
    print(as_machine(found) if as_json else as_text(found))  # noqa: T201
    return int(any(mistake.level == "error" for mistake in found))


async def mistakes(path: Path, environ: Mapping[str, str], *, offline: bool) -> list[Mistake]:
    """Everything wrong with the settings, the partner files and, unless offline, what they lead to."""
    try:
        chosen, found = settings.read(path, environ)
    except CatalogError as error:
        return list(error.mistakes)
    known, wrong = catalog.load(chosen.partners, model(), environ)
    found = [*found, *wrong, *await issuers.check(known.partners.values(), offline=offline)]
    if not any(mistake.key == "state.url" for mistake in found):
        found += await _state(chosen, offline)
    return found if offline else [*found, *await check_sources(known)]


async def _state(chosen: settings.Settings, offline: bool) -> list[Mistake]:
    try:
        state = State(chosen.state_url)
    except CatalogError as error:
        return list(error.mistakes)
    try:
        if not offline:
            await state.reach()
    except StateError as error:
        return [Mistake(error.code, chosen.file.name, "state.url", error.message, error.hint or "")]
    finally:
        await state.close()
    return []


def as_text(found: Sequence[Mistake]) -> str:
    """For people: each mistake, then how many."""
    counts = Counter(mistake.level for mistake in found)
    total = ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for level, count in sorted(counts.items()))
    return "\n".join([*map(str, found), total or "nothing wrong"])


def as_machine(found: Sequence[Mistake]) -> str:
    """JSON: a list of {code, file, key, message, hint, level}."""
    return json.dumps([asdict(mistake) for mistake in found], ensure_ascii=False, indent=2)
