"""One data store of a partner: where it is and how it may be asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Source:
    """deadline in seconds; `zone` reads its times without an offset; `url` is a secret."""

    partner: str
    name: str
    kind: str
    url: str = field(repr=False)
    label: str
    mode: str
    deadline: float
    max_concurrent: int
    zone: str

    @property
    def id(self) -> str:
        return f"{self.partner}.{self.name}"

    def without_secrets(self, text: str) -> str:
        """A text of the source's driver or server, with `***` for what of the URL it may have taken up."""
        return without_secrets(text, self.url)


def without_secrets(text: str, url: str) -> str:
    """A text about a database, with `***` for what of its URL nobody may read."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _secrets(url: str) -> set[str]:
    # Everything before the last "@" but the user: a password that was not quoted may be taken for a part of the host.
    rest = url.partition("://")[2]
    _, _, password = rest.rpartition("@")[0].partition(":")
    found = {url, password, unquote(password), *password.split("@")}
    found |= {value for name, value in parse_qsl(urlsplit(url).query) if "pass" in name.lower()}
    return found - {""}


def anchored(url: str, folder: Path) -> str:
    """A URL whose SQLite path, where it is relative, is meant from a folder."""
    head, separator, rest = url.partition(":///")
    if separator and head.startswith("sqlite") and rest and not rest.startswith((":memory:", "file:")):
        return f"{head}:///{os.path.normpath(folder.resolve() / rest)}"
    return url
