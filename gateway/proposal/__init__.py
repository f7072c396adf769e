"""Proposes a partner file from what a live database looks like: a first draft for somebody who knows the data."""

from gateway.proposal.proposal import Asked, propose

__all__ = ["Asked", "propose"]
