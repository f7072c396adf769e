"""Who asks, for the two reference servers: what the gateway asks of a token, in a few lines."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import jwt

from benchmarks.workload import AUDIENCE, ISSUER

_KEYS = {
    key["kid"]: jwt.PyJWK(key).key for key in json.loads(Path(os.environ["BENCH_JWKS"]).read_text("utf-8"))["keys"]
}
_known: dict[bytes, float] = {}


def scopes_hold(authorization: str) -> bool:
    """Whether a header carries a good token with the scopes that the operations need; it is verified once."""
    token = authorization.removeprefix("Bearer ").encode()
    digest = hashlib.sha256(token).digest()
    expires = _known.get(digest)
    if expires is not None and expires > time.time():
        return True
    try:
        key = _KEYS[jwt.get_unverified_header(token)["kid"]]
        required = ["exp", "sub", "iss", "aud"]
        claims = jwt.decode(token, key, ["ES256"], {"require": required}, audience=AUDIENCE, issuer=ISSUER)
    except (jwt.InvalidTokenError, KeyError):
        return False
    if not {"read", "read:contact", "read:personal"} <= set(str(claims.get("scope", "")).split()):
        return False
    if len(_known) > 10_000:
        _known.clear()
    _known[digest] = claims["exp"]
    return True
