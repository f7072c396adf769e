"""What live sources say to the mappings over them: findings, each with where it comes from and what mends it."""

from resolvers.checks.report import MappingFacts, Report, SourceFacts
from resolvers.checks.run import check

__all__ = ["MappingFacts", "Report", "SourceFacts", "check"]
