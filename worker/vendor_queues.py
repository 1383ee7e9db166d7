"""One task queue for each vendor: a slow one keeps only its own steps waiting."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from domain.identifiers import System, vendor_queue
from worker.bootstrap import Activities
from worker.heartbeats import EVERY_SECONDS, Heartbeats

AT_A_TIME: Final = 10
"""Steps one worker does at a vendor at a time: so many calls may be in the air when a vendor begins
to throttle, no more. At 50 ms a call it is 200 a second, more than a worker makes."""

GRACE: Final = timedelta(seconds=20)
"""How long activities under way may finish before the process ends."""


def vendor_workers(
    client: Client,
    task_queue: str,
    activities: Activities,
    per_second: Mapping[System, float] | None = None,
) -> list[Worker]:
    """A worker per vendor, to be run beside the one for workflows and our own record.

    `per_second` are steps begun at a vendor by all workers together: the engine keeps to it. Every
    worker has to name the same figure, as the last one named counts
    (docs.temporal.io/develop/python/workers, `max_task_queue_activities_per_second`).
    """
    return [
        Worker(
            client,
            task_queue=vendor_queue(task_queue, system),
            activities=some,
            graceful_shutdown_timeout=GRACE,
            max_concurrent_activities=AT_A_TIME,
            max_task_queue_activities_per_second=(per_second or {}).get(system),
            interceptors=[Heartbeats()],
            max_heartbeat_throttle_interval=timedelta(seconds=EVERY_SECONDS),
        )
        for system, some in activities.at.items()
    ]
