"""Finds runs and repairs that are not over and have no workflow, and has them go on."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Exists, exists, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import OutboxRow
from adapters.postgres.tables_reconciliation import DifferenceRow, ReconciliationRunRow
from adapters.temporal.runs import WorkflowRuns
from domain.reconciliation_decisions import DifferenceState
from domain.reconciliation_messages import reconciliation_workflow_id, repair_workflow_id

_LOG = logging.getLogger(__name__)


async def sweep_reconciliation(
    sessions: async_sessionmaker[AsyncSession], runs: WorkflowRuns, clock: Callable[[], datetime]
) -> list[str]:
    """Those that were given a further run, which goes on from the record. Safe to repeat.

    Raises EngineUnavailableError and database errors.
    """
    run, difference = ReconciliationRunRow, DifferenceRow
    async with sessions() as session:
        reading = await session.scalars(
            select(run.id).where(
                run.finished_at.is_(None), ~_waiting("start_reconciliation", "run", run)
            )
        )
        repairing = await session.scalars(
            select(difference.id).where(
                difference.state == DifferenceState.REPAIRING,
                ~_waiting("repair_difference", "difference", difference),
            )
        )
        unfinished = [
            *(("start_reconciliation", "run", id_, reconciliation_workflow_id(id_))
              for id_ in reading),
            *(("repair_difference", "difference", id_, repair_workflow_id(id_))
              for id_ in repairing),
        ]  # fmt: skip
    found = []
    for topic, name, id_, workflow in unfinished:
        if (await runs.latest(workflow)).ended is not None:
            async with sessions.begin() as session:
                session.add(outbox_row(topic, None, {name: id_}, clock()))
            found.append(id_)
            _LOG.warning("without workflow", extra={name: id_})
    return found


def _waiting(
    topic: str, name: str, row: type[ReconciliationRunRow] | type[DifferenceRow]
) -> Exists:
    """A message about it is on its way."""
    return exists().where(
        OutboxRow.payload[name].astext == row.id,
        OutboxRow.topic == topic,
        OutboxRow.dispatched_at.is_(None),
    )
