"""The bare counterpart of the service change: as many activities of the same kind, no I/O."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.identifiers import System
    from domain.messages import (
        ApprovalInput,
        ApprovalRequest,
        CheckInput,
        CheckResult,
        Decision,
        DecisionResult,
        EffectResult,
        NoticeKind,
        NotifyInput,
        ServiceChangeInput,
        ServiceChangeResult,
        StepInput,
        TransitionInput,
    )
    from domain.service_change import ChangeStatus, CheckName, CheckOutcome
    from domain.steps import APPLY_ORDER, Step

BARE_WORKFLOW = "BareWorkflow"
TRY = timedelta(seconds=45)
WHEN = datetime(2026, 11, 1, tzinfo=UTC)


@activity.defn(name="bare_transition")
async def transition(step: TransitionInput) -> None:
    """In the place of a recorded status."""
    del step


@activity.defn(name="bare_check")
async def check(what: CheckInput) -> CheckResult:
    """In the place of a check."""
    del what
    return CheckResult(
        name=CheckName.DATE,
        system=System.SCHEDULING,
        outcome=CheckOutcome.PASSED,
        code="ok",
        sentence="2026-12-01 can be booked (America/Los_Angeles).",
    )


@activity.defn(name="bare_request")
async def request_approval(what: ApprovalInput) -> ApprovalRequest:
    """In the place of the plan and its queue row."""
    return ApprovalRequest(
        plan_sha256="0" * 64, document_version=1, document_sha256="0" * 64, due_at=what.due_at
    )


@activity.defn(name="bare_notice")
async def notify(notice: NotifyInput) -> None:
    """In the place of a notice to operations."""
    del notice


@activity.defn(name="bare_effect")
async def effect(step: StepInput) -> EffectResult:
    """In the place of an effect at a vendor."""
    del step
    return EffectResult(step=Step.POST_BILLING_CHANGE, vendor_reference="il_00000000000000000000")


ACTIVITIES = (transition, check, request_approval, notify, effect)


@workflow.defn(name=BARE_WORKFLOW)
class BareWorkflow:
    """The order of the real one on its straight way; one Update lets it go on."""

    @workflow.init
    def __init__(self, change: ServiceChangeInput) -> None:
        self._change_id = change.change_id
        self._decision: Decision | None = None

    @workflow.run
    async def run(self, change: ServiceChangeInput) -> ServiceChangeResult:
        """Thirteen activities, as many as a change that nothing stands in the way of."""
        await self._become(ChangeStatus.CHECKING)
        question = CheckInput(change_id=change.change_id, round=1)
        await asyncio.gather(*(self._do(check, question) for _ in CheckName))
        request = ApprovalInput(change_id=change.change_id, round=1, due_at=WHEN)
        await self._do(request_approval, request)
        await self._become(ChangeStatus.AWAITING_APPROVAL)
        notice = NotifyInput(
            change_id=change.change_id, kind=NoticeKind.APPROVAL_REQUESTED, sequence=1
        )
        noticed = asyncio.ensure_future(self._do(notify, notice))
        await workflow.wait_condition(lambda: self._decision is not None)
        await self._become(ChangeStatus.APPLYING)
        for _ in [step for step in APPLY_ORDER if step is not Step.CLOSE_TICKET]:
            await self._do(effect, StepInput(change_id=change.change_id))
        await self._become(ChangeStatus.ACTIVE)
        await noticed
        return ServiceChangeResult(status=ChangeStatus.ACTIVE, reason="Nothing was done.")

    @workflow.update(name="decide")
    async def decide(self, decision: Decision) -> DecisionResult:
        """Lets it go on, whenever it comes."""
        self._decision = decision
        return DecisionResult(status=ChangeStatus.APPLYING)

    async def _become(self, status: ChangeStatus) -> None:
        step = TransitionInput(
            change_id=self._change_id,
            to=status,
            actor="throughline",
            actor_kind="service",
            reason="Nothing stands in the way.",
        )
        await self._do(transition, step)

    async def _do(self, what: Callable[[Any], Awaitable[Any]], given: object) -> None:
        await workflow.execute_activity(what, given, start_to_close_timeout=TRY)
