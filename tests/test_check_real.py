"""`gateway check` on true systems: quick, no false alarm, and the figures that came with the dumps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from resolvers.catalog import load
from resolvers.checks import check
from schema.model import model
from tests.real_systems import EXAMPLES

# The whole of a GLPI takes two seconds where nothing else is going on.
LONGEST = 30.0
# What an operator can do something about: an index that Odoo does not make, and custodians who are no users any more.
WARNINGS = {
    ("SOURCE_NO_INDEX", "odoo", "mapping.vehicles.join.reading.on"),
    ("DATA_ORPHANS", "snipeit", "mapping.assets.fields.custodian"),
    ("DATA_ORPHANS", "snipeit", "mapping.checkouts.fields.person"),
    *(
        ("SOURCE_CAN_WRITE", code, f"source.{source}.url")
        for code, source in {
            "glpi": "inventory",
            "snipeit": "inventory",
            "odoo": "erp",
            "librebooking": "bookings",
        }.items()
    ),
}
ASSETS = {"glpi": 2658, "snipeit": 2452, "odoo": 2145, "librebooking": 322}


async def test_the_examples_are_fine_on_what_they_are_for(
    tmp_path: Path, glpi: str, snipeit: str, odoo: str, librebooking: str
) -> None:
    urls = {"glpi": glpi, "snipeit": snipeit, "odoo": odoo, "librebooking": librebooking}
    for code in urls:
        text = (EXAMPLES / f"{code}.toml").read_text("utf-8")
        # four at the same time, where other tests may be going on
        (tmp_path / f"{code}.toml").write_text(text.replace("\nurl =", '\ndeadline = "20s"\nurl =', 1), "utf-8")
    catalog, mistakes = load(tmp_path, model(), {f"{code.upper()}_URL": url for code, url in urls.items()})
    assert mistakes == []
    report = await check(catalog)
    assert [str(found) for found in report.findings if found.level == "error"] == []
    told = {(found.code, Path(found.file).stem, found.key) for found in report.findings if found.level == "warning"}
    assert told == WARNINGS
    rows: Counter[tuple[str, str]] = Counter()
    for source in report.sources:
        assert source.read_only
        assert source.seconds < LONGEST
        for mapping in source.mappings:
            assert mapping.whole
            # of a place that is a text in many rows, no index gives the first
            alone = (source.partner, mapping.name) not in {("snipeit", "policies"), ("librebooking", "places")}
            assert (mapping.orders[""] == "indexed") == alone
            rows[source.partner, mapping.entity] += mapping.rows
    assert {code: rows[code, "Asset"] for code in urls} == ASSETS
    assert rows["glpi", "Person"] == 610
