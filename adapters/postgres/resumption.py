"""Where a further run of a change goes on: everything it needs to know, from the record."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.decisions import open_dead_letter
from adapters.postgres.notices import queue_notice
from adapters.postgres.proposals import message_of
from adapters.postgres.situations import standing_effects, stands
from adapters.postgres.tables import AuditEntryRow, CheckRow, EffectRow, ServiceChangeRow, TicketRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow
from adapters.postgres.transitions import transition
from domain.errors import FailureCode
from domain.failure_policy import rule_for
from domain.identifiers import EffectKey, System
from domain.messages import (
    FailureDetails,
    NoticeKind,
    Parking,
    Resume,
    TransitionInput,
    Waiting,
)
from domain.service_change import ChangeStatus, EffectStatus
from domain.steps import APPLY_ORDER, Step

LOST = FailureDetails(
    code=FailureCode.WORKFLOW_LOST, system=System.THROUGHLINE, step="run_workflow"
)
_MAY_STAND = frozenset({EffectStatus.INTENDED, EffectStatus.UNKNOWN})


async def park_lost(
    session: AsyncSession, change: ServiceChangeRow, why: str, now: datetime
) -> None:
    """Park a change whose workflow is gone, so that a person can have it go on. No commit."""
    rule = rule_for(LOST.code, LOST.step, LOST.system)
    sequence = await _parkings(session, change.id) + 1
    await transition(
        session,
        TransitionInput(
            change_id=change.id,
            to=ChangeStatus.NEEDS_ATTENTION,
            actor="sweeper",
            actor_kind="schedule",
            reason=why,
            waiting_on=(Waiting(party="operations", what=rule.next_action),),
            next_action=rule.next_action,
            parking=Parking(sequence=sequence, failure=LOST, resumes=ChangeStatus(change.status)),
        ),
        now,
    )
    await queue_notice(session, change.id, NoticeKind.NEEDS_ATTENTION, str(sequence), now)


async def resume_of(session: AsyncSession, change: ServiceChangeRow, row: DecisionRow) -> Resume:
    """What the further run is given."""
    effects = [
        effect
        for effect in await standing_effects(session, change.id)
        if effect.step in APPLY_ORDER
    ]
    latest = {Step(effect.step): effect for effect in effects}
    begun = {
        step: effect
        for step, effect in latest.items()
        if stands(effect) or effect.status in _MAY_STAND
    }
    undoing, reason = await _undoing(session, change.id)
    return Resume(
        decision=message_of(row),
        status=ChangeStatus(change.status),
        document_version=(change.plan or {}).get("document_version", 0),
        begun=tuple(step for step in APPLY_ORDER if step in begun),
        done=tuple(step for step in APPLY_ORDER if step in begun and stands(begun[step])),
        approved=change.approved_plan_sha256 is not None,
        ticket_open=await _ticket_may_be_open(session, change.id),
        attempt_group=_group(list(begun.values()), effects),
        round=await _rounds(session, change.id),
        parkings=await _parkings(session, change.id),
        undoing=undoing,
        undoing_reason=reason,
    )


def _group(begun: list[EffectRow], effects: list[EffectRow]) -> int:
    """What may stand is carried on with under its own key; what was all undone begins a new one."""

    def groups(rows: list[EffectRow]) -> list[int]:
        return [EffectKey.parse(row.idempotency_key).attempt_group for row in rows]

    return max(groups(begun)) if begun else max(groups(effects), default=0) + 1


async def _undoing(session: AsyncSession, change_id: str) -> tuple[ChangeStatus | None, str]:
    """The status an undoing that was broken off led to, if the change was being undone."""
    parked = await open_dead_letter(session, change_id)
    if parked is None or parked.resumes != ChangeStatus.COMPENSATING:
        return None, ""
    began = await session.scalar(
        select(AuditEntryRow)
        .where(
            AuditEntryRow.change_id == change_id,
            AuditEntryRow.to_status == ChangeStatus.COMPENSATING,
            AuditEntryRow.facts.has_key("ends"),
        )
        .order_by(AuditEntryRow.id.desc())
        .limit(1)
    )
    ends = ChangeStatus(began.facts["ends"]) if began else ChangeStatus.REJECTED
    return ends, f"{ends.capitalize()} by {began.actor if began else 'throughline'}."


async def _ticket_may_be_open(session: AsyncSession, change_id: str) -> bool:
    opening = select(EffectRow.change_id).where(
        EffectRow.change_id == change_id,
        EffectRow.step == Step.OPEN_TICKET,
        EffectRow.status.in_(_MAY_STAND),
    )
    still = select(TicketRow.change_id).where(
        TicketRow.change_id == change_id, TicketRow.closed_at.is_(None)
    )
    return await session.scalar(opening.union_all(still).limit(1)) is not None


async def _rounds(session: AsyncSession, change_id: str) -> int:
    statement = select(func.max(CheckRow.round)).where(CheckRow.change_id == change_id)
    return await session.scalar(statement) or 0


async def _parkings(session: AsyncSession, change_id: str) -> int:
    statement = (
        select(func.count()).select_from(DeadLetterRow).where(DeadLetterRow.change_id == change_id)
    )
    return await session.scalar(statement) or 0
