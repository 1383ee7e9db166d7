"""Dead letters: written when a change stands still, closed when somebody has it go on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.tables import AttemptRow, ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow
from domain.desk import due_at
from domain.failure_policy import owner_of, rule_for
from domain.messages import Parking, TransitionInput


def dead_letter_id(change_id: str, sequence: int) -> str:
    """The id of the n-th time a change stands still."""
    return f"{change_id}:{sequence}"


async def open_(
    session: AsyncSession, change: ServiceChangeRow, parking: Parking, now: datetime
) -> dict[str, Any]:
    """Write the dead letter of a change that has just been parked; its failure object."""
    details = parking.failure
    failure = mapping.failure_of(details, await _streak(session, change.id, details.step), now)
    owner = owner_of(details.code, details.step, details.system)
    session.add(
        DeadLetterRow(
            id=dead_letter_id(change.id, parking.sequence),
            change_id=change.id,
            account_id=change.account_id,
            system=details.system,
            step=details.step,
            code=details.code,
            fingerprint=failure["fingerprint"],
            reason=failure["reason"],
            owner=owner,
            next_action=rule_for(details.code, details.step, details.system).next_action,
            attempts=failure["attempts"],
            first_error=failure["first_error"],
            last_error=failure["last_error"],
            resumes=parking.resumes,
            opened_at=now,
            due_at=due_at(details.code, owner, now),
        )
    )
    return failure | {"dead_letter": dead_letter_id(change.id, parking.sequence)}


async def _streak(session: AsyncSession, change_id: str, step: str) -> Sequence[AttemptRow]:
    """The failed attempts of a step since it last succeeded, oldest first."""
    mine = (AttemptRow.change_id == change_id) & (AttemptRow.step == step)
    last_ok = (
        select(func.coalesce(func.max(AttemptRow.id), 0))
        .where(mine, AttemptRow.outcome == "ok")
        .scalar_subquery()
    )
    rows = await session.scalars(
        select(AttemptRow).where(mine, AttemptRow.id > last_ok).order_by(AttemptRow.id)
    )
    return list(rows)


async def close(
    session: AsyncSession, change: ServiceChangeRow, step: TransitionInput, now: datetime
) -> None:
    """Close what was open: whatever moved the change on has ended it."""
    by = step.decision
    await session.execute(
        update(DeadLetterRow)
        .where(DeadLetterRow.change_id == change.id, DeadLetterRow.closed_at.is_(None))
        .values(
            closed_at=now,
            closed_by=by.actor if by else step.actor,
            closed_action=by.action if by else "transition",
            closed_reason=step.reason,
        )
    )
