"""What can go wrong, by who must act: the caller, two partners, a source's owner, or the operator.

    GatewayError
    |- RequestError     the caller: refused with a 4xx or a GraphQL request error
    |- AgreementError   the two partners: null, told once in `extensions.withheld`
    |- SourceError      the owner of a source: located, the rest of the answer stays
    `- CatalogError     the operator: at start, reload or check; a list of mistakes

The class decides whether a message is safe to show. Anything else that is raised is our own bug: masked, with an id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

# Every code that a caller can meet, once; a code is never reused for another meaning. The table in docs/errors.md is
# made from this one, and a test fails when they differ.
CODES: dict[str, str] = {
    "BAD_USER_INPUT": "An argument, id or cursor is not of the form it must have.",
    "GRAPHQL_PARSE_FAILED": "The operation is not GraphQL.",
    "GRAPHQL_VALIDATION_FAILED": "The operation does not fit the schema.",
    "OPERATION_RESOLUTION_FAILURE": "The document has no operation of that name, or several and no name was given.",
    "BAD_REQUEST": "The HTTP request is not a GraphQL-over-HTTP request.",
    "METHOD_NOT_ALLOWED": "The endpoint takes POST, and GET for queries.",
    "NOT_ACCEPTABLE": "None of the media types in Accept can be answered.",
    "UNSUPPORTED_MEDIA_TYPE": "The request body is not uncompressed UTF-8 JSON.",
    "BODY_TOO_LARGE": "The request body is larger than the limit.",
    "HEADER_TOO_LARGE": "The request line and headers together are larger than the limit.",
    "TOO_MANY_TOKENS": "The operation has more tokens than the limit.",
    "TOO_MANY_LINES": "The operation has more lines than the limit.",
    "TOO_DEEP": "The operation selects deeper than the limit.",
    "TOO_MANY_FIELDS": "The operations select more fields than the limit, fragments expanded.",
    "TOO_MANY_ALIASES": "The operations use more aliases than the limit, fragments expanded.",
    "TOO_MANY_DIRECTIVES": "The operations use more directives than the limit, fragments expanded.",
    "TOO_MANY_REPEATS": "The operations select the same names in the same places more often than the limit.",
    "DOCUMENT_NOT_TRUSTED": "Callers of this partner may only run the documents of its manifest; this is none of them.",
    "PERSISTED_QUERY_NOT_FOUND": "No document is known by that id or hash; clients then send its text.",
    "TOO_MANY_NEW_DOCUMENTS": "The partner's callers sent new texts faster than the gateway reads them.",
    "COST_TOO_HIGH": "The operation is estimated to cost more than the limit; `value` is the estimate.",
    "BUDGET_EXHAUSTED": "The partner's operations cost more than its budget refills; Retry-After says when it will do.",
    "TOO_MANY_REQUESTS": "More of the partner's requests wait than its share of what the gateway takes.",
    "OVERLOADED": "As many requests wait, or connections are open, as the gateway takes.",
    "TOO_MANY_HEADERS": "The request has more header fields than the limit.",
    "UPGRADE_REFUSED": "The gateway speaks HTTP only, no WebSocket.",
    "TOO_MANY_IDS": "More ids were asked in one call than the limit.",
    "UNAUTHENTICATED": "No credential, or one that is wrong, expired, revoked or unknown.",
    "PURPOSE_REFUSED": "The purpose asked for is not one that the credential carries.",
    "NOT_FOUND": "Nothing answers at that path.",
    "ORIGIN_REFUSED": "Pages of this origin may not call the gateway; the operator lists the origins that may.",
    "FIELD_NOT_SHARED": "The partner does not share this field with the caller.",
    "PURPOSE_REQUIRED": "The partner shows this field for a purpose only, and the request has none.",
    "AGREEMENT_NOT_ENFORCEABLE": "The partner's source cannot be narrowed to the records that are shared.",
    "SCOPE_REQUIRED": "The credential lacks the scope that this field's class needs; `scopes` beside it says which.",
    "SOURCE_UNAVAILABLE": "The partner's data source cannot be reached.",
    "SOURCE_TIMEOUT": "The partner's data source did not answer before its deadline.",
    "SOURCE_BUSY": "All connections to the partner's data source are in use.",
    "SOURCE_SCHEMA_DRIFT": "The partner's data source no longer has a table or column that its mapping names.",
    "SOURCE_DATA_INVALID": "The partner's data source answered something that its mapping does not expect.",
    "FILTER_TOO_COMPLEX": "The filter is nested deeper, or has more comparisons or values, than the limit.",
    "FILTER_TOO_WIDE": "The gateway would have to look at more records than the bound to filter a list by this field.",
    "LIST_TOO_WIDE": "The gateway would have to gather more records or links than the bound before they can be sorted.",
    "AUDIT_UNAVAILABLE": "What is read cannot be written to the audit, and without it nothing personal is answered.",
    "DEADLINE_EXCEEDED": "The request took longer than its deadline.",
    "INTERNAL": "A fault of the gateway itself; the request id is in its log.",
}

# What operators meet: in the log at start and reload, from `gateway check`, and from the other commands.
OPERATOR_CODES: dict[str, str] = {
    "CATALOG_INVALID": "The settings or partner files cannot be used; the mistakes follow.",
    "CATALOG_EMPTY": "The partners folder holds no partner file.",
    "CATALOG_UNREADABLE": "A file cannot be read.",
    "CATALOG_SYNTAX": "A file is not TOML, or not UTF-8.",
    "CATALOG_UNKNOWN_KEY": "A key that means nothing here; perhaps a slip.",
    "CATALOG_MISSING_KEY": "A key that cannot be left out.",
    "CATALOG_WRONG_TYPE": "A value of another type than the key takes.",
    "CATALOG_WRONG_VALUE": "A value that the key does not take.",
    "CATALOG_UNSUPPORTED": "Meant for a later version; refused, so that nothing is shared otherwise than written.",
    "CATALOG_UNKNOWN_FIELD": "The entity has no such field.",
    "CATALOG_UNKNOWN_VALUE": "The enum has no such value.",
    "CATALOG_UNKNOWN_REFERENCE": "There is no such partner, source, mapping or join.",
    "CATALOG_DUPLICATE": "Twice what can be there once: a partner, issuer, source label, agreement version.",
    "CATALOG_UNSET_VARIABLE": "The environment has no such variable.",
    "CATALOG_NOT_ENFORCEABLE": "A source cannot tell which rows an agreement's condition means; it shows none of them.",
    "SOURCE_URL": "The source's URL cannot be used, or its driver is not installed.",
    "SOURCE_COLUMN_TYPE": "The column's type cannot be what it is mapped to.",
    "SOURCE_NULLABLE": "The column may be null, the field it is mapped to never is; something stands in.",
    "SOURCE_NO_INDEX": "No index serves the columns by which rows are found or joined.",
    "SOURCE_LOOSE_SCAN": "Identifiers are compared in any spelling, with every row of a large table.",
    "SOURCE_CAN_WRITE": "The account that the gateway uses there may write.",
    "SOURCE_NOT_READ_ONLY": "The gateway's sessions there are not read-only.",
    "SOURCE_CLOCK": "The server's clock is not this machine's.",
    "SOURCE_UNCHECKED": "Something could not be looked at, mostly because it takes longer than the source's deadline.",
    "MAPPING_RAW": "A form with SQL of its own, which nothing checks.",
    "DATA_KEY_MISSING": "Rows that lack their key; they are no records.",
    "DATA_KEY_REPEATED": "Several rows have the same key.",
    "DATA_KEY_PERSONAL": "Keys tell who somebody is, and are not declared as personal.",
    "DATA_JOIN_SEVERAL": "A join matches several rows for one record.",
    "DATA_CODE_UNKNOWN": "Codes of the source that the mapping does not name.",
    "DATA_CODE_OTHERWISE": "Codes of the source that read as `otherwise`.",
    "DATA_CODE_UNUSED": "Codes of the mapping that no row has.",
    "DATA_ALWAYS_EMPTY": "A mapped field that no row fills.",
    "DATA_REQUIRED_EMPTY": "Rows say nothing for a field that is never null; something stands in.",
    "DATA_ORPHANS": "References that lead to no record.",
    "DATA_AMBIGUOUS": "Identifiers that fit several records, so that references by them lead to none.",
    "DATA_ZERO_DATE": "Dates like 0000-00-00.",
    "DATA_PLACEHOLDER": "Dates of the year 1 or 9999, and words for none that `null` names.",
    "DATA_UNPARSEABLE": "Values that are none of the field's type.",
    "DATA_ENCODING": "Texts that were read or written in a wrong encoding.",
    "DATA_HTML": "Texts with HTML entities.",
    "DATA_BLANKS": "Texts with blanks around them.",
    "MANIFEST_OPERATION": "An operation of a manifest that does not fit the schema, or is over a limit.",
    "IDENTITY_NO_KEYS": "No usable key at the place that `[identity]` names.",
    "AUDIT_BROKEN": "The audit is not as it was written; the first broken entry of each chain is named.",
    "STATE_UNAVAILABLE": "The state database cannot be reached.",
    "SECRET_UNUSABLE": "One of the gateway's own keys cannot be read, or is too short.",
    "PARTNER_UNKNOWN": "No partner has this code.",
    "OWN_ISSUER_OFF": "The gateway does not accept tokens of its own issuer.",
    "KEY_UNKNOWN": "No API key begins so.",
    "KEY_AMBIGUOUS": "Several API keys begin so.",
    "TOO_LONG": "A credential was asked to live longer than allowed.",
    "SOURCE_EMPTY": "The database has no table that the account may see.",
    "FILE_EXISTS": "A file that would be written is there already.",
    "FIELD_NOT_MAPPED": "The mapping does not say where this field comes from.",
    "ROW_UNKNOWN": "No row of the mapping has this key.",
    "ADDRESS_UNAVAILABLE": "The address to listen on cannot be had.",
}


class GatewayError(Exception):
    """Base of all expected errors.

    code: one of CODES. message: fit for people. hint: what to do. extensions: further facts for machines.
    """

    default: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, code: str = "", hint: str | None = None, **extensions: Any) -> None:
        super().__init__(message)
        self.code = code or self.default
        self.message = message
        self.hint = hint
        self.facts = extensions

    @property
    def extensions(self) -> dict[str, Any]:
        """What goes into a GraphQL error's `extensions`."""
        return {"code": self.code, **({"hint": self.hint} if self.hint else {}), **self.facts}


class RequestError(GatewayError):
    """The caller must act; `status` is the HTTP status where the error ends the request."""

    default = "BAD_USER_INPUT"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int = 400,
        hint: str | None = None,
        headers: dict[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(message, code=code, hint=hint, **extensions)
        self.status = status
        self.headers = headers or {}


class AgreementError(GatewayError):
    """Two partners must act: something is not shared."""

    default = "FIELD_NOT_SHARED"


class SourceError(GatewayError):
    """The owner of a source must act. `detail` is for the log only: it may hold the upstream's own words."""

    default = "SOURCE_UNAVAILABLE"

    def __init__(self, code: str, *, partner: str, source: str, detail: str = "", retryable: bool = True) -> None:
        super().__init__(CODES[code], code=code, partner=partner, source=source)
        self.partner = partner
        self.source = source
        self.detail = detail
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in one file. `key` is the dotted path inside the file; `level` is error, warning or info."""

    code: str
    file: str
    key: str
    message: str
    hint: str = ""
    level: str = field(default="error")

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{self.level} {self.code} {where}\n    {self.message}{hint}"


class CatalogError(GatewayError):
    """The operator must act: every mistake of every file at once."""

    default = "CATALOG_INVALID"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))
