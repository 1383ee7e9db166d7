"""Decisions about differences in SQL: taken, proposed, confirmed. Nothing is written elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.outbox import outbox_row
from adapters.postgres.reconciliation_reading import facts_of
from adapters.postgres.reconciliation_repairs import next_group
from adapters.postgres.tables import AuditEntryRow
from adapters.postgres.tables_reconciliation import DifferenceRow
from domain.reconciliation_decisions import (
    PROPOSAL_LIFE,
    DifferenceAction,
    DifferenceState,
    becomes,
)


@dataclass(frozen=True, slots=True)
class DifferenceDecision:
    """What somebody says of a difference, and why."""

    action: DifferenceAction
    actor: str
    reason: str
    correlation_id: str
    at: datetime


async def locked_difference(session: AsyncSession, id_: str) -> DifferenceRow | None:
    """The row, for a decision about it."""
    return await session.get(DifferenceRow, id_, with_for_update=True)


def expire(row: DifferenceRow, now: datetime) -> None:
    """A proposal that nobody confirmed in time is none any more."""
    if row.state != DifferenceState.REPAIR_PROPOSED or row.decision is None:
        return
    expires_at = row.decision.get("expires_at")
    if expires_at is not None and datetime.fromisoformat(expires_at) <= now:
        row.state = DifferenceState.REVIEWED


async def decide(session: AsyncSession, row: DifferenceRow, new: DifferenceDecision) -> None:
    """Take a decision that fits. What is to be repaired is started by the relay. No commit."""
    facts = facts_of(row)
    after = becomes(new.action, facts)
    seconding = new.action in {DifferenceAction.CONFIRM, DifferenceAction.DECLINE}
    if seconding:
        row.decision = (row.decision or {}) | {
            "second_actor": new.actor,
            "second_reason": new.reason,
            "second_at": new.at.isoformat(),
        }
    else:
        proposed = after is DifferenceState.REPAIR_PROPOSED
        row.decision = {
            "action": new.action,
            "actor": new.actor,
            "reason": new.reason,
            "at": new.at.isoformat(),
            "owner_value": row.owner_value,
            "value": row.value,
            "correlation_id": new.correlation_id,
            "group": await next_group(session, row.id),
            "expires_at": (new.at + PROPOSAL_LIFE).isoformat() if proposed else None,
        }
    before, row.state = row.state, after
    if after is DifferenceState.REPAIRING:
        row.failure = None
        session.add(outbox_row("repair_difference", None, {"difference": row.id}, new.at))
    session.add(difference_note(row, new, facts={"from": before, "to": after}))


def difference_note(
    row: DifferenceRow,
    new: DifferenceDecision,
    *,
    outcome: str = "done",
    why: str = "",
    facts: dict[str, object] | None = None,
) -> AuditEntryRow:
    """The audit entry of a decision, taken or refused."""
    return audit_note(
        at=new.at,
        actor=new.actor,
        actor_kind="person",
        action=f"{new.action}_difference",
        outcome=outcome,
        correlation_id=new.correlation_id,
        account_id=row.account_id,
        reason=why or new.reason,
        facts={
            "difference": row.id,
            "field": row.field,
            "system": row.system,
            "values": [row.owner_value, row.value],
            **(facts or {}),
        },
    )
