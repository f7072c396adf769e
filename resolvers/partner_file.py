"""Reads one partner file: who the partner is, its sources, mappings, agreements and identity provider."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolvers.agreement import Agreement
from resolvers.agreement_form import agreements
from resolvers.connectors.sql.engine import unusable
from resolvers.documents_form import ManifestEntry, documents
from resolvers.entity import Model
from resolvers.errors import Mistake
from resolvers.identity import ALGORITHMS, DEFAULT_ALGORITHMS, Identity, url_mistake
from resolvers.mapping import Mapping
from resolvers.mapping_file import NAME, MappingReader
from resolvers.section import Mistakes, Section, shown
from resolvers.source import Source, anchored
from resolvers.target_form import Own
from resolvers.value_form import known_zone

CODE = r"[a-z][a-z0-9-]{0,30}"
DEEPEST = 40  # levels of tables and lists: what is deeper is no partner file, and code that follows it would overflow
TOO_DEEP = f"nested deeper than {DEEPEST} levels."


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
    documents: ManifestEntry | None = None


def read(path: Path, text: bytes, model: Model, environ: Map[str, str]) -> tuple[Partner | None, list[Mistake]]:
    """The partner that a file describes, or None, and every mistake in it. path: where the text stands."""
    mistakes = Mistakes(path.name)
    data = _parsed(text, mistakes)
    if data is None:
        return None, mistakes.found
    partner = _partner(Section(data, "", mistakes), model, environ, path)
    return (None if mistakes.errors else partner), mistakes.found


def _parsed(text: bytes, mistakes: Mistakes) -> dict[str, Any] | None:
    try:
        data = tomllib.loads(text.decode("utf-8"))
        reason = _unfit(data)
        if reason is None:
            return data
        mistakes.add("CATALOG_SYNTAX", "", reason)
    except tomllib.TOMLDecodeError as error:
        mistakes.add("CATALOG_SYNTAX", "", f"not TOML: {error}.")
    except UnicodeDecodeError:
        mistakes.add("CATALOG_SYNTAX", "", "not UTF-8 text.")
    except RecursionError:
        mistakes.add("CATALOG_SYNTAX", "", TOO_DEEP)
    except ValueError:  # a number of thousands of digits
        mistakes.add("CATALOG_SYNTAX", "", "a number is too large.")
    return None


def _unfit(data: dict[str, Any]) -> str | None:
    """Why nothing can be made of data that is TOML."""
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        tables = [item for item in level if isinstance(item, dict)]
        texts = (item for item in level if isinstance(item, str))
        if any("\0" in text for text in (*texts, *(key for table in tables for key in table))):
            return "a NUL character stands in a text; no name or value has one."
        level = [item for table in tables for item in table.values()] + [
            item for items in level if isinstance(items, list) for item in items
        ]
        if not level:
            return None
    return TOO_DEEP


def _partner(root: Section, model: Model, environ: Map[str, str], path: Path) -> Partner | None:
    # Without a head the rest is read all the same: every mistake is told at once.
    head = root.section("partner", required=True) or Section({}, "partner", Mistakes(path.name))
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
    sources = _sources(root.sections("source"), code, zone, environ, path)
    mapping_sections = root.sections("mapping")
    own = {item.name: _own(item) for item in mapping_sections}
    reader = MappingReader(code, model, own, zone, currency)
    mappings = {item.name: reader.read(item, sources) for item in mapping_sections}
    shared = agreements(root.sections("agreement"), code, model, zone, mappings)
    trusted = documents(root.section("documents"), path.parent)
    root.done()
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
        agreements=shared,
        file=path.name,
        documents=trusted,
    )


def _own(section: Section) -> Own:
    entity, key = section.data.get("entity"), section.data.get("key")
    return Own(entity if isinstance(entity, str) else "", len(key) if isinstance(key, list) else int(key is not None))


def _sources(
    sections: list[Section], partner: str, zone: str, environ: Map[str, str], path: Path
) -> dict[str, Source | None]:
    sources: dict[str, Source | None] = {}
    labels: dict[str, str] = {}
    for section in sections:
        source = sources[section.name] = _source(section, partner, zone, environ, path)
        if source is None:
            continue
        other = labels.setdefault(source.label, source.name)
        if other != source.name:
            # Callers are told by label which source failed them.
            key = "label" if "label" in section.data else ""
            section.mistake("CATALOG_DUPLICATE", key, f"{source.label!r} is also what {other!r} is known as.")
    return sources


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
        message = f"sources of kind {kind!r} are not supported by this version."
        section.mistake("CATALOG_UNSUPPORTED", "kind", message, 'only "sql" so far')
        return None  # its other keys are of that kind
    if kind is not None and kind != "sql":
        section.mistake("CATALOG_WRONG_VALUE", "kind", f"{shown(kind)} is no kind of source.", 'only "sql" so far')
    mode = section.text("mode") or "live"
    if mode == "snapshot":
        message = "snapshots are not supported by this version."
        section.mistake("CATALOG_UNSUPPORTED", "mode", message, 'only "live" so far')
    elif mode != "live":
        section.mistake("CATALOG_WRONG_VALUE", "mode", f"{shown(mode)} is no mode.", 'only "live" so far')
    url = section.text("url", required=True)
    if url is not None:
        url = _expand(section, "url", url, environ)
    if url is not None:
        url = anchored(url, path.parent)
        if (reason := unusable(url)) is not None:
            section.mistake("SOURCE_URL", "url", *reason)
    label = section.text("label") or section.name
    deadline = section.seconds("deadline", most="1h") or 2.0
    concurrent = section.integer("max_concurrent", low=1, high=1000) or 4
    own_zone = section.text("time_zone") or zone
    if not known_zone(own_zone):
        message = f"{shown(own_zone)} is not an IANA time zone."
        section.mistake("CATALOG_WRONG_VALUE", "time_zone", message, 'like "Europe/Paris"')
        own_zone = "UTC"
    section.done()
    if url is None or kind is None:
        return None
    return Source(partner, section.name, kind, url, label, mode, deadline, concurrent, own_zone)


def _expand(section: Section, key: str, text: str, environ: Map[str, str]) -> str | None:
    missing = [name for name in re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text) if name not in environ]
    for name in missing:
        section.mistake("CATALOG_UNSET_VARIABLE", key, f"the environment variable {name} is not set.")
    if missing:
        return None
    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", lambda match: environ[match[1]], text)
