"""The partners of a running gateway: their catalog, connections and identity providers, swapped together on reload."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping

from gateway import key_material, trusted, watch
from gateway.audit import Audit
from gateway.authentication import Authenticator
from gateway.carried import asked_scopes
from gateway.execution import Runtime
from gateway.issuers import Issuers
from gateway.key_material import SecretError
from gateway.keyring import Keyring
from gateway.plans import Plans
from gateway.settings import Settings
from gateway.state import State
from gateway.texts import Texts
from gateway.tokens import OwnIssuer
from gateway.trusted import Trusted
from resolvers import catalog
from resolvers.connectors.pools import Pools
from resolvers.connectors.sql import SqlSource
from resolvers.cursor import Cursors
from resolvers.errors import CatalogError, Mistake
from resolvers.global_id import GlobalIds
from resolvers.observation import SourceCall
from schema import graph
from schema.model import model

log = logging.getLogger("gateway")


class Federation:
    """Everything that a request needs and that outlives it. Sources are contacted when they are first asked."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str] = os.environ,
        observers: Iterable[Callable[[SourceCall], None]] = (),
    ) -> None:
        """CatalogError where no partner can be served, or (strict) where any partner file has an error."""
        self._settings = settings
        self._environ = environ
        self._files = self._key_files = tuple(
            settings.state_folder / f"{name}.key" for name in key_material.LENGTHS if name not in settings.secrets
        )
        self._looked: watch.Look = {}
        found, trusts, mistakes = self._load()
        broken = any(mistake.level == "error" for mistake in mistakes)
        if not found.partners or (settings.strict and broken):
            raise CatalogError(mistakes)
        _tell(mistakes)
        self._borne = _borne(found, mistakes)
        self._trusts = trusts
        secrets = key_material.load(settings.state_folder, settings.secrets)
        ids = GlobalIds(secrets.ids)
        self._secrets = secrets
        self._looked = {**self._look(), **self._looked}  # the key files may be new
        self.texts = Texts(settings.registered)
        self.stale = False
        self.state = State(settings.state_url)
        self.keyring = Keyring(self.state)
        self.audit = Audit(settings.audit, secrets.audit)
        own = OwnIssuer.from_seed(secrets.tokens) if settings.own_issuer else None
        self._issuers = Issuers(own)
        self.authenticator = Authenticator(self._issuers, self.keyring)
        self.runtime = Runtime(
            schema=graph.build()._schema,
            catalog=found,
            pools=Pools(),
            ids=ids,
            cursors=Cursors(secrets.cursors, ids),
            page=(50, settings.limits.page),
            ids_most=settings.limits.ids,
            observers=(_log_failure, *observers),
            audit=self.audit,
        )
        self._reloading = asyncio.Lock()
        self._closing = asyncio.Event()
        self._retiring: set[asyncio.Task[None]] = set()
        self._judge = trusted.Judge(self.runtime.schema, settings.limits)
        self._judging: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up the catalog that was read, and watch the files that it was read from."""
        await self._adopt(self.runtime.catalog, self._trusts)
        if self._settings.watch:
            watching = watch.Watch(self._look, lambda: self._looked, self.reload)
            self._watching = asyncio.create_task(watching.run())

    async def reload(self) -> list[Mistake]:
        """Read partner files, manifests and the gateway's own keys again; what is wrong is returned.

        With an error in any, everything stays as it was. What was left out before, because it had an error then, may
        go on having some: the mistake of one partner at the start does not keep the others from changing anything.
        """
        async with self._reloading:
            found, trusts, mistakes = await asyncio.to_thread(self._load)
            _tell(mistakes)
            borne = frozenset() if self._settings.strict else self._borne
            self.stale = not found.partners or not borne.issuperset(_borne(self.runtime.catalog, mistakes))
            if self.stale:
                log.error("partner files not reloaded: the old ones stay in force")
                return mistakes
            self._take_keys()
            await self._adopt(found, trusts)
            self._borne = _borne(found, mistakes)
            log.info("partner files reloaded: %s", ", ".join(sorted(found.partners)))
            return mistakes

    async def ready(self) -> bool:
        """Whether there is a partner to serve; a source that is down does not matter here."""
        return bool(self.runtime.catalog.partners)

    async def close(self) -> None:
        """End all that was opened."""
        for task in (self._watching, self._judging):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        await self.authenticator.close()
        await self.keyring.close()
        self._closing.set()
        await asyncio.gather(*self._retiring)
        await self.runtime.pools.close()
        await self.audit.close()
        await self.state.close()

    def _load(self) -> tuple[catalog.Catalog, dict[str, Trusted], list[Mistake]]:
        before = self._look()
        found, mistakes = catalog.load(self._settings.partners, model(), self._environ)
        # Also where it is not taken up: a manifest that is missing is to be seen when it comes.
        self._files = (*self._key_files, *trusted.files(found))
        self._looked = {**self._look(), **before}
        trusts, wrong = trusted.load(found, self._settings.documents_mode)
        return found, trusts, [*mistakes, *wrong]

    def _look(self) -> watch.Look:
        return watch.look(self._settings.partners, self._files)

    def _take_keys(self) -> None:
        """The gateway's own keys, where their files were replaced.

        One that is gone is not made anew, as it is on the first start: it may be the disk that is gone.
        """
        if not all(path.exists() for path in self._key_files):
            log.error("a key file in %s is gone: the known keys stay in force", self._settings.state_folder)
            return
        try:
            secrets = key_material.load(self._settings.state_folder, self._settings.secrets)
        except SecretError as error:
            log.error("%s The known keys stay in force.", error.message)
            return
        if secrets != self._secrets:
            self._secrets = secrets
            self._issuers.vouch(OwnIssuer.from_seed(secrets.tokens))
            self.runtime.ids = GlobalIds(secrets.ids)
            self.runtime.cursors = Cursors(secrets.cursors, self.runtime.ids)
            log.info("the gateway's own keys were replaced")

    async def _adopt(self, found: catalog.Catalog, trusts: Mapping[str, Trusted]) -> None:
        identities = {code: partner.identity for code, partner in found.partners.items()}
        await self.authenticator.adopt(identities, asked_scopes(found))
        # Both at once: a request begins with the sources of its own catalog, and keeps them.
        retired = self.runtime.pools.follow(found)
        self.runtime.catalog = found
        # Nothing of the old files outlives the requests that began with them.
        self.runtime.plans = Plans(self.runtime.schema, self.runtime.ids)
        self.texts.adopt(frozenset(found.partners), trusts)
        if self._judging is not None:
            self._judging.cancel()
        self._judging = asyncio.create_task(self._judge_all(found, trusts)) if trusts else None
        if retired:
            closing = asyncio.create_task(self._retire(retired))
            self._retiring.add(closing)
            closing.add_done_callback(self._retiring.discard)

    async def _judge_all(self, found: catalog.Catalog, trusts: Mapping[str, Trusted]) -> None:
        """Tell which operations of the manifests will be refused; on the side, a tenth of the time at most."""
        for code, trust in trusts.items():
            for name, text in trust.texts.items():
                began = time.thread_time()
                if mistake := self._judge.mistake(found.partners[code].file, name, text):
                    _tell([mistake])
                await asyncio.sleep(9 * (time.thread_time() - began))

    async def _retire(self, retired: Iterable[SqlSource]) -> None:
        """Close connectors once no request can still ask them, or with everything else."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), self._settings.limits.deadline)
        for connector in retired:
            await connector.close()


def _borne(found: catalog.Catalog, mistakes: Iterable[Mistake]) -> frozenset[tuple[str, str]]:
    """The errors, as (file, key) where the file's partner is in the catalog, else as (file, "")."""
    present = {partner.file for partner in found.partners.values()}
    errors = [mistake for mistake in mistakes if mistake.level == "error"]
    return frozenset((each.file, each.key if each.file in present else "") for each in errors)


def _tell(mistakes: Iterable[Mistake]) -> None:
    for mistake in mistakes:
        log.log(logging.ERROR if mistake.level == "error" else logging.WARNING, "%s", mistake)


def _log_failure(call: SourceCall) -> None:
    if call.error is not None:
        log.warning("source %s: %s after %.3f s: %s", call.source, call.error, call.seconds, call.detail)
