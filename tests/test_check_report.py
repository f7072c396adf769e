"""How `gateway check` tells what it found: on which line, grouped, in colour where that is wanted."""

from __future__ import annotations

import io
import json

import pytest

from gateway.check_report import Told, as_machine, as_text
from gateway.lines import line_of
from resolvers.checks import MappingFacts, SourceFacts
from resolvers.errors import Mistake

FILE = """\
[partner]
code = "poste"

[source.fleet]
url = "x"

[mapping.vans]
join.site = { table = "sites" }
[mapping.vans.fields]   # all of them
name = "libelle"
"value".amount = "prix"
identifiers = [
  { scheme = "VIN" },
  { scheme = "SERIAL" },
]

[[agreement]]
code = "one"
[[agreement]]
code = "two"
with = ["x"]
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("partner.code", 2),
        ("source.fleet.url", 5),
        ("source.fleet", 4),
        ("mapping.vans", 7),
        ("mapping.vans.join.site.on", 8),
        ("mapping.vans.fields.name", 10),
        ("mapping.vans.fields.value.amount", 11),
        ("mapping.vans.fields.identifiers", 12),
        ("mapping.vans.fields.identifiers[1].value", 14),
        ("mapping.vans.key", 7),  # not there: what it belongs to
        ("agreement[1].with", 21),
        ("agreement[0].code", 18),
        ("mapping.bikes", None),
        ("", None),
    ],
)
def test_the_line_of_a_key(key: str, line: int | None) -> None:
    assert line_of(FILE, key) == line


FINDINGS = (
    Mistake("CATALOG_UNKNOWN_KEY", "gateway.toml", "origin", "`origin` is not a key.", "did you mean 'origins'?"),
    Mistake("DATA_BLANKS", "poste.toml", "mapping.vans.fields.name", "blanks.", "trim", "info"),
    Mistake("DATA_ORPHANS", "poste.toml", "mapping.vans.fields.value", "orphans.", "", "warning"),
    Mistake("SOURCE_CAN_WRITE", "poste.toml", "source.fleet.url", "it may write.", "another", "warning"),
)
VANS = MappingFacts("vans", "Asset", 100_000, False, {"name": 1.0, "value": 0.5}, {"": "indexed", "NAME": "sorted"})
FLEET = SourceFacts("poste", "fleet", "MariaDB 10.11", 0.0012, True, True, -7.0, 1.5, (VANS,))
TEXT = """\
gateway.toml
    error    CATALOG_UNKNOWN_KEY  origin, line 1
             `origin` is not a key.
             did you mean 'origins'?

poste.toml
  fleet: MariaDB 10.11, answers in 1.2 ms, sessions are read-only, clock -7.0 s, looked at in 1.5 s
    warning  SOURCE_CAN_WRITE  source.fleet.url, line 5
             it may write.
             another
  vans: Asset, more than 100,000 rows; an index gives order by key (default); sorted on demand NAME; filled value 50%
    warning  DATA_ORPHANS  mapping.vans.fields.value, line 11
             orphans.
    note     DATA_BLANKS  mapping.vans.fields.name, line 10
             blanks.
             trim

1 error, 2 warnings, 1 note"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


TOLD = Told(FINDINGS, (FLEET,), {"poste.toml": "poste"}, {"poste.toml": FILE, "gateway.toml": "origin = []\n"})


def test_for_people() -> None:
    assert as_text(TOLD, {}, io.StringIO()) == TEXT
    assert as_text(TOLD, {"NO_COLOR": "1"}, Terminal()) == TEXT
    painted = as_text(TOLD, {}, Terminal())
    assert "\x1b[31merror  \x1b[0m" in painted and "\x1b[33mwarning\x1b[0m" in painted


def test_for_machines() -> None:
    told = json.loads(as_machine(TOLD))
    assert told["summary"] == {"error": 1, "warning": 2, "info": 1}
    assert told["findings"][1] == {
        "severity": "info",
        "code": "DATA_BLANKS",
        "file": "poste.toml",
        "line": 10,
        "key": "mapping.vans.fields.name",
        "partner": "poste",
        "source": "fleet",
        "mapping": "vans",
        "message": "blanks.",
        "mend": "trim",
    }
    (source,) = told["sources"]
    assert source["clockSkewSeconds"] == -7.0 and source["latencyMs"] == 1.2
    assert source["mappings"][0]["orders"] == {"KEY": "indexed", "NAME": "sorted"}
