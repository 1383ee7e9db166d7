"""The read side: what the API answers, straight from the tables. Nothing here writes."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.change_filters import narrowed
from adapters.postgres.proposals import open_proposals, pending_view
from adapters.postgres.situations import standing_effects
from adapters.postgres.tables import (
    AttemptRow,
    AuditEntryRow,
    CheckRow,
    DocumentVersionRow,
    NotificationRow,
    ServiceChangeRow,
    TicketRow,
)
from adapters.postgres.terms import plan_by_value
from domain.contracts import (
    CheckView,
    Page,
    ServiceChangeSummary,
    ServiceChangeView,
    TicketView,
)
from domain.contracts_evidence import SyncedFieldView
from domain.errors import FieldProblem, InvalidChangeError
from domain.filters import ChangeFilters
from domain.identifiers import System
from domain.service_change import ChangeStatus, CheckName, CheckOutcome
from domain.synchronised import synchronised


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
    checks = await session.scalars(_latest_checks(row.id))
    effects = await standing_effects(session, row.id)
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


def _latest_checks(change_id: str) -> Select[CheckRow]:
    return (
        select(CheckRow)
        .where(CheckRow.change_id == change_id)
        .ext(distinct_on(CheckRow.name))
        .order_by(CheckRow.name, CheckRow.round.desc())
    )


async def synchronised_fields(
    session: AsyncSession, row: ServiceChangeRow
) -> list[SyncedFieldView]:
    """The fields of other systems that are held for a change."""
    checks = await session.scalars(_latest_checks(row.id))
    effects = await standing_effects(session, row.id)
    return synchronised(
        [check_view(item, with_facts=True) for item in checks], map(mapping.effect_view, effects)
    )


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


async def list_changes(
    session: AsyncSession,
    wanted: ChangeFilters,
    *,
    now: datetime,
    submitted_by: str | None,
    cursor: str | None,
    limit: int,
) -> Page[ServiceChangeSummary]:
    """Newest first; `submitted_by` hides what others submitted."""
    await plan_by_value(session)
    statement = narrowed(select(ServiceChangeRow), wanted, now, submitted_by).order_by(
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
