"""The partners' own tables, as each partner would have made them: one module a partner."""

from gateway.demo.tables import broker, city, coop, insurer, poste

__all__ = ["broker", "city", "coop", "insurer", "poste"]
