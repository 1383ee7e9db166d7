"""Filters of service changes as SQL: the table of what each means."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import AttemptRow, EffectRow, ServiceChangeRow
from adapters.postgres.tables_people import AssignmentRow
from adapters.postgres.terms import named, plan_by_value, told
from domain.assignments import SubjectKind
from domain.comparisons import Comparison, Operator, Reading, comparison, day, moment, number
from domain.filters import ChangeFilters

_C = ServiceChangeRow
_O = Operator
Condition = ColumnElement[bool]

COMPARED_BY: Final[Mapping[Operator, Callable[[Any, Any], Condition]]] = {
    _O.GREATER_OR_EQUAL: lambda column, value: column >= value,
    _O.GREATER: lambda column, value: column > value,
    _O.LESS_OR_EQUAL: lambda column, value: column <= value,
    _O.LESS: lambda column, value: column < value,
}


def compared(column: Any) -> Callable[[Comparison], Condition]:  # noqa: ANN401 - a mapped column
    """A comparison with a column."""
    return lambda asked: COMPARED_BY[asked.operator](column, asked.value)


def _one_of(column: Any) -> Callable[[Sequence[str]], Condition]:  # noqa: ANN401 - as above
    found: Callable[[Sequence[str]], Condition] = column.in_
    return found


def _at_systems(values: Sequence[str]) -> Condition:
    return _C.id.in_(select(EffectRow.change_id).where(EffectRow.system.in_(values)))


def _waiting_on(values: Sequence[str]) -> Condition:
    return or_(*(_C.waiting_on.contains([{"party": party}]) for party in values))


def _assigned_to(values: Sequence[str]) -> Condition:
    prefix = f"{SubjectKind.CHANGE}:"
    mine = select(func.substr(AssignmentRow.subject, len(prefix) + 1)).where(
        AssignmentRow.assignee.in_(values), AssignmentRow.subject.startswith(prefix)
    )
    return _C.id.in_(mine)


def _due(asked: Comparison) -> Condition:
    return _C.ended_at.is_(None) & COMPARED_BY[asked.operator](_C.due_at, asked.value)


_AT_MOST: Final = {_O.LESS_OR_EQUAL: _O.GREATER, _O.LESS: _O.GREATER_OR_EQUAL}


def _tries(asked: Comparison) -> Condition:
    """Tries of a step are numbered, so that the highest number is how often it was tried."""
    operator = _AT_MOST.get(asked.operator, asked.operator)
    that_often = select(AttemptRow.change_id).where(
        COMPARED_BY[operator](AttemptRow.attempt, asked.value)
    )
    if asked.operator in _AT_MOST:
        return _C.id.not_in(that_often)
    return _C.id.in_(that_often)


ALTERNATIVES: Final[Mapping[str, Callable[[Sequence[str]], Condition]]] = {
    "status": _one_of(_C.status),
    "kind": _one_of(_C.kind),
    "system": _at_systems,
    "account_id": _one_of(_C.account_id),
    "submitted_by": _one_of(_C.submitted_by),
    "waiting_on": _waiting_on,
    "assigned_to": _assigned_to,
}
"""Filters of which one value is enough."""

COMPARISONS: Final[Mapping[str, tuple[Reading, Callable[[Comparison], Condition]]]] = {
    "submitted_at": (moment, compared(_C.submitted_at)),
    "updated_at": (moment, compared(_C.updated_at)),
    "due_at": (moment, _due),
    "requested_date": (day, compared(_C.requested_date)),
    "price_difference": (number, compared(_C.price_difference_minor)),
    "attempts": (number, _tries),
}
"""Filters all of which have to hold: how the value is read, and what is compared."""

IN_SHORT: Final[Mapping[str, tuple[Any, Operator]]] = {
    "submitted_from": (_C.submitted_at, _O.GREATER_OR_EQUAL),
    "submitted_to": (_C.submitted_at, _O.LESS),
    "updated_from": (_C.updated_at, _O.GREATER_OR_EQUAL),
    "updated_to": (_C.updated_at, _O.LESS),
    "requested_from": (_C.requested_date, _O.GREATER_OR_EQUAL),
    "requested_to": (_C.requested_date, _O.LESS_OR_EQUAL),
}


def conditions(wanted: ChangeFilters, now: datetime) -> list[Condition]:
    """Everything that has to hold but the search term; times that count from now do so from then.

    Raises ValueError for a comparison that cannot be read, which the model refuses before.
    """
    found = [
        condition(values)
        for name, condition in ALTERNATIVES.items()
        if (values := getattr(wanted, name))
    ]
    for name, (read, condition_of) in COMPARISONS.items():
        found += [condition_of(comparison(each, read, now)) for each in getattr(wanted, name)]
    for name, (column, operator) in IN_SHORT.items():
        if (value := getattr(wanted, name)) is not None:
            found.append(COMPARED_BY[operator](column, value))
    return found


def narrowed(
    statement: Select[Any], wanted: ChangeFilters, now: datetime, submitted_by: str | None
) -> Select[Any]:
    """The statement over service changes with every filter; `submitted_by` hides the others'."""
    statement = statement.where(*conditions(wanted, now))
    if submitted_by is not None:
        statement = statement.where(_C.submitted_by == submitted_by)
    if wanted.q:
        statement = statement.where(_C.id.in_(union_all(named(wanted.q), told(wanted.q))))
    return statement


async def count_changes(
    session: AsyncSession,
    wanted: ChangeFilters,
    *,
    now: datetime,
    submitted_by: str | None,
    most: int,
) -> int:
    """How many fit, counted no further than one above `most`."""
    await plan_by_value(session)
    some = narrowed(select(_C.id), wanted, now, submitted_by).limit(most + 1).subquery()
    return int(await session.scalar(select(func.count()).select_from(some)) or 0)
