"""Several rows with one key are one record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from resolvers.fetch import Row
from resolvers.identifier import Token

_KEY, _PLACE = itemgetter(1), itemgetter(0, 1, 4)


def once(rows: Sequence[Row], told: bool) -> list[Row]:
    """Each record once in each place, by its first row; told: with an issue where there were more."""
    # most often no two are equal, which this tells soonest
    if len(set(map(_KEY, rows))) == len(rows) or len(set(map(_PLACE, rows))) == len(rows):
        return list(rows)
    found: dict[tuple[str, str, Token | None], Row] = {}
    for row in rows:
        place = (row.mapping.id, row.key, row.parent)
        first = found.setdefault(place, row)
        if first is not row and told and not any(code == "DUPLICATE_KEY" for code, _, _ in first.issues):
            found[place] = first._replace(issues=(*first.issues, ("DUPLICATE_KEY", "id", row.key)))
    return list(found.values())


def fills(rows: Sequence[Row], limit: int) -> bool:
    """Whether a mapping gave as many rows as it was asked for, so that there may be more."""
    return any(count >= limit for count in Counter(row.mapping.view for row in rows).values())
