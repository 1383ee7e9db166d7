"""One poll of one vendor, started by a schedule. When it is asked again is the schedule's."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.credentials import CredentialActivities
    from activities.event_polling import EventPollingActivities
    from domain.credential_messages import PreflightInput
    from domain.event_polling import POLLING_WORKFLOW, PollInput, PollResult
    from domain.identifiers import System
    from workflows.policies import CREDENTIAL_TRY, POLL_LIMIT, POLL_TRY, RECORD
    from workflows.steps import queue_of

PREFLIGHT: Final = "preflight"
"""Polls begun before it have no pre-flight in their histories."""

POLLS: Final[Mapping[System, Callable[..., Awaitable[PollResult]]]] = {
    System.BILLING: EventPollingActivities.poll_billing_events,
    System.TICKETING: EventPollingActivities.poll_tickets,
}
"""How each vendor that sends webhooks is asked for those that did not come."""


@workflow.defn(name=POLLING_WORKFLOW)
class EventPollingWorkflow:
    """Asks once; a vendor that is away is asked by the next run."""

    @workflow.run
    async def run(self, poll: PollInput) -> PollResult:
        """Ask the vendor and say what was missing.

        A pre-flight goes before: where our secrets are refused, the gate it closes holds the poll,
        the board says so, and nobody else has to find out by a failure.
        """
        if workflow.patched(PREFLIGHT):
            await workflow.execute_activity_method(
                CredentialActivities.check_credentials,
                PreflightInput(systems=(poll.system,)),
                start_to_close_timeout=CREDENTIAL_TRY,
                schedule_to_close_timeout=POLL_LIMIT,
                retry_policy=RECORD,
            )
        return await workflow.execute_activity_method(
            POLLS[poll.system],
            poll,
            task_queue=queue_of(poll.system),
            start_to_close_timeout=POLL_TRY,
            schedule_to_close_timeout=POLL_LIMIT,
            retry_policy=RECORD,
        )
