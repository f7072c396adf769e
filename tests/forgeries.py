"""Tokens that nobody may be let in with, by name: each is a good token of a real issuer, but for one thing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.tokens import OwnIssuer
from tests.identity_provider import SigningKey, claims

STRANGER = SigningKey("1")
STRANGERS_OWN = OwnIssuer.from_seed(b"s" * 32)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Issued:
    """A real issuer that the gateway knows. key (EC) and rsa: two of its published keys; other: another's issuer."""

    issuer: str
    key: SigningKey
    rsa: SigningKey
    other: str
    audience: str = "commons"

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good token says; a change to None leaves a claim out."""
        return claims(self.issuer, **{"aud": self.audience, **changes})

    def good(self, **changes: Any) -> str:
        """A token that is good, but for some claims."""
        return self.key.sign(self.claims(**changes))

    def strange(self, **header: Any) -> str:
        """A token of a stranger's key, under a name that is known."""
        return STRANGER.sign(self.claims(), kid=self.key.kid, **header)

    def written(self, header: str | bytes | None = None, payload: str | bytes | None = None) -> str:
        """A good signature of texts that no library would write."""
        if header is None:
            header = json.dumps({"alg": self.key.algorithm, "kid": self.key.kid})
        if payload is None:
            payload = json.dumps(self.claims())
        parts = [encoded(text.encode() if isinstance(text, str) else text) for text in (header, payload)]
        signature = jwt.get_algorithm_by_name(self.key.algorithm).sign(".".join(parts).encode(), self.key.private)
        return ".".join([*parts, encoded(signature)])

    def head(self, **changes: Any) -> str:
        """The header of a good token with some changes, as text."""
        header = {"alg": self.key.algorithm, "kid": self.key.kid, **changes}
        return json.dumps({name: value for name, value in header.items() if value is not None})

    def unsigned(self, algorithm: Any, signature: bytes = b"") -> str:
        """A token with a signature that was not made."""
        header = {"alg": algorithm, "kid": self.key.kid}
        return ".".join(encoded(part) for part in (text(header), text(self.claims()), signature))

    def keyed_with_public(self, form: Encoding, style: PublicFormat) -> str:
        """The classic: HS256, keyed with the key that everybody can read. PyJWT would not make it."""
        public = self.rsa.private.public_key().public_bytes(form, style)
        head = {"alg": "HS256", "kid": self.rsa.kid, "typ": "JWT"}
        signed = f"{encoded(text(head))}.{encoded(text(self.claims()))}"
        return f"{signed}.{encoded(hmac.digest(public, signed.encode(), hashlib.sha256))}"

    def resigned(self, change: Callable[[bytes], bytes]) -> str:
        """A good token whose signature was written otherwise."""
        signed, _, signature = self.good().rpartition(".")
        return f"{signed}.{encoded(change(base64.urlsafe_b64decode(signature + '==')))}"


def encoded(part: bytes) -> str:
    """base64url without padding, as RFC 7515 has it."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def text(value: Any) -> bytes:
    """JSON."""
    return json.dumps(value).encode()


def _der(signature: bytes) -> bytes:
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def _loose(token: str) -> str:
    """The same bytes, with bits set that stand for nothing."""
    return token[:-1] + ALPHABET[ALPHABET.index(token[-1]) | 1]


def _plain_alphabet(issued: Issued) -> str:
    while True:  # a signature is random: soon one has such a letter
        signed, _, signature = issued.good().rpartition(".")
        if "-" in signature or "_" in signature:
            return f"{signed}.{signature.replace('-', '+').replace('_', '/')}"


def _tampered(issued: Issued) -> str:
    head, _, signature = issued.good().split(".")
    return f"{head}.{encoded(text(issued.claims(scope='audit')))}.{signature}"


def _json(issued: Issued, **changes: Any) -> str:
    return json.dumps(issued.claims(**changes))


def _now() -> int:
    return int(time.time())


FORGERIES: dict[str, Callable[[Issued], str]] = {
    # algorithms
    "alg none": lambda i: i.unsigned("none"),
    "alg None with a signature": lambda i: i.unsigned("None", b"x"),
    "alg absent": lambda i: i.written(i.head(alg=None)),
    "alg null": lambda i: i.written(text({"alg": None, "kid": i.key.kid})),
    "alg a list": lambda i: i.written(i.head(alg=[i.key.algorithm])),
    "alg in small letters": lambda i: i.written(i.head(alg=i.key.algorithm.lower())),
    "HS256 with the public key as PEM": lambda i: i.keyed_with_public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "HS256 with the public key as DER": lambda i: i.keyed_with_public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "HS256 with the key as PKCS 1": lambda i: i.keyed_with_public(Encoding.PEM, PublicFormat.PKCS1),
    "algorithm that is not allowed": lambda i: i.rsa.sign(i.claims(), "PS256"),
    "algorithm of another kind of key": lambda i: i.unsigned("RS256", b"x" * 64),
    "algorithm of another curve": lambda i: i.unsigned("ES384", b"x" * 96),
    # times
    "expired": lambda i: i.good(exp=_now() - 61),
    "no exp": lambda i: i.good(exp=None),
    "exp null": lambda i: i.written(payload=_json(i, exp=0).replace('"exp": 0', '"exp": null')),
    "exp as text": lambda i: i.good(exp=str(_now() + 300)),
    "exp true": lambda i: i.written(payload=_json(i, exp=True)),
    "exp a list": lambda i: i.written(payload=_json(i, exp=[_now() + 300])),
    "exp infinite": lambda i: i.written(payload=_json(i, exp=0).replace('"exp": 0', '"exp": 1e999')),
    "exp NaN": lambda i: i.written(payload=_json(i, exp=float("nan"))),
    "exp beyond numbers": lambda i: i.good(exp=10**400),
    "exp before all": lambda i: i.good(exp=-1),
    "not yet valid": lambda i: i.good(nbf=_now() + 3600),
    "nbf as text": lambda i: i.good(nbf="0"),
    "nbf true": lambda i: i.written(payload=_json(i, nbf=True)),
    "issued in the future": lambda i: i.good(iat=_now() + 3600),
    "iat as text": lambda i: i.good(iat="0"),
    # for whom and from whom
    "wrong audience": lambda i: i.good(aud="elsewhere"),
    "audience in another case": lambda i: i.good(aud=i.audience.swapcase()),
    "audience with a blank": lambda i: i.good(aud=f"{i.audience} "),
    "no audience": lambda i: i.written(payload=json.dumps({**i.claims(), "aud": None})),
    "audience left out": lambda i: i.good(aud=None),
    "audience an empty list": lambda i: i.good(aud=[]),
    "audience a list of lists": lambda i: i.good(aud=[[i.audience]]),
    "audience an object": lambda i: i.good(aud={i.audience: True}),
    "no issuer": lambda i: i.good(iss=None),
    "unknown issuer": lambda i: i.good(iss=f"{i.issuer}/unknown"),
    "issuer with a slash behind": lambda i: i.good(iss=f"{i.issuer}/"),
    "issuer a list": lambda i: i.written(payload=_json(i, iss=[i.issuer])),
    "another issuer's name": lambda i: i.good(iss=i.other),
    "another issuer's name, other key": lambda i: i.rsa.sign(i.claims(iss=i.other)),
    "the gateway's own name": lambda i: i.good(iss="urn:partner-gateway:own", aud="urn:partner-gateway", partner="x"),
    "the gateway's own name, a stranger's key": lambda _: STRANGERS_OWN.issue(partner="poste", subject="awa"),
    "issuer in the header only": lambda i: i.written(i.head(iss=i.issuer), _json(i, iss=None)),
    # keys
    "stranger's key of a known name": lambda i: i.strange(),
    "key in the header": lambda i: i.strange(jwk=STRANGER.jwk),
    "key by URL in the header": lambda i: i.strange(jku="http://127.0.0.1:1/"),
    "certificate by URL in the header": lambda i: i.strange(x5u="http://127.0.0.1:1/"),
    "certificate in the header": lambda i: i.strange(x5c=["MIIB"]),
    "kid absent": lambda i: i.written(i.head(kid=None)),
    "kid empty": lambda i: i.written(i.head(kid="")),
    "kid unknown": lambda i: i.written(i.head(kid="nobody-knows")),
    "kid like a path": lambda i: i.written(i.head(kid="../../../dev/null")),
    "kid like SQL": lambda i: i.written(i.head(kid="1' or '1'='1")),
    "kid long": lambda i: i.written(i.head(kid="k" * 5000)),
    "kid half a character": lambda i: i.written(i.head(kid="\ud800")),
    "kid a number": lambda i: i.written(i.head(kid=1)),
    "kid a list": lambda i: i.written(i.head(kid=[i.key.kid])),
    # headers
    "kid twice": lambda i: i.written(f'{{"kid":"x",{i.head()[1:]}'),
    "alg twice": lambda i: i.written(f'{{"alg":"none",{i.head()[1:]}'),
    "crit": lambda i: i.written(i.head(crit=["exp"], exp=_now() + 300)),
    "crit empty": lambda i: i.written(i.head(crit=[])),
    "crit b64": lambda i: i.written(i.head(crit=["b64"], b64=True)),
    "b64": lambda i: i.written(i.head(b64=False)),
    "another type of token": lambda i: i.written(i.head(typ="logout+jwt")),
    "a type that is no text": lambda i: i.written(i.head(typ=["JWT"])),
    "header a list": lambda i: i.written('["ES256"]'),
    "header deep": lambda _: f"{'W1tb' * 3000}.e30.AA",
    "header in UTF-16": lambda i: i.written(i.head().encode("utf-16")),
    "header with more behind": lambda i: i.written(i.head() + "{}"),
    # payloads
    "payload a list": lambda i: i.written(payload=text([i.claims()])),
    "payload in UTF-16": lambda i: i.written(payload=_json(i).encode("utf-16")),
    "payload with a byte order mark": lambda i: i.written(payload=_json(i).encode("utf-8-sig")),
    "payload no UTF-8": lambda i: i.written(payload=_json(i, more="?").encode().replace(b"?", b"\xff")),
    "payload with more behind": lambda i: i.written(payload=_json(i) + "{}"),
    "iss twice": lambda i: i.written(payload=f'{{"iss":{json.dumps(i.other)},{_json(i)[1:]}'),
    "sub twice": lambda i: i.written(payload=f'{{"sub":"root",{_json(i)[1:]}'),
    "a name twice, deep": lambda i: i.written(payload=f'{{"more":[{{"a":1,"a":2}}],{_json(i)[1:]}'),
    "payload deep": lambda i: i.written(payload=f'{{"more":{"[" * 4000}{"]" * 4000},{_json(i)[1:]}'),
    "no subject": lambda i: i.good(sub=None),
    "empty subject": lambda i: i.good(sub=""),
    "subject a number": lambda i: i.written(payload=_json(i, sub=7)),
    "subject of 256 characters": lambda i: i.good(sub="x" * 256),
    "subject with a zero": lambda i: i.good(sub="awa\0"),
    "subject with a line end": lambda i: i.good(sub="awa\nadmin"),
    "subject half a character": lambda i: i.good(sub="\ud800"),
    "scopes a number": lambda i: i.good(scope=7),
    "scopes an object": lambda i: i.good(scope={"read": True}),
    "scopes mixed": lambda i: i.good(scope=["read", 7]),
    "purposes a number": lambda i: i.good(purposes=7),
    # how it is written
    "tampered": _tampered,
    "signature cut off": lambda i: i.good().rpartition(".")[0] + ".",
    "signature shortened": lambda i: i.resigned(lambda signature: signature[:-1]),
    "signature with bytes behind": lambda i: i.resigned(lambda signature: signature + b"x"),
    "signature of zeros": lambda i: i.resigned(lambda signature: bytes(len(signature))),
    "signature in DER": lambda i: i.resigned(_der),
    "signature padded": lambda i: i.good() + "==",
    "signature with bits that stand for nothing": lambda i: _loose(i.good()),
    "signature in the other alphabet": _plain_alphabet,
    "letters that stand for nothing": lambda i: f"{i.good()}~~~~",
    "two parts": lambda i: i.good().rpartition(".")[0],
    "four parts": lambda i: i.good() + ".e30",
    "five parts": lambda i: f"{encoded(text({'alg': 'dir', 'enc': 'A256GCM'}))}..AAAA.AAAA.AAAA",
    "empty parts": lambda _: "..",
    "100 kB": lambda i: i.good(more="x" * 100_000),
    "API key that nobody made": lambda _: f"pgw_abcdefgh_{'a' * 52}",
    "nothing": lambda _: "",
    "not a token": lambda _: "let-me-in",
}


def forgeries(issued: Issued) -> Iterator[tuple[str, str]]:
    """Every forgery of a real issuer's tokens: its name, and the text to stand behind `Bearer `."""
    for name, forge in FORGERIES.items():
        yield name, forge(issued)
