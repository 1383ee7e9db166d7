"""How a change meets failure: by the policy table it is undone, or waits for a person."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from domain.errors import FailureCode
    from domain.failure_policy import Consequence, Phase, cause_of, rule_for
    from domain.identifiers import System
    from domain.messages import Decision, FailureDetails, NoticeKind, Parking, Waiting
    from domain.service_change import Action, ChangeStatus
    from domain.steps import Step
    from workflows import steps
    from workflows.decisions import Ended, Redo, Revised
    from workflows.pausing import Pausing

T = TypeVar("T")

REVISION: Final = FailureDetails(
    code=FailureCode.REVISION_PENDING, system=System.THROUGHLINE, step="review_revision"
)


class Parkable(Pausing):
    """A change that can stand still until somebody decides how it goes on."""

    _parkings = 0
    _revising = False

    async def _persist(self, work: Callable[[], Awaitable[T]], skipped: T) -> T:
        """Do it, and when it cannot go on, wait for a person and do it again.

        A person who skips it answers with `skipped`. Raises Ended, Redo or Revised where the
        policy table or a person says so.
        """
        resume = self._status
        while True:
            try:
                return await self._unpaused(work)
            except ActivityError as error:
                failure = steps.failure_of(error)
                rule = rule_for(failure.code, failure.step, failure.system, self._phase())
                if rule.consequence is Consequence.COMPENSATE:
                    self._begun.remove(Step(failure.step))  # what was refused did not happen
                    raise _refused_by(failure) from error
                decision = await self._park(failure, resume)
                if decision.action is Action.SKIP:
                    return skipped

    def _phase(self) -> Phase:
        if self._status is ChangeStatus.COMPENSATING:
            return Phase.UNDOING
        if self._status is ChangeStatus.APPLYING:
            return Phase.REVISING if self._revising else Phase.APPLYING
        return Phase.CHECKING

    async def _hold_for_revision(self) -> None:
        """Nothing more is applied while a revised document waits for a decision."""
        while self._revision is not None:
            await self._park(REVISION, self._status)

    async def _park(self, failure: FailureDetails, resume: ChangeStatus) -> Decision:
        """Stand still until a person decides, and go on from where it was."""
        self._parkings += 1
        self._parked = failure
        rule = rule_for(failure.code, failure.step, failure.system)
        await self._become(
            ChangeStatus.NEEDS_ATTENTION,
            f"{cause_of(failure.code, failure.step, failure.system)}.",
            next_action=rule.next_action,
            waiting_on=(Waiting(party="operations", what=rule.next_action),),
            parking=Parking(sequence=self._parkings, failure=failure, resumes=resume),
        )
        self._notify(NoticeKind.NEEDS_ATTENTION, self._parkings)
        try:
            return await self._decided(resume)
        finally:
            self._parked = None

    async def _decided(self, resume: ChangeStatus) -> Decision:
        while True:
            await workflow.wait_condition(lambda: self._pending is not None)
            decision = self._taken()
            if decision is None:
                continue
            if decision.action is Action.CORRECT:
                raise Redo(decision)
            if not await self._become(resume, _goes_on(decision), decision=decision):
                continue
            if decision.action is Action.APPLY_REVISION:
                raise Revised
            return decision


_GOES_ON: Final = {
    Action.RETRY: "Retried",
    Action.SKIP: "Skipped",
    Action.APPLY_REVISION: "Revision applied",
    Action.DISCARD_REVISION: "Revision discarded",
}


def _goes_on(decision: Decision) -> str:
    return f"{_GOES_ON[decision.action]} by {decision.actor}."


def _refused_by(failure: FailureDetails) -> Ended:
    why = f" ({failure.reason})" if failure.reason else ""
    return Ended(
        ChangeStatus.REJECTED,
        f"{failure.system} refused {failure.step}{why}.",
        actor=failure.system,
    )
