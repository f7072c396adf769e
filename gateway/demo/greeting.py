"""What a demonstration says when it is up: where it is, a token, and a first query to paste."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from gateway import key_material, settings
from gateway.demo.rows import founding
from gateway.tokens import OwnIssuer

LIFETIME = 86400.0  # seconds
SCOPES = ("read", "read:contact", "read:personal")
PURPOSES = ("lending",)

# Vans first, by name: the first is the one that Awa Diallo borrows.
FIRST_QUERY = """
{
  partner(code: "poste") {
    assets(orderBy: [{field: KIND}, {field: NAME}], first: 1) {
      nodes {
        name kind
        custodian { displayName }
        bookings(start: "2026-11-20T18:00:00+01:00", end: "2026-11-23T06:00:00+01:00") {
          nodes { use bookedFor { displayName } }
        }
        coverages(orderBy: [{field: KIND}], first: 7) {
          nodes { partner { code } kind limits { amount { amount currency } } }
        }
      }
    }
  }
}
"""


def token(chosen: settings.Settings, partner: str = "poste", subject: str = founding.EMPLOYEE_NO) -> str:
    """A day's token of the demonstration's own issuer, for plain, contact and personal fields, for lending."""
    secrets = key_material.load(chosen.state_folder, chosen.secrets)
    issuer = OwnIssuer.from_seed(secrets.tokens)
    return issuer.issue(partner=partner, subject=subject, scopes=SCOPES, purposes=PURPOSES, lifetime=LIFETIME)


def text(url: str, credential: str, folder: Path) -> str:
    """The words. url: of the gateway, without a path."""
    query = json.dumps({"query": " ".join(FIRST_QUERY.split())})
    python = Path(sys.executable)  # `gateway` itself may not be on the path
    here = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    variables, config = (shlex.quote(str(folder / name)) for name in ("demo.env", "gateway.toml"))
    return f"""
The demonstration federation is up: {url}

A token for a day, of Awa Diallo at the postal operator (partner `poste`):

TOKEN={credential}

Its first van: who answers for it, who has borrowed it for a weekend, what its insurer covers and up to how much:

curl -s {url}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{query}'

Tokens of other partners (coop, city, insurer, broker):

set -a; . {variables}; set +a
{shlex.quote(str(here))} -m gateway token --config {config} --partner coop --subject me

"""
