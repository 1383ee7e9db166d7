"""How the workflow has things done: which activity, under which policy. One function per intent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.billing import BillingActivities
    from activities.change_record import RecordActivities
    from activities.completeness import CompletenessActivities
    from activities.crm import CrmActivities
    from activities.entitlement import EntitlementActivities
    from activities.notification import NotificationActivities
    from activities.scheduling import SchedulingActivities
    from activities.settling import SettleActivities
    from activities.ticketing import TicketActivities
    from domain.errors import FailureCode
    from domain.identifiers import EffectKey, System, vendor_queue
    from domain.messages import (
        ApprovalInput,
        ApprovalRequest,
        CheckInput,
        CheckResult,
        EffectResult,
        FailureDetails,
        NotifyInput,
        RefusedDecision,
        RevisionInput,
        RevisionResult,
        StepInput,
        TicketInput,
        TransitionInput,
        TransitionResult,
    )
    from domain.service_change import CheckName
    from domain.settling import SettleInput, SettleResult
    from domain.steps import CHECK_SYSTEM, SYSTEM_OF, Step
    from workflows.policies import (
        HEARTBEAT,
        NOTIFY,
        NOTIFY_LIMIT,
        ONE_TRY,
        RECORD,
        RECORD_TRY,
        VENDOR,
    )

CHECKS: Final[Mapping[CheckName, Callable[..., Awaitable[CheckResult]]]] = {
    CheckName.ENTITLEMENT: EntitlementActivities.check_entitlement,
    CheckName.STANDING: BillingActivities.check_standing,
    CheckName.DATE: SchedulingActivities.check_date,
    CheckName.COMPLETENESS: CompletenessActivities.check_completeness,
}

EFFECTS: Final[Mapping[Step, Callable[..., Awaitable[EffectResult]]]] = {
    Step.POST_BILLING_CHANGE: BillingActivities.post_billing_change,
    Step.BOOK_APPOINTMENT: SchedulingActivities.book_appointment,
    Step.UPDATE_SERVICES: CrmActivities.update_services,
    Step.CLOSE_TICKET: TicketActivities.close_ticket,
    Step.REVERSE_BILLING_CHANGE: BillingActivities.reverse_billing_change,
    Step.RELEASE_APPOINTMENT: SchedulingActivities.release_appointment,
    Step.RESTORE_SERVICES: CrmActivities.restore_services,
}


def queue_of(system: System) -> str:
    """Where activities about a system are done: each vendor has a queue and a pace of its own."""
    ours = workflow.info().task_queue
    return ours if system is System.THROUGHLINE else vendor_queue(ours, system)


async def record_transition(step: TransitionInput) -> TransitionResult:
    """Record a status; waits for our database as long as it takes."""
    return await workflow.execute_activity_method(
        RecordActivities.record_transition,
        step,
        start_to_close_timeout=RECORD_TRY,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RECORD,
        summary=str(step.to),
    )


async def record_refused(refused: RefusedDecision) -> None:
    """Record a decision that does not fit."""
    await workflow.execute_activity_method(
        RecordActivities.record_refused_decision,
        refused,
        start_to_close_timeout=RECORD_TRY,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RECORD,
    )


async def request_approval(request: ApprovalInput) -> ApprovalRequest:
    """Write the plan and queue it for operations."""
    return await workflow.execute_activity_method(
        RecordActivities.request_approval,
        request,
        start_to_close_timeout=RECORD_TRY,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RECORD,
    )


async def revise_plan(revision: RevisionInput) -> RevisionResult:
    """Plan anew for the document version that is current now."""
    return await workflow.execute_activity_method(
        RecordActivities.revise_plan,
        revision,
        start_to_close_timeout=RECORD_TRY,
        retry_policy=RECORD,
    )


def start_notice(notice: NotifyInput) -> workflow.ActivityHandle[None]:
    """Begin telling operations; the change does not wait for a mail to go out."""
    return workflow.start_activity_method(
        NotificationActivities.notify_operations,
        notice,
        start_to_close_timeout=ONE_TRY,
        heartbeat_timeout=HEARTBEAT,
        schedule_to_close_timeout=NOTIFY_LIMIT,
        retry_policy=NOTIFY,
        summary=notice.kind,
    )


def start_checks(check: CheckInput, limit: timedelta) -> list[workflow.ActivityHandle[CheckResult]]:
    """Begin all checks at once."""
    return [
        workflow.start_activity_method(
            method,
            check,
            task_queue=queue_of(CHECK_SYSTEM[name]),
            start_to_close_timeout=ONE_TRY,
            heartbeat_timeout=HEARTBEAT,
            schedule_to_close_timeout=limit,
            retry_policy=VENDOR,
        )
        for name, method in CHECKS.items()
    ]


def start_effect(
    step: Step, what: StepInput, limit: timedelta
) -> workflow.ActivityHandle[EffectResult]:
    """Begin an effect or its reversal. Cancelled, it ends once the try under way is over."""
    return workflow.start_activity_method(
        EFFECTS[step],
        what,
        task_queue=queue_of(SYSTEM_OF[step]),
        start_to_close_timeout=ONE_TRY,
        heartbeat_timeout=HEARTBEAT,
        schedule_to_close_timeout=limit,
        retry_policy=VENDOR,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


def start_report(missing: TicketInput, limit: timedelta) -> workflow.ActivityHandle[EffectResult]:
    """Begin saying in a ticket what is missing. Cancelled, it ends once its try is over."""
    return workflow.start_activity_method(
        TicketActivities.report_missing,
        missing,
        task_queue=queue_of(System.TICKETING),
        start_to_close_timeout=ONE_TRY,
        heartbeat_timeout=HEARTBEAT,
        schedule_to_close_timeout=limit,
        retry_policy=VENDOR,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def settle(what: SettleInput) -> SettleResult:
    """Find out what became of an effect; a vendor that is away is asked for as long as it takes."""
    return await workflow.execute_activity_method(
        SettleActivities.settle_effect,
        what,
        task_queue=queue_of(SYSTEM_OF[Step(EffectKey.parse(what.effect_key).step)]),
        start_to_close_timeout=ONE_TRY,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=VENDOR,
    )


async def cancel(handles: Sequence[workflow.ActivityHandle[Any]]) -> None:
    """End what is still being tried; what became of each is left to its handle."""
    for handle in handles:
        handle.cancel()
    await asyncio.gather(*handles, return_exceptions=True)


def failure_of(error: ActivityError) -> FailureDetails:
    """What went wrong, beneath the engine's wrappers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ApplicationError) and cause.details:
            return FailureDetails.model_validate(cause.details[0])
        cause = cause.__cause__
    return FailureDetails(
        code=FailureCode.INTERNAL, system=System.THROUGHLINE, step=error.activity_type
    )
