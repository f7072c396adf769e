"""Requests that play with HTTP itself: two lengths, lying chunks, heads without end, slow ones, odd methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from tests.hostile.bodies import GOOD
from tests.hostile.case import Aim, Answered, Case, Dropped, Either, Outcome, Part, Reply, refused, sound

CHUNKED = [("Transfer-Encoding", "chunked")]
ODD = refused("BAD_REQUEST", status=400, closed=True)
METHOD = refused("METHOD_NOT_ALLOWED", status=405)
LATE = refused("DEADLINE_EXCEEDED", status=408, closed=True)
TYPENAME = Answered({"__typename": "Query"})
SMUGGLED = b"GET /graphql?query={viewer{subject}} HTTP/1.1\r\nHost: x\r\n\r\n"


def chunk(data: bytes, length: str | None = None) -> bytes:
    """One chunk, with a length of its own choice."""
    return f"{len(data):x}".encode() + b"\r\n" + data + b"\r\n" if length is None else length.encode() + b"\r\n" + data


def once(outcome: Outcome) -> Outcome:
    """The outcome, and not a second answer."""

    def judged(reply: Reply) -> str:
        return outcome(reply) or ("" if len(reply.answers) < 2 else f"{len(reply.answers)} answers")

    return judged


def chunked(*chunks: bytes, headers: Sequence[tuple[str, str]] = ()) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(headers=[*CHUNKED, *headers], without=["content-length"]) + b"".join(chunks)]


def sized(length: str, body: bytes = GOOD) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(headers=[("Content-Length", length)]) + body]


def head(*headers: tuple[str, str]) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(GOOD, headers=headers)]


def method(name: str, target: str = "/graphql", body: bytes = GOOD) -> Callable[[Aim], Sequence[Part]]:
    return lambda aim: [aim.raw(body, method=name, target=target)]


def line(text: bytes) -> Callable[[Aim], Sequence[Part]]:
    """A request with another first line."""
    return lambda aim: [aim.raw(GOOD).replace(b"POST /graphql HTTP/1.1", text, 1)]


def get(query: str, *headers: tuple[str, str], without: Sequence[str] = ()) -> Callable[[Aim], Sequence[Part]]:
    target = f"/graphql?query={quote(query)}"
    without = ["content-length", "content-type", *without]
    return lambda aim: [aim.raw(method="GET", target=target, headers=headers, without=without)]


def dripping(piece: int, pause: float, cut: int) -> Callable[[Aim], Sequence[Part]]:
    """A request of which pieces come with pauses, from some byte on."""

    def parts(aim: Aim) -> Sequence[Part]:
        whole = aim.raw(GOOD)
        begin = cut if cut >= 0 else len(whole) + cut
        found: list[Part] = [whole[:begin]]
        for at in range(begin, len(whole), piece):
            found += [pause, whole[at : at + piece]]
        return found

    return parts


def silent(cut: int) -> Callable[[Aim], Sequence[Part]]:
    """A request that stops in the middle."""
    return lambda aim: [aim.raw(GOOD)[:cut], 6.0]


def many(reply: Reply) -> str:
    """All are answered, or those that need not wait for many others."""
    wrong = [answer for answer in reply.answers if answer[0] not in (200, 400, 429, 503)]
    return f"{wrong[:1]}" if wrong or not (reply.closed or len(reply.answers) == 200) else sound(reply)


CASES = (
    # where one request ends and the next begins
    Case("length and chunks", lambda a: [a.raw(headers=CHUNKED) + b"0\r\n\r\n" + SMUGGLED], once(ODD)),
    Case("chunks and length", chunked(chunk(GOOD), chunk(b""), headers=[("Content-Length", "4")]), once(ODD)),
    Case(
        "two lengths", lambda a: [a.raw(GOOD, headers=[("Content-Length", "27"), ("Content-Length", "2")])], once(ODD)
    ),
    Case("length in a list", sized("27, 27"), once(ODD)),
    Case("length with a sign", sized("+27"), once(ODD)),
    Case("length negative", sized("-1"), once(ODD)),
    Case("length in hexadecimal", sized("0x1b"), once(ODD)),
    Case("length beyond 64 bits", sized("9" * 40), once(Either((ODD, refused("BODY_TOO_LARGE", status=413))))),
    Case("length with a blank before its colon", line(b"POST /graphql HTTP/1.1\r\nContent-Length : 4"), once(ODD)),
    Case("length shorter than the body", sized("10"), once(Either((ODD, refused("BAD_REQUEST"))))),
    Case("length announced, too large", sized("99999999", b""), refused("BODY_TOO_LARGE", status=413)),
    Case("chunked twice", chunked(chunk(GOOD), chunk(b""), headers=CHUNKED), once(Either((ODD, TYPENAME)))),
    Case("coding nobody knows", lambda a: [a.raw(GOOD, headers=[("Transfer-Encoding", "xchunked")])], once(ODD)),
    Case(
        "chunked, then identity",
        lambda a: [a.raw(GOOD, headers=[("Transfer-Encoding", "chunked, identity")])],
        once(ODD),
    ),
    Case("coding behind a tab", lambda a: [a.raw(GOOD, headers=[("Transfer-Encoding", "\tchunked")])], once(ODD)),
    Case("chunk size no number", chunked(chunk(GOOD, "zz")), once(ODD)),
    Case("chunk size beyond 64 bits", chunked(chunk(GOOD, "f" * 17)), once(ODD)),
    Case("chunk size negative", chunked(chunk(GOOD, "-1")), once(ODD)),
    Case("chunk longer than it says", chunked(chunk(GOOD, "2")), once(ODD)),
    Case("chunks too large", chunked(*[chunk(b" " * 65_536)] * 5), once(refused("BODY_TOO_LARGE", status=413))),
    Case(
        "chunks of one byte", chunked(*[chunk(GOOD[n : n + 1]) for n in range(len(GOOD))], chunk(b"")), once(TYPENAME)
    ),
    Case(
        "chunk extensions without end",
        chunked(chunk(GOOD, "1b;" + "x" * 60_000) + b"\r\n", chunk(b"")),
        Either((ODD, TYPENAME, refused("HEADER_TOO_LARGE", status=431))),
    ),
    Case(
        "trailers without end",
        chunked(chunk(GOOD), b"0\r\n" + b"".join(b"x%d: y\r\n" % n for n in range(3_000)) + b"\r\n"),
        Either((ODD, TYPENAME, refused("HEADER_TOO_LARGE", status=431))),
    ),
    # the head
    Case("line ends alone", lambda a: [a.raw(GOOD).replace(b"\r\n", b"\n")], Either((ODD, TYPENAME))),
    Case("carriage return in a header", head(("X-Request-Id", "a\rb: c")), ODD),
    Case("zero in a header", head(("X-Request-Id", "a\0b")), ODD),
    Case(
        "folded header",
        lambda a: [a.raw(GOOD, headers=[("X-Purpose", "a\r\n b")])],
        Either((ODD, refused("PURPOSE_REFUSED"))),
    ),
    Case("header without a name", head(("", "x")), ODD),
    Case("header name with a blank", head(("X Y", "x")), ODD),
    Case(
        "header of 100 kB",
        head(("X-A", "a" * 100_000)),
        refused("HEADER_TOO_LARGE", "TOO_MANY_HEADERS", status=431, closed=True),
    ),
    Case(
        "headers by the thousand",
        head(*[(f"X-{n}", "y") for n in range(5_000)]),
        refused("HEADER_TOO_LARGE", "TOO_MANY_HEADERS", status=431, closed=True),
    ),
    Case(
        "a target of 100 kB", method("GET", "/graphql?" + "q" * 100_000, b""), refused("HEADER_TOO_LARGE", status=431)
    ),
    Case("a method of 10 kB", method("P" * 10_000), ODD),
    Case("not HTTP", lambda _: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500], ODD),
    Case("HTTP/2 at once", lambda _: [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], Either((ODD, Dropped()))),
    Case(
        "HTTP/0.9",
        lambda _: [b"GET /graphql\r\n\r\n"],
        Either((ODD, Dropped(), refused("UNAUTHENTICATED", status=401, closed=True))),
    ),
    Case("HTTP/9.9", line(b"POST /graphql HTTP/9.9"), Either((ODD, Dropped()))),
    # methods and targets
    Case("TRACE", method("TRACE", body=b""), METHOD),
    Case(
        "CONNECT",
        lambda a: [a.raw(method="CONNECT", target="127.0.0.1:1")],
        Either((ODD, METHOD, refused("NOT_FOUND"))),
    ),
    Case("PUT", method("PUT"), METHOD),
    Case("DELETE", method("DELETE"), METHOD),
    Case("HEAD", method("HEAD", body=b""), lambda reply: "" if reply.answers[0][0] == 405 else str(reply.answers)),
    Case("a method in small letters", method("post"), Either((ODD, METHOD))),
    Case("method overridden", head(("X-HTTP-Method-Override", "DELETE")), TYPENAME),
    Case(
        "a whole URL as target",
        method("POST", "http://elsewhere.example/graphql"),
        Either((ODD, TYPENAME, refused("NOT_FOUND"))),
    ),
    Case("a path above", method("POST", "/graphql/../admin"), refused("NOT_FOUND", status=404)),
    Case("a path in escapes", method("POST", "/%67raphql%00"), refused("NOT_FOUND", status=404)),
    Case("two slashes", method("POST", "//graphql"), Either((refused("NOT_FOUND", status=404), ODD))),
    Case("mutation by GET", get("mutation { __typename }"), refused("METHOD_NOT_ALLOWED", "GRAPHQL_VALIDATION_FAILED")),
    Case(
        "two queries by GET",
        lambda a: [a.raw(method="GET", target="/graphql?query={a}&query={b}", without=["content-length"])],
        refused("BAD_REQUEST", status=400),
    ),
    Case(
        "a token in the URL",
        lambda a: [
            a.raw(
                method="GET",
                target=f"/graphql?query={{__typename}}&access_token={a.tokens['city']}",
                without=["authorization", "content-length"],
            )
        ],
        refused("UNAUTHENTICATED", status=401),
    ),
    Case(
        "a token in a cookie",
        lambda a: [a.raw(GOOD, headers=[("Cookie", f"token={a.tokens['city']}")], without=["authorization"])],
        refused("UNAUTHENTICATED", status=401),
    ),
    Case(
        "WebSocket",
        get(
            "{ __typename }",
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "x" * 24),
            ("Sec-WebSocket-Version", "13"),
        ),
        once(Either((TYPENAME, ODD, refused("UPGRADE_REFUSED", "BAD_REQUEST")))),
    ),
    Case(
        "HTTP/2 by upgrade",
        head(("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")),
        once(Either((TYPENAME, ODD, refused("UPGRADE_REFUSED", "BAD_REQUEST")))),
    ),
    Case("accept nothing", head(("Accept", "text/html")), refused("NOT_ACCEPTABLE", status=406)),
    Case(
        "accept without end",
        head(("Accept", ",".join(["text/x;q=0.1"] * 2_000))),
        refused("NOT_ACCEPTABLE", status=406),
    ),
    Case(
        "many requests at once",
        lambda a: [a.raw(GOOD) * 200],
        many,
    ),
    # time
    Case("a head that drips", dripping(1, 0.05, 20), LATE),
    Case("a head that stops", silent(40), LATE),
    Case("a body that drips", dripping(1, 0.25, -25), LATE),
    Case("a body that stops", silent(-5), LATE),
    Case("nothing at all", lambda _: [b"", 4.0], Dropped()),
    Case("line ends without end", lambda _: [*([b"\r\n", 0.05] * 80)], Either((Dropped(), ODD, LATE))),
)
