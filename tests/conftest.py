"""Fixtures that every test module may ask for."""

import hypothesis  # first of all: its plugins look for referrers, which a gateway hides when it freezes the collector

from tests.both_ways import always_both
from tests.gateways import demonstration
from tests.real_systems import glpi, librebooking, odoo, snipeit
from tests.servers import mariadb, postgres
from tests.wire import watched_wire

__all__ = [
    "always_both",
    "demonstration",
    "glpi",
    "hypothesis",
    "librebooking",
    "mariadb",
    "odoo",
    "postgres",
    "snipeit",
    "watched_wire",
]
