"""The read side of the audit trail. Nothing here writes."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.change_filters import compared
from adapters.postgres.reading import bad_cursor, encode_cursor, timed_place
from adapters.postgres.tables import AuditEntryRow, IdentifierRow
from adapters.postgres.terms import named, plan_by_value
from domain.comparisons import comparison, moment
from domain.contracts import AuditEntryView, Page
from domain.filters import AuditFilters
from domain.personal_data import masked
from domain.service_change import ChangeStatus

_E = AuditEntryRow
_ROW_ID: Final = re.compile(r"[0-9]{1,18}")


def _of_changes_with(*kinds: str) -> Callable[[Any], ColumnElement[bool]]:
    def condition(value: str) -> ColumnElement[bool]:
        so_named = select(IdentifierRow.change_id).where(
            IdentifierRow.folded == value.strip().lower(), IdentifierRow.kind.in_(kinds)
        )
        return _E.change_id.in_(so_named)

    return condition


CONDITIONS: Final[Mapping[str, Callable[[Any], ColumnElement[bool]]]] = {
    "change_id": lambda value: _E.change_id == value,
    "account_id": lambda value: _E.account_id == value,
    "correlation_id": lambda value: _E.correlation_id == value,
    "invoice": _of_changes_with("invoice", "invoice_line"),
    "order": _of_changes_with("order"),
    "appointment": _of_changes_with("appointment"),
    "ticket": _of_changes_with("ticket"),
    "document": _of_changes_with("document"),
    "q": lambda value: _E.change_id.in_(named(value)),
    "actor": _E.actor.in_,
    "actor_kind": _E.actor_kind.in_,
    "action": _E.action.in_,
    "outcome": _E.outcome.in_,
    "since": lambda value: _E.at >= value,
    "until": lambda value: _E.at < value,
}
"""What each filter means."""


def audit_narrowed(statement: Select[Any], wanted: AuditFilters, now: datetime) -> Select[Any]:
    """The statement over audit entries with every filter."""
    found = [
        condition(value)
        for name, condition in CONDITIONS.items()
        if (value := getattr(wanted, name))
    ]
    at = compared(_E.at)
    return statement.where(*found, *(at(comparison(each, moment, now)) for each in wanted.at))


async def count_audit(
    session: AsyncSession, wanted: AuditFilters, *, now: datetime, most: int
) -> int:
    """How many entries fit, counted no further than one above `most`."""
    await plan_by_value(session)
    some = audit_narrowed(select(_E.id), wanted, now).limit(most + 1).subquery()
    return int(await session.scalar(select(func.count()).select_from(some)) or 0)


async def list_audit(
    session: AsyncSession,
    wanted: AuditFilters,
    *,
    now: datetime,
    cursor: str | None,
    limit: int,
) -> Page[AuditEntryView]:
    """Newest first. Raises InvalidChangeError for a cursor that is not ours."""
    await plan_by_value(session)
    statement = audit_narrowed(select(_E), wanted, now).order_by(_E.at.desc(), _E.id.desc())
    if cursor:
        at, last = timed_place(cursor)
        if not _ROW_ID.fullmatch(last):
            raise bad_cursor()
        statement = statement.where(tuple_(_E.at, _E.id) < (at, int(last)))
    rows: list[AuditEntryRow] = list(await session.scalars(statement.limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(
        items=[audit_view(row) for row in rows],
        next_cursor=encode_cursor(rows[-1].at.isoformat(), str(rows[-1].id)) if more else None,
    )


def audit_view(row: AuditEntryRow) -> AuditEntryView:
    """An entry as the API answers it."""
    return AuditEntryView(
        id=row.id,
        at=row.at,
        actor=row.actor,
        actor_kind=row.actor_kind,
        action=row.action,
        outcome=row.outcome,
        change_id=row.change_id,
        account_id=row.account_id,
        correlation_id=row.correlation_id,
        from_status=ChangeStatus(row.from_status) if row.from_status else None,
        to_status=ChangeStatus(row.to_status) if row.to_status else None,
        reason=row.reason,
        facts=masked(row.facts),
    )
