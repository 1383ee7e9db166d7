"""The life of one service change, from accepted to its end. Business order; steps live beside."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from domain.messages import (
        ApprovalInput,
        CheckInput,
        CheckResult,
        Decision,
        EngineName,
        FailureDetails,
        NoticeKind,
        ServiceChangeInput,
        ServiceChangeResult,
        StepInput,
        TicketInput,
        Waiting,
    )
    from domain.service_change import Action, ChangeStatus, CheckOutcome
    from domain.steps import APPLY_ORDER, Step
    from workflows import steps
    from workflows.compensation import reversals
    from workflows.decisions import Ended
    from workflows.pausing import Pausing
    from workflows.policies import NEXT_ACTION, ON_STEP_FAILURE, Consequence

T = TypeVar("T")


@workflow.defn(name=EngineName.WORKFLOW)
class ServiceChangeWorkflow(Pausing):
    """Checks, waits for people, applies in order, undoes in opposite order."""

    @workflow.init
    def __init__(self, change: ServiceChangeInput) -> None:
        super().__init__(change)
        self._limit = timedelta(seconds=change.patience.step)
        self._round = 0
        self._ticket_open = False
        self._begun: list[Step] = []
        self._approved = False

    @workflow.run
    async def run(self, change: ServiceChangeInput) -> ServiceChangeResult:
        """Take the change to its end and say which."""
        del change  # kept by the constructor, before any message could arrive
        try:
            await self._until_approved()
            await self._apply()
            end = Ended(ChangeStatus.ACTIVE, "Approved and applied in every system.")
        except Ended as ended:
            end = await self._undo(ended) if self._approved else ended
        await self._become(end.status, end.reason, actor=end.actor, decision=end.decision)
        await self._tidy_up(end)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return ServiceChangeResult(status=end.status, reason=end.reason)

    # --- what it does, in reading order ---

    async def _until_approved(self) -> None:
        why = "Accepted."
        decision: Decision | None = None
        while True:
            self._round += 1
            self._look_again = None
            await self._become(ChangeStatus.CHECKING, why, decision=decision)
            results = await self._persist(self._check)
            against = [r for r in results if r.outcome is not CheckOutcome.PASSED]
            denied = [r for r in against if r.outcome is CheckOutcome.DENIED]
            if denied:
                raise Ended(ChangeStatus.REJECTED, denied[0].sentence)
            if against:
                decision = await self._wait_for_what_is_missing(against)
            else:
                decision = await self._wait_for_approval()
            if decision is not None and decision.action is Action.APPROVE:
                self._approved = True
                await self._become(ChangeStatus.APPLYING, decision.reason, decision=decision)
                return
            why = self._reason_to_look_again(decision)

    async def _check(self) -> Sequence[CheckResult]:
        check = CheckInput(change_id=self._change.change_id, round=self._round)
        handles = steps.start_checks(check, self._limit)
        await self._unless_decided(handles)
        return [handle.result() for handle in handles]

    async def _wait_for_what_is_missing(self, blocked: Sequence[CheckResult]) -> Decision | None:
        missing = tuple(Waiting(party=item.party, what=item.sentence) for item in blocked)
        ticket = TicketInput(change_id=self._change.change_id, round=self._round, missing=missing)
        self._ticket_open = True  # or may be, if nobody confirms it; closing looks for it
        await self._persist(lambda: self._unless_decided([steps.start_report(ticket, self._limit)]))
        until = workflow.now() + timedelta(seconds=self._change.patience.incomplete)
        await self._become(
            ChangeStatus.INCOMPLETE,
            " ".join(item.sentence for item in blocked),
            waiting_on=missing,
            next_action="Bring what is missing; the checks run again by themselves.",
            due_at=until,
        )
        if not await self._somebody_speaks(until - workflow.now()):
            raise Ended(ChangeStatus.EXPIRED, f"What was missing did not come by {_minute(until)}.")
        return self._taken()

    async def _wait_for_approval(self) -> Decision | None:
        until = workflow.now() + timedelta(seconds=self._change.patience.approval)
        request = ApprovalInput(change_id=self._change.change_id, round=self._round, due_at=until)
        self._approval = await steps.request_approval(request)
        await self._become(
            ChangeStatus.AWAITING_APPROVAL,
            "All checks passed.",
            next_action="An operator who did not submit it approves or rejects it.",
            due_at=until,
        )
        self._notify(NoticeKind.APPROVAL_REQUESTED, self._round)
        reminders = 0
        while (left := until - workflow.now()) > timedelta():
            pause = min(left, timedelta(seconds=self._change.patience.reminder))
            if await self._somebody_speaks(pause):
                return self._taken()
            if workflow.now() < until:
                reminders += 1
                self._notify(NoticeKind.APPROVAL_REMINDER, self._round * 1000 + reminders)
        raise Ended(ChangeStatus.EXPIRED, f"Nobody decided by {_minute(until)}.")

    async def _apply(self) -> None:
        for step in APPLY_ORDER:
            if step is Step.CLOSE_TICKET and not self._ticket_open:
                continue
            self._taken()
            self._begun.append(step)
            await self._persist(partial(self._perform, step, "Approved and applied."))
        self._ticket_open = False

    async def _undo(self, end: Ended) -> Ended:
        """Reverse what was begun, last first; the end as it then remains to be recorded."""
        self._undoing = True
        await self._become(
            ChangeStatus.COMPENSATING, end.reason, actor=end.actor, decision=end.decision
        )
        for step in reversals(self._begun):
            await self._persist(partial(self._perform, step, end.reason))
        return Ended(end.status, end.reason)

    async def _tidy_up(self, end: Ended) -> None:
        if self._ticket_open:
            try:
                why = f"The change is {end.status}: {end.reason}"
                await self._unpaused(partial(self._perform, Step.CLOSE_TICKET, why))
            except ActivityError:
                workflow.logger.warning("ticket left open", extra={"status": end.status})
        await steps.cancel(self._notices)

    # --- how it does it ---

    async def _perform(self, step: Step, reason: str) -> None:
        what = StepInput(change_id=self._change.change_id, reason=reason)
        await self._unless_decided([steps.start_effect(step, what, self._limit)])

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, and when it cannot go on, wait for a person and do it again."""
        resume = self._status
        while True:
            try:
                return await self._unpaused(work)
            except ActivityError as error:
                failure = steps.failure_of(error)
                applying = resume is ChangeStatus.APPLYING
                if applying and ON_STEP_FAILURE[failure.code] is Consequence.COMPENSATE:
                    self._begun.pop()  # what was refused did not happen
                    raise _refused_by(failure) from error
                await self._park(failure, resume)

    async def _park(self, failure: FailureDetails, resume: ChangeStatus) -> None:
        """Wait for a person to say that it may go on, and go on from where it was."""
        await self._become(
            ChangeStatus.NEEDS_ATTENTION,
            f"{failure.step} at {failure.system}: {failure.code}.",
            next_action=NEXT_ACTION[failure.code],
            waiting_on=(Waiting(party="operations", what=NEXT_ACTION[failure.code]),),
        )
        self._notify(NoticeKind.NEEDS_ATTENTION, len(self._notices))
        await workflow.wait_condition(lambda: self._pending is not None)
        retry = self._taken()
        await self._become(resume, self._reason_to_look_again(retry), decision=retry)

    def _reason_to_look_again(self, decision: Decision | None) -> str:
        if decision is not None:
            return f"Retried: {decision.reason}"
        event = self._look_again
        return f"{event.cause}: {event.reference}" if event else "Looked again."


def _refused_by(failure: FailureDetails) -> Ended:
    why = f" ({failure.reason})" if failure.reason else ""
    return Ended(
        ChangeStatus.REJECTED,
        f"{failure.system} refused {failure.step}{why}.",
        actor=failure.system,
    )


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
