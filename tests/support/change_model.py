"""A small model of a change, driven at random against the tables of transitions and of actions.

The model says for itself what must never happen; the tables decide what does.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import FailureCode
from domain.messages import ApprovalRequest, Decision
from domain.permissions import Situation, may_second, needs_second_person, permission
from domain.service_change import TRANSITIONS, Action, ChangeStatus, require_transition
from tests.support.change_facts import (
    ABOUT_A_REVISION,
    DIFFERENT,
    ENDS,
    GO_ON_TO_APPLY,
    MONEY,
    PEOPLE,
    PLACES,
    STAFF,
    STEPS,
    SUBMITTERS,
    UNDOES,
    A,
    S,
    goes_wrong,
    ways_out,
)
from tests.support.clock import START
from workflows.decisions import objection


class ChangeModel(RuleBasedStateMachine):
    """One change: what it is, who did what to it, and what stands at vendors."""

    @initialize(
        submitter=st.sampled_from(SUBMITTERS),
        place=st.sampled_from(PLACES),
        applied=st.integers(0, len(STEPS) - 1),
    )
    def begin_somewhere(self, submitter: str, place: str, applied: int) -> None:
        """A history begins at acceptance, or where one that went well would be by then."""
        self.submit(submitter)
        if place == "accepted":
            return
        self.begin()
        self.check("blocked" if place == "incomplete" else "passed")
        if place in {"incomplete", "asked for"}:
            return
        (colleague, *_) = sorted(STAFF - {submitter})
        assert self.take(self.decision(A.APPROVE, colleague, 0))
        for _ in range(len(STEPS) + 1 if place in {"active", "revised"} else applied):
            self.apply(wrong=False, refused=False)
        if place == "parked":
            self.apply(wrong=True, refused=False)
        if place == "revised":
            self.bring_a_document()

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

    # --- what the rules are asked with ---

    def now(self) -> Situation:
        return Situation(
            status=self.status,
            submitted_by=self.submitter,
            billed=MONEY in self.done,
            parked_step=self.parked[0] if self.parked else None,
            parked_code=self.parked[1] if self.parked else None,
            revision=self.revision,
            undoing=self.undoing,
            passed="The visit has begun." if self.visited else None,
        )

    def asked_for(self) -> ApprovalRequest | None:
        if self.status is not S.AWAITING_APPROVAL:
            return None
        return ApprovalRequest(
            plan_sha256=f"plan-{self.planned}",
            document_version=self.planned,
            document_sha256=f"document-{self.planned}",
            due_at=START,
        )

    def possible(self, *who: str) -> list[tuple[Action, str]]:
        """What these people may do now."""
        now = self.now()
        return [
            (action, each)
            for action in A
            for each in who
            if permission(action, role=PEOPLE[each], principal=each, now=now).allowed
        ]

    def go(self, to: ChangeStatus) -> None:
        require_transition(self.status, to)
        self.status = to
        self.moves += 1

    def park(self, step: str, code: FailureCode) -> None:
        resumes = self.status
        self.go(S.NEEDS_ATTENTION)
        self.parked = (step, code, resumes)

    # --- what happens by itself ---

    @precondition(lambda self: self.status is S.PENDING)
    @rule()
    def begin(self) -> None:
        self.go(S.CHECKING)

    @precondition(lambda self: self.status is S.CHECKING)
    @rule(outcome=st.sampled_from(["passed", "passed", "blocked", "denied", "failed"]))
    def check(self, outcome: str) -> None:
        self.planned = self.document
        if outcome == "failed":
            self.park("check_standing", FailureCode.CREDENTIAL)
            return
        self.go(
            {"passed": S.AWAITING_APPROVAL, "blocked": S.INCOMPLETE, "denied": S.REJECTED}[outcome]
        )

    @precondition(lambda self: self.status in {S.INCOMPLETE, S.AWAITING_APPROVAL})
    @rule()
    def expire(self) -> None:
        self.go(S.EXPIRED)

    @precondition(lambda self: self.status not in ENDS - {S.ACTIVE} and not self.undoing)
    @rule()
    def bring_a_document(self) -> None:
        self.document += 1
        self.moves += 1
        if self.approved_by is not None:
            self.revision = self.document

    @precondition(
        lambda self: (
            self.status in {S.INCOMPLETE, S.AWAITING_APPROVAL} and self.document > self.planned
        )
    )
    @rule()
    def hear_of_the_document(self) -> None:
        self.go(S.CHECKING)

    @precondition(lambda self: self.status is S.APPLYING)
    @rule(wrong=goes_wrong, refused=st.booleans())
    def apply(self, *, wrong: bool, refused: bool) -> None:
        assert self.approved_by is not None
        step = next((step for step in STEPS if step not in self.done), None)
        if self.revision is not None:
            self.park("review_revision", FailureCode.REVISION_PENDING)
        elif step is None:
            self.go(S.ACTIVE)
        elif wrong and refused:
            self.undo_for(S.REJECTED)
        elif wrong:
            self.park(step, FailureCode.UNRECOGNISED_PAYLOAD)
        else:
            self.done.append(step)
            self.moves += 1

    @precondition(lambda self: self.status is S.COMPENSATING)
    @rule(wrong=goes_wrong)
    def undo(self, *, wrong: bool) -> None:
        assert self.ends is not None
        if not self.done:
            self.undoing, to = False, self.ends
            self.ends = self.approved_by = None
            self.go(to)
        elif wrong:
            self.park(UNDOES[self.done[-1]], FailureCode.CREDENTIAL)
        else:
            self.done.pop()
            self.moves += 1

    @precondition(lambda self: "book_appointment" in self.done)
    @rule()
    def visit(self) -> None:
        self.visited = True
        self.moves += 1

    @precondition(lambda self: self.status not in ENDS | {S.NEEDS_ATTENTION})
    @rule()
    def lose_the_workflow(self) -> None:
        self.park("run_workflow", FailureCode.WORKFLOW_LOST)

    # --- what people do ---

    @rule(which=st.integers(0, 2**16), looked=st.sampled_from([0, 0, 0, 1]))
    def decide(self, which: int, looked: int) -> None:
        """Anything anybody may do now, about what is there or was there one version ago."""
        possible = self.possible(*dict.fromkeys([*DIFFERENT, self.submitter]))
        if not possible:
            return
        action, who = possible[which % len(possible)]
        if self.proposal is None and needs_second_person(action, self.now()):
            self.proposal = (action, who, self.moves)
        self.take(self.decision(action, who, looked))  # alone, whatever is proposed

    @precondition(lambda self: self.proposal is not None)
    @rule(who=st.sampled_from(sorted(PEOPLE)))
    def confirm(self, who: str) -> None:
        assert self.proposal is not None
        action, by, seen = self.proposal
        if not may_second(action, role=PEOPLE[who], principal=who, proposed_by=by).allowed:
            return
        shown = seen == self.moves
        if not shown or self.take(self.decision(action, by, 0, second=who)):
            self.proposal = None

    def decision(
        self, action: Action, who: str, looked: int, second: str | None = None
    ) -> Decision:
        version = self.planned - looked
        return Decision(
            id="d",
            action=action,
            actor=who,
            role=PEOPLE[who],
            plan_sha256=f"plan-{version}",
            document_sha256=f"document-{version}",
            revision=self.revision - looked if self.revision is not None else None,
            second_actor=second,
        )

    def take(self, decision: Decision) -> bool:
        outdated = self.status is S.AWAITING_APPROVAL and self.document > self.planned
        why = objection(
            decision,
            now=self.now(),
            pending=None,
            approval=self.asked_for(),
            outdated=outdated,
        )
        if why is not None:
            return False
        self.judge(decision)
        self.TAKES[decision.action](self, decision)
        self.parked = None if self.status is not S.NEEDS_ATTENTION else self.parked
        self.moves += 1
        return True

    def judge(self, decision: Decision) -> None:
        """What must hold of everything that is taken, stated without the tables."""
        action, who, second = decision.action, decision.actor, decision.second_actor
        two = second is not None and second != who and second in STAFF
        assert self.status not in ENDS or (
            self.status is S.ACTIVE and action in ABOUT_A_REVISION and self.revision is not None
        )
        assert who in STAFF or action in {A.CANCEL, A.RETRY}
        assert who != "sara" or action is A.RETRY
        assert who in STAFF | {"sara"} or who == self.submitter
        if action is A.APPROVE:
            assert self.status is S.AWAITING_APPROVAL
            assert who != self.submitter
            assert decision.plan_sha256 == f"plan-{self.document}"  # no later document is there
        if action is A.APPLY_REVISION:
            assert who != self.submitter
        if action in ABOUT_A_REVISION:
            assert decision.revision == self.revision
        if action in {A.REJECT, A.CANCEL, A.CORRECT}:
            assert not self.undoing
            assert not self.visited
            races = action is A.CANCEL and self.status is S.APPLYING
            assert two or races or MONEY not in self.done
        if action is A.SKIP:
            assert two
        if self.parked is not None and self.parked[1] is FailureCode.REVISION_PENDING:
            assert action not in {A.RETRY, A.SKIP}

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
        if self.done or self.status is S.APPLYING:
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

    # --- what holds at every moment ---

    @invariant()
    def a_workflow_gone_wrong_does_no_harm(self) -> None:
        """Whatever the table lets through from here."""
        for to in TRANSITIONS[self.status]:
            assert to is not S.ACTIVE or self.status is S.APPLYING
            assert to is not S.APPLYING or self.status in GO_ON_TO_APPLY
            assert self.status not in ENDS or (self.status, to) == (S.ACTIVE, S.APPLYING)

    @invariant()
    def nothing_is_active_or_being_applied_without_a_colleagues_approval(self) -> None:
        if self.status in {S.APPLYING, S.ACTIVE}:
            assert self.approved_by in STAFF - {self.submitter}

    @invariant()
    def nothing_is_approved_but_what_approval_was_asked_for(self) -> None:
        if any(action is A.APPROVE for action, _ in self.possible("olga", "oskar")):
            assert self.status is S.AWAITING_APPROVAL

    @invariant()
    def what_has_ended_stays_so_but_for_a_revision(self) -> None:
        if self.status in ENDS:
            possible = {action for action, _ in self.possible(*DIFFERENT)}
            revised = self.status is S.ACTIVE and self.revision is not None
            assert possible <= (ABOUT_A_REVISION if revised else set())

    @invariant()
    def everything_open_has_a_way_to_an_end(self) -> None:
        if self.status not in ENDS:
            assert ways_out(self.status) & ENDS
        if self.status is S.NEEDS_ATTENTION:
            assert self.possible(*STAFF)

    @invariant()
    def a_pending_revision_holds_what_is_applied(self) -> None:
        held = self.parked is not None and self.parked[1] is FailureCode.REVISION_PENDING
        if held and self.revision is not None:
            assert not {A.RETRY, A.SKIP} & {action for action, _ in self.possible(*PEOPLE)}
