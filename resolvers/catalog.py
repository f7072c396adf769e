"""Every partner's sources, mappings and agreements, checked against the model: one immutable snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from resolvers.agreement import Agreement, Visible
from resolvers.entity import Kind, Model
from resolvers.errors import Mistake
from resolvers.expression import outcomes
from resolvers.kept import Kept
from resolvers.mapping import Binding, ByIdentifier, ByKey, Mapping, Value
from resolvers.partner_file import Partner, read
from resolvers.section import nearest
from resolvers.source import Source
from resolvers.viewer import Grant, Viewer
from resolvers.views import apart, shown, views

T = TypeVar("T")
OTHER_PURPOSE = "other"
"""The purpose of grants whose purpose no agreement names."""
# What is kept of a catalog's answers, by question; over it, all are worked out anew.
KEPT = 256


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """A snapshot; a reload makes a new one and requests in flight finish on the old. `version` names its content."""

    model: Model
    partners: Map[str, Partner]
    version: str
    _kept: Kept = field(default_factory=lambda: Kept(KEPT), init=False, repr=False)

    def once(self, question: Hashable, make: Callable[[], T]) -> T:
        """What follows from the catalog alone, the same object each time as long as it is kept."""
        return self._kept.once(question, make)

    def mapping(self, mapping_id: str) -> Mapping | None:
        """The mapping "partner.name", or None."""
        code, _, name = mapping_id.partition(".")
        partner = self.partners.get(code)
        return None if partner is None else partner.mappings.get(name)

    def mappings(self, entity: str) -> Iterable[Mapping]:
        """Every mapping of an entity, by partner code and mapping name."""
        for code in sorted(self.partners):
            for name in sorted(self.partners[code].mappings):
                mapping = self.partners[code].mappings[name]
                if mapping.entity == entity:
                    yield mapping

    def source(self, source_id: str) -> Source:
        """The source "partner.name"."""
        code, _, name = source_id.partition(".")
        return self.partners[code].sources[name]

    def agreements(self, partner: str, day: date) -> list[Agreement]:
        """The agreements that grant a partner something on a day, by provider and code."""
        return [
            agreement
            for code in sorted(self.partners)
            for agreement in sorted(self.partners[code].agreements, key=lambda found: (found.code, found.version))
            if agreement.provider != partner and agreement.in_force(partner, day)
        ]

    def grant(self, viewer: Viewer, day: date) -> Grant:
        """What a viewer may see on a day; a later day may have another."""
        partner, scopes, purpose = viewer.partner, viewer.scopes, viewer.purpose

        def make() -> Grant:
            all_ = self.agreements(partner, day)
            found = tuple((a.provider, a.code, a.version) for a in all_ if not a.purposes or purpose in a.purposes)
            # Purposes that no agreement names are alike, so that no caller makes plans by making purposes up.
            named = purpose is None or any(purpose in a.purposes for a in all_)
            return Grant(partner, scopes, purpose if named else OTHER_PURPOSE, found)

        return self._kept.once(("grant", partner, scopes, purpose, day), make)

    def neighbours(self, grant: Grant, day: date) -> frozenset[str]:
        """The partners that a grant's partner may know on a day: itself, and those in an agreement with it."""

        def make() -> frozenset[str]:
            own = self.partners.get(grant.partner)
            mine = own.agreements if own is not None else ()
            receivers = (code for code in self.partners if any(agreement.in_force(code, day) for agreement in mine))
            providers = (provider for provider, _, _ in grant.agreements)
            return frozenset({grant.partner, *providers, *receivers} & self.partners.keys())

        return self._kept.once(("neighbours", grant, day), make)

    def views(self, grant: Grant) -> Map[str, Sequence[tuple[Mapping, Visible]]]:
        """Entity -> its mappings as the grant shows them, each with what it shows of it; what is absent does not exist
        for the viewer. A mapping of which it shows some rows otherwise than others is there several times."""
        return self._kept.once(("views", grant), lambda: MappingProxyType(self._views(grant)))

    def _views(self, grant: Grant) -> dict[str, list[tuple[Mapping, Visible]]]:
        in_force = [
            agreement
            for partner in self.partners.values()
            for agreement in partner.agreements
            if (agreement.provider, agreement.code, agreement.version) in grant.agreements
        ]
        found: dict[str, list[tuple[Mapping, Visible]]] = {}
        for entity in self.model.entities:
            cut = {code: shown(self.model, entity, code, grant, in_force) for code in self.partners}
            linked = any(map(apart, cut.values()))
            found[entity] = [
                view
                for mapping in self.mappings(entity)
                for view in views(self.model, mapping, cut[mapping.partner], linked=linked)
            ]
        return found


def load(folder: Path, model: Model, environ: Map[str, str]) -> tuple[Catalog, list[Mistake]]:
    """Read every `*.toml` of a folder. A partner with an error is left out; every mistake of every file is returned."""
    mistakes: list[Mistake] = []
    partners: dict[str, Partner] = {}
    digest = hashlib.sha256()
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    if not files:
        mistakes.append(Mistake("CATALOG_EMPTY", folder.name, "", "no partner file (*.toml) in this folder."))
    for path in files:
        try:
            text = path.read_bytes()
        except OSError as error:
            mistakes.append(Mistake("CATALOG_UNREADABLE", path.name, "", f"cannot be read: {error.strerror}."))
            continue
        partner, found = read(path, text, model, environ)
        mistakes += found
        digest.update(path.name.encode() + b"\0" + text)
        if partner is None:
            continue
        if partner.code in partners:
            other = partners[partner.code].file
            message = f"{partner.code!r} is the code of {other}."
            mistakes.append(Mistake("CATALOG_DUPLICATE", path.name, "partner.code", message))
            continue
        issuer = partner.identity.issuer if partner.identity else None
        shared = [p.file for p in partners.values() if issuer and p.identity and p.identity.issuer == issuer]
        if shared:
            message = f"the issuer {issuer!r} already speaks for {shared[0]}; an issuer decides the partner."
            mistakes.append(Mistake("CATALOG_DUPLICATE", path.name, "identity.issuer", message))
            continue
        partners[partner.code] = partner
    for partner in partners.values():
        mistakes += _across(partner, partners, model)
    digest.update(repr(sorted(partners)).encode())  # who was left out may depend on the environment
    return Catalog(model, MappingProxyType(partners), digest.hexdigest()[:16]), mistakes


def _across(partner: Partner, partners: Map[str, Partner], model: Model) -> Iterable[Mistake]:
    """What one partner's file says of others that is not so: warnings, which read as references that lead nowhere.

    No errors, because the other's file may come later, and nobody may break a partner by leaving or by a change.
    """
    for mapping in partner.mappings.values():
        for path, binding in mapping.fields.items():
            key = f"mapping.{mapping.name}.fields.{path}"
            field = model.field(mapping.entity, path)
            if isinstance(binding, Value) and field.kind is Kind.PARTNER:
                for code in sorted(_outcomes(binding) - partners.keys()):
                    yield _unknown(partner, key, f"there is no partner {code!r}.", code, partners)
            for target in _targets(binding):
                if isinstance(target, ByKey):
                    yield from _elsewhere(partner, key, target, field.type, partners)
                    continue
                for code in sorted((target.partners or frozenset()) - partners.keys()):
                    yield _unknown(partner, key, f"there is no partner {code!r}.", code, partners)
    for agreement in partner.agreements:
        for code in sorted(agreement.partners - {"*"} - partners.keys()):
            key = f"agreement.{agreement.code}.with"
            yield _unknown(partner, key, f"there is no partner {code!r}.", code, partners)


def _elsewhere(
    partner: Partner, key: str, target: ByKey, entity: str, partners: Map[str, Partner]
) -> Iterable[Mistake]:
    for name in sorted(target.mappings):
        code, _, short = name.partition(".")
        if code == partner.code:
            continue  # judged when its own file was read
        found = partners[code].mappings.get(short) if code in partners else None
        if found is None:
            known = [mapping.id for other in partners.values() for mapping in other.mappings.values()]
            yield _unknown(partner, key, f"there is no mapping {name!r}.", name, known)
        elif found.entity != entity:
            message = f"{name!r} gives {found.entity}, but this leads to {entity}."
            yield Mistake("CATALOG_UNKNOWN_REFERENCE", partner.file, key, message, level="warning")
        elif len(found.key) != len(target.columns):
            message = f"{name!r} has a key of {len(found.key)} columns, here are {len(target.columns)}."
            yield Mistake("CATALOG_WRONG_VALUE", partner.file, key, message, level="warning")


def _outcomes(value: Value) -> set[str]:
    """The codes of partners that a value can be, as far as its file names them."""
    return {str(code) for code in outcomes(value) if code is not None}


def _unknown(partner: Partner, key: str, message: str, name: str, known: Iterable[str]) -> Mistake:
    return Mistake("CATALOG_UNKNOWN_REFERENCE", partner.file, key, message, nearest(name, known), "warning")


def _targets(binding: Binding) -> Iterable[ByKey | ByIdentifier]:
    if isinstance(binding, ByKey | ByIdentifier):
        yield binding
    elif isinstance(binding, tuple):
        yield from (link.target for link in binding)
