"""The partners of a running gateway: their catalog, connections and identity providers, swapped together on reload."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping

from gateway import key_material
from gateway.authentication import Authenticator
from gateway.execution import Runtime
from gateway.issuers import Issuers
from gateway.keyring import Keyring
from gateway.settings import Settings
from gateway.state import State
from gateway.tokens import OwnIssuer
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
        found, mistakes = catalog.load(settings.partners, model(), environ)
        broken = any(mistake.level == "error" for mistake in mistakes)
        if not found.partners or (settings.strict and broken):
            raise CatalogError(mistakes)
        _tell(mistakes)
        secrets = key_material.load(settings.state_folder, settings.secrets)
        ids = GlobalIds(secrets.ids)
        self.state = State(settings.state_url)
        self.keyring = Keyring(self.state)
        own = OwnIssuer.from_seed(secrets.tokens) if settings.own_issuer else None
        self.authenticator = Authenticator(Issuers(own), self.keyring)
        self.runtime = Runtime(
            schema=graph.build()._schema,
            catalog=found,
            pools=Pools(),
            ids=ids,
            cursors=Cursors(secrets.cursors, ids),
            page=(50, settings.limits.page),
            ids_most=settings.limits.ids,
            observers=(_log_failure, *observers),
        )
        self._reloading = asyncio.Lock()
        self._closing = asyncio.Event()
        self._retiring: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take up the catalog that was read."""
        await self._adopt(self.runtime.catalog)

    async def reload(self) -> list[Mistake]:
        """Read the partner files again. With an error in any, everything stays as it was; what is wrong is returned."""
        async with self._reloading:
            found, mistakes = await asyncio.to_thread(catalog.load, self._settings.partners, model(), self._environ)
            _tell(mistakes)
            if any(mistake.level == "error" for mistake in mistakes):
                log.error("partner files not reloaded: the old ones stay in force")
                return mistakes
            await self._adopt(found)
            log.info("partner files reloaded: %s", ", ".join(sorted(found.partners)))
            return mistakes

    async def ready(self) -> bool:
        """Whether there is a partner to serve; a source that is down does not matter here."""
        return bool(self.runtime.catalog.partners)

    async def close(self) -> None:
        """End all that was opened."""
        await self.authenticator.close()
        await self.keyring.close()
        self._closing.set()
        await asyncio.gather(*self._retiring)
        await self.runtime.pools.close()
        await self.state.close()

    async def _adopt(self, found: catalog.Catalog) -> None:
        await self.authenticator.adopt({code: partner.identity for code, partner in found.partners.items()})
        # Both at once: a request begins with the sources of its own catalog, and keeps them.
        retired = self.runtime.pools.follow(found)
        self.runtime.catalog = found
        if retired:
            closing = asyncio.create_task(self._retire(retired))
            self._retiring.add(closing)
            closing.add_done_callback(self._retiring.discard)

    async def _retire(self, retired: Iterable[SqlSource]) -> None:
        """Close connectors once no request can still ask them, or with everything else."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), self._settings.limits.deadline)
        for connector in retired:
            await connector.close()


def _tell(mistakes: Iterable[Mistake]) -> None:
    for mistake in mistakes:
        log.log(logging.ERROR if mistake.level == "error" else logging.WARNING, "%s", mistake)


def _log_failure(call: SourceCall) -> None:
    if call.error is not None:
        log.warning("source %s: %s after %.3f s: %s", call.source, call.error, call.seconds, call.detail)
