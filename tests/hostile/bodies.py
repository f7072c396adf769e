"""Bodies that are no strict JSON, of another encoding or type, larger, shorter or more than one."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence

from tests.hostile.case import Aim, Case, Outcome, Part, refused

BAD = refused("BAD_REQUEST", status=400)
TYPE = refused("UNSUPPORTED_MEDIA_TYPE", status=415)
LARGE = refused("BODY_TOO_LARGE", status=413)
GOOD = b'{"query": "{ __typename }"}'


def _with(variables: bytes) -> bytes:
    return b'{"query": "{ __typename }", "variables": {"a": ' + variables + b"}}"


BODIES: dict[str, tuple[bytes, Outcome]] = {
    "batch": (b"[" + GOOD + b"]", BAD),
    "batch of thousands": (b"[" + b",".join([GOOD] * 9_000) + b"]", BAD),
    "batch of nothing": (b"[]", BAD),
    "empty": (b"", BAD),
    "cut": (GOOD[:-2], BAD),
    "more behind": (GOOD + b"x", BAD),
    "two objects": (GOOD + GOOD, BAD),
    "zero behind": (GOOD + b"\0", BAD),
    "key twice": (b'{"query": "{ __typename }", "query": "{ viewer { subject } }"}', BAD),
    "key twice by an escape": (b'{"query": "{ __typename }", "\\u0071uery": "{ viewer { subject } }"}', BAD),
    "key twice, deep": (_with(b'{"b": 1, "b": 2}'), BAD),
    "key a million ways": (_with(b"{" + b",".join(b'"k":%d' % n for n in range(25_000)) + b"}"), BAD),
    "NaN": (_with(b"NaN"), BAD),
    "Infinity": (_with(b"-Infinity"), BAD),
    "beyond doubles": (_with(b"1e999"), BAD),
    "digits by the thousand": (_with(b"9" * 100_000), BAD),
    "half a character": (_with(b'"\\ud800"'), BAD),
    "half a character the other way": (_with(b'"\\udc00\\ud800"'), BAD),
    "half a character as a key": (_with(b'{"\\ud800": 1}'), BAD),
    "UTF-8 that is none": (_with(b'"\xff\xfe"'), BAD),
    "UTF-8 too long": (_with(b'"\xc0\xaf"'), BAD),
    "surrogate in UTF-8": (_with(b'"\xed\xa0\x80"'), BAD),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, BAD),
    "UTF-16": (GOOD.decode().encode("utf-16"), BAD),
    "UTF-32": (GOOD.decode().encode("utf-32"), BAD),
    "UTF-7": (b"+AHs-query+AH0-", BAD),
    "lists, 100,000 deep": (_with(b"[" * 100_000 + b"]" * 100_000), BAD),
    "objects, 40,000 deep": (_with(b'{"a":' * 40_000 + b"1" + b"}" * 40_000), BAD),
    "control character in a text": (_with(b'"\x01"'), BAD),
    "comments": (b"/* x */" + GOOD, BAD),
    "a comma too many": (b'{"query": "{ __typename }",}', BAD),
    "single quotes": (b"{'query': '{ __typename }'}", BAD),
    "query a list": (b'{"query": ["{ __typename }"]}', BAD),
    "query a number": (b'{"query": 1}', BAD),
    "variables a text": (b'{"query": "{ __typename }", "variables": "{}"}', BAD),
    "operationName an object": (b'{"query": "{ __typename }", "operationName": {}}', BAD),
    "extensions a list": (b'{"query": "{ __typename }", "extensions": []}', BAD),
    "too large": (_with(b'"' + b"x" * 262_144 + b'"'), LARGE),
    "too large, no JSON": (b"[" * 400_000, LARGE),
}
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query": "{ __typename }"}\r\n'
    b'--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"0": ["variables.f"]}\r\n--x--\r\n'
)
TYPES: dict[str, tuple[bytes, Sequence[tuple[str, str]]]] = {
    "no type": (GOOD, [("Content-Type", "")]),
    "text/plain": (GOOD, [("Content-Type", "text/plain")]),
    "application/graphql": (b"{ __typename }", [("Content-Type", "application/graphql")]),
    "form": (b"query={__typename}", [("Content-Type", "application/x-www-form-urlencoded")]),
    "multipart": (MULTIPART, [("Content-Type", "multipart/form-data; boundary=x")]),
    "multipart without a boundary": (MULTIPART, [("Content-Type", "multipart/form-data")]),
    "charset utf-16": (GOOD, [("Content-Type", "application/json; charset=utf-16")]),
    "charset twice": (GOOD, [("Content-Type", "application/json; charset=utf-8; charset=latin-1")]),
    "charset that runs code": (GOOD, [("Content-Type", "application/json; charset=unicode_escape")]),
    "two types": (GOOD, [("Content-Type", "application/json"), ("Content-Type", "text/plain")]),
    "types in one": (GOOD, [("Content-Type", "application/json, text/plain")]),
    "type without end": (GOOD, [("Content-Type", "application/json" + ";a=b" * 5_000)]),
    "gzip": (gzip.compress(GOOD), [("Content-Encoding", "gzip")]),
    "gzip bomb": (gzip.compress(b"x" * 50_000_000), [("Content-Encoding", "gzip")]),
    "deflate": (zlib.compress(GOOD), [("Content-Encoding", "deflate")]),
    "gzip over identity": (GOOD, [("Content-Encoding", "identity, gzip")]),
    "an encoding nobody knows": (GOOD, [("Content-Encoding", "zstd")]),
}


def _of_bytes(body: bytes) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(body)]


def _of_type(body: bytes, headers: Sequence[tuple[str, str]]) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(body, headers=headers)]


def _large_name(aim: Aim) -> Sequence[Part]:
    body = {"query": "query A { __typename }", "operationName": "x" * 200_000}
    return [aim.raw(json.dumps(body).encode())]


CASES = (
    *(Case(name, _of_bytes(body), outcome) for name, (body, outcome) in BODIES.items()),
    *(Case(f"type: {name}", _of_type(*rest), TYPE) for name, rest in TYPES.items()),
    Case("operationName of 200 kB", _large_name, refused("OPERATION_RESOLUTION_FAILURE")),
)
