"""Moves a change's status: decision, dead letter, audit entry and status in one transaction."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import dead_letters
from adapters.postgres.audit import audit_entry
from adapters.postgres.decisions import decided, take
from adapters.postgres.documents import promote_pending
from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DecisionRow
from domain.decisions import DecisionState
from domain.messages import TransitionInput, TransitionResult
from domain.service_change import FINAL, ChangeStatus, require_transition

SETTLED = "The change has moved on."


async def locked(session: AsyncSession, change_id: str) -> ServiceChangeRow:
    """The change's row, for its status to be moved.

    Rows that refer to the change hold a key share of it; asking for more than NO KEY UPDATE would
    have two activities of one change wait for each other.
    """
    return await session.get_one(ServiceChangeRow, change_id, with_for_update={"key_share": True})


async def transition(
    session: AsyncSession, step: TransitionInput, now: datetime
) -> TransitionResult:
    """See `activities.records.RecordTransaction.transition`."""
    change = await locked(session, step.change_id)
    current = ChangeStatus(change.status)
    row = await take(session, change, step.decision, now) if step.decision else None
    if row is not None and row.state == DecisionState.REFUSED:
        session.add(
            audit_entry(
                at=now,
                actor=row.actor,
                actor_kind="person",
                action=row.action,
                outcome="refused",
                change=change,
                reason=row.why,
                facts=decided(row),
            )
        )
        return TransitionResult(recorded=False, why=row.why)
    if current is step.to:
        return TransitionResult()
    require_transition(current, step.to)
    await _arrive(session, change, step, now)
    session.add(
        audit_entry(
            at=now,
            actor=step.actor,
            actor_kind=step.actor_kind,
            action=row.action if row else "transition",
            change=change,
            from_status=current,
            to_status=step.to,
            reason=(row.reason if row else "") or step.reason,
            facts=(decided(row) if row else {}) | ({"ends": step.ends} if step.ends else {}),
        )
    )
    return TransitionResult()


async def _arrive(
    session: AsyncSession, change: ServiceChangeRow, step: TransitionInput, now: datetime
) -> None:
    change.status = step.to
    change.updated_at = now
    change.ended_at = now if step.to in FINAL else None
    change.waiting_on = [item.model_dump() for item in step.waiting_on]
    change.next_action = step.next_action
    change.due_at = step.due_at
    await dead_letters.close(session, change, step, now)
    change.failure = None
    if step.parking is not None:
        change.failure = await dead_letters.open_(session, change, step.parking, now)
    if step.to is ChangeStatus.CHECKING:  # what was approved is void, and every version counts
        change.approved_plan_sha256 = None
        await promote_pending(session, change.id)
    if step.to in FINAL:
        await _lapse_proposals(session, change.id, now)


async def _lapse_proposals(session: AsyncSession, change_id: str, now: datetime) -> None:
    await session.execute(
        update(DecisionRow)
        .where(DecisionRow.change_id == change_id, DecisionRow.state == DecisionState.PROPOSED)
        .values(state=DecisionState.LAPSED, why=SETTLED, closed_at=now)
    )
