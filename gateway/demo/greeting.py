"""What a demonstration says when it is up: where it is, a token, and a first query to paste."""

from __future__ import annotations

import json
from pathlib import Path

from gateway import key_material, settings
from gateway.tokens import OwnIssuer

LIFETIME = 86400.0  # seconds
SCOPES = ("read", "read:contact", "read:personal")

# Vans first, by name: the first is the one that Awa Diallo borrows.
FIRST_QUERY = """
{
  partner(code: "poste") {
    assets(orderBy: [{field: KIND}, {field: NAME}], first: 3) {
      nodes {
        name kind status
        custodian { displayName }
        site { name address { city } }
        coverages(orderBy: [{field: KIND}]) {
          nodes {
            kind offDuty
            limits { amount { amount currency } }
            deductibles { amount { amount currency } }
            policy { number insurer status }
          }
        }
      }
    }
  }
}
"""


def token(chosen: settings.Settings, partner: str = "poste", subject: str = "awa.diallo") -> str:
    """A day's token of the demonstration's own issuer, for plain, contact and personal fields."""
    secrets = key_material.load(chosen.state_folder, chosen.secrets)
    issuer = OwnIssuer.from_seed(secrets.tokens)
    return issuer.issue(partner=partner, subject=subject, scopes=SCOPES, lifetime=LIFETIME)


def text(url: str, credential: str, folder: Path) -> str:
    """The words. url: of the gateway, without a path."""
    query = json.dumps({"query": " ".join(FIRST_QUERY.split())})
    return f"""
The demonstration federation is up: {url}

A token for a day, of somebody at the postal operator (partner `poste`):

TOKEN={credential}

Its first vans: who answers for them, where they stand, what is insured and up to how much:

curl -s {url}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{query}'

Tokens of other partners (coop, city, insurer, broker):

set -a; . {folder}/demo.env; set +a
gateway token --config {folder}/gateway.toml --partner coop --subject me

"""
