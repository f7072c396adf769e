"""Any database that SQLAlchemy speaks to, live: statements built and compiled by SQLAlchemy, bound parameters only."""

from resolvers.connectors.sql.source import SqlSource

__all__ = ["SqlSource"]
