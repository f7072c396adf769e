"""Every code that somebody can meet is published, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from resolvers.errors import CODES, OPERATOR_CODES

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "errors.md"
# A literal that is a code where it stands alone in quotes; other words in capitals are enum values and the like.
PREFIXES = (
    "CATALOG_",
    "SOURCE_",
    "IDENTITY_",
    "STATE_",
    "SECRET_",
    "PARTNER_",
    "OWN_ISSUER",
    "KEY_",
    "ADDRESS_",
    "TOO_",
)
NOT_CODES = {"PARTNER_KIND"}


def table(codes: dict[str, str]) -> str:
    """The rows of a table of the page."""
    return "\n".join(f"| `{code}` | {meaning} |" for code, meaning in codes.items())


def test_the_page_says_what_the_code_says() -> None:
    page = PAGE.read_text("utf-8")
    told = re.findall(r"^\| `([A-Z_]+)` \|", page, re.M)
    assert told == [*CODES, *OPERATOR_CODES]
    assert table(CODES) in page
    assert table(OPERATOR_CODES) in page


def test_every_code_in_use_is_published_and_every_published_one_is_in_use() -> None:
    sources = [path for room in ("gateway", "schema", "resolvers") for path in (PROJECT / room).rglob("*.py")]
    text = "\n".join(path.read_text("utf-8") for path in sources if path.name != "errors.py")
    used = {word for word in re.findall(r'"([A-Z][A-Z_]+)"', text) if word.startswith(PREFIXES)}
    assert used - CODES.keys() - OPERATOR_CODES.keys() == set()
    raised = text + (PROJECT / "resolvers" / "errors.py").read_text("utf-8").partition("class GatewayError")[2]
    assert {code for code in {*CODES, *OPERATOR_CODES} if f'"{code}"' not in raised} == set()


def test_no_code_has_two_meanings() -> None:
    assert not CODES.keys() & OPERATOR_CODES.keys()
