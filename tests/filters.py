"""Random filters of lists, as they are written in a query and as they are judged in plain Python."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.reference import Asset, Coverage, Meaning
from tests.stocks import BASE, MOMENTS, TEXTS

Filter = Mapping[str, Any]
Judge = bool | None
"""Whether something holds; None where a withheld value would have to be known."""
WITHHELD = {
    "birch": frozenset({"seats"}),
    "cedar": frozenset({"seats"}),
    "dogwood": frozenset({"status", "odometerKm", "updatedAt", "seats"}),
}

# what is asked -------------------------------------------------------------------------------------------------------

_TIMES = MOMENTS | st.sampled_from([BASE + timedelta(microseconds=3), BASE - timedelta(days=400)])
_TEXT = TEXTS | st.sampled_from(["b", "A1", "é", "E", "%", "_", "\\", "'", "1", "zz", "a b", "[a-z]", "."])
_KM = st.sampled_from([0.0, 0.1, 0.035, 9.0, 10.0, 12.3, 100.0, 123456.7, 9.5, -1.0, 1e9, 1e300])
_NULL = st.fixed_dictionaries({"isNull": st.booleans()})


def _one_of(values: st.SearchStrategy[Any], *operators: str) -> st.SearchStrategy[Filter]:
    single = st.tuples(st.sampled_from(operators), values).map(lambda pair: {pair[0]: pair[1]})
    several = st.lists(values, max_size=3).map(lambda found: {"in": found})
    both = st.tuples(single, single).map(lambda pair: {**pair[0], **pair[1]})
    return st.one_of(single, several, _NULL, both)


_COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")
_ISO = _TIMES.map(lambda moment: moment.isoformat())
_LEAVES: dict[str, dict[str, st.SearchStrategy[Filter]]] = {
    "assets": {
        "name": _one_of(_TEXT, *_COMPARED, "startsWith", "contains"),
        "kind": _one_of(st.sampled_from(["VAN", "CARGO_BIKE", "TRUCK", "OTHER", "DESK", "TOOL", "CAR"]), "eq", "ne"),
        "status": _one_of(st.sampled_from(["AVAILABLE", "IN_USE", "RETIRED", "UNKNOWN"]), "eq", "ne"),
        "odometerKm": _one_of(_KM, *_COMPARED),
        "updatedAt": _one_of(_ISO, *_COMPARED),
        "partner": _one_of(st.sampled_from(["alder", "birch", "cedar", "elm"]), "eq", "ne"),
        "seats": _one_of(st.integers(0, 9), *_COMPARED),  # which nobody holds
    },
    "coverages": {
        "kind": _one_of(st.sampled_from(["THEFT", "FIRE", "OTHER"]), "eq", "ne"),
        "start": _one_of(_ISO, *_COMPARED),
        "end": _one_of(_ISO, *_COMPARED),
    },
}


def filters(field: str) -> st.SearchStrategy[Filter]:
    """Filters of a list, a few levels deep."""
    leaves = st.one_of(
        *(strategy.map(lambda found, name=name: {name: found}) for name, strategy in _LEAVES[field].items())  # type: ignore[misc]
    )
    return nested(leaves)


def nested(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    """Conjunctions, disjunctions and complements of conditions."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda found: {"and": found}),
            st.lists(inner, max_size=3).map(lambda found: {"or": found}),
            inner.map(lambda found: {"not": found}),
            st.tuples(inner, inner).map(lambda pair: {**pair[0], **pair[1]}),
        ),
        max_leaves=5,
    )


# what it means -------------------------------------------------------------------------------------------------------


def passes(wanted: Filter, meaning: Meaning) -> bool:
    """Whether a row of `tests/stocks.py` passes a filter."""
    return judge(wanted, lambda name, inner: _judge_leaf(meaning, name, inner)) is True


def concerns(wanted: Filter, partner: str) -> bool:
    """Whether a record of a partner may pass, as far as its partner alone can tell."""

    def leaf(name: str, asked: Filter) -> Judge:
        return None if name != "partner" else all(compares(partner, operator, item) for operator, item in asked.items())

    return judge(wanted, leaf) is not False


def judge(wanted: Filter, leaf: Callable[[str, Any], Judge]) -> Judge:
    """A filter by Kleene's logic, in which what is withheld is unknown."""
    found: list[Judge] = []
    for name, inner in wanted.items():
        match name:
            case "and":
                found.append(_all([judge(item, leaf) for item in inner]))
            case "or":
                found.append(_none(_all([_none(judge(item, leaf)) for item in inner])))
            case "not":
                found.append(_none(judge(inner, leaf)))
            case _:
                found.append(leaf(name, inner))
    return _all(found)


def _all(found: Sequence[Judge]) -> Judge:
    return False if False in found else None if None in found else True


def _none(found: Judge) -> Judge:
    return None if found is None else not found


def _judge_leaf(meaning: Meaning, name: str, asked: Filter) -> Judge:
    if name in WITHHELD.get(meaning.partner, ()):
        return None
    value = _value(meaning, name)
    return all(compares(value, operator, _read(name, wanted)) for operator, wanted in asked.items())


def _value(meaning: Meaning, name: str) -> Any:
    if isinstance(meaning, Asset):
        known = {"odometerKm": meaning.km, "updatedAt": meaning.changed, "seats": None}
        return known[name] if name in known else getattr(meaning, name)
    assert isinstance(meaning, Coverage)
    return getattr(meaning, name)


def _read(name: str, wanted: Any) -> Any:
    if isinstance(wanted, list):
        return [_read(name, item) for item in wanted]
    return (
        datetime.fromisoformat(wanted) if name in ("updatedAt", "start", "end") and isinstance(wanted, str) else wanted
    )


def compares(value: Any, operator: str, wanted: Any) -> bool:
    """One comparison; with null it is false."""
    if operator == "isNull":
        return (value is None) == wanted
    if value is None:
        return False
    match operator:
        case "in":
            return value in wanted
        case "startsWith":
            return bool(value.startswith(wanted))
        case "contains":
            return folded(wanted) in folded(value)
        case "eq":
            return bool(value == wanted)
        case "ne":
            return bool(value != wanted)
    by_code = [ord(c) for c in value] if isinstance(value, str) else value
    limit = [ord(c) for c in wanted] if isinstance(wanted, str) else wanted
    return bool(
        {"lt": by_code < limit, "le": by_code <= limit, "gt": by_code > limit, "ge": by_code >= limit}[operator]
    )


def folded(text: str) -> str:
    """A text without the case and the accents of its Latin letters, character by character."""
    return "".join(_base(character) for character in text)


def _base(character: str) -> str:
    letter = unicodedata.normalize("NFD", character)[0].lower()
    latin = "LATIN" in unicodedata.name(character, "") and ord(character) < 0x1F00
    return letter if latin and len(letter) == 1 else character
