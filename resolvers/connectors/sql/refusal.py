"""What a statement cannot say."""

from __future__ import annotations

from resolvers.errors import GatewayError


class Drifted(GatewayError):
    """The mapping names a table or column that the live database does not have."""

    default = "SOURCE_SCHEMA_DRIFT"


class Unpushable(Exception):
    """The database cannot compute exactly what the border would make of a value: the gateway sees to it itself."""
