"""Looking for secrets where none may be: in texts, and in how the objects of a gateway present themselves."""

from __future__ import annotations

import base64
import gc
import urllib.parse
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

OURS = ("gateway.", "resolvers.", "schema.", "sqlalchemy.engine.url")


def forms(secret: str | bytes) -> Iterator[str]:
    """The ways in which a secret could stand in a text."""
    raw = secret.encode() if isinstance(secret, str) else secret
    if isinstance(secret, str):
        yield secret
        yield urllib.parse.quote(secret, safe="")
        yield repr(secret)[1:-1]
    else:
        yield repr(secret)[2:-1]
    yield raw.hex()
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")


def told(text: str, secrets: Mapping[str, str | bytes]) -> set[str]:
    """The names of the secrets that a text tells."""
    return {name for name, secret in secrets.items() if any(form in text for form in forms(secret))}


def reachable(*roots: Any) -> Iterator[Any]:
    """Every object that can be reached from some, without modules, classes and what functions name globally."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, ModuleType | type | BuiltinFunctionType):
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, FunctionType):
            waiting += [found.__closure__, found.__defaults__, found.__kwdefaults__]
        elif isinstance(found, MethodType):
            waiting += [found.__self__, found.__func__]
        else:
            waiting += gc.get_referents(found)


def presentations(*roots: Any) -> Iterator[tuple[str, str]]:
    """The class and the `repr` of every reachable object of ours."""
    for found in reachable(*roots):
        kind = type(found)
        if f"{kind.__module__}.".startswith(OURS):
            yield f"{kind.__module__}.{kind.__qualname__}", repr(found)
