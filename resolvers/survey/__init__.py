"""Looks into a database that no partner file describes yet: its tables, how many rows, what stands in them."""

from resolvers.survey.content import Content
from resolvers.survey.database import Database, opened
from resolvers.survey.table import Column, Table

__all__ = ["Column", "Content", "Database", "Table", "opened"]
