"""The worker of the bare workflow, set up as the real one is (see `worker.main`), until stopped.

`python -m benchmarks.bare_worker ADDRESS NAMESPACE TASK_QUEUE`
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.worker import Worker

from adapters.temporal.client import connect
from benchmarks.bare_workflow import ACTIVITIES, BareWorkflow
from worker.main import workflow_runner
from worker.running import stop_on_signals
from worker.vendor_queues import GRACE


async def run(address: str, namespace: str, task_queue: str) -> None:
    """Serve until a stop signal."""
    stop = stop_on_signals()
    client = await connect(address, namespace)
    with ThreadPoolExecutor(max_workers=4) as pool:
        async with Worker(
            client,
            task_queue=task_queue,
            workflows=[BareWorkflow],
            activities=ACTIVITIES,
            workflow_runner=workflow_runner(),
            workflow_task_executor=pool,
            graceful_shutdown_timeout=GRACE,
            max_cached_workflows=2000,
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
        ):
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:4]))
