"""What stands still, what waits for a second person, and what an action would mean, as samples."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.contracts import (
    DocumentVersionView,
    Me,
    PermissionView,
    ServiceChangeSummary,
    ServiceChangeView,
)
from domain.contracts_assignments import AssignmentView
from domain.contracts_desk import (
    DeadLetterGroupView,
    DeadLetterView,
    HoldView,
    OutlookView,
    SecondApprovalView,
    StepOutlookView,
)
from domain.contracts_failures import FailureView, FieldDifferenceView, PendingDecisionView
from domain.desk import due_at, state_of
from domain.errors import FailureCode
from domain.permissions import Situation, may_second, needs_second_person, permission
from domain.service_change import Action, ChangeStatus, DocumentState, EffectStatus
from domain.steps import SYSTEM_OF, Step
from domain.undoing import DoneStep, outlook, passed
from tests.ui.samples import CHANGES, NOW, sha

PARKED = next(each for each in CHANGES if each.status is ChangeStatus.NEEDS_ATTENTION)
ACTIVE = next(each for each in CHANGES if each.status is ChangeStatus.ACTIVE)
ADDRESS = next(each for each in CHANGES if "billing_address" in each.details)


def situation(change: ServiceChangeView) -> Situation:
    """How a sample stands, as the rules judge it."""
    failure = change.failure
    waiting = [
        each.version
        for each in change.document_versions
        if each.state is DocumentState.PENDING_REVIEW
    ]
    return Situation(
        change.status,
        change.submitted_by,
        billed=any(
            each.step == Step.POST_BILLING_CHANGE and each.status is EffectStatus.APPLIED
            for each in change.effects
        ),
        parked_step=failure.step if failure else None,
        parked_code=failure.code if failure else None,
        revision=max(waiting, default=None),
        passed=passed(outlook(_done(change), NOW)),
    )


def _done(change: ServiceChangeView) -> list[DoneStep]:
    return [DoneStep(each.step, each.status, each.facts) for each in change.effects]


def outlook_of(change: ServiceChangeView, action: Action, me: Me) -> OutlookView:
    """What an action would mean for a sample."""
    now = situation(change)
    mine = permission(action, role=me.role, principal=me.principal, now=now)
    return OutlookView(
        action=action,
        possible=mine.allowed,
        reason=mine.reason,
        needs_second_person=needs_second_person(action, now),
        becomes_new_change=now.passed is not None,
        steps=[
            StepOutlookView(
                step=each.step, system=SYSTEM_OF[each.step], state=each.state,
                sentence=each.sentence,
            )
            for each in outlook(_done(change), NOW)
        ],
    )  # fmt: skip


def proposal(
    action: Action,
    *,
    by: str = "operator",
    hours_left: float = 23,
    **values: Any,  # noqa: ANN401 - any field of it
) -> PendingDecisionView:
    """A decision that waits for a second person."""
    return PendingDecisionView.model_validate(
        {
            "id": sha(f"{action}{by}")[:32],
            "action": action,
            "proposed_by": by,
            "reason": "The customer rang: the visit moved.",
            "proposed_at": NOW - timedelta(hours=1),
            "expires_at": NOW + timedelta(hours=hours_left),
            "differences": [],
            "evidence": {},
            "sha256": sha(f"seen {action}"),
            **values,
        }
    )


def billed(**values: object) -> ServiceChangeView:
    """A change that stands still at the CRM after billing and scheduling were done."""
    done = [
        each.model_copy(update={"status": EffectStatus.APPLIED, "vendor_reference": "ref_1"})
        for each in ACTIVE.effects[:2]
    ]
    assert PARKED.failure
    failure = PARKED.failure.model_copy(update={"step": Step.UPDATE_SERVICES})
    return PARKED.model_copy(update={"effects": done, "failure": failure, **values})


CORRECTION = proposal(
    Action.CORRECT,
    differences=[
        FieldDifferenceView(field="requested_date", before="2026-12-01", after="2026-12-02"),
        FieldDifferenceView(
            field="details",
            before={"internet_service": "DSL"},
            after={"internet_service": "Fiber optic"},
        ),
    ],
)
SKIPPING = proposal(Action.SKIP, evidence={"vendor_reference": "ord_by_hand", "ticket": "T-9"})


def revised(change: ServiceChangeView = ACTIVE) -> ServiceChangeView:
    """A change to which a further document came that waits for a decision."""
    first = change.document_versions[-1]
    second: DocumentVersionView = first.model_copy(
        update={"version": first.version + 1, "state": DocumentState.PENDING_REVIEW}
    )
    return change.model_copy(update={"document_versions": [*change.document_versions, second]})


def due(failure: FailureView) -> datetime:
    """By when it has to move, as the record would have it."""
    return due_at(failure.code, failure.owner, failure.last_seen_at)


def letters(changes: list[ServiceChangeView]) -> list[DeadLetterView]:
    """A dead letter for each sample that stands still."""
    return [
        DeadLetterView(
            id=each.failure.dead_letter or "", change_id=each.id, account_id=each.account_id,
            system=each.failure.system, step=each.failure.step, code=each.failure.code,
            cause=each.failure.cause, fingerprint=each.failure.fingerprint,
            reason=each.failure.reason, words=each.failure.words, owner=each.failure.owner,
            next_action=each.failure.next_action, attempts=each.failure.attempts,
            first_error=each.failure.first_error, last_error=each.failure.last_error,
            opened_at=each.failure.last_seen_at, due_at=due(each.failure),
            overdue=due(each.failure) < NOW, closed_at=None, closed_by=None,
            closed_action=None, closed_reason=None,
        )
        for each in changes
        if each.failure and each.status is ChangeStatus.NEEDS_ATTENTION
    ]  # fmt: skip


def causes(
    changes: list[ServiceChangeView],
    assigned: Mapping[str, AssignmentView],
    holds: Sequence[HoldView] = (),
) -> list[DeadLetterGroupView]:
    """The same by cause, the soonest due first."""
    by_cause: dict[str, list[DeadLetterView]] = {}
    for letter in letters(changes):
        by_cause.setdefault(letter.fingerprint, []).append(letter)
    return [
        DeadLetterGroupView(
            fingerprint=fingerprint, system=first.system, step=first.step, code=first.code,
            cause=first.cause, reason=first.reason, owner=first.owner,
            next_action=first.next_action, count=len(same),
            first_seen_at=min(each.first_error.at for each in same),
            last_seen_at=max(each.last_error.at for each in same),
            due_at=min(each.due_at for each in same),
            overdue=sum(each.overdue for each in same),
            state=state_of(
                len(same), told.assignee if told else None, put_off=bool(told and told.put_off)
            ),
            assignment=told, holds=list(holds), replay=None,
            changes=[each.change_id for each in same],
        )
        for fingerprint, same in sorted(by_cause.items(), key=lambda each: each[1][0].due_at)
        for first in same[:1]
        for told in [assigned.get(f"cause:{fingerprint}")]
    ]  # fmt: skip


def belongs(
    group: DeadLetterGroupView, assignee: str | None, *, unassigned: bool, put_off: bool | None
) -> bool:
    """Whether a cause is in that part of the desk."""
    told = group.assignment
    holder = told.assignee if told else None
    is_put_off = bool(told and told.put_off)
    return (
        assignee in {None, holder} and not (unassigned and holder) and put_off in {None, is_put_off}
    )


def another_cause(number: int) -> ServiceChangeView:
    """A further change that stands still, each for a cause of its own."""
    assert PARKED.failure
    failure = PARKED.failure.model_copy(
        update={
            "fingerprint": sha(str(number))[:16],
            "code": FailureCode.CREDENTIAL,
            "cause": f"Cause number {number}",
            "owner": "integration engineers",
        }
    )
    return PARKED.model_copy(update={"id": f"chg_{number:016d}", "failure": failure})


def second_approvals(changes: list[ServiceChangeView], me: Me) -> list[SecondApprovalView]:
    """The queue, with what this caller may do; what has expired is not in it."""
    return [
        SecondApprovalView(
            **pending.model_dump(),
            change=ServiceChangeSummary.model_validate(change.model_dump()),
            caller=_caller(pending, me),
        )
        for change in changes
        for pending in change.pending_decisions
        if pending.expires_at > NOW
    ]


def _caller(pending: PendingDecisionView, me: Me) -> PermissionView:
    may = may_second(
        pending.action, role=me.role, principal=me.principal, proposed_by=pending.proposed_by
    )
    return PermissionView(action=pending.action, allowed=may.allowed, reason=may.reason)
