"""`gateway check`: every mistake of every file, then what the live sources say, told to people or to machines."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway import issuers, settings, trusted
from gateway.check_report import Told, as_machine, as_text
from gateway.state import State, StateError
from resolvers import catalog
from resolvers.checks import Report
from resolvers.checks import check as check_sources
from resolvers.errors import CatalogError, GatewayError, Mistake
from resolvers.section import nearest
from schema import graph
from schema.model import model


@dataclass(frozen=True, slots=True)
class Options:
    """offline: no source and no URL is asked. strict: a warning fails too. sources: ids ("partner.source"), or all."""

    offline: bool = False
    as_json: bool = False
    strict: bool = False
    sources: tuple[str, ...] = ()


def run(path: Path, environ: Mapping[str, str], options: Options) -> int:
    """Print what is wrong; 1 where something is, 0 where there are at most warnings (with `strict`: notes)."""
    told = asyncio.run(_looked(path, environ, options))
    print(as_machine(told) if options.as_json else as_text(told, environ, sys.stdout))  # noqa: T201
    failing = ("error", "warning") if options.strict else ("error",)
    return int(any(mistake.level in failing for mistake in told.findings))


async def _looked(path: Path, environ: Mapping[str, str], options: Options) -> Told:
    """`look`, and then no thread that it started is left.

    aiosqlite does not wait for the thread of a file that could not be opened; it would meet a loop that is closed.
    """
    before = set(threading.enumerate())
    try:
        return await look(path, environ, options)
    finally:
        for thread in set(threading.enumerate()) - before:
            if not thread.name.startswith("asyncio_"):  # those of the loop itself go on
                await asyncio.to_thread(thread.join, 1.0)


async def look(path: Path, environ: Mapping[str, str], options: Options) -> Told:
    """Everything wrong with the settings, the partner files and, unless offline, what they lead to."""
    try:
        chosen, found = settings.read(path, environ)
    except CatalogError as error:
        return Told(tuple(error.mistakes), (), {}, _texts([path]))
    texts = _texts([path, *sorted(chosen.partners.glob("*.toml"))])
    known, wrong = catalog.load(chosen.partners, model(), environ)
    codes = {partner.file: partner.code for partner in known.partners.values()}
    if _left_out(options.sources, known, wrong):
        return Told((*found, *wrong), (), codes, texts)
    _known_sources(options.sources, known)
    found = [*found, *wrong, *_manifests(known, chosen)]
    found = [*found, *await issuers.check(known.partners.values(), offline=options.offline)]
    if not any(mistake.key == "state.url" for mistake in found):
        found += await _state(chosen, options.offline)
    report = Report((), ())
    if not options.offline:
        with _Progress() as progress:
            report = await check_sources(known, options.sources, progress.tell)
    return Told((*found, *report.findings), report.sources, codes, texts)


def _manifests(known: catalog.Catalog, chosen: settings.Settings) -> list[Mistake]:
    trusts, mistakes = trusted.load(known, chosen.documents_mode)
    if not any(found.texts for found in trusts.values()):
        return mistakes
    judge = trusted.Judge(graph.build()._schema, chosen.limits)
    return [*mistakes, *judge.mistakes(known, trusts)]


def _left_out(wanted: Collection[str], known: catalog.Catalog, wrong: Collection[Mistake]) -> bool:
    """Whether a source may well be of a partner whose file has mistakes; these then say more than its absence."""
    broken = any(mistake.level == "error" for mistake in wrong)
    return broken and any(name.partition(".")[0] not in known.partners for name in wanted)


def _known_sources(wanted: Collection[str], known: catalog.Catalog) -> None:
    ids = [source.id for partner in known.partners.values() for source in partner.sources.values()]
    for name in wanted:
        if name not in ids:
            hint = nearest(name, ids) or "known: " + ", ".join(sorted(ids))
            raise GatewayError(f"There is no source {name!r}.", code="CATALOG_UNKNOWN_REFERENCE", hint=hint)


def _texts(paths: list[Path]) -> dict[str, str]:
    """The files that findings can stand in, by the name that findings have for them."""
    found = {}
    for path in paths:
        try:
            found[path.name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):  # told as a finding of its own
            continue
    return found


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


class _Progress:
    """One line on a terminal's stderr that says what is being looked at, and is gone at the end."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("")

    def tell(self, what: str) -> None:
        self._write(f"looking at {what} ...")

    def _write(self, text: str) -> None:
        if self._shown:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201
