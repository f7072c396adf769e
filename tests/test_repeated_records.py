"""A record that stands in several places of one answer leads on from each of them."""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson

from tests.gateways import Started

QUERY = """
{ coverages(first: 20) { nodes { insuredAssets { listed(first: 5) { nodes {
  id bookings(start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z") { nodes { id } }
} } } } } }
"""


async def test_an_asset_under_several_coverages_has_its_bookings_under_each(demonstration: Started) -> None:
    token = demonstration.issuer.issue(
        partner="poste", subject="x", scopes=["read", "read:personal"], purposes=["lending"], lifetime=600
    )
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = orjson.dumps({"query": QUERY})
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{demonstration.url}/graphql", data=body, headers=headers) as response,
    ):
        answer: dict[str, Any] = orjson.loads(await response.read())
    found: dict[str, list[list[str]]] = {}
    for coverage in answer["data"]["coverages"]["nodes"]:
        for asset in ((coverage["insuredAssets"] or {}).get("listed") or {"nodes": []})["nodes"]:
            if asset["bookings"] is not None:
                found.setdefault(asset["id"], []).append([node["id"] for node in asset["bookings"]["nodes"]])
    assert any(len(lists) > 1 and any(lists) for lists in found.values())
    assert all(lists == [lists[0]] * len(lists) for lists in found.values()), found
