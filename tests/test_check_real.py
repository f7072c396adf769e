"""`gateway check` on true systems: quick, no false alarm, and the figures that came with the dumps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from resolvers.catalog import load
from resolvers.checks import check
from schema.model import model
from tests.real_systems import partner_files

# The whole of a GLPI takes two seconds where nothing else is going on.
LONGEST = 30.0


async def test_the_examples_are_fine_on_what_they_are_for(tmp_path: Path, glpi: str, odoo: str) -> None:
    for code, text in partner_files().items():
        (tmp_path / f"{code}.toml").write_text(text, "utf-8")
    catalog, mistakes = load(tmp_path, model(), {"GLPI_URL": glpi, "ODOO_URL": odoo})
    assert mistakes == []
    report = await check(catalog)
    assert [str(found) for found in report.findings if found.level == "error"] == []
    rows: Counter[tuple[str, str]] = Counter()
    for source in report.sources:
        assert source.read_only
        assert source.seconds < LONGEST
        for mapping in source.mappings:
            assert mapping.whole
            assert mapping.orders[""] == "indexed"
            rows[source.partner, mapping.entity] += mapping.rows
    assert (rows["glpi", "Asset"], rows["glpi", "Person"], rows["odoo", "Asset"]) == (2658, 610, 2145)
