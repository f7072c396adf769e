"""`gateway agreement`: what agreements show of an operation, and what others would change. No source is asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from gateway import agreement_report, explain, saved_operations, settings
from gateway.agreement_change import Asked, changed, renewed, takes
from gateway.paint import Paint
from gateway.saved_operations import Saved
from resolvers import catalog
from resolvers.catalog import Catalog
from resolvers.errors import CatalogError, GatewayError
from resolvers.section import nearest
from resolvers.simulation import simulated
from resolvers.viewer import Viewer
from schema import graph
from schema.model import model

UNSET = "sqlite+aiosqlite:///unset"


class Unasked(Mapping[str, str]):
    """An environment that has every variable: addresses are not used, so that those that are not set do not matter."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        return self._environ.get(name, UNSET)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def __contains__(self, name: object) -> bool:
        return True


def simulate(chosen: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Print what becomes of each field of an operation for a caller. GatewayError where it cannot be said."""
    folder = settings.load(chosen.config, environ).partners
    known = _catalog(folder, environ)
    if chosen.partner not in known.partners:
        hint = nearest(chosen.partner, known.partners) or "known: " + ", ".join(sorted(known.partners))
        raise GatewayError(f"There is no partner {chosen.partner!r}.", code="PARTNER_UNKNOWN", hint=hint)
    schema = graph.build()._schema
    if chosen.query is None or str(chosen.query) == "-":
        saved = list(saved_operations.parsed("standard input", sys.stdin.read(), schema))
    else:
        saved = saved_operations.read(chosen.query, schema)
    given = explain.variables(chosen.variables)
    day = chosen.day or datetime.now(UTC).date()
    scopes = frozenset(chosen.scope or ["read"])
    purposes = () if chosen.purpose is None else (chosen.purpose,)
    viewer = Viewer(chosen.partner, "", scopes, purposes, chosen.purpose)
    grant = known.grant(viewer, day)
    caller = agreement_report.Caller(viewer, grant, day)
    found = [
        (
            one.name,
            simulated(schema, known, grant, one.document.fragments, one.operation, one.variables(given)),
        )
        for one in saved
    ]
    if chosen.json:
        print(agreement_report.simulation_json(caller, found))  # noqa: T201
    else:
        print(agreement_report.simulation_text(caller, found, Paint.on(sys.stdout, environ)))  # noqa: T201


def diff(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what changes between two folders of partner files; 1 where something is taken away, or may be."""
    old, new = (_catalog(folder, environ, strict=True) for folder in (chosen.old, chosen.new))
    schema = graph.build()._schema
    day: date = chosen.day or datetime.now(UTC).date()
    operations: dict[str, list[Saved]] = {}
    if chosen.operations is not None:
        operations[""] = saved_operations.read(chosen.operations, schema)
    else:
        for partner in {**old.partners, **new.partners}.values():
            if partner.documents is not None and partner.documents.file is not None:
                operations[partner.code] = saved_operations.manifested(partner.documents.file, schema)
    scopes = frozenset(chosen.scope) if chosen.scope else None
    asked = Asked(day, operations, scopes, () if chosen.purpose is None else (chosen.purpose,))
    agreements, found = list(renewed(old, new)), list(changed(schema, old, new, asked))
    if chosen.json:
        print(agreement_report.change_json(agreements, found))  # noqa: T201
    else:
        print(agreement_report.change_text(agreements, found, Paint.on(sys.stdout, environ)))  # noqa: T201
    return int(any(takes(each.changes) for each in found))


def _catalog(folder: Path, environ: Mapping[str, str], *, strict: bool = False) -> Catalog:
    """The partner files of a folder. strict: all of them must be good, since a partner left out would seem gone."""
    known, mistakes = catalog.load(folder, model(), Unasked(environ))
    errors = [mistake for mistake in mistakes if mistake.level == "error"]
    if not known.partners or (strict and errors):
        raise CatalogError(errors)
    if errors:
        broken = ", ".join(sorted({mistake.file for mistake in errors}))
        print(f"left out for their mistakes: {broken} (gateway check)", file=sys.stderr)  # noqa: T201
    return known
