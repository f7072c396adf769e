"""`gateway explain`: how an operation is answered, source by source; how a field of a partner file comes about."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway import explain_report, key_material, settings, value_report
from gateway.documents import Documents
from gateway.execution import Runtime
from gateway.http import OperationRequest, RejectedError
from gateway.key_material import LENGTHS, KeyMaterial
from gateway.media import JSON
from gateway.paint import Paint
from gateway.settings import Settings
from resolvers import catalog
from resolvers.catalog import Catalog
from resolvers.connectors.pools import Pools
from resolvers.connectors.sql import SqlSource
from resolvers.course import Course
from resolvers.cursor import Cursors
from resolvers.errors import CatalogError, GatewayError, SourceError
from resolvers.global_id import GlobalIds
from resolvers.mapping import Mapping as RowMapping
from resolvers.partner_file import Partner
from resolvers.section import nearest
from resolvers.specimen import Specimen
from resolvers.viewer import Viewer
from schema import graph
from schema.model import model


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked, and as whom. name: which operation of the text, where it has several."""

    text: str
    viewer: Viewer
    variables: Mapping[str, Any]
    name: str | None = None


def explain(path: Path, environ: Mapping[str, str], operation: Operation, *, as_json: bool, brief: bool = False) -> int:
    """Answer an operation against the live sources, and print how; 1 where the answer has errors, else 0.

    brief: without statements, where it is told to people.

    GatewayError where it cannot be run at all.
    """
    told = asyncio.run(answered(path, environ, operation))
    paint = Paint.on(sys.stdout, environ)
    print(explain_report.as_machine(told) if as_json else explain_report.as_text(told, paint, brief))  # noqa: T201
    return int(bool(told.errors))


def explain_value(path: Path, environ: Mapping[str, str], name: str, key: str | None, *, as_json: bool) -> int:
    """Print how "partner.mapping.field" comes about, with a key in that row; 1 where its source does not answer.

    GatewayError where there is no such field or row.
    """
    told = asyncio.run(looked_at(path, environ, name, key))
    shown = value_report.as_machine(told) if as_json else value_report.as_text(told, Paint.on(sys.stdout, environ))
    print(shown)  # noqa: T201
    return int(told.failure is not None)


async def answered(path: Path, environ: Mapping[str, str], operation: Operation) -> explain_report.Told:
    """An operation answered in this process, and how. It reads sources, and writes nothing."""
    logging.getLogger("gateway").addHandler(logging.NullHandler())  # what failed is in the report
    chosen, known = _known(path, environ)
    _partner(known, operation.viewer.partner)
    secrets = _secrets(chosen)
    ids = GlobalIds(secrets.ids)
    course = Course(known)
    runtime = Runtime(
        schema=graph.build()._schema,
        catalog=known,
        pools=Pools(),
        ids=ids,
        cursors=Cursors(secrets.cursors, ids),
        page=(50, chosen.limits.page),
        ids_most=chosen.limits.ids,
        watcher=course,
    )
    request = OperationRequest(
        os.urandom(16).hex(), operation.text, operation.name, operation.variables, {}, JSON, safe=True
    )
    try:
        document = Documents(runtime.schema, chosen.limits).get(request)
    except RejectedError as error:
        raise _refused(error.errors) from error
    runtime.pools.follow(known)
    began = time.perf_counter()
    try:
        answer = await runtime.execute(operation.viewer, document, request)
    finally:
        seconds = time.perf_counter() - began
        await runtime.pools.close()
    if "data" not in answer:
        raise _refused(answer["errors"])
    grant = known.grant(operation.viewer, runtime.clock().date())
    return explain_report.Told(operation.viewer, grant, known, course, answer, seconds)


async def looked_at(path: Path, environ: Mapping[str, str], name: str, key: str | None) -> value_report.Told:
    """A field of a mapping, as its file says and as its source has it."""
    _, known = _known(path, environ)
    mapping, field = _field(known, name)
    partner = known.partners[mapping.partner]
    mappings = [found for found in partner.mappings.values() if found.source == mapping.source]
    source = SqlSource(partner.sources[mapping.source], known.model, mappings)
    specimen = Specimen(source, mapping, field)
    try:
        listed = await specimen.listed()
        seen = None if key is None else await specimen.seen(key)
    except SourceError as error:
        return value_report.Told(specimen, failure=error)
    finally:
        await source.close()
    if key is not None and seen is None:
        raise GatewayError(
            f"{mapping.id} has no row with the key {key!r}.",
            code="ROW_UNKNOWN",
            hint="A key is what `provenance { localId }` shows to the partner itself; `where` may leave the row out.",
        )
    return value_report.Told(specimen, listed, seen=seen)


def variables(path: Path | None) -> Mapping[str, Any]:
    """The variables in a JSON file; none without one."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise GatewayError(f"{path} is not JSON: {error}.", code="BAD_USER_INPUT") from error
    if not isinstance(found, dict):
        raise GatewayError(f"{path} must hold one JSON object.", code="BAD_USER_INPUT", hint='Like {"first": 3}.')
    return found


def _known(path: Path, environ: Mapping[str, str]) -> tuple[Settings, Catalog]:
    chosen = settings.load(path, environ)
    known, mistakes = catalog.load(chosen.partners, model(), environ)
    if not known.partners:
        raise CatalogError(mistakes)
    broken = sorted({mistake.file for mistake in mistakes if mistake.level == "error"})
    if broken:
        print(f"left out for their mistakes: {', '.join(broken)} (gateway check)", file=sys.stderr)  # noqa: T201
    return chosen, known


def _secrets(chosen: Settings) -> KeyMaterial:
    """The gateway's own, so that ids and cursors are understood; made-up ones where it never ran, to write nothing."""
    if all(chosen.secrets.get(name) or (chosen.state_folder / f"{name}.key").exists() for name in LENGTHS):
        return key_material.load(chosen.state_folder, chosen.secrets)
    return KeyMaterial(**{name: os.urandom(length) for name, length in LENGTHS.items()})


def _refused(errors: Any) -> GatewayError:
    """Why an operation cannot be run."""
    texts = []
    for error in errors:
        places = ", ".join(f"line {at['line']}, column {at['column']}" for at in error.get("locations") or ())
        texts.append(error["message"] + (f" ({places})" if places else ""))
    return GatewayError("\n    ".join(texts), code=errors[0]["extensions"]["code"])


def _partner(known: Catalog, code: str) -> Partner:
    if code not in known.partners:
        hint = nearest(code, known.partners) or "known: " + ", ".join(sorted(known.partners))
        raise GatewayError(f"There is no partner {code!r}.", code="PARTNER_UNKNOWN", hint=hint)
    return known.partners[code]


def _field(known: Catalog, name: str) -> tuple[RowMapping, str]:
    """The mapping and path that "partner.mapping.field" names; of an entry's member its list."""
    code, _, rest = name.partition(".")
    short, _, path = rest.partition(".")
    partner = _partner(known, code)
    if short not in partner.mappings:
        hint = nearest(short, partner.mappings) or "known: " + ", ".join(partner.mappings)
        raise GatewayError(f"{code} has no mapping {short!r}.", code="CATALOG_UNKNOWN_REFERENCE", hint=hint)
    mapping = partner.mappings[short]
    outer = path
    while outer:
        if outer in mapping.fields:
            return mapping, outer
        outer = outer.rpartition(".")[0]
    inside = [found for found in mapping.fields if path and found.startswith(f"{path}.")]
    hint = (
        "its members are: " + ", ".join(inside)
        if inside
        else nearest(path, mapping.fields) or "mapped: " + ", ".join(mapping.fields)
    )
    raise GatewayError(f"{mapping.id} does not map {path!r}.", code="FIELD_NOT_MAPPED", hint=hint)
