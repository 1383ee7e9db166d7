"""The morning report is built and mailed once a day, by a schedule, whatever fails between."""

from datetime import date, timedelta

from sqlalchemy import select
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow

from adapters.postgres.tables_reports import MorningReportRow
from adapters.temporal.schedules import schedule_report
from domain.morning_report import SETTLES_AFTER
from domain.report_messages import ReportDay, ReportName
from tests.support.clock import SIX
from tests.support.polling import eventually
from tests.support.world import World
from workflows import MorningReportWorkflow

DAY = date(2026, 11, 25)
OVERNIGHT = timedelta(hours=21)


async def kept(world: World) -> list[MorningReportRow]:
    async with world.sessions() as session:
        return list(await session.scalars(select(MorningReportRow)))


async def run(world: World, name: str) -> ReportDay:
    """The workflow as the schedule starts it, to its end."""
    handle = await world.client.start_workflow(
        MorningReportWorkflow.run, id=f"{world.task_queue}/{name}", task_queue=world.task_queue
    )
    await world.time.fast_forward(handle, SETTLES_AFTER)
    return await handle.result()


async def test_a_day_is_built_once_and_mailed_once_however_often_it_is_started(
    world: World,
) -> None:
    world.clock.advance(OVERNIGHT)

    told = [await run(world, name) for name in ("first", "second")]

    assert told == [ReportDay(day=DAY)] * 2
    (row,) = await kept(world)
    (told_once,) = world.mailbox.told
    assert (row.day, row.built_by_kind) == (DAY, "schedule")
    assert (told_once.id, told_once.facts["sha256"]) == ("morning-report:2026-11-25", row.sha256)
    assert "INCOMPLETE, 6 inputs missing" in told_once.sentence
    assert list(row.delivered) == ["mailbox"]


async def test_a_mail_server_that_is_away_gets_the_report_once_it_is_back(world: World) -> None:
    world.clock.advance(OVERNIGHT)
    world.mailbox.broken = True
    handle = await world.client.start_workflow(
        MorningReportWorkflow.run, id=f"{world.task_queue}/away", task_queue=world.task_queue
    )
    await world.time.fast_forward(handle, SETTLES_AFTER)

    (row,) = await eventually(lambda: kept(world), lambda rows: bool(rows and rows[0].undelivered))
    world.mailbox.broken = False
    await handle.result()

    assert "does not answer" in row.undelivered["mailbox"]["why"]
    (row,) = await kept(world)
    assert (list(row.delivered), row.undelivered) == (["mailbox"], {})
    assert len(world.mailbox.told) == 1


async def test_the_schedule_is_at_the_cut_in_the_zone_of_the_business(
    world: World, temporal_client: Client
) -> None:
    for _ in range(2):  # a second worker, or a restart
        await schedule_report(temporal_client, world.task_queue, SIX)
    schedule = temporal_client.get_schedule_handle(ReportName.SCHEDULE)
    try:
        described = (await schedule.describe()).schedule
        (calendar,) = described.spec.calendars
        assert (calendar.hour[0].start, calendar.minute[0].start) == (6, 0)
        assert described.spec.time_zone_name == "Europe/Berlin"

        world.clock.advance(OVERNIGHT)
        await schedule.trigger()

        async def started() -> str:
            for taken in (await schedule.describe()).info.recent_actions:
                if isinstance(taken.action, ScheduleActionExecutionStartWorkflow):
                    return taken.action.workflow_id
            return ""

        id_ = await eventually(started, bool)
        handle = temporal_client.get_workflow_handle(id_)
        await world.time.fast_forward(handle, SETTLES_AFTER)
        await handle.result()
    finally:
        await schedule.delete()
    assert [row.day for row in await kept(world)] == [DAY]
