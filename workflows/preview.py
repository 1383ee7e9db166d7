"""What would become of a change: its four checks at once, and nothing else. It writes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.previewing import PreviewActivities
    from domain.previewing import PreviewCheck, PreviewInput, PreviewName, PreviewResult
    from domain.service_change import CheckName
    from domain.steps import CHECK_SYSTEM
    from workflows import steps
    from workflows.policies import HEARTBEAT, PREVIEW, PREVIEW_LIMIT

CHECKS: Final[Mapping[CheckName, Callable[..., Awaitable[PreviewCheck]]]] = {
    CheckName.ENTITLEMENT: PreviewActivities.preview_entitlement,
    CheckName.STANDING: PreviewActivities.preview_standing,
    CheckName.DATE: PreviewActivities.preview_date,
    CheckName.COMPLETENESS: PreviewActivities.preview_completeness,
}
"""In the order of the checks of a change that was submitted."""


@workflow.defn(name=PreviewName.WORKFLOW)
class PreviewServiceChangeWorkflow:
    """Asks as a change's checks do, for a caller that waits: what cannot be answered ends it."""

    @workflow.run
    async def run(self, what: PreviewInput) -> PreviewResult:
        """The checks, or the first failure among them."""
        handles = [
            workflow.start_activity_method(
                check,
                what,
                task_queue=steps.queue_of(CHECK_SYSTEM[name]),
                start_to_close_timeout=PREVIEW_LIMIT,
                schedule_to_close_timeout=PREVIEW_LIMIT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=PREVIEW,
            )
            for name, check in CHECKS.items()
        ]
        try:
            return PreviewResult(checks=tuple([await handle for handle in handles]))
        except ActivityError as error:
            await steps.cancel(handles)
            return PreviewResult(failure=steps.failure_of(error))
