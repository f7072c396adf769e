"""What the operator decides: `gateway.toml`, read strictly and frozen."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.audit_settings import AuditSettings
from gateway.key_material import LENGTHS, decode_secret
from gateway.limits import Limits
from gateway.registered import REGISTERED
from resolvers.documents_form import MODES, OFF
from resolvers.errors import CatalogError, Mistake
from resolvers.section import Mistakes, Section

# Every setting with its default, as it would be written. docs/settings.md says what each means; a test compares.
DEFAULTS: dict[str, Any] = {
    "partners": "partners",
    "strict": False,
    "origins": [],
    "own_issuer": False,
    "watch": True,
    "listen.host": "127.0.0.1",
    "listen.port": 8000,
    "state.folder": "state",
    "state.url": "sqlite+aiosqlite:///state/gateway.sqlite",
    "audit.url": "sqlite+aiosqlite:///state/audit.sqlite",
    "audit.retention": "365d",
    "audit.heads": "1h",
    "audit.buffer": 10_000,
    **{f"keys.{name}": "" for name in LENGTHS},
    "documents.mode": OFF,
    "documents.registered": REGISTERED,
    **{
        f"limits.{name}": f"{value:g}s" if isinstance(value, float) else value
        for name, value in asdict(Limits()).items()
    },
}

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Settings:
    """One gateway's settings. Paths are absolute.

    file: where they were read. strict: whether a broken partner file keeps the gateway from starting. own_issuer:
    whether tokens of `gateway token` are accepted. watch: whether changed files are read by themselves. documents_mode:
    what becomes of operations of partners that say nothing of it, one of MODES. registered: bytes of the texts that one
    partner's callers may register by hash. origins: web pages that may call (CORS). state_url: async SQLAlchemy
    URL. secrets: base64 text by name, those that the environment gave (see `key_material.load`).
    """

    file: Path
    partners: Path
    strict: bool
    own_issuer: bool
    origins: tuple[str, ...]
    host: str
    port: int
    state_folder: Path
    state_url: str = field(repr=False)
    audit: AuditSettings
    secrets: Mapping[str, str] = field(repr=False)
    limits: Limits
    watch: bool = True
    documents_mode: str = OFF
    registered: int = REGISTERED


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in a file. CatalogError with every mistake at once."""
    settings, mistakes = read(path, environ)
    if any(mistake.level == "error" for mistake in mistakes):
        raise CatalogError(mistakes)
    return settings


def read(path: Path, environ: Mapping[str, str]) -> tuple[Settings, list[Mistake]]:
    """The settings, with defaults for what is wrong, and every mistake. CatalogError where the file is no TOML."""
    mistakes = Mistakes(path.name)
    return _Reader(_parsed(path, mistakes), path, mistakes, environ).settings(), mistakes.found


def _parsed(path: Path, mistakes: Mistakes) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        mistakes.add("CATALOG_SYNTAX", "", f"not TOML: {error}.")
    except UnicodeDecodeError:
        mistakes.add("CATALOG_SYNTAX", "", "not UTF-8 text.")
    except OSError as error:
        hint = "--config FILE names another; an empty file is a valid one"
        mistakes.add("CATALOG_UNREADABLE", "", f"cannot be read: {error.strerror}.", hint)
    raise CatalogError(mistakes.found)


class _Reader:
    """Reads the tables of one file."""

    def __init__(self, data: Mapping[str, Any], path: Path, mistakes: Mistakes, environ: Mapping[str, str]) -> None:
        self.path = path
        self.folder = path.resolve().parent
        self.mistakes = mistakes
        self.environ = environ
        keys = _table(data, "keys")
        self.given = keys.keys()
        self.literal = frozenset(name for name, value in keys.items() if not _is_variable(value))
        self.root = Section(self._expanded(data, ""), "", mistakes)
        names = dict.fromkeys(key.split(".")[0] for key in DEFAULTS if "." in key)
        self.tables = {name: self.root.section(name) or Section({}, name, mistakes) for name in names}

    def settings(self) -> Settings:
        folder = self.folder / self._text("state.folder")
        found = Settings(
            file=self.path.resolve(),
            partners=self.folder / self._text("partners"),
            strict=self._boolean("strict"),
            own_issuer=self._boolean("own_issuer"),
            watch=self._boolean("watch"),
            documents_mode=self.tables["documents"].text("mode", choices=MODES) or OFF,
            registered=self._integer("documents.registered", _MOST),
            origins=self._origins(),
            host=self._text("listen.host"),
            port=self._integer("listen.port", 65535),
            state_folder=folder,
            state_url=self._database("state.url", folder / "gateway.sqlite"),
            audit=self._audit(folder),
            secrets=self._secrets(),
            limits=self._limits(),
        )
        for section in (self.root, *self.tables.values()):
            section.done()
        if not found.state_url.startswith("sqlite"):
            for name in (name for name in LENGTHS if name not in self.given):
                message = "each gateway makes its own; several gateways on one state database need the same."
                self.mistakes.add("CATALOG_MISSING_KEY", f"keys.{name}", message, level="warning")
        return found

    def _at(self, key: str) -> tuple[Section, str]:
        table, _, name = key.rpartition(".")
        return (self.tables[table] if table else self.root), name

    def _text(self, key: str) -> str:
        section, name = self._at(key)
        return section.text(name, pattern=r"(?s).+", wanted="a text that says something") or DEFAULTS[key]

    def _boolean(self, key: str) -> bool:
        section, name = self._at(key)
        found = section.boolean(name)
        return DEFAULTS[key] if found is None else found

    def _integer(self, key: str, most: int) -> int:
        section, name = self._at(key)
        return section.integer(name, low=1, high=most) or DEFAULTS[key]

    def _origins(self) -> tuple[str, ...]:
        section, name = self._at("origins")
        found = section.texts(name) if section.data.get(name) != [] else section.take(name)
        for origin in found or ():
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or f"{parts.scheme}://{parts.netloc}" != origin
                or not parts.netloc
            ):
                hint = 'scheme, host and port as browsers send them, like "https://app.example"'
                section.mistake("CATALOG_WRONG_VALUE", name, f"{origin!r} is not an origin.", hint)
        return tuple(found or ())

    def _audit(self, folder: Path) -> AuditSettings:
        section = self.tables["audit"]
        retention, heads = section.seconds("retention"), section.seconds("heads")
        return AuditSettings(
            url=self._database("audit.url", folder / "audit.sqlite"),
            retention=365 * 86400.0 if retention is None else retention,
            heads=3600.0 if heads is None else heads,
            buffer=self._integer("audit.buffer", _MOST),
        )

    def _database(self, key: str, default: Path) -> str:
        section, name = self._at(key)
        url = section.text(name)
        if url is None:
            return f"sqlite+aiosqlite:///{default}"
        # The URL itself is never told: it may hold a password.
        scheme, separator, rest = url.partition("://")
        if not separator or "+" not in scheme:
            better = _DRIVERS.get(scheme, "postgresql+asyncpg")
            message = "this is not the URL of a database with its asynchronous driver."
            section.mistake("CATALOG_WRONG_VALUE", name, message, f"it begins with {better}://")
        if scheme.startswith("sqlite") and rest.startswith("/") and not rest.startswith("//"):
            return f"{scheme}:///{self.folder / rest[1:]}"
        return url

    def _secrets(self) -> dict[str, str]:
        section = self.tables["keys"]
        found = {}
        for name in LENGTHS:
            text = section.text(name)
            if text is None:
                continue
            if name in self.literal:
                hint = f'{name} = "${{GATEWAY_{name.upper()}_KEY}}"'
                section.mistake("CATALOG_WRONG_VALUE", name, "secrets come from the environment only.", hint)
                continue
            try:
                decode_secret(text)
                found[name] = text
            except ValueError as error:
                section.mistake("CATALOG_WRONG_VALUE", name, f"cannot be used: {error}.", "openssl rand -base64 32")
        return found

    def _limits(self) -> Limits:
        section = self.tables["limits"]
        found: dict[str, Any] = {}
        for name, default in asdict(Limits()).items():
            if isinstance(default, float):
                found[name] = section.seconds(name) or default
            else:
                found[name] = self._integer(f"limits.{name}", _MOST)
        return Limits(**found)

    def _expanded(self, value: Any, key: str) -> Any:
        """The same value with `${NAME}` replaced in every text; what names an unset variable is left out."""
        if isinstance(value, dict):
            pairs = ((name, self._expanded(item, f"{key}.{name}" if key else name)) for name, item in value.items())
            return {name: item for name, item in pairs if item is not None}
        if isinstance(value, list):
            return [item for item in (self._expanded(item, key) for item in value) if item is not None]
        if not isinstance(value, str):
            return value
        unset = [name for name in _VARIABLE.findall(value) if name not in self.environ]
        for name in unset:
            self.mistakes.add("CATALOG_UNSET_VARIABLE", key, f"the environment variable {name} is not set.")
        return None if unset else _VARIABLE.sub(lambda match: self.environ[match[1]], value)


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _is_variable(value: Any) -> bool:
    return isinstance(value, str) and _VARIABLE.fullmatch(value) is not None
