"""The read side of the dead-letter desk. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.drift_links import stands_still_for
from adapters.postgres.proposals import pending_view
from adapters.postgres.reading import encode_cursor, read_change, timed_place
from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow
from domain.contracts import Page, PermissionView, ServiceChangeSummary
from domain.contracts_desk import (
    AccountView,
    DeadLetterView,
    SecondApprovalView,
)
from domain.contracts_failures import ErrorView, PendingDecisionView
from domain.decisions import DecisionState
from domain.desk import is_overdue
from domain.errors import FailureCode
from domain.failure_policy import cause_of
from domain.identifiers import System
from domain.permissions import may_second
from domain.personal_data import masked
from domain.service_change import Action, Role

_D = DeadLetterRow
SHOWN_OF_ACCOUNT = 200


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """What the desk is narrowed to. Only what is open, unless `closed` asks for the rest too."""

    fingerprint: str | None = None
    system: System | None = None
    code: FailureCode | None = None
    step: str | None = None
    owner: str | None = None
    account_id: str | None = None
    change_id: str | None = None
    opened_before: datetime | None = None
    drift: str | None = None
    """What one drift parked, and no other that is still open."""
    closed: bool = False

    def narrow(self, statement: Select[tuple[DeadLetterRow]]) -> Select[tuple[DeadLetterRow]]:
        """The statement with every condition given."""
        for column, value in (
            (_D.fingerprint, self.fingerprint),
            (_D.system, self.system),
            (_D.code, self.code),
            (_D.step, self.step),
            (_D.owner, self.owner),
            (_D.account_id, self.account_id),
            (_D.change_id, self.change_id),
        ):
            if value is not None:
                statement = statement.where(column == value)
        if self.drift is not None:
            statement = statement.where(stands_still_for(self.drift))
        if self.opened_before is not None:
            statement = statement.where(_D.opened_at < self.opened_before)
        return statement if self.closed else statement.where(_D.closed_at.is_(None))


async def list_dead_letters(
    session: AsyncSession,
    wanted: DeadLetterFilter,
    now: datetime,
    *,
    cursor: str | None,
    limit: int,
) -> Page[DeadLetterView]:
    """Dead letters, the oldest first."""
    statement = wanted.narrow(select(_D)).order_by(_D.opened_at, _D.id).limit(limit + 1)
    if cursor:
        after = timed_place(cursor)
        statement = statement.where(tuple_(_D.opened_at, _D.id) > after)
    rows: list[DeadLetterRow] = list(await session.scalars(statement))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        items=[dead_letter_view(row, now) for row in rows],
        next_cursor=encode_cursor(rows[-1].opened_at.isoformat(), rows[-1].id) if more else None,
    )


def dead_letter_view(row: DeadLetterRow, now: datetime) -> DeadLetterView:
    """A dead letter as the API answers it."""
    code, system = FailureCode(row.code), System(row.system)
    return DeadLetterView(
        id=row.id,
        change_id=row.change_id,
        account_id=row.account_id,
        system=system,
        step=row.step,
        code=code,
        cause=cause_of(code, row.step, system),
        fingerprint=row.fingerprint,
        reason=row.reason,
        words=row.last_error["words"],
        owner=row.owner,
        next_action=row.next_action,
        attempts=row.attempts,
        first_error=ErrorView.model_validate(row.first_error),
        last_error=ErrorView.model_validate(row.last_error),
        opened_at=row.opened_at,
        due_at=row.due_at,
        overdue=is_overdue(row.due_at, row.closed_at, now),
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        closed_action=row.closed_action,
        closed_reason=row.closed_reason,
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the queue: what they may do stands beside what they see."""

    name: str
    role: Role


async def second_approvals(
    session: AsyncSession,
    now: datetime,
    reader: Reader,
    *,
    account_id: str | None = None,
    change_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[SecondApprovalView]:
    """Decisions that wait for a second person, the oldest first."""
    statement = (
        select(DecisionRow, ServiceChangeRow)
        .join(ServiceChangeRow, ServiceChangeRow.id == DecisionRow.change_id)
        .where(DecisionRow.state == DecisionState.PROPOSED, DecisionRow.expires_at > now)
        .order_by(DecisionRow.at, DecisionRow.id)
        .limit(limit + 1)
    )
    if account_id is not None:
        statement = statement.where(ServiceChangeRow.account_id == account_id)
    if change_id is not None:
        statement = statement.where(DecisionRow.change_id == change_id)
    if cursor:
        after = timed_place(cursor)
        statement = statement.where(tuple_(DecisionRow.at, DecisionRow.id) > after)
    rows = list(await session.execute(statement))
    more = len(rows) > limit
    items = [
        SecondApprovalView(
            **_masked(pending_view(row, await read_change(session, change))),
            change=ServiceChangeSummary(**mapping.summary_fields(change)),
            caller=_may_second(row, reader),
        )
        for row, change in rows[:limit]
    ]
    last_row = rows[limit - 1][0] if more else None
    return Page(
        items=items,
        next_cursor=encode_cursor(last_row.at.isoformat(), last_row.id) if last_row else None,
    )


def _masked(decision: PendingDecisionView) -> dict[str, Any]:
    """A list shows no personal fields; the change itself shows them to whoever asks for them."""
    fields = decision.model_dump()
    return fields | {"differences": masked(fields["differences"])}


def _may_second(row: DecisionRow, reader: Reader) -> PermissionView:
    may = may_second(
        Action(row.action), role=reader.role, principal=reader.name, proposed_by=row.actor
    )
    return PermissionView(action=may.action, allowed=may.allowed, reason=may.reason)


async def read_account(
    session: AsyncSession, account_id: str, now: datetime, reader: Reader
) -> AccountView:
    """What is under way for an account; an account nobody asked about has nothing."""
    changes = await session.scalars(
        select(ServiceChangeRow)
        .where(ServiceChangeRow.account_id == account_id, ServiceChangeRow.ended_at.is_(None))
        .order_by(ServiceChangeRow.submitted_at)
        .limit(SHOWN_OF_ACCOUNT)
    )
    pending = await second_approvals(
        session, now, reader, account_id=account_id, limit=SHOWN_OF_ACCOUNT
    )
    wanted = DeadLetterFilter(account_id=account_id)
    letters = await list_dead_letters(session, wanted, now, cursor=None, limit=SHOWN_OF_ACCOUNT)
    return AccountView(
        account_id=account_id,
        open_changes=[ServiceChangeSummary(**mapping.summary_fields(row)) for row in changes],
        pending_decisions=pending.items,
        dead_letters=letters.items,
    )
