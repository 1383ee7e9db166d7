"""Finds work on record whose workflow is gone or does not move. Ages are by the database's clock.

A change whose workflow is gone is parked, one that stands still in spite of its workflow is
reported, and a replay is given a further run.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.outbox import outbox_row
from adapters.postgres.resumption import park_lost
from adapters.postgres.stalls import report_stalled
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from adapters.postgres.tables_desk import ReplayRow
from adapters.postgres.transitions import locked
from adapters.temporal.runs import UNKNOWN, Run, WorkflowRuns
from domain.errors import FailureCode
from domain.identifiers import change_id_of, replay_workflow_id, workflow_id
from domain.service_change import OPEN, ChangeStatus
from json_logs import correlated

_LOG = logging.getLogger(__name__)
Clock = Callable[[], datetime]

MUST_RUN: Final = OPEN - {ChangeStatus.NEEDS_ATTENTION}
"""Statuses in which something has to happen by itself, so that a workflow must be there. A parked
change goes on by a further run if its own is gone."""

LISTED_SINCE: Final = timedelta(hours=6)
"""How far back the engine's list of ended runs is read; what ended earlier is met in turn."""

OVERDUE: Final = timedelta(minutes=1)
"""So long after its time a change that waits should have been expired by its workflow."""

_LISTED: Final = 500
_IN_TURN: Final = 300
"""Open changes looked at in one sweep beside those listed: with one every 20 s, 900 a minute."""
_AT_ONCE: Final = 10

_C = ServiceChangeRow
_about_to_run: Final = exists().where(
    OutboxRow.change_id == _C.id,
    OutboxRow.topic.in_(["start", "resume"]),
    OutboxRow.dispatched_at.is_(None),
)


class LostWorkflows:
    """Sweeps changes. It remembers whom it looked at last, so that everybody has a turn."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], runs: WorkflowRuns, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._runs = runs
        self._clock = clock
        self._last = ""

    async def sweep(self) -> list[str]:
        """The changes that were parked or reported now. Safe to repeat, bounded in its work.

        Looked at: changes of which the engine lists a run that ended badly, changes that are past
        their time, and the next of all open ones in turn. `clock` dates what is written. Raises
        EngineUnavailableError and database errors.
        """
        suspects = await self._listed()
        overdue = await self._overdue()
        looked_at = [*dict.fromkeys([*suspects, *overdue, *await self._next_in_turn()])]
        runs = await self._look(looked_at)
        found = []
        for change_id, run in zip(looked_at, runs, strict=True):
            if run.ended is not None:
                done = await self._park(change_id)
            else:
                late = run.stuck is not None or change_id in overdue
                done = late and await self._report(change_id, run)
            if done:
                found.append(change_id)
        return found

    async def _listed(self) -> Sequence[str]:
        async with self._sessions() as session:
            now: datetime = (await session.scalars(select(func.now()))).one()
        badly = [
            change_id_of(workflow)
            async for workflow in self._runs.ended_badly(now - LISTED_SINCE, _LISTED)
        ]
        return await self._ids(select(_C.id).where(_C.id.in_(badly)).limit(_LISTED))

    async def _overdue(self) -> Sequence[str]:
        known = func.coalesce(_C.failure["code"].astext, "") == FailureCode.STALLED
        late = select(_C.id).where(_C.due_at < func.now() - OVERDUE, ~known)
        return await self._ids(late.order_by(_C.due_at).limit(_IN_TURN))

    async def _next_in_turn(self) -> Sequence[str]:
        following = select(_C.id).where(_C.id > self._last).order_by(_C.id).limit(_IN_TURN)
        found = await self._ids(following)
        self._last = found[-1] if len(found) == _IN_TURN else ""
        return found

    async def _ids(self, statement: Select[str]) -> Sequence[str]:
        async with self._sessions() as session:
            rows = await session.scalars(
                statement.where(_C.status.in_(MUST_RUN), _C.ended_at.is_(None), ~_about_to_run)
            )
            return list(rows)

    async def _look(self, change_ids: Sequence[str]) -> Sequence[Run]:
        few = asyncio.Semaphore(_AT_ONCE)

        async def look(change_id: str) -> Run:
            async with few:
                return await self._runs.latest(workflow_id(change_id))

        return await asyncio.gather(*(look(change_id) for change_id in change_ids))

    async def _park(self, change_id: str) -> bool:
        """Park it, if it is still so once nobody else can move it."""
        async with self._sessions.begin() as session:
            change = await self._still_open(session, change_id)
            if change is None:
                return False
            run = await self._runs.latest(workflow_id(change_id))
            unstarted = run.ended == UNKNOWN and change.status == ChangeStatus.PENDING
            if run.ended is None or unstarted:
                return False
            await park_lost(session, change, f"Its workflow {run.ended}.", self._clock())
        with correlated(change.correlation_id):
            _LOG.warning("workflow lost", extra={"change_id": change_id, "how": run.ended})
        return True

    async def _report(self, change_id: str, run: Run) -> bool:
        """Report that it stands still, once, if it is still so."""
        async with self._sessions.begin() as session:
            change = await self._still_open(session, change_id)
            if change is None:
                return False
            late = change.due_at and f"it was due {change.due_at:%Y-%m-%d %H:%M} UTC"
            why = run.stuck or late
            if not why or not await report_stalled(session, change, why, self._clock()):
                return False
        with correlated(change.correlation_id):
            _LOG.warning("workflow does not move", extra={"change_id": change_id})
        return True

    async def _still_open(self, session: AsyncSession, change_id: str) -> ServiceChangeRow | None:
        """The change, locked, unless it has moved on or a run of it is about to begin."""
        change = await locked(session, change_id)
        waiting = select(OutboxRow.id).where(
            OutboxRow.change_id == change_id,
            OutboxRow.topic.in_(["start", "resume"]),
            OutboxRow.dispatched_at.is_(None),
        )
        if change.status not in MUST_RUN or await session.scalar(waiting.limit(1)) is not None:
            return None
        return change


async def sweep_replays(
    sessions: async_sessionmaker[AsyncSession], runs: WorkflowRuns, clock: Clock
) -> list[str]:
    """The replays that are not over and have no workflow, given a further run. Safe to repeat.

    Raises EngineUnavailableError and database errors.
    """
    waiting = exists().where(
        OutboxRow.payload["replay"].astext == ReplayRow.id,
        OutboxRow.topic == "start_replay",
        OutboxRow.dispatched_at.is_(None),
    )
    async with sessions() as session:
        unfinished = list(
            await session.scalars(
                select(ReplayRow.id).where(ReplayRow.finished_at.is_(None), ~waiting)
            )
        )
    found = []
    for replay_id in unfinished:
        if (await runs.latest(replay_workflow_id(replay_id))).ended is not None:
            async with sessions.begin() as session:
                session.add(outbox_row("start_replay", None, {"replay": replay_id}, clock()))
            found.append(replay_id)
            _LOG.warning("replay without workflow", extra={"replay": replay_id})
    return found
