"""Texts become documents: parsed, limited and validated once, then kept for their next use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    KnownTypeNamesRule,
    NamedTypeNode,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from gateway.cost import Cost, Costs
from gateway.extent import measure
from gateway.http import OperationRequest, RejectedError, not_allowed, told
from gateway.limits import Limits, exceeded
from gateway.places import Text
from resolvers.errors import RequestError

MESSAGE = 400  # characters; the parser and the rules quote the caller's text at any length
GUESSES = 5  # what was meant by an unknown type is guessed so often: each guess looks at every type of the schema
NO_AST = DocumentNode(definitions=())


class KnownTypes(KnownTypeNamesRule):
    """graphql-core's rule, whose guesses are bounded."""

    _unknown = 0

    def enter_named_type(self, node: NamedTypeNode, *rest: Any) -> None:
        if node.name.value not in self.existing_types_map:
            self._unknown += 1
            if self._unknown > GUESSES:
                self.type_names = []
        super().enter_named_type(node, *rest)


RULES = tuple(KnownTypes if rule is KnownTypeNamesRule else rule for rule in specified_rules)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Document:
    """One GraphQL text; equal only to itself, so that what is worked out for it can be kept by it.

    operations: by name, "" for the one without a name. fragments: by name. errors: why it cannot run, as GraphQL
    errors; `ast` is then empty where the text could not be parsed. costs: of its operations, by name. plans: what was
    worked out for it; it goes when the document does.
    """

    text: str
    ast: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    errors: tuple[Mapping[str, Any], ...] = ()
    costs: Mapping[str, Cost] = field(default_factory=dict, repr=False)
    plans: dict[Any, Any] = field(default_factory=dict, repr=False)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of that name, or the only one; None where there is none or the choice is open."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None

    def cost(self, name: str | None) -> Cost:
        """What that operation costs; there must be one."""
        return self.costs[name] if name is not None else next(iter(self.costs.values()))


class Documents:
    """The documents of one schema, the last used ones kept.

    Those that cannot run are kept apart, so that they push out none that can.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._costs = Costs(schema, limits.page)
        self._runnable = _Shelf(limits)
        self._refused = _Shelf(limits)

    def get(self, request: OperationRequest) -> Document:
        """The document of `request`, which has the operation asked for. RequestError where it cannot be run.

        A new text is read at once, whatever it costs: what callers send goes through a `Reader`.
        """
        document = self.known(request.query) or self.read(request.query)
        self.check(document, request)
        return document

    def known(self, text: str) -> Document | None:
        """The document of a text that was read before, if it is still kept."""
        return self._runnable.find(text) or self._refused.find(text)

    def read(self, text: str) -> Document:
        """The document of a new text: the one thing here that costs."""
        try:
            document = self._parse(text)
        except RequestError as refusal:
            document = Document(text, NO_AST, {}, {}, tuple(told(refusal)))
        shelf = self._refused if document.errors else self._runnable
        shelf.keep(document)
        return document

    @staticmethod
    def check(document: Document, request: OperationRequest) -> None:
        """RequestError where `request` cannot be run with its document."""
        operation = document.operation(request.operation_name)
        if operation and request.safe and operation.operation is not OperationType.QUERY:
            raise not_allowed(f"A {operation.operation.value} needs POST.", "POST")
        if document.errors:
            raise RejectedError(document.errors)
        if not operation:
            raise _unresolved(document, request.operation_name)

    def _parse(self, text: str) -> Document:
        limits = self._limits
        lines = 1 + text.count("\n") + text.count("\r") - text.count("\r\n")
        if lines > limits.lines:
            raise exceeded("TOO_MANY_LINES", "lines", limits.lines, "Too many lines", lines)
        try:
            ast = parse(
                Text(text),
                max_lexical_tokens=limits.tokens,
                max_comments=limits.tokens,
                allow_empty_selection_sets=False,
            )
        except GraphQLSyntaxError as error:
            if error.message.endswith((" tokens. Parsing aborted.", " comments. Parsing aborted.")):
                raise exceeded("TOO_MANY_TOKENS", "tokens", limits.tokens, "Too many tokens") from None
            return Document(text, NO_AST, {}, {}, _formatted([error], "GRAPHQL_PARSE_FAILED"))
        extent = measure(ast, limits.fields)
        for code, name, what in (
            ("TOO_DEEP", "depth", "Fields nested too deep"),
            ("TOO_MANY_FIELDS", "fields", "Too many fields"),
            ("TOO_MANY_ALIASES", "aliases", "Too many aliases"),
            ("TOO_MANY_DIRECTIVES", "directives", "Too many directives"),
            ("TOO_MANY_REPEATS", "repeats", "The same names selected too often in one place"),
        ):
            value, allowed = getattr(extent, name), getattr(limits, name)
            if value > allowed:
                raise exceeded(code, name, allowed, what, value)
        # Where fragments go in circles the extent is not known, and nothing else needs saying.
        rules = (NoFragmentCyclesRule,) if extent.cyclic else RULES
        errors = validate(self._schema, ast, rules, max_errors=limits.errors)
        definitions = ast.definitions
        operations = {d.name.value if d.name else "": d for d in definitions if isinstance(d, OperationDefinitionNode)}
        fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
        if errors:
            told = _formatted(errors[: limits.errors], "GRAPHQL_VALIDATION_FAILED")
            return Document(text, ast, operations, fragments, told)
        costs = {name: self._costs.of(operation, fragments) for name, operation in operations.items()}
        return Document(text, ast, operations, fragments, costs=costs)


class _Shelf:
    """Documents by text; the least lately used leave when there are too many of them, or of their tokens."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._tokens = 0

    def find(self, text: str) -> Document | None:
        document = self._documents.get(text)
        if document:
            self._documents.move_to_end(text)
        return document

    def keep(self, document: Document) -> None:
        self._documents[document.text] = document
        self._tokens += _weight(document)
        while len(self._documents) > self._limits.texts or self._tokens > self._limits.tokens_kept:
            _, oldest = self._documents.popitem(last=False)
            self._tokens -= _weight(oldest)


def _weight(document: Document) -> int:
    # A token with its node takes about as much memory as 600 bytes of text; one emoji makes four bytes of each letter.
    return int(getattr(document.ast, "token_count", 0)) + getsizeof(document.text) // 600 + 1


def _formatted(errors: Iterable[GraphQLError], code: str) -> tuple[Mapping[str, Any], ...]:
    told = []
    for error in errors:
        message = error.message if len(error.message) <= MESSAGE else error.message[:MESSAGE] + " ..."
        told.append({**error.formatted, "message": message, "extensions": {"code": code}})
    return tuple(told)


def _unresolved(document: Document, name: str | None) -> RequestError:
    known = sorted(filter(None, document.operations))[:10]
    if name is None:
        message = "The document has several operations: say which by operationName."
    else:
        message = f"The document has no operation named {name[:MESSAGE]!r}."
    return RequestError(message, code="OPERATION_RESOLUTION_FAILURE", operations=known)
