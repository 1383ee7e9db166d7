"""What the API answers about approvals: the queue, and what a change would become if submitted.

Shapes only, no rules; see `contracts.py`.
"""

from domain.contracts import CheckView, MayActAnswer, PlanView, ServiceChangeSummary, WaitingOn
from domain.contracts_assignments import AssignmentView
from domain.contracts_failures import View
from domain.service_change import ChangeStatus


class ApprovalView(View):
    """A change that waits for a decision, with everything the decision rests on.

    `difference_minor`: what the month costs more (or less) afterwards. `checks` carry the facts
    they rest on. `may_act`: approving and rejecting, for the caller; why not, where not.
    `assignment`: whose work it is and until when it is put off, where somebody has said so.
    """

    change: ServiceChangeSummary
    plan: PlanView | None
    difference_minor: int | None
    checks: list[CheckView]
    may_act: list[MayActAnswer]
    assignment: AssignmentView | None = None


class PreviewView(View):
    """What would become of a change if it was submitted now. Nothing of it is recorded.

    `would_be` is the status its checks would lead to; `missing` is what somebody would have to
    bring before it goes on. `plan` is there once nothing stands in the way; `plan.sha256` is that
    of a submission of the same change whose checks are answered alike.
    """

    would_be: ChangeStatus
    summary: str
    checks: list[CheckView]
    missing: list[WaitingOn]
    plan: PlanView | None
    correlation_id: str
