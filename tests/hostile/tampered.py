"""Ids and cursors that the gateway did not give out so: changed, written otherwise, of other lists and partners."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from tests.hostile.case import Aim, Answered, Case, Either, Part, refused

BAD = refused("BAD_USER_INPUT")
NODE = "query ($i: ID!) { node(id: $i) { id } }"
SITES = "query ($c: String) { sites(first: 2, after: $c) { nodes { id } } }"
ASSETS = "query ($c: String) { assets(first: 2, after: $c) { nodes { id } } }"
ORDERED = "query ($c: String) { assets(first: 2, after: $c, orderBy: [{field: NAME}]) { nodes { id } } }"
FILTERED = "query ($c: String) { assets(first: 2, after: $c, filter: {kind: {eq: VAN}}) { nodes { id } } }"
NOBODY = Answered({"node": None})


def text(raw: bytes | str) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw if isinstance(raw, bytes) else raw.encode()).rstrip(b"=").decode()


def _raw(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def _flipped(written: str, at: int) -> str:
    raw = bytearray(_raw(written))
    raw[at] ^= 1
    return text(bytes(raw))


def _loose(written: str) -> str:
    """The same bytes, with bits set that stand for nothing; a text without such bits gets its padding."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if len(written) % 4 == 0:
        return written + "===="
    return written[:-1] + alphabet[alphabet.index(written[-1]) | 1]


def node(change: Callable[[Aim], str]) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.post(NODE, {"i": change(aim)})]


def cursor(change: Callable[[Aim], str], query: str = ASSETS, partner: str = "city") -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.post(query, {"c": change(aim)}, partner=partner)]


def _id(aim: Aim) -> str:
    return aim.ids["city asset"]


def _cursor(aim: Aim) -> str:
    return aim.cursors["assets"]


MADE_UP = {
    "no base64": "not an id!",
    "empty": "",
    "no colon": text("Asset.poste.vehicles"),
    "an entity nobody knows": text("Nothing.poste.vehicles:1"),
    "a type that is no record": text("Money.poste.vehicles:1"),
    "another entity's mapping": text("Person.poste.vehicles:1"),
    "a mapping nobody knows": text("Asset.poste.tables:1"),
    "a partner nobody knows": text("Asset.nobody.vehicles:1"),
    "a path": text("Asset.../../etc/passwd:1"),
    "a zero in its key": text("Asset.city.bikes:\0"),
    "a key that is SQL": text("Asset.city.bikes:1' or '1'='1"),
    "a key of 100 kB": text("Asset.city.bikes:" + "9" * 100_000),
    "a key that is no UTF-8": text(b"Asset.city.bikes:\xff\xfe"),
    "a number beyond the column": text("Asset.poste.vehicles:" + "9" * 40),
    "a number written otherwise": text("Asset.poste.vehicles: 0012"),
    "too many parts": text("Asset.city.bikes:1:2:3:4"),
    "a cipher that is none": text("Person.poste.staff~" + "x" * 40),
    "a cipher of nothing": text("Person.poste.staff~"),
}
CASES = (
    *(
        Case(f"id: {name}", (lambda t: node(lambda _: t))(made), Either((BAD, NOBODY)))
        for name, made in MADE_UP.items()
    ),
    Case("id with padding", node(lambda aim: _id(aim) + "="), BAD),
    Case("id with bits that stand for nothing", node(lambda aim: _loose(_id(aim))), BAD),
    Case("id in the other alphabet", node(lambda aim: base64.b64encode(b"Asset.city.bikes:>>>???").decode()), BAD),
    Case("id with blanks", node(lambda aim: f" {_id(aim)}\n"), BAD),
    Case("id with a foreign letter", node(lambda aim: _id(aim) + "é"), BAD),
    Case("id changed by a bit in its key", node(lambda aim: _flipped(_id(aim), -1)), Either((BAD, NOBODY))),
    Case("id changed by a bit in its entity", node(lambda aim: _flipped(_id(aim), 0)), Either((BAD, NOBODY))),
    Case("id a cursor", node(_cursor), BAD),
    Case("cursor changed at its end", cursor(lambda aim: _flipped(_cursor(aim), -1)), BAD),
    Case("cursor changed in its middle", cursor(lambda aim: _flipped(_cursor(aim), 20)), BAD),
    Case("cursor of another version", cursor(lambda aim: _flipped(_cursor(aim), 0)), BAD),
    Case("cursor cut", cursor(lambda aim: _cursor(aim)[:-4]), BAD),
    Case("cursor with bits that stand for nothing", cursor(lambda aim: _loose(_cursor(aim))), BAD),
    Case("cursor of another list", cursor(_cursor, SITES), BAD),
    Case("cursor of another order", cursor(_cursor, ORDERED), BAD),
    Case("cursor of another filter", cursor(_cursor, FILTERED), BAD),
    Case("cursor of another partner", cursor(_cursor, partner="poste"), BAD),
    Case("cursor an id", cursor(_id), BAD),
    Case("cursor of nothing", cursor(lambda _: ""), BAD),
    Case("cursor without a signature", cursor(lambda _: text(b"\x01[[],[],[]]")), BAD),
    Case("cursor of 100 kB", cursor(lambda _: "QQ" * 50_000), BAD),
    Case("cursor beyond ASCII", cursor(lambda _: "\U0001f6b2" * 100), BAD),
)
