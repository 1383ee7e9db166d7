"""Finds accepted changes without a workflow and has the relay start them again."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import audit_entry
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from adapters.temporal.engine import TemporalEngine
from domain.service_change import ChangeStatus
from json_logs import correlated

_LOG = logging.getLogger(__name__)
_BATCH = 200


async def sweep(
    sessions: async_sessionmaker[AsyncSession],
    engine: TemporalEngine,
    unstarted_after: timedelta,
    clock: Callable[[], datetime],
) -> list[str]:
    """The changes that were found forgotten and put back into the outbox. Safe to repeat.

    Forgotten: pending, nothing left for it in the outbox nor just delivered, and no workflow at
    the engine. Ages are by the database's clock; `clock` only dates what is written. Raises
    EngineUnavailableError and database errors.
    """
    under_way = exists().where(
        OutboxRow.change_id == ServiceChangeRow.id,
        or_(
            OutboxRow.dispatched_at.is_(None),
            OutboxRow.dispatched_at > func.now() - unstarted_after,
        ),
    )
    async with sessions() as session:
        candidates = list(
            await session.scalars(
                select(ServiceChangeRow.id)
                .where(ServiceChangeRow.status == ChangeStatus.PENDING, ~under_way)
                .order_by(ServiceChangeRow.submitted_at)
                .limit(_BATCH)
            )
        )
    forgotten = [change_id for change_id in candidates if not await engine.knows(change_id)]
    for change_id in forgotten:
        async with sessions.begin() as session:
            change = await session.get_one(ServiceChangeRow, change_id)
            with correlated(change.correlation_id):
                _LOG.warning("accepted without workflow", extra={"change_id": change_id})
            session.add(outbox_row("start", change_id, {}, clock()))
            session.add(
                audit_entry(
                    at=clock(),
                    actor="sweeper",
                    actor_kind="schedule",
                    action="restart",
                    change=change,
                    reason="Accepted, but no workflow was found; started again.",
                )
            )
    return forgotten
