"""GraphQL over HTTP, the 2025 specification: how a request is read and how an answer is written."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from random import getrandbits
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from gateway.limits import exceeded
from gateway.media import GRAPHQL, JSON, answerable, is_json, takes_gzip
from gateway.persisted import NAMES, Persisted, hashed, named
from gateway.vigil import DepartedError
from resolvers.errors import RequestError

Headers = Mapping[bytes, bytes]
Whole = Callable[[int, Sequence[tuple[bytes, bytes]], bytes], bool]
"""Writes status, headers and body at once, past ASGI; False where it must be sent the usual way."""
WHOLE = "gateway.whole"  # the ASGI extension that a Whole is

# The status where a well-formed request fails before its execution begins. A client that knows no more than
# application/json takes any status but 200 for the word of some proxy.
REQUEST_ERROR = {JSON: 200, GRAPHQL: 400}
FIELDS = {
    media: (
        (b"content-type", media),
        (b"cache-control", b"private, no-store"),
        (b"vary", b"Accept, Accept-Encoding, Origin, Authorization, X-Purpose"),
        (b"x-content-type-options", b"nosniff"),
    )
    for media in (JSON, GRAPHQL)
}
COMPRESSED_FROM = 1_400  # bytes: an answer that fits one packet is not worth compressing
THREAD_FROM = 131_072  # bytes: to compress more than this here would keep other requests waiting
LEVEL = 4
TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class OperationRequest(NamedTuple):
    """One GraphQL-over-HTTP request.

    id: the trace id of its traceparent, or one of our own. query: the document's text. accepts: the Content-Type to
    answer with, JSON or GRAPHQL. safe: it came by GET, and so may only run a query. persisted: what the document is
    called, where the request says so; `query` may then be empty.
    """

    id: str
    query: str
    operation_name: str | None
    variables: Mapping[str, Any]
    extensions: Mapping[str, Any]
    accepts: bytes
    safe: bool
    persisted: Persisted | None = None


class RejectedError(RequestError):
    """A request that ends with several GraphQL errors, each with message and extensions.code."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(str(errors[0]["message"]), code=errors[0]["extensions"]["code"])
        self.errors = errors


def headers(scope: Scope) -> Headers:
    """The headers by lower-case name; repeated ones joined (RFC 9110 5.3), so that two content types are none."""
    listed: list[tuple[bytes, bytes]] = scope["headers"]
    found = dict(listed)
    if len(found) != len(listed):
        for name in found:
            found[name] = b", ".join([value for each, value in listed if each == name])
    return found


def identify(found: Headers) -> str:
    """The id of a request: the trace id of a valid traceparent (W3C Trace Context), else a random one of that form."""
    parent = found.get(b"traceparent")
    match = TRACEPARENT.fullmatch(parent) if parent else None
    return match[1].decode() if match else f"{getrandbits(128) or 1:032x}"


def negotiate(found: Headers) -> bytes | None:
    """The Content-Type to answer with: JSON where the client does not care; None where it takes neither."""
    return answerable(found.get(b"accept") or b"*/*")


async def decode(scope: Scope, found: Headers, receive: Receive, body_limit: int, request_id: str) -> OperationRequest:
    """Read a request. RequestError with its HTTP status where it is not a well-formed GraphQL-over-HTTP request."""
    method = scope["method"]
    if method not in ("POST", "GET"):
        raise not_allowed("The endpoint takes POST, and GET for queries.", "GET, POST")
    accepts = answerable(found.get(b"accept") or b"*/*")
    if accepts is None:
        message = "Accept must allow application/graphql-response+json or application/json."
        raise RequestError(message, code="NOT_ACCEPTABLE", status=406)
    if method == "GET":
        given = _from_url(scope["query_string"])
    else:
        _check_content(found)
        given = strict_json(await _body(found, receive, body_limit), "The body")
    if not isinstance(given, dict):
        raise _malformed("The body must be a JSON object with one operation; batches are not taken.")
    query, name, persisted = given.get("query"), given.get("operationName"), None
    if not query:
        persisted = named(given)
        query = "" if query is None and persisted is not None else query
    elif ("documentId" in given or "doc_id" in given) and any(given.get(each) is not None for each in NAMES):
        raise _malformed("A document comes as `query` or by its id, not both.")
    if not isinstance(query, str):
        raise _malformed("`query` must be a string: the text of a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise _malformed("`operationName` must be a string or null.")
    variables, extensions = _object(given, "variables"), _object(given, "extensions")
    if extensions and query:
        persisted = hashed(extensions, query)
    return OperationRequest(request_id, query, name or None, variables, extensions, accepts, method == "GET", persisted)


def strict_json(text: bytes | bytearray, what: str) -> Any:
    """Parse JSON.

    RequestError, naming `what`: no UTF-8, NaN, Infinity, a lone surrogate, a key twice, an integer beyond 64 bits.
    """
    try:
        value = orjson.loads(text)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise _malformed(f"{what} is not strict JSON: {error}.") from None
    # orjson keeps the last of two equal keys. Every member has a colon and strings keep theirs, so a lost member shows
    # in their number, unless a string spells a colon as an escape.
    if text.count(b":") != again.count(b":") or b"\\u003" in text:
        json.loads(text, object_pairs_hook=_once, parse_int=str)
    # It makes a float of an integer that is too large: another number than the one that was sent.
    if text != again and _huge(value):
        json.loads(text, parse_int=_exact)
    return value


def encode(answer: Mapping[str, Any], request: OperationRequest, most_errors: int) -> tuple[int, bytes]:
    """HTTP status and JSON of a GraphQL response; each of its errors tells the request's id."""
    if errors := answer.get("errors"):
        answer = {**answer, "errors": signed(errors[:most_errors], request.id)}
    return 200 if "data" in answer else REQUEST_ERROR[request.accepts], orjson.dumps(answer)


async def refuse(
    send: Send, found: Headers, error: RequestError, request_id: str, request: OperationRequest | None = None
) -> None:
    """Answer with what ended the request. `request` where it was well-formed: what is wrong is then in its GraphQL."""
    media = negotiate(found) or JSON
    status = REQUEST_ERROR[media] if request and error.status == 400 else error.status
    body = orjson.dumps({"errors": signed(told(error), request_id)})
    fields = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await write(send, found, status, body, [*FIELDS[media], *fields], request_id)


def told(error: RequestError) -> Sequence[Mapping[str, Any]]:
    """The GraphQL errors that an error is told as."""
    if isinstance(error, RejectedError):
        return error.errors
    return [{"message": error.message, "extensions": error.extensions}]


def signed(errors: Sequence[Mapping[str, Any]], request_id: str) -> list[dict[str, Any]]:
    """`errors` with the id of their request in each one's extensions."""
    return [{**each, "extensions": {**each.get("extensions", {}), "requestId": request_id}} for each in errors]


def not_allowed(message: str, methods: str) -> RequestError:
    """The refusal of an HTTP method; `methods` are those that would do."""
    return RequestError(message, code="METHOD_NOT_ALLOWED", status=405, headers={"allow": methods})


async def write(
    send: Send,
    found: Headers,
    status: int,
    body: bytes,
    fields: Sequence[tuple[bytes, bytes]],
    request_id: str,
    whole: Whole | None = None,
) -> None:
    """Send a whole answer, compressed where the headers `found` of the request ask for it. fields: its own headers."""
    out = [*fields, (b"x-request-id", request_id.encode())]
    if len(body) >= COMPRESSED_FROM and takes_gzip(found.get(b"accept-encoding", b"")):
        body = await asyncio.to_thread(_gzip, body) if len(body) >= THREAD_FROM else _gzip(body)
        out.append((b"content-encoding", b"gzip"))
    out.append((b"content-length", b"%d" % len(body)))
    if whole is not None and whole(status, out, body):
        return
    await send({"type": "http.response.start", "status": status, "headers": out})
    await send({"type": "http.response.body", "body": body})


def _malformed(message: str) -> RequestError:
    return RequestError(message, code="BAD_REQUEST")


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed(f"`{name}` must be an object or null.")
    return value


def _huge(value: Any) -> bool:
    """Whether some number is outside of 64 bits."""
    if value.__class__ is dict:
        return any(map(_huge, value.values()))
    if value.__class__ is list:
        return any(map(_huge, value))
    return value.__class__ is float and not -(2.0**63) < value < 2.0**63


def _exact(digits: str) -> int:
    # The length first: to read a number of many digits takes the square of their time.
    if len(digits) > 20 or not -(2**63) <= (number := int(digits)) < 2**64:
        raise _malformed("An integer has more than 64 bits: send it as a string.")
    return number


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _malformed("A key stands twice in one JSON object.")


def _check_content(found: Headers) -> None:
    if not is_json(found.get(b"content-type", b"")):
        raise _unsupported("The Content-Type must be application/json, in UTF-8.", {"accept": "application/json"})
    if found.get(b"content-encoding", b"identity").lower() != b"identity":
        raise _unsupported("Compressed bodies are not taken.", {"accept-encoding": "identity"})


def _unsupported(message: str, wanted: dict[str, str]) -> RequestError:
    return RequestError(message, code="UNSUPPORTED_MEDIA_TYPE", status=415, headers=wanted)


async def _body(found: Headers, receive: Receive, limit: int) -> bytearray:
    declared = found.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DepartedError
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return body


def _too_large(limit: int) -> RequestError:
    return exceeded("BODY_TOO_LARGE", "body", limit, "The body is too large, in bytes", status=413)


def _from_url(query: bytes) -> dict[str, Any]:
    # A parameter without a value is as one that is not given.
    try:
        pairs = parse_qsl(query.decode("ascii"), errors="strict")
    except ValueError:
        raise _malformed("The URL's query is not UTF-8 in form encoding.") from None
    given: dict[str, Any] = dict(pairs)
    if len(given) != len(pairs):
        raise _malformed("A parameter stands twice in the URL.")
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = strict_json(given[name].encode(), f"`{name}`")
    return given


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, wbits=31)
    return packer.compress(body) + packer.flush()
