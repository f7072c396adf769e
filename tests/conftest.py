"""Fixtures that every test module may ask for."""

from tests.real_systems import glpi, odoo
from tests.servers import mariadb, postgres

__all__ = ["glpi", "mariadb", "odoo", "postgres"]
