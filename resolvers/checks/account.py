"""What is to be said of a server and of the account that the gateway uses there."""

from __future__ import annotations

from collections.abc import Iterable

from resolvers.connectors.sql.server import Server
from resolvers.errors import Mistake

MOST_SKEW = 5.0  # seconds


def account(file: str, name: str, found: Server) -> Iterable[Mistake]:
    """Findings on one source."""
    key = f"source.{name}.url"
    if not found.read_only:
        message = "the gateway's sessions there are not read-only, though they were told to be."
        yield Mistake("SOURCE_NOT_READ_ONLY", file, key, message, "an account that may only read")
    if found.writes and found.name.startswith("SQLite"):
        message = "the file can be written by this account; the gateway opens it read-only."
        yield Mistake("SOURCE_CAN_WRITE", file, key, message, "", "info")
    elif found.writes:
        told = ", ".join(found.writes[:3]) + (f" and {len(found.writes) - 3} more" if found.writes[3:] else "")
        message = f"this account may write ({told}); the gateway does not, but whoever has its password can."
        hint = "an account of its own that is granted `select` on the mapped tables, and nothing else"
        yield Mistake("SOURCE_CAN_WRITE", file, key, message, hint, "warning")
    if found.skew is not None and abs(found.skew) > MOST_SKEW:
        ahead = "ahead of" if found.skew > 0 else "behind"
        message = f"the server's clock is {abs(found.skew):,.0f} s {ahead} this machine's."
        yield Mistake("SOURCE_CLOCK", file, key, message, "what is in force now is judged by this machine's", "warning")
