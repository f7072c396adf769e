"""What a database driver's error means, as one of the published codes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from resolvers.connectors.guard import DeadlinePassed
from resolvers.connectors.sql.render import Drifted

# SQLSTATE on PostgreSQL, error numbers on MariaDB and MySQL.
_DRIFT = {"42703", "42P01", "3F000", 1054, 1146}
_SLOW = {"57014", 1969, 3024, 1317}
_BUSY = {"53300", 1040, 1203}
_DENIED = {"42501", "28000", "28P01", 1044, 1045, 1142, 1143}


def code_of(error: BaseException) -> str:
    """SOURCE_TIMEOUT, SOURCE_BUSY, SOURCE_SCHEMA_DRIFT, SOURCE_UNAVAILABLE or SOURCE_DATA_INVALID."""
    if isinstance(error, DeadlinePassed):
        return "SOURCE_TIMEOUT"
    if isinstance(error, PoolTimeout):
        return "SOURCE_BUSY"
    if isinstance(error, Drifted):
        return "SOURCE_SCHEMA_DRIFT"
    if isinstance(error, DBAPIError):
        return _driver_code(error)
    if isinstance(error, OSError | SQLAlchemyError | ImportError):
        return "SOURCE_UNAVAILABLE"
    return "SOURCE_DATA_INVALID"


def _driver_code(error: DBAPIError) -> str:
    original: Any = error.orig
    state: Any = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    if state is None and getattr(original, "args", None):
        state = original.args[0]
    text = str(original)
    if state in _DRIFT or "no such table" in text or "no such column" in text:
        return "SOURCE_SCHEMA_DRIFT"
    if state in _SLOW or "interrupted" in text:
        return "SOURCE_TIMEOUT"
    if state in _BUSY:
        return "SOURCE_BUSY"
    if error.connection_invalidated or state in _DENIED or isinstance(error, OperationalError | InterfaceError):
        return "SOURCE_UNAVAILABLE"
    return "SOURCE_DATA_INVALID"
