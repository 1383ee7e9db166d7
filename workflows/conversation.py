"""What a change hears and says while it runs: decisions, events, status, notices. No order here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.messages import (
        ApprovalRequest,
        Decision,
        DecisionResult,
        EngineName,
        FailureDetails,
        LookAgain,
        NoticeKind,
        NotifyInput,
        Parking,
        RefusedDecision,
        Revised,
        ServiceChangeInput,
        TransitionInput,
        Waiting,
    )
    from domain.permissions import Situation
    from domain.service_change import ABOUT_A_REVISION, ChangeStatus
    from domain.steps import Step
    from workflows import steps
    from workflows.decisions import ending, objection

STATUS_ATTRIBUTE = SearchAttributeKey.for_keyword(EngineName.STATUS_ATTRIBUTE)
US = "throughline"


class Conversation:
    """Messages only record; the business sequence that inherits from this acts on them.

    Update `decide` and Signal `submit_decision` take the same Decision; the Update answers once
    the decision is on record and refuses what does not fit. Signal `look_again` says that
    something missing may have come, Signal `revised` that a document came after the approval.
    Query `status` answers the status.
    """

    def __init__(self, change: ServiceChangeInput) -> None:
        self._change = change
        self._status = ChangeStatus.PENDING
        self._approval: ApprovalRequest | None = None
        self._begun: list[Step] = []
        """Steps that may stand at vendors, in order."""
        self._done: set[Step] = set()
        """Steps that stand."""
        self._parked: FailureDetails | None = None
        self._undoing = False
        self._heard: set[str] = set()
        self._pending: Decision | None = None
        self._answered: dict[str, str] = {}
        """Decisions on record, each with why it was refused there, or nothing."""
        self._look_again: LookAgain | None = None
        self._revision: int | None = None
        """The document version that waits for a decision."""
        self._settled_version = 0
        """The newest document version that was decided upon; a late word of it says nothing."""
        self._notices: list[workflow.ActivityHandle[None]] = []

    # --- what it is told ---

    @workflow.update(name=EngineName.DECIDE)
    async def decide(self, decision: Decision) -> DecisionResult:
        """Take a decision; answers once it is on record. Repeating its id is harmless."""
        self._hear(decision)
        await workflow.wait_condition(lambda: decision.id in self._answered)
        return DecisionResult(status=self._status, refused=self._answered[decision.id])

    @decide.validator
    def _decide_fits(self, decision: Decision) -> None:
        why = self._objection(decision)
        if why is not None:
            code, sentence = why
            raise ApplicationError(sentence, type=code, non_retryable=True)

    @workflow.signal(name=EngineName.SUBMIT_DECISION)
    async def submit_decision(self, decision: Decision) -> None:
        """The same for callers that cannot wait; what does not fit is put on record."""
        why = self._objection(decision)
        if why is None:
            self._hear(decision)
            return
        await steps.record_refused(
            RefusedDecision(change_id=self._change.change_id, decision=decision, why=why[1])
        )

    @workflow.signal(name=EngineName.LOOK_AGAIN)
    def look_again(self, event: LookAgain) -> None:
        """Something missing may have come; the checks run again."""
        self._look_again = event

    @workflow.signal(name=EngineName.REVISED)
    def revised(self, event: Revised) -> None:
        """A document version came after the approval; it is decided upon before anything else."""
        if event.version > self._settled_version:
            self._revision = max(event.version, self._revision or 0)

    @workflow.query(name=EngineName.STATUS)
    def status(self) -> str:
        """The status as the workflow sees it."""
        return self._status

    def _hear(self, decision: Decision) -> None:
        if decision.id not in self._heard:
            self._heard.add(decision.id)
            self._pending = decision

    def _objection(self, decision: Decision) -> tuple[str, str] | None:
        if decision.id in self._heard:
            return None
        return objection(
            decision,
            now=self._situation(decision.revision),
            pending=self._pending,
            approval=self._approval,
            outdated=self._look_again is not None,
        )

    def _situation(self, told_of: int | None) -> Situation:
        """How it stands. A decision may be the first to tell of a revision; the record judges."""
        revision = max(self._revision or 0, told_of or 0)
        return Situation(
            status=self._status,
            submitted_by=self._change.submitted_by,
            billed=Step.POST_BILLING_CHANGE in self._done,
            parked_step=self._parked.step if self._parked else None,
            parked_code=self._parked.code if self._parked else None,
            revision=revision or None,
            undoing=self._undoing,
        )

    # --- how it listens ---

    def _taken(self) -> Decision | None:
        """The decision waiting, if any; one that ends the change is raised as its end.

        Called before every other way out, so that nobody who decided is left without an answer.
        """
        decision, self._pending = self._pending, None
        if decision is not None and (end := ending(decision)) is not None:
            raise end
        return decision

    def _somebody_spoke(self) -> bool:
        return (
            self._pending is not None
            or self._look_again is not None
            # Meant for an approved change that went back to its checks: there it is no revision.
            or self._revision is not None
        )

    async def _somebody_speaks(self, within: timedelta) -> bool:
        """Wait for a decision or an event; False when neither came in time."""
        try:
            await workflow.wait_condition(self._somebody_spoke, timeout=within)
        except TimeoutError:
            return self._somebody_spoke()
        return True

    async def _unless_decided(self, handles: Sequence[workflow.ActivityHandle[Any]]) -> None:
        """Wait until all are done, one has failed for good or somebody decides; cancel the rest.

        A vendor that is away for hours must not keep a person's cancellation waiting.
        """

        def failed(handle: workflow.ActivityHandle[Any]) -> bool:
            return handle.done() and handle.exception() is not None

        await workflow.wait_condition(
            lambda: (
                self._pending is not None
                or all(handle.done() for handle in handles)
                or any(failed(handle) for handle in handles)
            )
        )
        first = next((handle for handle in handles if failed(handle)), None)
        await steps.cancel(handles)
        self._taken()
        if first is not None:
            await first

    # --- what it says ---

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
        parking: Parking | None = None,
        ends: ChangeStatus | None = None,
    ) -> bool:
        """Take on a status and have it recorded, with the decision it rests on.

        False if the record had moved on and refused the decision: then nothing has changed.
        """
        before = self._status
        self._show(to)
        result = await steps.record_transition(
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
                parking=parking,
                ends=ends,
            )
        )
        if not result.recorded:
            self._show(before)
        if decision is not None:
            self._answered[decision.id] = result.why
            if result.recorded and decision.action in ABOUT_A_REVISION:
                self._settle(decision.revision or 0)
        return result.recorded

    def _settle(self, version: int) -> None:
        """A document version was decided upon, and with it every earlier one."""
        self._settled_version = max(version, self._settled_version)
        if self._revision is not None and self._revision <= self._settled_version:
            self._revision = None

    def _show(self, status: ChangeStatus) -> None:
        self._status = status
        workflow.set_current_details(f"Status: {status}")
        if status not in {ChangeStatus.PENDING, ChangeStatus.CHECKING}:
            workflow.upsert_search_attributes([STATUS_ATTRIBUTE.value_set(status)])

    def _notify(self, kind: NoticeKind, sequence: int) -> None:
        notice = NotifyInput(change_id=self._change.change_id, kind=kind, sequence=sequence)
        self._notices.append(steps.start_notice(notice))
