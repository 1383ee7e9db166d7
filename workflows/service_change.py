"""The life of one service change, from accepted to its end. Business order; steps live beside."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.messages import (
        ApprovalInput,
        ApprovalRequest,
        CheckInput,
        CheckResult,
        Decision,
        DecisionResult,
        FailureDetails,
        LookAgain,
        NoticeKind,
        NotifyInput,
        RefusedDecision,
        ServiceChangeInput,
        ServiceChangeResult,
        StepInput,
        TicketInput,
        TransitionInput,
        Waiting,
    )
    from domain.service_change import Action, ChangeStatus, CheckOutcome
    from domain.steps import APPLY_ORDER, Step
    from workflows import steps
    from workflows.compensation import reversals
    from workflows.decisions import Ended, ending, objection
    from workflows.policies import NEXT_ACTION, ON_STEP_FAILURE, Consequence

T = TypeVar("T")

STATUS_ATTRIBUTE = SearchAttributeKey.for_keyword("ThroughlineStatus")
US = "throughline"


@workflow.defn(name="ServiceChangeWorkflow")
class ServiceChangeWorkflow:
    """Checks, waits for people, applies in order, undoes in opposite order.

    Update `decide` and Signal `submit_decision` take the same Decision; the Update answers once
    the decision is on record and refuses what does not fit. Signal `look_again` says that
    something missing may have come. Query `status` answers the status.
    """

    @workflow.init
    def __init__(self, change: ServiceChangeInput) -> None:
        self._change = change
        self._status = ChangeStatus.PENDING
        self._round = 0
        self._approval: ApprovalRequest | None = None
        self._decision: Decision | None = None
        self._recorded: set[str] = set()
        self._look_again: LookAgain | None = None
        self._ticket_open = False
        self._begun: list[Step] = []
        self._approved = False
        self._undoing = False
        self._notices: list[workflow.ActivityHandle[None]] = []
        self._limit = timedelta(seconds=change.patience.step)

    @workflow.run
    async def run(self, change: ServiceChangeInput) -> ServiceChangeResult:
        """Take the change to its end and say which."""
        del change  # kept by the constructor, before any message could arrive
        try:
            await self._until_approved()
            await self._apply()
            end = Ended(ChangeStatus.ACTIVE, "Approved and applied in every system.")
        except Ended as ended:
            end = ended
            if self._approved:
                await self._undo(end)
        await self._become(end.status, end.reason, actor=end.actor, decision=end.decision)
        await self._tidy_up(end)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return ServiceChangeResult(status=end.status, reason=end.reason)

    # --- what it does, in reading order ---

    async def _until_approved(self) -> None:
        why: str = "Accepted."
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
        handles = steps.start_checks(
            CheckInput(change_id=self._change.change_id, round=self._round), self._limit
        )
        await workflow.wait_condition(
            lambda: self._decision is not None or all(handle.done() for handle in handles)
        )
        if self._decision is not None:
            for handle in handles:
                handle.cancel()
        results = await asyncio.gather(*handles, return_exceptions=True)
        self._taken()
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if isinstance(result, CheckResult)]

    async def _wait_for_what_is_missing(self, blocked: Sequence[CheckResult]) -> Decision | None:
        missing = tuple(Waiting(party=item.party, what=item.sentence) for item in blocked)
        ticket = TicketInput(change_id=self._change.change_id, round=self._round, missing=missing)
        await self._persist(lambda: steps.report_missing(ticket, self._limit))
        self._ticket_open = True
        self._taken()
        patience = timedelta(seconds=self._change.patience.incomplete)
        until = workflow.now() + patience
        await self._become(
            ChangeStatus.INCOMPLETE,
            " ".join(item.sentence for item in blocked),
            waiting_on=missing,
            next_action="Bring what is missing; the checks run again by themselves.",
            due_at=until,
        )
        if not await self._somebody_moved(until - workflow.now()):
            raise Ended(
                ChangeStatus.EXPIRED, f"What was missing did not come within {patience.days} days."
            )
        return self._taken()

    async def _wait_for_approval(self) -> Decision | None:
        self._taken()
        patience = timedelta(seconds=self._change.patience.approval)
        until = workflow.now() + patience
        request = ApprovalInput(change_id=self._change.change_id, round=self._round, due_at=until)
        self._approval = await steps.request_approval(request)
        self._show(ChangeStatus.AWAITING_APPROVAL)
        self._notify(NoticeKind.APPROVAL_REQUESTED, self._round)
        reminders = 0
        while (left := until - workflow.now()) > timedelta():
            pause = min(left, timedelta(seconds=self._change.patience.reminder))
            if await self._somebody_moved(pause):
                return self._taken()
            if workflow.now() < until:
                reminders += 1
                self._notify(NoticeKind.APPROVAL_REMINDER, self._round * 1000 + reminders)
        raise Ended(ChangeStatus.EXPIRED, f"Nobody decided within {patience.days} days.")

    async def _apply(self) -> None:
        for step in APPLY_ORDER:
            if step is Step.CLOSE_TICKET and not self._ticket_open:
                continue
            self._taken()
            self._begun.append(step)
            await self._persist(partial(self._perform, step, "Approved and applied."))
        self._ticket_open = False
        self._taken()

    async def _undo(self, end: Ended) -> None:
        self._undoing = True
        await self._become(
            ChangeStatus.COMPENSATING, end.reason, actor=end.actor, decision=end.decision
        )
        for step in reversals(self._begun):
            await self._persist(partial(self._perform, step, end.reason))

    async def _tidy_up(self, end: Ended) -> None:
        if self._ticket_open:
            try:
                await self._perform(Step.CLOSE_TICKET, f"The change is {end.status}: {end.reason}")
            except ActivityError:
                workflow.logger.warning("ticket left open", extra={"status": end.status})
        for notice in self._notices:
            notice.cancel()
        await asyncio.gather(*self._notices, return_exceptions=True)

    # --- how it does it ---

    async def _perform(self, step: Step, reason: str) -> None:
        what = StepInput(change_id=self._change.change_id, reason=reason)
        await steps.perform(step, what, self._limit)

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, and when it cannot go on, wait for a person and do it again."""
        resume = self._status
        while True:
            try:
                return await work()
            except ActivityError as error:
                failure = steps.failure_of(error)
                if resume is ChangeStatus.APPLYING and (
                    ON_STEP_FAILURE[failure.code] is Consequence.COMPENSATE
                ):
                    self._begun.pop()  # what was refused did not happen
                    raise Ended(
                        ChangeStatus.REJECTED,
                        f"{failure.system} refused {failure.step}"
                        + (f" ({failure.reason})." if failure.reason else "."),
                        actor=failure.system,
                    ) from error
                await self._park(failure, resume)

    async def _park(self, failure: FailureDetails, resume: ChangeStatus) -> None:
        await self._become(
            ChangeStatus.NEEDS_ATTENTION,
            f"{failure.step} at {failure.system}: {failure.code}.",
            next_action=NEXT_ACTION[failure.code],
            waiting_on=(Waiting(party="operations", what=NEXT_ACTION[failure.code]),),
        )
        self._notify(NoticeKind.NEEDS_ATTENTION, len(self._notices))
        await workflow.wait_condition(lambda: self._decision is not None)
        retry = self._taken()
        await self._become(resume, self._reason_to_look_again(retry), decision=retry)

    async def _somebody_moved(self, within: timedelta) -> bool:
        try:
            await workflow.wait_condition(
                lambda: self._decision is not None or self._look_again is not None, timeout=within
            )
        except TimeoutError:
            return False
        return True

    def _taken(self) -> Decision | None:
        """The decision waiting, if any; one that ends the change is raised as its end."""
        decision, self._decision = self._decision, None
        if decision is not None and (end := ending(decision)) is not None:
            raise end
        return decision

    async def _become(
        self,
        to: ChangeStatus,
        reason: str,
        *,
        actor: str = US,
        decision: Decision | None = None,
        waiting_on: tuple[Waiting, ...] = (),
        next_action: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        self._show(to)
        await steps.record_transition(
            TransitionInput(
                change_id=self._change.change_id,
                to=to,
                actor=decision.actor if decision else actor,
                actor_kind="person" if decision else "service",
                reason=reason,
                waiting_on=waiting_on,
                next_action=next_action,
                due_at=due_at,
                decision=decision,
            )
        )
        if decision is not None:
            self._recorded.add(decision.id)

    def _show(self, status: ChangeStatus) -> None:
        self._status = status
        workflow.set_current_details(f"Status: {status}")
        if status not in {ChangeStatus.PENDING, ChangeStatus.CHECKING}:
            workflow.upsert_search_attributes([STATUS_ATTRIBUTE.value_set(status)])

    def _notify(self, kind: NoticeKind, sequence: int) -> None:
        notice = NotifyInput(change_id=self._change.change_id, kind=kind, sequence=sequence)
        self._notices.append(steps.start_notice(notice))

    def _reason_to_look_again(self, decision: Decision | None) -> str:
        if decision is not None:
            return f"Retried: {decision.reason}"
        event = self._look_again
        return f"{event.cause}: {event.reference}" if event else "Looked again."

    # --- messages: they record, the sequence above acts ---

    def _objection(self, decision: Decision) -> tuple[str, str] | None:
        return objection(
            decision,
            status=self._status,
            submitted_by=self._change.submitted_by,
            pending=self._decision,
            approval=self._approval,
            undoing=self._undoing,
            outdated=self._look_again is not None,
        )

    @workflow.update(name="decide")
    async def decide(self, decision: Decision) -> DecisionResult:
        """Take a decision; answers once it is on record. Repeating the update id is harmless."""
        self._decision = decision
        await workflow.wait_condition(lambda: decision.id in self._recorded)
        return DecisionResult(status=self._status)

    @decide.validator
    def _decide_fits(self, decision: Decision) -> None:
        why = self._objection(decision)
        if why is not None:
            code, sentence = why
            raise ApplicationError(sentence, type=code, non_retryable=True)

    @workflow.signal(name="submit_decision")
    async def submit_decision(self, decision: Decision) -> None:
        """The same for callers that cannot wait; what does not fit is put on record."""
        why = self._objection(decision)
        if why is None:
            self._decision = decision
            return
        await steps.record_refused(
            RefusedDecision(change_id=self._change.change_id, decision=decision, why=why[1])
        )

    @workflow.signal(name="look_again")
    def look_again(self, event: LookAgain) -> None:
        """Something missing may have come; the checks run again."""
        self._look_again = event

    @workflow.query(name="status")
    def status(self) -> str:
        """The status as the workflow sees it."""
        return self._status
