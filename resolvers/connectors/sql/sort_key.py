"""What rows are sorted and compared by at a path: a column of the statement, or one value for a whole arm.

The database must order and bound rows by what the border makes of them: what reads as null is null here too.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, DateTime, and_, case, cast, func, literal, null, type_coerce
from sqlalchemy.types import Double, Integer, Text

from resolvers.border import stand_in
from resolvers.coercion import FIRST_YEAR, LAST_YEAR, NotUnderstood, converter, text_of
from resolvers.connectors.sql.column_type import Stamp
from resolvers.connectors.sql.functions import moment_text
from resolvers.connectors.sql.render import Renderer, Unpushable
from resolvers.entity import Field, Model
from resolvers.expression import Case, Constant, inner
from resolvers.fetch import Arm
from resolvers.mapping import Value, pushable


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A sort key that the database computes.

    element: what it sorts by. decode: raw -> canonical. bind: canonical -> (bound, exact); not exact means that the
    bound is the greatest value at or under it that the column can hold. nullable: whether nulls must be seen to. text:
    whether texts are canonical as they are.
    """

    element: ColumnElement[Any]
    decode: Callable[[Any], Any]
    bind: Callable[[Any], tuple[Any, bool]]
    nullable: bool = True
    text: bool = False


@dataclass(frozen=True, slots=True)
class SortConstant:
    """A sort key that is the same for every row of an arm: the partner, a constant, or nothing at all (None)."""

    value: Any


Key = SortColumn | SortConstant
_VAST = 1e270


def sort_key(model: Model, arm: Arm, renderer: Renderer, path: str, zone: str) -> Key:
    """What an arm sorts by for a path; what it does not hold or share sorts as missing."""
    mapping = arm.mapping
    if not path:
        return SortConstant(mapping.partner)
    binding = mapping.fields.get(path)
    field = model.field(mapping.entity, path)
    own_key = model.entities[mapping.entity].fallback.get(path) == ""
    default: Any = renderer.key_text(mapping.key) if own_key else stand_in(model, mapping.entity, path, field)
    if path in arm.withheld or not isinstance(binding, Value):
        return _texts(renderer, default) if own_key else SortConstant(_comparable(field, default))
    if not pushable(binding, text=field.type in ("String", "ID")):
        raise Unpushable(path)
    if isinstance(binding.expression, Constant) and not own_key:
        constant = _constant(field, binding, zone)
        return SortConstant(_comparable(field, default if constant is None else constant))
    element = renderer.value(binding)
    if field.values:
        return _rank(renderer, field, binding, element, default)
    match field.type:
        case "Int" | "Float" | "Decimal":
            return _numbers(renderer, element, binding)
        case "Date" | "DateTime" if binding.formats:
            return _counted(renderer, element, field, binding, zone)
        case "Date" | "DateTime":
            return _moments(renderer, element, field, binding, binding.zone or zone)
        case _:
            coded = binding.values is not None or not binding.strict
            return _texts(renderer, renderer.translated(element, binding) if coded else element, default)


def _constant(field: Field, binding: Value, zone: str) -> Any:
    assert isinstance(binding.expression, Constant)
    try:
        return converter(field, binding, zone)(binding.expression.value)
    except NotUnderstood:
        return None


def _comparable(field: Field, value: Any) -> Any:
    if value is not None and field.values:
        return field.values.index(value)
    return float(value) if value is not None and field.type in ("Int", "Float", "Decimal") else value


def _as_is(value: Any) -> tuple[Any, bool]:
    return value, True


def _texts(renderer: Renderer, element: ColumnElement[Any], default: Any = None) -> SortColumn:
    text = renderer.text(element)
    if renderer.dialect == "sqlite":
        text = func.gateway_text(renderer.readable(text), type_=Text())
    if default is not None:
        text = func.coalesce(text, default, type_=Text())
    bind = _without_nul if renderer.dialect == "postgresql" else _as_is
    nullable = default is None  # a record's key is never null
    element = renderer.code_point(text)
    return SortColumn(element, lambda raw: None if raw is None else text_of(raw), bind, nullable, text=True)


def _without_nul(text: str) -> tuple[str, bool]:
    """The bound of a text in PostgreSQL, whose texts hold no NUL."""
    held, nul, _ = text.partition("\0")
    return held, not nul


def _numbers(renderer: Renderer, element: ColumnElement[Any], value: Value) -> SortColumn:
    scale = value.scale
    # MariaDB compares FLOAT inexactly, so that keyset would repeat a row: everything is compared as DOUBLE.
    number = renderer.number(element)
    if renderer.dialect == "postgresql" and (scale > 0 or value.factor != 1.0 or value.unit is not None):
        number = case((number.between(-_VAST, _VAST), number))  # a product out of range would fail the statement
    if scale > 0:
        number = number * literal(10.0**scale, Double())
    elif scale < 0:  # a power of ten is exact, its inverse is not
        number = number / literal(10.0**-scale, Double())
    if value.factor != 1.0:
        number = number * literal(value.factor, Double())
    if value.unit is not None:
        number = number * _factor(renderer, value.unit, value.units or {})
    return SortColumn(number, lambda raw: None if raw is None else float(raw), lambda value: (float(value), True))


def _factor(renderer: Renderer, unit: Value, units: Map[str, float]) -> ColumnElement[Any]:
    """What the unit in another column multiplies with; null for one that is not known, 1 for none."""
    shown = renderer.value(unit)
    if unit.values is not None or not unit.strict:
        shown = renderer.translated(shown, unit)
    name = func.lower(func.trim(renderer.text(shown)), type_=Text())
    told = renderer.code_point(name)
    known: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = [
        (told == unit_name, literal(factor, Double())) for unit_name, factor in units.items()
    ]
    return case((func.coalesce(told, "") == "", literal(1.0, Double())), *known, else_=null())


def _rank(renderer: Renderer, field: Field, value: Value, element: ColumnElement[Any], default: Any) -> SortColumn:
    """An enum's value by its place in the declared order."""
    order = {name: index for index, name in enumerate(field.values)}
    missing: Any = literal(order[default]) if default in order else null()
    if isinstance(value.expression, Case) and value == Value(value.expression):
        outcomes = [outcome for _, outcome in value.expression.cases]
        outcomes.append(value.expression.otherwise)
        # each condition once, not once for each value
        if all(outcome is None or isinstance(outcome, str) for outcome in outcomes):
            *met, last = (literal(order[outcome]) if outcome in order else missing for outcome in outcomes)
            holds = (renderer.predicate(condition) for condition, _ in value.expression.cases)
            whole = type_coerce(case(*zip(holds, met, strict=True), else_=last), Integer())
            return SortColumn(whole, lambda raw: None if raw is None else int(raw), _as_is)
    codes = dict(value.values) if value.values is not None else {name: name for name in field.values}
    if isinstance(value.expression, Case) or any(inner(value.expression)):  # outcomes are values already
        codes |= {name: name for name in field.values if name not in codes}
    ranks = [(holds, order[name]) for holds, name in renderer.coded(element, codes) if name in order]
    unknown = value.otherwise if not value.strict else None
    if unknown in order:  # a null code is not an unknown one
        ranks.insert(0, (element.is_(None), missing))
    other: Any = literal(order[unknown]) if unknown in order else missing
    rank = case(*ranks, else_=other) if ranks else cast(other, Integer())
    return SortColumn(rank, lambda raw: None if raw is None else int(raw), _as_is)


# times ---------------------------------------------------------------------------------------------------------------


def _moments(renderer: Renderer, element: ColumnElement[Any], field: Field, value: Value, zone: str) -> SortColumn:
    if renderer.dialect == "sqlite":
        return _written_moments(renderer.readable(element), field, value, zone)
    type_ = element.type
    if not isinstance(type_, Date | DateTime | Stamp):
        raise Unpushable(f"{type_} does not sort as times do")
    aware = isinstance(type_, Stamp) or (isinstance(type_, DateTime) and bool(type_.timezone))
    days = isinstance(type_, Date)
    # Zero dates, and what stands for never and for ever, read as null.
    first, beyond = (_limit(year, days, aware) for year in (FIRST_YEAR, LAST_YEAR + 1))
    element = case((and_(element >= first, element < beyond), element))
    convert = converter(field, value, zone)
    there = ZoneInfo(zone)

    def decode(raw: Any) -> Any:
        try:
            return convert(raw)
        except NotUnderstood:
            return None

    def bind(canonical: Any) -> tuple[Any, bool]:
        if not isinstance(canonical, datetime):
            if days:
                return canonical, True
            return datetime(canonical.year, canonical.month, canonical.day), True  # noqa: DTZ001
        canonical = _clipped(canonical)
        if aware:
            return canonical.astimezone(UTC), True
        local, exact = wall_clock(canonical, there)
        if not days:
            return local, exact
        day = local.date() - timedelta(days=1) if value.inclusive else local.date()
        return day, exact and local.time() == datetime.min.time()

    return SortColumn(element, decode, bind)


def _counted(renderer: Renderer, element: ColumnElement[Any], field: Field, value: Value, zone: str) -> SortColumn:
    """Seconds since 1970, sorted as the numbers that they are."""
    if field.type == "Date":
        raise Unpushable(field.name)
    number = renderer.number(element)
    first, beyond = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (FIRST_YEAR, LAST_YEAR + 1))
    convert = converter(field, value, zone)
    element = case((and_(number >= first, number < beyond), number))

    def decode(raw: Any) -> Any:
        return None if raw is None else convert(repr(float(raw)))

    return SortColumn(element, decode, lambda canonical: (canonical.timestamp(), True))


def _limit(year: int, days: bool, aware: bool) -> date | datetime:
    return date(year, 1, 1) if days else datetime(year, 1, 1, tzinfo=UTC if aware else None)


def _clipped(moment: datetime) -> datetime:
    """A bound inside the years that every zone can write; rows have no moment at or beyond its ends."""
    first, last = (datetime(year, 6, 1, tzinfo=UTC) for year in (FIRST_YEAR - 1, LAST_YEAR + 1))
    return min(max(moment, first), last)


def wall_clock(moment: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """What a clock in the zone showed at a moment, naive, and whether reading it there gives the moment again.

    A time that clocks showed twice is read as the first. For a moment of the second it is the last that they showed
    twice: the greatest that is read as no later one.
    """
    local = moment.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None), True
    low, high = 0, 24 * 3600 * 10**6  # microseconds from the moment on: still the second time, no longer
    while high - low > 1:
        middle = (low + high) // 2
        later = (moment.astimezone(UTC) + timedelta(microseconds=middle)).astimezone(zone)
        low, high = (middle, high) if later.fold else (low, middle)
    return (moment.astimezone(UTC) + timedelta(microseconds=low)).astimezone(zone).replace(tzinfo=None, fold=0), False


def _written_moments(element: ColumnElement[Any], field: Field, value: Value, zone: str) -> SortColumn:
    """SQLite keeps times as texts of any form."""
    if field.type == "Date":
        day = func.gateway_day(element, zone, type_=Text())
        read = date.fromisoformat
        return SortColumn(day, lambda raw: None if raw is None else read(raw), lambda day: (day.isoformat(), True))
    moment = func.gateway_instant(element, zone, int(value.inclusive), type_=Text())

    def decode(raw: str | None) -> datetime | None:
        return None if raw is None else datetime.fromisoformat(raw).replace(tzinfo=UTC)

    return SortColumn(moment, decode, lambda canonical: (moment_text(_clipped(canonical)), True))
