"""What the engine starts by itself, and how often."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
)

from domain.event_polling import POLLING_WORKFLOW, PollInput, polling_id
from domain.identifiers import System
from domain.morning_report import ReportTime
from domain.reconciliation_messages import ReconciliationName
from domain.report_messages import ReportName

CATCH_UP: Final = timedelta(minutes=5)
"""Polls missed while the engine was away are made up for this long back; one poll finds all."""

NIGHT_CATCH_UP: Final = timedelta(hours=12)


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
    await _have(client, polling_id(system), schedule)


async def schedule_reconciliation(client: Client, task_queue: str, hour: int) -> None:
    """Have all systems compared each night at that hour, in UTC. As safe to repeat as polling.

    A night that was missed is made up for within the day.
    """
    name = ReconciliationName.SCHEDULE
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            ReconciliationName.NIGHTLY, id=name, task_queue=task_queue
        ),
        spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(hour)])]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=NIGHT_CATCH_UP),
    )
    await _have(client, name, schedule)


async def schedule_report(client: Client, task_queue: str, when: ReportTime) -> None:
    """Have the morning report built and sent each day at its cut. As safe to repeat as polling.

    A morning that was missed is made up for within the day; the report is the same.
    """
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            ReportName.WORKFLOW, id=ReportName.SCHEDULE, task_queue=task_queue
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(when.at.hour)], minute=[ScheduleRange(when.at.minute)]
                )
            ],
            time_zone_name=when.zone,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=NIGHT_CATCH_UP),
    )
    await _have(client, ReportName.SCHEDULE, schedule)


async def _have(client: Client, name: str, schedule: Schedule) -> None:
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(name)
        await handle.update(lambda _: ScheduleUpdate(schedule))
