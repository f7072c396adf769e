"""Fields that lead to records: each asks once for all objects of its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from resolvers.carriers import carriers, same_cut, same_of
from resolvers.engine.arguments import Arguments
from resolvers.engine.completion import Position, completed
from resolvers.engine.objects import Column, Inner, Run, Selected
from resolvers.entity import Kind
from resolvers.fetch import Row
from resolvers.fields import Declared, named_by_id, own_record
from resolvers.level import Level
from resolvers.lists import asked, collect
from resolvers.loaders import brought, children_cut, children_of, links_cut, links_of, singles
from resolvers.pages import Page
from resolvers.plan import Place, Step
from resolvers.record import Record


class Edge(Selected):
    """A field that has to be waited for."""

    awaits = True

    async def fetched(self, run: Run, objects: Sequence[Any]) -> Column:
        """What became of the field in each object; an error that is nobody's own is everybody's."""
        try:
            return await self.reached(run, objects)
        except Exception as error:
            run.troubled = True
            return self.finished(run, [error] * len(objects), ())

    async def reached(self, run: Run, objects: Sequence[Any]) -> Column:
        """What became of the field in each object."""
        raise NotImplementedError

    async def of_rows(self, run: Run, leads: Sequence[Any]) -> Column:
        """The field, where each object leads to one row, to nothing, or to an error. A row is completed once."""
        rows = {id(row): row for row in leads if row.__class__ is Row}
        made = dict(zip(rows, await self.inner.resolve(run, list(rows.values())), strict=True))
        if not run.troubled and not any(isinstance(row, Exception) for row in leads):
            return [None if row is None else made[id(row)] for row in leads]
        run.troubled = True
        return completed(self.position, leads, [made[id(row)] for row in leads if row.__class__ is Row])


class Reference(Edge):
    """A record's reference. at: where its token stands in a row's values."""

    def __init__(self, key: str, position: Position, inner: Inner, at: int, level: Level) -> None:
        super().__init__(key, position, inner)
        self.at = at
        self._level = level

    def at_once(self, run: Run, objects: Sequence[Row]) -> Column | None:
        if self.inner.awaits:
            return None
        at = self.at
        leads: list[Any] = [row[2][at] for row in objects]
        rows: dict[int, Row] = {}
        for row in leads:
            if row.__class__ is Row:
                rows[id(row)] = row
            elif row is not None:
                return None
        made = dict(zip(rows, self.inner.complete(run, list(rows.values())), strict=True))
        if run.troubled:
            return None
        return [None if row is None else made[id(row)] for row in leads]

    async def reached(self, run: Run, objects: Sequence[Row]) -> Column:
        at = self.at
        found: list[Any] = [row[2][at] for row in objects]
        tokens = dict.fromkeys(token for token in found if token is not None and token.__class__ is not Row)
        if tokens:
            rows = await singles(run.context, self._level, list(tokens))
            found = [token if token is None or token.__class__ is Row else rows[token] for token in found]
        return await self.of_rows(run, found)


class Many(Edge):
    """An edge from a record to many: a connection, or (listed) a plain list that cannot say what is missing.

    bare: nothing is asked of the connection but its nodes, so that the rows of a page will do in its place.
    """

    def __init__(
        self,
        key: str,
        position: Position,
        inner: Inner,
        level: Level,
        step: Step,
        arguments: Arguments,
        declared: Declared,
        place: Place,
        *,
        listed: bool,
        bare: bool,
    ) -> None:
        super().__init__(key, position, inner)
        self._level = level
        self._step = step
        self._arguments = arguments
        self._declared = declared
        self._path = tuple(name for _, name in place)
        self._listed = listed
        self._bare = bare
        self.kind = step.kind

    async def reached(self, run: Run, objects: Sequence[Row]) -> Column:
        follow = self._step.follow
        self._arguments.given(run)  # where they mean nothing, they do so for every object
        parents = [row for row in objects if row[0].view in follow]
        found: list[Any] = []
        if parents:
            try:
                found = list(await self._pages(run, parents))
            except Exception as error:
                found = [error] * len(parents)
        if len(parents) < len(objects):
            each = iter(found)
            found = [next(each) if row[0].view in follow else None for row in objects]
        if self._listed:
            found = [_rows(page) for page in found]
            rows = [row for each in found if each.__class__ is list for row in each]
            return self.finished(run, found, await self.inner.resolve(run, rows))
        pages = [page for page in found if page is not None and not isinstance(page, Exception)]
        return self.finished(run, found, await self.inner.resolve(run, pages))

    async def _pages(self, run: Run, rows: Sequence[Row]) -> Sequence[Page | list[Row]]:
        context, step, given = run.context, self._step, self._arguments.given(run)
        if step.kind is Kind.LINKS:
            return await links_of(context, step, links_cut(context, step, given), self._records(run, rows))
        if step.kind is Kind.SAME:
            return await same_of(context, step, same_cut(context, step, given), self._records(run, rows))
        if self._listed:
            given = {**given, "first": context.page[1]}
        cut = self._arguments.once(given, lambda: children_cut(context, step, given))
        wanted = self._arguments.wanted(run, self._declared, step.entity)
        put = await asked(context, step.level, wanted, cut.window.order, self._path)
        if self._bare:
            found, _ = await brought(context, step, cut.window, put, self._level, rows)
            return [cut.of(mine) for mine in found]
        return await children_of(context, step, cut, put, self._records(run, rows))

    def _records(self, run: Run, rows: Sequence[Row]) -> list[Record]:
        return [Record(run.context, self._level, row) for row in rows]


def _rows(page: Any) -> Any:
    if page.__class__ is not Page:
        return page
    return page.failures[0] if page.failures else list(page.rows)


class Collection(Edge):
    """A list of all partners (of the root), or of one partner."""

    def __init__(
        self,
        key: str,
        position: Position,
        inner: Inner,
        level: Level,
        arguments: Arguments,
        declared: Declared,
        place: Place,
    ) -> None:
        super().__init__(key, position, inner)
        self._level = level
        self._arguments = arguments
        self._declared = declared
        self._path = tuple(name for _, name in place)

    async def reached(self, run: Run, objects: Sequence[Any]) -> Column:
        codes = [None if each is None else each.code for each in objects]
        different = list(dict.fromkeys(codes))
        got = await every([self._page(run, code) for code in different])
        pages = dict(zip(different, got, strict=True))
        found = [pages[code] for code in codes]
        return self.finished(run, found, await self.inner.resolve(run, [p for p in found if p.__class__ is Page]))

    async def _page(self, run: Run, code: str | None) -> Page:
        given = self._arguments.given(run)
        if self._declared.kind is Kind.NAMED:
            return await carriers(run.context, self._level, given)
        wanted = self._arguments.wanted(run, self._declared, self._level.entity)
        return await collect(run.context, self._level, given, wanted, code, self._path)


async def every(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """What comes of each, at the same time; exceptions in place of what does not come."""
    if len(waiting) == 1:
        try:
            return [await waiting[0]]
        except Exception as error:
            return [error]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, Exception):
            raise each
    return list(found)


class OwnRecord(Edge):
    """The viewer's own record."""

    def __init__(self, key: str, position: Position, inner: Inner, level: Level) -> None:
        super().__init__(key, position, inner)
        self._level = level

    async def reached(self, run: Run, objects: Sequence[Any]) -> Column:
        found = await own_record(run.context, self._level)
        return await self.of_rows(run, [found and found.row] * len(objects))


class ByIds(Edge):
    """`node`, or (many) `nodes`. inners: what completes a record of an entity, or a partner, by type name."""

    def __init__(
        self, key: str, position: Position, inners: dict[str, Inner], arguments: Arguments, place: Place, *, many: bool
    ) -> None:
        super().__init__(key, position, next(iter(inners.values())))
        self._inners = inners
        self._arguments = arguments
        self._place = place
        self._many = many

    async def reached(self, run: Run, objects: Sequence[Any]) -> Column:
        given = self._arguments.given(run)
        texts = list(given["ids"]) if self._many else [given["id"]]
        named = named_by_id(run.context, self._place, texts)
        wanted: dict[Level, list[Any]] = {}
        for each in named:
            if isinstance(each, tuple):
                wanted.setdefault(each[0], []).append(each[1])
        levels = list(wanted)
        got = await every([singles(run.context, level, wanted[level]) for level in levels])
        for answer in got:
            if isinstance(answer, Exception):
                raise answer
        rows = dict(zip(levels, got, strict=True))
        raws = [rows[each[0]][each[1]] if isinstance(each, tuple) else each for each in named]
        kinds = [_kind(each, raw) for each, raw in zip(named, raws, strict=True)]
        values: dict[int, Any] = {}
        for kind in dict.fromkeys(kind for kind in kinds if kind is not None):
            mine = {id(raw): raw for raw, of in zip(raws, kinds, strict=True) if of == kind}
            made = await self._inners[kind].resolve(run, list(mine.values()))
            values.update(zip(mine, made, strict=True))
        done = [values[id(raw)] for raw, kind in zip(raws, kinds, strict=True) if kind is not None]
        return self.finished(run, [raws] if self._many else raws, done)


def _kind(named: Any, raw: Any) -> str | None:
    """The type of what an id led to; None where it led to nothing."""
    if raw is None or isinstance(raw, Exception):
        return None
    return str(named[0].entity) if isinstance(named, tuple) else str(raw.entity)
