"""How a partner's identity provider vouches for its people, and what their credentials may say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

# Signatures that a partner may allow (RFC 7518 section 3.1, RFC 8037). Symmetric ones and `none` are not among them:
# whoever can verify a symmetric signature can also make one.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
DEFAULT_ALGORITHMS = ("RS256", "ES256", "EdDSA")

# What a credential may do, by scope.
SCOPES: dict[str, str] = {
    "read": "plain fields",
    "read:contact": "how to reach people and places",
    "read:personal": "what is about one person",
    "read:sensitive": "what could harm a person",
    "read:self": "the caller's own person record, whole",
    "audit": "who read what of the caller's partner",
    "explain": "how an answer came about, in `extensions.plan`",
}

# What a credential may be used for: words of visible ASCII, so that a header can say them, and not too many.
PURPOSE = re.compile(r"[!-~]{1,64}")
MOST_PURPOSES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """The `[identity]` table of a partner file.

    issuer, audience: the exact `iss` and `aud` of its tokens (RFC 7519). jwks_file (absolute) or jwks_url: where its
    public keys are (RFC 7517), exactly one of them. algorithms: of ALGORITHMS. The claims: which member of the token
    holds the subject (text), the scopes and the purposes (a list of texts, or words with blanks between).
    """

    issuer: str
    audience: str
    jwks_file: Path | None = None
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    subject_claim: str = "sub"
    scopes_claim: str = "scope"
    purposes_claim: str = "purposes"


def url_mistake(url: str) -> str:
    """Why keys may not be fetched from this URL; "" where they may: https anywhere, http on loopback only."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if not host:
        return "not a URL"
    if parts.username is not None or parts.password is not None:
        return "a URL with a password in it"
    if parts.fragment:
        return "a URL with a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and _loopback(host)):
        return ""
    return "neither https nor http on loopback"


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
