"""The read side: what the API answers, straight from the tables. Nothing here writes."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from adapters.postgres import mapping
from adapters.postgres.proposals import open_proposals, pending_view
from adapters.postgres.tables import (
    AttemptRow,
    AuditEntryRow,
    CheckRow,
    DocumentVersionRow,
    EffectRow,
    IdentifierRow,
    NotificationRow,
    ServiceChangeRow,
    TicketRow,
)
from domain.contracts import (
    AuditEntryView,
    CheckView,
    Page,
    SearchHit,
    ServiceChangeSummary,
    ServiceChangeView,
    TicketView,
)
from domain.errors import FieldProblem, InvalidChangeError
from domain.identifiers import System
from domain.service_change import ChangeKind, ChangeStatus, CheckName, CheckOutcome

PREFIX_AT_LEAST = 4
"""Shorter searches must match exactly: two letters would find half the record."""

_ROW_ID = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """What a list is narrowed to. `submitted_by` also hides what others submitted."""

    status: Sequence[ChangeStatus] = ()
    account_id: str | None = None
    kind: Sequence[ChangeKind] = ()
    system: System | None = None
    q: str | None = None
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None
    submitted_by: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the audit trail is narrowed to."""

    change_id: str | None = None
    account_id: str | None = None
    correlation_id: str | None = None
    actor: str | None = None
    action: str | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Everything on record about one change, in the order it happened."""

    change: ServiceChangeView
    attempts: list[AttemptRow] = field(default_factory=list)
    audit: list[AuditEntryRow] = field(default_factory=list)
    notices: list[NotificationRow] = field(default_factory=list)


def encode_cursor(*parts: str) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode("\x1f".join(parts).encode()).decode()


def decode_cursor(cursor: str, parts: int) -> list[str]:
    """The inverse; raises InvalidChangeError for anything that was not ours."""
    try:
        found = base64.urlsafe_b64decode(cursor.encode()).decode().split("\x1f")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_cursor() from error
    if len(found) != parts:
        raise bad_cursor()
    return found


def timed_place(cursor: str) -> tuple[datetime, str]:
    """A place in a list ordered by time and id; raises as `decode_cursor` does."""
    at, last = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(at), last
    except ValueError as error:
        raise bad_cursor() from error


def bad_cursor() -> InvalidChangeError:
    """The refusal of a cursor that was not ours."""
    return InvalidChangeError([FieldProblem("cursor", "is not one of ours; start without it")])


async def change_row(session: AsyncSession, change_id: str) -> ServiceChangeRow | None:
    """The bare row."""
    return await session.get(ServiceChangeRow, change_id)


async def read_change(session: AsyncSession, row: ServiceChangeRow) -> ServiceChangeView:
    """A change, whole."""
    documents = await session.scalars(
        select(DocumentVersionRow)
        .where(DocumentVersionRow.change_id == row.id)
        .order_by(DocumentVersionRow.version)
    )
    latest = (
        select(CheckRow)
        .where(CheckRow.change_id == row.id)
        .ext(distinct_on(CheckRow.name))
        .order_by(CheckRow.name, CheckRow.round.desc())
    )
    checks = await session.scalars(latest)
    effects = await session.scalars(
        select(EffectRow).where(EffectRow.change_id == row.id).order_by(EffectRow.intended_at)
    )
    tickets = await session.scalars(
        select(TicketRow).where(TicketRow.change_id == row.id).order_by(TicketRow.opened_at)
    )
    view = mapping.change_view(
        row,
        document_versions=[mapping.document_view(item) for item in documents],
        checks=[check_view(item) for item in checks],
        effects=[mapping.effect_view(item) for item in effects],
        tickets=[
            TicketView(
                reference=item.reference,
                subject=item.subject,
                status=item.status,
                opened_at=item.opened_at,
                closed_at=item.closed_at,
            )
            for item in tickets
        ],
    )
    proposals = await open_proposals(session, row.id)
    if not proposals:
        return view
    pending = [pending_view(proposal, view) for proposal in proposals]
    return view.model_copy(update={"pending_decisions": pending})


def check_view(row: CheckRow, *, with_facts: bool = False) -> CheckView:
    """A check as the API answers it; its facts are for staff."""
    return CheckView(
        name=CheckName(row.name),
        system=System(row.system),
        outcome=CheckOutcome(row.outcome),
        code=row.code,
        detail=row.detail,
        at=row.at,
        facts=row.facts if with_facts else {},
    )


def _matching(term: str) -> Any:  # noqa: ANN401 - an SQL expression, whose type is private
    folded = term.strip().lower()
    exact = IdentifierRow.folded == folded
    if len(folded) < PREFIX_AT_LEAST:
        return exact
    return or_(exact, IdentifierRow.folded.startswith(folded, autoescape=True))


def _narrowed(
    statement: Select[tuple[ServiceChangeRow]], wanted: ChangeFilter
) -> Select[tuple[ServiceChangeRow]]:
    change = ServiceChangeRow
    conditions = [
        change.status.in_(wanted.status) if wanted.status else None,
        change.account_id == wanted.account_id if wanted.account_id else None,
        change.kind.in_(wanted.kind) if wanted.kind else None,
        change.submitted_by == wanted.submitted_by if wanted.submitted_by else None,
        change.submitted_at >= wanted.submitted_from if wanted.submitted_from else None,
        change.submitted_at < wanted.submitted_to if wanted.submitted_to else None,
        change.id.in_(select(EffectRow.change_id).where(EffectRow.system == wanted.system))
        if wanted.system
        else None,
        change.id.in_(select(IdentifierRow.change_id).where(_matching(wanted.q)))
        if wanted.q
        else None,
    ]
    return statement.where(*(condition for condition in conditions if condition is not None))


async def list_changes(
    session: AsyncSession, wanted: ChangeFilter, *, cursor: str | None, limit: int
) -> Page[ServiceChangeSummary]:
    """Newest first."""
    statement = _narrowed(select(ServiceChangeRow), wanted).order_by(
        ServiceChangeRow.submitted_at.desc(), ServiceChangeRow.id.desc()
    )
    if cursor:
        statement = statement.where(
            tuple_(ServiceChangeRow.submitted_at, ServiceChangeRow.id) < timed_place(cursor)
        )
    rows: list[ServiceChangeRow] = list(await session.scalars(statement.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        items=[ServiceChangeSummary(**mapping.summary_fields(row)) for row in rows],
        next_cursor=encode_cursor(rows[-1].submitted_at.isoformat(), rows[-1].id) if more else None,
    )


async def count_by_status(session: AsyncSession, submitted_by: str | None) -> dict[str, int]:
    """How many changes stand where; every status is there, also at zero."""
    statement = select(ServiceChangeRow.status, func.count()).group_by(ServiceChangeRow.status)
    if submitted_by:
        statement = statement.where(ServiceChangeRow.submitted_by == submitted_by)
    found = dict((await session.execute(statement)).all())
    return {status: found.get(status, 0) for status in ChangeStatus}


async def search(
    session: AsyncSession, term: str, *, submitted_by: str | None, limit: int
) -> Page[SearchHit]:
    """Changes by any identifier of theirs: ours or a vendor's. Each once, by its best match."""
    exact_first = IdentifierRow.folded != term.strip().lower()
    named = aliased(
        IdentifierRow,
        select(IdentifierRow)
        .where(_matching(term))
        .ext(distinct_on(IdentifierRow.change_id))
        .order_by(IdentifierRow.change_id, exact_first, IdentifierRow.kind)
        .subquery(),
    )
    statement = (
        select(ServiceChangeRow, named)
        .join(named, named.change_id == ServiceChangeRow.id)
        .order_by(ServiceChangeRow.submitted_at.desc(), ServiceChangeRow.id)
        .limit(limit)
    )
    if submitted_by:
        statement = statement.where(ServiceChangeRow.submitted_by == submitted_by)
    return Page(
        items=[
            SearchHit(
                change=ServiceChangeSummary(**mapping.summary_fields(row)),
                matched_kind=name.kind,
                matched_value=name.value,
            )
            for row, name in await session.execute(statement)
        ]
    )


async def read_history(session: AsyncSession, row: ServiceChangeRow) -> History:
    """A change with every attempt, audit entry and notice, for answers and timeline."""
    attempts = await session.scalars(
        select(AttemptRow).where(AttemptRow.change_id == row.id).order_by(AttemptRow.id)
    )
    audit = await session.scalars(
        select(AuditEntryRow).where(AuditEntryRow.change_id == row.id).order_by(AuditEntryRow.id)
    )
    notices = await session.scalars(
        select(NotificationRow)
        .where(NotificationRow.change_id == row.id)
        .order_by(NotificationRow.created_at, NotificationRow.id)
    )
    return History(await read_change(session, row), list(attempts), list(audit), list(notices))


async def list_audit(
    session: AsyncSession, wanted: AuditFilter, *, cursor: str | None, limit: int
) -> Page[AuditEntryView]:
    """Newest first."""
    entry = AuditEntryRow
    statement = select(entry).order_by(entry.id.desc()).limit(limit + 1)
    for column, value in (
        (entry.change_id, wanted.change_id),
        (entry.account_id, wanted.account_id),
        (entry.correlation_id, wanted.correlation_id),
        (entry.actor, wanted.actor),
        (entry.action, wanted.action),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.q:
        named = select(IdentifierRow.change_id).where(_matching(wanted.q))
        statement = statement.where(entry.change_id.in_(named))
    if wanted.since:
        statement = statement.where(entry.at >= wanted.since)
    if wanted.until:
        statement = statement.where(entry.at < wanted.until)
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not _ROW_ID.fullmatch(last):
            raise bad_cursor()
        statement = statement.where(entry.id < int(last))
    rows = list(await session.scalars(statement))
    more = len(rows) > limit
    return Page(
        items=[_audit_view(row) for row in rows[:limit]],
        next_cursor=encode_cursor(str(rows[limit - 1].id)) if more else None,
    )


def _audit_view(row: AuditEntryRow) -> AuditEntryView:
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
        facts=row.facts,
    )
