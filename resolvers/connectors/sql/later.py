"""A day or time some months and days later, by the database's own calendar where it is ours."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Date, DateTime, Integer, and_, case, cast, func, literal, literal_column, null

from resolvers.coercion import FIRST_YEAR, LAST_YEAR
from resolvers.connectors.sql.column_type import Stamp, Untyped, python_type
from resolvers.connectors.sql.refusal import Unpushable
from resolvers.expression import Plus, Value
from resolvers.written import MOST_DAYS, MOST_MONTHS

if TYPE_CHECKING:
    from resolvers.connectors.sql.render import Renderer


def later(renderer: Renderer, plus: Plus) -> ColumnElement[Any]:
    """As `written.plus` counts; null where that gives none. Unpushable where the database counts otherwise."""
    begin = renderer.value(plus.begin)
    months, days = (
        renderer.value(count) if isinstance(count, Value) else literal(count, Integer())
        for count in (plus.months, plus.days)
    )
    if renderer.dialect == "sqlite":
        return func.gateway_plus(renderer.readable(begin), months, days, type_=Untyped())
    if any(python_type(count.type) is not int for count in (months, days)):
        raise Unpushable("a count that is no whole number")
    days_only = isinstance(begin.type, Date)
    naive = isinstance(begin.type, DateTime) and not begin.type.timezone and not isinstance(begin.type, Stamp)
    if not days_only and not naive:
        raise Unpushable(f"{begin.type} has no calendar of its own")
    first, beyond = ((date if days_only else datetime)(year, 1, 1) for year in (FIRST_YEAR, LAST_YEAR + 1))
    after: ColumnElement[Any]
    if renderer.dialect == "postgresql":
        counts = func.make_interval(0, cast(months, Integer)), func.make_interval(0, 0, 0, cast(days, Integer))
        after = cast(begin + counts[0] + counts[1], Date() if days_only else DateTime())
    else:
        moved = func.timestampadd(literal_column("MONTH"), months, begin)
        after = func.timestampadd(literal_column("DAY"), days, moved, type_=begin.type)
    # What leaves the calendar is null; a database that counts too far would fail the whole statement.
    near = (months.between(-MOST_MONTHS, MOST_MONTHS), days.between(-MOST_DAYS, MOST_DAYS))
    return case((and_(begin >= first, begin < beyond, *near), after), else_=null())
