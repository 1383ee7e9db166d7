"""Reports changes that stand still although their workflow runs. No commit."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.audit import audit_entry
from adapters.postgres.notices import queue_notice
from adapters.postgres.tables import ServiceChangeRow
from domain.errors import FailureCode
from domain.identifiers import System
from domain.messages import FailureDetails, NoticeKind

STALLED: Final = FailureDetails(
    code=FailureCode.STALLED, system=System.THROUGHLINE, step="run_workflow"
)


async def report_stalled(
    session: AsyncSession, change: ServiceChangeRow, why: str, now: datetime
) -> bool:
    """Show on a locked change that it stands still, and why; False if it is shown already.

    The failure is cleared by whatever moves the change.
    """
    if change.failure is not None and change.failure["code"] == FailureCode.STALLED:
        return False
    failure = mapping.failure_of(STALLED.model_copy(update={"reason": why}), (), now)
    change.failure = failure
    change.next_action = failure["next_action"]
    change.waiting_on = [{"party": failure["owner"], "what": failure["next_action"]}]
    change.updated_at = now
    session.add(
        audit_entry(
            at=now,
            actor="sweeper",
            actor_kind="schedule",
            action="report_stalled",
            change=change,
            reason=f"It does not move although its workflow runs: {why}.",
        )
    )
    await queue_notice(session, change.id, NoticeKind.STALLED, now.isoformat(), now)
    return True
