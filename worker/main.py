"""The worker: runs workflows and activities until told to stop, then drains."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import uvloop
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.machinery import WORKER
from adapters.temporal.client import connect
from adapters.temporal.schedules import schedule_polling, schedule_reconciliation, schedule_report
from domain.vendor_events import SENDERS
from json_logs import configure
from settings import Settings
from tracing import tracing
from worker.bootstrap import activities, wire
from worker.heartbeats import EVERY_SECONDS, Heartbeats
from worker.life_signs import LifeSigns, process_name
from worker.running import health_page, stop_on_signals
from worker.vendor_queues import GRACE, vendor_workers
from workflows import WORKFLOWS

_LOG = logging.getLogger(__name__)

PASSED_THROUGH = (
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "opentelemetry",
    "domain",
    "activities",
)
"""Pure, deterministic modules: importing them anew for every run costs CPU and proves nothing."""

WORKFLOW_TASKS = 8
"""Taken from the engine at a time. What is taken runs against a limit of ten seconds: a worker
that takes more than it gets done loses all of it and starts over, each time with a whole history
to replay. What is not taken waits in the engine without harm."""


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox, on: a forbidden call in workflow code fails in the tests, not in a replay."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    )


@asynccontextmanager
async def _showing_life(settings: Settings, stop: asyncio.Event) -> AsyncIterator[None]:
    """Show that this worker lives while the block runs, over a connection of its own.

    It says so also while every other connection is at work.
    """
    engine = create_engine(settings.database_url, pool_size=1, application="throughline-life")
    life = LifeSigns(sessions(engine), process_name(WORKER), [settings.temporal_task_queue])
    life.has(WORKER)
    showing = asyncio.create_task(life.keep_showing(stop))
    try:
        yield
    finally:
        stop.set()
        await showing
        await engine.dispose()


async def run(settings: Settings) -> None:
    """Serve until a stop signal; raises when the engine cannot be reached at start."""
    stop = stop_on_signals()
    client = await connect(settings.temporal_target, settings.temporal_namespace)
    async with wire(settings, client) as outside:
        with ThreadPoolExecutor(max_workers=2) as pool:
            queue = settings.temporal_task_queue
            doing = activities(outside)
            worker = Worker(
                client,
                task_queue=queue,
                workflows=WORKFLOWS,
                activities=list(doing),  # also those that were put here before vendors had queues
                workflow_runner=workflow_runner(),
                workflow_task_executor=pool,
                graceful_shutdown_timeout=GRACE,
                max_concurrent_activities=settings.worker_concurrency,
                max_concurrent_workflow_tasks=WORKFLOW_TASKS,
                max_cached_workflows=2000,
                sticky_queue_schedule_to_start_timeout=timedelta(seconds=5),
                interceptors=[Heartbeats()],
                max_heartbeat_throttle_interval=timedelta(seconds=EVERY_SECONDS),
            )
            every = [*vendor_workers(client, queue, doing, settings.steps_per_second), worker]
            async with (
                AsyncExitStack() as running,
                health_page(
                    settings.worker_metrics_port, lambda: all(each.is_running for each in every)
                ),
            ):
                for each in every:
                    await running.enter_async_context(each)
                _LOG.info("worker started", extra={"task_queue": queue})
                async with _showing_life(settings, stop):
                    for system in SENDERS:
                        await schedule_polling(
                            client,
                            queue,
                            system,
                            settings.event_poll_every,
                        )
                    await schedule_reconciliation(
                        client, settings.temporal_task_queue, settings.reconcile_hour
                    )
                    await schedule_report(client, queue, settings.report_when)
                    await stop.wait()
            _LOG.info("worker drained")


def main() -> None:
    """Run from the command line: `python -m worker.main`."""
    settings = Settings()
    configure(settings.log_level)
    with tracing("throughline-worker", settings.otlp_endpoint):
        uvloop.run(run(settings))


if __name__ == "__main__":
    main()
