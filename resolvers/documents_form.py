"""How a partner file says which operations its partner's own callers may run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resolvers.section import Section

OFF, LOG, ENFORCE = MODES = ("off", "log", "enforce")


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """`[documents]` of a partner file. file: the manifest of known operations. mode: one of MODES, None where the file
    does not say; what becomes of an operation that is in no manifest: it runs, it runs and is told, it is refused.
    """

    file: Path | None
    mode: str | None


def documents(section: Section | None, folder: Path) -> ManifestEntry | None:
    """What the table says; None where there is none. Paths are taken from `folder`."""
    if section is None:
        return None
    file, mode = section.text("manifest"), section.text("mode", choices=MODES)
    if file is None and mode in (LOG, ENFORCE):
        message = f"mode {mode!r} needs to know which operations are trusted."
        section.mistake("CATALOG_MISSING_KEY", "", message, 'like manifest = "coop-documents.json"')
    section.done()
    return ManifestEntry(None if file is None else folder / file, mode)
