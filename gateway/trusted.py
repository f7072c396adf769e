"""Which operations the callers of a partner may run: those of its manifest, or others too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from graphql import GraphQLSchema

from gateway import manifest
from gateway.documents import Documents
from gateway.limits import Limits
from resolvers.catalog import Catalog
from resolvers.documents_form import OFF
from resolvers.errors import Mistake

KEY = "documents.manifest"
SHA256 = "sha256:"  # GraphQL over HTTP, appendix A: what an id that is the hash of its text begins with


@dataclass(frozen=True, slots=True)
class Trusted:
    """A partner's manifest. mode: see `resolvers.documents_form`. texts: by the ids of the manifest. digests: the same
    by the SHA-256 of each, in hexadecimal digits."""

    mode: str
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    all: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, mode: str, texts: Mapping[str, str]) -> Trusted:
        """With the texts of a manifest."""
        return cls(mode, texts, {digest(text): text for text in texts.values()}, frozenset(texts.values()))

    def find(self, identifier: str) -> str | None:
        """The text that an id, or a hash with or without `sha256:` before it, leads to."""
        bare = identifier.removeprefix(SHA256)
        return self.texts.get(identifier) or self.digests.get(bare.lower()) or self.texts.get(bare)


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def load(catalog: Catalog, default: str) -> tuple[dict[str, Trusted], list[Mistake]]:
    """What holds for the partners that have a manifest or a mode, by code, and what is wrong with their manifests.

    default: the mode of the partners that name none. A manifest that cannot be read is an empty one.
    """
    found: dict[str, Trusted] = {}
    mistakes: list[Mistake] = []
    for code, partner in catalog.partners.items():
        entry = partner.documents
        mode = (entry.mode if entry else None) or default
        texts: dict[str, str] = {}
        if entry is not None and entry.file is not None:
            try:
                texts = manifest.read(entry.file.read_bytes())
            except OSError as error:
                message = f"{entry.file.name} cannot be read: {error.strerror}."
                mistakes.append(Mistake("CATALOG_UNREADABLE", partner.file, KEY, message))
            except ValueError as error:
                message = f"{entry.file.name} cannot be used: {error}."
                mistakes.append(Mistake("CATALOG_WRONG_VALUE", partner.file, KEY, message, "see trusted-documents.md"))
        elif mode == OFF:
            continue
        found[code] = Trusted.of(mode, texts)
    return found, mistakes


def files(catalog: Catalog) -> list[Path]:
    """The manifests that the partners of a catalog name."""
    entries = [partner.documents for partner in catalog.partners.values()]
    return [entry.file for entry in entries if entry is not None and entry.file is not None]


class Judge:
    """Says which texts of a manifest do not fit the schema or are over a limit: they will be refused."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._documents = Documents(schema, replace(limits, texts=1))

    def mistake(self, file: str, name: str, text: str) -> Mistake | None:
        """What is wrong with an operation of the manifest that a partner file names; None where nothing is."""
        document = self._documents.read(text)
        if not document.errors:
            return None
        message = f"the operation {name[:80]!r} would be refused: {document.errors[0]['message']}"
        return Mistake("MANIFEST_OPERATION", file, KEY, message, level="warning")

    def mistakes(self, catalog: Catalog, trusted: Mapping[str, Trusted]) -> Iterable[Mistake]:
        """What is wrong with the operations of all manifests."""
        for code, found in trusted.items():
            for name, text in found.texts.items():
                if mistake := self.mistake(catalog.partners[code].file, name, text):
                    yield mistake
