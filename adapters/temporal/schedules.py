"""What the engine starts by itself, and how often."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)

from domain.event_polling import POLLING_WORKFLOW, PollInput, polling_id
from domain.identifiers import System

CATCH_UP: Final = timedelta(minutes=5)
"""Polls missed while the engine was away are made up for this long back; one poll finds all."""


async def schedule_polling(
    client: Client, task_queue: str, system: System, every: timedelta
) -> None:
    """Have a vendor polled from now on; a schedule that is there takes on what is given.

    Safe to repeat, and from several workers at once. One poll at a time: a slow one is not joined
    by the next. Raises RPCError when the engine does not answer.
    """
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            POLLING_WORKFLOW,
            PollInput(system=system),
            id=polling_id(system),
            task_queue=task_queue,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
    try:
        await client.create_schedule(polling_id(system), schedule)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(polling_id(system))
        await handle.update(lambda _: ScheduleUpdate(schedule))
