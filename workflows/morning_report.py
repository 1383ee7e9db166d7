"""The morning report of one day, started by a schedule at its cut."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.reporting import ReportActivities
    from domain.morning_report import SETTLES_AFTER
    from domain.report_messages import ReportDay, ReportName
    from workflows.policies import HEARTBEAT, NOTIFY, NOTIFY_LIMIT, ONE_TRY, RECORD, REPORT_TRY


@workflow.defn(name=ReportName.WORKFLOW)
class MorningReportWorkflow:
    """Waits until what was begun before the cut is on record; builds; sends."""

    @workflow.run
    async def run(self) -> ReportDay:
        """The day that was reported on. A mail that cannot go out is on record with the report."""
        await workflow.sleep(SETTLES_AFTER)
        report = await workflow.execute_activity_method(
            ReportActivities.build_morning_report,
            start_to_close_timeout=REPORT_TRY,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RECORD,
        )
        try:
            await workflow.execute_activity_method(
                ReportActivities.send_morning_report,
                report,
                start_to_close_timeout=ONE_TRY,
                schedule_to_close_timeout=NOTIFY_LIMIT,
                retry_policy=NOTIFY,
            )
        except ActivityError:
            workflow.logger.warning("the morning report could not be sent")
        return report
