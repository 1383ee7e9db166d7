"""Carries accepted work from the outbox to the engine; works off the inbox; sweeps and expires."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, Final

import uvloop
from opentelemetry.trace import SpanKind
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.credential_faults import PROBE
from adapters.postgres.drift_watch import PostgresDriftWatch
from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.machinery import SWEEPER
from adapters.postgres.resumption import resume_of
from adapters.postgres.retention import expire_payloads
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from adapters.postgres.tables_desk import DecisionRow, ReplayRow
from adapters.postgres.tables_reconciliation import DifferenceRow, ReconciliationRunRow
from adapters.temporal.client import connect
from adapters.temporal.engine import TemporalEngine
from adapters.temporal.queues import Queues
from adapters.temporal.runs import WorkflowRuns
from crash_points import CrashPoints
from domain.credential_messages import ProbeInput
from domain.errors import EngineUnavailableError
from domain.identifiers import VENDORS, System
from domain.messages import LookAgain, Patience, Resume, Revised, ServiceChangeInput
from domain.reconciliation_messages import ReadingPace, ReconcileInput, RepairInput
from domain.replay_messages import Pace, ReplayInput
from domain.service_change import ChangeKind
from domain.settling import SettleInput
from json_logs import configure, correlated
from settings import Settings
from tracing import CHANGE, span, tracing
from worker.alerts import Alerts
from worker.bootstrap import announcers, now
from worker.crash_points import MortalEngine
from worker.drift_release import release_stragglers
from worker.inbox import sweep_inbox, work_off
from worker.life_signs import LifeSigns, process_name
from worker.lost_reconciliation import sweep_reconciliation
from worker.lost_workflows import LostWorkflows, sweep_replays
from worker.meters import Meters
from worker.open_effects import sweep_effects
from worker.running import health_page, stop_on_signals
from worker.secrets import sweep_secrets
from worker.sweeper import sweep
from worker.view_alerts import ViewAlerts

_LOG = logging.getLogger(__name__)
_BATCH: Final = 50
_IDLE_SECONDS: Final = 0.1
"""An empty outbox is looked at this often: what a submitter waits at most for the start."""
_AGAIN_SECONDS: Final = (1.0, 60.0)
"""First and longest pause after the engine refused a message; away, it is asked at the first."""


class Relay:
    """Dispatches outbox rows in order of acceptance, each at least once.

    The engine side is idempotent: a workflow is started once per change, and looking again twice
    is harmless. Rows are locked while they are dispatched, so relays may run side by side.
    """

    def __init__(
        self,
        sessions_: async_sessionmaker[AsyncSession],
        engine: TemporalEngine,
        patience: Patience,
        pace: Pace | None = None,
        reading: ReadingPace | None = None,
    ) -> None:
        self._sessions = sessions_
        self._engine = engine
        self._patience = patience
        self._pace = pace or Pace()
        self._reading = reading or ReadingPace()
        self._deliver: dict[str, Callable[[OutboxRow, AsyncSession], Coroutine[Any, Any, None]]] = {
            "start": self._start,
            "look_again": self._look_again,
            "revised": self._revised,
            "resume": self._resume,
            "resumed": self._resumed,
            "settle": self._settle,
            "start_replay": self._start_replay,
            "replay_steered": self._replay_steered,
            "start_reconciliation": self._start_reconciliation,
            "repair_difference": self._repair_difference,
            PROBE: self._probe_credential,
        }

    async def dispatch(self) -> int:
        """Deliver what is due; how many rows were looked at. Raises database errors."""
        async with self._sessions.begin() as session:
            rows = list(
                await session.execute(
                    select(OutboxRow, ServiceChangeRow.correlation_id)
                    .outerjoin(ServiceChangeRow, ServiceChangeRow.id == OutboxRow.change_id)
                    .where(OutboxRow.dispatched_at.is_(None), OutboxRow.available_at <= func.now())
                    .order_by(OutboxRow.available_at, OutboxRow.id)
                    .limit(_BATCH)
                    .with_for_update(skip_locked=True, of=OutboxRow)
                )
            )
            for row, correlation_id in rows:
                with correlated(correlation_id) if correlation_id else nullcontext():
                    if not await self._dispatch(row, session):
                        break
        return len(rows)

    async def _dispatch(self, row: OutboxRow, session: AsyncSession) -> bool:
        """Deliver one; False when the engine is away, so that the others need not be tried."""
        row.attempts += 1
        about = {CHANGE: row.change_id} if row.change_id else {}
        parent = row.traceparent
        try:
            with span(f"relay {row.topic}", SpanKind.CONSUMER, about, parent=parent):
                await self._deliver[row.topic](row, session)
        except EngineUnavailableError as error:
            self._postpone(row, error, _AGAIN_SECONDS[0])
            return False
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it holds up no other message
            first, longest = _AGAIN_SECONDS
            self._postpone(row, error, min(longest, first * 2 ** min(row.attempts - 1, 10)))
            return True
        row.dispatched_at = func.clock_timestamp()
        row.last_error = None
        return True

    def _postpone(self, row: OutboxRow, error: Exception, seconds: float) -> None:
        row.available_at = func.clock_timestamp() + timedelta(seconds=seconds)
        row.last_error = f"{type(error).__name__}: {error}"
        _LOG.warning(
            "not delivered", extra={"change_id": row.change_id, "error": type(error).__name__}
        )

    async def _start(self, row: OutboxRow, session: AsyncSession) -> None:
        change = await session.get_one(ServiceChangeRow, row.change_id)
        await self._engine.start(self._input(change))

    async def _resume(self, row: OutboxRow, session: AsyncSession) -> None:
        """A further run for a decision, unless it was taken since: then the run has been there."""
        change = await session.get_one(ServiceChangeRow, row.change_id)
        decision = await session.get_one(DecisionRow, row.payload["decision"])
        if decision.closed_at is None:
            resume = await resume_of(session, change, decision)
            await self._engine.start(self._input(change, resume))

    def _input(self, change: ServiceChangeRow, resume: Resume | None = None) -> ServiceChangeInput:
        return ServiceChangeInput(
            change_id=change.id,
            account_id=change.account_id,
            kind=ChangeKind(change.kind),
            submitted_by=change.submitted_by,
            patience=self._patience,
            resume=resume,
        )

    async def _look_again(self, row: OutboxRow, session: AsyncSession) -> None:
        if change_id := await self._open_change(row, session):
            await self._engine.look_again(change_id, LookAgain.model_validate(row.payload))

    async def _revised(self, row: OutboxRow, session: AsyncSession) -> None:
        if change_id := await self._open_change(row, session):
            await self._engine.revised(change_id, Revised.model_validate(row.payload))

    async def _open_change(self, row: OutboxRow, session: AsyncSession) -> str | None:
        change = await session.get_one(ServiceChangeRow, row.change_id)
        return change.id if change.ended_at is None else None

    async def _resumed(self, row: OutboxRow, session: AsyncSession) -> None:
        if change_id := await self._open_change(row, session):
            await self._engine.resumed(change_id)

    async def _settle(self, row: OutboxRow, session: AsyncSession) -> None:
        del session
        await self._engine.settle(SettleInput.model_validate(row.payload))

    async def _start_replay(self, row: OutboxRow, session: AsyncSession) -> None:
        del session
        replay = ReplayInput(replay_id=row.payload["replay"], pace=self._pace)
        await self._engine.start_replay(replay)

    async def _probe_credential(self, row: OutboxRow, session: AsyncSession) -> None:
        del session
        await self._engine.probe_credential(ProbeInput.model_validate(row.payload))

    async def _replay_steered(self, row: OutboxRow, session: AsyncSession) -> None:
        replay = await session.get_one(ReplayRow, row.payload["replay"])
        if replay.finished_at is None:
            await self._engine.steered(replay.id)

    async def _start_reconciliation(self, row: OutboxRow, session: AsyncSession) -> None:
        """Start a run, or a further one of it; the rates that hold for it go on record."""
        run = await session.get_one(ReconciliationRunRow, row.payload["run"])
        if run.finished_at is None:
            run.rates = {system: self._reading.rate_of(system) for system in VENDORS}
            await self._engine.reconcile(ReconcileInput(run_id=run.id, pace=self._reading))

    async def _repair_difference(self, row: OutboxRow, session: AsyncSession) -> None:
        difference = await session.get_one(DifferenceRow, row.payload["difference"])
        if difference.closed_at is None:
            system = System(difference.system)
            await self._engine.repair(RepairInput(difference_id=difference.id, system=system))


def patience_of(settings: Settings) -> Patience:
    """How long changes wait here."""
    return Patience(
        incomplete=settings.incomplete_expires_after.total_seconds(),
        approval=settings.approval_expires_after.total_seconds(),
        reminder=settings.approval_reminder_every.total_seconds(),
        step=settings.step_limit.total_seconds(),
    )


def pace_of(settings: Settings) -> Pace:
    """How fast replays go here."""
    return Pace(retries_per_second=settings.replay_retries_per_second, systems=settings.replay_pace)


def reading_pace_of(settings: Settings) -> ReadingPace:
    """How fast reconciliation reads here."""
    return ReadingPace(
        rate=settings.vendor_requests_per_second,
        share=settings.reconcile_share,
        rates=settings.vendor_rates,
    )


async def _keep_doing(
    what: Callable[[], Coroutine[Any, Any, bool]],
    stop: asyncio.Event,
    pause: float,
    name: str,
    life: LifeSigns,
) -> None:
    """Repeat until told to stop; a part that is away is waited for, not died of."""
    while not stop.is_set():
        try:
            with life.doing(name):
                at_once = await what()
        except (SQLAlchemyError, EngineUnavailableError, OSError) as error:
            _LOG.warning("waiting", extra={"task": name, "error": type(error).__name__})
            at_once = False
        if not at_once:
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue


async def run(settings: Settings) -> None:
    """Relay, process events and sweep until a stop signal."""
    stop = stop_on_signals()
    engine = create_engine(settings.database_url, pool_size=5, application="throughline-relay")
    client = await connect(settings.temporal_target, settings.temporal_namespace, lazy=True)
    temporal = TemporalEngine(client, settings.temporal_task_queue)
    if settings.crash_points is not None:
        temporal = MortalEngine(temporal, CrashPoints(settings.crash_points))
    relay = Relay(
        sessions(engine),
        temporal,
        patience_of(settings),
        pace_of(settings),
        reading_pace_of(settings),
    )
    runs = WorkflowRuns(client)
    lost = LostWorkflows(sessions(engine), runs, now)
    view_alerts = ViewAlerts(sessions(engine), announcers(settings), now)
    meters = Meters()
    queues = Queues(client, settings.temporal_task_queue)
    alerts = Alerts(sessions(engine), announcers(settings), queues.look, meters)
    watch = PostgresDriftWatch(sessions(engine), now)

    async def dispatch() -> bool:
        return await relay.dispatch() == _BATCH

    async def process_events() -> bool:
        return await work_off(sessions(engine), now, most=_BATCH, watch=watch) == _BATCH

    async def look_for_forgotten() -> bool:
        await sweep_inbox(sessions(engine))
        await sweep(sessions(engine), temporal, settings.unstarted_after, now)
        await sweep_effects(sessions(engine), settings.step_limit, now)
        await lost.sweep()
        await sweep_replays(sessions(engine), runs, now)
        await sweep_reconciliation(sessions(engine), runs, now)
        await release_stragglers(sessions(engine), now, os.urandom)
        await sweep_secrets(sessions(engine), now)
        return False

    async def look_at_views() -> bool:
        await view_alerts.look()
        return False

    async def look_at_measures() -> bool:
        await alerts.look()
        return False

    async def expire() -> bool:
        at = now()
        async with sessions(engine).begin() as session:
            found = await expire_payloads(session, at - settings.payload_retention, at)
        return found > 0

    life = LifeSigns(sessions(engine), process_name("relay"))
    expire_every = settings.payload_expiry_every.total_seconds()
    sweep_every = settings.sweep_every.total_seconds()
    alert_every = settings.alert_every.total_seconds()
    async with health_page(settings.relay_metrics_port, lambda: True, meters.page):
        await asyncio.gather(
            _keep_doing(dispatch, stop, _IDLE_SECONDS, "relay", life),
            _keep_doing(process_events, stop, _IDLE_SECONDS, "inbox", life),
            _keep_doing(look_for_forgotten, stop, sweep_every, SWEEPER, life),
            _keep_doing(look_at_views, stop, sweep_every, "views", life),
            _keep_doing(look_at_measures, stop, alert_every, "alerts", life),
            _keep_doing(expire, stop, expire_every, "retention", life),
            life.keep_showing(stop),
            watch.keep_writing(stop),
        )
    await engine.dispose()


def main() -> None:
    """Run from the command line: `python -m worker.relay`."""
    settings = Settings()
    configure(settings.log_level)
    with tracing("throughline-relay", settings.otlp_endpoint):
        uvloop.run(run(settings))


if __name__ == "__main__":
    main()
