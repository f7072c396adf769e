"""Selects of one fetch as one statement, put together with UNION ALL where there are several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Integer, Label, Select, func, literal, select, union_all

from resolvers.connectors.sql.fills import Fills
from resolvers.connectors.sql.leading import padding


@dataclass(frozen=True, slots=True)
class Piece:
    """One select and how its raw rows are read; `decode` leaves out those whose key is null, so that they are none."""

    select: Select[Any]
    columns: tuple[Label[Any], ...]
    decode: Callable[[Sequence[Sequence[Any]]], list[Any]]
    order: tuple[ColumnElement[Any], ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What to execute, and how to read what comes back: in each piece's own order, piece after piece.

    fills: what its named parameters are given, each worked out from what is asked.
    """

    clause: Select[Any] | CompoundSelect[Any]
    pieces: tuple[Piece, ...]
    fills: Fills = field(default_factory=Fills)

    def read(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Raw rows -> decoded ones. Of several pieces, a row names its piece and its place in it."""
        if len(self.pieces) == 1:
            return self.pieces[0].decode(rows)
        starts = []
        start = 2
        for piece in self.pieces:
            starts.append((start, start + len(piece.columns)))
            start += len(piece.columns)
        found = []
        for place, together in groupby(sorted(rows, key=itemgetter(0, 1)), itemgetter(0)):
            begin, end = starts[place]
            found += self.pieces[place].decode([row[begin:end] for row in together])
        return found


def put_together(pieces: Sequence[Piece], dialect: str, fills: Fills) -> Statement | None:
    """UNION ALL with columns of each piece's own, so that types never clash; None where nothing is to be asked."""
    if not pieces:
        return None
    if len(pieces) == 1:
        piece = pieces[0]
        return Statement(piece.select.order_by(*piece.order).limit(piece.limit), (piece,), fills)
    arms = []
    for index, piece in enumerate(pieces):
        place: ColumnElement[Any] = literal(0, Integer())
        if piece.order:
            place = func.row_number().over(order_by=piece.order)
        placed = piece.select.add_columns(place.label("place")).order_by(*piece.order).limit(piece.limit)
        inner = placed.subquery(f"p{index}")
        columns: list[ColumnElement[Any]] = [literal(index, Integer()).label("piece"), inner.c.place.label("place")]
        for other, padded in enumerate(pieces):
            for number, column in enumerate(padded.columns):
                value = inner.c[column.name] if other == index else padding(column, dialect)
                columns.append(value.label(f"p{other}_{number}"))
        arms.append(select(*columns))
    return Statement(union_all(*arms), tuple(pieces), fills)
