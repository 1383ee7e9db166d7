"""What people decide: which decision fits now, and how a change ends by one."""

from collections.abc import Mapping
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.messages import ApprovalRequest, Decision
    from domain.service_change import Action, ChangeStatus, Refusal, permission

STALE: Final = "stale_approval"

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


def ending(decision: Decision) -> Ended | None:
    """How a change ends by this decision; None if it goes on."""
    status = _ENDS.get(decision.action)
    if status is None:
        return None
    return Ended(status, decision.reason, actor=decision.actor, decision=decision)


def objection(
    decision: Decision,
    *,
    status: ChangeStatus,
    submitted_by: str,
    pending: Decision | None,
    approval: ApprovalRequest | None,
    undoing: bool,
    outdated: bool,
) -> tuple[str, str] | None:
    """Why the decision does not fit now, as code and sentence; None if it does."""
    may = permission(
        decision.action,
        role=decision.role,
        principal=decision.actor,
        submitted_by=submitted_by,
        status=status,
    )
    if not may.allowed:
        return str(may.refusal), may.reason or ""
    if pending is not None:
        return (
            Refusal.NOT_APPLICABLE,
            f"{pending.actor} has just decided to {pending.action}; look again in a moment.",
        )
    if undoing and decision.action is not Action.RETRY:
        return Refusal.NOT_APPLICABLE, "The change is already being undone; retry is what helps."
    if decision.action is Action.APPROVE:
        seen = (decision.plan_sha256, decision.document_sha256)
        current = (approval.plan_sha256, approval.document_sha256) if approval else None
        if outdated or seen != current:
            return STALE, "The plan or the document has changed since you looked; look again."
    return None
