"""The approval queue as the API would answer it, over the sample changes."""

from collections.abc import Iterable
from typing import Any

from domain.contracts import Me, ServiceChangeSummary, ServiceChangeView
from domain.contracts_approvals import ApprovalView
from domain.contracts_assignments import AssignmentView, PersonView
from domain.service_change import Action, ChangeStatus, CheckName, Role
from tests.ui import samples_history
from tests.ui.samples import NOW

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
        assignment=ASSIGNED.get(f"change:{change.id}"),
    )


ASSIGNED: dict[str, AssignmentView] = {}
"""Whose work a change is, by its subject."""

PEOPLE = [PersonView(principal=name, role=Role.OPERATOR, last_seen_at=None)
          for name in ("olga", "oskar")]  # fmt: skip


def assign(subject: str, body: dict[str, Any], by: Me) -> AssignmentView:
    """Set whose work a change is."""
    later = body.get("follow_up_at")
    ASSIGNED[subject] = AssignmentView(
        subject=subject,
        assignee=body.get("assignee"),
        follow_up_at=later,
        put_off=later is not None,
        note=body["reason"],
        set_by=by.principal,
        set_at=NOW,
    )
    return ASSIGNED[subject]


def belongs(item: ApprovalView, *, put_off: bool, assignee: str | None) -> bool:
    """Whether an item is in that part of the queue."""
    told = item.assignment
    if (told is not None and told.put_off) is not put_off:
        return False
    return assignee is None or (told is not None and told.assignee == assignee)


def queue(changes: Iterable[ServiceChangeView], me: Me) -> list[ApprovalView]:
    """What waits for an approval, the soonest due first."""
    waiting = [each for each in changes if each.status is ChangeStatus.AWAITING_APPROVAL]
    waiting.sort(key=lambda each: (each.due_at or each.submitted_at, each.submitted_at, each.id))
    return [approval(each, me) for each in waiting]
