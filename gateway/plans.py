"""Plans, made once for an operation and a grant, the last used ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode

from gateway.documents import Document
from resolvers.catalog import Catalog
from resolvers.engine.compose import Composer
from resolvers.global_id import GlobalIds
from resolvers.plan import Plan
from resolvers.planner import Planner
from resolvers.selection import Selections, named_variables
from resolvers.viewer import Grant
from schema.resolution import resolution

KEPT = 1_000


class Plans:
    """Plans of one schema. Their keys hold what the planner looked at and nothing else: the operation, the grant, the
    catalog, and those variables that decide what is selected."""

    def __init__(self, schema: GraphQLSchema, ids: GlobalIds) -> None:
        self._schema = schema
        self._ids = ids
        self._plans: OrderedDict[Any, Plan] = OrderedDict()

    def get(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        catalog: Catalog,
        grant: Grant,
        variables: Mapping[str, Any],
    ) -> Plan:
        """The plan of an operation of a document for a grant, given the values of its variables."""
        looks: dict[int, frozenset[str]] = document.plans
        looked_at = looks.get(id(operation), frozenset())
        values = named_variables(looked_at, variables) if looked_at else ()
        key = (document, id(operation), catalog.version, grant, values)
        found = self._plans.get(key)
        if found is not None:
            self._plans.move_to_end(key)
            return found
        found = self._made(document, operation, catalog, grant, variables)
        # Other values of some may have made the planner look at more: all plans are told apart by all of them.
        looked_at |= found.looked_at
        looks[id(operation)] = looked_at
        self._plans[(*key[:-1], named_variables(looked_at, variables))] = found
        if len(self._plans) > KEPT:
            self._plans.popitem(last=False)
        return found

    def _made(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        catalog: Catalog,
        grant: Grant,
        variables: Mapping[str, Any],
    ) -> Plan:
        root = self._schema.query_type
        assert root is not None
        sets = [operation.selection_set]
        selections = Selections(self._schema, document.fragments, variables)
        found = Planner(self._schema, catalog, grant, selections).make(root, sets)
        composer = Composer(self._schema, resolution(), catalog, found, selections, self._ids, operation)
        found.answer = composer.root()
        found.unclear = selections.unclear
        return found
