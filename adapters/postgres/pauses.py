"""Pauses in SQL: set, lifted and listed, each in the transaction it is given, audited."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow
from adapters.postgres.tables_operations import PauseRow
from domain.contracts_operations import PauseView


async def list_pauses(session: AsyncSession) -> list[PauseView]:
    """Everything that is paused, oldest first."""
    rows = await session.scalars(select(PauseRow).order_by(PauseRow.at, PauseRow.scope))
    return [_view(row) for row in rows]


async def pause(
    session: AsyncSession, scope: str, *, actor: str, reason: str, correlation_id: str, at: datetime
) -> PauseView:
    """Pause it; what is paused already is paused by the latest who says so. No commit."""
    values = {"actor": actor, "reason": reason, "at": at}
    row = (
        await session.scalars(
            insert(PauseRow)
            .values(scope=scope, **values)
            .on_conflict_do_update(index_elements=["scope"], set_=values)
            .returning(PauseRow),
            execution_options={"populate_existing": True},
        )
    ).one()
    await _audit(session, "pause", row, actor=actor, correlation_id=correlation_id, at=at)
    return _view(row)


async def resume(
    session: AsyncSession, scope: str, *, actor: str, correlation_id: str, at: datetime
) -> bool:
    """Lift it and wake the changes that wait on it; False if nothing was paused. No commit."""
    row = await session.scalar(delete(PauseRow).where(PauseRow.scope == scope).returning(PauseRow))
    if row is None:
        return False
    await _audit(session, "resume", row, actor=actor, correlation_id=correlation_id, at=at)
    waiting = await session.scalars(
        select(ServiceChangeRow.id).where(
            ServiceChangeRow.ended_at.is_(None),
            ServiceChangeRow.waiting_on.contains([{"pause": scope}]),
        )
    )
    session.add_all(outbox_row("resumed", change_id, {}, at) for change_id in waiting)
    return True


async def _audit(
    session: AsyncSession,
    action: str,
    row: PauseRow,
    *,
    actor: str,
    correlation_id: str,
    at: datetime,
) -> None:
    """Who paused or resumed what; on the change's own trail where it is about one."""
    change = await session.get(ServiceChangeRow, row.scope)
    session.add(
        AuditEntryRow(
            at=at,
            actor=actor,
            actor_kind="person",
            action=action,
            outcome="done",
            change_id=change.id if change else None,
            account_id=change.account_id if change else None,
            correlation_id=correlation_id,
            reason=row.reason,
            facts={"scope": row.scope},
        )
    )


def _view(row: PauseRow) -> PauseView:
    return PauseView(scope=row.scope, actor=row.actor, reason=row.reason, at=row.at)
