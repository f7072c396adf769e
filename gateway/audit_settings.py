"""What the operator decides of the audit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """url: async SQLAlchemy URL. retention, heads: seconds that entries are kept, and between two signatures. buffer:
    entries that wait, at most, while the store is down."""

    url: str = field(repr=False)
    retention: float
    heads: float
    buffer: int
