"""`gateway init partner`: a partner file proposed from a live database, never written over one that is there."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.proposal import Asked, propose
from gateway.proposal.text import Text
from resolvers import catalog
from resolvers.errors import CatalogError, GatewayError, Mistake
from resolvers.partner_file import CODE
from resolvers.survey import opened
from resolvers.survey.database import with_driver
from schema.model import model

DEADLINE = 20.0
WHOLE = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the command was told: the URL, and what the file's head says."""

    url: str
    asked: Asked


def asked(chosen: argparse.Namespace, environ: Mapping[str, str]) -> Order:
    """The options of the command, and what stands in for those not given. GatewayError where one is wrong."""
    url = str(chosen.url)
    if match := re.fullmatch(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", url):
        if match[1] not in environ:
            raise GatewayError(f"The environment has no variable {match[1]}.", code="CATALOG_UNSET_VARIABLE")
        url = environ[match[1]]
    code = chosen.code or code_of(url)
    given = frozenset(name for name in ("kind", "time_zone", "currency") if getattr(chosen, name))
    if not re.fullmatch(CODE, code):
        raise GatewayError(f"{code!r} is no code for a partner.", code="CATALOG_WRONG_VALUE", hint=f"pattern: {CODE}")
    return Order(
        url,
        Asked(
            code=code,
            name=chosen.name or code,
            kind=chosen.kind or "OTHER",
            time_zone=chosen.time_zone or "UTC",
            currency=chosen.currency or "EUR",
            tables=tuple(chosen.tables),
            given=given,
        ),
    )


def run(order: Order, out: Path | None, *, force: bool) -> None:
    """Look, propose, write, and say what to do next. GatewayError where the database or the file cannot be used."""
    url, asked = _rooted(order.url), order.asked
    out = out or Path("partners") / f"{asked.code}.toml"
    if out.exists() and not force:
        raise GatewayError(
            f"{out} is there already.", code="FILE_EXISTS", hint="--out names another, --force replaces it"
        )
    text = asyncio.run(_within(url, asked))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(str(text), "utf-8")
    live = [draft for draft in text.drafts if not draft.off]
    unsure = str(text).count("# unsure: ")
    _say(f"{out}: {len(live)} mappings proposed, {unsure} lines marked `unsure`.", file=sys.stderr)
    for draft in live:
        _say(f"  {draft.entity:<9} {draft.name} ({draft.table.rows} rows, {len(draft.fields)} fields)", file=sys.stderr)
    _say(
        "Nothing is shared yet. Next: read the file, set the variable with the true password, and check it:",
        file=sys.stderr,
    )
    _say(f"export {text.variable}='{hidden(with_driver(url))}'")
    _say("gateway check")


def _rooted(url: str) -> str:
    """A SQLite file's URL with its whole path: partner files take relative ones from their own folder."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name.startswith((":", "file:")):
        return url
    return parsed.set(database=str(Path(name).absolute())).render_as_string(hide_password=False)


async def _within(url: str, asked: Asked) -> Text:
    try:
        async with asyncio.timeout(WHOLE):
            return await proposed(url, asked)
    except TimeoutError as error:
        message = f"The database took longer than {WHOLE:.0f} seconds."
        raise GatewayError(message, code="SOURCE_TIMEOUT", hint="--tables names those to look at") from error


async def proposed(url: str, asked: Asked) -> Text:
    """The proposal, as the loader accepts it: a line that it does not take is commented out with its reason."""
    async with opened(url, DEADLINE) as database:
        text = await propose(database, asked)
    for _ in range(20):
        mistakes = [mistake for mistake in read(text, with_driver(url)) if mistake.level == "error"]
        dropped = [mistake for mistake in mistakes if _dropped(text, mistake)]
        if not dropped:
            break
    if mistakes:  # of the head: what the command was told
        raise CatalogError(mistakes)
    return text


def read(text: Text, url: str) -> list[Mistake]:
    """What the loader says to the proposal."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{text.asked.code}.toml").write_text(str(text), "utf-8")
        environ: Mapping[str, str] = {text.variable: url}
        return catalog.load(Path(folder), model(), environ)[1]


def _dropped(text: Text, mistake: Mistake) -> bool:
    match = re.match(r"mapping\.([^.]+)(?:\.(?:fields\.)?((?:join\.)?[A-Za-z0-9_-]+))?", mistake.key)
    reason = f"{mistake.code}: {mistake.message}"
    return bool(match) and text.drop(match[1], match[2] or "", reason) if match else False


def hidden(url: str) -> str:
    """The URL with *** for its secrets."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "***"
    secret = [name for name in parsed.query if re.search("pass|secret|token|key", name, re.IGNORECASE)]
    shown = parsed.difference_update_query(secret).render_as_string(hide_password=True)
    return shown + "".join(f"{'&' if '?' in shown else '?'}{name}=***" for name in secret)


def code_of(url: str) -> str:
    """A partner code out of a database's name."""
    try:
        name = Path(make_url(url).database or "").stem
    except (ArgumentError, ValueError):
        name = ""
    code = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:31].rstrip("-")
    return code if code[:1].isalpha() else "partner"


def _say(text: str, file: TextIO | None = None) -> None:
    print(text, file=file or sys.stdout)
