"""The commands that make, list and end credentials."""

# ruff: noqa: T201 - commands print
from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from gateway import key_material, tokens
from gateway.carried import Vocabulary, asked_scopes
from gateway.keys import ApiKey, ApiKeys
from gateway.settings import Settings
from gateway.state import State
from resolvers import catalog
from resolvers.catalog import Catalog
from resolvers.errors import GatewayError, Mistake
from resolvers.section import nearest
from schema.model import model

T = TypeVar("T")
DAY = 86400.0
LONGEST_KEY = 732 * DAY


def print_token(chosen: Namespace, settings: Settings, environ: Mapping[str, str]) -> None:
    """A token of the gateway's own issuer, to stdout."""
    if not settings.own_issuer:
        raise GatewayError(
            "This gateway does not accept tokens of its own.",
            code="OWN_ISSUER_OFF",
            hint=f"Set own_issuer = true in {chosen.config} and start the gateway anew, or make an API key.",
        )
    if chosen.expires > tokens.LONGEST:
        longest = f"{tokens.LONGEST / DAY:.0f} days"
        raise GatewayError(
            f"A token may live at most {longest}: it cannot be revoked.",
            code="TOO_LONG",
            hint="An API key can live longer: gateway keys create.",
        )
    check_scopes(chosen, chosen.scope or [], _catalog_with(settings, environ, chosen.partner))
    secrets = key_material.load(settings.state_folder, settings.secrets)
    print(
        tokens.OwnIssuer.from_seed(secrets.tokens).issue(
            partner=chosen.partner,
            subject=chosen.subject,
            scopes=chosen.scope or ["read"],
            purposes=chosen.purpose,
            lifetime=chosen.expires,
        )
    )


def create_key(chosen: Namespace, settings: Settings, environ: Mapping[str, str]) -> None:
    """A new API key: itself to stdout, what is known of it to stderr."""
    if chosen.expires > LONGEST_KEY:
        raise GatewayError(f"A key may live at most {LONGEST_KEY / DAY:.0f} days.", code="TOO_LONG")
    check_scopes(chosen, chosen.scope or [], _catalog_with(settings, environ, chosen.partner))
    key, text = _with_keys(
        settings,
        lambda keys: keys.create(
            partner=chosen.partner,
            name=chosen.name,
            scopes=chosen.scope or ["read"],
            purposes=chosen.purpose,
            lifetime=chosen.expires,
        ),
    )
    # The key alone on stdout, so that a script can take it.
    print(f"Key {key.id} of {key.partner}, until {_time(key.expires)}. It is shown only now:", file=sys.stderr)
    print(text)


def list_keys(chosen: Namespace, settings: Settings) -> None:
    """Every API key, as a table or as JSON; never what is secret of it."""
    keys = _with_keys(settings, lambda keys: keys.all(chosen.partner))
    now = datetime.now(UTC).timestamp()
    rows = [_facts(key, now) for key in keys]
    if chosen.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    head = ("id", "partner", "name", "scopes", "purposes", "created", "expires", "state")
    table = [head, *(tuple(str(row[name]) for name in head) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def revoke_key(chosen: Namespace, settings: Settings) -> None:
    """End the API key whose id starts as told."""
    key = _with_keys(settings, lambda keys: keys.revoke(chosen.key))
    already = f" since {_time(key.revoked)}, as it was before" if key.revoked is not None else ""
    print(f"Key {key.id} ({key.name}) of {key.partner} is revoked{already}.")


def _facts(key: ApiKey, now: float) -> dict[str, str | None]:
    return {
        "id": key.id,
        "partner": key.partner,
        "name": key.name,
        "scopes": " ".join(key.scopes),
        "purposes": " ".join(key.purposes),
        "created": _time(key.created),
        "expires": _time(key.expires),
        "revoked": None if key.revoked is None else _time(key.revoked),
        "state": key.condition(now),
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _with_keys(settings: Settings, work: Callable[[ApiKeys], Awaitable[T]]) -> T:
    async def run() -> T:
        state = State(settings.state_url)
        try:
            return await work(ApiKeys(state))
        finally:
            await state.close()

    return asyncio.run(run())


def catalog_of(settings: Settings, environ: Mapping[str, str]) -> tuple[Catalog, list[Mistake]]:
    """The catalog that the settings name, and what is wrong with it."""
    return catalog.load(settings.partners, model(), environ)


def _catalog_with(settings: Settings, environ: Mapping[str, str], code: str) -> Catalog:
    """The catalog, where it has this partner; GatewayError where not."""
    known, mistakes = catalog_of(settings, environ)
    if code not in known.partners:
        hint = nearest(code, known.partners) or "known: " + ", ".join(sorted(known.partners))
        if any(mistake.level == "error" for mistake in mistakes):
            hint += "; some partner files have mistakes: gateway check"
        raise GatewayError(f"There is no partner {code!r}.", code="PARTNER_UNKNOWN", hint=hint)
    return known


def check_scopes(chosen: Namespace, scopes: Iterable[str], found: Catalog) -> None:
    """End as wrong usage where a scope is neither one of the gateway's own nor one that an agreement asks for."""
    known = Vocabulary.of(asked_scopes(found)).scopes
    for scope in scopes:
        if scope not in known:
            hint = nearest(scope, known) or "one of: " + ", ".join(sorted(known))
            chosen.misused(f"there is no scope {scope!r}; {hint}")
