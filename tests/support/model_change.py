"""What a change of the model is, and what each decision that is taken does to it. No rule."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from domain.errors import FailureCode
from domain.messages import Decision
from domain.service_change import Action, ChangeStatus, require_transition

S = ChangeStatus
A = Action

STEPS: Final = ("post_billing_change", "book_appointment", "update_services")
MONEY: Final = STEPS[0]
UNDOES: Final = {
    "post_billing_change": "reverse_billing_change",
    "book_appointment": "release_appointment",
    "update_services": "restore_services",
}


class ModelChange:
    """One change: its status, who approved it, what stands at vendors, what it waits for."""

    def submit(self, submitter: str) -> None:
        self.submitter = submitter
        self.status = S.PENDING
        self.document = self.planned = 1
        self.approved_by: str | None = None
        self.revision: int | None = None
        self.done: list[str] = []
        self.undoing = False
        self.ends: ChangeStatus | None = None
        self.parked: tuple[str, FailureCode, ChangeStatus] | None = None
        self.visited = False
        self.proposal: tuple[Action, str, int] | None = None
        self.moves = 0

    def go(self, to: ChangeStatus) -> None:
        require_transition(self.status, to)
        self.status = to
        self.moves += 1

    def park(self, step: str, code: FailureCode) -> None:
        resumes = self.status
        self.go(S.NEEDS_ATTENTION)
        self.parked = (step, code, resumes)

    def undo_for(self, ends: ChangeStatus) -> None:
        self.undoing, self.ends = True, ends
        self.go(S.COMPENSATING)

    def go_on(self) -> None:
        """From where it stood still; a lost run goes on by a further one."""
        assert self.parked is not None
        step, _, resumes = self.parked
        if step != "run_workflow":
            self.go(resumes)
        elif self.undoing:
            self.go(S.COMPENSATING)
        else:
            self.go(S.APPLYING if self.approved_by else S.CHECKING)

    def approve(self, decision: Decision) -> None:
        self.approved_by = decision.actor
        self.go(S.APPLYING)

    def withdraw(self, decision: Decision) -> None:
        to = S.REJECTED if decision.action is A.REJECT else S.CANCELLED
        if self.done or self.approved_by is not None:
            self.undo_for(to)
        else:
            self.go(to)

    def retry(self, _: Decision) -> None:
        if self.status is S.INCOMPLETE:
            self.go(S.CHECKING)
        else:
            self.go_on()

    def skip(self, _: Decision) -> None:
        assert self.parked is not None
        step = self.parked[0]
        if step in UNDOES.values():
            self.done.pop()
        else:
            assert step in STEPS  # neither a check nor a decision is skipped
            self.done.append(step)
        self.go_on()

    def correct(self, _: Decision) -> None:
        self.revision = None
        if self.done:
            self.undo_for(S.CHECKING)
        else:
            self.approved_by = None
            self.go(S.CHECKING)

    def apply_revision(self, _: Decision) -> None:
        self.revision, self.planned = None, self.document
        self.done.clear()  # reversed and done anew
        self.visited = False
        self.go(S.APPLYING)

    def discard_revision(self, _: Decision) -> None:
        self.revision = None
        if self.status is S.NEEDS_ATTENTION:
            self.go_on()

    TAKES: ClassVar[Mapping[Action, Callable[..., None]]] = {
        A.APPROVE: approve,
        A.REJECT: withdraw,
        A.CANCEL: withdraw,
        A.RETRY: retry,
        A.SKIP: skip,
        A.CORRECT: correct,
        A.APPLY_REVISION: apply_revision,
        A.DISCARD_REVISION: discard_revision,
    }
