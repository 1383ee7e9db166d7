"""The life of one service change, from accepted to its end. Business order; steps live beside."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import (
        ApprovalInput,
        CheckInput,
        CheckResult,
        Decision,
        EngineName,
        NoticeKind,
        Resume,
        RevisionInput,
        ServiceChangeInput,
        ServiceChangeResult,
        StepInput,
        TicketInput,
        Waiting,
    )
    from domain.service_change import FINAL, Action, ChangeStatus, CheckOutcome
    from domain.steps import APPLY_ORDER, Step
    from workflows import steps
    from workflows.compensation import reversals
    from workflows.decisions import Ended, Redo, Revised, ending
    from workflows.parking import Parkable


@workflow.defn(name=EngineName.WORKFLOW)
class ServiceChangeWorkflow(Parkable):
    """Checks, waits for people, applies in order, undoes in opposite order.

    One run takes a change from accepted to its end. A further run goes on from the record: after
    a run that was lost, or when a revised document is applied to an active change.
    """

    @workflow.init
    def __init__(self, change: ServiceChangeInput) -> None:
        super().__init__(change)
        self._limit = timedelta(seconds=change.patience.step)
        resume = change.resume
        self._round = resume.round if resume else 0
        self._group = resume.attempt_group if resume else 1
        self._parkings = resume.parkings if resume else 0
        self._ticket_open = resume.ticket_open if resume else False
        self._to_revise = False
        self._approved = resume.approved if resume else False
        if resume is not None:
            self._status = resume.status
            self._begun = list(resume.begun)
            self._done = set(resume.done)
            self._settled_version = resume.document_version

    @workflow.run
    async def run(self, change: ServiceChangeInput) -> ServiceChangeResult:
        """Take the change to its end and say which."""
        try:
            if change.resume is None:
                await self._until_approved()
            elif not await self._go_on(change.resume):
                return ServiceChangeResult(status=self._status, reason="Decided too late.")
            await self._live()
            end = Ended(ChangeStatus.ACTIVE, "Approved and applied in every system.")
        except Ended as ended:
            end = await self._undo(ended) if self._has_begun() else ended
        await self._become(end.status, end.reason, actor=end.actor, decision=end.decision)
        await steps.cancel(self._notices)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return ServiceChangeResult(status=end.status, reason=end.reason)

    # --- what it does, in reading order ---

    async def _live(self) -> None:
        while True:
            try:
                await self._apply()
            except Redo as redo:
                await self._start_over(redo.decision)
            else:
                return

    async def _until_approved(self, why: str = "Accepted.", by: Decision | None = None) -> None:
        while True:
            try:
                by = await self._round_of_checks(why, by)
            except Redo as redo:
                by = redo.decision
            else:
                if by is not None and by.action is Action.APPROVE:
                    if await self._become(ChangeStatus.APPLYING, by.reason, decision=by):
                        self._approve()
                        return
                    by = None
            why = self._reason_to_look_again(by)

    async def _round_of_checks(self, why: str, by: Decision | None) -> Decision | None:
        """Check everything and wait for who has to move; what they decided, if they did."""
        self._round += 1
        self._look_again = self._revision = None
        await self._become(ChangeStatus.CHECKING, why, decision=by)
        nothing: Sequence[CheckResult] = ()
        results = await self._persist(self._check, nothing)
        against = [r for r in results if r.outcome is not CheckOutcome.PASSED]
        denied = [r for r in against if r.outcome is CheckOutcome.DENIED]
        if denied:
            raise Ended(ChangeStatus.REJECTED, denied[0].sentence)
        if against:
            return await self._wait_for_what_is_missing(against)
        return await self._wait_for_approval()

    async def _check(self) -> Sequence[CheckResult]:
        check = CheckInput(change_id=self._change.change_id, round=self._round)
        handles = steps.start_checks(check, self._limit)
        await self._unless_decided(handles)
        return [handle.result() for handle in handles]

    async def _wait_for_what_is_missing(self, blocked: Sequence[CheckResult]) -> Decision | None:
        missing = tuple(Waiting(party=item.party, what=item.sentence) for item in blocked)
        ticket = TicketInput(change_id=self._change.change_id, round=self._round, missing=missing)
        self._ticket_open = True  # or may be, if nobody confirms it; closing looks for it
        await self._persist(
            lambda: self._unless_decided([steps.start_report(ticket, self._limit)]), None
        )
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

    def _approve(self) -> None:
        self._approved = True
        if self._approval is not None:
            self._settle(self._approval.document_version)

    async def _apply(self) -> None:
        while True:
            try:
                await self._revise_if_decided()
                for step in APPLY_ORDER:
                    await self._hold_for_revision()
                    await self._apply_step(step)
                await self._hold_for_revision()
            except Revised:
                self._to_revise = True
            else:
                return

    async def _apply_step(self, step: Step) -> None:
        self._taken()
        if step in self._done or (step is Step.CLOSE_TICKET and not self._ticket_open):
            return
        if step not in self._begun:
            self._begun.append(step)
        await self._persist(partial(self._perform, step, "Approved and applied."), None)
        self._done.add(step)
        if step is Step.CLOSE_TICKET:
            self._ticket_open = False

    async def _revise_if_decided(self) -> None:
        """Reverse what the revised document asks differently; the steps are then applied anew."""
        if not self._to_revise:
            return
        self._revising = True
        plan = RevisionInput(change_id=self._change.change_id, attempt_group=self._group)
        revised = await steps.revise_plan(plan)
        unsure = set(self._begun) - self._done
        await self._reverse({*revised.differing} | unsure, "A revised document is applied.")
        self._to_revise = False

    async def _start_over(self, by: Decision) -> None:
        """Undo what stands under what was corrected, and go back to the checks."""
        self._undoing = True
        await self._become(
            ChangeStatus.COMPENSATING, "Corrected.", decision=by, ends=ChangeStatus.CHECKING
        )
        await self._reverse(set(self._begun), "The change was corrected.")
        self._undoing = self._approved = self._revising = self._to_revise = False
        self._group += 1
        await self._until_approved("Corrected.")

    async def _undo(self, end: Ended) -> Ended:
        """Reverse what was begun, last first; the end as it then remains to be recorded."""
        self._undoing = True
        await self._become(
            ChangeStatus.COMPENSATING,
            end.reason,
            actor=end.actor,
            decision=end.decision,
            ends=end.status,
        )
        await self._reverse(set(self._begun), end.reason)
        if self._ticket_open:
            reason = f"The change is {end.status}: {end.reason}"
            await self._persist(partial(self._perform, Step.CLOSE_TICKET, reason), None)
        return Ended(end.status, end.reason)

    async def _go_on(self, resume: Resume) -> bool:
        """Take up a change where the record has it, as its decision says.

        False if the decision no longer holds on record: then this run has nothing to do.
        """
        by, why = resume.decision, self._reason_to_look_again(resume.decision)
        end = ending(by)
        if end is not None:
            raise end
        if resume.undoing in FINAL:
            raise Ended(resume.undoing, resume.undoing_reason, decision=by)
        if resume.undoing or (by.action is Action.CORRECT and self._begun):
            await self._start_over(by)
        elif not self._approved:
            await self._until_approved(why, by)
        else:
            self._to_revise = by.action is Action.APPLY_REVISION
            return await self._become(ChangeStatus.APPLYING, why, decision=by)
        return True

    # --- how it does it ---

    def _has_begun(self) -> bool:
        """Whether there may be something to undo; an approved change ends by way of that."""
        applying = self._status is ChangeStatus.APPLYING
        return applying or bool(self._begun) or self._ticket_open

    async def _reverse(self, which: set[Step], reason: str) -> None:
        """Reverse steps that stand or may stand, last first."""
        for step in reversals([step for step in APPLY_ORDER if step in which]):
            await self._persist(partial(self._perform, step, reason), None)
        self._begun = [step for step in self._begun if step not in which]
        self._done -= which

    async def _perform(self, step: Step, reason: str) -> None:
        what = StepInput(change_id=self._change.change_id, attempt_group=self._group, reason=reason)
        await self._unless_decided([steps.start_effect(step, what, self._limit)])

    def _reason_to_look_again(self, decision: Decision | None) -> str:
        if decision is not None:
            return f"{decision.action.replace('_', ' ').capitalize()} by {decision.actor}."
        event = self._look_again
        return f"{event.cause}: {event.reference}" if event else "Looked again."


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
