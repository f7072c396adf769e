"""What stands in the partners' tables: drawn from fixed seeds, the founding case written by hand."""

from gateway.demo.rows import broker, city, coop, founding, insurer, poste_fleet, poste_staff
from gateway.demo.rows.draw import Row

__all__ = ["Row", "broker", "city", "coop", "founding", "insurer", "poste_fleet", "poste_staff"]
