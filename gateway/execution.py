"""From a document and a viewer to a GraphQL response: plan, context, execution, and errors fit to be shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute

from gateway.audit import Audit
from gateway.authentication import unauthenticated
from gateway.documents import MESSAGE, Document
from gateway.http import OperationRequest
from gateway.plan_extension import PlanExtension
from gateway.plans import Plans
from gateway.variables import Variables
from resolvers.agreement import scopes_of
from resolvers.catalog import Catalog
from resolvers.connectors.pools import Pools
from resolvers.context import Context
from resolvers.cursor import Cursors
from resolvers.engine.objects import Run
from resolvers.engine.objects import answer as answer_of
from resolvers.engine.outcome import Trouble
from resolvers.errors import GatewayError, RequestError, SourceError
from resolvers.global_id import GlobalIds
from resolvers.observation import SourceCall, Watcher
from resolvers.plan import Withheld
from resolvers.selection import Selections
from resolvers.viewer import Grant, Viewer

log = logging.getLogger("gateway")


@dataclass(slots=True, eq=False)
class Runtime:
    """What all requests share. `catalog` is swapped whole on reload; a request keeps the one that it began with.

    audit: what takes note of answers; none for the operator's own commands. reference: answer everything with
    graphql-core, which tests compare with the planned way.
    """

    schema: GraphQLSchema
    catalog: Catalog
    pools: Pools
    ids: GlobalIds
    cursors: Cursors
    page: tuple[int, int] = (50, 1000)
    ids_most: int = 100
    observers: tuple[Callable[[SourceCall], None], ...] = ()
    watcher: Watcher | None = None
    audit: Audit | None = None
    reference: bool = False
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    plans: Plans = field(init=False)

    def __post_init__(self) -> None:
        self.plans = Plans(self.schema, self.ids)

    async def execute(self, viewer: Viewer, document: Document, request: OperationRequest) -> dict[str, Any]:
        """The response of one operation; without `data` where its variables do not fit."""
        operation = document.operation(request.operation_name)
        assert operation is not None  # documents.get saw to it
        catalog, sources, now = self.catalog, self.pools.sources, self.clock()
        if viewer.partner not in catalog.partners:  # it left while the request was being sent
            raise unauthenticated()
        reading = ("variables", id(operation))
        if reading not in document.plans:
            document.plans[reading] = Variables(self.schema, operation)
        variables = document.plans[reading].read(request.variables)
        if isinstance(variables, list):
            return {"errors": [_unfit(error) for error in variables]}
        grant = catalog.grant(viewer, now.date())
        extension = PlanExtension.asked(request.extensions, viewer, catalog) if request.extensions else None
        watcher = self.watcher if extension is None else extension.course or self.watcher
        plan = self.plans.get(document, operation, catalog, grant, variables.coerced)
        if plan.unclear:
            message = "The condition of `@skip` or `@include` is null."
            return {"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]}
        context = Context(
            viewer=viewer,
            grant=grant,
            plan=plan,
            catalog=catalog,
            pools=self.pools,
            sources=sources,
            ids=self.ids,
            cursors=self.cursors,
            now=now,
            page=self.page,
            ids_most=self.ids_most,
            observers=(self.pools.observe, *self.observers),
            watcher=watcher,
            accesses=self.audit,
        )
        if watcher is not None:
            watcher.planned(plan)
        try:
            if self.reference:
                data, troubles = await self._reference(context, document, request)
            else:
                context.direct = True
                run = Run(context, variables, request.variables)
                found = await plan.answer.resolve(run, (None,))
                data, troubles = answer_of(found[0])
                run.shared.clear()  # which points back at the run
        finally:
            context.end()
        if self.audit is not None:
            kept = self.audit.note(context, document, request.operation_name, request.id)
            if kept is not None:
                await kept
        answer: dict[str, Any] = {"data": data}
        if troubles:
            answer["errors"] = _errors(troubles, request.id)
        if plan.withheld or context.withheld:
            answer["extensions"] = {"withheld": _withheld([*plan.withheld, *context.withheld], catalog, grant)}
        if extension is not None:
            selections = Selections(self.schema, document.fragments, variables.coerced)
            told = extension.told(self.schema, plan, grant, selections, operation)
            answer.setdefault("extensions", {})["plan"] = told
        return answer

    async def _reference(
        self, context: Context, document: Document, request: OperationRequest
    ) -> tuple[Any, list[Trouble]]:
        """Data and errors by graphql-core, to compare the planned way with."""
        running = execute(
            self.schema,
            document.ast,
            context_value=context,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
        )
        result = running if isinstance(running, ExecutionResult) else await running
        return result.data, [
            Trouble(tuple(error.path or ()), error, tuple(error.nodes or ())) for error in result.errors or ()
        ]


def _unfit(error: GraphQLError) -> dict[str, Any]:
    return {**error.formatted, "message": error.message[:MESSAGE], "extensions": {"code": "BAD_USER_INPUT"}}


def _cause(trouble: Trouble) -> GatewayError | None:
    """Who must act; None where it is us."""
    error = trouble.error
    if isinstance(error, GraphQLError) and error.original_error is None and error.message.startswith("Argument '"):
        return RequestError(error.message[:MESSAGE])  # a variable that is null where it may not be
    return trouble.shown


def _withheld(withheld: Sequence[Withheld], catalog: Catalog, grant: Grant) -> list[dict[str, Any]]:
    def lacking(told: Withheld) -> list[str]:
        wanted = scopes_of(catalog.model, told.entity, told.field) if told.code == "SCOPE_REQUIRED" else frozenset()
        return sorted(wanted - grant.scopes)

    return [
        {
            "path": list(told.path),
            "partner": told.partner,
            "field": f"{told.entity}.{told.field}",
            "code": told.code,
            "agreements": list(told.agreements),
            "contact": catalog.partners[told.partner].contact,
            **({"scopes": scopes} if (scopes := lacking(told)) else {}),
            **({"usedIn": told.used_in} if told.used_in else {}),
            **({"partly": True} if told.partly else {}),
        }
        for told in withheld
    ]


def _errors(troubles: Sequence[Trouble], request_id: str) -> list[dict[str, Any]]:
    """Errors as they are shown: one per place and source, at its first path, with a count."""
    shown: dict[Any, dict[str, Any]] = {}
    for trouble in troubles:
        cause = _cause(trouble)
        if isinstance(cause, SourceError):
            place = tuple(key for key in trouble.path if isinstance(key, str))
            key: Any = (place, cause.partner, cause.source, cause.code)
        else:
            key = len(shown)
        if key in shown:
            extensions = shown[key]["extensions"]
            extensions["count"] = extensions.get("count", 1) + 1
            continue
        nodes = (isinstance(cause, RequestError) and getattr(trouble.error, "nodes", None)) or list(trouble.nodes)
        told = GraphQLError(str(cause), nodes or None, path=trouble.path).formatted
        if cause is None:
            log.error("request %s failed at %s", request_id, trouble.path, exc_info=trouble.error)
            # graphql-core's own words may hold a source's value
            shown[key] = {**told, "message": "The gateway failed here.", "extensions": {"code": "INTERNAL"}}
            continue
        if isinstance(cause, SourceError):
            log.warning("request %s: source %s.%s: %s", request_id, cause.partner, cause.source, cause.code)
        shown[key] = {**told, "extensions": dict(cause.extensions)}
    return list(shown.values())
