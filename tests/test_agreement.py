"""What an agreement never gives, however it is written."""

from __future__ import annotations

from resolvers.agreement import Visible
from schema.model import model

READ = frozenset({"read"})


def test_identifiers_that_a_policy_names_are_the_insurers_alone() -> None:
    path = "insuredAssets.identifiers"
    for granted in ("insuredAssets", path, f"{path}.value"):
        shared = Visible(frozenset({granted}), READ)
        assert shared.refusal(model(), "Coverage", path) == "FIELD_NOT_SHARED"
        assert shared.refusal(model(), "Coverage", f"{path}.value") == "FIELD_NOT_SHARED"
    assert Visible(None, READ).refusal(model(), "Coverage", path) is None
    assert Visible(frozenset({"insuredAssets"}), READ).refusal(model(), "Coverage", "insuredAssets.scope") is None
