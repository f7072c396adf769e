"""Random filters along edges, over the records of `tests/edge_stocks.py`, and what they mean in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.edge_stocks import VIEWER
from tests.filters import Filter, Judge, compares, judge, nested
from tests.links import Links, Name, Record, names

_KINDS = st.sampled_from(["FIRE", "THEFT", "GLASS"])
_KIND = st.one_of(_KINDS.map(lambda kind: {"eq": kind}), st.lists(_KINDS, max_size=2).map(lambda found: {"in": found}))
_SCHEME = st.sampled_from(["LICENSE_PLATE", "INVENTORY_NO", "SERIAL", "EMPLOYEE_NO"])
_SPELT = st.sampled_from(["AB 023 CD", "ab.123.cd", "inv-0", "INV1", "e 1", "E.0", "E2", "zz"])
_NAMED = st.fixed_dictionaries(
    {}, optional={"scheme": _SCHEME.map(lambda scheme: {"eq": scheme}), "normalized": _SPELT.map(lambda s: {"eq": s})}
)
_IDENTIFIERS = st.one_of(
    _NAMED.map(lambda found: {"identifiers": {"some": found}}), st.just({"identifiers": {"isNull": False}})
)
_SITE = st.one_of(
    st.just({}),
    st.sampled_from("012").map(lambda n: {"name": {"eq": f"ash.depots.{n}"}}),
    st.just({"name": {"ne": "x"}}),
)


def _things(depth: int) -> st.SearchStrategy[Filter]:
    if depth == 0:
        return _IDENTIFIERS
    return nested(
        st.one_of(
            _IDENTIFIERS,
            _covers(depth - 1).map(lambda found: {"coverages": {"some": found}}),
            _people(depth - 1).map(lambda found: {"custodian": found}),
            _SITE.map(lambda found: {"site": found}),
            _things(depth - 1).map(lambda found: {"partOf": found}),
        )
    )


def _covers(depth: int) -> st.SearchStrategy[Filter]:
    leaves = st.one_of(st.just({}), _KIND.map(lambda found: {"kind": found}), st.just({"policy": {}}))
    if depth == 0:
        return leaves
    listed = _things(depth - 1).map(lambda found: {"insuredAssets": {"listed": {"some": found}}})
    return nested(st.one_of(leaves, listed))


def _people(depth: int) -> st.SearchStrategy[Filter]:
    if depth == 0:
        return st.one_of(_IDENTIFIERS, st.just({}))
    return nested(
        st.one_of(_IDENTIFIERS, st.just({}), _things(depth - 1).map(lambda found: {"assets": {"some": found}}))
    )


FILTERS = {"assets": _things(2), "coverages": _covers(2), "people": _people(2)}


class Judges:
    """Whether records pass filters, by the joins of `tests/links.py`."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self._judges: dict[str, Callable[[Record, str, Any], Judge]] = {
            "assets": self._thing,
            "coverages": self._cover,
            "people": self._person,
            "sites": self._site,
        }

    def passing(self, field: str, wanted: Filter) -> list[Record]:
        """The records of a list that pass, in its default order."""
        stocks = {
            "assets": ("ash.vans", "ash.tools", "birch.cars"),
            "coverages": ("ash.covers", "fir.covers"),
            "people": ("ash.staff", "birch.people"),
        }
        return [record for record in self.links.of(*stocks[field]) if self._holds(field, record, wanted) is True]

    def _holds(self, field: str, record: Record, wanted: Filter) -> Judge:
        leaf = self._judges[field]
        return judge(wanted, lambda name, inner: leaf(record, name, inner))

    def _some(self, field: str, records: Sequence[Record], wanted: Filter) -> bool:
        return any(self._holds(field, record, wanted) is True for record in records)

    def _thing(self, thing: Record, name: str, asked: Any) -> Judge:
        links = self.links
        match name:
            case "identifiers":
                return _named(self._names(thing), asked)
            case "coverages":
                return self._some("coverages", links.coverages(thing), asked["some"])
            case "custodian":
                person = links.custodian(thing)
                return self._some("people", [person] if person else [], asked)
        if not thing.startswith(VIEWER):
            return None  # neither sites nor wholes of the other partner's things are shared
        if name == "site":
            return self._some("sites", links.there("ash.depots", links.rows[thing].get("site")), asked)
        whole = links.whole(thing)
        return self._some("assets", [whole] if whole else [], asked)

    def _names(self, record: Record) -> list[Name] | None:
        if record.startswith("ash.tools"):
            return names(("SERIAL", self.links.rows[record]["serial"], None))
        return self.links.names(record)

    def _cover(self, cover: Record, name: str, asked: Any) -> Judge:
        match name:
            case "kind":
                return all(
                    compares(self.links.rows[cover]["kind"], operator, wanted) for operator, wanted in asked.items()
                )
            case "policy":
                return bool(self.links.there("fir.policies", self.links.rows[cover].get("contract")))
            case _:
                return self._some("assets", self.links.insured(cover), asked["listed"]["some"])

    def _person(self, person: Record, name: str, asked: Any) -> Judge:
        if name == "identifiers":
            return _named(self._names(person), asked)
        return self._some("assets", self.links.entrusted(person), asked["some"])

    def _site(self, site: Record, name: str, asked: Any) -> Judge:
        shown = self.links.rows[site]["tag"]
        return all(compares(shown, operator, wanted) for operator, wanted in asked.items())


def _named(found: Sequence[Name] | None, asked: Any) -> bool:
    if "isNull" in asked:
        return True  # every mapping holds identifiers, be it none
    wanted = asked["some"]
    compared = "".join(c.upper() for c in wanted.get("normalized", {}).get("eq", "") if c.isalnum())
    return any(
        wanted.get("scheme", {}).get("eq", name.scheme) == name.scheme and (not compared or compared == name.value)
        for name in found or ()
    )
