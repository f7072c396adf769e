"""What a database driver's error means, as one of the published codes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from resolvers.connectors.guard import DeadlinePassed
from resolvers.connectors.sql.render import Drifted, Unpushable

# SQLSTATE on PostgreSQL, error numbers on MariaDB and MySQL. 42804 and 42883 are how PostgreSQL tells that a column has
# another type than a statement was made for.
_DRIFT = {"42703", "42P01", "3F000", "42804", "42883", 1054, 1146}
_DRIFT_WORDS = ("no such table", "no such column", "cached statement plan is invalid")
_SLOW = {"57014", 1969, 3024, 1317}
_BUSY = {"53300", 1040, 1203}
_DENIED = {"42501", 1044, 1045, 1142, 1143}
# SQLSTATE classes: connection, authorisation, no such database, resources, the operator intervened, system error.
_DOWN = ("08", "28", "3D", "53", "57P", "58")


def code_of(error: BaseException) -> str:
    """SOURCE_TIMEOUT, SOURCE_BUSY, SOURCE_SCHEMA_DRIFT, SOURCE_UNAVAILABLE or SOURCE_DATA_INVALID."""
    if isinstance(error, DeadlinePassed):
        return "SOURCE_TIMEOUT"
    if isinstance(error, PoolTimeout):
        return "SOURCE_BUSY"
    if isinstance(error, Unpushable):  # of what a statement must say; what it may leave to the gateway is asked before
        return "AGREEMENT_NOT_ENFORCEABLE"
    if isinstance(error, Drifted):
        return "SOURCE_SCHEMA_DRIFT"
    if isinstance(error, DBAPIError):
        return _driver_code(error)
    if isinstance(error, OSError | SQLAlchemyError | ImportError):
        return "SOURCE_UNAVAILABLE"
    return "SOURCE_DATA_INVALID"


def _driver_code(error: DBAPIError) -> str:
    original: Any = error.orig
    state = getattr(original, "sqlstate", None)
    marks = {state, *(mark for mark in getattr(original, "args", ())[:1] if isinstance(mark, int))}
    text = str(original)
    if marks & _DRIFT or any(words in text for words in _DRIFT_WORDS):
        return "SOURCE_SCHEMA_DRIFT"
    if marks & _SLOW or "interrupted" in text:
        return "SOURCE_TIMEOUT"
    if marks & _BUSY:
        return "SOURCE_BUSY"
    if error.connection_invalidated or marks & _DENIED or (isinstance(state, str) and state.startswith(_DOWN)):
        return "SOURCE_UNAVAILABLE"
    # A file that is no database is a plain DatabaseError on SQLite.
    if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
        return "SOURCE_UNAVAILABLE"
    return "SOURCE_DATA_INVALID"
