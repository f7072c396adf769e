"""The gateway's own issuer: short-lived tokens for demonstrations and for the command line."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.jwks import Key, thumbprint
from resolvers.identity import Identity

# Anybody's issuer is a URL of its own, so no identity provider is called this.
ISSUER = "urn:partner-gateway:own"
AUDIENCE = "urn:partner-gateway"
PARTNER_CLAIM = "partner"
IDENTITY = Identity(issuer=ISSUER, audience=AUDIENCE, algorithms=("EdDSA",))

# A token cannot be revoked, so it may not live long; an API key can.
LONGEST = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class OwnIssuer:
    """Signs and describes the gateway's own tokens (RFC 7519, Ed25519 by RFC 8037). key: what verifies them."""

    private: Ed25519PrivateKey = field(repr=False)
    key: Key

    @classmethod
    def from_seed(cls, seed: bytes) -> OwnIssuer:
        """From the 32 secret bytes that are `state.Secrets.tokens`: the same seed is the same issuer."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key()
        jwk = jwt.algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)
        name = thumbprint(jwk)
        return cls(private, Key(name, name, frozenset({"EdDSA"}), public))

    def issue(
        self,
        *,
        partner: str,
        subject: str,
        scopes: Iterable[str] = ("read",),
        purposes: Iterable[str] = (),
        lifetime: float = 3600.0,
    ) -> str:
        """A token for one partner. lifetime in seconds, at most LONGEST, else ValueError."""
        if not 0 < lifetime <= LONGEST:
            raise ValueError(f"a token may live at most {LONGEST / 86400:.0f} days")
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + max(1, int(lifetime)),
            "jti": uuid.uuid4().hex,
            PARTNER_CLAIM: partner,
            "scope": " ".join(scopes),
            "purposes": list(purposes),
        }
        return jwt.encode(claims, self.private, algorithm="EdDSA", headers={"kid": self.key.kid})
