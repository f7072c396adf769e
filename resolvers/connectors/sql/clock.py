"""The request's clock in a statement: a parameter that it gets when it is executed, so that no cache holds a time."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.types import TypeEngine

from resolvers.operand import Clock, clock_parameters


def clock_parameter(clock: Clock, form: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """The clock as a column of the type takes it. Where nobody gives it a time it is the true one, in UTC."""
    name = clock.parameter(form)
    return bindparam(name, callable_=partial(_now, name), type_=type_)


def _now(name: str) -> Any:
    return clock_parameters(datetime.now(UTC), "UTC")[name]
