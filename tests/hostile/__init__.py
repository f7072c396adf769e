"""A corpus of hostile requests, by family: what is sent, and how it must be refused."""

from tests.hostile import bodies, credentials, crossing, documents, injection, tampered, transport, values
from tests.hostile.case import Case

FAMILIES: dict[str, tuple[Case, ...]] = {
    "documents": documents.CASES,
    "values": values.CASES,
    "bodies": bodies.CASES,
    "transport": transport.CASES,
    "credentials": credentials.CASES,
    "tampered": tampered.CASES,
    "injection": injection.CASES,
    "crossing": crossing.CASES,
}
