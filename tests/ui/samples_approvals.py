"""The approval queue as the API would answer it, over the sample changes."""

from collections.abc import Iterable
from typing import Any

from domain.contracts import Me, ServiceChangeSummary, ServiceChangeView
from domain.contracts_approvals import ApprovalView
from domain.service_change import Action, ChangeStatus, CheckName
from tests.ui import samples_history

FACTS: dict[CheckName, dict[str, Any]] = {
    CheckName.ENTITLEMENT: {"products": ["dsl", "tech_support"], "contract": "Month-to-month",
                            "contract_ends_on": None, "fiber_available": True},
    CheckName.STANDING: {"recurring_minor": 2985, "overdue_invoices": []},
    CheckName.DATE: {"on": "2026-12-01", "time_zone": "America/Los_Angeles"},
    CheckName.COMPLETENESS: {"needed": "signed order form", "document_version": 2},
}  # fmt: skip


def approval(change: ServiceChangeView, me: Me) -> ApprovalView:
    """One change of the queue, with what its reader may do."""
    may_act = samples_history.answers(change, me).may_act
    plan = change.plan
    return ApprovalView(
        change=ServiceChangeSummary.model_validate(change.model_dump()),
        plan=plan,
        difference_minor=plan.recurring_after_minor - plan.recurring_before_minor if plan else None,
        checks=[check.model_copy(update={"facts": FACTS[check.name]}) for check in change.checks],
        may_act=[each for each in may_act if each.action in {Action.APPROVE, Action.REJECT}],
    )


def queue(changes: Iterable[ServiceChangeView], me: Me) -> list[ApprovalView]:
    """What waits for an approval, the soonest due first."""
    waiting = [each for each in changes if each.status is ChangeStatus.AWAITING_APPROVAL]
    waiting.sort(key=lambda each: (each.due_at or each.submitted_at, each.submitted_at, each.id))
    return [approval(each, me) for each in waiting]
