"""Reads one partner file: who the partner is, its sources, mappings, agreements and identity provider."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolvers.agreement import Agreement
from resolvers.entity import Entity, Model
from resolvers.errors import Mistake
from resolvers.identity import ALGORITHMS, DEFAULT_ALGORITHMS, Identity, url_mistake
from resolvers.mapping import Mapping
from resolvers.mapping_file import NAME, MappingReader
from resolvers.section import Mistakes, Section, nearest
from resolvers.value_form import LATER, known_zone

CODE = r"[a-z][a-z0-9-]{0,30}"


@dataclass(frozen=True, slots=True)
class Source:
    """One data store of a partner. deadline in seconds; `zone` reads its times without an offset; `url` is a secret."""

    partner: str
    name: str
    kind: str
    url: str
    label: str
    mode: str
    deadline: float
    max_concurrent: int
    zone: str

    @property
    def id(self) -> str:
        return f"{self.partner}.{self.name}"

    def __repr__(self) -> str:
        return f"Source({self.id})"


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation and all it says. `identifiers`: (scheme, value) the world knows it by."""

    code: str
    name: str
    kind: str
    zone: str
    currency: str
    contact: str | None
    website: str | None
    identifiers: tuple[tuple[str, str], ...]
    identity: Identity | None
    sources: Map[str, Source]
    mappings: Map[str, Mapping]
    agreements: tuple[Agreement, ...]
    file: str


def read(path: Path, model: Model, environ: Map[str, str]) -> tuple[Partner | None, list[Mistake]]:
    """The partner that a file describes, or None, and every mistake in it."""
    mistakes = Mistakes(path.name)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        mistakes.add("CATALOG_SYNTAX", "", f"not TOML: {error}.")
        return None, mistakes.found
    except UnicodeDecodeError:
        mistakes.add("CATALOG_SYNTAX", "", "not UTF-8 text.")
        return None, mistakes.found
    except OSError as error:
        mistakes.add("CATALOG_UNREADABLE", "", f"cannot be read: {error.strerror}.")
        return None, mistakes.found
    partner = _partner(Section(data, "", mistakes), model, environ, path)
    return (None if mistakes.errors else partner), mistakes.found


def _partner(root: Section, model: Model, environ: Map[str, str], path: Path) -> Partner | None:
    head = root.section("partner", required=True)
    if head is None:
        return None
    code = head.text("code", required=True, pattern=CODE, wanted="a code: lower-case letters, digits and -") or ""
    name = head.text("name", required=True) or ""
    kind = head.text("kind", required=True, choices=model.enums["PartnerKind"]) or ""
    zone = head.text("time_zone", required=True) or "UTC"
    if not known_zone(zone):
        head.mistake("CATALOG_WRONG_VALUE", "time_zone", f"{zone!r} is not an IANA time zone.", 'like "Europe/Paris"')
        zone = "UTC"
    currency = head.text("currency", required=True, pattern="[A-Z]{3}", wanted="an ISO 4217 currency code") or ""
    contact, website = head.text("contact"), head.text("website")
    identifiers = []
    for item in head.sections("identifiers"):
        scheme = item.text("scheme", required=True, choices=model.enums["IdentifierScheme"])
        value = item.text("value", required=True)
        item.done()
        if scheme and value:
            identifiers.append((scheme, value))
    head.done()

    identity = _identity(root.section("identity"), path)
    sources = {item.name: _source(item, code, zone, environ, path) for item in root.sections("source")}
    mapping_sections = root.sections("mapping")
    names: dict[str, list[str]] = {}
    for item in mapping_sections:
        entity = item.data.get("entity")
        if isinstance(entity, str):
            names.setdefault(entity, []).append(item.name)
    reader = MappingReader(code, model, names, zone, currency)
    mappings = {item.name: reader.read(item, sources) for item in mapping_sections}
    agreements = [_agreement(item, code, model) for item in root.sections("agreement")]
    root.done(LATER)
    return Partner(
        code=code,
        name=name,
        kind=kind,
        zone=zone,
        currency=currency,
        contact=contact,
        website=website,
        identifiers=tuple(identifiers),
        identity=identity,
        sources={key: source for key, source in sources.items() if source is not None},
        mappings={key: mapping for key, mapping in mappings.items() if mapping is not None},
        agreements=tuple(agreement for agreement in agreements if agreement is not None),
        file=path.name,
    )


def _identity(section: Section | None, path: Path) -> Identity | None:
    if section is None:
        return None
    issuer = section.text("issuer", required=True)
    audience = section.text("audience", required=True)
    file, url = section.text("jwks_file"), section.text("jwks_url")
    if (file is None) == (url is None):
        section.mistake("CATALOG_MISSING_KEY", "", "exactly one of jwks_file and jwks_url is needed.")
    if url is not None and (mistake := url_mistake(url)):
        section.mistake("CATALOG_WRONG_VALUE", "jwks_url", f"{mistake}.", "https, or http on loopback")
    algorithms = section.texts("algorithms") or DEFAULT_ALGORITHMS
    for algorithm in algorithms:
        if algorithm not in ALGORITHMS:
            hint = "one of: " + ", ".join(ALGORITHMS)
            section.mistake("CATALOG_WRONG_VALUE", "algorithms", f"{algorithm!r} is not an asymmetric signature.", hint)
    subject = section.text("subject_claim") or "sub"
    scopes = section.text("scopes_claim") or "scope"
    purposes = section.text("purposes_claim") or "purposes"
    section.done()
    if not issuer or not audience or (file is None) == (url is None):
        return None
    return Identity(
        issuer=issuer,
        audience=audience,
        jwks_file=None if file is None else path.parent / file,
        jwks_url=url,
        algorithms=tuple(algorithms),
        subject_claim=subject,
        scopes_claim=scopes,
        purposes_claim=purposes,
    )


def _source(section: Section, partner: str, zone: str, environ: Map[str, str], path: Path) -> Source | None:
    if not re.fullmatch(NAME, section.name):
        section.mistake("CATALOG_WRONG_VALUE", "", f"{section.name!r} is no name for a source.", f"pattern: {NAME}")
    kind = section.text("kind", required=True)
    if kind in ("files", "rest", "graphql"):
        section.mistake("CATALOG_UNSUPPORTED", "kind", f"sources of kind {kind!r} are not supported by this version.")
    elif kind is not None and kind != "sql":
        section.mistake("CATALOG_WRONG_VALUE", "kind", f"{kind!r} is no kind of source.", "sql")
    mode = section.text("mode") or "live"
    if mode == "snapshot":
        section.mistake("CATALOG_UNSUPPORTED", "mode", "snapshots are not supported by this version.")
    elif mode != "live":
        section.mistake("CATALOG_WRONG_VALUE", "mode", f"{mode!r} is no mode.", "live")
    url = section.text("url", required=True)
    if url is not None:
        url = _expand(section, "url", url, environ)
    label = section.text("label") or section.name
    deadline = section.seconds("deadline") or 2.0
    concurrent = section.integer("max_concurrent", low=1, high=1000) or 4
    own_zone = section.text("time_zone") or zone
    if not known_zone(own_zone):
        section.mistake("CATALOG_WRONG_VALUE", "time_zone", f"{own_zone!r} is not an IANA time zone.")
    section.done(LATER)
    if url is None or kind is None:
        return None
    return Source(partner, section.name, kind, _anchored(url, path.parent), label, mode, deadline, concurrent, own_zone)


def _expand(section: Section, key: str, text: str, environ: Map[str, str]) -> str | None:
    missing = [name for name in re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text) if name not in environ]
    for name in missing:
        section.mistake("CATALOG_UNSET_VARIABLE", key, f"the environment variable {name} is not set.")
    if missing:
        return None
    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", lambda match: environ[match[1]], text)


def _anchored(url: str, folder: Path) -> str:
    """A relative SQLite path is meant from the partner file's folder."""
    head, separator, rest = url.partition(":///")
    if separator and head.startswith("sqlite") and rest and not rest.startswith((":memory:", "file:")):
        return f"{head}:///{os.path.normpath(folder.resolve() / rest)}"
    return url


def _agreement(section: Section, provider: str, model: Model) -> Agreement | None:
    code = section.text("code", required=True, pattern=r"[a-z][a-z0-9_-]{0,40}", wanted="a code")
    version = section.integer("version", low=1, high=1_000_000) or 1
    partners = section.texts("with", required=True)
    start, end = section.day("start"), section.day("end")
    if start is not None and end is not None and end <= start:
        section.mistake("CATALOG_WRONG_VALUE", "end", "it ends before it begins.")
    grants: dict[str, frozenset[str]] = {}
    for name, value in section.data.items():
        if name in model.entities and isinstance(value, dict):
            inner = section.section(name)
            assert inner is not None
            grants[name] = _granted(inner, model.entities[name], model)
    section.done(LATER, model.entities)
    if code is None or partners is None:
        return None
    return Agreement(provider, code, version, frozenset(partners), grants, start, end)


def _granted(section: Section, entity: Entity, model: Model) -> frozenset[str]:
    named: Any = section.texts("fields", required=True) or ()
    for name in named:
        if name == "*":
            continue
        try:
            model.field(entity.name, name)
        except KeyError:
            hint = nearest(name, entity.fields)
            section.mistake("CATALOG_UNKNOWN_FIELD", "fields", f"{entity.name} has no field `{name}`.", hint)
    finer = {name: f"finer grants of `{name}` come with the full agreements" for name in entity.fields}
    section.done({**LATER, **finer})
    return frozenset(named)
