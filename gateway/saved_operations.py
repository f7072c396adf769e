"""Operations as they lie in files: one text, a folder of texts, or a manifest of a client's tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode, value_from_ast_untyped

from gateway import manifest
from gateway.documents import Document, Documents
from gateway.limits import Limits
from resolvers.errors import GatewayError

ENDINGS = (".graphql", ".gql")
_VAST = 10_000_000
# Nobody is kept waiting here: what is saved is looked at whatever it may cost.
LIMITS = replace(
    Limits(), tokens=_VAST, lines=_VAST, fields=_VAST, aliases=_VAST, directives=_VAST, repeats=_VAST, depth=_VAST
)


@dataclass(frozen=True, slots=True)
class Saved:
    """One operation. name: of its file or its id in a manifest, with its own where the text has several."""

    name: str
    document: Document = field(repr=False)
    operation: OperationDefinitionNode = field(repr=False)

    def variables(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The variables that are given, and the declared defaults of others."""
        declared = self.operation.variable_definitions or ()
        defaults = {
            one.variable.name.value: value_from_ast_untyped(one.default_value)
            for one in declared
            if one.default_value is not None
        }
        return {**defaults, **given}


def read(path: Path, schema: GraphQLSchema) -> list[Saved]:
    """The operations of a file or folder. GatewayError where there is none, or one does not fit the schema."""
    found = [saved for name, text in _texts(path) for saved in parsed(name, text, schema)]
    if not found:
        raise GatewayError(f"{path} holds no operation.", code="BAD_USER_INPUT", hint="*.graphql files, or a manifest")
    return found


def manifested(path: Path, schema: GraphQLSchema) -> list[Saved]:
    """The operations of a manifest."""
    return [saved for name, text in _manifest(path) for saved in parsed(name, text, schema)]


def parsed(name: str, text: str, schema: GraphQLSchema) -> Iterator[Saved]:
    """The operations of a text."""
    document = Documents(schema, LIMITS).read(text)
    if document.errors:
        error = document.errors[0]
        places = ", ".join(f"line {at['line']}, column {at['column']}" for at in error.get("locations") or ())
        message = f"{name}: {error['message']}" + (f" ({places})" if places else "")
        raise GatewayError(message, code=error["extensions"]["code"])
    several = len(document.operations) > 1
    for own, operation in document.operations.items():
        yield Saved(f"{name} {own}" if several else name, document, operation)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_dir():
        if path.suffix == ".json":
            yield from _manifest(path)
        else:
            yield path.name, path.read_text("utf-8")
        return
    for file in sorted(path.rglob("*")):
        if file.suffix in ENDINGS and file.is_file():
            yield file.relative_to(path).as_posix(), file.read_text("utf-8")


def _manifest(path: Path) -> Iterator[tuple[str, str]]:
    try:
        yield from sorted(manifest.read(path.read_bytes()).items())
    except ValueError as error:
        raise GatewayError(f"{path} is no manifest: {error}.", code="BAD_USER_INPUT") from error
