"""Whose work is whose, in SQL: read for many at once, and set with its audit entry."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.reading import encode_cursor, timed_place
from adapters.postgres.tables import ApiKeyRow, AuditEntryRow, ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow
from adapters.postgres.tables_people import AssignmentRow, PersonRow
from domain.assignments import Subject, SubjectKind, is_put_off, subject_of
from domain.contracts import Page
from domain.contracts_assignments import AssignmentView, PersonView
from domain.service_change import READS_EVERYTHING, Role

SEEN_AGAIN_AFTER: Final = timedelta(hours=1)
"""How exact "last seen" is; a row that is written with every request tells nobody more."""


async def see_person(session: AsyncSession, name: str, role: Role, at: datetime) -> None:
    """Note that somebody signed in. No commit."""
    statement = insert(PersonRow).values(principal=name, role=role, last_seen_at=at)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["principal"],
            set_={"role": role, "last_seen_at": at},
            where=(PersonRow.last_seen_at < at - SEEN_AGAIN_AFTER) | (PersonRow.role != role),
        )
    )


async def list_people(session: AsyncSession) -> list[PersonView]:
    """Staff by name: whoever signed in, and whoever holds a key."""
    seen = {row.principal: row for row in await session.scalars(select(PersonRow))}
    keys = await session.scalars(select(ApiKeyRow).where(ApiKeyRow.disabled_at.is_(None)))
    roles = {row.principal: Role(row.role) for row in keys if Role(row.role) in READS_EVERYTHING}
    roles |= {name: Role(row.role) for name, row in seen.items()}
    return [
        PersonView(
            principal=name,
            role=role,
            last_seen_at=seen[name].last_seen_at if name in seen else None,
        )
        for name, role in sorted(roles.items())
    ]


def waits_for_a_time(now: datetime) -> ColumnElement[bool]:
    """Whether an assignment names a time that has not come yet."""
    row = AssignmentRow
    return and_(row.follow_up_at.is_not(None), row.follow_up_at > now)


async def list_assignments(
    session: AsyncSession,
    now: datetime,
    *,
    subjects: Sequence[str] = (),
    assignee: str | None = None,
    put_off: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AssignmentView]:
    """Those of the subjects or the assignee, put off or not, the longest standing first."""
    place = tuple_(AssignmentRow.set_at, AssignmentRow.subject)
    statement = select(AssignmentRow).order_by(AssignmentRow.set_at, AssignmentRow.subject)
    if subjects:
        statement = statement.where(AssignmentRow.subject.in_(subjects))
    if assignee is not None:
        statement = statement.where(AssignmentRow.assignee == assignee)
    if put_off is not None:
        waits = waits_for_a_time(now)
        statement = statement.where(waits if put_off else ~waits)
    if cursor:
        statement = statement.where(place > timed_place(cursor))
    rows: list[AssignmentRow] = list(await session.scalars(statement.limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    latest = await _latest_of_causes(session, (row.subject for row in rows))
    return Page(
        items=[assignment_view(row, latest.get(row.subject), now) for row in rows],
        next_cursor=encode_cursor(rows[-1].set_at.isoformat(), rows[-1].subject) if more else None,
    )


async def exists(session: AsyncSession, subject: Subject) -> bool:
    """Whether there is such a change or cause."""
    if subject.kind is SubjectKind.CHANGE:
        return await session.get(ServiceChangeRow, subject.id) is not None
    found = select(DeadLetterRow.id).where(DeadLetterRow.fingerprint == subject.id).limit(1)
    return await session.scalar(found) is not None


async def assign(
    session: AsyncSession,
    subject: Subject,
    *,
    assignee: str | None,
    follow_up_at: datetime | None,
    reason: str,
    actor: str,
    correlation_id: str,
    at: datetime,
) -> AssignmentView:
    """Set whose work it is and until when it is put off. The same again changes nothing."""
    row = await session.get(AssignmentRow, str(subject), with_for_update=True)
    before = (row.assignee, row.follow_up_at, row.note) if row else (None, None, "")
    if row is None:
        row = AssignmentRow(subject=str(subject), set_at=at)
        session.add(row)
    elif before == (assignee, follow_up_at, reason):
        return assignment_view(row, await _latest(session, subject), at)
    row.assignee, row.follow_up_at, row.note = assignee, follow_up_at, reason
    row.set_by, row.set_at = actor, at
    change = (
        await session.get(ServiceChangeRow, subject.id)
        if subject.kind is SubjectKind.CHANGE
        else None
    )
    session.add(
        AuditEntryRow(
            at=at,
            actor=actor,
            actor_kind="person",
            action="assign",
            outcome="done",
            change_id=change.id if change else None,
            account_id=change.account_id if change else None,
            correlation_id=change.correlation_id if change else correlation_id,
            reason=reason,
            facts={
                "subject": str(subject),
                "assignee": {"before": before[0], "after": assignee},
                "follow_up_at": {"before": _iso(before[1]), "after": _iso(follow_up_at)},
            },
        )
    )
    return assignment_view(row, await _latest(session, subject), at)


async def _latest(session: AsyncSession, subject: Subject) -> datetime | None:
    return (await _latest_of_causes(session, [str(subject)])).get(str(subject))


async def _latest_of_causes(session: AsyncSession, subjects: Iterable[str]) -> dict[str, datetime]:
    """When each cause among the subjects last came up."""
    named = {
        subject.id: name
        for name in subjects
        if (subject := subject_of(name)) and subject.kind is SubjectKind.CAUSE
    }
    if not named:
        return {}
    rows = await session.execute(
        select(DeadLetterRow.fingerprint, func.max(DeadLetterRow.opened_at))
        .where(DeadLetterRow.fingerprint.in_(named), DeadLetterRow.closed_at.is_(None))
        .group_by(DeadLetterRow.fingerprint)
    )
    return {named[fingerprint]: opened for fingerprint, opened in rows}


def assignment_view(row: AssignmentRow, latest: datetime | None, now: datetime) -> AssignmentView:
    """As the API answers it; `latest`: when a cause last came up."""
    return AssignmentView(
        subject=row.subject,
        assignee=row.assignee,
        follow_up_at=row.follow_up_at,
        put_off=is_put_off(row.follow_up_at, row.set_at, latest, now),
        note=row.note,
        set_by=row.set_by,
        set_at=row.set_at,
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
