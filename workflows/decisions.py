"""What people decide: which decision fits now, and how a change ends by one."""

from collections.abc import Mapping
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import ApprovalRequest, Decision
    from domain.permissions import Refusal, Situation, needs_second_person, permission
    from domain.service_change import ABOUT_A_REVISION, Action, ChangeStatus

STALE: Final = "stale_approval"
SECOND_PERSON: Final = "second_person_needed"

_ENDS: Final[Mapping[Action, ChangeStatus]] = {
    Action.REJECT: ChangeStatus.REJECTED,
    Action.CANCEL: ChangeStatus.CANCELLED,
}


class Ended(Exception):  # noqa: N818 - not an error: the way out of the business sequence
    """The change ends here, and this is how and by whom."""

    def __init__(
        self,
        status: ChangeStatus,
        reason: str,
        *,
        actor: str = "throughline",
        decision: Decision | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.actor = actor
        self.decision = decision


class Redo(Exception):  # noqa: N818 - as above: the way back to the checks
    """The change was corrected: what stands is undone and everything is checked anew."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.id)
        self.decision = decision


class Revised(Exception):  # noqa: N818 - as above: the way back to the first step
    """A revised document is applied: what it asks differently is reversed and done anew."""


def ending(decision: Decision) -> Ended | None:
    """How a change ends by this decision; None if it goes on."""
    status = _ENDS.get(decision.action)
    if status is None:
        return None
    reason = decision.reason or f"{status.capitalize()} by {decision.actor}."
    return Ended(status, reason, actor=decision.actor, decision=decision)


def objection(
    decision: Decision,
    *,
    now: Situation,
    pending: Decision | None,
    approval: ApprovalRequest | None,
    outdated: bool,
) -> tuple[str, str] | None:
    """Why the decision does not fit now, as code and sentence; None if it does."""
    may = permission(decision.action, role=decision.role, principal=decision.actor, now=now)
    if not may.allowed:
        return str(may.refusal), may.reason or ""
    if pending is not None:
        return (
            Refusal.NOT_APPLICABLE,
            f"{pending.actor} has just decided to {pending.action}; look again in a moment.",
        )
    if needs_second_person(decision.action, now) and decision.second_actor in {
        None,
        decision.actor,
    }:
        return SECOND_PERSON, f"To {decision.action} now takes a second person; look again."
    if decision.action is Action.APPROVE:
        seen = (decision.plan_sha256, decision.document_sha256)
        current = (approval.plan_sha256, approval.document_sha256) if approval else None
        if outdated or seen != current:
            return STALE, "The plan or the document has changed since you looked; look again."
    if decision.action in ABOUT_A_REVISION and decision.revision != now.revision:
        return STALE, f"Document version {now.revision} has come since you looked; look again."
    return None
