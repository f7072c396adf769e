"""Requests with a credential that nobody may be let in with, or with more than one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.forgeries import FORGERIES, Issued
from tests.hostile.bodies import GOOD
from tests.hostile.case import Aim, Case, Either, Part, refused
from tests.identity_provider import SigningKey

ISSUER, OTHER, AUDIENCE = "https://id.city.example", "https://id.poste.example", "commons"
ISSUED = Issued(ISSUER, SigningKey("c1"), SigningKey("c2", "RSA"), OTHER, AUDIENCE)
"""The identity provider of `city`, whose key set the gateway is given."""
UNKNOWN = refused("UNAUTHENTICATED", status=401)
LARGE = refused("HEADER_TOO_LARGE", status=431)


def _headers(*values: Callable[[Aim], str], name: str = "Authorization") -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(GOOD, headers=[(name, value(aim)) for value in values], without=["authorization"])]


def _forged(name: str) -> Callable[[Aim], Sequence[Part]]:
    return _headers(lambda _: f"Bearer {FORGERIES[name](ISSUED)}")


def _good(partner: str) -> Callable[[Aim], str]:
    return lambda aim: f"Bearer {aim.tokens[partner]}"


CASES = (
    *(Case(f"token: {name}", _forged(name), Either((UNKNOWN, LARGE))) for name in FORGERIES),
    Case("two headers", _headers(_good("city"), _good("poste")), UNKNOWN),
    Case("one header twice", _headers(_good("city"), _good("city")), UNKNOWN),
    Case("two tokens in one header", _headers(lambda a: f"{_good('city')(a)}, {_good('poste')(a)}"), UNKNOWN),
    Case("no header", lambda aim: [aim.raw(GOOD, without=["authorization"])], UNKNOWN),
    Case("Basic", _headers(lambda _: "Basic YTpi"), UNKNOWN),
    Case("no scheme", _headers(lambda aim: aim.tokens["city"]), UNKNOWN),
    Case("a tab behind the scheme", _headers(lambda aim: f"Bearer\t{aim.tokens['city']}"), UNKNOWN),
    Case("a token with a blank in it", _headers(lambda aim: f"Bearer {aim.tokens['city']} x"), UNKNOWN),
    Case("a token beyond ASCII", _headers(lambda aim: f"Bearer \xe9{aim.tokens['city']}"), UNKNOWN),
    Case("a header of 100 kB", _headers(lambda _: "Bearer " + "x" * 100_000), LARGE),
    Case("another header's name", _headers(_good("city"), name="Authorisation"), UNKNOWN),
    Case("a proxy's header", _headers(_good("city"), name="Proxy-Authorization"), UNKNOWN),
    Case("a partner by header", _headers(lambda _: "poste", name="X-Partner"), UNKNOWN),
    Case(
        "a purpose nobody gave",
        lambda aim: [aim.raw(GOOD, headers=[("X-Purpose", "marketing")])],
        refused("PURPOSE_REFUSED"),
    ),
    Case(
        "two purposes",
        lambda aim: [aim.raw(GOOD, headers=[("X-Purpose", "lending"), ("X-Purpose", "maintenance")])],
        refused("PURPOSE_REFUSED", "BAD_REQUEST"),
    ),
    Case(
        "a purpose of 20 kB",
        lambda aim: [aim.raw(GOOD, headers=[("X-Purpose", "lending" * 3_000)])],
        refused("PURPOSE_REFUSED"),
    ),
)
